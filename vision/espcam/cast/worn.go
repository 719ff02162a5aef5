package cast

import "math"

// glasses sets frames on the nose, with a glint and the shadow they cast.
func (s *sculptor) glasses() {
	k := s.k
	if k.Glasses == NoGlasses {
		return
	}
	c := hex(k.Frame)
	rim := float32(0.017)
	if k.Glasses == Round {
		rim = 0.013
	}
	cy := k.EyeY + 0.025
	h := k.LensW * 0.78
	round := float32(3.6)
	if k.Glasses == Round {
		h, round = k.LensW*0.95, 2
	}
	cx := max(k.EyeX, k.LensW+0.045)
	px := s.px()
	lens := func(x, y float32) float32 { // distance to the rim, positive inside
		u, v := abs(abs(x)-cx)/k.LensW, abs(y-cy)/h
		return (1 - pow(pow(u, round)+pow(v, round), 1/round)) * min(k.LensW, h)
	}
	s.each(box{-1, cy - 0.35, 1, cy + 0.35}, func(i int, x, y float32) {
		d := lens(x, y)
		th := rim
		if k.Glasses == HalfRim && y > cy-0.02 {
			th = 0.004
		}
		m := step(th+px, th-px*0.5, abs(d))
		// Bridge and temples.
		if ax := abs(x); ax < cx-k.LensW+0.03 && d < 0 {
			bow := cy - 0.045 - 0.03*(1-sq(ax/(cx-k.LensW+0.03)))
			m = max(m, step(rim*0.9+px, rim*0.9-px*0.5, abs(y-bow)))
		} else if ax > cx+k.LensW-0.02 && ax < k.Width+0.02 && d < 0 {
			m = max(m, step(rim*0.9+px, rim*0.9-px*0.5, abs(y-cy+0.06)))
		}
		// The rim's shadow falls down and to the right.
		if sh := abs(lens(x-0.018, y-0.03)); s.a[i] > 0 {
			s.c[i] = s.c[i].scale(1 - 0.30*exp(-sq(sh/(rim*1.3))))
		}
		if d > 0 && m < 1 {
			// A faint sheen across the glass.
			g := exp(-sq((x*0.8+y*0.6-sign(x)*cx*0.8+0.10)/0.05)) * 0.05
			s.c[i] = s.c[i].scale(0.985)
			s.c[i] = rgb{s.c[i].r + g, s.c[i].g + g, s.c[i].b + g*1.05}
		}
		if m > 0 {
			s.cover(i, c, m)
			s.z[i] += 0.030 * m
			s.g[i] = lerp(s.g[i], 0.9, m)
		}
	})
}

func (s *sculptor) earrings() {
	k := s.k
	c := rgb{0.75, 0.55, 0.22}
	for _, m := range []float32{-1, 1} {
		cx, cy := m*(k.Width+0.02), 0.09+0.22*k.Ears
		s.each(box{cx - 0.06, cy - 0.06, cx + 0.06, cy + 0.06}, func(i int, x, y float32) {
			d := float32(math.Hypot(float64(x-cx), float64(y-cy)))
			in := step(0.030+s.px(), 0.030-s.px(), d)
			if in > 0 {
				s.cover(i, c, in)
				s.z[i] += 0.05 * in * sqrt(max(0, 1-sq(d/0.031)))
				s.g[i] = 1
			}
		})
	}
}

// bodyBox is what neck and shoulders cover: they go on below any picture.
var bodyBox = box{-1.75, 0.25, 1.75, 3.75}

