-- +goose Up

-- What of a consent kiosks were told: a digest of its body and of what was taken
-- back. Programs of before consents came down, which may run beside this one while a
-- centre is brought up to date, take consents in and tell of none; what they took in
-- earlier is told again, once.
ALTER TABLE consents ADD COLUMN told text;

-- +goose Down
ALTER TABLE consents DROP COLUMN told;
