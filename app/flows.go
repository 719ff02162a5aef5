package main

import (
	"context"
	"fmt"
	"log/slog"

	"agentid/app/domain"
	"agentid/app/kiosk"
	"agentid/assets"
)

// flows builds what registration, validation and withdrawal need of the world.
// What staff must know of is logged, and told by the doctor.
func (p *program) flows(ctx context.Context, site kiosk.Site, texts *assets.Texts) (*kiosk.Flows, error) {
	desk, err := p.c.openBadges(ctx, p.store)
	if desk == nil {
		return nil, fmt.Errorf("badges: %w", err)
	}
	if err != nil {
		p.c.log.Error("badges", slog.String("error", err.Error()))
		p.due.add(dueBadgeKeys) // perhaps it was those of the centre
	}
	p.desk = desk
	if desk.err == nil {
		if err := p.store.TellBadgeKeys(ctx, desk.keys); err != nil { // the next start tries again
			p.c.log.Error("badge keys not told", slog.String("error", err.Error()))
		}
	}
	organisation := func() string { return siteOf(p.config()).Organisation }
	if p.consents, err = newConsentTexts(organisation, p.c.cfg.Retention.Months, p.c.clock, desk.err); err != nil {
		return nil, err
	}
	reg := p.c.registry(p.store)
	reg.gone, reg.joined = p.gone, p.galleryChanged
	p.reg = reg
	f := &kiosk.Flows{
		Registry: reg, Events: p.store, Eye: p.eye, Badges: desk, Consent: p.consents, Staff: p.store, StaffBadges: p.store,
		NewID: newID, BadgeValidity: p.c.badgeValidity(), DeviceID: p.store.DeviceID(),
	}
	p.cards = p.c.cardMaker(desk, site.Organisation, texts)
	if printer := p.c.cardPrinter(desk, site.Organisation, texts); printer != nil { // not a nil in an interface
		f.Printer = printer
	}
	return f, nil
}

// gone forgets somebody who was erased, or whose face was: before anybody is
// told that it is done.
func (p *program) gone(id domain.PersonID) {
	if g := p.gallery.Load(); g != nil {
		g.Remove(id)
	}
	if pipe := p.pipe.Load(); pipe != nil {
		pipe.Forget(id)
	}
	p.galleryChanged()
}

// galleryChanged has the gallery and the names read anew, now.
func (p *program) galleryChanged() {
	p.link.wake()
	select {
	case p.changed <- struct{}{}:
	default: // it is about to be
	}
}
