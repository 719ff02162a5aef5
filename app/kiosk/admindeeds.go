package kiosk

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"strings"

	"agentid/app/domain"
)

// pageOrder is that of the sidebar.
var pageOrder = []AdminPage{
	PageToday, PagePeople, PageEvents, PageReview, PageCases, PageFAQ, PageCameras, PageSync,
	PageRecognition, PageStaff, PageAudit, PageSystem,
}

// page is one page of the tab.
type page struct {
	by   []domain.Role
	show func(context.Context, call) (leaf, error)
	// viewed notes that a row is opened; nil where there is nothing to note.
	viewed func(context.Context, call) error
}

// deed is what a button does. What stands before do is asked first: a form,
// then a question, then the member of staff's own PIN.
type deed struct {
	by    []domain.Role
	about string // the kind of what it is about
	form  func(context.Context, call) (*Form, error)
	try   func(context.Context, call) (*Table, error)
	sure  func(context.Context, call) (*Confirm, error)
	do    func(context.Context, call) (outcome, error)
}

// outcome is how a deed ended.
type outcome struct {
	said   Words
	tone   Tone // ToneOK when empty
	detail *Detail
	plots  []Plot
	leave  bool  // the open row is no more
	at     *spot // somewhere else is shown then
	gone   bool  // the kiosk is left
	again  bool  // and starts again
}

func said(key string, pairs ...string) outcome { return outcome{said: words(key, pairs...)} }

// Who may do what.
var (
	everyone = []domain.Role{domain.RoleStaff, domain.RoleAdmin, domain.RoleAuditor}
	helpers  = []domain.Role{domain.RoleStaff, domain.RoleAdmin}
	readers  = []domain.Role{domain.RoleAdmin, domain.RoleAuditor}
	admins   = []domain.Role{domain.RoleAdmin}
)

// leaves are the pages, and deeds what can be done on them: the one table of
// rights. It is filled in by init, for a page shows what its deeds are.
var (
	leaves map[AdminPage]page
	deeds  map[string]deed
)

func init() {
	leaves = map[AdminPage]page{
		PageToday:       {by: everyone, show: showToday},
		PagePeople:      {by: everyone, show: showPeople, viewed: viewedPerson},
		PageEvents:      {by: everyone, show: showEvents},
		PageReview:      {by: everyone, show: showReview},
		PageCases:       {by: everyone, show: showCases, viewed: viewedCase},
		PageFAQ:         {by: everyone, show: showFAQ},
		PageCameras:     {by: everyone, show: showCameras},
		PageSync:        {by: everyone, show: showSync},
		PageRecognition: {by: readers, show: showRecognition},
		PageStaff:       {by: readers, show: showStaff},
		PageAudit:       {by: readers, show: showAudit},
		PageSystem:      {by: readers, show: showSystem},
	}
	deeds = map[string]deed{}
	for _, more := range []map[string]deed{
		todayDeeds, peopleDeeds, mergeDeeds, badgeDeeds, eventDeeds, caseDeeds, faqDeeds, cameraDeeds, syncDeeds,
		recognitionDeeds, staffDeeds, staffBadgeDeeds, auditDeeds, systemDeeds,
	} {
		for id, d := range more {
			deeds[id] = d
		}
	}
}

// seeing is the right to see a page.
func seeing(p AdminPage) string { return "see:" + string(p) }

// may tells whether a role may see a page ("see:" before it), or do a deed.
func may(r domain.Role, right string) bool {
	var by []domain.Role
	if p, ok := strings.CutPrefix(right, seeing("")); ok {
		by = leaves[AdminPage(p)].by
	} else {
		by = deeds[right].by
	}
	for _, x := range by {
		if x == r {
			return true
		}
	}
	return false
}

// AuditedTarget is what a refused request was about.
type AuditedTarget = domain.AuditTarget

// allow is domain.ErrNotAllowed, audited, for what a role may not.
func (o *office) allow(ctx context.Context, who domain.Staff, right string, about AuditedTarget) error {
	if may(who.Role, right) {
		return nil
	}
	err := o.audit(ctx, domain.AuditEntry{
		Action: domain.AuditNotAllowed, Target: about, Detail: map[string]string{"right": right},
	})
	return errors.Join(domain.ErrNotAllowed, err)
}

