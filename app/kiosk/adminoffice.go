package kiosk

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"agentid/app/domain"
)

// office is what staff can do in the admin tab: the use cases, without a screen
// and without the machine. Every call asks anew whether the account that signed
// in still stands, and whether its role may do that. It is safe for concurrent
// use, a seat is not.
type office struct {
	ports AdminPorts
	flows Flows
	clock domain.Clock
	log   *slog.Logger
	// torn ends when whoever sits there stops what takes long, or leaves; telling
	// tells the screen meanwhile how far it is. Both may be nil.
	torn    context.Context
	telling func(Words)
}

// stoppable is ctx for what takes long and may be stopped half-way.
func (o *office) stoppable(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	if o.torn != nil {
		context.AfterFunc(o.torn, cancel)
	}
	return ctx, cancel
}

// tell says how far something is that takes long.
func (o *office) tell(w Words) {
	if o.telling != nil {
		o.telling(w)
	}
}

// errSessionOver says that the account was closed, or its role changed.
var errSessionOver = errors.New("the session is over")

// errNotHere says that this kiosk has not what a page or a button needs.
var errNotHere = errors.New("not available at this kiosk")

// errTopicLong says that a topic holds more than a form.
var errTopicLong = errors.New("the topic is too long to be edited here")

// Limits of what comes from the screen.
const (
	maxQuery  = 100  // characters
	maxRowID  = 256  // bytes
	maxValue  = 4000 // characters, of a field that has no limit of its own
	maxFields = 32
	// DefaultAdminRows is how many rows a page of a list has, and MaxAdminRows
	// how many a screen may ask for.
	DefaultAdminRows = 8
	MaxAdminRows     = 40
)

// spot is where somebody is in the tab.
type spot struct {
	page   AdminPage
	query  string
	filter map[string]string
	// turns are the cursors of the pages of the list up to the one shown; none
	// on the first. from is the number of rows before it.
	turns []string
	from  int
	row   string
}

// cursor is that of the page of the list that is shown.
func (s spot) cursor() string {
	if len(s.turns) == 0 {
		return ""
	}
	return s.turns[len(s.turns)-1]
}

// first goes back to the first page of the list.
func (s *spot) first() { s.turns, s.from, s.row = nil, 0, "" }

// pending is what somebody is asked before a deed is done.
type pending struct {
	deed   string
	row    string
	values map[string]string
}

// seat is a session: who sits there, what they look at, and what they are asked.
type seat struct {
	who  domain.Staff
	lang domain.Lang
	rows int
	at   spot
	form *pending // a form is open
	sure *pending // a question is open

	view  Admin  // as it was shown last
	next  string // cursor of the page after the one shown
	gone  bool   // the kiosk is left
	again bool   // and starts again
	// special stands in place of the detail until something else is asked for: a
	// receipt, a report.
	special *Detail
	plots   []Plot // likewise beside the page's own
}

// call is one request within a seat.
type call struct {
	*office
	who    domain.Staff
	lang   domain.Lang
	at     spot
	rows   int
	row    string // what a deed is about
	values map[string]string
}

func (o *office) call(s *seat) call {
	return call{office: o, who: s.who, lang: s.lang, at: s.at, rows: s.rows, row: s.at.row}
}

// leaf is what a page shows.
type leaf struct {
	figures []Figure
	plots   []Plot
	table   *Table
	detail  *Detail
	next    string // cursor of the page after this one
	hint    Words  // what is to be done here, where nothing else is said
}

// present tells that whoever signed in still may, as what they signed in.
func (o *office) present(ctx context.Context, who domain.Staff) error {
	return stillMay(ctx, o.flows.Staff, who)
}

func stillMay(ctx context.Context, book domain.StaffBook, who domain.Staff) error {
	now, err := book.StaffMember(ctx, who.ID)
	switch {
	case errors.Is(err, domain.ErrNotFound):
		return errSessionOver
	case err != nil:
		return fmt.Errorf("account: %w", err)
	case !now.Disabled.IsZero() || now.Role != who.Role:
		return errSessionOver
	}
	return nil
}

// sit opens the tab for somebody who signed in.
func (o *office) sit(ctx context.Context, who domain.Staff, lang domain.Lang, rows int) (seat, error) {
	s := seat{who: who, lang: lang, rows: rows}
	s.at.page = PageToday
	return o.handle(ctx, s, nil)
}

