package vision

import "math"

// frontal is a face looking ahead, as the mean of a few frames: its five points
// with the eyes' middle at the origin and the eyes one apart on the x axis.
type frontal [fiveLandmarks]Point

// upright brings five points into frontal's frame. False where the eyes are
// one spot.
func upright(five [5]Point) (frontal, bool) {
	dx, dy := five[1].X-five[0].X, five[1].Y-five[0].Y
	d2 := dx*dx + dy*dy
	if !(d2 > 1) || math.IsInf(d2, 0) {
		return frontal{}, false
	}
	mx, my := (five[0].X+five[1].X)/2, (five[0].Y+five[1].Y)/2
	var out frontal
	for i, p := range five {
		x, y := p.X-mx, p.Y-my
		out[i] = Point{(x*dx + y*dy) / d2, (y*dx - x*dy) / d2}
	}
	return out, true
}

// bearing is how a face lies to its frontal view.
type bearing struct {
	// along and across are how far the tip of the nose lies from where a flat
	// picture of the face would have it, in eye distances: along the line of the
	// eyes (positive: to the right of the picture) and down from it. A picture,
	// however held, has none; a head has 0.52 times the sine of its turn.
	along, across float64
	// squeeze is the width over the height of what lies flat in the face,
	// against the frontal view: below 1 where it turned aside, above where it
	// nodded.
	squeeze float64
}

// off is how far the nose is from flat, in either direction.
func (b bearing) off() float64 { return math.Hypot(b.along, b.across) }

// bear fits the affine map that brings the eyes and the corners of the mouth of
// the frontal view nearest to where they are, which is how any flat picture
// moves, and compares the nose.
func (f *frontal) bear(five [5]Point) (bearing, bool) {
	// Without the nose; least squares about the means.
	corners := [...]int{0, 1, 3, 4}
	var from, to Point
	for _, i := range corners {
		from.X, from.Y = from.X+f[i].X/4, from.Y+f[i].Y/4
		to.X, to.Y = to.X+five[i].X/4, to.Y+five[i].Y/4
	}
	var sxx, sxy, syy, ux, uy, vx, vy float64
	for _, i := range corners {
		x, y := f[i].X-from.X, f[i].Y-from.Y
		u, v := five[i].X-to.X, five[i].Y-to.Y
		sxx, sxy, syy = sxx+x*x, sxy+x*y, syy+y*y
		ux, uy, vx, vy = ux+u*x, uy+u*y, vx+v*x, vy+v*y
	}
	det := sxx*syy - sxy*sxy
	if !(det > 1e-6) {
		return bearing{}, false
	}
	// The images of frontal's x and y axes.
	ax := Point{(ux*syy - uy*sxy) / det, (vx*syy - vy*sxy) / det}
	ay := Point{(uy*sxx - ux*sxy) / det, (vy*sxx - vx*sxy) / det}
	wide, high := math.Hypot(ax.X, ax.Y), math.Hypot(ay.X, ay.Y)
	unit := math.Max(wide, high) // turned, one of them is the size, the other less
	if !(wide > 1 && high > 1) || math.IsInf(unit, 0) {
		return bearing{}, false
	}
	nx, ny := f[2].X-from.X, f[2].Y-from.Y
	dx := five[2].X - (to.X + ax.X*nx + ay.X*ny)
	dy := five[2].Y - (to.Y + ax.Y*nx + ay.Y*ny)
	b := bearing{
		along:   (dx*ax.X + dy*ax.Y) / wide / unit,
		across:  (dy*ax.X - dx*ax.Y) / wide / unit,
		squeeze: wide / high,
	}
	return b, !math.IsNaN(b.along + b.across + b.squeeze)
}
