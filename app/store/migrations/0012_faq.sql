-- The questions and answers of this kiosk beside those it comes with.

-- What the branch made of a topic in a language: in place of what there is, or
-- a topic of its own. Sealed with the device's key, as what the centre publishes
-- is: who has the file changes nothing that the kiosk says.
CREATE TABLE faq_edits (
    lang    TEXT    NOT NULL,
    topic   TEXT    NOT NULL,
    version INTEGER NOT NULL,
    content BLOB    NOT NULL, -- sealed
    base    TEXT    NOT NULL, -- hash of what it took the place of; '' for nothing
    at      INTEGER NOT NULL,
    PRIMARY KEY (lang, topic)
) STRICT, WITHOUT ROWID;

-- The last whole set of a language that the centre published: it stays in use
-- while a newer one in centre_documents is broken.
CREATE TABLE faq_sets (
    lang    TEXT    PRIMARY KEY,
    version INTEGER NOT NULL,
    content BLOB    NOT NULL, -- sealed
    at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
