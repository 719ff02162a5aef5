-- A database as the first release left it, schema 1: made once, never to be
-- edited. The master key is the bytes 1 to 32.
PRAGMA application_id = 1095190852;
PRAGMA user_version = 1;

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

INSERT INTO device (one, id, next_seq, key_check, snapshot_key, created_at) VALUES (1, '01950000-0000-7000-8000-00000000002a', 1,
    x'012c4a7d48edb546f78025eea99d76df57c3af4035bf4c7be4c632316455e6e22d2e2c0047366ec5af38fdb2697b73a1',
    x'017fb7f5d7a26d65f7a66d7ddf2518ba25cc6b25d84aa66fa0ae9470ef9debee6d802f9afbaff0dbef65cedca88b48358ffb749001d9ce87d27738cb89', 1773480413589793);
INSERT INTO people (id, wrapped_key, name, created_at, version, erased_at) VALUES ('01950000-0000-7000-8000-000000000001',
    x'0137d361e478aaaaa265ce63f5d7b3349c25775688c76aea2fe8b75dff52a05b55570bdbcd95d6e70ca18baa34f21a4355bc04bc63f1628fcdd3be39f8',
    x'014770f522af26b0ff0523736a2e47e64313e8de3dba888204f744fe0889eef6c4761f7f0db9d732fecc622102', 1773480414589793, 1, NULL);
INSERT INTO people (id, wrapped_key, name, created_at, version, erased_at) VALUES ('01950000-0000-7000-8000-000000000002',
    x'015bdc9da5dbb8e26742dadc9aafafb499abebbefec7e06abe56832f842563b3683284afc5a4adf53c210a765df357592079fce3426d249508ead98b90',
    x'01fa5dfa04955f6c62702be8d9cf1f507259e485609eceae2408fcb83c6e2cbfc6debcfe3637f0dab6837687e3', 1773480415589793, 1, NULL);
INSERT INTO templates (id, person, encoder, encoder_version, vector, quality, created_at) VALUES ('01950000-0000-7000-8000-0000000f4628', '01950000-0000-7000-8000-000000000001', 'test', '1',
    x'0158b855cbbdca3f5c973c62abff363bb9d513cdf69eb278d6154ec3af96768fa8038cbd29b16b5c7d8519ba2bb0f4', 0.75, 1773480413589793);
INSERT INTO templates (id, person, encoder, encoder_version, vector, quality, created_at) VALUES ('01950000-0000-7000-8000-0000000f4629', '01950000-0000-7000-8000-000000000001', 'test', '1',
    x'013e4267c8495cac3700540d6dddaf160b4ebda48e232c5c677cc6a62c53deed36a5c2f66169e89ee960a6caf1e17b', 0.75, 1773480413589793);
INSERT INTO settings (key, value) VALUES ('lang', 'en');
