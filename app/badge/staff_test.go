package badge

import (
	"crypto/ed25519"
	"encoding/binary"
	"errors"
	"strings"
	"testing"
	"time"

	"agentid/app/domain"
)

var clerk = domain.StaffBadge{
	ID:        "0197a2c4-3333-7abc-8def-0123456789ab",
	Staff:     "0197a2c4-4444-7abc-8def-0123456789ab",
	NotBefore: day0,
	Expires:   day0.AddDate(1, 0, 0),
}

func staffOf(t testing.TB, i *Issuer, b domain.StaffBadge) string {
	t.Helper()
	s, err := i.Staff(b)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestStaffBadgeComesBackAsIssued(t *testing.T) {
	i := issuer(t, 1)
	s := staffOf(t, i, clerk)
	got, err := keyring(t, day0, i).Staff(s)
	if err != nil || got.Badge != clerk || got.Issuer != i.ID() {
		t.Fatalf("%+v, %v", got, err)
	}
	if KindOf(s) != KindStaff {
		t.Errorf("kind %d", KindOf(s))
	}
	// It is drawn no finer than a visitor's: the same reader reads it as far away.
	code, err := NewCode(s)
	if err != nil || code.Version() > 7 || strings.Trim(s, alphabet45) != "" {
		t.Errorf("version %d of %q: %v", code.Version(), s, err)
	}
	for at, want := range map[time.Time]error{
		day0.Add(-Skew - time.Second): ErrNotYetValid, day0.Add(-Skew): nil, clerk.Expires: nil, clerk.Expires.Add(Skew): ErrExpired,
	} {
		// Whose it is is known in any case: the signature holds.
		if got, err := keyring(t, at, i).Staff(s); !errors.Is(err, want) || got.Badge != clerk {
			t.Errorf("at %s: %+v, %v, want %v", at, got, err, want)
		}
	}
}

// A pinned token: what staff carry must stay readable.
func TestStaffTokenOfVersion1StaysReadable(t *testing.T) {
	const pinned = "AGID:Q96BBP*D1YALS7JO OPT8T$NU9UTK404D$RLS7J7 O%M6T$NU9UTK404D8UL-$G6CJ95D.CJZCDKSO1$GLS4FT2DWDC2" +
		"5CX51.IWDAHKKTAO3W3/:04HDC$KS F*BW*OO76UD-FEKG$F3:91::7BC3G*9J93CBMVB6/0400"
	i := issuer(t, 7)
	if s := staffOf(t, i, clerk); s != pinned {
		t.Errorf("the format changed:\n got %q\nwant %q", s, pinned)
	}
}

// No kind of token is ever taken for another, whatever is done to the kind that
// it names, and though the same key has signed them all.
func TestKindsAreNeverMixedUp(t *testing.T) {
	i := issuer(t, 1)
	k := keyring(t, day0, i)
	readers := map[Kind]func(string) error{
		KindBadge:   func(s string) error { _, err := k.Badge(s); return err },
		KindReceipt: func(s string) error { _, err := k.Receipt(s); return err },
		KindStaff:   func(s string) error { _, err := k.Staff(s); return err },
	}
	for kind, s := range map[Kind]string{
		KindBadge: badgeOf(t, i, lucia), KindReceipt: receiptOf(t, i, agreed), KindStaff: staffOf(t, i, clerk),
	} {
		b, err := decode45(strings.TrimPrefix(s, prefix))
		if err != nil {
			t.Fatal(err)
		}
		for other, read := range readers {
			if err := read(s); (err == nil) != (other == kind) || err != nil && !errors.Is(err, ErrKind) {
				t.Errorf("kind %d read as %d: %v", kind, other, err)
			}
			if other == kind {
				continue
			}
			// Renamed, cut or filled to the other's length, and even signed anew by
			// the very key, but for the purpose that it had.
			c := append(append([]byte{}, b[:kind.size()]...), make([]byte, receiptSize)...)[:other.size()]
			c[0] = byte(other)<<4 | formatVersion
			for _, sig := range [][]byte{b[kind.size():], ed25519.Sign(i.key, message(kind, c))} {
				err := read(string(append45([]byte(prefix), append(append([]byte{}, c...), sig...))))
				staff := kind == KindStaff || other == KindStaff
				if err == nil && (staff || string(sig) == string(b[kind.size():])) {
					t.Errorf("kind %d renamed to %d is taken", kind, other)
				}
			}
		}
	}
}

func TestStaffBadgeRefusals(t *testing.T) {
	i := issuer(t, 1)
	k := keyring(t, day0, i)
	sign := func(fields []byte) string {
		return write(KindStaff, i.key, i.id, func(b []byte) []byte { return append(b, fields...) })
	}
	ends := append([]byte(strings.Repeat("x", 32)), make([]byte, 8)...)
	binary.BigEndian.PutUint32(ends[32:], 100) // and ends before it begins
	for name, c := range map[string]struct {
		text string
		want error
	}{
		"another issuer":    {staffOf(t, issuer(t, 2), clerk), ErrUnknownIssuer},
		"signed, of nobody": {sign(make([]byte, staffSize-headSize)), ErrMalformed},
		"signed, never":     {sign(ends), ErrMalformed},
		"nothing":           {"", ErrMalformed},
	} {
		if got, err := k.Staff(c.text); !errors.Is(err, c.want) || got != (StaffToken{}) {
			t.Errorf("%s: %+v, %v, want %v", name, got, err, c.want)
		}
	}
	for name, f := range map[string]func(*domain.StaffBadge){
		"no account":          func(b *domain.StaffBadge) { b.Staff = "" },
		"an odd id":           func(b *domain.StaffBadge) { b.ID = "7" },
		"no time":             func(b *domain.StaffBadge) { b.NotBefore = time.Time{} },
		"an end at its start": func(b *domain.StaffBadge) { b.Expires = b.NotBefore },
	} {
		b := clerk
		f(&b)
		if s, err := i.Staff(b); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %q, %v", name, s, err)
		}
	}
}
