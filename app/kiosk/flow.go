package kiosk

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"agentid/app/domain"
)

// Times of the flows, from the house's rules of behaviour.
const (
	// TimeoutAsk is how long somebody is asked whether they are still there,
	// before what they typed is discarded.
	TimeoutAsk = 10 * time.Second
	// TimeoutResult is how long a result stays for one who does not leave.
	TimeoutResult = 20 * time.Second
	// touchGrace is how long after a touch a private page stays although no face
	// is seen: who types looks down.
	touchGrace = 10 * time.Second
	// workTimeout bounds what a flow asks of the store.
	workTimeout = 30 * time.Second
)

// near is from what height, of the frame's, a face counts as somebody before
// the kiosk.
const near = 0.15

// flow is what a visitor is in the middle of. It belongs to the machine's lock.
type flow struct {
	since  time.Time // of the present page
	face   time.Time // somebody was last seen before the kiosk
	job    *job      // what works for the present page
	asked  time.Time // since when somebody is asked whether they are there
	staff  *domain.Staff
	pass   *StaffToken  // the badge that staff showed to sign in
	forged bool         // a forged one was shown, and that is on record
	blind  bool         // the page cannot read codes, whatever the camera does
	actor  domain.Actor // in whose name the flow does what it does

	reg *registration
	val *validation
	wd  *withdrawal
	ask *conversation
	adm *administration
}

// job is work beside the machine. What it brings counts only while it is the
// flow's.
type job struct {
	cancel context.CancelFunc // nil where it comes to its end in any case
	tear   context.CancelFunc // stops what of it may be stopped half-way; may be nil
}

// begin starts a flow in its first state.
func (m *Machine) begin(s State, f *flow, now time.Time) {
	m.leaveCard(now)
	m.endFlow()
	f.since, f.actor = now, domain.Actor{ID: domain.ActorVisitor}
	m.flow = f
	m.enter(s, now)
}

// endFlow forgets the flow and all that was in it.
func (m *Machine) endFlow() {
	if m.flow == nil {
		return
	}
	m.hush()
	m.stopJob()
	m.flow = nil
	m.view.Register, m.view.Validate, m.view.Withdraw, m.view.Ask, m.view.Admin = nil, nil, nil, nil, nil
	m.view.Asking, m.view.Leaving, m.view.Covered = false, false, false
}

func (m *Machine) stopJob() {
	if m.flow != nil && m.flow.job != nil {
		if m.flow.job.tear != nil {
			m.flow.job.tear()
		}
		if m.flow.job.cancel != nil {
			m.flow.job.cancel()
			m.leaveGesture()
		}
		m.flow.job = nil
	}
}

// work runs do beside the machine until the page is left, and then applies what
// it returned, unless the page was left meanwhile.
func (m *Machine) work(do func(ctx context.Context, j *job) func(now time.Time)) {
	m.stopJob()
	ctx, cancel := context.WithCancel(m.base)
	m.spawn(ctx, &job{cancel: cancel}, cancel, do)
}

// commit is work that is not torn by leaving: it comes to its end, within
// workTimeout, even where the program ends.
func (m *Machine) commit(do func(ctx context.Context, j *job) func(now time.Time)) {
	m.stopJob()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(m.base), workTimeout)
	m.spawn(ctx, &job{}, cancel, do)
}

func (m *Machine) spawn(ctx context.Context, j *job, cancel context.CancelFunc, do func(context.Context, *job) func(time.Time)) {
	m.flow.job = j
	ctx = domain.WithActor(ctx, m.flow.actor)
	m.jobs.Add(1)
	go func() {
		defer m.jobs.Done()
		defer cancel()
		apply := do(ctx, j)
		m.during(j, func(now time.Time) {
			m.flow.job = nil
			if apply != nil {
				apply(now)
			}
		})
	}()
}

// during applies a change if j is still what the flow waits for.
func (m *Machine) during(j *job, change func(now time.Time)) {
	m.update(func(now time.Time) {
		if m.flow != nil && m.flow.job == j {
			change(now)
		}
	})
}

// pause stops what works for the page, but for what is being stored.
func (m *Machine) pause() {
	if m.flow != nil && m.flow.job != nil && m.flow.job.cancel != nil {
		m.stopJob()
	}
}

