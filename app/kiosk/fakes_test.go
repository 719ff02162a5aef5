package kiosk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"agentid/app/domain"
)

// registry is a domain.Registry in memory. fail makes a method fail once.
type registry struct {
	mu       sync.Mutex
	profiles map[domain.PersonID]domain.Profile
	pins     map[domain.PersonID]string
	badges   map[domain.BadgeID]domain.Badge
	failures map[string]int
	until    map[string]time.Time
	clock    domain.Clock
	fail     map[string]error
	enrolled []domain.Enrolment
	hold     chan struct{} // Enrol waits for it
	erasedBy domain.Actor
}

func newRegistry(c domain.Clock) *registry {
	return &registry{
		profiles: map[domain.PersonID]domain.Profile{}, pins: map[domain.PersonID]string{}, badges: map[domain.BadgeID]domain.Badge{},
		failures: map[string]int{}, until: map[string]time.Time{}, clock: c, fail: map[string]error{},
	}
}

func (r *registry) trip(method string) error {
	err := r.fail[method]
	delete(r.fail, method)
	return err
}

func (r *registry) Enrol(_ context.Context, e domain.Enrolment) error {
	r.mu.Lock()
	hold := r.hold
	r.mu.Unlock()
	if hold != nil {
		<-hold
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.trip("Enrol"); err != nil {
		return err
	}
	for _, p := range r.profiles {
		if p.Document == e.Document {
			return domain.ErrDuplicateDocument
		}
	}
	if !e.Consent.Allows(domain.PurposeData) || (len(e.Templates) > 0 && !e.Consent.Allows(domain.PurposeFace)) {
		return domain.ErrNoConsent
	}
	r.enrolled = append(r.enrolled, e)
	r.profiles[e.Person.ID] = domain.Profile{
		Person: e.Person, Document: e.Document, Contact: e.Contact, Consents: []domain.Consent{e.Consent},
		Badges: []domain.Badge{e.Badge}, HasPIN: e.PIN != "", HasFace: len(e.Templates) > 0,
	}
	r.pins[e.Person.ID], r.badges[e.Badge.ID] = e.PIN, e.Badge
	return nil
}

func (r *registry) Profile(_ context.Context, id domain.PersonID) (domain.Profile, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p, ok := r.profiles[id]
	if !ok {
		return p, domain.ErrNotFound
	}
	return p, r.trip("Profile")
}

func (r *registry) ByDocument(_ context.Context, d string) (domain.PersonID, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for id, p := range r.profiles {
		if p.Document == d {
			return id, nil
		}
	}
	return "", domain.ErrNotFound
}

func (r *registry) Badge(_ context.Context, id domain.BadgeID) (domain.Badge, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	b, ok := r.badges[id]
	if !ok {
		return b, domain.ErrNotFound
	}
	return b, nil
}
func (r *registry) IssueBadge(context.Context, domain.Badge) error { return errors.ErrUnsupported }
func (r *registry) RevokeBadge(_ context.Context, id domain.BadgeID, why domain.Reason, at time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	b := r.badges[id]
	b.Revoked, b.RevokedAt = why, at
	r.badges[id] = b
	return nil
}

func (r *registry) CheckPIN(ctx context.Context, id domain.PersonID, pin string) error {
	l, _ := r.Locked(ctx, domain.SubjectPerson(id))
	if !l.Until.IsZero() {
		return &domain.LockedError{Until: l.Until}
	}
	r.mu.Lock()
	want, ok := r.pins[id]
	err := r.trip("CheckPIN")
	r.mu.Unlock()
	switch {
	case err != nil:
		return err
	case !ok:
		return domain.ErrNoPIN
	case want == pin:
		return r.Clear(ctx, domain.SubjectPerson(id))
	}
	if l, _ := r.Fail(ctx, domain.SubjectPerson(id)); !l.Until.IsZero() {
		return fmt.Errorf("%w: %w", domain.ErrWrongPIN, &domain.LockedError{Until: l.Until})
	}
	return domain.ErrWrongPIN
}
func (r *registry) SetPIN(context.Context, domain.PersonID, string) error {
	return errors.ErrUnsupported
}

func (r *registry) Fail(ctx context.Context, s string) (domain.Lock, error) {
	r.mu.Lock()
	r.failures[s]++
	if d := domain.LockAfter(r.failures[s]); d > 0 {
		r.until[s] = r.clock.Now().Add(d)
	}
	r.mu.Unlock()
	return r.Locked(ctx, s)
}

func (r *registry) Locked(_ context.Context, s string) (domain.Lock, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	l := domain.Lock{Failures: r.failures[s]}
	if r.clock.Now().Before(r.until[s]) {
		l.Until = r.until[s]
	}
	return l, nil
}

func (r *registry) Clear(_ context.Context, s string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.failures, s)
	delete(r.until, s)
	return nil
}