// handle does what was touched, and shows what came of it. errSessionOver ends
// the session; with any other error the seat is good, and says so itself.
func (o *office) handle(ctx context.Context, s seat, a Action) (seat, error) {
	if err := o.present(ctx, s.who); err != nil {
		return s, err
	}
	s.view.Notice, s.view.Tone = Words{}, ToneNone
	err := o.step(ctx, &s, a)
	if err == nil || tellable(&s, err) {
		err = nil
	}
	if err != nil {
		s.say(ToneStop, "said.failed")
	}
	return s, errors.Join(err, o.show(ctx, &s))
}

// say tells how the last thing done ended.
func (s *seat) say(t Tone, key string, pairs ...string) {
	s.view.Notice, s.view.Tone = words(key, pairs...), t
}

// tellable says an error in the user's words, where it is theirs to know.
func tellable(s *seat, err error) bool {
	var locked *domain.LockedError
	var setting *SettingError
	switch {
	case errors.Is(err, domain.ErrNotAllowed):
		s.say(ToneStop, "said.not_allowed")
	case errors.Is(err, errNotHere), errors.Is(err, errors.ErrUnsupported):
		s.say(ToneWarn, "said.not_here")
	case errors.Is(err, domain.ErrNotFound):
		s.say(ToneWarn, "said.not_found")
	case errors.Is(err, errTopicLong):
		s.say(ToneWarn, "said.faq_long")
	case errors.Is(err, domain.ErrLastAdmin):
		s.say(ToneStop, "said.last_admin")
	case errors.Is(err, domain.ErrStaffCentre):
		s.say(ToneWarn, "said.account_centre")
	case errors.Is(err, domain.ErrStaffDisabled):
		s.say(ToneWarn, "said.account_closed")
	case errors.Is(err, domain.ErrCaseClosed):
		s.say(ToneWarn, "said.case_closed_already")
	case errors.Is(err, domain.ErrMustErase):
		s.say(ToneWarn, "said.must_erase")
	case errors.Is(err, domain.ErrMergeSelf):
		s.say(ToneWarn, "said.merge_self")
	case errors.Is(err, domain.ErrMergeChanged):
		s.say(ToneWarn, "said.merge_changed")
	case errors.Is(err, domain.ErrMergeConsent):
		s.say(ToneWarn, "said.merge_consent")
	case errors.As(err, &locked):
		s.say(ToneStop, "said.locked", "Time", locked.Until.Local().Format("15:04:05"))
	case errors.As(err, &setting):
		s.view.Notice, s.view.Tone = plain(setting.Text), ToneStop
	default:
		return false
	}
	return true
}

// step changes the seat by an action; one that makes no sense changes nothing.
func (o *office) step(ctx context.Context, s *seat, a Action) error {
	switch a.(type) {
	case nil, AdminConfirm, AdminFit:
	default:
		s.sure = nil // asked once; anything else is a no
	}
	switch a := a.(type) {
	case StepBack:
		s.back()
	case AdminGo:
		return o.goTo(ctx, s, a.Page, "")
	case AdminSearch:
		if t := s.view.Table; t != nil && t.Search.Key != "" {
			s.clear()
			s.at.first()
			s.at.query = clipped(a.Query, maxQuery)
		}
	case AdminFilter:
		o.filter(s, a)
	case AdminTurn:
		o.turn(s, a.Forward)
	case AdminOpenRow:
		return o.openRow(ctx, s, a.ID)
	case AdminFit:
		rows := min(max(a.Rows, 1), MaxAdminRows)
		if rows != s.rows && s.at.row == "" {
			s.at.first()
		}
		s.rows = rows
	case AdminDo:
		s.clear()
		return o.begin(ctx, s, pending{deed: a.ID, row: clipped(a.Row, maxRowID)})
	case AdminSubmit:
		return o.submit(ctx, s, a)
	case AdminTry:
		return o.try(ctx, s, a)
	case AdminConfirm:
		return o.confirm(ctx, s, a)
	}
	return nil
}

// clear closes what stands over the page.
func (s *seat) clear() { s.form, s.special, s.plots = nil, nil, nil }

// back closes what was opened last.
func (s *seat) back() {
	switch {
	case s.form != nil:
		s.form = nil
	case s.special != nil || s.plots != nil:
		s.clear()
	case s.at.row == "" && s.at.filter[mergeFilter] != "":
		s.at = spot{page: s.at.page, row: s.at.filter[mergeFilter]}
	default:
		s.at.row = ""
	}
}

// goTo opens a page, at a row where one is named.
func (o *office) goTo(ctx context.Context, s *seat, p AdminPage, row string) error {
	if _, known := leaves[p]; !known {
		return nil
	}
	if err := o.allow(ctx, s.who, seeing(p), AuditedTarget{}); err != nil {
		return err
	}
	s.clear()
	s.at = spot{page: p}
	if row != "" {
		return o.openRow(ctx, s, row)
	}
	return nil
}

