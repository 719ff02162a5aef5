package vision

import "image"

// kalman follows one coordinate with a constant-velocity model (Kalman 1960,
// in the form of SORT, Bewley et al. 2016, but one coordinate at a time).
type kalman struct {
	x, v          float64 // position and velocity a second
	pxx, pxv, pvv float64 // covariance
}

func newKalman(x, noise float64) kalman {
	return kalman{x: x, pxx: noise * noise, pvv: 100 * noise * noise}
}

// predict moves the state on by dt seconds; accel is the standard deviation of
// the acceleration that people show.
func (k *kalman) predict(dt, accel float64) {
	k.x += k.v * dt
	q := accel * accel
	k.pxx += dt*(2*k.pxv+dt*k.pvv) + q*dt*dt*dt*dt/4
	k.pxv += dt*k.pvv + q*dt*dt*dt/2
	k.pvv += q * dt * dt
}

// update takes a measurement with the given standard deviation.
func (k *kalman) update(z, noise float64) {
	s := k.pxx + noise*noise
	gx, gv := k.pxx/s, k.pxv/s
	r := z - k.x
	k.x += gx * r
	k.v += gv * r
	k.pvv -= gv * k.pxv
	k.pxv *= 1 - gx
	k.pxx *= 1 - gx
}

// boxFilter follows a box by its centre and size.
type boxFilter struct{ cx, cy, w, h kalman }

// boxNoise is the detector's jitter as a fraction of the face's width, and
// boxAccel how fast people change their speed, in face widths a second squared.
const (
	boxNoise = 0.06
	boxAccel = 4.0
)

func newBoxFilter(b image.Rectangle) boxFilter {
	n := boxNoise * float64(b.Dx())
	cx, cy := centre(b)
	return boxFilter{newKalman(cx, n), newKalman(cy, n), newKalman(float64(b.Dx()), n), newKalman(float64(b.Dy()), n)}
}

func (f *boxFilter) predict(dt float64) {
	a := boxAccel * max(1, f.w.x)
	f.cx.predict(dt, a)
	f.cy.predict(dt, a)
	f.w.predict(dt, a/2)
	f.h.predict(dt, a/2)
}

func (f *boxFilter) update(b image.Rectangle) {
	n := boxNoise * float64(b.Dx())
	cx, cy := centre(b)
	f.cx.update(cx, n)
	f.cy.update(cy, n)
	f.w.update(float64(b.Dx()), n)
	f.h.update(float64(b.Dy()), n)
}

func (f *boxFilter) box() image.Rectangle {
	w, h := max(1, f.w.x), max(1, f.h.x)
	return image.Rect(round(f.cx.x-w/2), round(f.cy.x-h/2), round(f.cx.x+w/2), round(f.cy.x+h/2))
}

func centre(b image.Rectangle) (x, y float64) {
	return float64(b.Min.X+b.Max.X) / 2, float64(b.Min.Y+b.Max.Y) / 2
}

func round(x float64) int {
	if x < 0 {
		return int(x - 0.5)
	}
	return int(x + 0.5)
}

// IoU is the area that two boxes share over the area that they cover.
func IoU(a, b image.Rectangle) float64 {
	i := a.Intersect(b)
	if i.Empty() {
		return 0
	}
	shared := float64(i.Dx()) * float64(i.Dy())
	return shared / (float64(a.Dx())*float64(a.Dy()) + float64(b.Dx())*float64(b.Dy()) - shared)
}
