package kiosk

import (
	"context"
	"errors"
	"slices"
	"time"

	"agentid/app/domain"
)

// registration is what a registration holds until it is stored. Nothing of it
// outlives its end.
type registration struct {
	app       application
	questions []domain.Purpose
	answers   map[domain.Purpose]Answer
	pin       string // while it is being stored
	badge     domain.Badge
	duplicate domain.PersonID // of StaffCheck
}

func (m *Machine) startRegister(now time.Time) {
	m.begin(StateRegister, &flow{reg: &registration{answers: map[domain.Purpose]Answer{}}}, now)
	m.view.Register = &Register{}
	m.registerNotice(now)
}

// register shows another value of the registration.
func (m *Machine) register(change func(*Register)) {
	r := *m.view.Register
	change(&r)
	m.view.Register = &r
}

func (m *Machine) registerNotice(now time.Time) {
	m.page(now)
	if m.consentText() {
		m.register(func(r *Register) { r.Step = RegisterNotice })
	}
}

// consentText takes the text of consent in the language on the screen. Consent
// is to one text: what was answered to another one is asked again.
func (m *Machine) consentText() (ok bool) {
	reg, lang := m.flow.reg, m.view.Lang
	if reg.app.lang == lang {
		return true
	}
	shown, hash, err := m.o.Flows.Consent.ConsentText(lang)
	if err != nil { // without the text nobody can consent
		m.failed("no consent text", err)
		m.register(func(r *Register) { r.Step = RegisterFailed })
		return false
	}
	clear(reg.answers)
	reg.app.consent, reg.app.hash, reg.app.lang = shown, hash, lang
	m.register(func(r *Register) { r.Consent = shown })
	return true
}

// registerTold is SetLanguage within a registration.
func (m *Machine) registerTold(now time.Time) {
	switch m.view.Register.Step {
	case RegisterNotice:
		m.registerNotice(now)
	case RegisterConsent:
		m.question(0, now)
	}
}

// canSee tells whether faces can be read now.
func (m *Machine) canSee() bool {
	s := m.view.Status
	return m.o.Flows.Eye != nil && s.Camera == domain.CameraLive && s.Engine != ""
}

// question asks for one consent.
func (m *Machine) question(n int, now time.Time) {
	m.page(now)
	if !m.consentText() {
		return
	}
	reg := m.flow.reg
	reg.questions = []domain.Purpose{domain.PurposeData}
	if m.canSee() || reg.answers[domain.PurposeFace] != Unanswered {
		reg.questions = append(reg.questions, domain.PurposeFace)
	}
	if n >= len(reg.questions) || reg.answers[domain.PurposeData] == Unanswered {
		n = 0
	}
	m.register(func(r *Register) {
		r.Step, r.Question, r.N, r.Of = RegisterConsent, reg.questions[n], n+1, len(reg.questions)
		r.Answer = reg.answers[r.Question]
	})
}

func (m *Machine) actRegister(a Action, now time.Time) {
	reg := m.flow.reg
	step := m.view.Register.Step
	switch a := a.(type) {
	case StepBack:
		m.registerBack(now)
		return
	case Cancel:
		switch step {
		case RegisterSaving:
		case RegisterData, RegisterConsent, RegisterFace, RegisterPIN:
			m.ask(true, false, now) // what was written is asked about first
		default:
			m.rest(now)
		}
		return
	case Finish:
		if step != RegisterSaving {
			m.rest(now)
		}
		return
	case StaffHere, StaffPIN, TypeLogin, Scanned, StaffVerdict:
		if step == RegisterStaff {
			m.actStaff(a, now)
		}
		return
	}
	switch step {
	case RegisterNotice:
		if _, ok := a.(Next); ok {
			m.page(now)
			m.register(func(r *Register) { r.Step = RegisterData })
		}
	case RegisterData:
		if d, ok := a.(SubmitData); ok {
			clean, err := cleanData(d.PersonData)
			if err != nil {
				return // the form did not let it through
			}
			reg.app.data = clean
			m.register(func(r *Register) { r.Data = clean })
			m.question(0, now)
		}
	case RegisterConsent:
		m.answer(a, now)
	case RegisterFace:
		switch a.(type) {
		case Retry:
			m.capture(now)
		case SkipFace:
			reg.answers[domain.PurposeFace] = Refused
			m.checkDuplicate(Captured{}, now)
		}
	case RegisterPIN:
		if p, ok := a.(EnterPIN); ok && domain.CheckPIN(p.PIN) == nil {
			reg.pin = p.PIN
			m.save(now)
		}
	case RegisterFailed:
		if _, ok := a.(Retry); ok {
			if reg.pin == "" {
				m.registerNotice(now)
			} else {
				m.save(now)
			}
		}
	case RegisterBadge:
		m.actBadge(a)
	}
}

