package cast

import "math"

// lids are the edges of an open eye at u, the place across it in -1..1.
func (s *sculptor) lids(u float32) (upper, lower float32) {
	u = min(max(u, -1), 1)
	open := s.k.EyeOpen * (1 - 0.10*s.e.smile)
	lower = 0.72 * open * pow(1-u*u, 0.8) * (1 - 0.22*s.e.smile)
	upper = -open * pow(max(0, 1-pow(abs(u+0.08*(1-u*u)), 2.1)), 0.72)
	return lerp(upper, lower*0.92, s.e.blink), lower
}

func (s *sculptor) eye(side float32) {
	k := s.k
	cx, cy := side*k.EyeX, k.EyeY
	px := s.px()
	iris, lash := hex(k.Iris), rgb{0.012, 0.009, 0.008}
	lidC := s.skin.mix(rgb{s.skin.r * 0.62, s.skin.g * 0.52, s.skin.b * 0.52}, 0.35+0.25*k.Lash)
	base := k.Depth * 0.93
	s.each(eyePatch(k), func(i int, x, y float32) {
		if x*side < 0 {
			return
		}
		u := (x - cx) * side
		v := y - cy + k.EyeTilt*u // the outer corner rises
		t := u / k.EyeW
		upper, lower := s.lids(t)
		ends := step(1.04, 0.98, abs(t))
		// The lid that a blink brings down.
		if s.e.blink > 0 && abs(t) < 1 {
			open := -k.EyeOpen * pow(max(0, 1-pow(abs(t+0.08*(1-t*t)), 2.1)), 0.72)
			in := step(-px, px, v-open) * step(-px, px, upper-v) * ends
			if in > 0 {
				q := clamp01((v - open) / max(upper-open, 1e-3))
				s.c[i] = s.c[i].mix(lidC.scale(1.05-0.15*q), in)
				s.z[i] = lerp(s.z[i], base+0.020*(1-sq(t))+0.02*q, in*0.5)
				s.g[i] = 0.15
			}
		}
		in := step(-0.9*px, 0.9*px, v-upper) * step(-0.9*px, 0.9*px, lower-v) * ends
		if in > 0 {
			s.c[i] = s.c[i].mix(s.eyeball(u, v, t, upper, side, iris), in)
			s.z[i] = lerp(s.z[i], base-0.01+0.02*(1-sq(t)), in)
			s.g[i] = lerp(s.g[i], 0.10, in)
		}
		// Lashes: a line that thickens outwards; the lower one is faint.
		if abs(t) < 1.12 {
			thick := (0.0065 + 0.009*k.Lash*(0.55+0.45*t)) * step(1.14, 0.75, abs(t))
			d := v - upper + 0.35*thick
			dark := exp(-sq(d/(thick+0.45*px))) * ends
			s.c[i] = s.c[i].mix(lash, min(1, (0.62+0.38*k.Lash)*dark))
			low := exp(-sq((v-lower)/(0.006+0.4*px))) * ends * (0.22 + 0.25*k.Lash) * step(-1.1, 0.4, t)
			s.c[i] = s.c[i].mix(lash, low)
			s.g[i] *= 1 - dark
		}
		// The fold above, which a blink smooths.
		if abs(t) < 1.2 {
			open := -k.EyeOpen*pow(max(0, 1-sq(t*0.86)), 0.7) - k.Lid
			fold := exp(-sq((v-open)/(0.010+0.5*px))) * step(1.2, 0.7, abs(t)) * (1 - 0.6*s.e.blink)
			s.c[i] = s.c[i].mix(lidC.scale(0.45), 0.55*fold)
			shadow := step(open, open+0.03, v) * step(upper+px, upper-px, v) * step(1.15, 0.8, abs(t))
			s.c[i] = s.c[i].mix(lidC, 0.55*shadow*(0.4+0.6*k.Lash))
		}
	})
	if k.Lash > 0.55 { // a small wing
		a := [2]float32{side * (k.EyeX + k.EyeW*0.86), cy - k.EyeTilt*k.EyeW - 0.008}
		c := [2]float32{a[0] + side*0.05, a[1] - 0.030}
		s.stroke(a, [2]float32{a[0] + side*0.03, a[1] - 0.01}, c, 0.006+0.3*px, func(i int, g, _ float32) {
			s.c[i] = s.c[i].mix(lash, 0.8*g*(1-s.e.blink))
		})
	}
}

