package kiosk

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"agentid/app/domain"
)

// A badge is named by its person and its own id: "person/badge".
var badgeDeeds = map[string]deed{
	"badges.revoke": {by: helpers, about: domain.TargetBadge, sure: revokeSure, do: revokeBadge},
	"badges.print":  {by: helpers, about: domain.TargetBadge, do: printBadge},
}

// badgeTable lists somebody's badges, the newest first.
func (c call) badgeTable(p domain.Profile) Table {
	t := Table{Columns: []Column{column("badge", 3), column("from", 2), column("until", 2), column("state", 3)}, Empty: words("empty.badges"), Total: -1}
	list := slices.Clone(p.Badges)
	slices.SortStableFunc(list, func(a, b domain.Badge) int { return b.NotBefore.Compare(a.NotBefore) })
	for _, b := range list {
		t.Rows = append(t.Rows, Row{ID: string(p.Person.ID) + "/" + string(b.ID), Cells: []Cell{
			cellText(short(string(b.ID))), cellDay(b.NotBefore), cellDay(b.Expires), badgeState(b, c.clock.Now()),
		}})
	}
	return t
}

// holds tells that a badge opens something now.
func holds(b domain.Badge, now time.Time) bool { return b.RevokedAt.IsZero() && now.Before(b.Expires) }

func badgeState(b domain.Badge, now time.Time) Cell {
	switch {
	case !b.RevokedAt.IsZero():
		return toned(cellKey("badge_state.revoked"), ToneStop)
	case !now.Before(b.Expires):
		return toned(cellKey("badge_state.expired"), ToneWarn)
	}
	return toned(cellKey("badge_state.holds"), ToneOK)
}

// badge finds one of somebody's badges.
func (c call) badge(ctx context.Context, person domain.PersonID, id domain.BadgeID) (domain.Badge, domain.Profile, error) {
	p, err := c.flows.Registry.Profile(ctx, person)
	if err != nil {
		return domain.Badge{}, p, err
	}
	i := slices.IndexFunc(p.Badges, func(b domain.Badge) bool { return b.ID == id })
	if i < 0 {
		return domain.Badge{}, p, domain.ErrNotFound
	}
	return p.Badges[i], p, nil
}

// named is the badge that a deed is about.
func (c call) named(ctx context.Context) (domain.Badge, domain.Profile, error) {
	person, badge, _ := strings.Cut(c.row, "/")
	return c.badge(ctx, domain.PersonID(person), domain.BadgeID(badge))
}

func (c call) badgeDetail(ctx context.Context, person domain.PersonID, id domain.BadgeID) (*Detail, error) {
	b, p, err := c.badge(ctx, person, id)
	if err != nil {
		return nil, err
	}
	now := c.clock.Now()
	d := &Detail{ID: c.at.row, Title: words("badge_of", "Name", p.Person.Name), Fields: []DetailField{
		field("badge", cellText(string(b.ID))), field("from", cellTime(b.NotBefore)), field("until", cellTime(b.Expires)), field("state", badgeState(b, now)),
	}}
	if !b.RevokedAt.IsZero() {
		d.Fields = append(d.Fields, field("revoked", cellTime(b.RevokedAt)), field("reason", reasonCell(b.Revoked)))
	}
	if holds(b, now) {
		if c.flows.Printer != nil {
			d.Do = append(d.Do, AdminButton{ID: "badges.print", Label: words("do.print"), Icon: "printer", Main: true})
		}
		d.Do = append(d.Do, AdminButton{ID: "badges.revoke", Label: words("do.revoke"), Icon: "cross", Grave: true})
	}
	return d, nil
}

func revokeSure(ctx context.Context, c call) (*Confirm, error) {
	_, p, err := c.named(ctx)
	if err != nil {
		return nil, err
	}
	return &Confirm{Title: words("sure.revoke", "Name", p.Person.Name), Text: words("sure.revoke_text"), Yes: words("do.revoke")}, nil
}

func revokeBadge(ctx context.Context, c call) (outcome, error) {
	b, _, err := c.named(ctx)
	if err != nil {
		return outcome{}, err
	}
	if err := c.flows.Registry.RevokeBadge(ctx, b.ID, domain.ReasonBadgeRevoked, c.clock.Now()); err != nil {
		return outcome{}, err
	}
	return said("said.revoked"), nil
}

func printBadge(ctx context.Context, c call) (outcome, error) {
	b, p, err := c.named(ctx)
	if err != nil {
		return outcome{}, err
	}
	if c.flows.Printer == nil || !holds(b, c.clock.Now()) {
		return outcome{}, errNotHere
	}
	if err := c.note(ctx, domain.AuditExported, domain.TargetBadge, string(b.ID), "as", "card"); err != nil {
		return outcome{}, err
	}
	if err := c.flows.Printer.Print(ctx, b, p.Person.Name, c.lang); err != nil {
		c.failed("badge not printed", err)
		return outcome{said: words("said.not_printed"), tone: ToneWarn}, nil
	}
	return said("said.printed"), nil
}

func newBadgeSure(ctx context.Context, c call) (*Confirm, error) {
	p, err := c.flows.Registry.Profile(ctx, domain.PersonID(c.row))
	if err != nil {
		return nil, err
	}
	return &Confirm{Title: words("sure.new_badge", "Name", p.Person.Name), Text: words("sure.new_badge_text"), Yes: words("do.new_badge")}, nil
}

// newBadge gives somebody a badge, prints it where there is a printer, and ends
// the ones before it: in this order, so that nobody is left without.
func newBadge(ctx context.Context, c call) (outcome, error) {
	p, err := c.flows.Registry.Profile(ctx, domain.PersonID(c.row))
	if err != nil {
		return outcome{}, err
	}
	now := c.clock.Now().UTC().Truncate(time.Second)
	b := domain.Badge{ID: domain.BadgeID(c.flows.NewID()), Person: p.Person.ID, NotBefore: now, Expires: now.Add(c.badgeValidity()), Templates: 1}
	for _, old := range p.Badges {
		b.Templates = max(b.Templates, old.Templates)
	}
	code, err := c.flows.Badges.Badge(b) // nobody is given a badge that cannot be read
	if err != nil {
		return outcome{}, fmt.Errorf("badge: %w", err)
	}
	if err := c.flows.Registry.IssueBadge(ctx, b); err != nil {
		return outcome{}, err
	}
	for _, old := range p.Badges {
		if holds(old, now) {
			if err := c.flows.Registry.RevokeBadge(ctx, old.ID, domain.ReasonBadgeRenewed, now); err != nil {
				return outcome{}, err
			}
		}
	}
	out := said("said.badge_made")
	out.detail = &Detail{
		ID: string(p.Person.ID) + "/" + string(b.ID), Title: words("badge_of", "Name", p.Person.Name), Picture: code.picture(),
		Fields: []DetailField{field("badge", cellText(string(b.ID))), field("until", cellDay(b.Expires))},
	}
	if c.flows.Printer == nil {
		return out, nil
	}
	out.detail.Do = []AdminButton{{ID: "badges.print", Label: words("do.print"), Icon: "printer"}}
	if err := c.flows.Printer.Print(ctx, b, p.Person.Name, c.lang); err != nil {
		c.log.Error("badge not printed", slog.String("error", err.Error()))
		out.said, out.tone = words("said.badge_made_not_printed"), ToneWarn
		return out, nil
	}
	out.said = words("said.badge_printed")
	return out, nil
}
