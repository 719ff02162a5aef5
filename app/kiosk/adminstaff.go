package kiosk

import (
	"context"
	"errors"
	"slices"

	"agentid/app/domain"
)

var staffDeeds = map[string]deed{
	"staff.add":    {by: admins, about: domain.TargetStaff, form: staffAddForm, do: staffAdd},
	"staff.pin":    {by: admins, about: domain.TargetStaff, form: staffPINForm, do: staffPIN},
	"staff.role":   {by: admins, about: domain.TargetStaff, form: staffRoleForm, do: staffRole},
	"staff.unlock": {by: admins, about: domain.TargetStaff, do: staffUnlock},
	"staff.close":  {by: admins, about: domain.TargetStaff, sure: staffCloseSure, do: staffClose},
	"staff.export": {by: readers, do: staffExport},
}

// showStaff lists the accounts, and shows one.
func showStaff(ctx context.Context, c call) (leaf, error) {
	all, err := c.flows.Staff.Staff(ctx)
	if err != nil {
		return leaf{}, err
	}
	if c.at.row != "" {
		d, err := c.staffDetail(ctx, domain.StaffID(c.at.row))
		if err != nil {
			return leaf{}, err
		}
		return leaf{detail: d}, nil
	}
	state := c.at.filter["account"]
	if state == "" {
		state = "open"
	}
	list := slices.DeleteFunc(all, func(s domain.Staff) bool {
		return state != "any" && s.Disabled.IsZero() != (state == "open")
	})
	t := &Table{
		Columns: []Column{column("login", 2), column("name", 4), column("role", 2), minor(column("added", 2)), column("state", 2)},
		Filters: []Choice{choice("account", state, "open", "closed", "any")},
		Empty:   words("empty.staff"),
		Do: []AdminButton{
			{ID: "staff.add", Label: words("do.staff_add"), Icon: "plus", Main: true},
			{ID: "staff.export", Label: words("do.export"), Icon: "download"},
		},
	}
	next := paged(c, t, list, func(s domain.Staff) Row {
		return Row{ID: string(s.ID), Cells: []Cell{
			cellText(s.Login), cellText(s.Name), cellKey("role." + string(s.Role)), cellDay(s.CreatedAt), staffState(s),
		}}
	})
	return leaf{table: t, next: next}, nil
}

func staffState(s domain.Staff) Cell {
	if s.NoPIN {
		return toned(cellKey("account.no_pin"), ToneWarn)
	}
	if s.Disabled.IsZero() {
		return toned(cellKey("account.open"), ToneOK)
	}
	return toned(cellKey("account.closed"), ToneNone)
}

// paged fills a table with a page of a list that is all there.
func paged[T any](c call, t *Table, list []T, row func(T) Row) (next string) {
	from := min(int(seqOf(c.at.cursor())), len(list))
	to := min(from+c.rows, len(list))
	for _, x := range list[from:to] {
		t.Rows = append(t.Rows, row(x))
	}
	t.From, t.To, t.Total = min(from+1, len(list)), to, len(list)
	if to < len(list) {
		next = cursorOf(uint64(to))
	}
	return next
}

func (c call) staffDetail(ctx context.Context, id domain.StaffID) (*Detail, error) {
	s, err := c.flows.Staff.StaffMember(ctx, id)
	if err != nil {
		return nil, err
	}
	d := &Detail{ID: string(id), Title: plain(s.Name), Fields: []DetailField{
		field("login", cellText(s.Login)), field("role", cellKey("role."+string(s.Role))),
		field("added", cellDay(s.CreatedAt)), field("state", staffState(s)),
	}}
	if s.Centre {
		d.Fields = append(d.Fields, field("fixed", toned(cellKey("account.centre"), ToneInfo)))
	}
	if !s.Disabled.IsZero() {
		d.Fields = append(d.Fields, field("closed", cellDay(s.Disabled)))
		return d, nil
	}
	l, err := c.flows.Registry.Locked(ctx, domain.SubjectStaff(id))
	if err != nil {
		return nil, err
	}
	d.Fields = append(d.Fields, field("failures", cellCount(l.Failures)))
	if !l.Until.IsZero() {
		d.Fields = append(d.Fields, field("locked_until", toned(cellTime(l.Until), ToneStop)))
	}
	if l.Failures > 0 {
		d.Do = append(d.Do, AdminButton{ID: "staff.unlock", Label: words("do.unlock"), Icon: "check"})
	}
	if c.flows.StaffBadges != nil {
		t, err := c.staffBadgeTable(ctx, id)
		if err != nil {
			return nil, err
		}
		d.Tables = append(d.Tables, t)
	}
	d.Do = append(d.Do, AdminButton{ID: "staff.pin", Label: words("do.staff_pin"), Icon: "edit"})
	if !s.Centre { // the centre says as what
		d.Do = append(d.Do, AdminButton{ID: "staff.role", Label: words("do.staff_role"), Icon: "user"})
	}
	d.Do = append(d.Do, AdminButton{ID: "staff.close", Label: words("do.staff_close"), Icon: "trash", Grave: true})
	return d, nil
}

func roleField(value domain.Role) FormField {
	f := FormField{ID: "role", Label: words("col.role"), Hint: words("hint.role"), Kind: FieldChoice, Value: string(value)}
	for _, r := range []domain.Role{domain.RoleStaff, domain.RoleAdmin, domain.RoleAuditor} {
		f.Options = append(f.Options, Option{Value: string(r), Label: words("role." + string(r))})
	}
	return f
}

