package vision

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

const deg = math.Pi / 180

// sheet is a picture of the average head, held before the camera: turned,
// tilted, leaned and bent round an upright axis of the given radius (0: flat),
// at a distance, all in millimetres and radians. It is the face of a person
// whose own nose, were it here, would point elsewhere.
func sheet(turn, tilt, lean, radius, dist float64) [5]Point {
	var out [5]Point
	sy, cy := math.Sincos(turn)
	sp, cp := math.Sincos(tilt)
	sr, cr := math.Sincos(lean)
	for i, m := range headModel {
		x, y, z := m[0], m[1], 0.0
		if radius > 0 {
			s, c := math.Sincos(x / radius)
			x, z = radius*s, radius*(1-c)
		}
		y, z = y*cp+z*sp, -y*sp+z*cp
		x, z = x*cy-z*sy, x*sy+z*cy
		x, y = x*cr-y*sr, x*sr+y*cr
		k := 600 / (dist + z)
		out[i] = Point{320 + k*x, 240 + k*y}
	}
	return out
}

// head is the average head itself, 80 cm away.
func head(yaw, pitch float64) [5]Point { return [5]Point(project(yaw, pitch, 0, 800)) }

// marks68 puts five points into dlib's order, with eyes of an openness, each a
// third of the eyes' distance wide. High is what the picture's height is to its
// width: 1 seen from straight ahead.
func marks68(five [5]Point, open, high float64) []Point {
	lm := make([]Point, ibugLandmarks)
	wide := distance(five[0], five[1]) / 3
	for e, c := range five[:2] {
		h := open * wide * high
		for i, p := range []Point{{-0.5, 0}, {-0.17, -0.5}, {0.17, -0.5}, {0.5, 0}, {0.17, 0.5}, {-0.17, 0.5}} {
			lm[36+6*e+i] = Point{c.X + p.X*wide, c.Y + p.Y*h}
		}
	}
	lm[30], lm[48], lm[54] = five[2], five[3], five[4]
	return lm
}

// film plays frames 60 ms apart to a challenge until it decides or they end.
func film(c *Challenge, at time.Time, noise float64, r *rand.Rand, n int, frame func(i int) []Point) LivenessReason {
	var got LivenessReason
	for i := range n {
		lm := append([]Point(nil), frame(i)...)
		for k := range lm {
			if noise == 0 {
				break
			}
			lm[k].X += noise * r.NormFloat64()
			lm[k].Y += noise * r.NormFloat64()
		}
		if got = c.See(at.Add(time.Duration(i)*60*time.Millisecond), lm); got != LivenessUndecided {
			return got
		}
	}
	return got
}

// swing is 0 for a while, then goes to 1 and back in a second and a half.
func swing(i int) float64 {
	t := (float64(i)*0.06 - 0.6) / 1.5
	if t < 0 || t > 1 {
		return 0
	}
	return 0.5 - 0.5*math.Cos(2*math.Pi*t)
}

func five(p [5]Point) []Point { return p[:] }

