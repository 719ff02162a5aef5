package postgres

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/pressly/goose/v3"

	"agentid/app/domain"
	"agentid/app/domain/domaintest"
	"agentid/sync/central/pgtest"
	"agentid/sync/protocol"
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

// TestMigrateFromSchema2: what people agreed to before consents came down comes
// down, each once, behind all that was told; a withdrawal that was kept without its
// time is one. Its rows are written here as that release wrote them; never edit them.
func TestMigrateFromSchema2(t *testing.T) {
	dsn := pgtest.Database(t, "schema2", func(ctx context.Context, dsn string) error {
		return provide(dsn, func(p *goose.Provider) error { _, err := p.UpTo(ctx, 2); return err })
	})
	c, err := pgx.Connect(t.Context(), dsn)
	must(t, err)
	const consent = `"version": "2026-1", "text_sha256": "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824", "lang": "es", "granted": ["data", "face"],
		"method": "kiosk_touch", "device_id": "6f1c2b1e-9d3a-4a57-8e0e-000000000001", "at": "2026-11-21T10:00:00Z"`
	_, err = c.Exec(t.Context(), `
		INSERT INTO sites (id, name, feed_seq, created_at) VALUES ('norte', 'Banco norte', 5, '2026-11-21 10:00+00'), ('sur', 'Banco sur', 0, '2026-11-21 10:00+00');
		INSERT INTO kiosks (device, site, branch, public_key, exchange_key, enrolled_at) VALUES ('6f1c2b1e-9d3a-4a57-8e0e-000000000001', 'norte', 'centro', '\x01', '\x02', '2026-11-21 10:00+00');
		INSERT INTO changes (site, seq, kind, ref, at, body) VALUES ('norte', 4, 'tombstone', '019aa5c1-aa80-7000-8000-000000000009', '2026-11-21 10:00+00',
			'{"person_id": "019aa5c1-aa80-7000-8000-000000000009", "why": "erased_by_person", "at": "2026-11-21T10:00:00Z"}');
		INSERT INTO consents (id, person, site, at, granted, withdrawn, body) VALUES
			('019aa5c1-aa80-7000-8000-000000000001', '019aa5c1-aa80-7000-8000-000000000011', 'norte', '2026-11-21 10:00+00', '{data,face}', '{}',
				'{"id": "019aa5c1-aa80-7000-8000-000000000001", "person_id": "019aa5c1-aa80-7000-8000-000000000011", `+consent+`}'),
			('019aa5c1-aa80-7000-8000-000000000002', '019aa5c1-aa80-7000-8000-000000000012', 'norte', '2026-11-21 11:00+00', '{data}', '{face}',
				'{"id": "019aa5c1-aa80-7000-8000-000000000002", "person_id": "019aa5c1-aa80-7000-8000-000000000012", `+consent+`}');`)
	must(t, err)
	must(t, c.Close(t.Context()))
	must(t, Migrate(t.Context(), dsn))

	db := open(t, dsn, domaintest.NewClock(start))
	k, err := db.Kiosk(t.Context(), "6f1c2b1e-9d3a-4a57-8e0e-000000000001")
	must(t, err)
	page, err := db.Changes(t.Context(), k, "", 10)
	must(t, err)
	if len(page.Changes) != 3 || page.Changes[1].Seq != 6 || page.Changes[2].Seq != 7 || one[int64](t, db, "SELECT feed_seq FROM sites WHERE id = 'norte'") != 7 ||
		one[int64](t, db, "SELECT feed_seq FROM sites WHERE id = 'sur'") != 0 {
		t.Fatalf("%+v", page)
	}
	for i, want := range []string{"019aa5c1-aa80-7000-8000-000000000001", "019aa5c1-aa80-7000-8000-000000000002"} {
		v, err := protocol.DecodeChange(page.Changes[i+1])
		must(t, err)
		if c := v.(*protocol.Consent); c.ID != want || c.Allows(domain.PurposeFace) != (i == 0) || !c.Allows(domain.PurposeData) || c.Version != "2026-1" {
			t.Errorf("%+v", c)
		}
	}
	// And the kiosk goes on: the next change is the next number.
	_, err = db.Publish(t.Context(), "norte", protocol.ChangeFAQ, "es", "text/plain", "x")
	must(t, err)
	if page, err := db.Changes(t.Context(), k, page.Cursor, 10); err != nil || len(page.Changes) != 1 || page.Changes[0].Seq != 8 {
		t.Errorf("%+v, %v", page, err)
	}
}