// body models neck, shoulders and clothes.
func body(p *Person, b box, ppu float32) *relief {
	s := newSculptor(p, b, ppu)
	k := s.k
	neck := min(0.46*k.Build, k.Width-0.16)
	wide := 1.38 * k.Build
	top := k.Chin + 0.16 // where neck turns into shoulder
	e := 0.8 * s.px()
	shoulder := func(x float32) float32 { // height of the shoulder line
		t := max(0, abs(x)-neck) / (wide - neck)
		return top - 0.02 + 0.40*t*t/(t+0.12) + 1.5*sq(max(0, t-0.80))*6
	}
	s.each(b, func(i int, x, y float32) {
		slope := (shoulder(abs(x)+0.01) - shoulder(abs(x))) * 100
		sh := (y - shoulder(x)) / sqrt(1+slope*slope)
		col := neck + 0.05*exp(-sq((y-top)/0.10)) - abs(x)
		// Under the collar the neck widens, so that it meets the shoulders
		// without an edge.
		q := abs(x) / (neck * (1 + 1.2*step(-0.08, 0.30, sh)))
		column := 0.36 * sqrt(max(0, 1-q*q))
		if n := step(-e, e, col); n > 0 && y < top+0.6 {
			s.z[i] = column
			// In the shade of the chin.
			shade := 1 - 0.42*step(k.Chin+0.30, k.Chin-0.05, y)
			s.cover(i, s.skin.scale(shade), n)
			s.g[i] = 0.10
		}
		if t := step(-e, e, sh); t > 0 {
			q := min(abs(x)/(wide+0.30), 1)
			round := sqrt(max(0, 1-sq(1-min(sh/0.30, 1))))
			z := (0.16 + 0.34*sqrt(1-q*q)) * (0.35 + 0.65*round)
			arm := exp(-sq((abs(x)-wide*0.80-0.02*(y-2))/0.035)) * step(1.75, 2.3, y)
			fold := 0.05*(fbm(x*1.6+0.6*y, y*1.1-0.5*abs(x), s.seed+101)-0.5) - 0.05*arm
			s.z[i] = lerp(column, z+fold, step(0, 0.30, sh))
			s.cover(i, s.skin.scale(1-0.42*step(k.Chin+0.30, k.Chin-0.05, y)), t)
		}
	})
	// Collar bones, and the hollow between them.
	for _, m := range []float32{-1, 1} {
		s.crease([2]float32{m * 0.07, top + 0.20}, [2]float32{m * 0.4, top + 0.12}, [2]float32{m * 0.8, top + 0.14}, 0.03, 0.02)
		s.crease([2]float32{m * (neck - 0.05), k.Chin - 0.05}, [2]float32{m * 0.2, top}, [2]float32{m * 0.07, top + 0.20}, 0.035, 0.022)
	}
	s.clothes(top, neck)
	return s.relief
}

func (s *sculptor) clothes(top, neck float32) {
	k := s.k
	c, trim := hex(k.Cloth), hex(k.Trim)
	if abs(c.luma()-trim.luma()) < 0.05 {
		trim = c.scale(0.6).mix(rgb{0.9, 0.88, 0.84}, 0.35)
	}
	e := 1.0 * s.px()
	s.each(s.all(), func(i int, x, y float32) {
		if s.a[i] <= 0 {
			return
		}
		ax := abs(x)
		hole := s.neckline(ax, y, top, neck) // positive in the opening
		in := step(e, -e, hole) * step(-e, e, y-top+0.12)
		if in <= 0 {
			return
		}
		weave := 1 + 0.07*(noise(x*70, y*70, s.seed+111)-0.5)
		col := c
		if k.Wear == Jumper {
			weave += 0.10 * float32(math.Sin(float64(y*95+2*noise(x*20, 0, s.seed)))) * 0.5
		}
		lift := float32(0.02)
		switch k.Wear {
		case Tee, Jumper:
			rib := step(-0.085, -0.075, hole)
			col = col.scale(1 - 0.22*rib)
			lift += 0.018 * exp(-sq((hole+0.04)/0.035))
		case Shirt:
			flap := s.flap(ax, y, top, neck)
			col = col.scale(1 + 0.06*flap)
			lift += 0.045 * flap
			if ax < 0.05 && y > top+0.42 {
				lift += 0.008
				if d := float32(math.Hypot(float64(x), float64(math.Mod(float64(y-top), 0.34)-0.17))); d < 0.022 {
					col = col.scale(0.6)
				}
			}
		case Blazer:
			v := 0.30 - 0.25*(y-top-0.35) // the shirt between the lapels
			lapel := step(v-0.012, v+0.012, ax)
			col = trim.mix(c, lapel)
			edge := exp(-sq((ax-v-0.20+0.25*sq(y-top-0.8))/0.012)) * step(top+1.5, top+1.2, y) * step(top+0.2, top+0.35, y)
			col = col.scale(1 - 0.45*edge)
			lift += 0.045 * lapel * step(v+0.24, v+0.16, ax)
			if lapel < 1 {
				f := s.flap(ax, y, top, neck)
				lift += 0.03 * f
			}
		}
		s.c[i] = s.c[i].mix(col.scale(weave), in)
		s.z[i] += lift * in
		s.g[i] = lerp(s.g[i], 0.03, in)
	})
}

// neckline is positive in the opening of the garment.
func (s *sculptor) neckline(ax, y, top, neck float32) float32 {
	switch s.k.Wear {
	case Jumper: // a V
		return min(neck+0.05-ax, (top+0.62-y)*0.55-ax*0.80)
	case Shirt, Blazer: // an open collar
		return min(neck-0.02-ax, (top+0.40-y)*0.60-ax*0.75)
	}
	q := sqrt(sq(ax/(neck+0.12)) + sq((y-top+0.02)/0.30))
	return (1 - q) * 0.30
}

// flap is the collar of a shirt.
func (s *sculptor) flap(ax, y, top, neck float32) float32 {
	outer := neck + 0.20 - 0.35*max(0, y-top-0.10)
	lower := top + 0.56 - 0.25*max(0, ax-0.2) - 0.9*abs(ax-0.26)
	return step(0.03, -0.03, ax-outer) * step(0.03, -0.03, y-lower)
}
