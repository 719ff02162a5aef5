package cast

import (
	"image"
	"math"
	"sync"
	"time"
)

// Stage is the lobby with one person in it at most, who comes, turns their head
// and holds something up when told: for tests that play a visitor who answers
// the kiosk. It is safe for concurrent use.
type Stage struct {
	script *Script // its figures and its lobby

	mu      sync.Mutex
	now     time.Duration // of the last picture
	who     int           // -1: nobody
	entered time.Duration
	goal    float64 // yaw asked for
	yaw     float64
	blinked time.Duration // when they were last told to blink
	prop    *prop
}

// NewStage makes an empty lobby for people.
func NewStage(people []Person) *Stage {
	return &Stage{script: NewScript(people), who: -1}
}

// Enter brings one of the people, by index, before the camera; another leaves.
func (s *Stage) Enter(person int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.who = -1
	if person >= 0 && person < len(s.script.people) {
		s.who = person
	}
	s.entered, s.yaw, s.goal, s.prop = s.now, 0, 0, nil
}

// Leave empties the lobby.
func (s *Stage) Leave() { s.Enter(-1) }

// Turn has the person turn their head, slowly: positive to the right
// of the picture.
func (s *Stage) Turn(yaw float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.goal = yaw
}

// Blink has the person close their eyes for a moment.
func (s *Stage) Blink() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.now-s.blinked > 2*blinkLasts {
		s.blinked = s.now
	}
}

// Hold has the person hold up a picture; nil puts it down.
func (s *Stage) Hold(m image.Image, at Place) {
	var p *prop
	if m != nil && !m.Bounds().Empty() {
		at.Width = min(max(at.Width, 0.05), 4)
		p = &prop{card(m), at}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.prop = p
}

// blinkLasts is how long a blink on request takes, a little longer than others.
const blinkLasts = 400 * time.Millisecond

// headSpeed is how fast a head turns on request, in radians a second: slowly, as
// the kiosk asks.
const headSpeed = 0.3

// Draw draws the lobby at t at dst's size, over all of dst.
func (s *Stage) Draw(dst *image.RGBA, t time.Duration) {
	w, h := dst.Rect.Dx(), dst.Rect.Dy()
	if w < minSide || h < minSide || w > maxSide || h > maxSide {
		clear(dst.Pix)
		return
	}
	s.mu.Lock()
	who, held := s.who, s.prop
	far := headSpeed * min(max((t-s.now).Seconds(), 0), 1)
	s.yaw += max(-far, min(far, s.goal-s.yaw))
	yaw, since, blink := s.yaw, t-s.entered, t-s.blinked
	s.now = t
	s.mu.Unlock()

	r := s.script
	r.mu.Lock()
	defer r.mu.Unlock()
	sc := r.scene(w, h)
	m := &image.RGBA{Pix: dst.Pix, Stride: dst.Stride, Rect: image.Rect(0, 0, w, h)}
	for y := range h {
		copy(m.Pix[y*m.Stride:y*m.Stride+4*w], sc.back[y*4*w:])
	}
	if who >= 0 {
		// As one who stands there already: walking in is for scripts.
		const there = walkIn + 6*time.Second
		p, _ := manner(who, 0, 1).at(there+since, math.MaxInt64/2)
		p.X, p.Yaw = 0.5+0.3*(p.X-0.5), p.Yaw+yaw
		p.Blink = max(p.Blink, min(1, 1.3*swell(blink.Seconds(), 0, blinkLasts.Seconds())))
		r.figure(who, tier(p.Scale*float64(h)/faceHigh)).draw(m, p)
		if held != nil {
			held.draw(m, p)
		}
	}
	sc.expose(m, 1, uint64(t/time.Millisecond))
}