// audit appends an entry in the name of who acts. What is not a label is left
// out: who and what by ids, never by names.
func (o *office) audit(ctx context.Context, e domain.AuditEntry) error {
	if !domain.IsAuditLabel(e.Target.ID) {
		e.Target.ID = ""
	}
	for k, v := range e.Detail {
		if !domain.IsAuditLabel(v) {
			e.Detail[k] = "*"
		}
	}
	if _, err := o.ports.Audit.AppendAudit(ctx, e); err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	return nil
}

// note audits a deed.
func (c call) note(ctx context.Context, action domain.AuditAction, kind, id string, pairs ...string) error {
	e := domain.AuditEntry{Action: action, Target: domain.AuditTarget{Kind: kind, ID: id}}
	for i := 0; i+1 < len(pairs); i += 2 {
		if e.Detail == nil {
			e.Detail = map[string]string{}
		}
		e.Detail[pairs[i]] = pairs[i+1]
	}
	return c.audit(ctx, e)
}

// allowDeed asks whether a deed may be done to what it is about.
func (o *office) allowDeed(ctx context.Context, s *seat, p pending) (deed, error) {
	d, ok := deeds[p.deed]
	if !ok {
		return d, errNotHere
	}
	about := domain.AuditTarget{Kind: d.about, ID: p.row}
	if p.row == "" {
		about = domain.AuditTarget{}
	}
	return d, o.allow(ctx, s.who, p.deed, about)
}

// begin does a deed, or asks what it asks first.
func (o *office) begin(ctx context.Context, s *seat, p pending) error {
	d, err := o.allowDeed(ctx, s, p)
	if err != nil {
		return err
	}
	if d.form == nil || p.values != nil {
		return o.ask(ctx, s, d, p)
	}
	c := o.call(s)
	c.row = p.row
	f, err := d.form(ctx, c)
	if err != nil {
		return err
	}
	f.ID = p.deed
	s.form, s.view.Form = &p, f
	return nil
}

// ask asks whether it is meant, where that is asked, or does it.
func (o *office) ask(ctx context.Context, s *seat, d deed, p pending) error {
	if d.sure == nil {
		return o.do(ctx, s, d, p)
	}
	c := o.call(s)
	c.row, c.values = p.row, p.values
	q, err := d.sure(ctx, c)
	if err != nil {
		return err
	}
	q.Do = p.deed
	s.sure, s.view.Confirm = &p, q
	return nil
}

// do does it.
func (o *office) do(ctx context.Context, s *seat, d deed, p pending) error {
	c := o.call(s)
	c.row, c.values = p.row, p.values
	out, err := d.do(ctx, c)
	var wrong fieldErrors
	if errors.As(err, &wrong) && s.form != nil {
		s.form.values = p.values
		s.view.Form = wrong.into(s.view.Form, p.values)
		var a again
		if errors.As(err, &a) {
			s.view.Form.Kept = a.kept
		}
		var more hinted
		if errors.As(err, &more) {
			s.view.Notice, s.view.Tone = more.hint, ToneWarn
		}
		return nil
	}
	if err != nil {
		return err
	}
	s.form = nil
	s.view.Notice, s.view.Tone = out.said, out.tone
	if out.tone == ToneNone && out.said.Key != "" {
		s.view.Tone = ToneOK
	}
	s.special, s.plots = out.detail, out.plots
	if out.leave {
		s.at.row = ""
	}
	if out.at != nil {
		s.at = *out.at
	}
	s.gone, s.again = out.gone, out.again
	return nil
}

// submit takes a form that is open.
func (o *office) submit(ctx context.Context, s *seat, a AdminSubmit) error {
	if s.form == nil || s.form.deed != a.Form {
		return nil
	}
	p := pending{deed: a.Form, row: s.form.row, values: values(s.view.Form, a.Values)}
	s.special = nil
	s.view.Form = fieldErrors(nil).into(s.view.Form, p.values)
	return o.begin(ctx, s, p)
}

