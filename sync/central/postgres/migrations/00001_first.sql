-- +goose Up

-- One row: which history of changes this database tells, and a proof of the
-- master key.
CREATE TABLE meta (
    one        integer PRIMARY KEY CHECK (one = 1),
    epoch      text    NOT NULL,
    key_check  bytea
);
INSERT INTO meta (one, epoch) VALUES (1, substr(md5(gen_random_uuid()::text), 1, 12));

-- A site is a circle of branches that share people, and one key.
CREATE TABLE sites (
    id         text        PRIMARY KEY CHECK (id ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    name       text        NOT NULL,
    -- The newest change. Its row is locked by whoever adds one, until the
    -- commit: so the order of seq is the order of commits.
    feed_seq   bigint      NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL
);

CREATE TABLE site_keys (
    id         uuid        PRIMARY KEY,
    site       text        NOT NULL REFERENCES sites (id),
    wrapped    bytea       NOT NULL, -- by the master key
    created_at timestamptz NOT NULL
);
CREATE INDEX site_keys_site ON site_keys (site, created_at DESC);

CREATE TABLE kiosks (
    device       uuid        PRIMARY KEY,
    site         text        NOT NULL REFERENCES sites (id),
    branch       text        NOT NULL,
    name         text        NOT NULL DEFAULT '',
    program      text        NOT NULL DEFAULT '',
    public_key   bytea       NOT NULL, -- Ed25519
    exchange_key bytea       NOT NULL, -- X25519
    enrolled_at  timestamptz NOT NULL,
    revoked_at   timestamptz,
    revoked_why  text        NOT NULL DEFAULT '',
    seen_at      timestamptz,
    skew_ms      bigint      NOT NULL DEFAULT 0,
    -- The newest change of its site that it has applied.
    cursor_seq   bigint      NOT NULL DEFAULT 0,
    cursor_at    timestamptz
);

-- One-time enrolment codes, by their hash.
CREATE TABLE codes (
    hash       bytea       PRIMARY KEY,
    prefix     bytea       NOT NULL, -- of hash: found by it, compared in constant time
    site       text        NOT NULL REFERENCES sites (id),
    branch     text        NOT NULL,
    made_by    text        NOT NULL,
    expires_at timestamptz NOT NULL,
    used_by    uuid,
    used_key   bytea
);
CREATE INDEX codes_prefix ON codes (prefix);

-- Assertions that have bought a token, until they are over.
CREATE TABLE assertions (
    device     uuid        NOT NULL,
    jti        text        NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (device, jti)
);
CREATE INDEX assertions_expire ON assertions (expires_at);

-- The two newest are live; the newest signs.
CREATE TABLE signing_keys (
    kid        text        PRIMARY KEY,
    public     bytea       NOT NULL,
    wrapped    bytea       NOT NULL, -- by the master key
    created_at timestamptz NOT NULL
);

CREATE TABLE admins (
    id         uuid        PRIMARY KEY,
    name       text        NOT NULL UNIQUE,
    role       text        NOT NULL CHECK (role IN ('admin', 'auditor')),
    token_hash bytea       NOT NULL UNIQUE,
    created_at timestamptz NOT NULL,
    closed_at  timestamptz
);

-- What happened at kiosks, by month. The month is the id's own (UUIDv7), so that
-- device and id alone name an event, whatever its partition.
CREATE TABLE events (
    device          uuid             NOT NULL,
    id              uuid             NOT NULL,
    seq             bigint           NOT NULL,
    site            text             NOT NULL,
    kind            text             NOT NULL,
    reason          text             NOT NULL,
    at              timestamptz      NOT NULL, -- by the kiosk's clock
    received_at     timestamptz      NOT NULL,
    skewed          boolean          NOT NULL, -- sent by a clock over 60 s off
    person          uuid,
    erased          boolean          NOT NULL DEFAULT false, -- it was about somebody who has been erased
    about           uuid,
    distance        double precision NOT NULL,
    second          double precision NOT NULL,
    threshold       double precision NOT NULL,
    metric          text             NOT NULL,
    votes           integer          NOT NULL,
    frames          integer          NOT NULL,
    quality         double precision NOT NULL,
    encoder         text             NOT NULL,
    encoder_version text             NOT NULL,
    detector        text             NOT NULL,
    snapshot        bytea,                     -- what the kiosk says it kept; objects tells what is here
    badge           uuid,
    liveness        double precision NOT NULL,
    liveness_reason text             NOT NULL,
    staff           uuid,
    body_hash       bytea            NOT NULL, -- SHA-256 of the canonical body
    PRIMARY KEY (device, id)
) PARTITION BY RANGE (id);
CREATE INDEX events_person ON events (person) WHERE person IS NOT NULL;
CREATE INDEX events_badge ON events (badge) WHERE badge IS NOT NULL;
CREATE INDEX events_received ON events USING brin (received_at);

-- Ids of no month near now: clocks that were far off, ids of other versions.
CREATE TABLE events_other PARTITION OF events DEFAULT;

-- Every other item that was taken: the proof that it was, and the body of those
-- that have no table of their own.
CREATE TABLE items (
    device      uuid        NOT NULL,
    kind        text        NOT NULL,
    id          uuid        NOT NULL,
    site        text        NOT NULL,
    received_at timestamptz NOT NULL,
    person      uuid,
    body_hash   bytea       NOT NULL,
    body        jsonb,
    PRIMARY KEY (device, kind, id)
);
CREATE INDEX items_kind ON items (kind, received_at DESC);
CREATE INDEX items_person ON items (person) WHERE person IS NOT NULL;

-- What somebody should look at.
CREATE TABLE alarms (
    id     bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at     timestamptz NOT NULL,
    site   text        NOT NULL,
    device uuid,
    kind   text        NOT NULL,
    detail jsonb       NOT NULL
);
CREATE INDEX alarms_at ON alarms (at DESC);

CREATE TABLE people (
    id            uuid        PRIMARY KEY,
    site          text        NOT NULL REFERENCES sites (id),
    version       bigint      NOT NULL, -- grows with every change, here
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    device        uuid        NOT NULL, -- where it was last changed
    key_id        text        NOT NULL,
    fields        jsonb       NOT NULL, -- sealed under the site's key
    document_tag  bytea,
    second_factor boolean     NOT NULL
);
CREATE INDEX people_site ON people (site);
CREATE INDEX people_document ON people (site, document_tag) WHERE document_tag IS NOT NULL;

CREATE TABLE templates (
    id              uuid             PRIMARY KEY,
    person          uuid             NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    encoder         text             NOT NULL,
    encoder_version text             NOT NULL,
    quality         double precision NOT NULL,
    created_at      timestamptz      NOT NULL,
    sealed          bytea            NOT NULL -- under the site's key
);
CREATE INDEX templates_person ON templates (person);

-- What was agreed to. It comes before the person.
CREATE TABLE consents (
    id        uuid        PRIMARY KEY,
    person    uuid        NOT NULL,
    site      text        NOT NULL,
    at        timestamptz NOT NULL,
    granted   text[]      NOT NULL, -- what still stands
    withdrawn text[]      NOT NULL,
    body      jsonb       NOT NULL
);
CREATE INDEX consents_person ON consents (person);

CREATE TABLE badges (
    id         uuid        PRIMARY KEY,
    person     uuid        NOT NULL,
    site       text        NOT NULL,
    not_before timestamptz NOT NULL,
    expires    timestamptz NOT NULL,
    templates  bigint      NOT NULL,
    revoked_at timestamptz,
    revoked    text        NOT NULL DEFAULT ''
);
CREATE INDEX badges_person ON badges (person);

-- What kiosks are told: the newest state of each thing, in the order of changes.
CREATE TABLE changes (
    site text        NOT NULL REFERENCES sites (id),
    seq  bigint      NOT NULL,
    kind text        NOT NULL,
    ref  text        NOT NULL,
    at   timestamptz NOT NULL,
    gone boolean     NOT NULL DEFAULT false,
    body jsonb,      -- NULL where it is read from elsewhere: people, badges
    PRIMARY KEY (site, kind, ref)
);
CREATE UNIQUE INDEX changes_seq ON changes (site, seq);

-- Who has been erased. Nothing about them is taken again.
CREATE TABLE tombstones (
    person     uuid        PRIMARY KEY,
    id         uuid        NOT NULL, -- of the receipt
    site       text        NOT NULL,
    why        text        NOT NULL,
    at         timestamptz NOT NULL, -- at the centre
    asked_by   text        NOT NULL, -- a kiosk's device id, or an administrator
    receipt    jsonb,                -- of the kiosk that erased first
    figures    jsonb       NOT NULL, -- how much of what was erased here
    objects_at timestamptz           -- when the object store had no version left
);
CREATE INDEX tombstones_open ON tombstones (at) WHERE objects_at IS NULL;

-- Pictures that may be on their way, until the ticket is over.
CREATE TABLE tickets (
    bucket     text        NOT NULL,
    key        text        NOT NULL,
    device     uuid        NOT NULL,
    subject    uuid        NOT NULL, -- the event's id, or else the person's
    person     uuid,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (bucket, key, device, subject)
);
CREATE INDEX tickets_expire ON tickets (expires_at);

-- Pictures that are there: verified, each row with its object.
CREATE TABLE objects (
    bucket  text        NOT NULL,
    key     text        NOT NULL,
    device  uuid        NOT NULL,
    subject uuid        NOT NULL, -- the event's id, or else the person's
    site    text        NOT NULL,
    sha256  bytea       NOT NULL,
    size    bigint      NOT NULL,
    type    text        NOT NULL,
    event   uuid,
    person  uuid,
    at      timestamptz NOT NULL,
    PRIMARY KEY (bucket, key, device, subject)
);
CREATE INDEX objects_event ON objects (event) WHERE event IS NOT NULL;
CREATE INDEX objects_person ON objects (person) WHERE person IS NOT NULL;

-- Objects that must go: every version, until the store says that none is left.
CREATE TABLE doomed (
    bucket   text NOT NULL,
    key      text NOT NULL,
    person   uuid,          -- on whose account; NULL: of nobody
    versions integer,       -- how many were deleted, once they were
    PRIMARY KEY (bucket, key)
);
CREATE INDEX doomed_person ON doomed (person);
CREATE INDEX doomed_open ON doomed (bucket, key) WHERE versions IS NULL;

-- +goose Down
SELECT 1 / 0 AS "the first schema is not undone: restore a backup";
