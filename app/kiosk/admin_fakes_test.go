package kiosk

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"agentid/app/domain"
)

// adminPIN is the PIN of all accounts in these tests.
const adminPIN = "246813"

// accounts is a domain.StaffBook and a domain.FirstRun in memory.
type accounts struct {
	mu    sync.Mutex
	list  []domain.Staff
	tries map[string]int
	until time.Time
	code  string
	down  error // what every question is answered with

	badges []domain.StaffBadge
	clock  domain.Clock
}

func (a *accounts) find(id domain.StaffID) *domain.Staff {
	for i := range a.list {
		if a.list[i].ID == id {
			return &a.list[i]
		}
	}
	return nil
}

func (a *accounts) AddStaff(_ context.Context, s domain.Staff, pin string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := domain.CheckPIN(pin); err != nil {
		return err
	}
	if slices.ContainsFunc(a.list, func(x domain.Staff) bool { return x.Login == s.Login }) {
		return domain.ErrLoginTaken
	}
	a.list = append(a.list, s)
	return nil
}

func (a *accounts) Staff(context.Context) ([]domain.Staff, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.list), a.down
}

func (a *accounts) StaffMember(_ context.Context, id domain.StaffID) (domain.Staff, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.down != nil {
		return domain.Staff{}, a.down
	}
	if s := a.find(id); s != nil {
		return *s, nil
	}
	return domain.Staff{}, domain.ErrNotFound
}

func (a *accounts) SignIn(_ context.Context, login, pin string) (domain.Staff, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.tries == nil {
		a.tries = map[string]int{}
	}
	i := slices.IndexFunc(a.list, func(s domain.Staff) bool { return s.Login == login && s.Disabled.IsZero() })
	if a.tries[login] >= domain.MaxAttempts {
		return domain.Staff{}, &domain.LockedError{Until: a.until}
	}
	if i < 0 || pin != adminPIN {
		if a.tries[login]++; a.tries[login] >= domain.MaxAttempts {
			if a.until.IsZero() {
				a.until = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
			}
			return domain.Staff{}, fmt.Errorf("%w: %w", domain.ErrStaffWrongPIN, &domain.LockedError{Until: a.until})
		}
		return domain.Staff{}, domain.ErrStaffWrongPIN
	}
	return a.list[i], nil
}

func (a *accounts) SetStaffPIN(_ context.Context, _ domain.StaffID, pin string) error {
	return domain.CheckPIN(pin)
}

func (a *accounts) SetStaffRole(_ context.Context, id domain.StaffID, r domain.Role) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !r.Valid() {
		return domain.ErrRole
	}
	a.find(id).Role = r
	return nil
}

func (a *accounts) CloseStaff(_ context.Context, id domain.StaffID, at time.Time) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := a.find(id)
	if s == nil {
		return domain.ErrNotFound
	}
	s.Disabled = at
	return nil
}

func (a *accounts) NeedsSetup(context.Context) (bool, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return !slices.ContainsFunc(a.list, func(s domain.Staff) bool { return s.Role == domain.RoleAdmin }), nil
}

func (a *accounts) NewSetupCode(context.Context) (string, error) { return a.code, nil }

func (a *accounts) UseSetupCode(ctx context.Context, code string, s domain.Staff, pin string) error {
	if code != a.code {
		return domain.ErrSetupCode
	}
	return a.AddStaff(ctx, s, pin)
}

func (a *accounts) StaffBadges(_ context.Context, of domain.StaffID) (out []domain.StaffBadge, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, b := range a.badges {
		if b.Staff == of {
			out = append(out, b)
		}
	}
	return out, a.down
}

func (a *accounts) StaffBadge(_ context.Context, id domain.BadgeID) (domain.StaffBadge, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if i := a.badge(id); i >= 0 {
		return a.badges[i], nil
	}
	return domain.StaffBadge{}, domain.ErrNotFound
}

func (a *accounts) badge(id domain.BadgeID) int {
	return slices.IndexFunc(a.badges, func(b domain.StaffBadge) bool { return b.ID == id })
}

