package main

import (
	"context"
	"testing"

	"agentid/app/domain"
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
