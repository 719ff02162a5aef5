-- The accounts of the branch's staff.

-- A closed account keeps its name, for the audit names its id, but no PIN.
CREATE TABLE staff (
    id          TEXT    PRIMARY KEY,
    login       TEXT    NOT NULL UNIQUE,
    wrapped_key BLOB    NOT NULL, -- the account's data key, wrapped by the master key
    name        BLOB    NOT NULL, -- sealed with the data key, bound to login and role
    secret      BLOB,             -- cost, salt and argon2id hash of the PIN, likewise
    role        TEXT    NOT NULL,
    created_at  INTEGER NOT NULL,
    closed_at   INTEGER,
    CHECK ((closed_at IS NULL) = (secret IS NOT NULL))
) STRICT, WITHOUT ROWID;

-- The code that makes the first administrator, if one was made.
CREATE TABLE setup_code (
    one   INTEGER PRIMARY KEY CHECK (one = 1),
    hash  BLOB    NOT NULL, -- HMAC-SHA256 under the pepper
    at    INTEGER NOT NULL,
    until INTEGER NOT NULL
) STRICT;
