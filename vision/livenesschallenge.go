package vision

import (
	"image"
	"math"
	"slices"
	"time"
)

// Gesture is what a person is asked to do to show that they are live.
type Gesture string

// The gestures. Left and right are the person's own: in a picture that is not
// mirrored, their left is right.
const (
	GestureBlink     Gesture = "blink"
	GestureTurnLeft  Gesture = "turn_left"
	GestureTurnRight Gesture = "turn_right"
)

// AllGestures lists them.
func AllGestures() []Gesture { return []Gesture{GestureBlink, GestureTurnLeft, GestureTurnRight} }

// drawGesture draws one of those that so many landmarks can show.
func drawGesture(allowed []Gesture, landmarks int, intN func(int) int) (Gesture, bool) {
	var can []Gesture
	for _, g := range allowed {
		five := landmarks == fiveLandmarks || landmarks == ibugLandmarks
		if landmarks == ibugLandmarks || (five && g != GestureBlink) {
			can = append(can, g)
		}
	}
	if len(can) == 0 {
		return "", false
	}
	return can[intN(len(can))], true
}

// What the eye of a Challenge takes for what. Lengths are in eye distances; how
// they were chosen is in docs/LIVENESS.md.
const (
	refFrames  = 4                      // that make the frontal view
	refTurn    = 0.25                   // radians that the frontal view may be turned
	refApart   = 0.10                   // by which its frames may differ
	maxUnseen  = 500 * time.Millisecond // without landmarks, then it starts again
	turned     = 0.09                   // of depth seen, the way that was asked: 10 degrees
	strayed    = 0.13                   // and any other way
	turnedTo   = 2                      // frames in a row
	turnRate   = 0.9                    // depth a second, at which a head turns
	turnSlack  = 0.05                   // the landmarks' own noise
	squeezed   = 0.87                   // from here a picture may be turning
	flatLike   = 0.975                  // more alike after that is a picture
	headLike   = 0.93                   // a head that turned is less alike
	flatFrames = 4
	shut, open = 0.65, 0.80 // of the eyes' own openness
	minOpen    = 0.15       // aspect ratio of an eye that can be seen to shut
	maxShut    = 800 * time.Millisecond
	stillDepth = 0.10 // that a head may turn during a blink
	stillShape = 0.15 // and be squeezed
)

// Challenge asks for one gesture and watches for it in the landmarks of one
// face. It has no clock: time is the frames'. Not safe for concurrent use.
//
// A picture of a face, moved, turned or tilted, is an image of itself in
// perspective: a plane explains all of it. A head's nose stands out, so that no
// plane explains a head that turned. A turn is therefore believed when the
// landmarks show the depth of a head, bit by bit and the way that was asked,
// and the grey levels say that it is not a plane; landmarks alone would not do,
// as detectors see depth in pictures that are turned far. A blink is both eyes
// closing and opening while the rest stays as it is.
type Challenge struct {
	gesture Gesture
	since   time.Time
	timeout time.Duration
	verdict LivenessReason

	face       frontal
	view       *planeView
	eyes       [2]float64 // openness of the frontal view; 0 where not known
	made       int        // frames in the frontal view
	last       time.Time  // of a frame with landmarks
	seen       bearing
	way, there int // frames on the way to, and at, what was asked
	wrong      int
	flat       int
	closed     time.Time // since when the eyes are shut
	wasOpen    bool
}

// NewChallenge asks for a gesture from at on.
func NewChallenge(g Gesture, at time.Time, timeout time.Duration) *Challenge {
	return &Challenge{gesture: g, since: at, timeout: timeout}
}

// Asked is the gesture, once the challenge knows the face: "" while the person
// is to look ahead.
func (c *Challenge) Asked() Gesture {
	if c.made < refFrames {
		return ""
	}
	return c.gesture
}

