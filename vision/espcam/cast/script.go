package cast

import (
	"image"
	"math"
	"sync"
	"time"
)

// Phase is what a person in the picture is doing.
type Phase string

// The phases of a visit.
const (
	Walking Phase = "walking" // coming in
	Stopped Phase = "stopped" // before the camera, looking at it
	Leaving Phase = "leaving"
)

// Box is a rectangle in fractions of the picture; it may reach beyond it.
type Box struct{ X0, Y0, X1, Y1 float64 }

// Presence is the truth about one person in the picture.
type Presence struct {
	Person Person
	Index  int // in the script's people
	Box    Box // of the face, hairline to chin
	Pose   Pose
	Phase  Phase
	// Stay counts the visits since the script began, so that two of one
	// person's visits can be told apart.
	Stay int
}

// How long coming and going take.
const (
	walkIn  = 1600 * time.Millisecond
	walkOut = 1400 * time.Millisecond
)

// Script says who is before the camera at a time. The same people and options
// make the same script. It is safe for concurrent use.
type Script struct {
	people []Person
	visits [][]int
	dwell  time.Duration
	gap    time.Duration
	empty  time.Duration
	light  func(time.Duration) float64
	blur   func(time.Duration) float64
	props  map[int][]prop

	mu      sync.Mutex // guards the rest
	figures map[figureKey]*figure
	making  map[figureKey]bool
	scenes  map[image.Point]*scene
}

type figureKey struct {
	who int
	ppu float32
}

// Option changes a script.
type Option func(*Script)

// WithOrder sets who comes, one after the other, by index; those that do not
// exist are left out. Without it everyone comes once a round, the third person
// second, so that of the demo's cast a stranger is seen early.
func WithOrder(who ...int) Option {
	return func(s *Script) {
		s.visits = nil
		for _, i := range who {
			s.add(i)
		}
	}
}

// WithCompany adds a visit of two people together, at the end of the round.
func WithCompany(a, b int) Option { return func(s *Script) { s.add(a, b) } }

// WithDwell sets how long each person stays before the camera (6 s).
func WithDwell(d time.Duration) Option {
	return func(s *Script) { s.dwell = min(max(d, 0), time.Hour) }
}

// WithGap sets how long nobody is there between two visits (2 s).
func WithGap(d time.Duration) Option { return func(s *Script) { s.gap = min(max(d, 0), time.Hour) } }

// WithEmptyStart leaves the lobby empty for a while at the start.
func WithEmptyStart(d time.Duration) Option {
	return func(s *Script) { s.empty = min(max(d, 0), time.Hour) }
}

// WithLight sets a factor on the picture's light: 1 is the lobby by day, 0.1 is
// dark, 2 is glaring.
func WithLight(f func(t time.Duration) float64) Option { return func(s *Script) { s.light = f } }

// WithBlur blurs the picture by a radius in fractions of its height, as a
// camera out of focus does: 0.01 is soft, 0.03 unusable.
func WithBlur(f func(t time.Duration) float64) Option { return func(s *Script) { s.blur = f } }

// NewScript makes a script of visits that repeat for ever. With nobody to come
// it is an empty lobby.
func NewScript(people []Person, opts ...Option) *Script {
	s := &Script{
		people: append([]Person(nil), people...),
		dwell:  6 * time.Second, gap: 2 * time.Second,
		props:   map[int][]prop{},
		figures: map[figureKey]*figure{}, making: map[figureKey]bool{}, scenes: map[image.Point]*scene{},
	}
	for i := range s.people {
		s.add(i)
	}
	if len(s.visits) > 2 {
		s.visits[1], s.visits[2] = s.visits[2], s.visits[1]
	}
	for _, o := range opts {
		o(s)
	}
	return s
}

func (s *Script) add(who ...int) {
	var v []int
	for _, i := range who {
		if i >= 0 && i < len(s.people) {
			v = append(v, i)
		}
	}
	if len(v) > 0 {
		s.visits = append(s.visits, v)
	}
}

// Round is how long it takes until all visits have been made.
func (s *Script) Round() time.Duration { return s.stay() * time.Duration(len(s.visits)) }

// stay is one visit with the gap after it.
func (s *Script) stay() time.Duration { return walkIn + s.dwell + walkOut + s.gap }

// Present says who is in the picture at t, those further away first. Boxes are
// those of a 4:3 picture for heads that lean or turn; of another shape they
// differ by less than a hundredth.
func (s *Script) Present(t time.Duration) []Presence { return s.present(t, 640, 480) }

