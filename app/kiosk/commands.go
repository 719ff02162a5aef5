package kiosk

import (
	"context"
	"time"

	"agentid/app/domain"
)

// Choose implements Commands. What this kiosk cannot do, it says, and whom to
// ask.
func (m *Machine) Choose(f Feature) {
	m.touch(func(now time.Time) {
		switch f {
		case FeatureRegister, FeatureValidate, FeatureAsk, FeatureStaff:
		default:
			return
		}
		if m.view.State == StateStarting {
			return
		}
		if m.asks() && m.flow == nil && f == FeatureAsk {
			m.startAsk(now)
			return
		}
		if m.asks() && f == FeatureStaff && !m.follows() && (m.flow == nil || m.flow.ask != nil) {
			if !m.resume(now) {
				m.startAsk(now)
			}
			m.actAsk(TalkToPerson{}, now)
			return
		}
		if m.flow == nil && m.o.Flows != nil {
			switch f {
			case FeatureRegister:
				m.startRegister(now)
				return
			case FeatureValidate:
				m.startValidate(now)
				return
			}
		}
		if m.follows() { // its pages have ways of their own
			return
		}
		m.leaveCard(now)
		m.enter(StateNotice, now)
		m.view.Notice = f
	})
}

// Help implements Commands.
func (m *Machine) Help() {
	m.touch(func(now time.Time) {
		if m.view.State != StateStarting && m.view.State != StateAdmin && !m.view.Asking && !(m.follows() && m.busy()) {
			m.leaveCard(now)
			m.pause()
			m.hush()
			m.enter(StateHelp, now)
		}
	})
}

// Back implements Commands.
func (m *Machine) Back() {
	m.touch(func(now time.Time) {
		switch {
		case m.view.State == StateStarting:
		case m.follows():
			m.act(StepBack{}, now)
		case m.resume(now): // help is left for the flow
		default:
			m.leaveCard(now)
			m.rest(now)
		}
	})
}

// Continue implements Commands.
func (m *Machine) Continue() {
	m.touch(func(now time.Time) {
		if m.view.State == StateUnknown {
			m.leaveCard(now)
			m.rest(now)
		}
	})
}

// NotMe implements Commands: the mistake is recorded, and this face is not
// greeted by that name again.
func (m *Machine) NotMe() {
	m.touch(func(now time.Time) {
		if m.view.State != StateGreeting {
			return
		}
		m.o.Recorder.NotMe(m.card.person, now)
		m.proved = mark{}
		m.denied[m.card.track] = mark{m.card.person, now}
		if m.o.Flows != nil { // two who look alike: a face alone is not to do for this one
			who := m.card.person
			m.aside(func(ctx context.Context) error { return m.o.Flows.Registry.NeedSecondFactor(ctx, who) })
		}
		if m.o.Deny != nil {
			m.o.Deny(m.card.track, m.card.person)
		}
		m.card = card{track: m.card.track, seen: now}
		m.enter(StateUnknown, now)
	})
}

// SetLanguage implements Commands.
func (m *Machine) SetLanguage(l domain.Lang) {
	m.touch(func(now time.Time) {
		if l != domain.Spanish && l != domain.English || l == m.view.Lang {
			return
		}
		m.view.Lang = l
		if m.view.State == StateRegister {
			m.registerTold(now)
		}
		if m.view.Ask != nil && !m.view.Ask.Busy {
			m.askTold()
		}
		if m.view.State == StateAdmin && m.view.Admin.Step == AdminOpen && !m.view.Admin.Busy {
			m.adminDo(nil) // help texts and answers are in one language
		}
	})
}

// Touch implements Commands.
func (m *Machine) Touch() { m.touch(func(time.Time) {}) }

func (m *Machine) touch(change func(now time.Time)) {
	m.update(func(now time.Time) {
		m.touched = now
		change(now)
	})
}

// leaveCard closes a card by the visitor's own will: it does not open again
// for the same track.
func (m *Machine) leaveCard(now time.Time) {
	if m.view.State == StateGreeting || m.view.State == StateUnknown {
		m.dismiss(now)
	}
	m.card = card{}
}