func (r *registry) NeedSecondFactor(_ context.Context, id domain.PersonID) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.trip("NeedSecondFactor"); err != nil {
		return err
	}
	p := r.profiles[id]
	p.SecondFactor = true
	r.profiles[id] = p
	return nil
}

func (r *registry) Withdraw(_ context.Context, id domain.PersonID, p domain.Purpose, at time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if p == domain.PurposeData {
		return domain.ErrMustErase
	}
	pr := r.profiles[id]
	pr.HasFace = false
	r.profiles[id] = pr
	return nil
}

func (r *registry) EraseIdentity(ctx context.Context, id domain.PersonID, why domain.Reason, at time.Time) (domain.ErasureReceipt, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.trip("EraseIdentity"); err != nil {
		return domain.ErasureReceipt{}, err
	}
	delete(r.profiles, id)
	delete(r.pins, id)
	r.erasedBy = domain.ActorOf(ctx)
	return domain.ErasureReceipt{ID: "r", At: at, Why: why, KeyGone: true, Templates: 5, Badges: 1, Consents: 1}, nil
}

func (r *registry) one() (domain.Enrolment, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.enrolled) != 1 {
		return domain.Enrolment{}, false
	}
	return r.enrolled[0], true
}

// eye is an Eye that says what a test tells it to.
type eye struct {
	mu       sync.Mutex
	texts    chan string
	captured chan Captured
	verified chan Verified
	err      error
	blind    error // of Scan
	asked    domain.PersonID
	running  int
	progress chan FaceProgress // of Verify
}

func newEye() *eye {
	return &eye{texts: make(chan string), captured: make(chan Captured), verified: make(chan Verified), progress: make(chan FaceProgress)}
}

// tell has a verification say how it goes.
func (e *eye) tell(p FaceProgress) { e.progress <- p }

func (e *eye) enter(n int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.running += n
}

func (e *eye) idle() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.running == 0
}

