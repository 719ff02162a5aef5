-- +goose Up

-- Who hears of events outside: their addresses, and what is told them.
CREATE TABLE webhooks (
    id         uuid        PRIMARY KEY,
    site       text        NOT NULL REFERENCES sites (id),
    url        text        NOT NULL,
    kinds      text[]      NOT NULL, -- of events
    wrapped    bytea       NOT NULL, -- the secret that signs, by the master key
    created_at timestamptz NOT NULL,
    closed_at  timestamptz,
    closed_why text        NOT NULL DEFAULT ''
);
CREATE INDEX webhooks_site ON webhooks (site) WHERE closed_at IS NULL;

CREATE TABLE deliveries (
    id         uuid        PRIMARY KEY,
    webhook    uuid        NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    at         timestamptz NOT NULL,
    person     uuid,
    body       jsonb       NOT NULL,
    state      text        NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'sent', 'dead')),
    attempts   integer     NOT NULL DEFAULT 0,
    next_at    timestamptz NOT NULL, -- not before; while it is being sent, not by another
    last_error text        NOT NULL DEFAULT ''
);
CREATE INDEX deliveries_due ON deliveries (next_at) WHERE state = 'pending';
CREATE INDEX deliveries_dead ON deliveries (at) WHERE state = 'dead';
CREATE INDEX deliveries_person ON deliveries (person) WHERE person IS NOT NULL;

-- +goose Down
DROP TABLE deliveries;
DROP TABLE webhooks;
