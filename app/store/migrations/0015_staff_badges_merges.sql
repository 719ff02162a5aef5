-- The badges of staff, and people who turned out to be one.

-- Ids and times only. A badge says who wants to sign in: the PIN proves it.
CREATE TABLE staff_badges (
    id         TEXT    PRIMARY KEY,
    staff      TEXT    NOT NULL REFERENCES staff (id),
    not_before INTEGER NOT NULL,
    expires    INTEGER NOT NULL,
    revoked_at INTEGER,
    revoked    TEXT    NOT NULL DEFAULT '',
    CHECK (not_before < expires),
    CHECK ((revoked_at IS NULL) = (revoked = ''))
) STRICT, WITHOUT ROWID;

CREATE INDEX staff_badges_staff ON staff_badges (staff);

-- Whose record went into whose, by ids alone: the history of one who was merged
-- stays under the id it had. It goes when the one who stayed is erased.
CREATE TABLE merges (
    gone TEXT    PRIMARY KEY REFERENCES people (id),
    keep TEXT    NOT NULL REFERENCES people (id),
    at   INTEGER NOT NULL,
    CHECK (gone <> keep)
) STRICT, WITHOUT ROWID;

CREATE INDEX merges_keep ON merges (keep);
