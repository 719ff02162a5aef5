package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"agentid/app/badge"
	"agentid/app/domain"
	"agentid/app/kiosk"
	"agentid/app/store"
)

// badgeDesk issues and reads badges. Without its key it issues none, and reads
// those of other kiosks alone.
type badgeDesk struct {
	issuer *badge.Issuer // nil: err says why
	err    error
	keys   []domain.BadgeKey // this kiosk's own, for the centre; none with err
	// own is the ring of this kiosk's keys; trusted those of a file, for a kiosk
	// without a centre.
	own     *badge.Keyring
	trusted []domain.BadgeKey
	ring    atomic.Pointer[badge.Keyring] // all of them, as they are now
}

var _ kiosk.Badges = (*badgeDesk)(nil)

// issuedBadges tells whether this kiosk ever issued a badge: events stay, and so
// does the audit, which has those of staff.
type issuedBadges interface {
	EventsQuery(context.Context, store.Filter) ([]domain.Event, error)
	Audit(ctx context.Context, f domain.AuditFilter, before uint64, limit int) ([]domain.AuditEntry, error)
}

// badgeStore is that, and what the centre has told of badge keys.
type badgeStore interface {
	issuedBadges
	DeviceID() string
	BadgeKeys(context.Context) ([]domain.BadgeKey, error)
}

// badgeKeyFile is where this kiosk's key lies. It may be made for as long as
// nobody has a badge of ours: a new key would know none of them.
func (c *cli) badgeKeyFile(ctx context.Context, st issuedBadges) (badge.KeyFile, error) {
	issued, err := st.EventsQuery(ctx, store.Filter{Reason: domain.ReasonBadgeIssued, Limit: 1})
	if err != nil {
		return badge.KeyFile{}, fmt.Errorf("badges issued: %w", err)
	}
	staff, err := st.Audit(ctx, domain.AuditFilter{Action: domain.AuditStaffBadge}, 0, 1)
	if err != nil {
		return badge.KeyFile{}, fmt.Errorf("badges of staff issued: %w", err)
	}
	return badge.KeyFile{File: c.cfg.Badge.KeyFile, DataDir: c.cfg.StateDir(), Create: len(issued)+len(staff) == 0}, nil
}

// openBadges opens the keys. The desk that it returns works as far as it can,
// also beside an error, which is for staff.
func (c *cli) openBadges(ctx context.Context, st badgeStore) (*badgeDesk, error) {
	file, err := c.badgeKeyFile(ctx, st)
	var keys badge.Keys
	if err == nil {
		keys, err = file.Open()
	}
	d := &badgeDesk{err: err}
	var own []ed25519.PublicKey
	if err == nil {
		d.issuer, own, d.keys = keys.Issuer, keys.Public(), ownBadgeKeys(keys, st.DeviceID())
	}
	var ringErr error
	if d.own, ringErr = badge.NewKeyring(c.clock, own...); ringErr != nil {
		return nil, ringErr
	}
	d.ring.Store(d.own) // until it is read what the centre limits
	trusted, trustErr := readTrustedKeys(c.cfg.Badge.TrustedKeysFile)
	for _, pub := range trusted {
		d.trusted = append(d.trusted, domain.BadgeKey{Public: pub})
	}
	return d, errors.Join(err, trustErr, d.reload(ctx, st))
}

// ownBadgeKeys are this kiosk's keys, as the centre is told of them.
func ownBadgeKeys(keys badge.Keys, device string) []domain.BadgeKey {
	public := keys.Issuer.Public()
	list := []domain.BadgeKey{{ID: domain.BadgeKeyIDOf(public), Public: public, DeviceID: device, Proof: keys.Issuer.Prove(device)}}
	for _, r := range keys.Retired {
		list = append(list, domain.BadgeKey{ID: domain.BadgeKeyIDOf(r.Public), Public: r.Public, DeviceID: device, RetiredAt: r.At})
	}
	return list
}

// reload trusts the keys of other kiosks as the centre has them now: from the next
// badge on. This kiosk's own go first, whatever else has their ids; then the
// centre's, with their limits; then those of the file, which lift no limit. Where
// what the centre has cannot be read, the keys and limits of before hold.
func (d *badgeDesk) reload(ctx context.Context, st badgeStore) error {
	site, err := st.BadgeKeys(ctx)
	if err != nil && site == nil {
		return err
	}
	ring, _ := d.own.With(site...)
	ring, _ = ring.With(d.trusted...)
	d.ring.Store(ring)
	return err
}

// limited tells whether the centre trusts this kiosk's own key only for badges of
// before: it is a copy of one whose kiosk was revoked.
func (d *badgeDesk) limited(site []domain.BadgeKey) bool {
	return d.issuer != nil && slices.ContainsFunc(site, func(k domain.BadgeKey) bool {
		return k.ID == domain.BadgeKeyIDOf(d.issuer.Public()) && !k.RevokedAt.IsZero()
	})
}

// canIssue tells that badges can be issued.
func (d *badgeDesk) canIssue() bool { return d.issuer != nil }

// token writes a badge's text.
func (d *badgeDesk) token(b domain.Badge) (string, error) {
	if d.issuer == nil {
		return "", fmt.Errorf("no badge can be issued: %w", d.err)
	}
	return d.issuer.Badge(b)
}

// Badge implements kiosk.Badges.
func (d *badgeDesk) Badge(b domain.Badge) (*kiosk.Code, error) { return drawn(d.token(b)) }