func (a *accounts) IssueStaffBadge(_ context.Context, b domain.StaffBadge) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch s := a.find(b.Staff); {
	case s == nil:
		return domain.ErrNotFound
	case !s.Disabled.IsZero():
		return domain.ErrStaffDisabled
	}
	for i, old := range a.badges {
		if old.Staff == b.Staff && old.RevokedAt.IsZero() {
			a.badges[i].RevokedAt, a.badges[i].Revoked = a.clock.Now(), domain.ReasonBadgeRenewed
		}
	}
	a.badges = append(a.badges, b)
	return nil
}

func (a *accounts) RevokeStaffBadge(_ context.Context, id domain.BadgeID, why domain.Reason, at time.Time) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	i := a.badge(id)
	if i < 0 {
		return domain.ErrNotFound
	}
	a.badges[i].RevokedAt, a.badges[i].Revoked = at, why
	return nil
}

func (a *accounts) SignInBadge(ctx context.Context, id domain.BadgeID, of domain.StaffID, pin string) (domain.Staff, error) {
	a.mu.Lock()
	login := "badge:" + string(id)
	if i := a.badge(id); i >= 0 && a.badges[i].Staff == of && a.badges[i].Holds(a.clock.Now()) {
		login = a.find(of).Login
	}
	a.mu.Unlock()
	return a.SignIn(ctx, login, pin)
}

// trail is a domain.AuditLog in memory.
type trail struct {
	mu   sync.Mutex
	list []domain.AuditEntry
	full error
}

func (l *trail) AppendAudit(ctx context.Context, e domain.AuditEntry) (domain.AuditEntry, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.full != nil {
		return e, l.full
	}
	if e.Actor == "" {
		a := domain.ActorOf(ctx)
		e.Actor, e.Role = a.ID, a.Role
	}
	e.Seq = uint64(len(l.list) + 1)
	if err := e.Check(); err != nil {
		return e, err
	}
	l.list = append(l.list, e)
	return e, nil
}

func (l *trail) Audit(_ context.Context, f domain.AuditFilter, before uint64, limit int) ([]domain.AuditEntry, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []domain.AuditEntry
	for _, e := range slices.Backward(l.list) {
		if (f.Action == "" || f.Action == e.Action) && (f.Actor == "" || f.Actor == e.Actor) &&
			(f.Target.Kind == "" || f.Target == e.Target) && (before == 0 || e.Seq < before) && len(out) < limit {
			out = append(out, e)
		}
	}
	return out, nil
}

func (l *trail) VerifyAudit(context.Context) (domain.AuditReport, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return domain.AuditReport{Entries: int64(len(l.list)), Seq: uint64(len(l.list))}, nil
}

// of counts the entries of an action.
func (l *trail) of(a domain.AuditAction) (out []domain.AuditEntry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.list {
		if e.Action == a {
			out = append(out, e)
		}
	}
	return out
}

// past is a domain.History over the events of a bench.
type past struct{ *events }

func (p past) EventsQuery(_ context.Context, f domain.EventFilter) ([]domain.Event, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []domain.Event
	for _, e := range slices.Backward(p.list) {
		if (f.Kind == "" || f.Kind == e.Kind) && (f.Reason == "" || f.Reason == e.Reason) && (f.Person == "" || f.Person == e.Person) &&
			(f.BeforeSeq == 0 || e.Seq < f.BeforeSeq) && !e.At.Before(f.From) && len(out) < f.Limit {
			out = append(out, e)
		}
	}
	return out, nil
}

func (p past) EventByID(_ context.Context, id domain.EventID) (domain.Event, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, e := range p.list {
		if e.ID == id {
			return e, nil
		}
	}
	return domain.Event{}, domain.ErrNotFound
}

func (p past) Tally(_ context.Context, from, to time.Time, step time.Duration) (out []domain.EventTally, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, e := range p.list {
		if !e.At.Before(from) && e.At.Before(to) {
			out = append(out, domain.EventTally{From: from.Add(e.At.Sub(from) / step * step), Kind: e.Kind, Reason: e.Reason, Count: 1})
		}
	}
	return out, nil
}

// phoneBook is a domain.Directory and Names over a registry.
type phoneBook struct{ reg *registry }

