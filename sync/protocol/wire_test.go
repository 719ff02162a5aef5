package protocol

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"agentid/app/domain"
)

func TestVersions(t *testing.T) {
	for _, tt := range []struct{ lowest, highest, want int }{
		{1, 1, 1}, {1, 9, MaxVersion}, {MaxVersion + 1, MaxVersion + 3, 0}, {0, MinVersion - 1, 0},
	} {
		got, err := Choose(tt.lowest, tt.highest)
		if got != tt.want || (tt.want == 0) != errors.Is(err, ErrVersion) {
			t.Errorf("%+v: %d, %v", tt, got, err)
		}
	}
	h := http.Header{}
	Offer(h, 1)
	low, high, err := Offered(h)
	if v, e := ParseVersion(h); v != 1 || e != nil || low != MinVersion || high != MaxVersion || err != nil {
		t.Errorf("offered %d to %d, %v", low, high, err)
	}
	for _, bad := range []string{"", "0", "-1", "01", "1.0", "x", "99999999", " 1"} {
		if v, err := ParseVersion(http.Header{HeaderVersion: {bad}}); err == nil {
			t.Errorf("%q is version %d", bad, v)
		}
	}
	if _, err := ParseVersion(http.Header{HeaderVersion: {"1", "1"}}); err == nil {
		t.Error("two versions")
	}
}

func TestCodes(t *testing.T) {
	code := NewCode()
	clean, err := CleanCode(code)
	if err != nil || len(clean) != 26 || NewCode() == code {
		t.Fatalf("%q is clean as %q, %v", code, clean, err)
	}
	typed := strings.NewReplacer("-", " ", "0", "o", "1", "l").Replace(strings.ToLower(code))
	if got, err := CleanCode(typed); got != clean || err != nil {
		t.Errorf("%q as typed is %q, %v, want %q", typed, got, err, clean)
	}
	for _, bad := range []string{"", "ABC", clean + "0", strings.Repeat("U", 26), strings.Repeat("-", 200)} {
		if got, err := CleanCode(bad); err == nil {
			t.Errorf("%q is %q", bad, got)
		}
	}
}

func FuzzCleanCode(f *testing.F) {
	f.Add(NewCode())
	f.Add("ooooo-lllll-iiiii")
	f.Fuzz(func(t *testing.T, s string) {
		if c, err := CleanCode(s); err == nil {
			if again, err := CleanCode(c); again != c || err != nil || len(c) != 26 {
				t.Fatalf("%q is %q, and again %q, %v", s, c, again, err)
			}
		}
	})
}