// try tries what a form would do.
func (o *office) try(ctx context.Context, s *seat, a AdminTry) error {
	if s.form == nil || s.form.deed != a.Form {
		return nil
	}
	p := pending{deed: a.Form, row: s.form.row, values: values(s.view.Form, a.Values)}
	d, err := o.allowDeed(ctx, s, p)
	if err != nil || d.try == nil {
		return err
	}
	c := o.call(s)
	c.row, c.values = p.row, p.values
	result, err := d.try(ctx, c)
	var wrong fieldErrors
	if err != nil && !errors.As(err, &wrong) {
		return err
	}
	f := wrong.into(s.view.Form, p.values)
	f.Result = result
	s.view.Form = f
	return nil
}

// confirm takes the answer to a question. The PIN is compared before anything
// else is done, and a wrong one asks again.
func (o *office) confirm(ctx context.Context, s *seat, a AdminConfirm) error {
	if s.sure == nil {
		return nil
	}
	p, q := *s.sure, *s.view.Confirm
	if !a.Yes {
		s.sure = nil
		return nil
	}
	d, err := o.allowDeed(ctx, s, p)
	if err != nil {
		s.sure = nil
		return err
	}
	if q.NeedsPIN {
		q.PIN, err = o.own(ctx, s.who, a.PIN)
		if err != nil {
			s.sure = nil
			return err
		}
		if q.PIN.Wrong || !q.PIN.Until.IsZero() {
			s.view.Confirm = &q
			return nil
		}
	}
	s.sure = nil
	return o.do(ctx, s, d, p)
}

// own compares somebody's own PIN.
func (o *office) own(ctx context.Context, who domain.Staff, pin string) (PINEntry, error) {
	if len(pin) > maxTyped {
		pin = ""
	}
	again, err := o.flows.Staff.SignIn(ctx, who.Login, pin)
	var locked *domain.LockedError
	switch {
	case err == nil && again.ID == who.ID:
		return PINEntry{}, nil
	case errors.As(err, &locked):
		return PINEntry{Wrong: errors.Is(err, domain.ErrStaffWrongPIN), Until: locked.Until}, nil
	case err == nil, errors.Is(err, domain.ErrStaffWrongPIN):
		return PINEntry{Wrong: true}, nil
	}
	return PINEntry{}, fmt.Errorf("own pin: %w", err)
}

// fieldErrors are what is wrong with a form, by field.
type fieldErrors map[string]Words

func (f fieldErrors) Error() string { return fmt.Sprintf("%d fields to mend", len(f)) }

// again are field errors that a form, sent again, has to know of.
type again struct {
	fieldErrors
	kept map[string]string
}

// Unwrap lets it pass as its fields.
func (a again) Unwrap() error { return a.fieldErrors }

// hinted is what is wrong with a form, and what to do about it: more than fits
// beside a field.
type hinted struct {
	fieldErrors
	hint Words
}

// Unwrap lets it pass as its fields.
func (h hinted) Unwrap() error { return h.fieldErrors }

// into shows them beside their fields. What was written stays, but for PINs.
func (f fieldErrors) into(form *Form, values map[string]string) *Form {
	next := *form
	next.Fields = make([]FormField, len(form.Fields))
	for i, fd := range form.Fields {
		if fd.Kind != FieldPIN {
			fd.Value = values[fd.ID]
		}
		fd.Problem = f[fd.ID]
		next.Fields[i] = fd
	}
	next.Result = nil
	return &next
}

// values takes what a form asks for, and nothing else.
func values(f *Form, given map[string]string) map[string]string {
	out := maps.Clone(f.Kept)
	if out == nil {
		out = map[string]string{}
	}
	for _, fd := range f.Fields[:min(len(f.Fields), maxFields)] {
		most := maxValue
		if fd.Max > 0 {
			most = fd.Max
		}
		v := given[fd.ID]
		if fd.Kind == FieldPIN { // as it was typed
			if len(v) > maxTyped {
				v = ""
			}
			out[fd.ID] = v
			continue
		}
		out[fd.ID] = clipped(v, most)
	}
	return out
}

// maxTyped bounds a PIN, in bytes.
const maxTyped = 64

// failed logs what the page does not say.
func (c call) failed(what string, err error) {
	c.log.Error(what, slog.String("error", err.Error()))
}

// cutPage takes a row of another page: "events:id".
func cutPage(id string, p AdminPage) (string, bool) { return strings.CutPrefix(id, string(p)+":") }
