-- Who is registered: document, contact, PIN, consents, badges, attempts, erasures.

-- What a PIN is mixed with before it is hashed; wrapped by the master key.
-- NULL until the database is next opened.
ALTER TABLE device ADD COLUMN pin_pepper BLOB;

CREATE TABLE profiles (
    person        TEXT PRIMARY KEY REFERENCES people (id),
    document      BLOB NOT NULL,        -- sealed with the person's data key
    document_hash BLOB NOT NULL UNIQUE, -- HMAC-SHA256, its key derived from the master key
    contact       BLOB NOT NULL         -- sealed with the person's data key
) STRICT, WITHOUT ROWID;

CREATE TABLE pins (
    person TEXT PRIMARY KEY REFERENCES people (id),
    secret BLOB NOT NULL -- cost, salt and argon2id hash, sealed with the data key
) STRICT, WITHOUT ROWID;

-- What was agreed to, as it was shown. Ids and labels only.
CREATE TABLE consents (
    id          TEXT    PRIMARY KEY,
    person      TEXT    NOT NULL REFERENCES people (id),
    version     TEXT    NOT NULL,
    text_sha256 TEXT    NOT NULL,
    lang        TEXT    NOT NULL,
    method      TEXT    NOT NULL,
    device      TEXT    NOT NULL,
    at          INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX consents_person ON consents (person);

-- One row for each purpose that was asked; position keeps their order.
CREATE TABLE consent_purposes (
    consent      TEXT    NOT NULL REFERENCES consents (id) ON DELETE CASCADE,
    position     INTEGER NOT NULL,
    purpose      TEXT    NOT NULL,
    granted      INTEGER NOT NULL CHECK (granted IN (0, 1)),
    withdrawn_at INTEGER CHECK (withdrawn_at IS NULL OR granted = 1),
    PRIMARY KEY (consent, position),
    UNIQUE (consent, purpose)
) STRICT, WITHOUT ROWID;

CREATE TABLE badges (
    id         TEXT    PRIMARY KEY,
    person     TEXT    NOT NULL REFERENCES people (id),
    not_before INTEGER NOT NULL,
    expires    INTEGER NOT NULL,
    templates  INTEGER NOT NULL,
    revoked_at INTEGER,
    revoked    TEXT    NOT NULL DEFAULT '',
    CHECK (not_before < expires),
    CHECK ((revoked_at IS NULL) = (revoked = ''))
) STRICT, WITHOUT ROWID;

CREATE INDEX badges_person ON badges (person);

-- Failures in a row of a person or of the kiosk. at is when the last was
-- counted: a clock that stands before it has been set back.
CREATE TABLE attempts (
    subject  TEXT    PRIMARY KEY,
    failures INTEGER NOT NULL CHECK (failures >= 1),
    at       INTEGER NOT NULL,
    until    INTEGER -- closed before it; NULL where never closed
) STRICT, WITHOUT ROWID;

-- People once taken for somebody else.
CREATE TABLE second_factor (
    person TEXT    PRIMARY KEY REFERENCES people (id),
    at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The receipts of erasure. A row comes with the commit that destroys the key;
-- its figures grow as the rest goes.
CREATE TABLE erasures (
    person    TEXT    PRIMARY KEY REFERENCES people (id),
    id        TEXT    NOT NULL UNIQUE,
    why       TEXT    NOT NULL,
    at        INTEGER NOT NULL,
    templates INTEGER NOT NULL DEFAULT 0,
    badges    INTEGER NOT NULL DEFAULT 0,
    consents  INTEGER NOT NULL DEFAULT 0,
    snapshots INTEGER NOT NULL DEFAULT 0,
    outbox    INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
