package vision

import (
	"math"
	"testing"
)

// project draws the average head, turned, through a pinhole camera at the given
// distance in millimetres.
func project(yaw, pitch, roll, dist float64) []Point {
	sy, cy := math.Sincos(yaw)
	sp, cp := math.Sincos(pitch)
	sr, cr := math.Sincos(roll)
	var out []Point
	for _, m := range headModel {
		x, y, z := m[0], m[1], m[2]
		y, z = y*cp+z*sp, -y*sp+z*cp // look up: the nose (z < 0) goes up (y < 0)
		x, z = x*cy-z*sy, x*sy+z*cy  // turn: the nose goes right (x > 0)
		x, y = x*cr-y*sr, x*sr+y*cr
		s := 600 / (dist + z)
		out = append(out, Point{320 + s*x, 240 + s*y})
	}
	return out
}

func TestEstimatePose(t *testing.T) {
	deg := math.Pi / 180
	for _, tc := range []struct{ yaw, pitch, roll float64 }{
		{0, 0, 0}, {20, 0, 0}, {-20, 0, 0}, {40, 0, 0}, {0, 15, 0}, {0, -15, 0}, {0, 0, 30}, {0, 0, -30},
		{-25, 10, 15}, {30, -10, -20}, {0, 0, 170},
	} {
		p, ok := EstimatePose(project(tc.yaw*deg, tc.pitch*deg, tc.roll*deg, 800))
		if !ok {
			t.Fatalf("%v: no pose", tc)
		}
		for name, d := range map[string]float64{
			"yaw": p.Yaw/deg - tc.yaw, "pitch": p.Pitch/deg - tc.pitch, "roll": p.Roll/deg - tc.roll,
		} {
			if math.Abs(d) > 4 { // what perspective costs at 80 cm
				t.Errorf("%+v: %s is %.1f degrees off", tc, name, d)
			}
		}
	}
}

func TestEstimatePoseSigns(t *testing.T) {
	// Drawn by hand, not by the model that it solves for.
	nose := func(x, y float64) []Point { return []Point{{40, 50}, {72, 50}, {x, y}, {42, 90}, {70, 90}} }
	right, _ := EstimatePose(nose(66, 70))
	left, _ := EstimatePose(nose(46, 70))
	up, _ := EstimatePose(nose(56, 60))
	down, _ := EstimatePose(nose(56, 80))
	if right.Yaw < 0.2 || left.Yaw > -0.2 {
		t.Errorf("yaw: nose to the right %.2f, to the left %.2f", right.Yaw, left.Yaw)
	}
	if up.Pitch < 0.1 || down.Pitch > -0.1 {
		t.Errorf("pitch: nose up %.2f, down %.2f", up.Pitch, down.Pitch)
	}
	tilted, _ := EstimatePose([]Point{{40, 40}, {70, 60}, {50, 70}, {25, 80}, {52, 98}})
	if tilted.Roll < 0.3 {
		t.Errorf("roll clockwise: %.2f", tilted.Roll)
	}
}

func TestEstimatePoseRefuses(t *testing.T) {
	same := make([]Point, 5)
	line := []Point{{0, 0}, {1, 0}, {2, 0}, {3, 0}, {4, 0}}
	nan := project(0, 0, 0, 800)
	nan[2].X = math.NaN()
	inf := project(0, 0, 0, 800)
	inf[0].Y = math.Inf(1)
	for name, lm := range map[string][]Point{"none": nil, "four": same[:4], "one spot": same, "one line": line, "NaN": nan, "Inf": inf} {
		if p, ok := EstimatePose(lm); ok {
			t.Errorf("%s: got %+v", name, p)
		}
	}
}

// ibug lays out 68 points: the eyes as hexagons of the given openness.
func ibug(open float64) []Point {
	lm := make([]Point, 68)
	for i, x := range []float64{100, 160} {
		copy(lm[36+6*i:], []Point{{x, 100}, {x + 10, 100 - 30*open/2}, {x + 20, 100 - 30*open/2}, {x + 30, 100}, {x + 20, 100 + 30*open/2}, {x + 10, 100 + 30*open/2}})
	}
	lm[30], lm[48], lm[54] = Point{145, 140}, Point{120, 180}, Point{170, 180}
	return lm
}

func TestFiveLandmarks(t *testing.T) {
	five, ok := FiveLandmarks(ibug(0.3))
	want := [5]Point{{115, 100}, {175, 100}, {145, 140}, {120, 180}, {170, 180}}
	if !ok || five != want {
		t.Errorf("got %v, %v; want %v", five, ok, want)
	}
	if _, ok := FiveLandmarks(make([]Point, 67)); ok {
		t.Error("67 points accepted")
	}
}

func TestEyeOpenness(t *testing.T) {
	for _, open := range []float64{0, 0.15, 0.3} {
		r, l, ok := EyeOpenness(ibug(open))
		if !ok || math.Abs(r-open) > 1e-9 || math.Abs(l-open) > 1e-9 {
			t.Errorf("open %.2f: got %.3f, %.3f, %v", open, r, l, ok)
		}
	}
	if _, _, ok := EyeOpenness(make([]Point, 68)); ok {
		t.Error("eyes without width accepted")
	}
	if _, _, ok := EyeOpenness(make([]Point, 5)); ok {
		t.Error("five points accepted")
	}
}
