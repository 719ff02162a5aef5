-- Who did what. Ids and labels only; each entry has the hash of the one before.
CREATE TABLE audit (
    seq         INTEGER PRIMARY KEY CHECK (seq >= 1),
    at          INTEGER NOT NULL,
    actor       TEXT    NOT NULL,
    role        TEXT    NOT NULL,
    action      TEXT    NOT NULL,
    target_kind TEXT    NOT NULL,
    target      TEXT    NOT NULL,
    detail      TEXT    NOT NULL, -- a JSON object of texts
    prev        BLOB    NOT NULL CHECK (length(prev) = 32),
    hash        BLOB    NOT NULL CHECK (length(hash) = 32)
) STRICT;

-- Each ends in the rowid, seq, and so gives newest first without sorting.
CREATE INDEX audit_actor ON audit (actor);
CREATE INDEX audit_action ON audit (action);
CREATE INDEX audit_target ON audit (target_kind, target);

-- Against a mistake of ours: who has the file can drop these, and is found out
-- by the chain. The last is for INSERT OR REPLACE, which no trigger sees delete.
CREATE TRIGGER audit_not_edited BEFORE UPDATE ON audit BEGIN
  SELECT raise(ABORT, 'the audit is append-only');
END;
CREATE TRIGGER audit_not_removed BEFORE DELETE ON audit BEGIN
  SELECT raise(ABORT, 'the audit is append-only');
END;
CREATE TRIGGER audit_at_its_end BEFORE INSERT ON audit WHEN NEW.seq <= (SELECT max(seq) FROM audit) BEGIN
  SELECT raise(ABORT, 'the audit is append-only');
END;

-- The last entry, under a MAC whose key hangs on the master key: who has the
-- file alone can neither cut the end off nor hash the chain anew unnoticed.
CREATE TABLE audit_head (
    one    INTEGER PRIMARY KEY CHECK (one = 1),
    seq    INTEGER NOT NULL,
    hash   BLOB    NOT NULL,
    broken INTEGER NOT NULL, -- the first entry that was appended to a broken log; 0 for none
    mac    BLOB    NOT NULL
) STRICT;
