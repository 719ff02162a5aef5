package protocol

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"agentid/app/domain"
)

var moment = time.Date(2026, 11, 21, 10, 0, 0, 123456000, time.UTC)

const (
	idA    = "01939d2c-4e00-7000-8000-000000000001"
	idB    = "01939d2c-4e00-7000-8000-000000000002"
	device = "6f1c2b1e-9d3a-4a57-8e0e-000000000001"
	hashA  = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
)

// full is one body of each kind with every field set.
func full() map[Kind]Body {
	sealed := bytes.Repeat([]byte{1}, 40)
	enc := domain.EncoderRef{Name: "dlib", Version: "1"}
	yes := true
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))
	public := key.Public().(ed25519.PublicKey)
	return map[Kind]Body{
		KindBadgeKey: &BadgeKey{ID: domain.BadgeKeyIDOf(public), DeviceID: device, PublicKey: public, Version: 3, RetiredAt: moment, DroppedAt: moment,
			Proof: ed25519.Sign(key, domain.BadgeKeyProof(device, public))},
		KindEvent: &Event{ID: idA, Seq: 7, DeviceID: device, Kind: domain.EventRecognition, Reason: domain.ReasonRecognised, At: moment,
			Person: idB, About: idB, Distance: 0.31, Second: 0.72, Threshold: 0.6, Metric: "euclidean", Votes: 3, Frames: 4, Quality: 0.8,
			Encoder: enc, Detector: "haar", Snapshot: hashA, Badge: idA, Liveness: 0.9, LivenessReason: "passive", Staff: idB},
		KindPerson: &Person{ID: idB, Version: 2, CreatedAt: moment, KeyID: "k1", Fields: map[string]Field{FieldName: {At: moment, Sealed: sealed}},
			DocumentTag: hashA, Templates: []Template{{ID: idA, Encoder: enc, Quality: 0.9, CreatedAt: moment, Sealed: sealed}},
			Dropped: []string{idB}, SecondFactor: true},
		KindBadge: &Badge{ID: idA, Person: idB, NotBefore: moment, Expires: moment.Add(time.Hour), Templates: 1, RevokedAt: moment, Revoked: "lost"},
		KindConsent: &Consent{ID: idA, Person: idB, Version: "2026-1", TextSHA256: hashA, Lang: domain.Spanish, Granted: []domain.Purpose{domain.PurposeData, domain.PurposeFace},
			Refused: []domain.Purpose{"research"}, Method: "kiosk_touch", DeviceID: device, At: moment, Withdrawn: []Withdrawal{{domain.PurposeFace, moment}}},
		KindTombstone: &Tombstone{Person: idB, Receipt: domain.ErasureReceipt{ID: idA, At: moment, Why: domain.ReasonErasedByPerson, KeyGone: true, Templates: 1, Badges: 1, Consents: 1, Snapshots: 1, Outbox: 1}},
		KindExchange:  &Exchange{At: moment, Lang: domain.Spanish, Question: "¿A qué hora abren?", Entry: "horario", Score: 3.5, Outcome: "answered", Helpful: &yes, Took: 900},
		KindCase: &Case{ID: idA, Version: 1, OpenedAt: moment, Lang: domain.Spanish, Person: idB, Topic: "tarjetas", Question: "Perdí mi tarjeta", State: "open",
			KeyID: "k1", Contact: sealed},
		KindAuditHead: &AuditHead{Chain: "admin", Seq: 12, Hash: hashA, At: moment},
		KindSensor:    &Sensor{Readings: []Reading{{At: moment, Sensor: "esp32-1", Metric: "temperature", Unit: "°C", Value: 21.5}}},
		KindHealth: &Health{At: moment, Version: "1.2.0", UptimeS: 60, Camera: "live", FPS: 24.5, Pending: 3, Dead: 1, OldestS: 9, DiskFree: 1 << 30, DBBytes: 1 << 20,
			People: 12, SkewMS: -40, Degraded: []string{"camera"}, Engine: "yunet+mobilefacenet", LastError: "none"},
	}
}

