-- What a person gave at one branch is whole at another: consents, the keys of
-- badges, and when anybody of the site last saw them.

-- 1 once a centre has told anything. The cursor does not say it: it is begun anew
-- when this program takes more kinds of change than the one before it did.
ALTER TABLE sync_state ADD COLUMN joined INTEGER NOT NULL DEFAULT 0 CHECK (joined IN (0, 1));
ALTER TABLE sync_state ADD COLUMN kinds TEXT NOT NULL DEFAULT '[]'; -- a JSON list
-- When the centre had nothing more to tell, to the hour.
ALTER TABLE sync_state ADD COLUMN heard_at INTEGER NOT NULL DEFAULT 0;
UPDATE sync_state SET joined = cursor <> '';

-- A consent whose person has not come down yet, as JSON: ids and labels only.
CREATE TABLE parked_consents (
    id     TEXT PRIMARY KEY,
    person TEXT NOT NULL,
    body   TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX parked_consents_person ON parked_consents (person);

-- Keys that badges are verified with: of the site's kiosks, and what the centre
-- was told of this one's own. Sealed with the device's key, so that nobody adds
-- one who has the file alone.
CREATE TABLE badge_keys (
    id      TEXT PRIMARY KEY,
    content BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE own_badge_keys (
    id      TEXT PRIMARY KEY,
    content BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Until when somebody counts as seen, by any kiosk of the site.
CREATE TABLE centre_seen (
    person TEXT    PRIMARY KEY,
    until  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TRIGGER site_person_erased AFTER UPDATE OF wrapped_key ON people WHEN NEW.wrapped_key IS NULL BEGIN
  DELETE FROM parked_consents WHERE person = NEW.id;
  DELETE FROM centre_seen WHERE person = NEW.id;
END;

-- A consent that came down has no notice until it is taken back here.
DROP TRIGGER notice_consent_withdrawn;
CREATE TRIGGER notice_consent_withdrawn AFTER UPDATE OF withdrawn_at ON consent_purposes
WHEN NEW.withdrawn_at IS NOT OLD.withdrawn_at AND NOT (SELECT applying FROM sync_state) BEGIN
  INSERT INTO notices (kind, ref, person, created_at)
    SELECT 'consent', id, person, NEW.withdrawn_at FROM consents WHERE id = NEW.consent
  ON CONFLICT (kind, ref) DO UPDATE SET version = version + 1, item = '', body = NULL,
    attempts = 0, next_at = 0, last_error = '', state = 'pending',
    created_at = CASE state WHEN 'pending' THEN created_at ELSE excluded.created_at END;
END;
