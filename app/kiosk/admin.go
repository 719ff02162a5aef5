package kiosk

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"agentid/app/domain"
)

// Times of the admin tab.
const (
	// TimeoutSignIn is how long the way in waits for somebody who touches nothing,
	// and TimeoutSetup that of the first run: its code is long.
	TimeoutSignIn = time.Minute
	TimeoutSetup  = 5 * time.Minute
	// TimeoutAdmin is how long after the last touch staff are asked whether they
	// are still there; TimeoutAdminMost ends any session.
	TimeoutAdmin     = 2 * time.Minute
	TimeoutAdminMost = 30 * time.Minute
)

// administration is what the admin tab holds: nothing before somebody signed in.
type administration struct {
	seat  seat
	began time.Time
}

// administers tells that this kiosk has an admin tab.
func (m *Machine) administers() bool {
	return m.o.Admin != nil && m.o.Flows != nil && m.o.Flows.Staff != nil
}

func (m *Machine) newOffice() *office {
	return &office{ports: *m.o.Admin, flows: *m.o.Flows, clock: m.o.Clock, log: m.o.Log}
}

// startAdmin shows the way in: to make the first administrator, while there is
// none.
func (m *Machine) startAdmin(now time.Time) {
	m.begin(StateAdmin, &flow{adm: &administration{}}, now)
	m.view.Admin = &Admin{Step: AdminSignIn, Busy: true, Badge: m.awaited()}
	first, codes := m.o.Admin.FirstRun, m.o.Admin.Codes
	m.work(func(ctx context.Context, _ *job) func(time.Time) {
		setup, waiting := false, false
		var err error
		if first != nil {
			if setup, err = first.NeedsSetup(ctx); err != nil {
				m.failed("first run not known", err)
			}
		}
		if codes != nil {
			if waiting, err = codes.StaffCodes(ctx); err != nil {
				m.failed("codes of staff not known", err)
			}
		}
		return func(time.Time) {
			m.admin(func(a *Admin) {
				a.Busy, a.Codes = false, waiting
				if setup {
					a.Step = AdminSetup
				}
			})
			if !setup {
				m.awaitBadge()
			}
		}
	})
}

// admin shows another value of the tab.
func (m *Machine) admin(change func(*Admin)) {
	a := *m.view.Admin
	change(&a)
	m.view.Admin = &a
}

func (m *Machine) actAdmin(a Action, now time.Time) {
	v := m.view.Admin
	switch a := a.(type) {
	case AdminLeave, Cancel, Finish:
		m.leaveAdmin(signedOut, now)
		return
	case StepBack:
		if v.Step != AdminOpen {
			m.leaveAdmin(signedOut, now)
			return
		}
	case AdminFit:
		m.rows = min(max(a.Rows, 1), MaxAdminRows)
	}
	if v.Busy {
		if _, back := a.(StepBack); back && v.Stop.Key != "" {
			m.admin(func(v *Admin) { v.Stop = Words{} })
			m.flow.job.tear()
		}
		return
	}
	switch v.Step {
	case AdminSignIn:
		switch a := a.(type) {
		case AdminCredentials:
			if len(a.Login) <= maxTyped && len(a.PIN) <= maxTyped {
				m.adminSignIn(a)
			}
		case AdminHasCode:
			if v.Codes {
				m.flow.since = now
				m.view.Admin = &Admin{Step: AdminCode}
			}
		case Scanned:
			m.staffShown(a.Text, now)
		case TypeLogin:
			m.typeLogin(now)
		}
	case AdminSetup, AdminCode:
		if a, ok := a.(AdminFirst); ok {
			m.adminFirst(a)
		}
	case AdminOpen:
		m.adminDo(a)
	}
}

// adminSignIn checks login or badge, and PIN, and opens the tab.
func (m *Machine) adminSignIn(a AdminCredentials) {
	claim := m.claimedStaff(a.Login)
	m.admin(func(v *Admin) { v.Busy, v.PIN = true, PINEntry{Busy: true} })
	m.commit(func(ctx context.Context, _ *job) func(time.Time) {
		who, until, err := m.validator.staffSignIn(ctx, claim, a.PIN, "")
		if err != nil {
			m.failed("staff not signed in", err)
		}
		return func(now time.Time) {
			m.flow.since = now
			if err != nil || !until.IsZero() {
				wrong := errors.Is(err, domain.ErrStaffWrongPIN)
				m.admin(func(v *Admin) {
					v.Busy, v.PIN = false, PINEntry{Wrong: wrong && until.IsZero(), Until: until}
					v.Notice, v.Tone = Words{}, ToneNone
					if err != nil && !wrong && until.IsZero() {
						v.Notice, v.Tone = words("said.failed"), ToneStop
					}
				})
				m.goOnLooking()
				return
			}
			m.openAdmin(who, now)
		}
	})
}