// Receipt implements kiosk.Badges.
func (d *badgeDesk) Receipt(c domain.Consent) (*kiosk.Code, error) {
	if d.issuer == nil {
		return nil, fmt.Errorf("no receipt can be issued: %w", d.err)
	}
	return drawn(d.issuer.Receipt(c))
}

// staffToken writes the text of a badge of staff.
func (d *badgeDesk) staffToken(b domain.StaffBadge) (string, error) {
	if d.issuer == nil {
		return "", fmt.Errorf("no badge can be issued: %w", d.err)
	}
	return d.issuer.Staff(b)
}

// Staff implements kiosk.Badges.
func (d *badgeDesk) Staff(b domain.StaffBadge) (*kiosk.Code, error) { return drawn(d.staffToken(b)) }

// ReadStaff implements kiosk.Badges. Other kiosks' keys say nothing of who works
// here. A badge that is not of now is read too: the store refuses it, with the
// PIN, and has the reason audited.
func (d *badgeDesk) ReadStaff(text string) (kiosk.StaffToken, error) {
	if !strings.HasPrefix(text, tokenPrefix) {
		return kiosk.StaffToken{}, kiosk.ErrForeign
	}
	t, err := d.own.Staff(text)
	if err != nil && !errors.Is(err, badge.ErrExpired) && !errors.Is(err, badge.ErrNotYetValid) {
		return kiosk.StaffToken{}, err
	}
	return kiosk.StaffToken{Badge: t.Badge.ID, Staff: t.Badge.Staff}, nil
}

// drawn is a token as the screen takes it.
func drawn(token string, err error) (*kiosk.Code, error) {
	if err != nil {
		return nil, err
	}
	code, err := badge.NewCode(token)
	if err != nil {
		return nil, err
	}
	n := code.Modules()
	rows := make([][]bool, n)
	for y := range rows {
		rows[y] = make([]bool, n)
		for x := range rows[y] {
			rows[y][x] = code.Dark(x, y)
		}
	}
	return &kiosk.Code{Modules: rows}, nil
}

// tokenPrefix begins every text of ours.
const tokenPrefix = "AGID:"

// Read implements kiosk.Badges.
func (d *badgeDesk) Read(text string) (kiosk.Token, error) {
	if !strings.HasPrefix(text, tokenPrefix) {
		return kiosk.Token{}, kiosk.ErrForeign
	}
	if badge.KindOf(text) == badge.KindReceipt {
		r, err := d.ring.Load().Receipt(text)
		if err != nil {
			return kiosk.Token{}, err
		}
		return kiosk.Token{Receipt: true, Person: r.Person, Consent: r.Consent, Before: r.Before}, nil
	}
	t, err := d.ring.Load().Badge(text)
	return kiosk.Token{Person: t.Badge.Person, Badge: t.Badge.ID, Before: t.Before}, err
}

// Refusal implements kiosk.Badges.
func (d *badgeDesk) Refusal(err error) domain.Reason { return badge.Reason(err) }

// newBadge is a badge from now on, for the days that are configured.
func (c *cli) newBadge(person domain.PersonID, templates int64) domain.Badge {
	now := c.clock.Now().UTC().Truncate(time.Second)
	return domain.Badge{
		ID: domain.BadgeID(newID()), Person: person, NotBefore: now, Expires: now.Add(c.badgeValidity()), Templates: templates,
	}
}

func (c *cli) badgeValidity() time.Duration {
	return time.Duration(c.cfg.Badge.ValidDays) * 24 * time.Hour
}

const (
	maxTrustedFile = 1 << 20
	maxTrustedKeys = 10_000
)

// errTrustedKeys says that a list of public keys makes no sense.
var errTrustedKeys = errors.New("list of trusted keys")

// readTrustedKeys reads the public keys of other kiosks; none where no file is
// configured. A list that others may write is refused: whose key is in it can
// make badges.
func readTrustedKeys(path string) ([]ed25519.PublicKey, error) {
	if path == "" {
		return nil, nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errTrustedKeys, err)
	}
	if !info.Mode().IsRegular() || info.Mode().Perm()&0o022 != 0 {
		return nil, fmt.Errorf("%w: %s: mode %v, want a file that only its owner may write", errTrustedKeys, path, info.Mode())
	}
	b, err := readCapped(path, maxTrustedFile)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errTrustedKeys, err)
	}
	keys, err := parseTrustedKeys(b)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", errTrustedKeys, path, err)
	}
	return keys, nil
}

// parseTrustedKeys reads a key in base64 from the start of each line; # begins
// a remark.
func parseTrustedKeys(b []byte) ([]ed25519.PublicKey, error) {
	var keys []ed25519.PublicKey
	lines := bufio.NewScanner(bytes.NewReader(b))
	for n := 1; lines.Scan(); n++ {
		text, _, _ := strings.Cut(lines.Text(), "#")
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		pub, err := base64.StdEncoding.Strict().DecodeString(text)
		if err != nil || len(pub) != ed25519.PublicKeySize {
			return nil, fmt.Errorf("line %d: no public key", n)
		}
		if keys = append(keys, pub); len(keys) > maxTrustedKeys {
			return nil, fmt.Errorf("more than %d keys", maxTrustedKeys)
		}
	}
	return keys, lines.Err()
}

// trustedLine is a line of such a list.
func trustedLine(pub ed25519.PublicKey) string {
	return fmt.Sprintf("%s # %v", base64.StdEncoding.EncodeToString(pub), badge.KeyIDOf(pub))
}
