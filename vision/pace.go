package vision

import "time"

// Pace says which frames are worth a detection, which is what costs most: often
// while somebody is being read, less when everybody in sight is decided, seldom
// in an empty lobby. Zero durations take the defaults. Not safe for concurrent
// use.
type Pace struct {
	Reading time.Duration // between detections while a face is undecided; 60 ms
	Settled time.Duration // while all are decided; 120 ms
	Idle    time.Duration // while nobody is there; 150 ms

	last    time.Time // detection
	face    time.Time // a face was last found
	settled bool
}

// lingering is how long after the last face detection stays at its full rate.
const lingering = 2 * time.Second

// Due tells whether to detect in the frame of that time, and takes it that it
// is done.
func (p *Pace) Due(at time.Time) bool {
	every := p.Idle
	def := 150 * time.Millisecond
	if at.Sub(p.face) < lingering {
		every, def = p.Reading, 60*time.Millisecond
		if p.settled {
			every, def = p.Settled, 120*time.Millisecond
		}
	}
	if every <= 0 {
		every = def
	}
	if at.Sub(p.last) < every {
		return false
	}
	p.last = at
	return true
}

// Saw tells what a detection found, and whether everybody in sight is decided.
func (p *Pace) Saw(at time.Time, faces int, settled bool) {
	if faces > 0 {
		p.face = at
	}
	p.settled = settled
}
