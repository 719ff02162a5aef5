-- What the centre's documents make of accounts of staff and of cases.

-- The accounts that are the centre's. One that it wants open and that is closed
-- was closed here, and stays so.
CREATE TABLE centre_staff (
    id    TEXT    PRIMARY KEY REFERENCES staff (id),
    open  INTEGER NOT NULL CHECK (open IN (0, 1)),             -- as the centre wants it
    ready INTEGER NOT NULL DEFAULT 0 CHECK (ready IN (0, 1)),  -- has a PIN: until then nothing opens it but the code
    code  BLOB,    -- HMAC-SHA256, under the pepper, of the one-time code that may be used
    until INTEGER,
    used  BLOB,    -- likewise, of the one that was used last
    CHECK ((code IS NULL) = (until IS NULL))
) STRICT, WITHOUT ROWID;

-- When who asked was told what the centre answered.
ALTER TABLE cases ADD COLUMN told_at INTEGER;

-- What is answered to a case goes with it.
CREATE TRIGGER case_answer_removed AFTER DELETE ON cases BEGIN
  DELETE FROM centre_documents WHERE kind = 'case_answer' AND ref = OLD.id;
END;