func fullBatch(t testing.TB) Batch { return batchOf(t, Kinds()...) }

func batchOf(t testing.TB, kinds ...Kind) Batch {
	b := Batch{ID: idA, DeviceID: device, SentAt: moment}
	bodies := full()
	for _, k := range kinds {
		it, err := NewItem(k, idA, bodies[k])
		if err != nil {
			t.Fatal(err)
		}
		b.Items = append(b.Items, it)
	}
	return b
}

// TestVersionsStay holds each version to what it was when it was released: a
// kiosk of then talks to a centre of now. A field is added with a new version only.
// AGENTID_WRITE_FIXTURES=1 writes the file of a version that has none yet.
func TestVersionsStay(t *testing.T) {
	for v := MinVersion; v <= MaxVersion; v++ {
		var kinds []Kind
		for _, k := range Kinds() {
			if SinceVersion(k) == v {
				kinds = append(kinds, k)
			}
		}
		b := batchOf(t, kinds...)
		want := fixture(t, fmt.Sprintf("v%d-batch.json", v), b)
		got, err := DecodeBatch(want)
		if err != nil || len(got.Items) != len(b.Items) {
			t.Fatalf("what version %d sent is not taken: %v", v, err)
		}
		for i, now := range b.Items {
			then := got.Items[i]
			a, errA := BodyHash(then.Body)
			b, errB := BodyHash(now.Body)
			if errA != nil || errB != nil || a != b || then.Kind != now.Kind {
				t.Errorf("%s is written otherwise than in version %d", now.Kind, v)
			}
			if _, err := DecodeBody(then.Kind, then.Body); err != nil {
				t.Errorf("%s of version %d is not taken: %v", then.Kind, v, err)
			}
		}
	}
}

