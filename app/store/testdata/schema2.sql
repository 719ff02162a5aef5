-- A database as the second release left it, schema 2: made once, never to be
-- edited. The master key is the bytes 1 to 32; person 3 has been erased.
PRAGMA application_id = 1095190852;
PRAGMA user_version = 2;

-- The device, the people and what recognises them.

-- One row: who this kiosk is. next_seq is the sequence of the next event.
CREATE TABLE device (
    one          INTEGER PRIMARY KEY CHECK (one = 1),
    id           TEXT    NOT NULL,
    next_seq     INTEGER NOT NULL DEFAULT 1 CHECK (next_seq >= 1),
    key_check    BLOB    NOT NULL, -- opens with the right master key only
    snapshot_key BLOB    NOT NULL, -- wrapped by the master key
    created_at   INTEGER NOT NULL  -- microseconds since 1970, as all times here
) STRICT;

-- An erased person keeps a row without key and name: the tombstone.
CREATE TABLE people (
    id          TEXT    PRIMARY KEY,
    wrapped_key BLOB,              -- the person's data key, wrapped; gone first
    name        BLOB,              -- sealed with the data key
    created_at  INTEGER NOT NULL,
    version     INTEGER NOT NULL CHECK (version >= 1),
    erased_at   INTEGER,
    CHECK (erased_at IS NULL OR (wrapped_key IS NULL AND name IS NULL))
) STRICT;

CREATE TABLE templates (
    id              TEXT    PRIMARY KEY,
    person          TEXT    NOT NULL REFERENCES people (id),
    encoder         TEXT    NOT NULL,
    encoder_version TEXT    NOT NULL,
    vector          BLOB    NOT NULL, -- sealed with the data key
    quality         REAL    NOT NULL,
    created_at      INTEGER NOT NULL
) STRICT;

CREATE INDEX templates_encoder ON templates (encoder, encoder_version);
CREATE INDEX templates_person ON templates (person);

-- Plain text: nothing about a person belongs here.
CREATE TABLE settings (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- What happened, the pictures of it, and what still has to be told to the centre.

-- A row without dropped_at has its file, always.
CREATE TABLE snapshots (
    hash       TEXT    PRIMARY KEY, -- SHA-256 of the picture, hex
    size       INTEGER NOT NULL,    -- of the picture, in bytes
    created_at INTEGER NOT NULL,
    dropped_at INTEGER              -- when its file was removed
) STRICT, WITHOUT ROWID;

-- Ids and figures only, so that erasing a person need not touch what was
-- already told to the centre. seq is the rowid: each index below ends in it,
-- and so gives newest first without sorting.
CREATE TABLE events (
    seq             INTEGER PRIMARY KEY,
    id              TEXT    NOT NULL UNIQUE,
    kind            TEXT    NOT NULL,
    reason          TEXT    NOT NULL,
    at              INTEGER NOT NULL,
    person          TEXT,
    about           TEXT,
    distance        REAL    NOT NULL,
    second          REAL    NOT NULL,
    threshold       REAL    NOT NULL,
    metric          TEXT    NOT NULL,
    votes           INTEGER NOT NULL,
    frames          INTEGER NOT NULL,
    quality         REAL    NOT NULL,
    encoder         TEXT    NOT NULL,
    encoder_version TEXT    NOT NULL,
    detector        TEXT    NOT NULL,
    snapshot        TEXT    REFERENCES snapshots (hash)
) STRICT;

CREATE INDEX events_kind ON events (kind);
CREATE INDEX events_reason ON events (reason);
CREATE INDEX events_person ON events (person) WHERE person IS NOT NULL;
CREATE INDEX events_about ON events (about) WHERE about IS NOT NULL;
CREATE INDEX events_snapshot ON events (snapshot) WHERE snapshot IS NOT NULL;

CREATE TABLE outbox (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    kind       TEXT    NOT NULL,
    ref        TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    attempts   INTEGER NOT NULL DEFAULT 0,
    next_at    INTEGER NOT NULL,
    state      TEXT    NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'sent', 'dead')),
    last_error TEXT    NOT NULL DEFAULT '',
    UNIQUE (kind, ref)
) STRICT;

-- Small whatever the history: sent rows are in neither.
CREATE INDEX outbox_pending ON outbox (state) WHERE state = 'pending';
CREATE INDEX outbox_dead ON outbox (state) WHERE state = 'dead';