// eyeball is the colour of white, iris and pupil at (u,v) from the eye's centre.
func (s *sculptor) eyeball(u, v, t, upper, side float32, iris rgb) rgb {
	k, px := s.k, s.px()
	white := rgb{0.64, 0.61, 0.58}.mix(rgb{0.62, 0.34, 0.30}, 0.75*step(-0.62, -1.0, t)+0.12*t*t)
	white = white.scale(1 - 0.30*t*t)
	gu, gv := u-s.e.gaze*side, v+0.10*k.EyeOpen
	d := sqrt(gu*gu+gv*gv) / k.IrisR
	e := 1.1 * px / k.IrisR
	c := white
	if m := step(1+e, 1-e, d); m > 0 {
		ang := float32(math.Atan2(float64(gv), float64(gu)))
		ray := 0.75 + 0.5*noise(ang*6, d*2, s.seed+41)
		in := iris.scale((1.25 - 0.35*d + 0.55*clamp01(gv/k.IrisR)) * ray)
		in = in.mix(iris.scale(0.18), step(0.72, 1.0, d))
		in = in.mix(rgb{0.006, 0.005, 0.005}, step(0.46+e, 0.46-e, d))
		c = c.mix(in, m)
	}
	c = c.scale(0.50 + 0.50*step(0, 0.035, v-upper)) // the lid's shadow
	hx, hy := gu*side+0.30*k.IrisR, gv+0.32*k.IrisR
	h := step(0.26+e, 0.26-e, sqrt(hx*hx+hy*hy)/k.IrisR)
	hx, hy = gu*side-0.35*k.IrisR, gv-0.40*k.IrisR
	l := 0.25 * step(0.20+e, 0.20-e, sqrt(hx*hx+hy*hy)/k.IrisR)
	return c.mix(rgb{1.5, 1.5, 1.5}, max(h, l)*0.9)
}

func (s *sculptor) brow(side float32) {
	k := s.k
	if k.BrowDark <= 0 {
		return
	}
	hair := hex(k.Hair)
	if k.Style == Bald {
		hair = hex(k.BeardC)
	}
	c := hair.scale(0.55).mix(rgb{0.02, 0.014, 0.01}, 0.25)
	in := k.EyeX - 0.55*k.BrowLen - 0.03
	a := [2]float32{side * in, k.BrowY + 0.6*k.BrowTilt}
	b := [2]float32{side * (in + k.BrowLen), k.BrowY - 1.6*k.BrowArch - 0.02}
	d := [2]float32{side * (in + 1.75*k.BrowLen), k.BrowY + 0.03 - 0.5*k.BrowTilt}
	s.stroke(a, b, d, k.BrowThick*1.3, func(i int, _, t float32) {
		x := s.at.x0 + (float32(i%s.w)+0.5)/s.ppu
		y := s.at.y0 + (float32(i/s.w)+0.5)/s.ppu
		my := (1-t)*(1-t)*a[1] + 2*t*(1-t)*b[1] + t*t*d[1]
		th := k.BrowThick * step(-0.15, 0.25, t) * (1 - 0.65*step(0.55, 1.05, t))
		strand := noise((x*side*0.8+y)*70, (y-x*side*0.5)*22, s.seed+51)
		m := step(1.25, 0.55, abs(y-my)/max(th, 1e-3)+0.45*(strand-0.5)) * step(0, 0.08, t) * step(1, 0.93, t)
		s.c[i] = s.c[i].mix(c, m*(0.45+0.5*k.BrowDark))
		s.z[i] += 0.006 * m
		s.g[i] *= 1 - m
	})
}
