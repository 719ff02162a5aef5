package ui

import (
	"sync"

	"agentid/app/domain"
	"agentid/app/kiosk"
)

// Stats count what passed through the screen since it was made.
type Stats struct {
	PicturesShown   uint64 // uploaded to the screen
	PicturesDropped uint64 // replaced unseen by a newer one, or not on this screen
	ScenesShown     uint64
	ScenesDropped   uint64
	Views           uint64
	Swaps           uint64 // of the screen for another one
}

// mailbox is what waits for Fyne's goroutine: of each kind the newest only,
// and one call pending however much comes in. A picture in it is retained.
type mailbox struct {
	mu      sync.Mutex
	view    *kiosk.View
	scene   *domain.Scene
	picture domain.Picture
	pending bool
	closed  bool
	stats   Stats
}

// mail is what a mailbox held.
type mail struct {
	view    *kiosk.View
	scene   *domain.Scene
	picture domain.Picture
}

// put runs change under the lock and reports whether the caller has to
// dispatch a call of take.
func (m *mailbox) put(change func()) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return false
	}
	change()
	first := !m.pending
	m.pending = true
	return first
}

func (m *mailbox) putView(v kiosk.View) bool {
	return m.put(func() { m.view = &v })
}

func (m *mailbox) putScene(s domain.Scene) bool {
	return m.put(func() {
		if m.scene != nil {
			m.stats.ScenesDropped++
		}
		m.scene = &s
	})
}

func (m *mailbox) putPicture(p domain.Picture) bool {
	var old domain.Picture
	first := m.put(func() {
		p.Retain()
		old, m.picture = m.picture, p
		if old != nil {
			m.stats.PicturesDropped++
		}
	})
	if old != nil {
		old.Release()
	}
	return first
}

// take empties the mailbox. The caller releases the picture.
func (m *mailbox) take() mail {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := mail{m.view, m.scene, m.picture}
	m.view, m.scene, m.picture, m.pending = nil, nil, nil, false
	return out
}

// shut refuses everything from now on and lets go of what was held.
func (m *mailbox) shut() {
	m.mu.Lock()
	m.closed = true
	m.mu.Unlock()
	if out := m.take(); out.picture != nil {
		out.picture.Release()
	}
}

func (m *mailbox) count(f func(*Stats)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f(&m.stats)
}