func (e *eye) Scan(ctx context.Context, found func(string)) error {
	e.enter(1)
	defer e.enter(-1)
	e.mu.Lock()
	blind := e.blind
	e.mu.Unlock()
	if blind != nil {
		return blind
	}
	for {
		select {
		case t := <-e.texts:
			found(t)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (e *eye) Capture(ctx context.Context, progress func(FaceProgress)) (Captured, error) {
	e.enter(1)
	defer e.enter(-1)
	if e.err != nil {
		return Captured{}, e.err
	}
	progress(FaceProgress{Guide: domain.GuideHoldStill, Done: 0.5})
	if ctx.Err() != nil {
		return Captured{Reason: domain.ReasonCancelled}, nil
	}
	select {
	case c := <-e.captured:
		return c, nil
	case <-ctx.Done():
		return Captured{Reason: domain.ReasonCancelled}, nil
	}
}

func (e *eye) Verify(ctx context.Context, id domain.PersonID, progress func(FaceProgress)) (Verified, error) {
	e.enter(1)
	defer e.enter(-1)
	if e.err != nil {
		return Verified{}, e.err
	}
	e.mu.Lock()
	e.asked = id
	e.mu.Unlock()
	progress(FaceProgress{Guide: domain.GuideReading, Done: 0.3})
	if ctx.Err() != nil {
		return Verified{Reason: domain.ReasonCancelled}, nil
	}
	for {
		select {
		case v := <-e.verified:
			return v, nil
		case p := <-e.progress:
			progress(p)
		case <-ctx.Done():
			return Verified{Reason: domain.ReasonCancelled}, nil
		}
	}
}

// badges writes tokens that a test can read and write: "AGID:badge:ID:PERSON".
type badges struct {
	fail   error
	before time.Time // of all tokens: their kiosk was revoked
}

func (b badges) Badge(d domain.Badge) (*Code, error) {
	return &Code{Modules: [][]bool{{true}}}, b.fail
}
func (b badges) Receipt(domain.Consent) (*Code, error) { return &Code{Modules: [][]bool{{true}}}, nil }

var errToken = map[string]domain.Reason{
	"expired": domain.ReasonBadgeExpired, "forged": domain.ReasonBadgeForged, "early": domain.ReasonBadgeNotYet,
}

type tokenError struct{ why domain.Reason }

func (e tokenError) Error() string { return string(e.why) }

func (b badges) Read(text string) (Token, error) {
	f := strings.Split(text, ":")
	if f[0] != "AGID" || len(f) < 4 {
		return Token{}, ErrForeign
	}
	t := Token{Person: domain.PersonID(f[3]), Before: b.before}
	if f[1] == "receipt" {
		t.Receipt, t.Consent = true, f[2]
	} else {
		t.Badge = domain.BadgeID(f[2])
	}
	if f[1] == "staff" {
		return Token{}, tokenError{domain.ReasonBadgeUnknown}
	}
	if why, ok := errToken[f[1]]; ok {
		if why == domain.ReasonBadgeForged {
			t = Token{}
		}
		return t, tokenError{why}
	}
	return t, nil
}

func (b badges) Staff(domain.StaffBadge) (*Code, error) {
	return &Code{Modules: [][]bool{{true}}}, b.fail
}

// ReadStaff reads "AGID:staff:ID:ACCOUNT".
func (b badges) ReadStaff(text string) (StaffToken, error) {
	f := strings.Split(text, ":")
	switch {
	case f[0] != "AGID" || len(f) != 4:
		return StaffToken{}, ErrForeign
	case f[1] == "forged":
		return StaffToken{}, tokenError{domain.ReasonBadgeForged}
	case f[1] != "staff":
		return StaffToken{}, tokenError{domain.ReasonBadgeUnknown}
	}
	return StaffToken{Badge: domain.BadgeID(f[2]), Staff: domain.StaffID(f[3])}, nil
}

func (b badges) Refusal(err error) domain.Reason {
	var t tokenError
	errors.As(err, &t)
	return t.why
}

type consentText struct{}

func (consentText) ConsentText(l domain.Lang) (ConsentShown, string, error) {
	return ConsentShown{Version: "1", Months: 12}, "hash-" + string(l), nil
}

// staffBook has one clerk, 1001 with PIN 246813, and one auditor, 2002.
type staffBook struct {
	domain.StaffBook
	since atomic.Pointer[domain.Staff] // what became of the clerk; nil for nothing
}

func (b *staffBook) StaffMember(_ context.Context, id domain.StaffID) (domain.Staff, error) {
	if s := b.since.Load(); s != nil {
		return *s, nil
	}
	return domain.Staff{ID: id, Role: domain.RoleStaff}, nil
}

func (*staffBook) SignIn(_ context.Context, login, pin string) (domain.Staff, error) {
	switch {
	case pin != "246813":
		return domain.Staff{}, domain.ErrStaffWrongPIN
	case login == "1001":
		return domain.Staff{ID: "s1", Role: domain.RoleStaff}, nil
	case login == "2002":
		return domain.Staff{ID: "s2", Role: domain.RoleAuditor}, nil
	}
	return domain.Staff{}, domain.ErrStaffWrongPIN
}

type printer struct {
	mu    sync.Mutex
	names []string
	err   error
}

func (p *printer) Print(_ context.Context, _ domain.Badge, name string, _ domain.Lang) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.names = append(p.names, name)
	return p.err
}

func (p *printer) PrintStaff(ctx context.Context, _ domain.StaffBadge, name string, lang domain.Lang) error {
	return p.Print(ctx, domain.Badge{}, name, lang)
}

// desk is a kiosk with all flows.
type desk struct {
	*bench
	reg     *registry
	eye     *eye
	badges  *badges
	printer *printer
	staff   *staffBook
	ids     int
}

func newDesk(t *testing.T) *desk {
	b := newBench(t)
	d := &desk{bench: b, reg: newRegistry(b.clock), eye: newEye(), badges: &badges{}, printer: &printer{}, staff: &staffBook{}}
	b.Machine = NewMachine(Options{Clock: b.clock, Screen: b.screen, Recorder: b.rec, Flows: &Flows{
		Registry: d.reg, Events: b.events, Eye: d.eye, Badges: d.badges, Printer: d.printer, Consent: consentText{}, Staff: d.staff,
		NewID: func() string { d.ids++; return fmt.Sprint("id", d.ids) }, DeviceID: "kiosk-1",
	}})
	t.Cleanup(func() { b.stop(); b.jobs.Wait() })
	b.events.news = make(chan struct{}, 10000)
	b.SetPeople([]domain.Person{{ID: "p1", Name: "Lucía Vega"}})
	b.SetEngine("dlib", GradeDemo)
	b.Camera(domain.CameraHealth{State: domain.CameraLive, FPS: 25})
	b.want(StateAttract)
	return d
}

// await waits until the view is as wanted: what works beside the machine has
// come back.
func (d *desk) await(what string, ok func(View) bool) View {
	d.t.Helper()
	end := time.Now().Add(5 * time.Second)
	for {
		v := d.View()
		if ok(v) {
			return v
		}
		if time.Now().After(end) {
			d.t.Fatalf("%s: never came; at %s %s", what, v.State, d.where(v))
		}
		d.screen.news()
	}
}

func (d *desk) where(v View) string {
	switch {
	case v.Register != nil:
		return fmt.Sprintf("%+v", *v.Register)
	case v.Validate != nil:
		return fmt.Sprintf("%+v", *v.Validate)
	case v.Withdraw != nil:
		return fmt.Sprintf("%+v", *v.Withdraw)
	}
	return ""
}

func (d *desk) registering(s RegisterStep) *Register {
	d.t.Helper()
	return d.await("registration at "+string(s), func(v View) bool {
		return v.State == StateRegister && v.Register.Step == s
	}).Register
}

func (d *desk) validating(s ValidateStep) *Validate {
	d.t.Helper()
	return d.await("validation at "+string(s), func(v View) bool {
		return v.State == StateValidate && v.Validate.Step == s && !v.Validate.PIN.Busy
	}).Validate
}

func (d *desk) withdrawing(s WithdrawStep) *Withdraw {
	d.t.Helper()
	return d.await("withdrawal at "+string(s), func(v View) bool {
		return v.State == StateWithdraw && v.Withdraw.Step == s && !v.Withdraw.PIN.Busy
	}).Withdraw
}

// recorded waits for an event of that reason, and gives it.
func (d *desk) recorded(why domain.Reason) domain.Event {
	d.t.Helper()
	end := time.After(5 * time.Second)
	for {
		d.events.mu.Lock()
		i := slices.IndexFunc(d.events.list, func(e domain.Event) bool { return e.Reason == why })
		if i >= 0 {
			defer d.events.mu.Unlock()
			return d.events.list[i]
		}
		d.events.mu.Unlock()
		select {
		case <-d.events.news:
		case <-end:
			d.t.Fatalf("no event %s; there are %v", why, d.events.reasons())
		}
	}
}

// somebody enrols a person with badge "b1" directly.
func (d *desk) somebody(withFace bool) {
	now := d.clock.Now()
	c := domain.Consent{ID: "c1", Granted: []domain.Purpose{domain.PurposeData, domain.PurposeFace}, At: now}
	b := domain.Badge{ID: "b1", Person: "p1", NotBefore: now, Expires: now.AddDate(1, 0, 0)}
	d.reg.profiles["p1"] = domain.Profile{
		Person: domain.Person{ID: "p1", Name: "Lucía Vega"}, Document: "30123456", Consents: []domain.Consent{c},
		Badges: []domain.Badge{b}, HasPIN: true, HasFace: withFace,
	}
	d.reg.badges["b1"], d.reg.pins["p1"] = b, "493817"
}

const badgeText, receiptText = "AGID:badge:b1:p1", "AGID:receipt:c1:p1"
