package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"agentid/app/badge"
	"agentid/app/domain"
	"agentid/app/domain/domaintest"
	"agentid/app/kiosk"
	"agentid/app/store"
	"agentid/assets"
)

// newDesk is a kiosk's badges, in a place of its own.
func newDesk(t *testing.T) (*cli, *domaintest.Clock, *badgeDesk) {
	t.Helper()
	clock := domaintest.NewClock(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
	c := newCLI(t.Output(), t.Output())
	c.clock = clock
	c.cfg.DataDir = t.TempDir()
	c.cfg.Badge.KeyFile = filepath.Join(t.TempDir(), "badge.key")
	d, err := c.openBadges(t.Context(), noneIssued{})
	if err != nil {
		t.Fatal(err)
	}
	return c, clock, d
}

type noneIssued struct{ siteKeys }

// siteKeys are what the centre has told of keys.
type siteKeys []domain.BadgeKey

func (siteKeys) DeviceID() string                                       { return "01950000-0000-7000-8000-00000000002a" }
func (k siteKeys) BadgeKeys(context.Context) ([]domain.BadgeKey, error) { return k, nil }

func (noneIssued) EventsQuery(context.Context, store.Filter) ([]domain.Event, error) { return nil, nil }

func (noneIssued) Audit(context.Context, domain.AuditFilter, uint64, int) ([]domain.AuditEntry, error) {
	return nil, nil
}

type someIssued struct{ noneIssued }

func (someIssued) EventsQuery(context.Context, store.Filter) ([]domain.Event, error) {
	return []domain.Event{{Reason: domain.ReasonBadgeIssued}}, nil
}

// What the centre says of keys counts from the next badge on, and a file that names
// one lifts no limit of it.
func TestBadgeDeskTakesTheSitesKeys(t *testing.T) {
	c, clock, d := newDesk(t)
	_, _, other := newDesk(t)
	b := c.newBadge(domain.PersonID(newID()), 1)
	foreign, err := other.token(b)
	must(t, err)
	theirs := func(change func(*domain.BadgeKey)) siteKeys {
		k := other.keys[0]
		if change != nil {
			change(&k)
		}
		return siteKeys{k}
	}
	read := func(site siteKeys, want error) kiosk.Token {
		t.Helper()
		must(t, d.reload(t.Context(), someIssued{noneIssued{site}}))
		got, err := d.Read(foreign)
		if !errors.Is(err, want) {
			t.Errorf("%+v, %v, want %v", got, err, want)
		}
		return got
	}
	read(nil, badge.ErrUnknownIssuer)
	if got := read(theirs(nil), nil); got.Badge != b.ID || !got.Before.IsZero() {
		t.Errorf("%+v", got)
	}
	revoked := clock.Now().Add(time.Hour)
	limited := theirs(func(k *domain.BadgeKey) { k.RevokedAt = revoked })
	d.trusted = []domain.BadgeKey{{Public: other.issuer.Public()}}
	if got := read(limited, nil); !got.Before.Equal(revoked) {
		t.Errorf("%+v", got)
	}
	d.trusted = nil
	read(theirs(func(k *domain.BadgeKey) { k.DroppedAt = revoked }), badge.ErrUnknownIssuer)
	read(theirs(func(k *domain.BadgeKey) { k.Public = k.Public[1:] }), badge.ErrUnknownIssuer)
	read(nil, badge.ErrUnknownIssuer)
	// Of its own key it is told only that others limit it.
	own := d.keys[0]
	own.RevokedAt = clock.Now()
	must(t, d.reload(t.Context(), someIssued{noneIssued{siteKeys{own}}}))
	mine, err := d.token(b)
	must(t, err)
	if got, err := d.Read(mine); err != nil || !got.Before.IsZero() || !d.limited(siteKeys{own}) || d.limited(limited) {
		t.Errorf("%+v, %v", got, err)
	}
	if k := d.keys[0]; k.ID != domain.BadgeKeyID(d.issuer.ID().String()) || !ed25519.Verify(k.Public, domain.BadgeKeyProof(k.DeviceID, k.Public), k.Proof) {
		t.Errorf("told of as %+v", k)
	}
}

// unreadKeys is a store whose keys cannot be read; some of them, where there are.
type unreadKeys struct{ someIssued }

func (k unreadKeys) BadgeKeys(context.Context) ([]domain.BadgeKey, error) {
	return k.siteKeys, errors.New("disk")
}

// What cannot be read takes no key away and lifts no limit; what is read beside
// an error counts.
func TestBadgeDeskKeepsWhatItCannotReadAnew(t *testing.T) {
	c, clock, d := newDesk(t)
	_, _, other := newDesk(t)
	foreign, err := other.token(c.newBadge(domain.PersonID(newID()), 1))
	must(t, err)
	limited := other.keys[0]
	limited.RevokedAt = clock.Now().Add(time.Hour)
	must(t, d.reload(t.Context(), noneIssued{siteKeys{limited}}))
	d.trusted = []domain.BadgeKey{{Public: other.issuer.Public()}}
	if err := d.reload(t.Context(), unreadKeys{}); err == nil {
		t.Error("no error")
	}
	if got, err := d.Read(foreign); err != nil || !got.Before.Equal(limited.RevokedAt) {
		t.Errorf("%+v, %v", got, err)
	}
	d.trusted = nil
	if err := d.reload(t.Context(), unreadKeys{someIssued{noneIssued{siteKeys{}}}}); err == nil {
		t.Error("no error")
	}
	if _, err := d.Read(foreign); !errors.Is(err, badge.ErrUnknownIssuer) {
		t.Errorf("%v", err)
	}
	// Nor at the start does a file lift what is not known.
	c.cfg.Badge.TrustedKeysFile = filepath.Join(t.TempDir(), "trusted")
	must(t, os.WriteFile(c.cfg.Badge.TrustedKeysFile, []byte(trustedLine(other.issuer.Public())+"\n"), 0o600))
	d, err = c.openBadges(t.Context(), unreadKeys{})
	if err == nil || d == nil {
		t.Fatalf("%+v, %v", d, err)
	}
	if _, err := d.Read(foreign); !errors.Is(err, badge.ErrUnknownIssuer) {
		t.Errorf("%v", err)
	}
}

func TestBadgeDesk(t *testing.T) {
	c, clock, d := newDesk(t)
	b := c.newBadge(domain.PersonID(newID()), 1)
	token, err := d.token(b)
	if err != nil {
		t.Fatal(err)
	}
	code, err := d.Badge(b)
	if err != nil || len(code.Modules) != 45 || len(code.Modules[44]) != 45 || !code.Modules[0][0] || code.Modules[7][7] {
		t.Errorf("code: %v", err)
	}
	if got, err := d.Read(token); err != nil || got.Badge != b.ID || got.Person != b.Person || got.Receipt {
		t.Errorf("%+v, %v", got, err)
	}
	consent := domain.Consent{ID: newID(), Person: b.Person, At: clock.Now(), Lang: domain.Spanish}
	if code, err := d.Receipt(consent); err != nil || len(code.Modules) != 49 {
		t.Errorf("receipt's code: %v", err)
	}
	receipt, err := d.issuer.Receipt(consent)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := d.Read(receipt); err != nil || !got.Receipt || got.Consent != consent.ID || got.Person != b.Person {
		t.Errorf("receipt: %+v, %v", got, err)
	}

	_, _, other := newDesk(t)
	foreign, err := other.token(b)
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		text string
		err  error
		why  domain.Reason
	}{
		"somebody's telephone": {"https://example.org/x", kiosk.ErrForeign, domain.ReasonBadgeUnknown},
		"of another bank":      {foreign, badge.ErrUnknownIssuer, domain.ReasonBadgeUnknown},
		"cut":                  {token[:len(token)-3], badge.ErrMalformed, domain.ReasonBadgeUnknown},
		"forged":               {forge(token), badge.ErrForged, domain.ReasonBadgeForged},
	} {
		got, err := d.Read(tt.text)
		if !errors.Is(err, tt.err) || d.Refusal(err) != tt.why || got != (kiosk.Token{}) {
			t.Errorf("%s: %+v, %v, %s", name, got, err, d.Refusal(err))
		}
	}
	clock.Advance(366 * 24 * time.Hour)
	if got, err := d.Read(token); !errors.Is(err, badge.ErrExpired) || got.Badge != b.ID || d.Refusal(err) != domain.ReasonBadgeExpired {
		t.Errorf("expired: %+v, %v", got, err)
	}

	// The other kiosk's badges hold once its key is trusted.
	c.cfg.Badge.TrustedKeysFile = filepath.Join(t.TempDir(), "trusted")
	line := "# the kiosk at the gate\n\n" + trustedLine(other.issuer.Public()) + "\n"
	if err := os.WriteFile(c.cfg.Badge.TrustedKeysFile, []byte(line), 0o600); err != nil {
		t.Fatal(err)
	}
	clock.Advance(-366 * 24 * time.Hour)
	if d, err = c.openBadges(t.Context(), someIssued{}); err != nil {
		t.Fatal(err)
	}
	if got, err := d.Read(foreign); err != nil || got.Badge != b.ID {
		t.Errorf("of a trusted kiosk: %+v, %v", got, err)
	}
	if err := os.Chmod(c.cfg.Badge.TrustedKeysFile, 0o622); err != nil {
		t.Fatal(err)
	}
	if d, err = c.openBadges(t.Context(), someIssued{}); !errors.Is(err, errTrustedKeys) || d == nil || !d.canIssue() {
		t.Errorf("a list that others may write: %v", err)
	}
	if _, err := d.Read(foreign); !errors.Is(err, badge.ErrUnknownIssuer) {
		t.Errorf("its keys are trusted: %v", err)
	}
}