// cleanData gives the data in the domain's forms.
func cleanData(d PersonData) (c PersonData, err error) {
	var errs [3]error
	c.Name, errs[0] = domain.CleanName(d.Name)
	c.Document, errs[1] = domain.CleanDocument(d.Document)
	c.Contact, errs[2] = domain.CleanContact(d.Contact)
	return c, errors.Join(errs[:]...)
}

func (m *Machine) registerBack(now time.Time) {
	reg := m.flow.reg
	to := func(s RegisterStep) {
		m.page(now)
		m.register(func(r *Register) { r.Step = s })
	}
	switch r := m.view.Register; r.Step {
	case RegisterNotice, RegisterDeclined:
		m.rest(now)
	case RegisterData:
		to(RegisterNotice)
	case RegisterConsent:
		if r.N > 1 {
			m.question(r.N-2, now)
		} else {
			to(RegisterData)
		}
	case RegisterStaff:
		if r.Staff.Step == StaffSignIn && !r.Staff.PIN.Busy {
			m.notStaff()
		}
	case RegisterFace:
		m.question(len(reg.questions)-1, now)
	case RegisterPIN, RegisterFailed:
		// What staff said was of the face that they saw.
		reg.pin, reg.app.captured, reg.app.lookalike = "", Captured{}, ""
		if reg.answers[domain.PurposeFace] == Granted {
			m.capture(now)
		} else {
			m.question(len(reg.questions)-1, now)
		}
	}
}

func (m *Machine) answer(a Action, now time.Time) {
	reg, q := m.flow.reg, m.view.Register.Question
	switch a := a.(type) {
	case AnswerConsent:
		if a.Purpose == q && (a.Answer == Granted || a.Answer == Refused) {
			reg.answers[q] = a.Answer
			m.register(func(r *Register) { r.Answer = a.Answer })
		}
	case ReadNotice:
		m.page(now)
		m.register(func(r *Register) { r.Step = RegisterNotice })
	case Next:
		switch {
		case reg.answers[q] == Unanswered:
		case q == domain.PurposeData && reg.answers[q] == Refused:
			m.page(now)
			*reg = registration{answers: map[domain.Purpose]Answer{}} // nothing is kept
			m.register(func(r *Register) { *r = Register{Step: RegisterDeclined, Consent: r.Consent} })
		case m.view.Register.N < m.view.Register.Of:
			m.question(m.view.Register.N, now)
		case reg.answers[domain.PurposeFace] == Granted:
			m.capture(now)
		default:
			m.checkDuplicate(Captured{}, now)
		}
	}
}

// capture takes the face.
func (m *Machine) capture(now time.Time) {
	m.page(now)
	m.register(func(r *Register) {
		r.Step, r.Face, r.FaceFailed = RegisterFace, FaceProgress{Guide: domain.GuideStart}, !m.canSee()
	})
	if m.view.Register.FaceFailed {
		return
	}
	m.work(func(ctx context.Context, j *job) func(time.Time) {
		got, err := m.o.Flows.Eye.Capture(ctx, func(p FaceProgress) {
			m.during(j, func(time.Time) { m.register(func(r *Register) { r.Face = p }) })
		})
		if err != nil {
			m.failed("face not captured", err)
		} else if got.Reason == domain.ReasonNotLive {
			if err := m.registrar().note(ctx, "", got.Reason, "", got.Evidence); err != nil {
				m.failed("step not recorded", err)
			}
		}
		return func(now time.Time) {
			if err != nil || got.Reason != domain.ReasonEnrolled || len(got.Templates) == 0 {
				m.flow.since = now
				m.register(func(r *Register) { r.FaceFailed = true })
				return
			}
			m.checkDuplicate(got, now)
		}
	})
}

