package kiosk

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"agentid/app/domain"
)

var staffBadgeDeeds = map[string]deed{
	"staff.badge":        {by: admins, about: domain.TargetStaff, sure: staffBadgeSure, do: staffBadgeNew},
	"staff.badge_print":  {by: admins, about: domain.TargetStaff, do: staffBadgePrint},
	"staff.badge_save":   {by: admins, about: domain.TargetStaff, do: staffBadgeSave},
	"staff.badge_revoke": {by: admins, about: domain.TargetStaff, sure: staffBadgeRevokeSure, do: staffBadgeRevoke},
}

// staffBadgeTable lists an account's badges, the newest first, with what can be
// done about the one that holds.
func (c call) staffBadgeTable(ctx context.Context, of domain.StaffID) (Table, error) {
	t := Table{Columns: []Column{column("badge", 3), column("from", 2), column("until", 2), column("state", 3)}, Empty: words("empty.staff_badges"), Total: -1}
	list, err := c.flows.StaffBadges.StaffBadges(ctx, of)
	if err != nil {
		return t, err
	}
	now, has := c.clock.Now(), false
	for _, b := range slices.Backward(list) {
		has = has || b.Holds(now)
		state := badgeState(domain.Badge{Expires: b.Expires, RevokedAt: b.RevokedAt}, now)
		t.Rows = append(t.Rows, Row{Cells: []Cell{cellText(short(string(b.ID))), cellDay(b.NotBefore), cellDay(b.Expires), state}})
	}
	give := AdminButton{ID: "staff.badge", Label: words("do.staff_badge"), Icon: "plus"}
	if has {
		give.Label, give.Icon = words("do.staff_badge_again"), "retry"
	}
	t.Do = []AdminButton{give}
	if has {
		t.Do = append(t.Do, c.cardButtons()...)
		t.Do = append(t.Do, AdminButton{ID: "staff.badge_revoke", Label: words("do.revoke"), Icon: "cross", Grave: true})
	}
	return t, nil
}

// cardButtons are the ways in which a card is handed out here.
func (c call) cardButtons() (list []AdminButton) {
	if c.flows.Printer != nil {
		list = append(list, AdminButton{ID: "staff.badge_print", Label: words("do.print"), Icon: "printer"})
	}
	if c.ports.StaffCards != nil && c.ports.Exports != nil {
		list = append(list, AdminButton{ID: "staff.badge_save", Label: words("do.save_card"), Icon: "download"})
	}
	return list
}

// staffBadge is the badge of the account that a deed is about, and whose it is.
// domain.ErrNotFound where it has none that holds.
func (c call) staffBadge(ctx context.Context) (domain.StaffBadge, domain.Staff, error) {
	if c.flows.StaffBadges == nil {
		return domain.StaffBadge{}, domain.Staff{}, errNotHere
	}
	s, err := c.flows.Staff.StaffMember(ctx, domain.StaffID(c.row))
	if err != nil {
		return domain.StaffBadge{}, s, err
	}
	list, err := c.flows.StaffBadges.StaffBadges(ctx, s.ID)
	if err != nil {
		return domain.StaffBadge{}, s, err
	}
	i := slices.IndexFunc(list, func(b domain.StaffBadge) bool { return b.Holds(c.clock.Now()) })
	if i < 0 {
		return domain.StaffBadge{}, s, domain.ErrNotFound
	}
	return list[i], s, nil
}

func staffBadgeSure(ctx context.Context, c call) (*Confirm, error) {
	if c.flows.StaffBadges == nil {
		return nil, errNotHere
	}
	s, err := c.flows.Staff.StaffMember(ctx, domain.StaffID(c.row))
	if err != nil {
		return nil, err
	}
	return &Confirm{Title: words("sure.staff_badge", "Name", s.Name), Text: words("sure.staff_badge_text"), Yes: words("do.staff_badge")}, nil
}