func (s *Script) present(t time.Duration, w, h int) []Presence {
	t -= s.empty
	if t < 0 || len(s.visits) == 0 {
		return nil
	}
	n := int(t / s.stay())
	t -= time.Duration(n) * s.stay()
	if t >= walkIn+s.dwell+walkOut {
		return nil
	}
	who := s.visits[n%len(s.visits)]
	var ps []Presence
	for place, i := range who {
		m := manner(n, place, len(who))
		pose, phase := m.at(t, s.dwell)
		ps = append(ps, Presence{Person: s.people[i], Index: i, Box: pose.face(w, h), Pose: pose, Phase: phase, Stay: n})
	}
	if len(ps) > 1 && ps[0].Pose.Scale > ps[1].Pose.Scale {
		ps[0], ps[1] = ps[1], ps[0]
	}
	return ps
}

// walk is how a person moves in one visit.
type walk struct {
	from, to      float64 // the side: -1 left, 1 right
	x, y, scale   float64
	turn, nod     float64 // the way they move their head
	beat, blinkAt float64
}

// manner is the way of one visit: a little different every time, and the same
// whenever that visit is asked for.
func manner(n, place, of int) walk {
	r := &rng{s: mix(uint64(n)*1315423911 + uint64(place) + 77)}
	m := walk{
		from: 1, to: 1,
		x: r.span(0.47, 0.53), y: r.span(0.465, 0.485), scale: r.span(0.385, 0.415),
		turn: r.span(0.10, 0.14), nod: r.span(0.05, 0.08),
		beat: r.span(0, 6), blinkAt: r.span(0.5, 1.1),
	}
	if r.chance(0.5) {
		m.from = -1
	}
	if r.chance(0.5) {
		m.to = -1
	}
	if r.chance(0.5) {
		m.turn = -m.turn
	}
	if of > 1 { // side by side
		side := float64(2*place - 1)
		m.from, m.to = side, side
		m.x, m.scale = 0.5+side*r.span(0.19, 0.21), m.scale*0.74
		m.y += 0.01 * side
	}
	return m
}

// at is the pose t after the visit began.
func (m walk) at(t, dwell time.Duration) (Pose, Phase) {
	sec := t.Seconds()
	stop, leave := walkIn.Seconds(), (walkIn + dwell).Seconds()
	p := Pose{X: m.x, Y: m.y, Scale: m.scale, Smile: 0.15}
	// The calm of a standing person: breath, weight from foot to foot.
	p.X += 0.006 * math.Sin(0.9*sec+m.beat)
	p.Y += 0.002 * math.Sin(1.7*sec+m.beat)
	p.Scale *= 1 + 0.012*math.Sin(0.6*sec+2*m.beat)
	p.Roll = 0.025 * math.Sin(0.7*sec+m.beat)
	p.Yaw = 0.02 * math.Sin(1.1*sec+2*m.beat)
	p.Blink = m.blink(sec)
	switch {
	case t < walkIn:
		m.stride(&p, smooth(sec/stop), m.from, -m.from, sec)
		return p, Walking
	case t < walkIn+dwell:
		since := sec - stop
		p.Yaw += m.turn * swell(since, 2.6, 4.2)
		p.Pitch = m.nod * swell(since, 4.2, 5.2)
		p.Smile += 0.7 * swell(since, 0.9, 3.4)
		return p, Stopped
	}
	m.stride(&p, 1-smooth((sec-leave)/walkOut.Seconds()), m.to, m.to, sec)
	return p, Leaving
}

// stride puts a walker on their way: k is 0 out of the picture and 1 at their
// place; they look where they go.
func (m walk) stride(p *Pose, k, side, look, sec float64) {
	out := 0.5 + side*0.76
	p.X = out + (p.X-out)*k
	p.Scale *= 0.70 + 0.30*k
	p.Y += -0.035*(1-k) + 0.007*(1-k)*math.Sin(2*math.Pi*1.9*sec)
	p.Yaw += look * 0.30 * min(1, 2*(1-k))
	p.Roll += 0.02 * (1 - k) * math.Sin(math.Pi*1.9*sec)
}

// blink all but closes the eyes for a moment every few seconds.
func (m walk) blink(sec float64) float64 {
	const every, lasts = 2.7, 0.20
	t := math.Mod(sec+every-m.blinkAt, every)
	return 0.85 * min(1, 1.25*swell(t, 0, lasts))
}

// smooth is 0 at 0 and 1 at 1, level at both.
func smooth(t float64) float64 {
	t = min(max(t, 0), 1)
	return t * t * t * (t*(6*t-15) + 10)
}

// swell rises from 0 at a to 1 and falls to 0 at b.
func swell(t, a, b float64) float64 {
	if t <= a || t >= b {
		return 0
	}
	return 0.5 - 0.5*math.Cos(2*math.Pi*(t-a)/(b-a))
}
