package vision

import (
	"image"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

const deg = math.Pi / 180

// A body maps a point of the average head, in millimetres, to the picture.
type body func(p [3]float64) Point

// head is the head itself, 80 cm away, turned and looking up.
func head(yaw, pitch float64) body {
	sy, cy := math.Sincos(yaw)
	sp, cp := math.Sincos(pitch)
	return func(p [3]float64) Point {
		x, y, z := p[0], p[1], p[2]
		y, z = y*cp+z*sp, -y*sp+z*cp
		x, z = x*cy-z*sy, x*sy+z*cy
		k := 600 / (800 + z)
		return Point{320 + k*x, 240 + k*y}
	}
}

// sheet is a picture of that head, held before the camera: turned, tilted,
// leaned and bent round an upright axis of the given radius (0: flat), at a
// distance.
func sheet(turn, tilt, lean, radius, dist float64) body {
	sy, cy := math.Sincos(turn)
	sp, cp := math.Sincos(tilt)
	sr, cr := math.Sincos(lean)
	return func(p [3]float64) Point {
		x, y, z := p[0], p[1], 0.0
		if radius > 0 {
			s, c := math.Sincos(x / radius)
			x, z = radius*s, radius*(1-c)
		}
		y, z = y*cp+z*sp, -y*sp+z*cp
		x, z = x*cy-z*sy, x*sy+z*cy
		x, y = x*cr-y*sr, x*sr+y*cr
		k := 600 / (dist + z)
		return Point{320 + k*x, 240 + k*y}
	}
}

// five are the landmarks.
func (b body) five() (out [5]Point) {
	for i, m := range headModel {
		out[i] = b(m)
	}
	return out
}

func (b body) marks() []Point { f := b.five(); return f[:] }

// paint draws the body's skin as blotches that lie on its surface, over dst or
// a new picture.
func (b body) paint(dst *image.RGBA) *image.RGBA {
	if dst == nil {
		dst = image.NewRGBA(image.Rect(0, 0, 640, 480))
	}
	for i := range dst.Pix {
		dst.Pix[i] = 150
	}
	r := rand.New(rand.NewPCG(7, 8))
	for range 110 {
		x, y := 130*(r.Float64()-0.5), 170*(r.Float64()-0.5)
		dark := 30 + r.IntN(110)
		// A rounded face with a nose.
		z := (x*x+y*y)/160 - 35*math.Exp(-(x*x)/300-(y*y)/700)
		at := b([3]float64{x, y, z})
		// A blotch is a disc on the skin, so it is seen from the side as one.
		right, below := b([3]float64{x + 1, y, z}), b([3]float64{x, y + 1, z})
		ux, uy, vx, vy := right.X-at.X, right.Y-at.Y, below.X-at.X, below.Y-at.Y
		det := ux*vy - uy*vx
		const side = 5
		cx, cy := int(math.Round(at.X)), int(math.Round(at.Y))
		for dy := -side; dy <= side; dy++ {
			for dx := -side; dx <= side; dx++ {
				if p := image.Pt(cx+dx, cy+dy); p.In(dst.Rect) {
					fx, fy := float64(p.X)-at.X, float64(p.Y)-at.Y
					fx, fy = (fx*vy-fy*vx)/det, (fy*ux-fx*uy)/det
					o := dst.PixOffset(p.X, p.Y)
					v := uint8(max(0, float64(dst.Pix[o])-float64(dark)*math.Exp(-(fx*fx+fy*fy)/8)))
					dst.Pix[o], dst.Pix[o+1], dst.Pix[o+2] = v, v, v
				}
			}
		}
	}
	return dst
}

// marks68 puts five points into dlib's order, with eyes of an openness, each a
// third of the eyes' distance wide. High is what the picture's height is to its
// width: 1 seen from straight ahead.
func marks68(b body, open, high float64) shown {
	five := b.five()
	lm := make([]Point, ibugLandmarks)
	wide := distance(five[0], five[1]) / 3
	for e, c := range five[:2] {
		h := open * wide * high
		for i, p := range []Point{{-0.5, 0}, {-0.17, -0.5}, {0.17, -0.5}, {0.5, 0}, {0.17, 0.5}, {-0.17, 0.5}} {
			lm[36+6*e+i] = Point{c.X + p.X*wide, c.Y + p.Y*h}
		}
	}
	lm[30], lm[48], lm[54] = five[2], five[3], five[4]
	return shown{b, lm}
}

// shown is one frame of a film: what is before the camera, and its landmarks
// where they are not simply the body's.
type shown struct {
	body  body
	marks []Point
}

// film plays frames 60 ms apart to a challenge until it decides or they end.
func film(c *Challenge, at time.Time, n int, frame func(i int) shown) LivenessReason {
	var got LivenessReason
	var img *image.RGBA
	for i := range n {
		f := frame(i)
		if f.marks == nil {
			f.marks = f.body.marks()
		}
		img = f.body.paint(img)
		if got = c.See(at.Add(time.Duration(i)*60*time.Millisecond), img, f.marks); got != LivenessUndecided {
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
		frame func(i int) shown
	}{
		"a head turns left":                 {GestureTurnLeft, LiveGesture, func(i int) shown { return shown{body: head(25*deg*swing(i), 0)} }},
		"a head turns right":                {GestureTurnRight, LiveGesture, func(i int) shown { return shown{body: head(-25*deg*swing(i), 0)} }},
		"the wrong way":                     {GestureTurnRight, NotLiveGesture, func(i int) shown { return shown{body: head(25*deg*swing(i), 0)} }},
		"a nod":                             {GestureTurnLeft, NotLiveTimeout, func(i int) shown { return shown{body: head(0, 20*deg*swing(i))} }},
		"too little":                        {GestureTurnLeft, NotLiveTimeout, func(i int) shown { return shown{body: head(8*deg*swing(i), 0)} }},
		"nothing":                           {GestureTurnLeft, NotLiveTimeout, func(i int) shown { return shown{body: head(0, 0)} }},
		"a photo turned":                    {GestureTurnLeft, NotLiveFlat, func(i int) shown { return shown{body: sheet(50*deg*swing(i), 0, 0, 0, 500)} }},
		"a photo tilted back":               {GestureTurnLeft, NotLiveFlat, func(i int) shown { return shown{body: sheet(0, 50*deg*swing(i), 0, 0, 500)} }},
		"a photo turned a little":           {GestureTurnLeft, NotLiveTimeout, func(i int) shown { return shown{body: sheet(30*deg*swing(i), 10*deg, 0, 0, 400)} }},
		"a photo leaned and brought nearer": {GestureTurnLeft, NotLiveTimeout, func(i int) shown { return shown{body: sheet(0, 0, 40*deg*swing(i), 0, 800-500*swing(i))} }},
		"a photo bent and turned":           {GestureTurnLeft, NotLiveTimeout, func(i int) shown { return shown{body: sheet(35*deg*swing(i), 0, 0, 60, 500)} }},
		"one photo, then another": {GestureTurnLeft, NotLiveTimeout, func(i int) shown {
			if i%40 < 20 {
				return shown{body: head(0, 0)}
			}
			return shown{body: head(25*deg, 0)}
		}},
		"both eyes blink": {GestureBlink, LiveGesture, func(i int) shown { return marks68(head(0, 0), blinking(i), 1) }},
		"eyes stay shut": {GestureBlink, NotLiveTimeout, func(i int) shown {
			return marks68(head(0, 0), map[bool]float64{true: 0.08, false: 0.3}[i > blinkAt], 1)
		}},
		"eyes too narrow to tell": {GestureBlink, NotLiveTimeout, func(i int) shown {
			return marks68(head(0, 0), blinking(i)/3, 1)
		}},
		"a photo dipped": {GestureBlink, NotLiveTimeout, func(i int) shown {
			tilt := 0.0
			if i >= blinkAt && i < blinkAt+3 {
				tilt = 65 * deg
			}
			return marks68(sheet(0, tilt, 0, 0, 600), 0.3, math.Cos(tilt))
		}},
		"a turn for a blink":                 {GestureBlink, NotLiveGesture, func(i int) shown { return marks68(head(25*deg*swing(i), 0), 0.3, 1) }},
		"a blink for a turn":                 {GestureTurnLeft, NotLiveTimeout, func(i int) shown { return marks68(head(0, 0), blinking(i), 1) }},
		"no blink to be seen in five points": {GestureBlink, NotLiveTimeout, func(i int) shown { return shown{body: head(0, 0)} }},
	} {
		t.Run(name, func(t *testing.T) {
			at := time.Unix(1000, 0)
			if got := film(NewChallenge(tc.asked, at, 5*time.Second), at, 100, tc.frame); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

// Landmarks tremble. What is no gesture must not become one by that, and what
// is one must remain one: 0.8 pixels here, of eyes 47 apart.
func TestChallengeWithNoise(t *testing.T) {
	const noise, seeds = 0.8, 50
	at := time.Unix(1000, 0)
	count := func(g Gesture, frame func(i int) body) map[LivenessReason]int {
		var cs [seeds]*Challenge
		var rs [seeds]*rand.Rand
		for i := range cs {
			cs[i], rs[i] = NewChallenge(g, at, 4*time.Second), rand.New(rand.NewPCG(uint64(i), 1))
		}
		var img *image.RGBA
		for i := range 75 {
			b := frame(i)
			img = b.paint(img)
			for k, c := range cs {
				marks := b.marks()
				for m := range marks {
					marks[m].X += noise * rs[k].NormFloat64()
					marks[m].Y += noise * rs[k].NormFloat64()
				}
				c.See(at.Add(time.Duration(i)*60*time.Millisecond), img, marks)
			}
		}
		got := map[LivenessReason]int{}
		for _, c := range cs {
			got[c.verdict]++
		}
		return got
	}
	for name, frame := range map[string]func(i int) body{
		"still head": func(i int) body { return head(0, 0) },
		"swaying": func(i int) body {
			return head(3*deg*math.Sin(float64(i)/8), 4*deg*math.Cos(float64(i)/7))
		},
		"photo in use": func(i int) body {
			return sheet(25*deg*math.Sin(float64(i)/8), 20*deg*math.Cos(float64(i)/9), 0, 0, 500)
		},
	} {
		if got := count(GestureTurnLeft, frame); got[LiveGesture] > 0 {
			t.Errorf("%s: %v", name, got)
		}
	}
	got := count(GestureTurnLeft, func(i int) body { return head(25*deg*swing(i%60), 0) })
	if got[LiveGesture] < seeds*97/100 {
		t.Errorf("a head that turns: %v of %d", got, seeds)
	}
}

func TestChallengeAsksOnlyOnceItKnowsTheFace(t *testing.T) {
	at := time.Unix(1000, 0)
	c := NewChallenge(GestureTurnRight, at, 5*time.Second)
	ahead := head(0, 0)
	img := ahead.paint(nil)
	for i := range refFrames {
		if g := c.Asked(); g != "" {
			t.Fatalf("asked %q after %d frames", g, i)
		}
		c.See(at, img, ahead.marks())
	}
	if c.Asked() != GestureTurnRight {
		t.Fatal("did not ask")
	}
	// The face was gone for a second: it may be another.
	c.See(at.Add(time.Second), img, ahead.marks())
	if c.Asked() != "" {
		t.Fatal("went on with a face that was gone")
	}
	// Looking aside is no frontal view.
	side := NewChallenge(GestureTurnRight, at, 5*time.Second)
	for range 2 * refFrames {
		side.See(at, img, head(25*deg, 0).marks())
	}
	if side.Asked() != "" {
		t.Fatal("took a face turned aside for frontal")
	}
	if r := c.See(at.Add(6*time.Second), img, nil); r != NotLiveTimeout {
		t.Fatalf("after its time: %q", r)
	}
	if r := c.See(at, img, ahead.marks()); r != NotLiveTimeout {
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

// A blink is asked only where frames come often enough to see it.
func TestBlinkIsAskedWhereItCanBeSeen(t *testing.T) {
	for every, want := range map[time.Duration]Gesture{60 * time.Millisecond: GestureBlink, 150 * time.Millisecond: GestureTurnLeft} {
		o, err := LivenessOptions{IntN: func(int) int { return 0 }}.filled()
		if err != nil {
			t.Fatal(err)
		}
		l := newLiveness(o)
		f := marks68(head(0, 0), 0.3, 1)
		img := f.body.paint(nil)
		for i := range 10 {
			l.gesture(time.Unix(1000, 0).Add(time.Duration(i)*every), img, f.marks, false)
		}
		if l.asked() != want {
			t.Errorf("every %v: asked %q, want %q", every, l.asked(), want)
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
		want := 0.516 * math.Sin(yaw*deg)
		if !ok || math.Abs(b.along-want) > 0.01 || math.Abs(b.across) > 0.01 {
			t.Errorf("yaw %v: %+v, want %.3f along", yaw, b, want)
		}
	}
	for _, turn := range []float64{-60, -30, 30, 60} {
		if b, ok := ahead.bear(sheet(turn*deg, 10*deg, 0.2, 0, 400).five()); !ok || b.off() > 0.08 {
			t.Errorf("a sheet turned by %v: %+v", turn, b)
		}
	}
	if _, ok := ahead.bear([5]Point{}); ok {
		t.Error("five points in one spot have a bearing")
	}
	bad := head(0, 0).five()
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
		var img *image.RGBA
		for _, g := range []Gesture{GestureTurnLeft, GestureTurnRight} {
			c := NewChallenge(g, at, 10*time.Second)
			var turn, tilt, lean, dist float64
			for i := 0; i < len(steer)+8 && i < 60; i++ {
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
				img = p.paint(img)
				if r := c.See(at.Add(time.Duration(i)*20*time.Millisecond), img, p.marks()); r == LiveGesture {
					t.Fatalf("frame %d: a sheet turned by %.2f, tilted by %.2f passed for a head", i, turn, tilt)
				}
			}
		}
	})
}
