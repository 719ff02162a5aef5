package vision

import "math"

// Landmark counts that Face knows.
const (
	fiveLandmarks = 5
	ibugLandmarks = 68
)

// FiveLandmarks gives the five points of Face.Landmarks, whichever of the two
// orders they come in; false where there are none or they are no numbers.
func FiveLandmarks(lm []Point) ([5]Point, bool) {
	var five [5]Point
	switch len(lm) {
	case fiveLandmarks:
		copy(five[:], lm)
	case ibugLandmarks:
		five = [5]Point{centroid(lm[36:42]), centroid(lm[42:48]), lm[30], lm[48], lm[54]}
	default:
		return five, false
	}
	for _, p := range five {
		if d := p.X + p.Y; math.IsNaN(d) || math.IsInf(d, 0) {
			return five, false
		}
	}
	return five, true
}

func centroid(ps []Point) Point {
	var c Point
	for _, p := range ps {
		c.X += p.X
		c.Y += p.Y
	}
	n := float64(len(ps))
	return Point{c.X / n, c.Y / n}
}

// Pose is how a head is turned, in radians.
type Pose struct {
	Yaw   float64 // positive: the nose points to the right of the picture
	Pitch float64 // positive: the face looks up
	Roll  float64 // positive: tilted clockwise, as the picture is seen
}

// headModel is an average adult's five landmarks in millimetres: x to the right
// of the picture, y down, z away from the camera; the eyes are 63 mm apart.
var headModel = [5][3]float64{
	{-31.5, -36, 0}, {31.5, -36, 0}, // eyes
	{0, 0, -35},                 // tip of the nose
	{-26, 37, -5}, {26, 37, -5}, // corners of the mouth
}

// EstimatePose estimates the pose from five or 68 landmarks: the scaled
// orthographic camera that puts an average head nearest to them (POS, DeMenthon
// and Davis 1995). Heads differ: pitch is good to some 10 degrees, yaw and roll
// to half of that, and it falls off beyond 50 degrees of yaw, where a mouth
// corner hides. False where the landmarks are missing or degenerate.
func EstimatePose(landmarks []Point) (Pose, bool) {
	five, ok := FiveLandmarks(landmarks)
	if !ok {
		return Pose{}, false
	}
	at := centroid(five[:])
	var mean [3]float64
	for _, m := range headModel {
		for k := range mean {
			mean[k] += m[k] / fiveLandmarks
		}
	}
	// Least squares: the rows r1 and r2 of the camera solve A r = b.
	var a [3][3]float64
	var b1, b2 [3]float64
	for i, m := range headModel {
		var c [3]float64
		for k := range c {
			c[k] = m[k] - mean[k]
		}
		for j := range c {
			for k := range c {
				a[j][k] += c[j] * c[k]
			}
			b1[j] += c[j] * (five[i].X - at.X)
			b2[j] += c[j] * (five[i].Y - at.Y)
		}
	}
	inv, ok := invert3(a)
	if !ok {
		return Pose{}, false
	}
	r1, ok1 := unit3(mul3(inv, b1))
	r2 := mul3(inv, b2)
	along := dot3(r1, r2)
	for k := range r2 {
		r2[k] -= along * r1[k]
	}
	r2, ok2 := unit3(r2)
	if !ok1 || !ok2 {
		return Pose{}, false
	}
	// Where the nose points, then the same with the tilt taken out.
	x, y, z := -r1[2], -r2[2], r1[0]*r2[1]-r1[1]*r2[0]
	roll := math.Atan2(r2[0], r1[0])
	sin, cos := math.Sincos(roll)
	x, y = x*cos+y*sin, y*cos-x*sin
	return Pose{Yaw: math.Atan2(x, z), Pitch: math.Asin(max(-1, min(1, -y))), Roll: roll}, true
}

// EyeOpenness gives the eye aspect ratio of the person's right and left eye
// (Soukupova and Cech 2016) from 68 landmarks: about 0.3 open, below 0.2 shut.
// False for other landmarks.
func EyeOpenness(lm []Point) (right, left float64, ok bool) {
	if len(lm) != ibugLandmarks {
		return 0, 0, false
	}
	right, ok1 := eyeAspect(lm[36:42])
	left, ok2 := eyeAspect(lm[42:48])
	return right, left, ok1 && ok2
}

func eyeAspect(e []Point) (float64, bool) {
	wide := 2 * distance(e[0], e[3])
	r := (distance(e[1], e[5]) + distance(e[2], e[4])) / wide
	return r, wide > 0 && !math.IsNaN(r) && !math.IsInf(r, 0)
}

func distance(a, b Point) float64 { return math.Hypot(a.X-b.X, a.Y-b.Y) }

func dot3(a, b [3]float64) float64 { return a[0]*b[0] + a[1]*b[1] + a[2]*b[2] }

func mul3(m [3][3]float64, v [3]float64) [3]float64 {
	return [3]float64{dot3(m[0], v), dot3(m[1], v), dot3(m[2], v)}
}

// unit3 is v at length 1; false where v is nothing or not a number.
func unit3(v [3]float64) ([3]float64, bool) {
	n := math.Sqrt(dot3(v, v))
	if !(n > 1e-9) || math.IsInf(n, 0) {
		return v, false
	}
	return [3]float64{v[0] / n, v[1] / n, v[2] / n}, true
}

// invert3 inverts a symmetric matrix by its cofactors.
func invert3(m [3][3]float64) ([3][3]float64, bool) {
	var c [3][3]float64
	for i := range 3 {
		for j := range 3 {
			p, q, r, s := (i+1)%3, (i+2)%3, (j+1)%3, (j+2)%3
			c[j][i] = m[p][r]*m[q][s] - m[p][s]*m[q][r]
		}
	}
	det := m[0][0]*c[0][0] + m[0][1]*c[1][0] + m[0][2]*c[2][0]
	if math.Abs(det) < 1e-12 {
		return c, false
	}
	for i := range c {
		for j := range c[i] {
			c[i][j] /= det
		}
	}
	return c, true
}