// TestMigrateFromSchema3: badge keys stay whose they were, with their limits. Its
// rows are written here as that release wrote them; never edit them.
func TestMigrateFromSchema3(t *testing.T) {
	dsn := pgtest.Database(t, "schema3", func(ctx context.Context, dsn string) error {
		return provide(dsn, func(p *goose.Provider) error { _, err := p.UpTo(ctx, 3); return err })
	})
	c, err := pgx.Connect(t.Context(), dsn)
	must(t, err)
	_, err = c.Exec(t.Context(), `
		INSERT INTO sites (id, name, feed_seq, created_at) VALUES ('norte', 'Banco norte', 3, '2026-11-21 10:00+00');
		INSERT INTO kiosks (device, site, branch, public_key, exchange_key, enrolled_at) VALUES ('6f1c2b1e-9d3a-4a57-8e0e-000000000001', 'norte', 'centro', '\x01', '\x02', '2026-11-21 10:00+00');
		INSERT INTO badge_keys (site, id, public, device, proven, version, told_at, retired_at, revoked_at, revoked_of) VALUES
			('norte', '000000000001', '\x0101010101010101010101010101010101010101010101010101010101010101', '6f1c2b1e-9d3a-4a57-8e0e-000000000001', true, 2, '2026-11-21 10:00+00', NULL, NULL, NULL),
			('norte', '000000000002', '\x0202020202020202020202020202020202020202020202020202020202020202', '6f1c2b1e-9d3a-4a57-8e0e-000000000001', false, 1, '2026-11-21 10:00+00', '2026-11-20 10:00+00', NULL, NULL),
			('norte', '000000000003', '\x0303030303030303030303030303030303030303030303030303030303030303', '6f1c2b1e-9d3a-4a57-8e0e-000000000001', true, 1, '2026-11-21 10:00+00', NULL, '2026-11-21 11:00+00', '6f1c2b1e-9d3a-4a57-8e0e-000000000009');`)
	must(t, err)
	must(t, c.Close(t.Context()))
	must(t, Migrate(t.Context(), dsn))

	db := open(t, dsn, domaintest.NewClock(start))
	keys := map[string]any{}
	must(t, db.readKeys(t.Context(), "norte", []string{"000000000001", "000000000002", "000000000003"}, keys))
	for i, id := range []string{"000000000001", "000000000002", "000000000003"} {
		k, ok := keys[string(protocol.ChangeBadgeKey)+id].(*protocol.TrustedKey)
		if !ok || k.RetiredAt.IsZero() != (i != 1) || k.RevokedAt.IsZero() != (i != 2) {
			t.Errorf("%s: %+v", id, k)
		}
	}
	if n := one[int](t, db, "SELECT count(*) FROM badge_keys WHERE proved_at = told_at"); n != 2 {
		t.Errorf("%d are proven", n)
	}
}

// TestMigrateErasuresFromSchema3: what was erased stays so, and on record; what was still to
// be deleted is. Its rows are written here as that release wrote them; never edit them.
func TestMigrateErasuresFromSchema3(t *testing.T) {
	dsn := pgtest.Database(t, "schema3_erasures", func(ctx context.Context, dsn string) error {
		return provide(dsn, func(p *goose.Provider) error { _, err := p.UpTo(ctx, 3); return err })
	})
	c, err := pgx.Connect(t.Context(), dsn)
	must(t, err)
	_, err = c.Exec(t.Context(), `
		INSERT INTO tombstones (person, id, site, why, at, asked_by, figures, objects_at) VALUES
			('019aa5c1-aa80-7000-8000-000000000002', '019aa5c1-aa80-7000-8000-000000000003', 'norte', 'erased_by_person', '2026-11-21 10:00+00', 'ana', '{}', '2026-11-21 10:01+00'),
			('019aa5c1-aa80-7000-8000-000000000004', '019aa5c1-aa80-7000-8000-000000000005', 'norte', 'erased_by_person', '2026-11-21 10:00+00', 'ana', '{}', NULL);
		INSERT INTO doomed (bucket, key, person, versions) VALUES ('facial-images', 'norte/aa/aa', '019aa5c1-aa80-7000-8000-000000000002', 3),
			('facial-images', 'norte/bb/bb', '019aa5c1-aa80-7000-8000-000000000004', NULL);
		INSERT INTO alarms (at, site, device, kind, detail) SELECT '2026-11-21 10:00+00', 'norte', '6f1c2b1e-9d3a-4a57-8e0e-000000000001', kind, detail::jsonb FROM generate_series(1, 3), (VALUES
			('same_id', '{"kind": "event", "id": "019aa5c1-aa80-7000-8000-000000000021"}'), ('same_id', '{"kind": "event", "id": "019aa5c1-aa80-7000-8000-000000000022"}'),
			('same_document', '{"person": "019aa5c1-aa80-7000-8000-000000000031", "others": ["019aa5c1-aa80-7000-8000-000000000032"]}')) x (kind, detail);`)
	must(t, err)
	must(t, c.Close(t.Context()))
	must(t, Migrate(t.Context(), dsn))

	db := open(t, dsn, domaintest.NewClock(start))
	list, err := db.Unrecorded(t.Context(), 10)
	if err != nil || len(list) != 1 || list[0].Person != "019aa5c1-aa80-7000-8000-000000000004" {
		t.Errorf("%+v, %v", list, err)
	}
	doomed, err := db.Doomed(t.Context(), 10)
	if err != nil || len(doomed) != 1 || doomed[0].Key != "norte/bb/bb" || !doomed[0].Last {
		t.Errorf("%+v, %v", doomed, err)
	}
	r, err := db.ErasureReport(t.Context(), "019aa5c1-aa80-7000-8000-000000000002")
	if err != nil || r.Objects.Versions != 3 || r.Objects.DoneAt == nil {
		t.Errorf("%+v, %v", r, err)
	}
	alarms, err := db.Alarms(t.Context(), 10)
	if err != nil || len(alarms) != 3 || one[int](t, db, "SELECT count(*) FROM alarms WHERE people @> ARRAY['019aa5c1-aa80-7000-8000-000000000032'::uuid]") != 1 {
		t.Errorf("%+v, %v", alarms, err)
	}
}