// staffBadgeNew gives a member of staff a badge; the one before ends with it.
func staffBadgeNew(ctx context.Context, c call) (outcome, error) {
	if c.flows.StaffBadges == nil {
		return outcome{}, errNotHere
	}
	s, err := c.flows.Staff.StaffMember(ctx, domain.StaffID(c.row))
	if err != nil {
		return outcome{}, err
	}
	now := c.clock.Now().UTC().Truncate(time.Second)
	b := domain.StaffBadge{ID: domain.BadgeID(c.flows.NewID()), Staff: s.ID, NotBefore: now, Expires: now.Add(c.badgeValidity())}
	code, err := c.flows.Badges.Staff(b) // nobody is given a badge that cannot be read
	if err != nil {
		return outcome{}, fmt.Errorf("badge of staff: %w", err)
	}
	if err := c.flows.StaffBadges.IssueStaffBadge(ctx, b); err != nil {
		return outcome{}, err
	}
	out := said("said.staff_badge_made")
	out.detail = &Detail{
		ID: string(s.ID), Title: words("badge_of", "Name", s.Name), Picture: code.picture(),
		Fields: []DetailField{field("badge", cellText(short(string(b.ID)))), field("until", cellDay(b.Expires))},
		Do:     c.cardButtons(),
	}
	return out, nil
}

// badgeValidity is how long a badge holds.
func (c call) badgeValidity() time.Duration {
	if c.flows.BadgeValidity <= 0 {
		return 365 * 24 * time.Hour
	}
	return c.flows.BadgeValidity
}

func staffBadgePrint(ctx context.Context, c call) (outcome, error) {
	b, s, err := c.staffBadge(ctx)
	if err != nil {
		return outcome{}, err
	}
	if c.flows.Printer == nil {
		return outcome{}, errNotHere
	}
	if err := c.note(ctx, domain.AuditExported, domain.TargetStaff, string(s.ID), "as", "card", "badge", string(b.ID)); err != nil {
		return outcome{}, err
	}
	if err := c.flows.Printer.PrintStaff(ctx, b, s.Name, c.lang); err != nil {
		c.failed("badge of staff not printed", err)
		return outcome{said: words("said.not_printed"), tone: ToneWarn}, nil
	}
	return said("said.printed"), nil
}

// staffBadgeSave writes the card as a file, for a printer elsewhere.
func staffBadgeSave(ctx context.Context, c call) (outcome, error) {
	b, s, err := c.staffBadge(ctx)
	if err != nil {
		return outcome{}, err
	}
	if c.ports.StaffCards == nil || c.ports.Exports == nil {
		return outcome{}, errNotHere
	}
	pdf, err := c.ports.StaffCards.StaffCard(b, s.Name, c.lang)
	if err != nil {
		return outcome{}, fmt.Errorf("card of staff: %w", err)
	}
	if err := c.note(ctx, domain.AuditExported, domain.TargetStaff, string(s.ID), "as", "card", "badge", string(b.ID)); err != nil {
		return outcome{}, err
	}
	file := "staff-" + s.Login + "-" + c.clock.Now().Local().Format("20060102-150405") + ".pdf"
	path, err := c.ports.Exports.Export(ctx, file, func(w io.Writer) error {
		_, err := w.Write(pdf)
		return err
	})
	if err != nil {
		return outcome{}, fmt.Errorf("save card: %w", err)
	}
	return said("said.exported", "File", path), nil
}

func staffBadgeRevokeSure(ctx context.Context, c call) (*Confirm, error) {
	_, s, err := c.staffBadge(ctx)
	if err != nil {
		return nil, err
	}
	return &Confirm{Title: words("sure.revoke", "Name", s.Name), Text: words("sure.staff_revoke_text"), Yes: words("do.revoke")}, nil
}

func staffBadgeRevoke(ctx context.Context, c call) (outcome, error) {
	b, _, err := c.staffBadge(ctx)
	if err != nil {
		return outcome{}, err
	}
	if err := c.flows.StaffBadges.RevokeStaffBadge(ctx, b.ID, domain.ReasonBadgeRevoked, c.clock.Now()); err != nil {
		return outcome{}, err
	}
	return said("said.revoked"), nil
}
