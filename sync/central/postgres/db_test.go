package postgres

import (
	"bytes"
	"context"
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"agentid/app/domain"
	"agentid/app/domain/domaintest"
	"agentid/sync/central/pgtest"
	"agentid/sync/protocol"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

var (
	start  = time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	master = bytes.Repeat([]byte{7}, 32)
	enc    = domain.EncoderRef{Name: "dlib", Version: "1"}
)

const hashA = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newDSN(t testing.TB) string { return pgtest.Database(t, "central", Migrate) }

func open(t testing.TB, dsn string, clock domain.Clock) *DB {
	t.Helper()
	db, err := Open(context.Background(), Options{DSN: dsn, Master: master, Clock: clock})
	must(t, err)
	t.Cleanup(db.Close)
	return db
}

// newDB is a database with the sites norte and sur.
func newDB(t testing.TB) (*DB, *domaintest.Clock) {
	t.Helper()
	clock := domaintest.NewClock(start)
	db := open(t, newDSN(t), clock)
	for _, s := range []string{"norte", "sur"} {
		must(t, db.AddSite(context.Background(), s, "Banco "+s))
	}
	return db, clock
}

// keys of a kiosk.
type keys struct {
	sign     ed25519.PrivateKey
	exchange *ecdh.PrivateKey
}

func request(t testing.TB, code, device string) (protocol.EnrolRequest, keys) {
	t.Helper()
	_, sign, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	exchange, err := ecdh.X25519().GenerateKey(rand.Reader)
	must(t, err)
	r := protocol.EnrolRequest{Code: code, DeviceID: device, ExchangeKey: exchange.PublicKey().Bytes()}
	must(t, r.Sign(sign))
	return r, keys{sign, exchange}
}

func enrol(t testing.TB, db *DB, site string) Kiosk {
	t.Helper()
	code, _, err := db.NewCode(context.Background(), site, "centro", "ana")
	must(t, err)
	r, _ := request(t, code, uuid.NewString())
	k, err := db.Enrol(context.Background(), r)
	must(t, err)
	return k
}

// idAt is the nth UUIDv7 of a moment.
func idAt(at time.Time, n int) string {
	var u uuid.UUID
	monthBytes(&u, at.UnixMilli())
	u[6], u[8] = 0x70, 0x80
	for i := range 7 {
		u[15-i] = byte(n >> (8 * i))
	}
	return u.String()
}

func event(t testing.TB, k Kiosk, n int, change func(*domain.Event)) protocol.Item {
	t.Helper()
	e := domain.Event{ID: domain.EventID(idAt(start, n)), Seq: uint64(n), DeviceID: k.Device, Kind: domain.EventRecognition,
		Reason: domain.ReasonUnknown, At: start, Distance: 0.7, Threshold: 0.6, Metric: "euclidean", Votes: 5, Frames: 5, Encoder: enc, Detector: "haar"}
	if change != nil {
		change(&e)
	}
	it, err := protocol.EventItem(e)
	must(t, err)
	return it
}

func item(t testing.TB, kind protocol.Kind, id string, b protocol.Body) protocol.Item {
	t.Helper()
	it, err := protocol.NewItem(kind, id, b)
	must(t, err)
	return it
}

func personID(n int) domain.PersonID { return domain.PersonID(idAt(start.Add(-time.Hour), n)) }

func consentOf(t testing.TB, k Kiosk, n int, purposes ...domain.Purpose) protocol.Item {
	t.Helper()
	it, err := protocol.ConsentItem(domain.Consent{ID: idAt(start.Add(-2*time.Hour), n), Person: personID(n), Version: "1", TextSHA256: hashA, Lang: domain.Spanish,
		Granted: purposes, Method: "kiosk_touch", DeviceID: k.Device, At: start})
	must(t, err)
	return it
}

func personOf(t testing.TB, n int, version int64, change func(*protocol.Person)) protocol.Item {
	t.Helper()
	id := personID(n)
	p := &protocol.Person{ID: id, Version: version, CreatedAt: start, KeyID: "k", Fields: map[string]protocol.Field{protocol.FieldName: {At: start, Sealed: bytes.Repeat([]byte{byte(n)}, 40)}},
		Templates: []protocol.Template{{ID: idAt(start.Add(-3*time.Hour), n), Encoder: enc, Quality: 0.9, CreatedAt: start, Sealed: bytes.Repeat([]byte{byte(n)}, 64)}}}
	if change != nil {
		change(p)
	}
	return item(t, protocol.KindPerson, protocol.DerivedID(protocol.KindPerson, string(id), version), p)
}

func tombstoneOf(t testing.TB, n int) protocol.Item {
	t.Helper()
	it, err := protocol.TombstoneItem(personID(n), domain.ErasureReceipt{ID: idAt(start, 1_000_000+n), At: start, Why: domain.ReasonErasedByPerson, KeyGone: true, Templates: 1})
	must(t, err)
	return it
}

func send(t testing.TB, db *DB, k Kiosk, items ...protocol.Item) []protocol.Answer {
	t.Helper()
	b := protocol.Batch{ID: uuid.NewString(), DeviceID: k.Device, SentAt: db.now(), Items: items}
	raw, err := json.Marshal(b)
	must(t, err)
	b, err = protocol.DecodeBatch(raw)
	must(t, err)
	as, err := db.Ingest(context.Background(), k, b)
	must(t, err)
	if len(as) != len(items) {
		t.Fatalf("%d answers for %d items", len(as), len(items))
	}
	return as
}

// said is what was answered, in short.
func said(as []protocol.Answer) string {
	var s string
	for _, a := range as {
		s += " " + string(a.Status)
		if a.Reason != "" {
			s += ":" + string(a.Reason)
		}
	}
	return s
}

func one[T any](t testing.TB, db *DB, query string, args ...any) (v T) {
	t.Helper()
	must(t, db.pool.QueryRow(context.Background(), query, args...).Scan(&v))
	return v
}

func TestOpenRefuses(t *testing.T) {
	dsn := newDSN(t)
	open(t, dsn, domain.SystemClock{})
	if _, err := Open(t.Context(), Options{DSN: dsn, Master: bytes.Repeat([]byte{8}, 32), Clock: domain.SystemClock{}}); !errors.Is(err, ErrMasterKey) {
		t.Errorf("another master key: %v", err)
	}
	if _, err := Open(t.Context(), Options{DSN: "host=/nowhere dbname=x", Master: master, Clock: domain.SystemClock{}}); !errors.Is(err, ErrUnavailable) {
		t.Errorf("no server: %v", err)
	}
	empty := pgtest.Database(t, "empty", func(context.Context, string) error { return nil })
	if _, err := Open(t.Context(), Options{DSN: empty, Master: master, Clock: domain.SystemClock{}}); !errors.Is(err, ErrSchema) {
		t.Errorf("not migrated: %v", err)
	}
	if _, err := Open(t.Context(), Options{DSN: "postgres://u:geheim@[::1", Master: master, Clock: domain.SystemClock{}}); err == nil || bytes.Contains([]byte(err.Error()), []byte("geheim")) {
		t.Errorf("a dsn that is none: %v", err)
	}
}

func TestMigrateTogether(t *testing.T) {
	empty := pgtest.Database(t, "empty", func(context.Context, string) error { return nil })
	errs := make(chan error)
	for range 3 {
		go func() { errs <- Migrate(context.Background(), empty) }()
	}
	for range 3 {
		must(t, <-errs)
	}
	have, want, err := Schema(t.Context(), empty)
	if err != nil || have != want || want == 0 {
		t.Errorf("schema %d of %d, %v", have, want, err)
	}
}