// filter takes a value that the page offers.
func (o *office) filter(s *seat, a AdminFilter) {
	if s.view.Table == nil {
		return
	}
	for _, c := range s.view.Table.Filters {
		if c.ID != a.ID || !slices.ContainsFunc(c.Options, func(o Option) bool { return o.Value == a.Value }) {
			continue
		}
		filter := map[string]string{}
		for k, v := range s.at.filter {
			filter[k] = v
		}
		filter[a.ID] = a.Value
		s.clear()
		s.at.first()
		s.at.filter = filter
		return
	}
}

// turn goes to the next page of the list, or back.
func (o *office) turn(s *seat, forward bool) {
	s.clear()
	switch {
	case forward && s.next != "":
		s.at.turns = append(slices.Clone(s.at.turns), s.next)
		if s.view.Table != nil {
			s.at.from = s.view.Table.To
		}
	case !forward && len(s.at.turns) > 0:
		s.at.turns = s.at.turns[:len(s.at.turns)-1]
		s.at.from = max(0, s.at.from-s.rows)
		if len(s.at.turns) == 0 {
			s.at.from = 0
		}
	}
	s.at.row = ""
}

// openRow opens a row of the page, or with "page:row" that of another one.
func (o *office) openRow(ctx context.Context, s *seat, id string) error {
	id = clipped(id, maxRowID)
	for p := range leaves {
		if row, ok := cutPage(id, p); ok && p != s.at.page {
			return o.goTo(ctx, s, p, row)
		} else if ok {
			id = row
		}
	}
	s.clear()
	s.at.row = ""
	if id == "" {
		return nil
	}
	c := o.call(s)
	c.row = id
	if viewed := leaves[s.at.page].viewed; viewed != nil {
		if err := viewed(ctx, c); err != nil {
			return err
		}
	}
	s.at.row = id
	return nil
}

// show makes the view of where somebody is.
func (o *office) show(ctx context.Context, s *seat) error {
	v := Admin{
		Step: AdminOpen, Who: s.who.Name, Role: s.who.Role, Page: s.at.page,
		Notice: s.view.Notice, Tone: s.view.Tone,
	}
	for _, p := range pageOrder {
		if may(s.who.Role, seeing(p)) {
			v.Pages = append(v.Pages, p)
		}
	}
	var l leaf
	var err error
	page := leaves[s.at.page]
	if may(s.who.Role, seeing(s.at.page)) {
		l, err = page.show(ctx, o.call(s))
	}
	if s.at.row != "" && errors.Is(err, domain.ErrNotFound) { // gone meanwhile
		s.at.row = ""
		if v.Notice.Key == "" {
			v.Notice, v.Tone = words("said.not_found"), ToneWarn
		}
		l, err = page.show(ctx, o.call(s))
	}
	switch {
	case errors.Is(err, errNotHere):
		l, err = leaf{table: &Table{Empty: words("said.not_here")}}, nil
	case err != nil:
		v.Notice, v.Tone = words("said.failed"), ToneStop
		l.table = &Table{Empty: words("said.failed")}
	}
	v.Figures, v.Plots, v.Table, v.Detail = l.figures, append(l.plots, s.plots...), l.table, l.detail
	s.next = l.next
	if v.Notice.Key == "" && l.hint.Key != "" {
		v.Notice, v.Tone = l.hint, ToneInfo
	}
	if v.Table != nil {
		v.Table.Prev, v.Table.Next = len(s.at.turns) > 0, l.next != ""
		v.Table.Do = allowed(s.who.Role, v.Table.Do)
	}
	if s.special != nil {
		v.Detail = s.special
	}
	if v.Detail != nil {
		v.Detail.Do = allowed(s.who.Role, v.Detail.Do)
		for i := range v.Detail.Tables {
			v.Detail.Tables[i].Do = allowed(s.who.Role, v.Detail.Tables[i].Do)
		}
	}
	// A form and a question stay as they were shown.
	if s.form != nil {
		v.Form = s.view.Form
	}
	if s.sure != nil {
		v.Confirm = s.view.Confirm
	}
	s.view = v
	return err
}

// allowed leaves out the buttons that a role may not use.
func allowed(r domain.Role, list []AdminButton) []AdminButton {
	return slices.DeleteFunc(slices.Clone(list), func(b AdminButton) bool { return !may(r, b.ID) })
}