func pinFields() []FormField {
	return []FormField{
		{ID: "pin", Label: words("field.pin"), Hint: words("hint.pin"), Kind: FieldPIN, Max: domain.PINDigits},
		{ID: "again", Label: words("field.pin_again"), Kind: FieldPIN, Max: domain.PINDigits},
	}
}

func staffAddForm(context.Context, call) (*Form, error) {
	fields := []FormField{
		{ID: "name", Label: words("col.name"), Kind: FieldText, Max: domain.MaxNameRunes},
		{ID: "login", Label: words("col.login"), Hint: words("hint.login"), Kind: FieldText, Max: domain.MaxLogin},
		roleField(domain.RoleStaff),
	}
	return &Form{Title: words("form.staff_add"), Fields: append(fields, pinFields()...), Submit: words("do.staff_add")}, nil
}

func staffPINForm(ctx context.Context, c call) (*Form, error) {
	s, err := c.flows.Staff.StaffMember(ctx, domain.StaffID(c.row))
	if err != nil {
		return nil, err
	}
	return &Form{Title: words("form.staff_pin", "Name", s.Name), Fields: pinFields(), Submit: words("do.staff_pin")}, nil
}

func staffRoleForm(ctx context.Context, c call) (*Form, error) {
	s, err := c.flows.Staff.StaffMember(ctx, domain.StaffID(c.row))
	if err != nil {
		return nil, err
	}
	return &Form{Title: words("form.staff_role", "Name", s.Name), Fields: []FormField{roleField(s.Role)}, Submit: words("do.staff_role")}, nil
}

// besideField says an error of an account beside its field.
func besideField(err error) error {
	for _, p := range []struct {
		err   error
		field string
	}{
		{domain.ErrName, "name"}, {domain.ErrLoginTaken, "login"}, {domain.ErrLogin, "login"},
		{domain.ErrWeakPIN, "pin"}, {domain.ErrPIN, "pin"}, {domain.ErrRole, "role"},
	} {
		if errors.Is(err, p.err) {
			w, _ := accountProblem(err)
			return fieldErrors{p.field: w}
		}
	}
	return err
}

// newPIN is the PIN of a form, typed twice.
func (c call) newPIN() (string, error) {
	if c.values["pin"] != c.values["again"] {
		return "", fieldErrors{"again": words("problem.again")}
	}
	if err := domain.CheckPIN(c.values["pin"]); err != nil {
		return "", besideField(err)
	}
	return c.values["pin"], nil
}

func staffAdd(ctx context.Context, c call) (outcome, error) {
	pin, err := c.newPIN()
	if err != nil {
		return outcome{}, err
	}
	s := domain.Staff{
		ID: domain.StaffID(c.flows.NewID()), Login: c.values["login"], Name: c.values["name"],
		Role: domain.Role(c.values["role"]), CreatedAt: c.clock.Now(),
	}
	if err := c.flows.Staff.AddStaff(ctx, s, pin); err != nil {
		return outcome{}, besideField(err)
	}
	return said("said.staff_added", "Name", s.Name), nil
}

func staffPIN(ctx context.Context, c call) (outcome, error) {
	pin, err := c.newPIN()
	if err != nil {
		return outcome{}, err
	}
	if err := c.flows.Staff.SetStaffPIN(ctx, domain.StaffID(c.row), pin); err != nil {
		return outcome{}, besideField(err)
	}
	return said("said.staff_pin"), nil
}

func staffRole(ctx context.Context, c call) (outcome, error) {
	if err := c.flows.Staff.SetStaffRole(ctx, domain.StaffID(c.row), domain.Role(c.values["role"])); err != nil {
		return outcome{}, besideField(err)
	}
	return said("said.staff_role"), nil
}

func staffUnlock(ctx context.Context, c call) (outcome, error) {
	if err := c.flows.Registry.Clear(ctx, domain.SubjectStaff(domain.StaffID(c.row))); err != nil {
		return outcome{}, err
	}
	return said("said.unlocked"), nil
}

func staffCloseSure(ctx context.Context, c call) (*Confirm, error) {
	s, err := c.flows.Staff.StaffMember(ctx, domain.StaffID(c.row))
	if err != nil {
		return nil, err
	}
	return &Confirm{Title: words("sure.staff_close", "Name", s.Name), Text: words("sure.staff_close_text"), Yes: words("do.staff_close")}, nil
}

func staffClose(ctx context.Context, c call) (outcome, error) {
	if err := c.flows.Staff.CloseStaff(ctx, domain.StaffID(c.row), c.clock.Now()); err != nil {
		return outcome{}, err
	}
	return said("said.staff_closed"), nil
}

func staffExport(ctx context.Context, c call) (outcome, error) {
	list, err := c.flows.Staff.Staff(ctx)
	if err != nil {
		return outcome{}, err
	}
	return c.export(ctx, "staff", []string{"id", "login", "name", "role", "created_at", "closed_at"}, func(f *csvFile) error {
		for _, s := range list {
			f.row(string(s.ID), s.Login, s.Name, string(s.Role), csvTime(s.CreatedAt), csvTime(s.Disabled))
		}
		return nil
	})
}
