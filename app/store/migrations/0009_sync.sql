-- What the centre is to be told beside events and erasures (people, consents,
-- badges, pictures, and what others made), and what it has decided.

-- One row. While what the centre decided is being applied, in a transaction
-- that sets applying and takes it back, nothing is noticed: it knows already.
CREATE TABLE sync_state (
    one      INTEGER PRIMARY KEY CHECK (one = 1),
    cursor   TEXT    NOT NULL DEFAULT '',
    applying INTEGER NOT NULL DEFAULT 0 CHECK (applying IN (0, 1))
) STRICT;
INSERT INTO sync_state (one) VALUES (1);

-- A row is one thing whose present state is to be told; version counts its
-- states. item and body are how this state was first sent: the same again,
-- until it is answered. What a body says of a person is sealed.
CREATE TABLE notices (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    kind       TEXT    NOT NULL,
    ref        TEXT    NOT NULL, -- of a picture, its event
    person     TEXT,
    version    INTEGER NOT NULL DEFAULT 1,
    created_at INTEGER NOT NULL,
    attempts   INTEGER NOT NULL DEFAULT 0,
    next_at    INTEGER NOT NULL DEFAULT 0,
    state      TEXT    NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'sent', 'dead')),
    last_error TEXT    NOT NULL DEFAULT '',
    item       TEXT    NOT NULL DEFAULT '',
    body       BLOB,
    upto       INTEGER NOT NULL DEFAULT 0, -- the last of person_changes in body
    UNIQUE (kind, ref)
) STRICT;

CREATE INDEX notices_pending ON notices (kind) WHERE state = 'pending';
CREATE INDEX notices_dead ON notices (state) WHERE state = 'dead';
CREATE INDEX notices_person ON notices (person) WHERE person IS NOT NULL;
-- An erasure is found before a hundred thousand events.
CREATE INDEX outbox_kind ON outbox (kind) WHERE state = 'pending';

-- What of a person has changed here since the centre was last told.
CREATE TABLE person_changes (
    seq    INTEGER PRIMARY KEY AUTOINCREMENT,
    person TEXT    NOT NULL,
    what   TEXT    NOT NULL, -- field, template, dropped
    ref    TEXT    NOT NULL, -- name, document, contact; or the template's id
    at     INTEGER NOT NULL,
    UNIQUE (person, what, ref)
) STRICT;

