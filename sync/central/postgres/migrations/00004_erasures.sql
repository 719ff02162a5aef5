-- +goose Up

ALTER TABLE doomed
    -- Tickets are out until then, or what they began: something may still be put
    -- there. It is erased at once, and again after that; only then is it gone.
    ADD COLUMN put_until timestamptz NOT NULL DEFAULT '-infinity',
    ADD COLUMN next_at   timestamptz NOT NULL DEFAULT '-infinity', -- not looked at before
    -- How many versions were deleted so far; versions stays NULL until nothing can
    -- come any more.
    ADD COLUMN removed   integer     NOT NULL DEFAULT 0,
    -- Grows when it is doomed again, and when it is gone: by it whoever has looked
    -- into the object store knows whether what was seen there still counts.
    ADD COLUMN generation bigint     NOT NULL DEFAULT 1;
UPDATE doomed SET removed = versions WHERE versions IS NOT NULL;
DROP INDEX doomed_open;
CREATE INDEX doomed_open ON doomed (next_at) WHERE versions IS NULL;

ALTER TABLE tombstones
    -- Whether every site is told, and the object store is to have a record of it:
    -- not of somebody of whom only the kiosk knows that had them erased.
    ADD COLUMN record      boolean     NOT NULL DEFAULT true,
    ADD COLUMN recorded_at timestamptz; -- which does not wait for its pictures
UPDATE tombstones SET recorded_at = objects_at;
CREATE INDEX tombstones_unrecorded ON tombstones (at) WHERE record AND recorded_at IS NULL;

-- Of one thing of one kiosk there is one alarm. The default is for programs of the
-- release before that still run.
ALTER TABLE alarms
    ADD COLUMN item   text   NOT NULL DEFAULT gen_random_uuid()::text,
    ADD COLUMN people uuid[] NOT NULL DEFAULT '{}'; -- whom it names
UPDATE alarms SET people = ARRAY(SELECT p::uuid FROM (SELECT detail ->> 'person' AS p
    UNION ALL SELECT jsonb_array_elements_text(detail -> 'others')) x WHERE p IS NOT NULL)
    WHERE kind = 'same_document';
UPDATE alarms SET item = coalesce(people[1]::text, detail::text);
DELETE FROM alarms WHERE id IN (SELECT id FROM (SELECT id, row_number() OVER (PARTITION BY device, kind, item ORDER BY id DESC) AS n FROM alarms) x WHERE n > 1);
CREATE UNIQUE INDEX alarms_item ON alarms (device, kind, item);
CREATE INDEX alarms_people ON alarms USING gin (people);

-- +goose Down
DROP INDEX alarms_people;
DROP INDEX alarms_item;
ALTER TABLE alarms DROP COLUMN item, DROP COLUMN people;
DROP INDEX tombstones_unrecorded;
ALTER TABLE tombstones DROP COLUMN record, DROP COLUMN recorded_at;
DROP INDEX doomed_open;
CREATE INDEX doomed_open ON doomed (bucket, key) WHERE versions IS NULL;
ALTER TABLE doomed DROP COLUMN put_until, DROP COLUMN next_at, DROP COLUMN removed, DROP COLUMN generation;
