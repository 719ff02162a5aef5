package kiosk

import (
	"time"

	"agentid/app/domain"
)

// SetPeople tells the names of everybody enrolled.
func (m *Machine) SetPeople(people []domain.Person) {
	names := make(map[domain.PersonID]string, len(people))
	for _, p := range people {
		names[p.ID] = p.GivenName()
	}
	m.update(func(time.Time) { m.people = names })
}

// SetEngine tells which encoder recognises, "" where none could be opened.
func (m *Machine) SetEngine(name string, g Grade) {
	m.update(func(now time.Time) {
		m.view.Status.Engine, m.view.Status.Grade, m.engine = name, g, true
		m.ready(now)
	})
}

// ready leaves StateStarting once both the engine and the camera are known.
func (m *Machine) ready(now time.Time) {
	if m.view.State == StateStarting && m.engine && m.view.Status.Camera != domain.CameraConnecting {
		m.rest(now)
	}
}

// EngineFailed tells that no engine could be opened: nobody is recognised, and
// everything else works.
func (m *Machine) EngineFailed() {
	m.SetEngine("", GradeFailed)
}

// SetPending tells how many events await sync.
func (m *Machine) SetPending(n int) {
	m.update(func(time.Time) { m.view.Status.Pending = n })
}

// SetSite tells where the kiosk stands.
func (m *Machine) SetSite(s Site) { m.update(func(time.Time) { m.view.Site = s }) }

// SetRestLang tells the language at rest.
func (m *Machine) SetRestLang(l domain.Lang) {
	m.update(func(time.Time) {
		if l == domain.Spanish || l == domain.English {
			m.o.Lang = l
		}
	})
}

// SetAdmin opens the admin tab to staff.
func (m *Machine) SetAdmin(a *AdminPorts) { m.update(func(time.Time) { m.o.Admin = a }) }

// SetNetwork tells whether the centre can be reached.
func (m *Machine) SetNetwork(n Network) {
	m.update(func(time.Time) { m.view.Status.Network = n })
}

// SetHeld tells whether staff holds the sync back.
func (m *Machine) SetHeld(held bool) {
	m.update(func(time.Time) { m.view.Status.Held = held })
}

// Picture shows a camera picture.
func (m *Machine) Picture(p domain.Picture) { m.o.Screen.ShowPicture(p) }

// Camera tells how the camera is.
func (m *Machine) Camera(h domain.CameraHealth) {
	state := h.State
	if state == domain.CameraLive && h.Age > CameraStale {
		state = domain.CameraLost // connected, but nothing comes: the same to a visitor
	}
	m.update(func(now time.Time) {
		was := m.view.Status.Camera
		m.view.Status.Camera, m.view.Status.FPS = state, h.FPS
		m.ready(now)
		if state == was {
			return
		}
		m.cameraChanged()
		switch {
		case state.Dark():
			if state == domain.CameraLost && !m.missed {
				m.o.Recorder.Camera(domain.ReasonCameraLost, now)
			}
			m.missed = state == domain.CameraLost // one that staff took away will not return
			m.scene = domain.Scene{}
			m.o.Screen.ShowScene(m.scene)
			if m.view.State == StateAttract || m.view.State == StateUnknown || m.view.State == StateGreeting {
				m.rest(now)
			}
		case state == domain.CameraLive:
			// Another camera connects in between: what counts is what was said.
			if m.missed {
				m.o.Recorder.Camera(domain.ReasonCameraReturned, now)
				m.missed = false
			}
			if m.view.State == StateCameraLost {
				m.rest(now)
			}
		}
	})
}

// Decision records what the pipeline concluded.
func (m *Machine) Decision(d domain.Decision) {
	if !d.Repeat {
		m.o.Recorder.Decision(d)
	}
}

// Scene takes what the camera shows now, names the known and opens cards.
func (m *Machine) Scene(sc domain.Scene) {
	m.update(func(now time.Time) {
		// The pipeline keeps its slice; the names go into one of ours.
		faces := make([]domain.SceneFace, len(sc.Faces))
		copy(faces, sc.Faces)
		sc.Faces = faces
		for i := range faces {
			f := &faces[i]
			if d, ok := m.denied[f.Track]; ok {
				m.denied[f.Track] = mark{d.person, now}
				if d.person == f.Person {
					f.State, f.Person = domain.FaceUnknown, ""
				}
			}
			f.Label = m.people[f.Person]
			if d, ok := m.dismissed[f.Track]; ok {
				m.dismissed[f.Track] = mark{d.person, now}
			}
			if f.State != domain.FaceSeen { // near enough to be read
				m.presence = now
			}
		}
		m.scene = sc
		m.view.Guide = sc.Guide
		m.follow(now)
		m.watchFlow(now)
		m.watchProved(now)
		m.o.Screen.ShowScene(sc)
		m.tidy(now)
	})
}

// clearlyNearer is by what factor of area somebody must be larger in the
// picture to take the card over from someone still there.
const clearlyNearer = 1.5

// follow opens, keeps and changes cards by who is nearest.
func (m *Machine) follow(now time.Time) {
	// A greeting holds on to the person, an unknown card to the track.
	var holder *domain.SceneFace
	doubt := false
	for i := range m.scene.Faces {
		f := &m.scene.Faces[i]
		if (m.card.person != "" && f.Person == m.card.person) || (m.card.person == "" && f.Track == m.card.track) {
			holder, m.card.seen, m.card.track = f, now, f.Track
			break
		}
		doubt = doubt || f.Track == m.card.track
	}
	if m.view.State == StateGreeting {
		// While the face under it is in doubt, the card says no name.
		m.view.Given = m.people[m.card.person]
		if holder == nil && doubt {
			m.view.Given = ""
		}
	}
	switch m.view.State {
	case StateAttract, StateGreeting, StateUnknown:
	default:
		return
	}
	if len(m.scene.Faces) == 0 {
		return
	}
	f := m.scene.Faces[0]
	if d, ok := m.dismissed[f.Track]; ok {
		if d.person == f.Person || f.State == domain.FaceReading || f.State == domain.FaceSeen {
			return
		}
		delete(m.dismissed, f.Track) // somebody else stands there now
	}
	if holder != nil && m.view.State != StateAttract && holder.Track != f.Track &&
		f.Box.W*f.Box.H < clearlyNearer*holder.Box.W*holder.Box.H {
		return
	}
	switch f.State {
	case domain.FaceKnown:
		m.greet(f, now)
	case domain.FaceUnknown:
		if m.view.State != StateUnknown {
			m.card = card{}
			m.enter(StateUnknown, now)
		}
		m.card.track, m.card.seen = f.Track, now
	}
}

// greet opens the card of a known person, unless it is open.
func (m *Machine) greet(f domain.SceneFace, now time.Time) {
	if m.view.State == StateGreeting && m.card.person == f.Person {
		return
	}
	name, ok := m.people[f.Person]
	if !ok {
		return // erased meanwhile
	}
	m.card = card{track: f.Track, person: f.Person, seen: now}
	m.enter(StateGreeting, now)
	m.view.Since = now // a new card, even where the state is the same
	m.view.Given, m.view.FirstVisit = name, !m.o.Recorder.SeenBefore(f.Person, now)
}

// tidy forgets what tracks long gone said.
func (m *Machine) tidy(now time.Time) {
	for _, marks := range []map[uint64]mark{m.dismissed, m.denied} {
		for t, k := range marks {
			if now.Sub(k.seen) > TimeoutIdle {
				delete(marks, t)
			}
		}
	}
}