// adminFirst makes the first administrator, who is then signed in.
func (m *Machine) adminFirst(a AdminFirst) {
	if len(a.Code) > maxTyped || len(a.Login) > maxTyped || len(a.PIN) > maxTyped || len(a.Name) > maxValue {
		return
	}
	step := m.view.Admin.Step
	m.admin(func(v *Admin) { v.Busy, v.Problem = true, Words{} })
	m.commit(func(ctx context.Context, _ *job) func(time.Time) {
		who, err := m.useCode(ctx, step, a)
		return func(now time.Time) {
			m.flow.since = now
			switch problem, known := accountProblem(err); {
			case err == nil:
				m.openAdmin(who, now)
			case errors.Is(err, domain.ErrSetupDone): // elsewhere, meanwhile
				m.view.Admin = &Admin{Step: AdminSignIn}
				m.awaitBadge()
			default:
				if !known {
					m.failed("code not used", err)
				}
				if step == AdminCode && errors.Is(err, domain.ErrSetupCode) {
					problem = words("problem.staff_code")
				}
				m.admin(func(v *Admin) { v.Busy, v.Problem = false, problem })
			}
		}
	})
}

// useCode makes the first administrator with the console's code, or sets the PIN
// of who has a code of the centre: on a kiosk without administrators either is
// written in the same place.
func (m *Machine) useCode(ctx context.Context, step AdminStep, a AdminFirst) (domain.Staff, error) {
	err := error(domain.ErrSetupCode)
	if step == AdminSetup {
		who := domain.Staff{ID: domain.StaffID(m.o.Flows.NewID()), Login: a.Login, Name: a.Name, Role: domain.RoleAdmin, CreatedAt: m.o.Clock.Now()}
		if err = m.o.Admin.FirstRun.UseSetupCode(ctx, a.Code, who, a.PIN); err == nil {
			return m.o.Flows.Staff.StaffMember(ctx, who.ID)
		}
	}
	codes := m.o.Admin.Codes
	if codes == nil || !errors.Is(err, domain.ErrSetupCode) && !errors.Is(err, domain.ErrSetupDone) {
		return domain.Staff{}, err
	}
	who, cerr := codes.UseStaffCode(ctx, a.Login, a.Code, a.PIN)
	if errors.Is(cerr, domain.ErrSetupCode) { // what is wrong with the one that was asked for
		return domain.Staff{}, err
	}
	return who, cerr
}

// RecheckStaff has an open session end if its account no longer stands: the
// centre may have closed it. What staff typed stays where it is otherwise.
func (m *Machine) RecheckStaff() {
	m.update(func(time.Time) {
		if m.flow == nil || m.flow.adm == nil || m.flow.adm.seat.who.ID == "" {
			return
		}
		f, o, who := m.flow, m.newOffice(), m.flow.adm.seat.who
		ctx, cancel := context.WithTimeout(context.WithoutCancel(m.base), workTimeout)
		m.jobs.Add(1)
		go func() {
			defer m.jobs.Done()
			defer cancel()
			err := o.present(ctx, who)
			m.update(func(now time.Time) {
				if errors.Is(err, errSessionOver) && m.flow == f {
					m.leaveAdmin("account", now)
				}
			})
		}()
	})
}

// accountProblem says what is wrong with what was written of an account.
func accountProblem(err error) (w Words, known bool) {
	for _, p := range []struct {
		err error
		key string
	}{
		{domain.ErrSetupCode, "setup_code"}, {domain.ErrName, "name"}, {domain.ErrLoginTaken, "login_taken"},
		{domain.ErrLogin, "login"}, {domain.ErrWeakPIN, "weak_pin"}, {domain.ErrPIN, "pin"}, {domain.ErrRole, "role"},
	} {
		if errors.Is(err, p.err) {
			return words("problem." + p.key), true
		}
	}
	return words("said.failed"), false
}