// page notes that another page of the flow is shown.
func (m *Machine) page(now time.Time) {
	m.stopJob()
	m.flow.since, m.flow.blind = now, false
}

// Do implements Commands.
func (m *Machine) Do(a Action) { m.touch(func(now time.Time) { m.act(a, now) }) }

func (m *Machine) act(a Action, now time.Time) {
	f := m.flow
	if f == nil {
		if m.view.State == StateStarting {
			return
		}
		switch a := a.(type) {
		case OwnData:
			if m.o.Flows != nil {
				m.startWithdraw("", now)
			}
		case AdminEnter:
			if m.administers() {
				m.startAdmin(now)
			}
		case AdminFit:
			m.rows = min(max(a.Rows, 1), MaxAdminRows)
		}
		return
	}
	switch a.(type) {
	case Stay:
		m.stay(now)
		return
	case Leave:
		m.abandon(domain.ReasonCancelled, now)
		return
	}
	if m.view.Asking {
		return
	}
	switch m.view.State {
	case StateRegister:
		m.actRegister(a, now)
	case StateValidate:
		m.actValidate(a, now)
	case StateWithdraw:
		m.actWithdraw(a, now)
	case StateAsk:
		m.actAsk(a, now)
	case StateAdmin:
		m.actAdmin(a, now)
	case StateHelp, StateNotice:
		if _, ok := a.(OwnData); ok && f.reg == nil && m.o.Flows != nil { // nothing typed is lost by it
			m.startWithdraw("", now)
		}
	}
}

// ask asks whether somebody is still there, or means to leave; cover hides the
// page meanwhile.
func (m *Machine) ask(leaving, cover bool, now time.Time) {
	m.hush()
	m.flow.asked = now
	m.view.Asking, m.view.Leaving, m.view.Covered = true, leaving, cover
}

func (m *Machine) stay(now time.Time) {
	m.view.Asking, m.view.Leaving, m.view.Covered = false, false, false
	m.flow.face = time.Time{} // it is not to ask again at once
}

// abandon ends a flow that came to no end of its own.
func (m *Machine) abandon(why domain.Reason, now time.Time) {
	if m.flow.adm != nil {
		m.leaveAdmin(signedOut, now)
		return
	}
	if v := m.flow.val; v != nil && v.open() {
		claim := v.claim
		m.aside(func(ctx context.Context) error { return m.validator.Note(ctx, claim, why) })
	}
	m.rest(now)
}

// aside does something that nobody waits for, after the flow if need be.
func (m *Machine) aside(do func(ctx context.Context) error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(m.base), workTimeout)
	actor := domain.Actor{ID: domain.ActorVisitor}
	if m.flow != nil {
		actor = m.flow.actor
	}
	ctx = domain.WithActor(ctx, actor)
	m.jobs.Add(1)
	go func() {
		defer m.jobs.Done()
		defer cancel()
		if err := do(ctx); err != nil {
			m.failed("step not recorded", err)
		}
	}()
}

// failed logs the cause of what the screen says more kindly.
func (m *Machine) failed(what string, err error) {
	if !errors.Is(err, context.Canceled) {
		m.o.Log.Error(what, slog.String("error", err.Error()))
	}
}

// resume comes back from help to the flow.
func (m *Machine) resume(now time.Time) bool {
	f := m.flow
	if f == nil {
		return false
	}
	switch {
	case f.reg != nil:
		m.enter(StateRegister, now)
		m.resumeRegister(now)
	case f.val != nil:
		m.enter(StateValidate, now)
		m.resumeValidate(now)
	case f.wd != nil:
		m.enter(StateWithdraw, now)
		m.resumeWithdraw(now)
	case f.ask != nil:
		m.enter(StateAsk, now)
		f.since = now
	}
	if s, ok := m.signingIn(); ok && s != BadgeNone && s != BadgeRead {
		m.awaitBadge()
	}
	return true
}

// follows tells that the state is a flow's page, rather than help beside it.
func (m *Machine) follows() bool {
	switch m.view.State {
	case StateRegister, StateValidate, StateWithdraw, StateAsk, StateAdmin:
		return m.flow != nil
	}
	return false
}

