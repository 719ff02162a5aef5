-- What long lists are found by.

-- Words of names, by which sealed names are found: see names.go.
CREATE TABLE name_index (
    bucket INTEGER NOT NULL, -- 16 bits of an HMAC of a word's beginning
    person TEXT    NOT NULL REFERENCES people (id),
    PRIMARY KEY (bucket, person)
) STRICT, WITHOUT ROWID;

CREATE INDEX name_index_person ON name_index (person);

-- 0 until the names of a database from before have been indexed.
ALTER TABLE device ADD COLUMN names_indexed INTEGER NOT NULL DEFAULT 0;

-- For a stretch of time, of all events and of some; each ends in the rowid, seq.
CREATE INDEX events_at ON events (at);
CREATE INDEX events_kind_at ON events (kind, at);
CREATE INDEX events_reason_at ON events (reason, at);
CREATE INDEX events_person_at ON events (person, at) WHERE person IS NOT NULL;
