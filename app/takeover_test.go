package main

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"agentid/app/domain"
	"agentid/app/domain/domaintest"
	"agentid/sync/protocol"
)

// applyCut has a page applied by a sync that staff holds back meanwhile.
func (k *adminKiosk) applyCut(changes ...domain.CentreChange) error {
	k.t.Helper()
	from, err := k.store.SyncCursor(k.t.Context())
	must(k.t, err)
	ctx, cancel := context.WithCancel(k.t.Context())
	cancel()
	_, err = takeover{k.store, k.program}.ApplyPage(ctx, domain.CentrePage{From: from, Cursor: from + "+", Changes: changes})
	return err
}

// Staff who hold the sync back take no kiosk's badges away.
func TestASyncThatIsCutKeepsBadgeKeys(t *testing.T) {
	k := newAdminKiosk(t)
	c, _, other := newDesk(t)
	foreign, err := other.token(c.newBadge(domain.PersonID(newID()), 1))
	must(t, err)
	limited := other.keys[0]
	limited.RevokedAt = c.clock.Now()
	from, err := k.store.SyncCursor(t.Context())
	must(t, err)
	_, err = takeover{k.store, k.program}.ApplyPage(t.Context(), domain.CentrePage{From: from, Cursor: "1", Changes: []domain.CentreChange{{BadgeKey: &limited}}})
	must(t, err)
	read := func() {
		t.Helper()
		got, err := k.desk.ring.Load().Badge(foreign)
		if got.Before.IsZero() {
			t.Errorf("%+v, %v", got, err)
		}
	}
	read()
	if err := k.applyCut(); err == nil {
		t.Fatal("the page was applied")
	}
	read()
}

// committed has documents of the centre kept, and no more.
func (k *adminKiosk) committed(docs ...domain.Document) {
	k.t.Helper()
	from, err := k.store.SyncCursor(k.t.Context())
	must(k.t, err)
	page := domain.CentrePage{From: from, Cursor: from + "+"}
	for _, d := range docs {
		d.Version, d.At = 1, k.c.clock.Now()
		page.Changes = append(page.Changes, domain.CentreChange{Document: &d})
	}
	_, err = k.store.ApplyPage(k.t.Context(), page)
	must(k.t, err)
}

// A sync that ends between the commit and what follows it loses nothing of either.
func TestASyncThatIsCutGoesByWhatIsCommitted(t *testing.T) {
	k := newAdminKiosk(t)
	config, account := siteConfig(`{"recognition.votes":7}`), staffDoc(centreStaff, "lucia", "staff", "")
	k.committed(config, account)
	if err := k.applyCut(domain.CentreChange{Document: &config}, domain.CentreChange{Document: &account}); err == nil {
		t.Fatal("the page was applied")
	}
	if got := k.config().Recognition.Votes; got != 7 {
		t.Errorf("%d votes", got)
	}
	if _, err := k.store.StaffMember(t.Context(), centreStaff); err != nil {
		t.Error(err)
	}
}

// What the store fails at after the commit is tried again: with the next page,
// whatever is in it, and by itself.
func TestWhatIsDueIsTriedAgain(t *testing.T) {
	k := newAdminKiosk(t)
	clock := domaintest.NewClock(time.Now())
	k.c.clock = clock
	exec := k.exec
	fails := func(d domain.Document) {
		t.Helper()
		exec("CREATE TRIGGER full BEFORE UPDATE ON staff BEGIN SELECT RAISE(ABORT, 'disk'); END")
		if notes := k.centreSays(d); len(notes) != 1 || !k.due.any() {
			t.Errorf("%q", notes)
		}
		exec("DROP TRIGGER full")
	}
	closed := func() bool {
		m, err := k.store.StaffMember(t.Context(), centreStaff)
		must(t, err)
		return !m.Disabled.IsZero()
	}
	k.centreSays(staffDoc(centreStaff, "lucia", "staff", ""))
	fails(staffDoc(centreStaff, "lucia", "staff", `,"closed":true`))
	if closed() {
		t.Fatal("closed at once")
	}
	if notes := k.centreSays(); notes != nil || !closed() || k.due.any() {
		t.Errorf("with the next page: %q", notes)
	}

	fails(staffDoc(centreStaff, "lucia", "staff", ""))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); k.keepTaking(ctx) }()
	defer func() { cancel(); <-ended }()
	clock.AwaitTimers(1)
	clock.Advance(dueEvery)
	clock.AwaitTimers(1) // the next look
	if closed() {
		t.Error("not opened again by itself")
	}
}

// exec does something to the database behind the kiosk's back.
func (k *adminKiosk) exec(query string) {
	k.t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(k.c.cfg.StateDir(), databaseFile)+"?_pragma=busy_timeout(5000)")
	must(k.t, err)
	defer db.Close()
	_, err = db.ExecContext(k.t.Context(), query)
	must(k.t, err)
}

// Beside one that is damaged no configuration is taken without a look at it, nor
// is a page that cannot be looked at for the moment; what else comes is taken.
func TestNoConfigurationIsTakenUnreviewed(t *testing.T) {
	k := newAdminKiosk(t)
	past := k.c.clock.Now().Add(-time.Hour)
	mine := siteConfig(`{"recognition.votes":7}`)
	mine.Ref = protocol.ConfigOfKiosk(k.store.DeviceID())
	k.centreSays(siteConfig(`{"recognition.votes":2}`))
	k.exec("UPDATE centre_documents SET content = x'00' WHERE kind = 'config'")
	notes := k.centreSays(mine, text("2027-1", "es", "Uno", past))
	if len(notes) != 1 || !strings.Contains(notes[0], "config "+mine.Ref) {
		t.Errorf("%q", notes)
	}
	if _, err := k.store.CentreDocument(t.Context(), mine.Kind, mine.Ref); !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("kept unreviewed: %v", err)
	}
	if _, err := k.store.CentreDocument(t.Context(), domain.DocumentConsentText, "2027-1/es"); err != nil {
		t.Errorf("not taken: %v", err)
	}
	k.centreSays(siteConfig(""))
	if notes := k.centreSays(mine); notes != nil || k.config().Recognition.Votes != 7 {
		t.Errorf("%q, %d votes", notes, k.config().Recognition.Votes)
	}

	k.exec("ALTER TABLE centre_documents RENAME TO elsewhere")
	from, err := k.store.SyncCursor(t.Context())
	must(t, err)
	if _, err := (takeover{k.store, k.program}).ApplyPage(t.Context(), domain.CentrePage{From: from, Cursor: from + "+"}); err == nil {
		t.Error("applied unreviewed")
	}
	k.exec("ALTER TABLE elsewhere RENAME TO centre_documents")
}
