package main

import (
	"context"
	"errors"
	"log/slog"

	"agentid/app/domain"
	"agentid/app/kiosk"
)

// merger is the store's, and what else hangs on who is registered: the gallery
// that recognises forgets the one and takes in what the other was given, and the
// cards of the one are removed.
type merger struct {
	domain.Merger
	reg registry
}

// MergePeople implements domain.Merger.
func (m merger) MergePeople(ctx context.Context, keep, gone domain.PersonID, stamp string) (domain.ErasureReceipt, error) {
	var badges []domain.Badge
	if m.reg.cards != nil {
		p, err := m.reg.Profile(ctx, gone)
		if err != nil && !errors.Is(err, domain.ErrNotFound) { // merged already: asked again
			return domain.ErasureReceipt{}, err
		}
		badges = p.Badges
	}
	r, err := m.Merger.MergePeople(ctx, keep, gone, stamp)
	if err = m.reg.done(err); err != nil {
		return r, err
	}
	m.reg.forget(gone)
	if m.reg.joined != nil {
		m.reg.joined()
	}
	m.reg.removeCards(badges)
	return r, nil
}

// lookalikes finds whose face is near somebody's among those who are recognised.
type lookalikes struct{ p *program }

var _ kiosk.Lookalikes = lookalikes{}

// Lookalikes implements kiosk.Lookalikes.
func (l lookalikes) Lookalikes(_ context.Context, id domain.PersonID) (list []kiosk.Lookalike, err error) {
	g, limits := l.p.gallery.Load(), l.p.inUse.Load()
	if g == nil || limits == nil {
		return nil, nil
	}
	for _, n := range g.Near(id, limits.Duplicate+l.p.config().Recognition.Margin) {
		list = append(list, kiosk.Lookalike{Person: n.Person, Distance: n.Distance})
	}
	return list, nil
}

// removeCards removes cards that show the name of somebody who is no more.
func (r registry) removeCards(badges []domain.Badge) {
	for _, b := range badges {
		if err := r.cards.Remove(b.ID); err != nil { // the daily sweep tries again
			r.log.Error("card not removed", slog.String("badge", string(b.ID)), slog.String("error", err.Error()))
		}
	}
}
