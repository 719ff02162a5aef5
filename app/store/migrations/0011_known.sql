-- People whom the centre has told of: it has their consent, though this kiosk
-- has not, so that what changes of them here is told.
CREATE TABLE centre_people (
    person TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

CREATE TRIGGER centre_person_erased AFTER UPDATE OF wrapped_key ON people WHEN NEW.wrapped_key IS NULL BEGIN
  DELETE FROM centre_people WHERE person = NEW.id;
END;