func TestChallenge(t *testing.T) {
	const blinkAt = 20
	blinking := func(i int) float64 {
		if i >= blinkAt && i < blinkAt+3 {
			return 0.08
		}
		return 0.3
	}
	for name, tc := range map[string]struct {
		asked Gesture
		want  LivenessReason
		frame func(i int) []Point
	}{
		"a head turns left":                 {GestureTurnLeft, LiveGesture, func(i int) []Point { return five(head(25*deg*swing(i), 0)) }},
		"a head turns right":                {GestureTurnRight, LiveGesture, func(i int) []Point { return five(head(-25*deg*swing(i), 0)) }},
		"the wrong way":                     {GestureTurnRight, NotLiveGesture, func(i int) []Point { return five(head(25*deg*swing(i), 0)) }},
		"a nod":                             {GestureTurnLeft, NotLiveTimeout, func(i int) []Point { return five(head(0, 20*deg*swing(i))) }},
		"too little":                        {GestureTurnLeft, NotLiveTimeout, func(i int) []Point { return five(head(8*deg*swing(i), 0)) }},
		"nothing":                           {GestureTurnLeft, NotLiveTimeout, func(i int) []Point { return five(head(0, 0)) }},
		"a photo turned":                    {GestureTurnLeft, NotLiveFlat, func(i int) []Point { return five(sheet(50*deg*swing(i), 0, 0, 0, 500)) }},
		"a photo tilted back":               {GestureTurnLeft, NotLiveFlat, func(i int) []Point { return five(sheet(0, 50*deg*swing(i), 0, 0, 500)) }},
		"a photo turned a little":           {GestureTurnLeft, NotLiveTimeout, func(i int) []Point { return five(sheet(30*deg*swing(i), 10*deg, 0, 0, 400)) }},
		"a photo leaned and brought nearer": {GestureTurnLeft, NotLiveTimeout, func(i int) []Point { return five(sheet(0, 0, 40*deg*swing(i), 0, 800-500*swing(i))) }},
		"a photo bent and turned":           {GestureTurnLeft, NotLiveTimeout, func(i int) []Point { return five(sheet(35*deg*swing(i), 0, 0, 60, 500)) }},
		"one photo, then another": {GestureTurnLeft, NotLiveTimeout, func(i int) []Point {
			if i%40 < 20 {
				return five(head(0, 0))
			}
			return five(head(25*deg, 0))
		}},
		"both eyes blink": {GestureBlink, LiveGesture, func(i int) []Point { return marks68(head(0, 0), blinking(i), 1) }},
		"eyes stay shut": {GestureBlink, NotLiveTimeout, func(i int) []Point {
			return marks68(head(0, 0), map[bool]float64{true: 0.08, false: 0.3}[i > blinkAt], 1)
		}},
		"eyes too narrow to tell": {GestureBlink, NotLiveTimeout, func(i int) []Point {
			return marks68(head(0, 0), blinking(i)/3, 1)
		}},
		"a photo dipped": {GestureBlink, NotLiveTimeout, func(i int) []Point {
			tilt := 0.0
			if i >= blinkAt && i < blinkAt+3 {
				tilt = 65 * deg
			}
			return marks68(sheet(0, tilt, 0, 0, 600), 0.3, math.Cos(tilt))
		}},
		"a turn for a blink":                 {GestureBlink, NotLiveGesture, func(i int) []Point { return marks68(head(25*deg*swing(i), 0), 0.3, 1) }},
		"a blink for a turn":                 {GestureTurnLeft, NotLiveTimeout, func(i int) []Point { return marks68(head(0, 0), blinking(i), 1) }},
		"no blink to be seen in five points": {GestureBlink, NotLiveTimeout, func(i int) []Point { return five(head(0, 0)) }},
	} {
		t.Run(name, func(t *testing.T) {
			at := time.Unix(1000, 0)
			if got := film(NewChallenge(tc.asked, at, 5*time.Second), at, 0, nil, 100, tc.frame); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

// Landmarks tremble. What is no gesture must not become one by that, and what
// is one must remain one: 0.8 pixels here, of eyes 47 apart.
func TestChallengeWithNoise(t *testing.T) {
	const noise, seeds = 0.8, 300
	at := time.Unix(1000, 0)
	count := func(g Gesture, frame func(i int) []Point) map[LivenessReason]int {
		got := map[LivenessReason]int{}
		for seed := range uint64(seeds) {
			r := rand.New(rand.NewPCG(seed, 1))
			got[film(NewChallenge(g, at, 10*time.Second), at, noise, r, 180, frame)]++
		}
		return got
	}
	for name, frame := range map[string]func(i int) []Point{
		"still head": func(i int) []Point { return five(head(0, 0)) },
		"swaying":    func(i int) []Point { return five(head(3*deg*math.Sin(float64(i)/8), 4*deg*math.Cos(float64(i)/7))) },
		"photo in use": func(i int) []Point {
			return five(sheet(25*deg*math.Sin(float64(i)/8), 20*deg*math.Cos(float64(i)/9), 0, 0, 500))
		},
	} {
		if got := count(GestureTurnLeft, frame); got[LiveGesture] > 0 {
			t.Errorf("%s: %v", name, got)
		}
	}
	got := count(GestureTurnLeft, func(i int) []Point { return five(head(25*deg*swing(i%60), 0)) })
	if got[LiveGesture] < seeds*97/100 {
		t.Errorf("a head that turns: %v of %d", got, seeds)
	}
}

func TestChallengeAsksOnlyOnceItKnowsTheFace(t *testing.T) {
	at := time.Unix(1000, 0)
	c := NewChallenge(GestureTurnRight, at, 5*time.Second)
	for i := range refFrames {
		if g := c.Asked(); g != "" {
			t.Fatalf("asked %q after %d frames", g, i)
		}
		c.See(at, five(head(0, 0)))
	}
	if c.Asked() != GestureTurnRight {
		t.Fatal("did not ask")
	}
	// The face was gone for a second: it may be another.
	c.See(at.Add(time.Second), five(head(0, 0)))
	if c.Asked() != "" {
		t.Fatal("went on with a face that was gone")
	}
	// Looking aside is no frontal view.
	side := NewChallenge(GestureTurnRight, at, 5*time.Second)
	for range 2 * refFrames {
		side.See(at, five(head(25*deg, 0)))
	}
	if side.Asked() != "" {
		t.Fatal("took a face turned aside for frontal")
	}
	if r := c.See(at.Add(6*time.Second), nil); r != NotLiveTimeout {
		t.Fatalf("after its time: %q", r)
	}
	if r := c.See(at, five(head(0, 0))); r != NotLiveTimeout {
		t.Fatalf("the verdict changed to %q", r)
	}
}

func TestDrawGesture(t *testing.T) {
	last := func(n int) int { return n - 1 }
	for _, tc := range []struct {
		allowed []Gesture
		marks   int
		want    Gesture
		ok      bool
	}{
		{AllGestures(), 68, GestureTurnRight, true},
		{AllGestures(), 5, GestureTurnRight, true},
		{[]Gesture{GestureTurnLeft, GestureBlink}, 68, GestureBlink, true},
		{[]Gesture{GestureTurnLeft, GestureBlink}, 5, GestureTurnLeft, true},
		{[]Gesture{GestureBlink}, 5, "", false},
		{AllGestures(), 0, "", false},
		{AllGestures(), 67, "", false},
	} {
		if g, ok := drawGesture(tc.allowed, tc.marks, last); g != tc.want || ok != tc.ok {
			t.Errorf("%v of %d: %q, %v", tc.allowed, tc.marks, g, ok)
		}
	}
}

// What the nose shows is what the geometry says it must: nothing of a sheet,
// the depth of the head times the sine of a turn.
func TestBearing(t *testing.T) {
	far := func(yaw, roll float64) (p [5]Point) { // no perspective
		for i, q := range project(yaw, 0, roll, 1e6) {
			p[i] = Point{1000 * (q.X - 320), 1000 * (q.Y - 240)}
		}
		return p
	}
	ahead, ok := upright(far(0, 0))
	if !ok {
		t.Fatal("no frontal view")
	}
	for _, yaw := range []float64{-30, -15, 0, 15, 30} {
		b, ok := ahead.bear(far(yaw*deg, 0.3))
		want := noseDepth * math.Sin(yaw*deg)
		if !ok || math.Abs(b.along-want) > 0.01 || math.Abs(b.across) > 0.01 || b.bent() {
			t.Errorf("yaw %v: %+v, want %.3f along", yaw, b, want)
		}
	}
	for _, turn := range []float64{-60, -30, 30, 60} {
		if b, ok := ahead.bear(sheet(turn*deg, 10*deg, 0.2, 0, 400)); !ok || b.off() > 0.08 {
			t.Errorf("a sheet turned by %v: %+v", turn, b)
		}
	}
	if _, ok := ahead.bear([5]Point{}); ok {
		t.Error("five points in one spot have a bearing")
	}
	bad := head(0, 0)
	bad[3].X = math.Inf(1)
	if _, ok := ahead.bear(bad); ok {
		t.Error("infinity has a bearing")
	}
	if _, ok := upright([5]Point{}); ok {
		t.Error("five points in one spot have a frontal view")
	}
}

// No motion of a flat picture is a turn of a head: bytes steer how it is held
// from frame to frame.
func FuzzChallengeFlat(f *testing.F) {
	f.Add([]byte{128, 128, 128, 128, 10, 20, 30, 40, 250, 0, 250, 0})
	f.Add([]byte("turn it, tilt it, move it, bring it nearer, take it away"))
	f.Fuzz(func(t *testing.T, steer []byte) {
		at := time.Unix(1000, 0)
		for _, g := range []Gesture{GestureTurnLeft, GestureTurnRight} {
			c := NewChallenge(g, at, 10*time.Second)
			var turn, tilt, lean, dist float64
			for i := 0; i < len(steer)+8 && i < 600; i++ {
				if k := i - 8; k >= 0 {
					s := float64(int(steer[k])-128) / 128
					switch k % 4 {
					case 0:
						turn = 65 * deg * s
					case 1:
						tilt = 65 * deg * s
					case 2:
						lean = 90 * deg * s
					case 3:
						dist = 250 * s
					}
				}
				p := sheet(turn, tilt, lean, 0, 600+dist)
				if r := c.See(at.Add(time.Duration(i)*20*time.Millisecond), p[:]); r == LiveGesture {
					t.Fatalf("frame %d: a sheet turned by %.2f, tilted by %.2f passed for a head", i, turn, tilt)
				}
			}
		}
	})
}
