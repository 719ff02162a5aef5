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