// TestConsentsOfAnOlderInstance: while a centre is brought up to date an instance of
// before may take consents in, and what is taken back of one; it tells of neither.
func TestConsentsOfAnOlderInstance(t *testing.T) {
	db, _ := newDB(t)
	k := enrol(t, db, "norte")
	send(t, db, k, consentOf(t, k, 1, domain.PurposeData, domain.PurposeFace), consentOf(t, k, 2, domain.PurposeData))
	if n, err := db.TellConsents(t.Context()); n != 0 || err != nil {
		t.Fatalf("what was told: %d, %v", n, err)
	}
	page, err := db.Changes(t.Context(), k, "", 10)
	must(t, err)
	// As the release before wrote them.
	const late = 600
	_, err = db.pool.Exec(t.Context(), `INSERT INTO consents (id, person, site, at, granted, withdrawn, body)
		SELECT ('019aa5c1-aa80-7000-8000-' || lpad(n::text, 12, '0'))::uuid, ('019aa5c1-aa80-7000-8000-1' || lpad(n::text, 11, '0'))::uuid, CASE WHEN n > 1 THEN 'norte' ELSE 'sur' END, now(), '{data}', '{}',
			jsonb_build_object('id', '019aa5c1-aa80-7000-8000-' || lpad(n::text, 12, '0'), 'person_id', '019aa5c1-aa80-7000-8000-1' || lpad(n::text, 11, '0'), 'version', '1', 'text_sha256', $1::text, 'lang', 'es',
				'granted', jsonb_build_array('data'), 'method', 'kiosk_touch', 'device_id', $2::text, 'at', '2026-11-21T10:00:00Z') FROM generate_series(1, $3) n`, hashA, k.Device, late)
	must(t, err)
	_, err = db.pool.Exec(t.Context(), `INSERT INTO consents (id, person, site, at, granted, withdrawn, body) SELECT id, person, site, at, '{data}', '{face}', body FROM consents WHERE person = $1
		ON CONFLICT (id) DO UPDATE SET granted = excluded.granted, withdrawn = excluded.withdrawn, body = excluded.body`, string(personID(1)))
	must(t, err)
	if got, err := db.Changes(t.Context(), k, page.Cursor, 1000); err != nil || len(got.Changes) != 0 {
		t.Fatalf("%d changes, %v", len(got.Changes), err)
	}
	for _, want := range []int{late + 1, 0} {
		if n, err := db.TellConsents(t.Context()); n != want || err != nil {
			t.Errorf("told %d, want %d, %v", n, want, err)
		}
	}
	var told []protocol.Change
	for page.More = true; page.More; told = append(told, page.Changes...) {
		page, err = db.Changes(t.Context(), k, page.Cursor, protocol.MaxChanges)
		must(t, err)
	}
	if len(told) != late { // one is of the other site
		t.Errorf("%d changes", len(told))
	}
	faceless := 0
	for _, c := range told {
		v, err := protocol.DecodeChange(c)
		must(t, err)
		if c := v.(*protocol.Consent); c.Person == personID(1) && !c.Allows(domain.PurposeFace) && c.Allows(domain.PurposeData) {
			faceless++
		}
	}
	if faceless != 1 {
		t.Errorf("what was taken back is told %d times", faceless)
	}
}