func (b phoneBook) FindPeople(_ context.Context, q domain.PeopleQuery) (page domain.PeoplePage, err error) {
	b.reg.mu.Lock()
	defer b.reg.mu.Unlock()
	var ids []domain.PersonID
	for id, p := range b.reg.profiles {
		if strings.Contains(p.Person.Name, q.Text) && (q.Before == "" || id < q.Before) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	slices.Reverse(ids)
	if len(ids) > q.Limit {
		ids = ids[:q.Limit]
		page.More = ids[q.Limit-1]
	}
	for _, id := range ids {
		page.People = append(page.People, domain.PersonEntry{Person: b.reg.profiles[id].Person})
	}
	return page, nil
}

func (b phoneBook) CountPeople(context.Context) (int, error) { return len(b.reg.profiles), nil }

func (b phoneBook) Person(ctx context.Context, id domain.PersonID) (domain.Person, error) {
	p, err := b.reg.Profile(ctx, id)
	return p.Person, err
}

// drawer keeps what was exported.
type drawer struct {
	name, text string
}

func (d *drawer) Export(_ context.Context, name string, write func(io.Writer) error) (string, error) {
	var b strings.Builder
	err := write(&b)
	d.name, d.text = name, b.String()
	return "/media/" + name, err
}

// branch is a desk with an admin tab: 1001 is staff, 2002 an auditor, 9009 an
// administrator.
type branch struct {
	*desk
	book   *accounts
	trail  *trail
	drawer *drawer
	ports  *AdminPorts
}

func newBranch(t *testing.T) *branch {
	d := newDesk(t)
	b := &branch{desk: d, trail: &trail{}, drawer: &drawer{}, book: &accounts{code: "CODE", until: d.clock.Now().Add(time.Minute), list: []domain.Staff{
		{ID: "s1", Login: "1001", Name: "Ana Ruiz", Role: domain.RoleStaff}, {ID: "s2", Login: "2002", Name: "Blas Ortiz", Role: domain.RoleAuditor},
		{ID: "s9", Login: "9009", Name: "Clara Paz", Role: domain.RoleAdmin},
	}}}
	people := phoneBook{d.reg}
	b.ports = &AdminPorts{
		Audit: b.trail, FirstRun: b.book, History: past{d.events}, Directory: people, Names: people, Exports: b.drawer,
	}
	b.book.clock = d.clock
	b.Machine.o.Flows.Staff, b.Machine.o.Flows.StaffBadges = b.book, b.book
	b.Machine.o.Admin = b.ports
	b.Machine.validator = NewValidator(*b.Machine.o.Flows, d.clock, nil)
	return b
}

// in waits until the tab is open and idle.
func (b *branch) in() *Admin {
	b.t.Helper()
	return b.await("admin tab open", func(v View) bool {
		return v.State == StateAdmin && v.Admin.Step == AdminOpen && !v.Admin.Busy && v.Admin.Table != nil
	}).Admin
}

// enter signs somebody in.
func (b *branch) enter(login string) *Admin {
	b.t.Helper()
	b.Do(AdminEnter{})
	b.await("way in", func(v View) bool { return v.State == StateAdmin && v.Admin.Step == AdminSignIn && !v.Admin.Busy })
	b.Do(AdminCredentials{Login: login, PIN: adminPIN})
	return b.in()
}

// tap does something in the tab, and waits for what came of it.
func (b *branch) tap(a Action) *Admin {
	b.t.Helper()
	before := b.View().Admin
	b.Do(a)
	return b.await(fmt.Sprintf("answer to %T", a), func(v View) bool {
		return v.Admin == nil || v.Admin != before && !v.Admin.Busy
	}).Admin
}

// office is the use cases alone, with somebody at the desk.
func (b *branch) office(login string) (*office, seat, context.Context) {
	b.t.Helper()
	i := slices.IndexFunc(b.book.list, func(s domain.Staff) bool { return s.Login == login })
	who := b.book.list[i]
	ctx := domain.WithActor(b.t.Context(), domain.StaffActor(who))
	o := b.newOffice()
	s, err := o.sit(ctx, who, domain.Spanish, DefaultAdminRows)
	if err != nil {
		b.t.Fatal(err)
	}
	return o, s, ctx
}

// hung is a SystemDesk that does not come back.
type hung struct {
	SystemDesk
	hold chan struct{}
}

func (h hung) System(context.Context) (SystemInfo, error) {
	<-h.hold
	return SystemInfo{}, errBroken
}
