package postgres

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/pressly/goose/v3"

	"agentid/app/domain/domaintest"
	"agentid/sync/central/pgtest"
)

// TestMigrateFromSchema1: a centre of the first schema goes on with what it had.
// Its rows are written here as the first release wrote them; never edit them.
func TestMigrateFromSchema1(t *testing.T) {
	dsn := pgtest.Database(t, "schema1", func(ctx context.Context, dsn string) error {
		return provide(dsn, func(p *goose.Provider) error { _, err := p.UpTo(ctx, 1); return err })
	})
	c, err := pgx.Connect(t.Context(), dsn)
	must(t, err)
	_, err = c.Exec(t.Context(), `
		INSERT INTO sites (id, name, feed_seq, created_at) VALUES ('norte', 'Banco norte', 2, '2026-11-21 10:00+00');
		INSERT INTO kiosks (device, site, branch, public_key, exchange_key, enrolled_at) VALUES ('6f1c2b1e-9d3a-4a57-8e0e-000000000001', 'norte', 'centro', '\x01', '\x02', '2026-11-21 10:00+00');
		CREATE TABLE events_2026_11 PARTITION OF events FOR VALUES FROM ('01a19467-e800-0000-0000-000000000000') TO ('01a22ee6-b000-0000-0000-000000000000');
		INSERT INTO people (id, site, version, created_at, updated_at, device, key_id, fields, second_factor) VALUES
			('019aa5c1-aa80-7000-8000-000000000001', 'norte', 3, '2026-11-21 10:00+00', '2026-11-21 10:00+00', '6f1c2b1e-9d3a-4a57-8e0e-000000000001', 'k', '{"name": {"at": "2026-11-21T10:00:00Z", "sealed": "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQ=="}}', false);
		INSERT INTO changes (site, seq, kind, ref, at) VALUES ('norte', 1, 'person', '019aa5c1-aa80-7000-8000-000000000001', '2026-11-21 10:00+00');
		INSERT INTO changes (site, seq, kind, ref, at, body) VALUES ('norte', 2, 'tombstone', '019aa5c1-aa80-7000-8000-000000000002', '2026-11-21 10:00+00',
			'{"person_id": "019aa5c1-aa80-7000-8000-000000000002", "why": "erased_by_person", "at": "2026-11-21T10:00:00Z"}');
		INSERT INTO tombstones (person, id, site, why, at, asked_by, figures) VALUES ('019aa5c1-aa80-7000-8000-000000000002', '019aa5c1-aa80-7000-8000-000000000003', 'norte', 'erased_by_person',
			'2026-11-21 10:00+00', 'ana', '{"person": 1}');`)
	must(t, err)
	must(t, c.Close(t.Context()))
	must(t, Migrate(t.Context(), dsn))

	db := open(t, dsn, domaintest.NewClock(start))
	k, err := db.Kiosk(t.Context(), "6f1c2b1e-9d3a-4a57-8e0e-000000000001")
	must(t, err)
	if got := said(send(t, db, k, event(t, k, 1, nil))) + said(send(t, db, k, event(t, k, 1, nil))); got != " stored duplicate" {
		t.Error(got)
	}
	if where := one[string](t, db, "SELECT tableoid::regclass::text FROM events"); where != "events_2026_11" {
		t.Errorf("the event lies in %s", where)
	}
	page, err := db.Changes(t.Context(), k, "", 10)
	if err != nil || len(page.Changes) != 2 || page.Changes[0].Gone || page.Changes[1].Seq != 2 {
		t.Errorf("%+v, %v", page, err)
	}
	r, err := db.ErasureReport(t.Context(), "019aa5c1-aa80-7000-8000-000000000002")
	if err != nil || r.Database.Person != 1 || r.Complete {
		t.Errorf("%+v, %v", r, err)
	}
}
