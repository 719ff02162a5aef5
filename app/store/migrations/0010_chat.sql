-- What visitors asked, masked, and the cases that were handed over to staff.

CREATE TABLE exchanges (
    id          TEXT    PRIMARY KEY,
    at          INTEGER NOT NULL,
    lang        TEXT    NOT NULL,
    question    TEXT    NOT NULL, -- without numbers of cards, accounts, documents
    topic       TEXT    NOT NULL,
    confidence  REAL    NOT NULL,
    suggestions TEXT    NOT NULL, -- a JSON list of topics
    outcome     TEXT    NOT NULL,
    feedback    TEXT    NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;

CREATE INDEX exchanges_at ON exchanges (at);

CREATE TABLE cases (
    id          TEXT    PRIMARY KEY,
    version     INTEGER NOT NULL DEFAULT 1,
    at          INTEGER NOT NULL,
    kiosk       TEXT    NOT NULL,
    lang        TEXT    NOT NULL,
    identity    TEXT    NOT NULL,
    person      TEXT,
    reason      TEXT    NOT NULL,
    state       TEXT    NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'taken', 'closed')),
    staff       TEXT,
    changed_at  INTEGER NOT NULL,
    wrapped_key BLOB    NOT NULL, -- the transcript's own, by the master key
    transcript  BLOB    NOT NULL  -- sealed
) STRICT, WITHOUT ROWID;

CREATE INDEX cases_at ON cases (at);
CREATE INDEX cases_state ON cases (state, at);
CREATE INDEX cases_person ON cases (person) WHERE person IS NOT NULL;

CREATE TRIGGER notice_exchange_removed AFTER DELETE ON exchanges BEGIN
  DELETE FROM notices WHERE kind = 'exchange' AND ref = OLD.id;
END;
CREATE TRIGGER notice_case_removed AFTER DELETE ON cases BEGIN
  DELETE FROM notices WHERE kind = 'case' AND ref = OLD.id;
END;
