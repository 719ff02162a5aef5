package badge

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"agentid/app/domain"
	"agentid/app/domain/domaintest"
)

var (
	day0 = time.Date(2027, 3, 1, 9, 30, 0, 0, time.UTC)

	lucia = domain.Badge{
		ID:        "0197a2c4-5d6e-7f80-9a1b-2c3d4e5f6071",
		Person:    "0197a2c4-1111-7abc-8def-0123456789ab",
		NotBefore: day0,
		Expires:   day0.AddDate(1, 0, 0),
		Templates: 3,
	}

	agreed = domain.Consent{
		ID: "0197a2c4-2222-7abc-8def-0123456789ab", Person: lucia.Person, Version: "2027-01",
		TextSHA256: strings.Repeat("ab", 32), Lang: domain.Spanish,
		Granted: []domain.Purpose{domain.PurposeData, domain.PurposeFace},
		Method:  "kiosk_touch", DeviceID: "kiosk-1", At: day0,
	}
)

func seed(b byte) []byte { return bytes.Repeat([]byte{b}, ed25519.SeedSize) }

func issuer(t testing.TB, b byte) *Issuer {
	t.Helper()
	i, err := NewIssuer(seed(b))
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func keyring(t testing.TB, now time.Time, is ...*Issuer) *Keyring {
	t.Helper()
	var keys []ed25519.PublicKey
	for _, i := range is {
		keys = append(keys, i.Public())
	}
	k, err := NewKeyring(domaintest.NewClock(now), keys...)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func badgeOf(t testing.TB, i *Issuer, b domain.Badge) string {
	t.Helper()
	s, err := i.Badge(b)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func receiptOf(t testing.TB, i *Issuer, c domain.Consent) string {
	t.Helper()
	s, err := i.Receipt(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestBadgeComesBackAsIssued(t *testing.T) {
	old, now := issuer(t, 1), issuer(t, 2)
	k := keyring(t, day0, old, now)
	for _, i := range []*Issuer{old, now} {
		got, err := k.Badge(badgeOf(t, i, lucia))
		if err != nil {
			t.Fatal(err)
		}
		if got.Badge != lucia || got.Issuer != i.ID() {
			t.Errorf("issued by %v %+v, read %+v", i.ID(), lucia, got)
		}
	}
	east := lucia
	east.NotBefore = lucia.NotBefore.In(time.FixedZone("east", 5*3600)).Add(300 * time.Millisecond)
	if badgeOf(t, old, east) != badgeOf(t, old, lucia) {
		t.Error("the zone or a fraction of a second changes the token")
	}
}

// Version 7 at level M takes 178 characters: one more makes every badge's
// modules smaller.
func TestBadgeFitsItsCode(t *testing.T) {
	s := badgeOf(t, issuer(t, 1), lucia)
	if len(s) != 178 || len(s) > MaxToken {
		t.Errorf("a badge has %d characters, want 178, at most %d", len(s), MaxToken)
	}
	if strings.Trim(s, alphabet45) != "" {
		t.Errorf("%q leaves QR's alphanumeric mode", s)
	}
	if r := receiptOf(t, issuer(t, 1), agreed); len(r) != MaxToken {
		t.Errorf("a receipt has %d characters, want %d", len(r), MaxToken)
	}
}

// A pinned token: what is on cards in people's pockets must stay readable.
func TestTokenOfVersion1StaysReadable(t *testing.T) {
	const pinned = "AGID:O72BBP*D1YALS7JIZOJ92T$NU9UTK404D$RLS7J4$OR/DRBGQJ3YX7Q2CAFE-$G6CJ95DW9J0001K0QCR+XIJ0VOC9Q7" +
		"SQL86$9/OJE-LKCOATB%9P9I4R%M%6VZ$EL0SKX1GCD2FMM/7K:OZQQ4*MV8FJ18CT4J+FV7O3I7%KSE0"
	i := issuer(t, 7)
	if s := badgeOf(t, i, lucia); s != pinned {
		t.Errorf("the format changed:\n got %q\nwant %q", s, pinned)
	}
	if got, err := keyring(t, day0, i).Badge(pinned); err != nil || got.Badge != lucia {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestBadgeTimes(t *testing.T) {
	i := issuer(t, 1)
	s := badgeOf(t, i, lucia)
	for _, c := range []struct {
		name string
		now  time.Time
		want error
	}{
		{"a day early", day0.AddDate(0, 0, -1), ErrNotYetValid},
		{"just too early", day0.Add(-Skew - time.Second), ErrNotYetValid},
		{"early within the skew", day0.Add(-Skew), nil},
		{"at once", day0, nil},
		{"at the end", lucia.Expires, nil},
		{"late within the skew", lucia.Expires.Add(Skew - time.Second), nil},
		{"just too late", lucia.Expires.Add(Skew), ErrExpired},
		{"years late", lucia.Expires.AddDate(9, 0, 0), ErrExpired},
	} {
		got, err := keyring(t, c.now, i).Badge(s)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
		// Whose it is is known in any case: the signature holds.
		if got.Badge != lucia {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

func TestEveryChangedBitIsRefused(t *testing.T) {
	i, other := issuer(t, 1), issuer(t, 2)
	k := keyring(t, day0, i, other)
	for name, s := range map[string]string{"badge": badgeOf(t, i, lucia), "receipt": receiptOf(t, i, agreed), "staff": staffOf(t, i, clerk)} {
		read := func(s string) (err error) {
			switch name {
			case "badge":
				_, err = k.Badge(s)
			case "staff":
				_, err = k.Staff(s)
			default:
				_, err = k.Receipt(s)
			}
			return err
		}
		if err := read(s); err != nil {
			t.Fatal(err)
		}
		b, err := decode45(strings.TrimPrefix(s, prefix))
		if err != nil {
			t.Fatal(err)
		}
		n := len(b) - ed25519.SignatureSize
		for bit := range len(b) * 8 {
			c := bytes.Clone(b)
			c[bit/8] ^= 1 << (bit % 8)
			err := read(string(append45([]byte(prefix), c)))
			want := []error{ErrForged}
			switch at := bit / 8; {
			case at == 0:
				want = []error{ErrVersion, ErrKind, ErrMalformed}
			case at < headSize:
				want = []error{ErrUnknownIssuer}
			}
			if !slices.ContainsFunc(want, func(w error) bool { return errors.Is(err, w) }) {
				t.Errorf("%s, bit %d of byte %d (signature from %d): %v, want one of %v", name, bit%8, bit/8, n, err, want)
			}
		}
		for at := range s {
			for _, r := range []string{"", "0", "A", " ", "a", "é", "\x00", s[at:at+1] + s[at:at+1]} {
				if c := s[:at] + r + s[at+1:]; c != s && read(c) == nil {
					t.Errorf("%s: taken with %q for character %d", name, r, at)
				}
			}
		}
	}
}

// A signature with the group's order added to S is the same signature to a
// careless verifier: it would be a second token that says the same.
func TestSecondFormOfASignatureIsRefused(t *testing.T) {
	i := issuer(t, 1)
	b, err := decode45(strings.TrimPrefix(badgeOf(t, i, lucia), prefix))
	if err != nil {
		t.Fatal(err)
	}
	order, _ := new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)
	half := b[len(b)-32:]
	slices.Reverse(half)
	s := new(big.Int).SetBytes(half)
	s.Add(s, order).FillBytes(half)
	slices.Reverse(half)
	if _, err := keyring(t, day0, i).Badge(string(append45([]byte(prefix), b))); !errors.Is(err, ErrForged) {
		t.Errorf("%v, want %v", err, ErrForged)
	}
}

func TestRefusals(t *testing.T) {
	i, stranger := issuer(t, 1), issuer(t, 9)
	good := badgeOf(t, i, lucia)
	body := func(f func(b []byte) []byte) string {
		b, err := decode45(strings.TrimPrefix(good, prefix))
		if err != nil {
			t.Fatal(err)
		}
		return string(append45([]byte(prefix), f(b)))
	}
	for _, c := range []struct {
		name, text string
		want       error
	}{
		{"nothing", "", ErrMalformed},
		{"a web address", "https://example.org/", ErrMalformed},
		{"the prefix alone", prefix, ErrMalformed},
		{"another prefix", "AGIX:" + good[len(prefix):], ErrMalformed},
		{"lower case", strings.ToLower(good), ErrMalformed},
		{"a space before", " " + good, ErrMalformed},
		{"a line end after", good + "\n", ErrMalformed},
		{"cut short", good[:len(good)-3], ErrMalformed},
		{"grown", good + "000", ErrMalformed},
		{"enormous", prefix + strings.Repeat("0", 1<<20), ErrMalformed},
		{"version 2", body(func(b []byte) []byte { b[0] = 1<<4 | 2; return b }), ErrVersion},
		{"version 0", body(func(b []byte) []byte { b[0] = 1 << 4; return b }), ErrVersion},
		{"kind 3 of a badge's length", body(func(b []byte) []byte { b[0] = 3<<4 | 1; return b }), ErrMalformed},
		{"kind 4", body(func(b []byte) []byte { b[0] = 4<<4 | 1; return b }), ErrVersion},
		{"a badge of staff", staffOf(t, i, clerk), ErrKind},
		{"a receipt", receiptOf(t, i, agreed), ErrKind},
		{"an issuer whom nobody knows", badgeOf(t, stranger, lucia), ErrUnknownIssuer},
		{"the name of an issuer on the signature of another", func() string {
			b, _ := decode45(strings.TrimPrefix(badgeOf(t, stranger, lucia), prefix))
			id := i.ID()
			copy(b[1:], id[:])
			return string(append45([]byte(prefix), b))
		}(), ErrForged},
		{"a signature without our purpose", body(func(b []byte) []byte {
			return append(b[:badgeSize], ed25519.Sign(i.key, b[:badgeSize])...)
		}), ErrForged},
		{"signed, of nobody", write(KindBadge, i.key, i.id, func(b []byte) []byte { return append(b, make([]byte, badgeSize-headSize)...) }), ErrMalformed},
	} {
		got, err := keyring(t, day0, i).Badge(c.text)
		if !errors.Is(err, c.want) || got != (Token{}) {
			t.Errorf("%s: %+v, %v, want %v", c.name, got, err, c.want)
		}
		if Reason(err) == "" {
			t.Errorf("%s: no reason for the event", c.name)
		}
	}
}

func TestReasons(t *testing.T) {
	for err, want := range map[error]domain.Reason{
		nil: "", ErrForged: domain.ReasonBadgeForged, ErrExpired: domain.ReasonBadgeExpired,
		ErrNotYetValid: domain.ReasonBadgeNotYet, ErrUnknownIssuer: domain.ReasonBadgeUnknown,
		ErrMalformed: domain.ReasonBadgeUnknown, ErrVersion: domain.ReasonBadgeUnknown,
	} {
		if err != nil {
			err = fmt.Errorf("at the door: %w", err)
		}
		if got := Reason(err); got != want {
			t.Errorf("%v: %q, want %q", err, got, want)
		}
	}
}

func TestIssuerRefuses(t *testing.T) {
	i := issuer(t, 1)
	for name, f := range map[string]func(*domain.Badge){
		"no person":            func(b *domain.Badge) { b.Person = "" },
		"an id in upper case":  func(b *domain.Badge) { b.ID = domain.BadgeID(strings.ToUpper(string(b.ID))) },
		"an id in braces":      func(b *domain.Badge) { b.ID = "{" + b.ID + "}" },
		"the id of nobody":     func(b *domain.Badge) { b.Person = "00000000-0000-0000-0000-000000000000" },
		"no time":              func(b *domain.Badge) { b.NotBefore = time.Time{} },
		"an end in 2107":       func(b *domain.Badge) { b.Expires = time.Date(2107, 1, 1, 0, 0, 0, 0, time.UTC) },
		"an end at its start":  func(b *domain.Badge) { b.Expires = b.NotBefore.Add(900 * time.Millisecond) },
		"a negative template":  func(b *domain.Badge) { b.Templates = -1 },
		"too high a template":  func(b *domain.Badge) { b.Templates = 1 << 32 },
		"an end before it all": func(b *domain.Badge) { b.Expires = b.NotBefore.AddDate(-1, 0, 0) },
	} {
		b := lucia
		f(&b)
		if s, err := i.Badge(b); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %q, %v", name, s, err)
		}
	}
	c := agreed
	c.ID = "7"
	if _, err := i.Receipt(c); !errors.Is(err, ErrInvalid) {
		t.Errorf("receipt of consent 7: %v", err)
	}
	if _, err := NewIssuer(seed(1)[1:]); !errors.Is(err, ErrInvalid) {
		t.Errorf("short seed: %v", err)
	}
	if _, err := NewKeyring(domain.SystemClock{}, i.Public()[1:]); !errors.Is(err, ErrInvalid) {
		t.Errorf("short public key: %v", err)
	}
}

func TestReceipt(t *testing.T) {
	i := issuer(t, 1)
	k := keyring(t, day0.AddDate(30, 0, 0), i)
	s := receiptOf(t, i, agreed)
	got, err := k.Receipt(s)
	if err != nil {
		t.Fatal(err)
	}
	want := Receipt{Issuer: i.ID(), Person: agreed.Person, Consent: agreed.ID, At: agreed.At, Hash: ConsentHash(agreed)}
	if got != want || !got.Of(agreed) {
		t.Errorf("%+v, want %+v", got, want)
	}
	if _, err := k.Receipt(badgeOf(t, i, lucia)); !errors.Is(err, ErrKind) {
		t.Errorf("a badge for a receipt: %v", err)
	}
	if KindOf(s) != KindReceipt || KindOf(badgeOf(t, i, lucia)) != KindBadge || KindOf("AGID:") != KindNone {
		t.Error("kinds are mixed up")
	}

	for name, f := range map[string]func(*domain.Consent){
		"text":        func(c *domain.Consent) { c.TextSHA256 = strings.Repeat("ac", 32) },
		"version":     func(c *domain.Consent) { c.Version = "2027-02" },
		"language":    func(c *domain.Consent) { c.Lang = domain.English },
		"granted":     func(c *domain.Consent) { c.Granted = c.Granted[:1] },
		"all refused": func(c *domain.Consent) { c.Granted, c.Refused = c.Refused, c.Granted },
		"method":      func(c *domain.Consent) { c.Method = "staff" },
		"kiosk":       func(c *domain.Consent) { c.DeviceID = "kiosk-2" },
		"time":        func(c *domain.Consent) { c.At = c.At.Add(time.Second) },
		"moved text":  func(c *domain.Consent) { c.Method, c.DeviceID = c.Method+"k", c.DeviceID[1:] },
		"person":      func(c *domain.Consent) { c.Person = domain.PersonID(lucia.ID) },
		"id":          func(c *domain.Consent) { c.ID = string(lucia.ID) },
	} {
		c := agreed
		f(&c)
		if got.Of(c) {
			t.Errorf("the receipt is also that of a consent with another %s", name)
		}
	}
	same := agreed
	same.WithdrawnAt = day0
	same.Granted = []domain.Purpose{domain.PurposeFace, domain.PurposeData}
	if !got.Of(same) {
		t.Error("a withdrawal, or the order of purposes, makes the receipt untrue")
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	i := issuer(t, 0x41) // 'A'
	text, err := i.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{fmt.Sprint(i), fmt.Sprintf("%v %+v %#v %s %x %d", i, i, i, i, i, i), string(text)} {
		if strings.Contains(s, "AAAA") || strings.Contains(s, "4141") || strings.Contains(s, "65 65") || !strings.Contains(s, i.ID().String()) {
			t.Errorf("an issuer prints as %q", s)
		}
	}
}

func FuzzToken(f *testing.F) {
	i := issuer(f, 1)
	k := keyring(f, day0, i)
	good, receipt, staff := badgeOf(f, i, lucia), receiptOf(f, i, agreed), staffOf(f, i, clerk)
	f.Add(good)
	f.Add(receipt)
	f.Add(staff)
	f.Add(prefix)
	f.Add(good[:100])
	f.Add(badgeOf(f, issuer(f, 2), lucia))
	f.Fuzz(func(t *testing.T, s string) {
		r, err := parse(s)
		if err == nil {
			all := append(bytes.Clone(r.signed), r.sig...)
			if again := string(append45([]byte(prefix), all)); again != s {
				t.Fatalf("%q and %q are one token", s, again)
			}
		}
		if tok, err := k.Badge(s); err == nil && (s != good || tok.Badge != lucia) {
			t.Fatalf("%q was taken for a badge", s)
		}
		if _, err := k.Receipt(s); err == nil && s != receipt {
			t.Fatalf("%q was taken for a receipt", s)
		}
		if tok, err := k.Staff(s); err == nil && (s != staff || tok.Badge != clerk) {
			t.Fatalf("%q was taken for a badge of staff", s)
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	i := issuer(b, 1)
	k, s := keyring(b, day0, i), badgeOf(b, i, lucia)
	for b.Loop() {
		if _, err := k.Badge(s); err != nil {
			b.Fatal(err)
		}
	}
}