INSERT INTO device (one, id, next_seq, key_check, snapshot_key, created_at) VALUES
    (1, '01950000-0000-7000-8000-00000000002a', 3, X'01546692989C758FC2448CEEDDFEB411D4CDC1EEF4491FD3E81F0423D3B878F788F9AD0949DB3C18099037EC7A175644', X'01E15102B851321BC7D6E1BF4D699909F089BA0A373CB7E2F985D2DCB3C8172C7B3BE5A18BED3C69E5A6E032D2259581C45994F63AC4D0E2B2BFCCB208', 1795290972924246);
INSERT INTO people (id, wrapped_key, name, created_at, version, erased_at) VALUES
    ('01950000-0000-7000-8000-000000000001', X'01A4A69E4BEE855ADD74287594A13C21E7F013E234113EB0EE237393CE8354C272EDDF030608C2387B38B32D838AF6589DBEA40B54ECE913051C409986', X'018FE11F06FB1314858EDDE0EB4AF02CE8BAFB0115DAF98C671D4BAAE48DABAD381A7000B748172FDD5E803999', 1773480414589793, 1, NULL);
INSERT INTO people (id, wrapped_key, name, created_at, version, erased_at) VALUES
    ('01950000-0000-7000-8000-000000000002', X'011D845FF5E9F5053651BEEF46462B95B5A8F3891D4290E24A91F862E9431ED6E76208D95CC66B62599FF694014D14B50C9DA557F323248FA5C752F76D', X'016ED255D158579877ADAC475B118349EC312613035A9E1741D21B28BE5403995754A275AFD1251D517ED133F0', 1773480415589793, 1, NULL);
INSERT INTO people (id, wrapped_key, name, created_at, version, erased_at) VALUES
    ('01950000-0000-7000-8000-000000000003', NULL, NULL, 1773480416589793, 2, 1795290972927177);
INSERT INTO templates (id, person, encoder, encoder_version, vector, quality, created_at) VALUES
    ('01950000-0000-7000-8000-0000000f4628', '01950000-0000-7000-8000-000000000001', 'test', '1', X'0177C75C43DA606DEFD125BCC71355ED354FA2E1C4A04EDFC0214907A0E030C1B174AE95A7F8198554CCFD94F8C3E3', 0.75, 1773480413589793);
INSERT INTO templates (id, person, encoder, encoder_version, vector, quality, created_at) VALUES
    ('01950000-0000-7000-8000-0000000f4629', '01950000-0000-7000-8000-000000000001', 'test', '1', X'01BE25B54C847EF3683AE679F9D6D1D79CA505BD06DB2EF36A6F49BB1B99A2ABA624A9FD6ED079DA92C7DA73E6AD8D', 0.75, 1773480413589793);
INSERT INTO settings (key, value) VALUES
    ('lang', 'en');
INSERT INTO snapshots (hash, size, created_at, dropped_at) VALUES
    ('2cea274d0bedc39ec4ab6ba9e59ec889e3ed6fb56a1cf088a64d9b383378dc97', 7, 1795290972926617, 1795290972927177);
INSERT INTO events (seq, id, kind, reason, at, person, about, distance, second, threshold, metric, votes, frames, quality, encoder, encoder_version, detector, snapshot) VALUES
    (1, '01950000-0000-7000-8000-000000000007', 'recognition', 'recognised', 1773480413589793, '01950000-0000-7000-8000-000000000001', NULL, 0.21, 0.48, 0.36, 'squared_euclidean', 4, 5, 0.9, 'test', '1', 'hog', NULL);
INSERT INTO events (seq, id, kind, reason, at, person, about, distance, second, threshold, metric, votes, frames, quality, encoder, encoder_version, detector, snapshot) VALUES
    (2, '01950000-0000-7000-8000-000000000008', 'recognition', 'recognised', 1773480413589793, '01950000-0000-7000-8000-000000000003', NULL, 0.21, 0.48, 0.36, 'squared_euclidean', 4, 5, 0.9, 'test', '1', 'hog', '2cea274d0bedc39ec4ab6ba9e59ec889e3ed6fb56a1cf088a64d9b383378dc97');
INSERT INTO outbox (id, kind, ref, created_at, attempts, next_at, state, last_error) VALUES
    (1, 'event', '01950000-0000-7000-8000-000000000007', 1795290972925762, 0, 1795290972925762, 'sent', '');
INSERT INTO outbox (id, kind, ref, created_at, attempts, next_at, state, last_error) VALUES
    (2, 'event', '01950000-0000-7000-8000-000000000008', 1795290972926803, 0, 1795290972926803, 'pending', '');
INSERT INTO outbox (id, kind, ref, created_at, attempts, next_at, state, last_error) VALUES
    (3, 'erasure', '01950000-0000-7000-8000-000000000003', 1795290972927177, 0, 1795290972927177, 'pending', '');
