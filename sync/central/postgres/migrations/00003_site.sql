-- +goose Up

-- Keys that badges of a site's kiosks are verified with.
CREATE TABLE badge_keys (
    site       text        NOT NULL REFERENCES sites (id),
    id         text        NOT NULL CHECK (id ~ '^[0-9a-f]{12}$'),
    public     bytea       NOT NULL,
    device     uuid        NOT NULL, -- whose it is: the last that proved to hold it
    proven     boolean     NOT NULL,
    version    bigint      NOT NULL, -- of what that kiosk says of it
    told_at    timestamptz NOT NULL,
    retired_at timestamptz,
    dropped_at timestamptz, -- its kiosk trusts it no more, nor is anybody to
    revoked_at timestamptz, -- when a kiosk that held it was revoked
    revoked_of uuid,        -- which
    PRIMARY KEY (site, id)
);
CREATE INDEX badge_keys_device ON badge_keys (device);

-- The newest day, of UTC, on which somebody was recognised or validated anywhere.
CREATE TABLE seen (
    person uuid PRIMARY KEY REFERENCES people (id) ON DELETE CASCADE,
    site   text NOT NULL,
    day    date NOT NULL,
    told   date -- to the kiosks
);
CREATE INDEX seen_untold ON seen (site) WHERE told IS DISTINCT FROM day;

-- Events received before have been looked at for it.
ALTER TABLE meta ADD COLUMN seen_to timestamptz;

-- Consents that are here come down from now on.
LOCK TABLE sites IN SHARE ROW EXCLUSIVE MODE;
INSERT INTO changes (site, seq, kind, ref, at)
    SELECT c.site, s.feed_seq + row_number() OVER (PARTITION BY c.site ORDER BY c.at, c.id), 'consent', c.id::text, now()
    FROM consents c JOIN sites s ON s.id = c.site;
UPDATE sites s SET feed_seq = s.feed_seq + n.count
    FROM (SELECT site, count(*) AS count FROM consents GROUP BY site) n WHERE n.site = s.id;

-- +goose Down
DELETE FROM changes WHERE kind IN ('consent', 'badge_key', 'seen');
ALTER TABLE meta DROP COLUMN seen_to;
DROP TABLE seen;
DROP TABLE badge_keys;