// fixture reads a file of the wire as it was; see TestVersionsStay.
func fixture(t *testing.T, name string, now any) []byte {
	t.Helper()
	path := filepath.Join("testdata", name)
	want, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) && os.Getenv("AGENTID_WRITE_FIXTURES") == "1" {
		if want, err = json.MarshalIndent(now, "", "  "); err == nil {
			err = os.WriteFile(path, want, 0o644)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return want
}

// TestEveryFieldTravels: full sets every field, and every one comes back.
func TestEveryFieldTravels(t *testing.T) {
	for kind, body := range full() {
		v := reflect.ValueOf(body).Elem()
		for i := range v.NumField() {
			if v.Field(i).IsZero() {
				t.Errorf("%s: %s is not set by the test", kind, v.Type().Field(i).Name)
			}
		}
		it, err := NewItem(kind, idA, body)
		if err != nil {
			t.Fatal(err)
		}
		got, err := DecodeBody(kind, it.Body)
		if err != nil || !reflect.DeepEqual(got, body) {
			t.Errorf("%s: %+v, %v", kind, got, err)
		}
		if _, err := NewItem(kind, "x", body); !errors.Is(err, ErrContent) {
			t.Errorf("%s under no id: %v", kind, err)
		}
	}
}

// TestEventIsTheStoresJSON: what a store gives as an event is a body already.
func TestEventIsTheStoresJSON(t *testing.T) {
	raw, err := json.Marshal(full()[KindEvent])
	if err != nil {
		t.Fatal(err)
	}
	var e domain.Event
	if err := json.Unmarshal(raw, &e); err != nil {
		t.Fatal(err)
	}
	for v, i := reflect.ValueOf(e), 0; i < v.NumField(); i++ {
		if v.Field(i).IsZero() {
			t.Errorf("the wire has no field for %s of an event: add it to Event, EventItem and full", v.Type().Field(i).Name)
		}
	}
	if raw, err = json.Marshal(e); err != nil {
		t.Fatal(err)
	}
	it, err := EventItem(e)
	if err != nil {
		t.Fatal(err)
	}
	a, errA := BodyHash(raw)
	b, errB := BodyHash(it.Body)
	if errA != nil || errB != nil || a != b || it.ID != string(e.ID) || it.Kind != KindEvent {
		t.Errorf("%s as the store has it is %s on the wire", raw, it.Body)
	}
}

func TestBatchTravels(t *testing.T) {
	b := fullBatch(t)
	z, err := EncodeBatch(b)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := Gunzip(bytes.NewReader(z), MaxBatchPlain)
	if err != nil {
		t.Fatal(err)
	}
	got, err := DecodeBatch(plain)
	if err != nil || !reflect.DeepEqual(got, b) {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := Gunzip(bytes.NewReader(z[:len(z)-5]), MaxBatchPlain); !errors.Is(err, ErrGzip) {
		t.Errorf("cut short: %v", err)
	}
	if _, err := Gunzip(bytes.NewReader(z), len(plain)-1); !errors.Is(err, ErrTooLarge) {
		t.Errorf("beyond the limit: %v", err)
	}
	if _, err := Gunzip(strings.NewReader("{}"), 10); !errors.Is(err, ErrGzip) {
		t.Errorf("plain: %v", err)
	}
}

func TestBatchRefused(t *testing.T) {
	for name, spoil := range map[string]func(*Batch){
		"no items":       func(b *Batch) { b.Items = nil },
		"too many":       func(b *Batch) { b.Items = make([]Item, MaxItems+1) },
		"no batch id":    func(b *Batch) { b.ID = "" },
		"loud device id": func(b *Batch) { b.DeviceID = strings.ToUpper(b.DeviceID) },
		"no time":        func(b *Batch) { b.SentAt = time.Time{} },
		"no kind":        func(b *Batch) { b.Items[0].Kind = "" },
		"loud kind":      func(b *Batch) { b.Items[0].Kind = "Event" },
		"no item id":     func(b *Batch) { b.Items[0].ID = "1" },
		"no body":        func(b *Batch) { b.Items[0].Body = nil },
		"huge body":      func(b *Batch) { b.Items[0].Body = []byte(`"` + strings.Repeat("x", MaxItem) + `"`) },
	} {
		b := fullBatch(t)
		spoil(&b)
		if _, err := EncodeBatch(b); err == nil {
			t.Errorf("%s: is sent", name)
		}
		if raw, err := json.Marshal(b); err == nil {
			if _, err := DecodeBatch(raw); err == nil {
				t.Errorf("%s: is taken", name)
			}
		}
	}
	b := fullBatch(t)
	b.Items[0].Kind = "from_tomorrow"
	z, err := EncodeBatch(b)
	if err != nil {
		t.Fatalf("a kind that is not known here is another item's matter: %v", err)
	}
	if _, err := DecodeBody("from_tomorrow", b.Items[0].Body); !errors.Is(err, ErrUnknownKind) || len(z) == 0 {
		t.Errorf("unknown kind: %v", err)
	}
}

func TestBodiesRefused(t *testing.T) {
	long := strings.Repeat("x", MaxLabel+1)
	for name, spoil := range map[string]func(map[Kind]Body) Kind{
		"badge key of another id": func(m map[Kind]Body) Kind { m[KindBadgeKey].(*BadgeKey).ID = "0123456789ab"; return KindBadgeKey },
		"badge key cut short": func(m map[Kind]Body) Kind {
			k := m[KindBadgeKey].(*BadgeKey)
			k.PublicKey = k.PublicKey[1:]
			return KindBadgeKey
		},
		"badge key of no kiosk":      func(m map[Kind]Body) Kind { m[KindBadgeKey].(*BadgeKey).DeviceID = ""; return KindBadgeKey },
		"badge key without version":  func(m map[Kind]Body) Kind { m[KindBadgeKey].(*BadgeKey).Version = 0; return KindBadgeKey },
		"badge key of another kiosk": func(m map[Kind]Body) Kind { m[KindBadgeKey].(*BadgeKey).DeviceID = idA; return KindBadgeKey },
		"badge key before its time": func(m map[Kind]Body) Kind {
			m[KindBadgeKey].(*BadgeKey).RetiredAt = time.Unix(1, 0)
			return KindBadgeKey
		},
		"badge key without its proof": func(m map[Kind]Body) Kind {
			k := m[KindBadgeKey].(*BadgeKey)
			k.RetiredAt, k.DroppedAt, k.Proof = time.Time{}, time.Time{}, nil
			return KindBadgeKey
		},
		"event without sequence":      func(m map[Kind]Body) Kind { m[KindEvent].(*Event).Seq = 0; return KindEvent },
		"event of no time":            func(m map[Kind]Body) Kind { m[KindEvent].(*Event).At = time.Time{}; return KindEvent },
		"event with a long reason":    func(m map[Kind]Body) Kind { m[KindEvent].(*Event).Reason = domain.Reason(long); return KindEvent },
		"event with NUL":              func(m map[Kind]Body) Kind { m[KindEvent].(*Event).Metric = "a\x00b"; return KindEvent },
		"event of a loud person":      func(m map[Kind]Body) Kind { m[KindEvent].(*Event).Person = "A"; return KindEvent },
		"event with a short snapshot": func(m map[Kind]Body) Kind { m[KindEvent].(*Event).Snapshot = "ab"; return KindEvent },
		"person with unknown field":   func(m map[Kind]Body) Kind { m[KindPerson].(*Person).Fields["pin"] = Field{}; return KindPerson },
		"person with a short seal":    func(m map[Kind]Body) Kind { m[KindPerson].(*Person).Templates[0].Sealed = []byte{1}; return KindPerson },
		"person with many templates": func(m map[Kind]Body) Kind {
			m[KindPerson].(*Person).Templates = make([]Template, 33)
			return KindPerson
		},
		"badge that ends before":       func(m map[Kind]Body) Kind { m[KindBadge].(*Badge).Expires = moment; return KindBadge },
		"revocation without reason":    func(m map[Kind]Body) Kind { m[KindBadge].(*Badge).Revoked = ""; return KindBadge },
		"withdrawal of nothing":        func(m map[Kind]Body) Kind { m[KindConsent].(*Consent).Withdrawn[0].Purpose = "x"; return KindConsent },
		"receipt with negative figure": func(m map[Kind]Body) Kind { m[KindTombstone].(*Tombstone).Receipt.Badges = -1; return KindTombstone },
		"question without an end": func(m map[Kind]Body) Kind {
			m[KindExchange].(*Exchange).Question = strings.Repeat("x", MaxText+1)
			return KindExchange
		},
		"case with a contact unsealed": func(m map[Kind]Body) Kind { m[KindCase].(*Case).Contact = []byte("ana@x.org"); return KindCase },
		"audit head of no hash":        func(m map[Kind]Body) Kind { m[KindAuditHead].(*AuditHead).Hash = "00"; return KindAuditHead },
		"no readings":                  func(m map[Kind]Body) Kind { m[KindSensor].(*Sensor).Readings = nil; return KindSensor },
		"health of no program":         func(m map[Kind]Body) Kind { m[KindHealth].(*Health).Version = ""; return KindHealth },
	} {
		m := full()
		kind := spoil(m)
		if _, err := NewItem(kind, idA, m[kind]); !errors.Is(err, ErrContent) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAnswerBelongs(t *testing.T) {
	b := fullBatch(t)
	good := BatchAnswer{BatchID: b.ID, ReceivedAt: moment}
	for _, it := range b.Items {
		good.Answers = append(good.Answers, Answer{Kind: it.Kind, ID: it.ID, Status: StatusStored})
	}
	for name, tt := range map[string]struct {
		spoil func(*BatchAnswer)
		ok    bool
	}{
		"whole":          {func(*BatchAnswer) {}, true},
		"other batch":    {func(a *BatchAnswer) { a.BatchID = idB }, false},
		"one short":      {func(a *BatchAnswer) { a.Answers = a.Answers[1:] }, false},
		"other item":     {func(a *BatchAnswer) { a.Answers[0].ID = idB }, false},
		"unknown status": {func(a *BatchAnswer) { a.Answers[0].Status = "maybe" }, false},
	} {
		a := good
		a.Answers = append([]Answer(nil), good.Answers...)
		tt.spoil(&a)
		raw, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := DecodeBatchAnswer(raw, b); (err == nil) != tt.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDerivedID(t *testing.T) {
	a := DerivedID(KindPerson, idA, 1)
	if !ValidID(a) || a != DerivedID(KindPerson, idA, 1) || a == DerivedID(KindPerson, idA, 2) || a == DerivedID(KindBadge, idA, 1) {
		t.Errorf("%s names not one state", a)
	}
}

func FuzzDecodeBatch(f *testing.F) {
	raw, err := json.Marshal(fullBatch(f))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Add([]byte(`{"items":[{"kind":"event","id":"` + idA + `","body":{}}]}`))
	f.Fuzz(func(t *testing.T, src []byte) {
		b, err := DecodeBatch(src)
		var slow Batch
		if errSlow := DecodeStrict(src, MaxBatchPlain, &slow); errSlow == nil {
			errSlow = slow.check()
			if (err == nil) != (errSlow == nil) || err == nil && !reflect.DeepEqual(b, slow) {
				t.Fatalf("%+v (%v), and the slow way %+v (%v)", b, err, slow, errSlow)
			}
		} else if err == nil {
			t.Fatalf("taken, but not the slow way: %v", errSlow)
		}
		if err != nil {
			return
		}
		for _, it := range b.Items {
			strict, errStrict := DecodeBody(it.Kind, it.Body)
			quick, errQuick := CheckedBody(it)
			if (errStrict == nil) != (errQuick == nil) || errStrict == nil && !reflect.DeepEqual(strict, quick) {
				t.Fatalf("%s: decoded as %v (%v) and %v (%v)", it.Body, strict, errStrict, quick, errQuick)
			}
			if errStrict == nil {
				if _, err := BodyHash(it.Body); err != nil {
					t.Fatalf("%s is taken, but has no hash: %v", it.Body, err)
				}
			}
		}
	})
}

// FuzzEvent: the fast way reads an event as the slow one does, or not at all.
func FuzzEvent(f *testing.F) {
	raw, err := json.Marshal(full()[KindEvent])
	if err != nil {
		f.Fatal(err)
	}
	if _, ok := fastEvent(raw); !ok {
		f.Fatal("the fast way does not know a full event")
	}
	f.Add(raw)
	for _, s := range []string{`{}`, `{"seq":null}`, `{"seq":1.0}`, `{"seq":-1}`, `{"at":"2026-02-30T00:00:00Z"}`, `{"at":"2026-01-01T00:00:00,5Z"}`, `{"votes":1e2}`, `{"id":"\u0061"}`,
		`{"id":"a","id":"b"}`, `{"ID":"a"}`, `{"id":"a",}`, `{,}`, `{"encoder":{"name":"x"},"quality":-0}`, `{"distance":1e-999}`, `{"at":"2026-01-01t00:00:00z"}`, ` {"id" : "x"} `} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		fast, ok := fastEvent(src)
		if !ok {
			return
		}
		slow := new(Event)
		if err := DecodeStrict(src, MaxItem, slow); err != nil || !reflect.DeepEqual(fast, slow) {
			t.Fatalf("%s is %+v, and the slow way %+v (%v)", src, fast, slow, err)
		}
	})
}

func FuzzGunzip(f *testing.F) {
	z, err := Gzip([]byte(strings.Repeat("a", 3000)))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(z)
	f.Add(z[:10])
	f.Fuzz(func(t *testing.T, src []byte) {
		if out, err := Gunzip(bytes.NewReader(src), 1000); err == nil && len(out) > 1000 {
			t.Fatalf("%d bytes", len(out))
		}
	})
}

func BenchmarkDecodeBatch(b *testing.B) {
	batch := fullBatch(b)
	event := batch.Items[1]
	batch.Items = nil
	for range MaxItems {
		batch.Items = append(batch.Items, event)
	}
	raw, err := json.Marshal(batch)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		got, err := DecodeBatch(raw)
		if err != nil {
			b.Fatal(err)
		}
		for _, it := range got.Items {
			if _, err := CheckedBody(it); err != nil {
				b.Fatal(err)
			}
		}
	}
}
