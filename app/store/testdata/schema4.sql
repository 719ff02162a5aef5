-- A database as the fourth release left it, schema 4: made once, never to be
-- edited. The master key is the bytes 1 to 32; people 1 and 2 are registered,
-- person 2's badge is revoked, person 3 has been erased.
PRAGMA application_id = 1095190852;
PRAGMA user_version = 4;
CREATE TABLE device (
    one          INTEGER PRIMARY KEY CHECK (one = 1),
    id           TEXT    NOT NULL,
    next_seq     INTEGER NOT NULL DEFAULT 1 CHECK (next_seq >= 1),
    key_check    BLOB    NOT NULL, -- opens with the right master key only
    snapshot_key BLOB    NOT NULL, -- wrapped by the master key
    created_at   INTEGER NOT NULL  -- microseconds since 1970, as all times here
, pin_pepper BLOB) STRICT;
INSERT INTO device VALUES(1,'01950000-0000-7000-8000-00000000002a',10,X'011c7b2e289381c560bd97dcfeb4e408cef5300f80d8987e1b5e809ece5448cd73db3f29b5afeb3d80c8e8e76ef16f8e',X'01fa2b7ef65c577d816b35e6c15545f396c1fa9fc12f21e2dd0ea2dc9f98400feb24ae80f5a928d35cdfa4a9df11423199542ddfbfeb03684ca5ccd6d4',1773480413589793,X'01f905b094dfb9f42a4209c1fd44d39fefa4236022c2c277dea7e63e3f5f624453883c9cdddee0758ef995839fb11d852667e4519de0282fbd7e5e52e0');
CREATE TABLE people (
    id          TEXT    PRIMARY KEY,
    wrapped_key BLOB,              -- the person's data key, wrapped; gone first
    name        BLOB,              -- sealed with the data key
    created_at  INTEGER NOT NULL,
    version     INTEGER NOT NULL CHECK (version >= 1),
    erased_at   INTEGER,
    CHECK (erased_at IS NULL OR (wrapped_key IS NULL AND name IS NULL))
) STRICT;
INSERT INTO people VALUES('01950000-0000-7000-8000-000000000001',X'01ec8b88215d90720f54142a61855e18a4820f501e0286161d12e9f38e5b518ad2c9770652425b12a2b40d26c425b96f8c5bf4b2d86e290fb8d32858f0',X'013ff17c5b76457b8d5bf9e8a4b5a37b2a328d8f1a051f9c4f3b19df3aa98eef603fb0c3a4a4de9120467e6ff7',1773480414589793,1,NULL);
INSERT INTO people VALUES('01950000-0000-7000-8000-000000000002',X'013c3a9d5012916bfa494bbd3ea96f24d5819f84adbe5d8a5a470ef8e319bdad8b6ff69a96259388eb82dcb4b378057755dcb531859626b9de2eb18fda',X'01d898860cfb056ddb78459ada9298a52d76e3ce94c260694fdcb74639d291308c156cacbc4610ff5891ce5a89',1773480415589793,1,NULL);
INSERT INTO people VALUES('01950000-0000-7000-8000-000000000003',NULL,NULL,1773480416589793,2,1773480413589793);
CREATE TABLE templates (
    id              TEXT    PRIMARY KEY,
    person          TEXT    NOT NULL REFERENCES people (id),
    encoder         TEXT    NOT NULL,
    encoder_version TEXT    NOT NULL,
    vector          BLOB    NOT NULL, -- sealed with the data key
    quality         REAL    NOT NULL,
    created_at      INTEGER NOT NULL
) STRICT;
INSERT INTO templates VALUES('01950000-0000-7000-8000-0000000f4628','01950000-0000-7000-8000-000000000001','test','1',X'0131efe8b95bca7e30a3d11f2b651b6c69a8b59b847b28511891ef45043c72e869b3bfe9125ca10c076084530aa062',0.75,1773480413589793);
INSERT INTO templates VALUES('01950000-0000-7000-8000-0000000f4a10','01950000-0000-7000-8000-000000000002','test','1',X'010570a587cbee130089e7f01057082529c05971b9090669cf1a66c398be9d8584f733d14a44213640b824e3bcc639',0.75,1773480413589793);
CREATE TABLE settings (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO settings VALUES('gallery.changed','10');
INSERT INTO settings VALUES('lang','en');
CREATE TABLE snapshots (
    hash       TEXT    PRIMARY KEY, -- SHA-256 of the picture, hex
    size       INTEGER NOT NULL,    -- of the picture, in bytes
    created_at INTEGER NOT NULL,
    dropped_at INTEGER              -- when its file was removed
) STRICT, WITHOUT ROWID;
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
INSERT INTO events VALUES(1,'019cebab-8995-7e08-889f-322525dca303','registration','registered',1773480413589793,'01950000-0000-7000-8000-000000000001',NULL,0.0,0.0,0.0,'',0,0,0.0,'','','',NULL);
INSERT INTO events VALUES(2,'019cebab-8995-72fc-a897-5ec8b1f2e255','badge','badge_issued',1773480413589793,'01950000-0000-7000-8000-000000000001',NULL,0.0,0.0,0.0,'',0,0,0.0,'','','',NULL);
INSERT INTO events VALUES(3,'019cebab-8995-75d2-9fb2-610f13b8c6fc','registration','registered',1773480413589793,'01950000-0000-7000-8000-000000000002',NULL,0.0,0.0,0.0,'',0,0,0.0,'','','',NULL);
INSERT INTO events VALUES(4,'019cebab-8995-7a84-aa74-ad34b8d53496','badge','badge_issued',1773480413589793,'01950000-0000-7000-8000-000000000002',NULL,0.0,0.0,0.0,'',0,0,0.0,'','','',NULL);
INSERT INTO events VALUES(5,'019cebab-8995-7cc8-ab4b-ebf285d52bc4','registration','registered',1773480413589793,'01950000-0000-7000-8000-000000000003',NULL,0.0,0.0,0.0,'',0,0,0.0,'','','',NULL);
INSERT INTO events VALUES(6,'019cebab-8995-7423-9d90-fa21b934d8db','badge','badge_issued',1773480413589793,'01950000-0000-7000-8000-000000000003',NULL,0.0,0.0,0.0,'',0,0,0.0,'','','',NULL);
INSERT INTO events VALUES(7,'01950000-0000-7000-8000-000000000007','recognition','recognised',1773480413589793,'01950000-0000-7000-8000-000000000001',NULL,0.20999999999999999222,0.47999999999999998223,0.35999999999999998667,'squared_euclidean',4,5,0.9000000000000000222,'test','1','hog',NULL);
INSERT INTO events VALUES(8,'019cebab-8995-725e-aa4d-9b26d2edeb2b','badge','badge_revoked',1773480413589793,'01950000-0000-7000-8000-000000000002',NULL,0.0,0.0,0.0,'',0,0,0.0,'','','',NULL);
INSERT INTO events VALUES(9,'019cebab-8995-73bf-a38e-06ca4a596538','erasure','erased_by_staff',1773480413589793,'01950000-0000-7000-8000-000000000003',NULL,0.0,0.0,0.0,'',0,0,0.0,'','','',NULL);
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
INSERT INTO outbox VALUES(1,'event','019cebab-8995-7e08-889f-322525dca303',1773480413589793,0,1773480413589793,'pending','');
INSERT INTO outbox VALUES(2,'event','019cebab-8995-72fc-a897-5ec8b1f2e255',1773480413589793,0,1773480413589793,'pending','');
INSERT INTO outbox VALUES(3,'event','019cebab-8995-75d2-9fb2-610f13b8c6fc',1773480413589793,0,1773480413589793,'pending','');
INSERT INTO outbox VALUES(4,'event','019cebab-8995-7a84-aa74-ad34b8d53496',1773480413589793,0,1773480413589793,'pending','');
INSERT INTO outbox VALUES(5,'event','019cebab-8995-7cc8-ab4b-ebf285d52bc4',1773480413589793,0,1773480413589793,'pending','');
INSERT INTO outbox VALUES(6,'event','019cebab-8995-7423-9d90-fa21b934d8db',1773480413589793,0,1773480413589793,'pending','');
INSERT INTO outbox VALUES(7,'event','01950000-0000-7000-8000-000000000007',1773480413589793,0,1773480413589793,'pending','');
INSERT INTO outbox VALUES(8,'event','019cebab-8995-725e-aa4d-9b26d2edeb2b',1773480413589793,0,1773480413589793,'pending','');
INSERT INTO outbox VALUES(9,'event','019cebab-8995-73bf-a38e-06ca4a596538',1773480413589793,0,1773480413589793,'pending','');
INSERT INTO outbox VALUES(10,'erasure','01950000-0000-7000-8000-000000000003',1773480413589793,0,1773480413589793,'pending','');
CREATE TABLE profiles (
    person        TEXT PRIMARY KEY REFERENCES people (id),
    document      BLOB NOT NULL,        -- sealed with the person's data key
    document_hash BLOB NOT NULL UNIQUE, -- HMAC-SHA256, its key derived from the master key
    contact       BLOB NOT NULL         -- sealed with the person's data key
) STRICT, WITHOUT ROWID;
INSERT INTO profiles VALUES('01950000-0000-7000-8000-000000000001',X'015eedd470d8a4aba27541cfe37332f3085d1ed691a9107a47e8dda63c308345237d55c8c9aad5',X'406cefc76fd72fe47e408f540e83988e0665098da06e651d575ad60ac52ac94e',X'01985d2a5cbe27559020ee2a46dc274c5f9edc2bd3f4e70c469c1c748b50ee1d6dda31c0caa1b10e5bb6d3b72ae39cb1ad36');
INSERT INTO profiles VALUES('01950000-0000-7000-8000-000000000002',X'01d2397fc817734045992c5e362bcfe3f1e3ba807fc5c053ceffe5fc6820b5a61d147339fe33d3',X'6bd173eca3c1ea4d84036d374d93ffa9ee41389f7f9ecfa02fdd00d9f7e28496',X'0115329f96c1d7ecd451da9d770f8689e4828cbc97c87b53d9376a099569e6a7adc7811a742d2b0b0c33b86eeb589289776b');
CREATE TABLE pins (
    person TEXT PRIMARY KEY REFERENCES people (id),
    secret BLOB NOT NULL -- cost, salt and argon2id hash, sealed with the data key
) STRICT, WITHOUT ROWID;
INSERT INTO pins VALUES('01950000-0000-7000-8000-000000000001',X'01d6f9c377670eb725f416dafa339c39ff7f2307fd7000905c1ef3908623a7f608d5602ba9ae8e91956f58520a591becbf81c1209184383ed9651a22291004bea297e1a199803b7e64cfd9a303e777fbe5238213c562bf');
INSERT INTO pins VALUES('01950000-0000-7000-8000-000000000002',X'01334fb233bf219783f774c7400dbef9e3bf511804bec14e34000a79ec73647a2c157bef8d510d2a88b440be127b3ca01275d6e303ebfc68a50c195da47029d54e7193c230527817a3d8e818c28238fbf9f8f0e6504e23');
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
INSERT INTO consents VALUES('01950000-0000-7000-8000-0000001e8481','01950000-0000-7000-8000-000000000001','2026-03','0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a','es','kiosk_touch','01950000-0000-7000-8000-00000000002a',1773480414589793);
INSERT INTO consents VALUES('01950000-0000-7000-8000-0000001e8482','01950000-0000-7000-8000-000000000002','2026-03','0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a','es','kiosk_touch','01950000-0000-7000-8000-00000000002a',1773480415589793);
CREATE TABLE consent_purposes (
    consent      TEXT    NOT NULL REFERENCES consents (id) ON DELETE CASCADE,
    position     INTEGER NOT NULL,
    purpose      TEXT    NOT NULL,
    granted      INTEGER NOT NULL CHECK (granted IN (0, 1)),
    withdrawn_at INTEGER CHECK (withdrawn_at IS NULL OR granted = 1),
    PRIMARY KEY (consent, position),
    UNIQUE (consent, purpose)
) STRICT, WITHOUT ROWID;
INSERT INTO consent_purposes VALUES('01950000-0000-7000-8000-0000001e8481',0,'face',1,NULL);
INSERT INTO consent_purposes VALUES('01950000-0000-7000-8000-0000001e8481',1,'data',1,NULL);
INSERT INTO consent_purposes VALUES('01950000-0000-7000-8000-0000001e8482',0,'face',1,NULL);
INSERT INTO consent_purposes VALUES('01950000-0000-7000-8000-0000001e8482',1,'data',1,NULL);
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
INSERT INTO badges VALUES('01950000-0000-7000-8000-0000002dcaa8','01950000-0000-7000-8000-000000000001',1773480413589793,1805016413589793,1,NULL,'');
INSERT INTO badges VALUES('01950000-0000-7000-8000-0000002dce90','01950000-0000-7000-8000-000000000002',1773480413589793,1805016413589793,1,1773480413589793,'badge_revoked');
CREATE TABLE attempts (
    subject  TEXT    PRIMARY KEY,
    failures INTEGER NOT NULL CHECK (failures >= 1),
    at       INTEGER NOT NULL,
    until    INTEGER -- closed before it; NULL where never closed
) STRICT, WITHOUT ROWID;
INSERT INTO attempts VALUES('person:01950000-0000-7000-8000-000000000002',1,1773480413589793,NULL);
CREATE TABLE second_factor (
    person TEXT    PRIMARY KEY REFERENCES people (id),
    at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO second_factor VALUES('01950000-0000-7000-8000-000000000002',1773480413589793);
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
INSERT INTO erasures VALUES('01950000-0000-7000-8000-000000000003','019cebab-8995-7d0d-8902-f2e59c9a087f','erased_by_staff',1773480413589793,1,1,1,0,2);
INSERT INTO sqlite_sequence VALUES('outbox',10);
CREATE INDEX templates_encoder ON templates (encoder, encoder_version);
CREATE INDEX templates_person ON templates (person);
CREATE INDEX events_kind ON events (kind);
CREATE INDEX events_reason ON events (reason);
CREATE INDEX events_person ON events (person) WHERE person IS NOT NULL;
CREATE INDEX events_about ON events (about) WHERE about IS NOT NULL;
CREATE INDEX events_snapshot ON events (snapshot) WHERE snapshot IS NOT NULL;
CREATE INDEX outbox_pending ON outbox (state) WHERE state = 'pending';
CREATE INDEX outbox_dead ON outbox (state) WHERE state = 'dead';
CREATE INDEX consents_person ON consents (person);
CREATE INDEX badges_person ON badges (person);
CREATE TRIGGER gallery_person_added AFTER INSERT ON people BEGIN
  UPDATE settings SET value = CAST(value AS INTEGER) + 1 WHERE key = 'gallery.changed';
END;
CREATE TRIGGER gallery_person_changed AFTER UPDATE ON people BEGIN
  UPDATE settings SET value = CAST(value AS INTEGER) + 1 WHERE key = 'gallery.changed';
END;
CREATE TRIGGER gallery_person_removed AFTER DELETE ON people BEGIN
  UPDATE settings SET value = CAST(value AS INTEGER) + 1 WHERE key = 'gallery.changed';
END;
CREATE TRIGGER gallery_template_added AFTER INSERT ON templates BEGIN
  UPDATE settings SET value = CAST(value AS INTEGER) + 1 WHERE key = 'gallery.changed';
END;
CREATE TRIGGER gallery_template_removed AFTER DELETE ON templates BEGIN
  UPDATE settings SET value = CAST(value AS INTEGER) + 1 WHERE key = 'gallery.changed';
END;