// See takes a frame and its landmarks, nil where there are none, and gives the
// verdict: LiveGesture, a reason to refuse, or LivenessUndecided. The first
// verdict stands.
func (c *Challenge) See(at time.Time, img *image.RGBA, landmarks []Point) LivenessReason {
	if c.verdict != LivenessUndecided {
		return c.verdict
	}
	if at.Sub(c.since) > c.timeout {
		c.verdict = NotLiveTimeout
		return c.verdict
	}
	five, ok := FiveLandmarks(landmarks)
	if !ok {
		return LivenessUndecided
	}
	dt := at.Sub(c.last)
	c.last = at
	if dt > maxUnseen {
		c.restart()
	}
	if c.made < refFrames {
		c.learn(img, five, landmarks)
		return LivenessUndecided
	}
	b, ok := c.face.bear(five)
	if !ok {
		return LivenessUndecided
	}
	step := math.Hypot(b.along-c.seen.along, b.across-c.seen.across)
	c.seen = b
	if step > turnSlack+turnRate*dt.Seconds() {
		// Nobody turns that fast: another picture was put before the camera, or
		// a landmark was lost.
		c.restart()
		return LivenessUndecided
	}
	like := -1.0
	if b.off() >= turned || b.squeeze < squeezed || b.squeeze > 1/squeezed {
		like, ok = c.view.explain(img, five)
		if !ok {
			return LivenessUndecided
		}
	}
	switch {
	case c.looksFlat(like):
		c.verdict = NotLiveFlat
	case c.gesture == GestureBlink:
		c.verdict = c.blink(at, b, landmarks)
	case c.gesture == GestureTurnLeft:
		c.verdict = c.turn(b.along, like)
	case c.gesture == GestureTurnRight:
		c.verdict = c.turn(-b.along, like)
	}
	return c.verdict
}

// restart forgets the face, not the time.
func (c *Challenge) restart() {
	*c = Challenge{gesture: c.gesture, since: c.since, timeout: c.timeout, last: c.last}
}

// learn builds the frontal view from frames that agree.
func (c *Challenge) learn(img *image.RGBA, five [5]Point, landmarks []Point) {
	p, ok := EstimatePose(landmarks)
	u, ok2 := upright(five)
	if !ok || !ok2 || math.Abs(p.Yaw) > refTurn {
		c.restart()
		return
	}
	right, left, _ := EyeOpenness(landmarks)
	for i := range u {
		if c.made > 0 && distance(u[i], c.face[i]) > refApart {
			c.restart()
			break
		}
	}
	if c.made > 0 && (right < shut*c.eyes[0] || left < shut*c.eyes[1]) {
		c.restart() // in the middle of a blink
	}
	k := 1 / float64(c.made+1)
	for i := range u {
		c.face[i].X += k * (u[i].X - c.face[i].X)
		c.face[i].Y += k * (u[i].Y - c.face[i].Y)
	}
	c.eyes[0] += k * (right - c.eyes[0])
	c.eyes[1] += k * (left - c.eyes[1])
	if c.made++; c.made < refFrames {
		return
	}
	if c.view, ok = newPlaneView(img, c.face, five); !ok { // partly out of sight
		c.restart()
	}
}

// looksFlat tells that a plane explains what turned or tilted.
func (c *Challenge) looksFlat(like float64) bool {
	if like >= flatLike {
		c.flat++
	} else {
		c.flat = 0
	}
	return c.flat >= flatFrames
}

// turn follows depth towards the side that was asked.
func (c *Challenge) turn(depth, like float64) LivenessReason {
	switch {
	case depth >= turned:
		c.wrong = 0
		if like > headLike {
			c.there = 0
		} else if c.there++; c.there >= turnedTo && c.way > 0 {
			return LiveGesture
		}
	case depth <= -strayed:
		c.there, c.wrong = 0, c.wrong+1
		if c.wrong >= turnedTo {
			return NotLiveGesture
		}
	default:
		c.there, c.wrong = 0, 0
		if depth >= turned/4 {
			c.way++
		} else {
			c.way = 0
		}
	}
	return LivenessUndecided
}

// blink follows the eyes.
func (c *Challenge) blink(at time.Time, b bearing, landmarks []Point) LivenessReason {
	if b.off() >= strayed {
		c.wrong++
		if c.wrong > turnedTo {
			return NotLiveGesture
		}
	} else {
		c.wrong = 0
	}
	right, left, ok := EyeOpenness(landmarks)
	if !ok || min(c.eyes[0], c.eyes[1]) < minOpen {
		return LivenessUndecided
	}
	// A picture tilted back is lower all over: measured against that.
	openness := []float64{right * b.squeeze / c.eyes[0], left * b.squeeze / c.eyes[1]}
	still := b.off() < stillDepth && math.Abs(b.squeeze-1) < stillShape
	switch {
	case !still:
		c.closed, c.wasOpen = time.Time{}, false
	case slices.Min(openness) >= open:
		if !c.closed.IsZero() && at.Sub(c.closed) <= maxShut {
			return LiveGesture
		}
		c.closed, c.wasOpen = time.Time{}, true
	case slices.Max(openness) < shut && c.wasOpen && c.closed.IsZero():
		c.closed = at
	}
	return LivenessUndecided
}