func TestEnrolProof(t *testing.T) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	own, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	good := EnrolRequest{Code: NewCode(), DeviceID: device, Name: "Centro 1", ExchangeKey: own.PublicKey().Bytes()}
	if err := good.Sign(key); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*EnrolRequest){
		"other code":   func(r *EnrolRequest) { r.Code = NewCode() },
		"other device": func(r *EnrolRequest) { r.DeviceID = idA },
		"other key":    func(r *EnrolRequest) { r.ExchangeKey = slices.Repeat([]byte{1}, 32) },
		"no proof":     func(r *EnrolRequest) { r.Proof = nil },
		"short key":    func(r *EnrolRequest) { r.PublicKey = r.PublicKey[1:] },
	} {
		r := good
		spoil(&r)
		if err := r.Check(); !errors.Is(err, ErrContent) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func siteKey(t *testing.T, site, id string) *SiteKey {
	raw := make([]byte, 32)
	rand.Read(raw)
	k, err := NewSiteKey(site, id, raw)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestSiteKey(t *testing.T) {
	k := siteKey(t, "norte", "k1")
	own, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sealedKey, err := k.SealTo(device, own.PublicKey().Bytes())
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := OpenSiteKey("norte", device, sealedKey, own)
	if err != nil {
		t.Fatal(err)
	}
	sealed := k.SealField(idA, FieldName, "Lucía Vega")
	if got, err := theirs.OpenField(idA, FieldName, sealed); got != "Lucía Vega" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if theirs.Tag("document", "1") != k.Tag("document", "1") || k.Tag("document", "1") == k.Tag("document", "2") {
		t.Error("tags do not find the same document")
	}
	ring := Keyring{siteKey(t, "norte", "k2"), k}
	if got, err := ring.OpenField(idA, FieldName, sealed); got != "Lucía Vega" || err != nil {
		t.Errorf("with the key before: %q, %v", got, err)
	}
	other, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]func() error{
		"no key of the ring": func() error { _, err := ring[:1].OpenField(idA, FieldName, sealed); return err },
		"other person":       func() error { _, err := k.OpenField(idB, FieldName, sealed); return err },
		"other field":        func() error { _, err := k.OpenField(idA, FieldContact, sealed); return err },
		"other key":          func() error { _, err := siteKey(t, "norte", "k1").OpenField(idA, FieldName, sealed); return err },
		"cut":                func() error { _, err := k.OpenField(idA, FieldName, sealed[:20]); return err },
		"empty":              func() error { _, err := k.OpenField(idA, FieldName, nil); return err },
		"other kiosk":        func() error { _, err := OpenSiteKey("norte", device, sealedKey, other); return err },
		"other device":       func() error { _, err := OpenSiteKey("norte", idA, sealedKey, own); return err },
		"other site":         func() error { _, err := OpenSiteKey("sur", device, sealedKey, own); return err },
		"key cut short": func() error {
			_, err := OpenSiteKey("norte", device, SealedKey{"k1", sealedKey.Sealed[:9]}, own)
			return err
		},
	} {
		if err := f(); !errors.Is(err, ErrSealed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if s := fmt.Sprintf("%v %+v %#v", k, k, k); strings.Count(s, "site key k1") != 3 {
		t.Errorf("the key shows itself: %s", s)
	}
}

func TestVectors(t *testing.T) {
	k := siteKey(t, "norte", "k1")
	d := domain.Template{ID: idA, PersonID: idB, Encoder: domain.EncoderRef{Name: "dlib", Version: "1"}, Vector: []float32{0.5, -1, 3e-9}}
	sealed, err := k.SealVector(d)
	if err != nil {
		t.Fatal(err)
	}
	w := Template{ID: d.ID, Encoder: d.Encoder, Sealed: sealed}
	if got, err := k.OpenVector(idB, w); err != nil || !slices.Equal(got, d.Vector) {
		t.Errorf("%v, %v", got, err)
	}
	ring := Keyring{siteKey(t, "norte", "k2"), k}
	if got, err := ring.OpenVector(idB, w); err != nil || !slices.Equal(got, d.Vector) {
		t.Errorf("with the key before: %v, %v", got, err)
	}
	if _, err := ring[:1].OpenVector(idB, w); !errors.Is(err, ErrSealed) {
		t.Errorf("with another key: %v", err)
	}
	if _, err := k.OpenVector(idA, w); !errors.Is(err, ErrSealed) {
		t.Errorf("as another person's: %v", err)
	}
	w.Encoder.Version = "2"
	if _, err := k.OpenVector(idB, w); !errors.Is(err, ErrSealed) {
		t.Errorf("as another encoder's: %v", err)
	}
	if _, err := k.SealVector(domain.Template{}); !errors.Is(err, ErrContent) {
		t.Errorf("empty vector: %v", err)
	}
}

func TestProblems(t *testing.T) {
	for _, tt := range []struct {
		status int
		body   string
		code   Code
		advice Advice
	}{
		{401, `{"type":"about:blank","title":"Unauthorized","status":401,"code":"unauthorised"}`, CodeUnauthorised, AdviceRenew},
		{403, `{"type":"about:blank","title":"Forbidden","status":403,"code":"revoked"}`, CodeRevoked, AdviceStop},
		{403, `<html>proxy</html>`, CodeOther, AdviceRetry},
		{413, ``, CodeOther, AdviceSplit},
		{502, `{"status":200,"code":"revoked","type":"","title":""}`, CodeOther, AdviceRetry},
		{400, `{"type":"about:blank","title":"Bad Request","status":400,"code":"protocol_version"}`, CodeVersion, AdviceStop},
		{429, strings.Repeat("x", MaxSmall+1), CodeOther, AdviceRetry},
		{410, `{"type":"about:blank","title":"Gone","status":410,"code":"erased"}`, CodeErased, AdviceGive},
	} {
		p := DecodeProblem(tt.status, []byte(tt.body))
		if p.Status != tt.status || p.Code != tt.code || p.Advice() != tt.advice || !strings.Contains(p.Error(), fmt.Sprint(tt.status)) {
			t.Errorf("%d %.40s: %+v, advice %s", tt.status, tt.body, p, p.Advice())
		}
	}
}

// siteChanges are what version 2 has come down, with every field set.
func siteChanges() map[ChangeKind]any {
	k := full()[KindBadgeKey].(*BadgeKey)
	return map[ChangeKind]any{
		ChangeConsent:  full()[KindConsent],
		ChangeBadgeKey: &TrustedKey{ID: k.ID, DeviceID: device, PublicKey: k.PublicKey, RetiredAt: moment, RevokedAt: moment},
		ChangeSeen:     &Seen{Person: idB, Day: "2026-11-28"},
	}
}

// The second version's changes are read as they were written then.
func TestSecondVersionDown(t *testing.T) {
	bodies := siteChanges()
	now := Page{Cursor: "e.3", Changes: []Change{}}
	for i, c := range []struct {
		kind ChangeKind
		ref  string
	}{{ChangeConsent, idA}, {ChangeBadgeKey, string(full()[KindBadgeKey].(*BadgeKey).ID)}, {ChangeSeen, idB}} {
		raw, err := json.Marshal(bodies[c.kind])
		if err != nil {
			t.Fatal(err)
		}
		now.Changes = append(now.Changes, Change{Seq: uint64(i + 1), Kind: c.kind, Ref: c.ref, At: moment, Body: raw})
	}
	p, err := DecodePage(fixture(t, "v2-page.json", now))
	if err != nil || len(p.Changes) != len(now.Changes) {
		t.Fatalf("%+v, %v", p, err)
	}
	for _, c := range p.Changes {
		if got, err := DecodeChange(c); err != nil || !reflect.DeepEqual(got, bodies[c.Kind]) {
			t.Errorf("%s: %+v, %v", c.Kind, got, err)
		}
	}
	seen := bodies[ChangeSeen].(*Seen)
	if until, err := seen.Until(); err != nil || until.Format(time.RFC3339) != "2026-11-29T00:00:00Z" {
		t.Errorf("seen until %s, %v", until, err)
	}
	for name, c := range map[string]Change{
		"no day":             {Kind: ChangeSeen, Body: []byte(`{"person_id":"` + idB + `","day":"2026-02-30"}`)},
		"a moment":           {Kind: ChangeSeen, Body: []byte(`{"person_id":"` + idB + `","day":"2026-11-28T10:00:00Z"}`)},
		"nobody":             {Kind: ChangeSeen, Body: []byte(`{"person_id":"","day":"2026-11-28"}`)},
		"key of another id":  {Kind: ChangeBadgeKey, Body: bytes.Replace(now.Changes[1].Body, []byte(`"id":"`), []byte(`"id":"0`), 1)},
		"consent to nothing": {Kind: ChangeConsent, Body: []byte(`{"id":"` + idA + `"}`)},
	} {
		if _, err := DecodeChange(c); !errors.Is(err, ErrContent) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Taken back wins, in whatever order states arrive; all else stays as it was.
func TestConsentsMerge(t *testing.T) {
	given := Consent{ID: idA, Granted: []domain.Purpose{domain.PurposeData, domain.PurposeFace}}
	taken := func(at int, ps ...domain.Purpose) Consent {
		c := given
		for _, p := range ps {
			c.Withdrawn = append(c.Withdrawn, Withdrawal{p, moment.AddDate(0, 0, at)})
		}
		return c
	}
	for name, tt := range map[string]struct {
		had, comes Consent
		news       bool
		want       []Withdrawal
	}{
		"nothing new":     {given, given, false, nil},
		"taken back":      {given, taken(1, domain.PurposeFace), true, taken(1, domain.PurposeFace).Withdrawn},
		"given late":      {taken(1, domain.PurposeFace), given, false, taken(1, domain.PurposeFace).Withdrawn},
		"again, earlier":  {taken(2, domain.PurposeFace), taken(1, domain.PurposeFace), false, taken(2, domain.PurposeFace).Withdrawn},
		"the other":       {taken(1, domain.PurposeFace), taken(2, domain.PurposeData), true, append(taken(1, domain.PurposeFace).Withdrawn, taken(2, domain.PurposeData).Withdrawn...)},
		"what was no one": {given, taken(1, "research"), false, nil},
	} {
		got := tt.had
		if news := got.Merge(&tt.comes); news != tt.news || !slices.Equal(got.Withdrawn, tt.want) {
			t.Errorf("%s: %v, %+v", name, news, got.Withdrawn)
		}
	}
}

func page(t testing.TB) Page {
	doc := NewDocument(1, "text/plain", "@topic x")
	bodies := []struct {
		kind ChangeKind
		ref  string
		v    any
	}{{ChangePerson, idB, full()[KindPerson]}, {ChangeFAQ, "es", doc}, {ChangeTombstone, idA, Erased{Person: idA, Why: "erased_by_person", At: moment}}}
	p := Page{Cursor: "e.3"}
	for i, b := range bodies {
		raw, err := json.Marshal(b.v)
		if err != nil {
			t.Fatal(err)
		}
		p.Changes = append(p.Changes, Change{Seq: uint64(i + 1), Kind: b.kind, Ref: b.ref, At: moment, Body: raw})
	}
	p.Changes = append(p.Changes, Change{Seq: 9, Kind: ChangeBadge, Ref: idB, At: moment, Gone: true})
	return p
}

func TestPages(t *testing.T) {
	raw, err := json.Marshal(page(t))
	if err != nil {
		t.Fatal(err)
	}
	p, err := DecodePage(raw)
	if err != nil || len(p.Changes) != 4 {
		t.Fatalf("%+v, %v", p, err)
	}
	for _, c := range p.Changes {
		if v, err := DecodeChange(c); err != nil || (v == nil) != c.Gone {
			t.Errorf("%s: %v, %v", c.Kind, v, err)
		}
	}
	if _, err := DecodeChange(Change{Kind: "tomorrow", Body: []byte(`{}`)}); !errors.Is(err, ErrUnknownKind) {
		t.Errorf("unknown kind: %v", err)
	}
	for name, spoil := range map[string]func(*Page){
		"no cursor":         func(p *Page) { p.Cursor = "" },
		"out of order":      func(p *Page) { p.Changes[1].Seq = 1 },
		"no ref":            func(p *Page) { p.Changes[0].Ref = "" },
		"gone with a body":  func(p *Page) { p.Changes[0].Gone = true },
		"there without one": func(p *Page) { p.Changes[3].Gone = false },
	} {
		q := page(t)
		spoil(&q)
		raw, err := json.Marshal(q)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := DecodePage(raw); !errors.Is(err, ErrContent) {
			t.Errorf("%s: %v", name, err)
		}
	}
	bad := p.Changes[1]
	bad.Body = []byte(strings.Replace(string(bad.Body), "@topic", "@tropic", 1))
	if _, err := DecodeChange(bad); !errors.Is(err, ErrContent) {
		t.Errorf("document of another hash: %v", err)
	}
}

func FuzzDecodePage(f *testing.F) {
	raw, err := json.Marshal(page(f))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	if raw, err = os.ReadFile(filepath.Join("testdata", "v2-page.json")); err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Fuzz(func(t *testing.T, src []byte) {
		p, err := DecodePage(src)
		if err != nil {
			return
		}
		last := uint64(0)
		for _, c := range p.Changes {
			if c.Seq <= last {
				t.Fatal("out of order")
			}
			last = c.Seq
			if v, err := DecodeChange(c); err == nil && (v == nil) != c.Gone {
				t.Fatalf("%+v is %v", c, v)
			}
		}
	})
}

func FuzzDecodeProblem(f *testing.F) {
	f.Add(403, []byte(`{"type":"about:blank","title":"Forbidden","status":403,"code":"revoked"}`))
	f.Fuzz(func(t *testing.T, status int, src []byte) {
		if p := DecodeProblem(status, src); p == nil || p.Status != status || p.Advice() == "" {
			t.Fatalf("%d: %+v", status, p)
		}
	})
}

func TestTickets(t *testing.T) {
	good := TicketRequest{SHA256: hashA, Size: 10, Type: "image/jpeg", Purpose: PurposeDetection, Event: idA}
	if err := good.Check(); err != nil {
		t.Error(err)
	}
	for name, spoil := range map[string]func(*TicketRequest){
		"no hash": func(r *TicketRequest) { r.SHA256 = "" }, "empty": func(r *TicketRequest) { r.Size = 0 },
		"huge": func(r *TicketRequest) { r.Size = MaxSnapshot + 1 }, "a page": func(r *TicketRequest) { r.Type = "text/html" },
		"no purpose": func(r *TicketRequest) { r.Purpose = "" }, "of nothing": func(r *TicketRequest) { r.Event = "" },
	} {
		r := good
		spoil(&r)
		if err := r.Check(); !errors.Is(err, ErrContent) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func BenchmarkBodyHash(b *testing.B) {
	it, err := NewItem(KindEvent, idA, full()[KindEvent])
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(it.Body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := BodyHash(it.Body); err != nil {
			b.Fatal(err)
		}
	}
}
