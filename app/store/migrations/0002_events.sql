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