// openAdmin opens the tab for who has just proved who they are.
func (m *Machine) openAdmin(who domain.Staff, now time.Time) {
	m.flow.actor = domain.StaffActor(who)
	m.flow.adm.began = now
	m.flow.adm.seat = seat{who: who}
	m.view.Admin = &Admin{Step: AdminOpen, Who: who.Name, Role: who.Role, Page: PageToday}
	o, lang, rows := m.newOffice(), m.view.Lang, m.adminRows()
	m.adminWork(o, func(ctx context.Context) (seat, error) { return o.sit(ctx, who, lang, rows) })
}

// adminRows is how many rows the screen has room for.
func (m *Machine) adminRows() int {
	if m.rows == 0 {
		return DefaultAdminRows
	}
	return m.rows
}

// adminDo has the office do what was touched.
func (m *Machine) adminDo(a Action) {
	o, s := m.newOffice(), m.flow.adm.seat
	s.lang = m.view.Lang
	m.adminWork(o, func(ctx context.Context) (seat, error) { return o.handle(ctx, s, a) })
}

// adminWork shows what the office did. It is not torn by leaving: what staff
// began comes to its end, but for what says that it can be stopped.
func (m *Machine) adminWork(o *office, do func(ctx context.Context) (seat, error)) {
	m.admin(func(v *Admin) { v.Busy = true })
	torn, tear := context.WithCancel(m.base)
	o.torn = torn
	m.commit(func(ctx context.Context, j *job) func(time.Time) {
		defer tear()
		m.during(j, func(time.Time) { j.tear = tear })
		o.telling = func(w Words) {
			m.during(j, func(time.Time) {
				m.admin(func(v *Admin) { v.Notice, v.Tone, v.Stop = w, ToneInfo, words("do.stop") })
			})
		}
		s, err := do(ctx)
		if err != nil && !errors.Is(err, errSessionOver) {
			m.failed("admin tab", err)
		}
		return func(now time.Time) {
			switch {
			case errors.Is(err, errSessionOver):
				m.leaveAdmin("account", now)
			case s.gone:
				m.leaveAdmin("kiosk_left", now)
				if s.again {
					m.o.Admin.System.Restart()
				} else {
					m.o.Admin.System.Leave()
				}
			case s.view.Step != AdminOpen: // the account could not be asked for
				m.admin(func(v *Admin) { v.Busy, v.Notice, v.Tone = false, words("said.failed"), ToneStop })
			default:
				m.flow.adm.seat = s
				view := s.view
				m.view.Admin = &view
			}
		}
	})
}

// signedOut is why a session ends by its own.
const signedOut = "asked"

// leaveAdmin ends the session, and says so in the audit.
func (m *Machine) leaveAdmin(why string, now time.Time) {
	if adm := m.flow.adm; adm.seat.who.ID != "" {
		who, log := adm.seat.who, m.o.Admin.Audit
		m.o.Log.Info("admin session ends", slog.String("staff", string(who.ID)), slog.String("why", why))
		m.aside(func(ctx context.Context) error {
			_, err := log.AppendAudit(ctx, domain.AuditEntry{
				Action: domain.AuditSignedOut, Target: domain.AuditTarget{Kind: domain.TargetStaff, ID: string(who.ID)},
				Detail: map[string]string{"why": why},
			})
			return err
		})
	}
	m.view.Lang = m.o.Lang // who comes next is somebody else
	m.rest(now)
}

// adminDeadline is when the tab asks, or closes. Nothing that works holds it
// open: what it shows is nobody else's business.
func (m *Machine) adminDeadline() time.Time {
	active := latest(m.flow.since, m.touched)
	switch m.view.Admin.Step {
	case AdminSignIn:
		return active.Add(TimeoutSignIn)
	case AdminSetup, AdminCode:
		return active.Add(TimeoutSetup)
	}
	d := active.Add(TimeoutAdmin)
	if m.view.Asking {
		d = m.flow.asked.Add(TimeoutAsk)
	}
	return earliest(d, m.flow.adm.began.Add(TimeoutAdminMost))
}

// expireAdmin asks who may be there still, once, or closes the tab.
func (m *Machine) expireAdmin(now time.Time) {
	if m.view.Admin.Step == AdminOpen && !m.view.Asking && now.Before(m.flow.adm.began.Add(TimeoutAdminMost)) {
		m.ask(false, true, now)
		return
	}
	m.leaveAdmin("timed_out", now)
}