-- A badge whose holder has not come down yet.
CREATE TABLE parked_badges (
    id         TEXT    PRIMARY KEY,
    person     TEXT    NOT NULL,
    not_before INTEGER NOT NULL,
    expires    INTEGER NOT NULL,
    templates  INTEGER NOT NULL,
    revoked_at INTEGER,
    revoked    TEXT    NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;

CREATE TABLE centre_documents (
    kind         TEXT    NOT NULL,
    ref          TEXT    NOT NULL,
    version      INTEGER NOT NULL,
    content_type TEXT    NOT NULL,
    content      BLOB    NOT NULL, -- sealed with the device's key
    at           INTEGER NOT NULL,
    PRIMARY KEY (kind, ref)
) STRICT, WITHOUT ROWID;

-- What is here already is to be told: a kiosk may be older than its centre.
INSERT INTO notices (kind, ref, person, created_at)
  SELECT 'consent', c.id, c.person, c.at FROM consents c JOIN people p ON p.id = c.person
  WHERE p.wrapped_key IS NOT NULL ORDER BY c.at;
INSERT INTO notices (kind, ref, person, created_at)
  SELECT 'person', id, id, created_at FROM people WHERE wrapped_key IS NOT NULL ORDER BY created_at;
INSERT INTO notices (kind, ref, person, created_at)
  SELECT 'badge', b.id, b.person, b.not_before FROM badges b JOIN people p ON p.id = b.person
  WHERE p.wrapped_key IS NOT NULL ORDER BY b.not_before;
INSERT INTO notices (kind, ref, person, created_at)
  SELECT 'picture', e.id, e.person, e.at FROM events e JOIN snapshots s ON s.hash = e.snapshot
  WHERE s.dropped_at IS NULL ORDER BY e.seq;
INSERT INTO person_changes (person, what, ref, at)
  SELECT id, 'field', 'name', created_at FROM people WHERE wrapped_key IS NOT NULL;
INSERT INTO person_changes (person, what, ref, at)
  SELECT p.id, 'field', f.field, p.created_at FROM people p JOIN profiles r ON r.person = p.id
  CROSS JOIN (SELECT 'document' AS field UNION ALL SELECT 'contact') f WHERE p.wrapped_key IS NOT NULL;
INSERT INTO person_changes (person, what, ref, at)
  SELECT t.person, 'template', t.id, t.created_at FROM templates t JOIN people p ON p.id = t.person
  WHERE p.wrapped_key IS NOT NULL;

-- A change of what a person is makes their notice pending, in another state.
CREATE TRIGGER notice_person_change AFTER INSERT ON person_changes
WHEN EXISTS (SELECT 1 FROM people WHERE id = NEW.person AND wrapped_key IS NOT NULL) BEGIN
  INSERT INTO notices (kind, ref, person, created_at) VALUES ('person', NEW.person, NEW.person, NEW.at)
  ON CONFLICT (kind, ref) DO UPDATE SET version = version + 1, item = '', body = NULL, upto = 0,
    attempts = 0, next_at = 0, last_error = '', state = 'pending',
    created_at = CASE state WHEN 'pending' THEN created_at ELSE excluded.created_at END;
END;

CREATE TRIGGER notice_person_added AFTER INSERT ON people
WHEN NEW.wrapped_key IS NOT NULL AND NOT (SELECT applying FROM sync_state) BEGIN
  INSERT INTO person_changes (person, what, ref, at) VALUES (NEW.id, 'field', 'name', NEW.created_at);
END;
CREATE TRIGGER notice_person_renamed AFTER UPDATE OF name ON people
WHEN NEW.wrapped_key IS NOT NULL AND NEW.name IS NOT OLD.name AND NOT (SELECT applying FROM sync_state) BEGIN
  DELETE FROM person_changes WHERE person = NEW.id AND what = 'field' AND ref = 'name';
  INSERT INTO person_changes (person, what, ref, at)
    VALUES (NEW.id, 'field', 'name', CAST(unixepoch('subsec') * 1000000 AS INTEGER));
END;
CREATE TRIGGER notice_profile_added AFTER INSERT ON profiles WHEN NOT (SELECT applying FROM sync_state) BEGIN
  DELETE FROM person_changes WHERE person = NEW.person AND what = 'field' AND ref IN ('document', 'contact');
  INSERT INTO person_changes (person, what, ref, at)
    SELECT NEW.person, 'field', 'document', created_at FROM people WHERE id = NEW.person;
  INSERT INTO person_changes (person, what, ref, at)
    SELECT NEW.person, 'field', 'contact', created_at FROM people WHERE id = NEW.person;
END;
CREATE TRIGGER notice_document_changed AFTER UPDATE OF document ON profiles
WHEN NEW.document IS NOT OLD.document AND NOT (SELECT applying FROM sync_state) BEGIN
  DELETE FROM person_changes WHERE person = NEW.person AND what = 'field' AND ref = 'document';
  INSERT INTO person_changes (person, what, ref, at)
    VALUES (NEW.person, 'field', 'document', CAST(unixepoch('subsec') * 1000000 AS INTEGER));
END;
CREATE TRIGGER notice_contact_changed AFTER UPDATE OF contact ON profiles
WHEN NEW.contact IS NOT OLD.contact AND NOT (SELECT applying FROM sync_state) BEGIN
  DELETE FROM person_changes WHERE person = NEW.person AND what = 'field' AND ref = 'contact';
  INSERT INTO person_changes (person, what, ref, at)
    VALUES (NEW.person, 'field', 'contact', CAST(unixepoch('subsec') * 1000000 AS INTEGER));
END;
CREATE TRIGGER notice_template_added AFTER INSERT ON templates WHEN NOT (SELECT applying FROM sync_state) BEGIN
  DELETE FROM person_changes WHERE person = NEW.person AND what IN ('template', 'dropped') AND ref = NEW.id;
  INSERT INTO person_changes (person, what, ref, at) VALUES (NEW.person, 'template', NEW.id, NEW.created_at);
END;
CREATE TRIGGER notice_template_dropped AFTER DELETE ON templates
WHEN NOT (SELECT applying FROM sync_state)
 AND EXISTS (SELECT 1 FROM people WHERE id = OLD.person AND wrapped_key IS NOT NULL) BEGIN
  DELETE FROM person_changes WHERE person = OLD.person AND what IN ('template', 'dropped') AND ref = OLD.id;
  INSERT INTO person_changes (person, what, ref, at)
    VALUES (OLD.person, 'dropped', OLD.id, CAST(unixepoch('subsec') * 1000000 AS INTEGER));
END;
CREATE TRIGGER notice_second_factor AFTER INSERT ON second_factor WHEN NOT (SELECT applying FROM sync_state) BEGIN
  DELETE FROM person_changes WHERE person = NEW.person AND what = 'field' AND ref = 'second_factor';
  INSERT INTO person_changes (person, what, ref, at) VALUES (NEW.person, 'field', 'second_factor', NEW.at);
END;

CREATE TRIGGER notice_consent_added AFTER INSERT ON consents WHEN NOT (SELECT applying FROM sync_state) BEGIN
  INSERT INTO notices (kind, ref, person, created_at) VALUES ('consent', NEW.id, NEW.person, NEW.at);
END;
CREATE TRIGGER notice_consent_withdrawn AFTER UPDATE OF withdrawn_at ON consent_purposes
WHEN NEW.withdrawn_at IS NOT OLD.withdrawn_at AND NOT (SELECT applying FROM sync_state) BEGIN
  UPDATE notices SET version = version + 1, item = '', body = NULL, attempts = 0, next_at = 0, last_error = '', state = 'pending',
    created_at = CASE state WHEN 'pending' THEN created_at ELSE NEW.withdrawn_at END
  WHERE kind = 'consent' AND ref = NEW.consent;
END;
CREATE TRIGGER notice_consent_removed AFTER DELETE ON consents BEGIN
  DELETE FROM notices WHERE kind = 'consent' AND ref = OLD.id;
END;

CREATE TRIGGER notice_badge_added AFTER INSERT ON badges WHEN NOT (SELECT applying FROM sync_state) BEGIN
  INSERT INTO notices (kind, ref, person, created_at) VALUES ('badge', NEW.id, NEW.person, NEW.not_before);
END;
CREATE TRIGGER notice_badge_revoked AFTER UPDATE OF revoked_at ON badges
WHEN NEW.revoked_at IS NOT OLD.revoked_at AND NOT (SELECT applying FROM sync_state) BEGIN
  INSERT INTO notices (kind, ref, person, created_at) VALUES ('badge', NEW.id, NEW.person, NEW.revoked_at)
  ON CONFLICT (kind, ref) DO UPDATE SET version = version + 1, item = '', body = NULL,
    attempts = 0, next_at = 0, last_error = '', state = 'pending',
    created_at = CASE state WHEN 'pending' THEN created_at ELSE excluded.created_at END;
END;
CREATE TRIGGER notice_badge_removed AFTER DELETE ON badges BEGIN
  DELETE FROM notices WHERE kind = 'badge' AND ref = OLD.id;
END;

CREATE TRIGGER notice_picture_added AFTER INSERT ON events WHEN NEW.snapshot IS NOT NULL BEGIN
  INSERT INTO notices (kind, ref, person, created_at) VALUES ('picture', NEW.id, NEW.person, NEW.at);
END;
CREATE TRIGGER notice_picture_dropped AFTER UPDATE OF dropped_at ON snapshots WHEN NEW.dropped_at IS NOT NULL BEGIN
  DELETE FROM notices WHERE kind = 'picture' AND ref IN (SELECT id FROM events WHERE snapshot = NEW.hash);
END;

-- With the person's key goes whatever was to be told of them, sealed or not.
CREATE TRIGGER notice_person_erased AFTER UPDATE OF wrapped_key ON people WHEN NEW.wrapped_key IS NULL BEGIN
  DELETE FROM notices WHERE person = NEW.id;
  DELETE FROM person_changes WHERE person = NEW.id;
  DELETE FROM parked_badges WHERE person = NEW.id;
END;