// A badge of staff is read under this kiosk's own keys alone, and by nobody who
// asks for a visitor's.
func TestBadgesOfStaff(t *testing.T) {
	c, clock, d := newDesk(t)
	now := clock.Now().UTC().Truncate(time.Second)
	b := domain.StaffBadge{ID: domain.BadgeID(newID()), Staff: domain.StaffID(newID()), NotBefore: now, Expires: now.Add(time.Hour)}
	token, err := d.staffToken(b)
	if err != nil {
		t.Fatal(err)
	}
	want := kiosk.StaffToken{Badge: b.ID, Staff: b.Staff}
	for _, after := range []time.Duration{0, 2 * time.Hour, -4 * time.Hour} { // the store refuses what is not of now
		clock.Advance(after)
		if got, err := d.ReadStaff(token); got != want || err != nil {
			t.Errorf("%s on: %+v, %v", after, got, err)
		}
	}
	clock.Advance(2 * time.Hour)
	if code, err := d.Staff(b); err != nil || len(code.Modules) > 45 {
		t.Errorf("code %v, %v", code, err)
	}
	if got, err := d.Read(token); got != (kiosk.Token{}) || d.Refusal(err) != domain.ReasonBadgeUnknown {
		t.Errorf("taken for a visitor's: %+v, %v", got, err)
	}
	visitor, err := d.token(c.newBadge(domain.PersonID(b.Staff), 1)) // of the same id
	if err != nil {
		t.Fatal(err)
	}
	receipt, err := d.issuer.Receipt(domain.Consent{ID: newID(), Person: domain.PersonID(b.Staff), At: now})
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"visitor's": visitor, "receipt": receipt, "forged": forge(token), "foreign": "https://example.org"} {
		if got, err := d.ReadStaff(text); err == nil || got != (kiosk.StaffToken{}) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	if _, err := d.ReadStaff(forge(token)); d.Refusal(err) != domain.ReasonBadgeForged {
		t.Errorf("forged: %v", err)
	}
	// Another kiosk's, though its visitors' badges are trusted here.
	_, _, other := newDesk(t)
	foreign, err := other.staffToken(b)
	if err != nil {
		t.Fatal(err)
	}
	c.cfg.Badge.TrustedKeysFile = filepath.Join(t.TempDir(), "trusted")
	if err := os.WriteFile(c.cfg.Badge.TrustedKeysFile, []byte(trustedLine(other.issuer.Public())+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if d, err = c.openBadges(t.Context(), someIssued{}); err != nil {
		t.Fatal(err)
	}
	if got, err := d.ReadStaff(foreign); !errors.Is(err, badge.ErrUnknownIssuer) {
		t.Errorf("another kiosk's: %+v, %v", got, err)
	}
	if got, err := d.ReadStaff(token); got != want || err != nil {
		t.Errorf("one's own: %+v, %v", got, err)
	}
}

// forge changes who a token is for, and keeps its signature.
func forge(token string) string {
	swap := byte('0')
	if token[30] == swap {
		swap = '1'
	}
	return token[:30] + string(swap) + token[31:]
}

// staffIssued has given staff a badge, and no visitor.
type staffIssued struct{ noneIssued }

func (staffIssued) Audit(context.Context, domain.AuditFilter, uint64, int) ([]domain.AuditEntry, error) {
	return []domain.AuditEntry{{Action: domain.AuditStaffBadge}}, nil
}

// TestLostBadgeKey: no other is made, nobody is registered, and the desk says so.
func TestLostBadgeKey(t *testing.T) {
	c, _, d := newDesk(t)
	token, err := d.token(c.newBadge(domain.PersonID(newID()), 1))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(c.cfg.Badge.KeyFile); err != nil {
		t.Fatal(err)
	}
	d, err = c.openBadges(t.Context(), someIssued{})
	if !errors.Is(err, badge.ErrNoKey) || d == nil || d.canIssue() {
		t.Fatalf("%v, %v", d, err)
	}
	if _, err := os.Stat(c.cfg.Badge.KeyFile); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("another key was made: %v", err)
	}
	if _, err := c.openBadges(t.Context(), staffIssued{}); !errors.Is(err, badge.ErrNoKey) {
		t.Errorf("with badges of staff alone: %v", err)
	}
	if _, err := d.Staff(domain.StaffBadge{}); !errors.Is(err, badge.ErrNoKey) {
		t.Errorf("issued to staff: %v", err)
	}
	if _, err := d.Badge(c.newBadge(domain.PersonID(newID()), 1)); !errors.Is(err, badge.ErrNoKey) {
		t.Errorf("issued: %v", err)
	}
	if _, err := d.Receipt(domain.Consent{}); !errors.Is(err, badge.ErrNoKey) {
		t.Errorf("receipt issued: %v", err)
	}
	if _, err := d.Read(token); d.Refusal(err) != domain.ReasonBadgeUnknown {
		t.Errorf("read: %v", err)
	}
	texts, err := newConsentTexts(func() string { return "" }, 12, c.clock, d.err)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := texts.ConsentText(domain.Spanish); !errors.Is(err, badge.ErrNoKey) {
		t.Errorf("consent is asked: %v", err)
	}
}

func TestConsentTexts(t *testing.T) {
	site := func() string { return "Banco Norte" }
	texts, err := newConsentTexts(site, 6, domain.SystemClock{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, l := range []domain.Lang{domain.Spanish, domain.English} {
		shown, hash, err := texts.ConsentText(l)
		want, werr := assets.ConsentFor(assets.ConsentVersion, string(l), "Banco Norte", 6)
		if err != nil || werr != nil || hash != want.SHA256() || shown.Version != assets.ConsentVersion || shown.Months != 6 || seen[hash] ||
			assets.ConsentOf(shown.Version, string(l), *shown.Words).SHA256() != hash {
			t.Errorf("%s: %+v, %s, %v", l, shown, hash, err)
		}
		seen[hash] = true
	}
	if _, _, err := texts.ConsentText("fr"); !errors.Is(err, errNoText) {
		t.Errorf("in French: %v", err)
	}
	if _, err := newConsentTexts(site, 0, domain.SystemClock{}, nil); err == nil {
		t.Error("kept for no months")
	}
}

func TestCardPrinter(t *testing.T) {
	c, clock, d := newDesk(t)
	texts, err := assets.LoadTexts()
	if err != nil {
		t.Fatal(err)
	}
	if p := c.cardPrinter(d, "Banco Norte", texts); p != nil {
		t.Error("a printer that nobody configured")
	}
	c.cfg.Badge.PDFDir = t.TempDir()
	var log bytes.Buffer
	c.log = slog.New(slog.NewJSONHandler(&log, nil))
	p := c.cardPrinter(d, "Banco Norte", texts)
	var cards [][]byte
	var badges []domain.Badge
	for _, l := range []domain.Lang{domain.Spanish, domain.English} {
		b := c.newBadge(domain.PersonID(newID()), 1)
		if err := p.Print(t.Context(), b, "Lucía Vega", l); err != nil {
			t.Fatal(err)
		}
		pdf, err := os.ReadFile(filepath.Join(c.cfg.Badge.PDFDir, "badge-"+string(b.ID)+".pdf"))
		if err != nil || !bytes.HasPrefix(pdf, []byte("%PDF-")) {
			t.Fatalf("%s: %v", l, err)
		}
		cards, badges = append(cards, pdf), append(badges, b)
	}
	if bytes.Equal(cards[0], cards[1]) || strings.Contains(log.String(), "Lucía") || !strings.Contains(log.String(), "badge printed") {
		t.Errorf("the cards are the same, or the log tells a name: %s", log.String())
	}
	for _, l := range []string{"es", "en"} {
		for _, k := range []string{"card.title", "card.note", "card_staff.title", "card_staff.note", "badge.valid"} {
			if !texts.Has(l, k) {
				t.Errorf("no %s in %s", k, l)
			}
		}
	}
	c.cfg.Badge.Printer, c.cfg.Badge.Media = "Zebra", "A4"
	cups, ok := c.printer().(badge.CUPS)
	if !ok || cups.Destination != "Zebra" || len(cups.Options) != 1 || cups.Options[0] != "media=A4" || cups.Validate() != nil {
		t.Errorf("%+v", cups)
	}

	// The sweep removes what holds no more, and nothing that is not a card.
	note := filepath.Join(c.cfg.Badge.PDFDir, "note.txt")
	if err := os.WriteFile(note, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	clerk := domain.StaffBadge{ID: domain.BadgeID(newID()), Staff: domain.StaffID(newID()), NotBefore: badges[0].NotBefore, Expires: badges[0].Expires}
	if err := p.PrintStaff(t.Context(), clerk, "Ana Ruiz", domain.Spanish); err != nil {
		t.Fatal(err)
	}
	if saved, err := p.StaffCard(clerk, "Ana Ruiz", domain.English); err != nil || !bytes.HasPrefix(saved, []byte("%PDF-")) || strings.Contains(log.String(), "Ana") {
		t.Errorf("a card of staff: %v, log %s", err, log.String())
	}
	f, _ := c.cardFolder()
	known := fakeBadges{badges[0].ID: badges[0], clerk.ID: {NotBefore: clerk.NotBefore, Expires: clerk.Expires}} // the other person was erased
	if n, err := sweepCards(t.Context(), f, known, clock.Now()); n != 1 || err != nil {
		t.Errorf("%d swept, %v", n, err)
	}
	if n, err := sweepCards(t.Context(), f, known, badges[0].Expires); n != 2 || err != nil {
		t.Errorf("%d swept of two expired, %v", n, err)
	}
	if left, err := os.ReadDir(c.cfg.Badge.PDFDir); err != nil || len(left) != 1 || left[0].Name() != "note.txt" {
		t.Errorf("left: %v, %v", left, err)
	}
}

type fakeBadges map[domain.BadgeID]domain.Badge

func (f fakeBadges) Badge(_ context.Context, id domain.BadgeID) (domain.Badge, error) {
	if b, ok := f[id]; ok && b.Person != "" {
		return b, nil
	}
	return domain.Badge{}, domain.ErrNotFound
}

func (f fakeBadges) StaffBadge(_ context.Context, id domain.BadgeID) (domain.StaffBadge, error) {
	if b, ok := f[id]; ok && b.Person == "" { // an account's
		return domain.StaffBadge{ID: id, NotBefore: b.NotBefore, Expires: b.Expires}, nil
	}
	return domain.StaffBadge{}, domain.ErrNotFound
}

func TestParseTrustedKeys(t *testing.T) {
	pub := ed25519.NewKeyFromSeed(make([]byte, 32)).Public().(ed25519.PublicKey)
	keys, err := parseTrustedKeys([]byte("\r\n# x\n  " + trustedLine(pub) + "\n" + trustedLine(pub)))
	if err != nil || len(keys) != 2 || !keys[1].Equal(pub) {
		t.Errorf("%d keys, %v", len(keys), err)
	}
	for _, bad := range []string{"x", "AAAA", trustedLine(pub)[:40], trustedLine(pub)[:44] + " more"} {
		if keys, err := parseTrustedKeys([]byte(bad)); err == nil {
			t.Errorf("%q: %d keys", bad, len(keys))
		}
	}
	if _, err := parseTrustedKeys([]byte(strings.Repeat(trustedLine(pub)+"\n", maxTrustedKeys+1))); err == nil {
		t.Error("more keys than may be")
	}
}

// FuzzTrustedKeys: whatever the file holds, only whole public keys come of it.
func FuzzTrustedKeys(f *testing.F) {
	f.Add([]byte(trustedLine(make([]byte, 32))))
	f.Add([]byte("# only words\n\nAAAA"))
	f.Fuzz(func(t *testing.T, b []byte) {
		keys, err := parseTrustedKeys(b)
		if err != nil {
			return
		}
		for _, k := range keys {
			if len(k) != ed25519.PublicKeySize || !bytes.Contains(b, []byte(strings.SplitN(trustedLine(k), " ", 2)[0])) {
				t.Errorf("a key that is not in the file: %x", k)
			}
		}
	})
}

func TestReadLine(t *testing.T) {
	for in, want := range map[string]string{"493817\n571934\n": "493817", "493817\r\n": "493817", "493817": "493817", "\n": ""} {
		r := strings.NewReader(in)
		if got, err := readLine(r); got != want || err != nil {
			t.Errorf("%q: %q, %v", in, got, err)
		}
		if rest, _ := io.ReadAll(r); want != "" && strings.Contains(in, "\n5") && string(rest) != "571934\n" {
			t.Errorf("%q: %q is left", in, rest)
		}
	}
	for _, bad := range []string{"", strings.Repeat("9", maxSecret+1)} {
		if got, err := readLine(strings.NewReader(bad)); err == nil {
			t.Errorf("%d bytes: %q", len(bad), got)
		}
	}
}
