package main

import (
	"context"
	"errors"
	"slices"

	"agentid/app/domain"
	"agentid/app/kiosk"
)

// syncDesk tells how the sync stands. Without a centre, what waits is told all
// the same.
type syncDesk struct{ p *program }

var _ kiosk.SyncDesk = syncDesk{}

// Sync implements kiosk.SyncDesk.
func (d syncDesk) Sync(ctx context.Context) (kiosk.SyncInfo, error) {
	w, err := d.p.store.WaitingNotices(ctx)
	if err != nil {
		return kiosk.SyncInfo{}, err
	}
	s := kiosk.SyncInfo{State: "not_configured", Waiting: w, Notes: d.p.faq.notes(domain.English)}
	if d.p.link == nil {
		return s, nil
	}
	st, _ := d.p.link.now()
	s.Switch, s.Offline = true, d.p.link.hold.held()
	s.State, s.LastSuccess, s.RetryAt, s.LastError, s.Notes = string(st.State), st.LastSuccess, st.RetryAt, st.LastError, append(slices.Clone(st.Notes), s.Notes...)
	if st.SkewKnown {
		s.Skew = st.Skew
	}
	return s, nil
}

// Dead implements kiosk.SyncDesk.
func (d syncDesk) Dead(ctx context.Context, limit int) ([]domain.DeadNotice, error) {
	return d.p.store.DeadNotices(ctx, limit)
}

// Retry implements kiosk.SyncDesk.
func (d syncDesk) Retry(ctx context.Context, key domain.NoticeKey) error {
	err := d.p.store.RequeueNotice(ctx, key)
	if err == nil {
		d.p.link.wake()
	}
	return err
}

// SetOffline implements kiosk.SyncDesk.
func (d syncDesk) SetOffline(ctx context.Context, offline bool) error {
	if d.p.link == nil {
		return errors.ErrUnsupported
	}
	return d.p.link.hold.set(ctx, d.p.store, offline)
}