// busy tells that the page cannot be left: something is being stored.
func (m *Machine) busy() bool {
	r, v, w := m.view.Register, m.view.Validate, m.view.Withdraw
	switch m.view.State {
	case StateRegister:
		return r.Step == RegisterSaving || (r.Staff != nil && r.Staff.PIN.Busy)
	case StateValidate:
		return v.Step == ValidateWorking || v.PIN.Busy || (v.Staff != nil && v.Staff.PIN.Busy)
	case StateWithdraw:
		return w.Step == WithdrawWorking || w.PIN.Busy || (w.Staff != nil && w.Staff.PIN.Busy)
	case StateAsk:
		return m.view.Ask.Busy
	case StateAdmin:
		return m.view.Admin.Busy
	}
	return false
}

// private tells that the page shows what is nobody else's business.
func (m *Machine) private() bool {
	switch m.view.State {
	case StateRegister:
		switch m.view.Register.Step {
		case RegisterData, RegisterPIN, RegisterBadge, RegisterStaff:
			return true
		}
	case StateValidate:
		switch m.view.Validate.Step {
		case ValidatePIN, ValidateStaff, ValidateResult:
			return true
		}
	case StateWithdraw:
		return m.view.Withdraw.Step != WithdrawScan
	case StateAsk:
		return m.flow.ask.begun || m.view.Ask.Step == AskWriting
	case StateAdmin:
		return true
	}
	return false
}

// typed tells that leaving would lose what somebody wrote or did.
func (m *Machine) typed() bool {
	if m.view.State == StateAsk { // the conversation is gone with it
		return m.flow.ask.begun || m.view.Ask.Step == AskWriting
	}
	if m.view.State != StateRegister {
		return false
	}
	switch m.view.Register.Step {
	case RegisterData, RegisterConsent, RegisterFace, RegisterPIN, RegisterStaff, RegisterFailed:
		return true
	}
	return false
}

// flowDeadline is when the page of a flow ends by itself.
func (m *Machine) flowDeadline() time.Time {
	f := m.flow
	if f.adm != nil {
		return m.adminDeadline()
	}
	if m.busy() {
		return time.Time{}
	}
	if m.view.Asking {
		return f.asked.Add(TimeoutAsk)
	}
	idle := TimeoutIdle
	if v := m.view.Validate; m.view.State == StateValidate && v.Step == ValidateResult {
		idle = TimeoutResult
	}
	if v := m.view.Ask; m.view.State == StateAsk && v.Turn != nil && v.Step == v.Turn.Step && f.face.IsZero() {
		idle = TimeoutRead
	}
	active := latest(f.since, m.touched)
	d := latest(active, f.face).Add(idle)
	if m.gone() {
		d = earliest(d, latest(f.face.Add(TimeoutGone), active.Add(touchGrace)))
	}
	return earliest(d, active.Add(TimeoutCard))
}

// gone tells that a private page outlives its person: somebody was seen, and
// with a camera that sees, is to be seen on.
func (m *Machine) gone() bool {
	return m.private() && !m.flow.face.IsZero() && m.view.Status.Camera == domain.CameraLive
}

// expireFlow ends or questions the page whose time is up.
func (m *Machine) expireFlow(now time.Time) {
	switch {
	case m.flow.adm != nil:
		m.expireAdmin(now)
	case m.view.Asking, !m.typed():
		m.abandon(domain.ReasonTimedOut, now)
		m.view.Lang = m.o.Lang // the next visitor is somebody else
	default:
		m.ask(false, m.private(), now)
	}
}

// watchFlow notes whether somebody stands before the kiosk.
func (m *Machine) watchFlow(now time.Time) {
	if m.flow == nil {
		return
	}
	for _, f := range m.scene.Faces {
		if f.Box.H >= near {
			m.flow.face = now
			return
		}
	}
}

// cameraChanged tells a page that waits for a code whether the camera may bring it.
func (m *Machine) cameraChanged() {
	if m.flow == nil {
		return
	}
	if v := m.view.Validate; v != nil && v.Step == ValidateScan {
		m.validate(func(v *Validate) { v.NoCamera = m.cameraless() })
	}
	if w := m.view.Withdraw; w != nil && w.Step == WithdrawScan {
		m.withdraw(func(w *Withdraw) { w.NoCamera = m.cameraless() })
	}
	switch s, _ := m.signingIn(); {
	case s == BadgeScanner && !m.cameraless():
		m.showBadge(BadgeAwaited)
	case (s == BadgeAwaited || s == BadgeUnreadable) && m.cameraless():
		m.showBadge(BadgeScanner)
	}
}
