-- +goose Up

-- What each kiosk says of a badge key, rather than what the last that counted did:
-- who calls a key theirs first, without a proof, must not have it limited for
-- the one that proves to hold it.
ALTER TABLE badge_keys ADD COLUMN proved_at timestamptz; -- when that kiosk last proved to hold it
UPDATE badge_keys SET proved_at = told_at WHERE proven;
ALTER TABLE badge_keys DROP COLUMN proven, DROP CONSTRAINT badge_keys_pkey, ADD PRIMARY KEY (site, id, device);

-- Messages are taken webhook by webhook.
CREATE INDEX deliveries_webhook ON deliveries (webhook, next_at) WHERE state = 'pending';
DROP INDEX deliveries_due;

-- What came before its month had a partition is looked for when it gets one.
CREATE INDEX events_other_id ON events_other (id);

-- +goose Down
DROP INDEX events_other_id;
CREATE INDEX deliveries_due ON deliveries (next_at) WHERE state = 'pending';
DROP INDEX deliveries_webhook;
DELETE FROM badge_keys b USING badge_keys o WHERE o.site = b.site AND o.id = b.id AND o.device <> b.device
    AND (coalesce(o.proved_at, '-infinity'), o.told_at, o.device) > (coalesce(b.proved_at, '-infinity'), b.told_at, b.device);
ALTER TABLE badge_keys ADD COLUMN proven boolean NOT NULL DEFAULT false;
UPDATE badge_keys SET proven = proved_at IS NOT NULL;
ALTER TABLE badge_keys ALTER COLUMN proven DROP DEFAULT, DROP COLUMN proved_at, DROP CONSTRAINT badge_keys_pkey, ADD PRIMARY KEY (site, id);
