-- What a validation stood on: the badge that was shown, whether the face was
-- live, and who of the staff had a say. Ids, a figure and a label: a badge's id
-- names nobody once erasure has removed the badge's row.
ALTER TABLE events ADD COLUMN badge TEXT;
ALTER TABLE events ADD COLUMN liveness REAL NOT NULL DEFAULT 0;
ALTER TABLE events ADD COLUMN liveness_reason TEXT NOT NULL DEFAULT '';
ALTER TABLE events ADD COLUMN staff TEXT;

CREATE INDEX events_badge ON events (badge) WHERE badge IS NOT NULL;