// checkDuplicate asks whether the visitor may be registered already. What it
// finds is told to staff alone.
func (m *Machine) checkDuplicate(got Captured, now time.Time) {
	reg := m.flow.reg
	reg.app.captured = got
	app := reg.app
	m.flow.since = now
	m.work(func(ctx context.Context, _ *job) func(time.Time) {
		id, why, err := m.registrar().duplicate(ctx, app)
		if err == nil && why != "" {
			err = m.registrar().note(ctx, id, why, "", got.Evidence)
		}
		if err != nil {
			m.failed("registration not checked", err)
			return func(now time.Time) { m.register(func(r *Register) { r.Step = RegisterFailed }) }
		}
		return func(now time.Time) {
			if why == "" {
				m.toPIN(now)
				return
			}
			m.page(now)
			reg.duplicate = id
			m.register(func(r *Register) {
				r.Step = RegisterStaff
				r.Staff = m.staffCheck(why, why == domain.ReasonDuplicateFace)
			})
		}
	})
}

func (m *Machine) toPIN(now time.Time) {
	m.page(now)
	m.register(func(r *Register) { r.Step, r.Staff = RegisterPIN, nil })
}

func (m *Machine) registrar() registrar {
	return registrar{*m.o.Flows, m.o.Clock, m.o.Log}
}

// save stores the registration. It is not torn by anything.
func (m *Machine) save(now time.Time) {
	reg := m.flow.reg
	reg.app.granted, reg.app.refused = nil, nil
	for _, p := range reg.questions {
		if reg.answers[p] == Granted {
			reg.app.granted = append(reg.app.granted, p)
		} else {
			reg.app.refused = append(reg.app.refused, p)
		}
	}
	app, pin := reg.app, reg.pin
	m.page(now)
	m.register(func(r *Register) { r.Step = RegisterSaving })
	m.commit(func(ctx context.Context, _ *job) func(time.Time) {
		badge, shown, err := m.registrar().save(ctx, app, pin)
		if err != nil {
			m.failed("registration not stored", err)
		}
		return func(now time.Time) {
			m.page(now)
			switch {
			case errors.Is(err, domain.ErrDuplicateDocument):
				m.register(func(r *Register) {
					r.Step, r.Staff = RegisterStaff, m.staffCheck(domain.ReasonDuplicateDocument, false)
				})
			case err != nil:
				m.register(func(r *Register) { r.Step = RegisterFailed })
			default:
				*reg = registration{badge: badge, app: application{data: PersonData{Name: app.data.Name}}}
				m.register(func(r *Register) { *r = Register{Step: RegisterBadge, Consent: r.Consent, Badge: &shown} })
			}
		}
	})
}

// shownBadge shows another value of the badge.
func (m *Machine) shownBadge(change func(*BadgeShown)) {
	b := *m.view.Register.Badge
	change(&b)
	m.register(func(r *Register) { r.Badge = &b })
}

func (m *Machine) actBadge(a Action) {
	switch a := a.(type) {
	case ShowCode:
		if a.Kind == CodeBadge || a.Kind == CodeReceipt {
			m.shownBadge(func(b *BadgeShown) { b.Showing = a.Kind })
		}
	case PrintBadge:
		p := m.view.Register.Badge.Printing
		if !slices.Contains([]Printing{PrintReady, PrintFailed, PrintDone}, p) {
			return
		}
		m.shownBadge(func(b *BadgeShown) { b.Printing = PrintBusy })
		badge, name, lang := m.flow.reg.badge, m.flow.reg.app.data.Name, m.view.Lang
		m.commit(func(ctx context.Context, _ *job) func(time.Time) {
			err := m.o.Flows.Printer.Print(ctx, badge, name, lang)
			if err != nil {
				m.failed("badge not printed", err)
			}
			return func(time.Time) {
				m.shownBadge(func(b *BadgeShown) {
					b.Printing = PrintDone
					if err != nil {
						b.Printing = PrintFailed
					}
				})
			}
		})
	}
}

// resumeRegister takes up again what works for the page.
func (m *Machine) resumeRegister(now time.Time) {
	m.flow.since = now
	if m.flow.reg.app.lang != m.view.Lang { // chosen beside the page
		m.registerTold(now)
	}
	if r := m.view.Register; r.Step == RegisterFace && !r.FaceFailed {
		m.capture(now)
	}
}
