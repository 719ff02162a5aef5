package cast

// expr is what a face does.
type expr struct {
	blink, smile float32 // 0..1
	gaze         float32 // of the irises to the side, head units
}

// sculptor models one person's head.
type sculptor struct {
	*relief
	k    *Look
	out  *outline
	e    expr
	seed uint32
	skin rgb
}

func newSculptor(p *Person, b box, ppu float32) *sculptor {
	k := p.Look
	return &sculptor{relief: newRelief(b, ppu), k: &k, out: newOutline(&k), seed: uint32(mix(p.Seed)), skin: hex(k.Skin)}
}

// headBox is what the head's texture covers.
func headBox(k *Look) box {
	b := box{-1.125, -1.4375, 1.125, 1.1875}
	switch k.Style {
	case Long:
		b.y1 = 1.9375
	case Bob:
		b.y1 = 1.3125
	case Bun:
		b.y0 = -1.75
	case Afro:
		b.x0, b.x1, b.y0 = -1.4375, 1.4375, -1.75
	}
	return b
}

// Where an expression changes the face: the texture outside is the same.
func eyePatch(k *Look) box {
	return box{-k.EyeX - k.EyeW - 0.12, k.EyeY - k.EyeOpen - 0.14, k.EyeX + k.EyeW + 0.12, k.EyeY + k.EyeOpen + 0.12}
}

func mouthPatch(k *Look) box {
	return box{-0.56, k.NoseY - 0.22, 0.56, k.MouthY + k.LipLow + 0.12}
}

// sculpt models the part of the head that lies in b.
func sculpt(p *Person, e expr, b box, ppu float32) *relief {
	s := newSculptor(p, b, ppu)
	s.e = e
	k := s.k
	s.ears()
	s.skull()
	s.features()
	s.complexion()
	s.mouth()
	for _, side := range []float32{-1, 1} {
		s.eye(side)
		s.brow(side)
	}
	s.beard()
	if k.Glasses == NoGlasses && k.Earrings {
		s.earrings()
	}
	if k.Style == Long || k.Style == Bob || k.Style == Afro { // covers the temples
		s.glasses()
		s.hair()
	} else {
		s.hair()
		s.glasses()
	}
	return s.relief
}

// outline is the half width of a face by height, tabulated: it is asked for at
// every pixel.
type outline [outlineHigh*outlineCell + 2]float32

const (
	outlineTop  = -1.25
	outlineHigh = 3
	outlineCell = 256 // entries in a head unit
)

func newOutline(k *Look) *outline {
	var o outline
	for i := range o {
		o[i] = k.halfWidth(outlineTop + float32(i)/outlineCell)
	}
	return &o
}

func (o *outline) at(y float32) float32 {
	f := (y - outlineTop) * outlineCell
	if !(f >= 0) || f >= outlineHigh*outlineCell {
		return 0
	}
	i := int(f)
	return lerp(o[i], o[i+1], f-float32(i))
}

// halfWidth of the face at height y; 0 above the crown and below the chin.
func (k *Look) halfWidth(y float32) float32 {
	if y < 0 {
		t := -y
		if t >= 1 {
			return 0
		}
		return k.Width * pow(1-pow(t, 2.3), 0.48)
	}
	t := y / k.Chin
	if t >= 1 {
		return 0
	}
	return k.Width * sqrt(1-pow(t, k.Jaw)) * (1 - k.Taper*step(0.05, 0.95, t))
}

// inside is the distance to the face's outline, positive within.
func (s *sculptor) inside(x, y float32) float32 {
	k := s.k
	const d = 0.004
	if y > k.Chin-2*d {
		// Below the chin its rounding goes on as a circle.
		return -sqrt(x*x+sq(y-k.Chin+0.45)) + 0.45 - 2*d
	}
	w := s.out.at(y)
	slope := (s.out.at(y+d) - s.out.at(y-d)) / (2 * d)
	return (w - abs(x)) / sqrt(1+min(slope*slope, 9))
}

// dome is the height of the bare skull.
func (s *sculptor) dome(x, y float32) float32 {
	k, w := s.k, s.out.at(y)
	if w <= 0.01 {
		return 0
	}
	q := min(abs(x)/w, 1)
	v := 1 - sq((y-0.02)/(0.10+max(k.Chin, 1)))
	return k.Depth * sqrt(max(0, v)*(1-bulge(q)))
}

func (s *sculptor) ears() {
	k := s.k
	for _, side := range []float32{-1, 1} {
		cx, cy := side*(k.Width+0.015), float32(0.09)
		rx, ry := 0.085*k.Ears, 0.20*k.Ears
		s.each(box{cx - 0.2, cy - 0.32, cx + 0.2, cy + 0.32}, func(i int, x, y float32) {
			u, v := (x-cx)*side/rx, (y-cy)/ry
			u -= 0.25 * -v // the top leans out
			q := u*u + v*v
			cover := step(1+2.2*s.px()/rx, 1-2.2*s.px()/rx, sqrt(q))
			if cover <= 0 {
				return
			}
			rim := exp(-sq((sqrt(q)-0.82)/0.16)) * step(-0.9, 0.1, u)
			bowl := exp(-(sq(u+0.1)/0.16 + sq(v+0.05)/0.25))
			s.z[i] = 0.10*sqrt(max(0, 1-q)) + 0.035*rim - 0.05*bowl
			c := s.skin.mix(rgb{s.skin.r * 1.02, s.skin.g * 0.72, s.skin.b * 0.68}, 0.45)
			s.cover(i, c.scale(1-0.25*bowl), cover)
			s.g[i] = 0.15
		})
	}
}

func (s *sculptor) skull() {
	e := 0.75 * s.px()
	s.each(s.all(), func(i int, x, y float32) {
		if y < -1.02 || y > s.k.Chin+0.02 || abs(x) > s.k.Width+0.02 {
			return
		}
		if cover := step(-e, e, s.inside(x, y)); cover > 0 {
			s.z[i] = lerp(s.z[i], 0.06+s.dome(x, y), cover)
			s.cover(i, s.skin, cover)
			s.g[i] = 0.17
		}
	})
}

// features raises the relief of the face.
func (s *sculptor) features() {
	k := s.k
	smile := s.e.smile
	s.bump(0, -0.52, 0.34, 0.17, 0.030) // forehead
	s.bump(0, k.Chin-0.13, 0.13, 0.085, 0.045)
	s.bump(0, k.MouthY+k.LipLow+0.055, 0.13, 0.032, -0.030)
	for _, m := range []float32{-1, 1} {
		s.bump(m*k.EyeX, k.BrowY+0.015, 0.15, 0.050, 0.022*k.Socket)
		s.bump(m*(k.EyeX-0.02), k.EyeY-0.015, 0.155, 0.095, -0.070*k.Socket)
		s.bump(m*k.EyeX, k.EyeY+0.005, k.EyeW*0.80, 0.068, 0.052)
		s.bump(m*(k.EyeX+0.10), 0.26-0.03*smile, 0.15, 0.11, 0.030*k.Cheek+0.022*smile)
		s.bump(m*(k.EyeX+0.13), 0.52, 0.12, 0.13, -0.028*k.Cheek)
		s.bump(m*(k.Width-0.05), -0.30, 0.08, 0.20, -0.02)
		// The fold from the wing of the nose to the corner of the mouth.
		s.crease([2]float32{m * (k.NoseW + 0.02), k.NoseY - 0.03},
			[2]float32{m * (k.MouthW + 0.07), k.NoseY + 0.04},
			[2]float32{m * (k.MouthW + 0.08 + 0.02*smile), k.MouthY + 0.04}, 0.022, -0.004-0.016*k.Age-0.014*smile)
		s.crease([2]float32{m * (k.EyeX - k.EyeW*0.9), k.EyeY + k.EyeOpen*0.9 + 0.03},
			[2]float32{m * k.EyeX, k.EyeY + k.EyeOpen + 0.105},
			[2]float32{m * (k.EyeX + k.EyeW), k.EyeY + k.EyeOpen + 0.05}, 0.016, -0.003-0.013*k.Age-0.003*smile)
	}
	s.nose()
	if k.Age > 0.3 {
		for j := range 3 {
			y := -0.36 - 0.10*float32(j)
			s.crease([2]float32{-0.34, y + 0.02}, [2]float32{0.02 * float32(j), y - 0.05}, [2]float32{0.34, y + 0.02}, 0.009, -0.010*(k.Age-0.3))
		}
		for _, m := range []float32{-1, 1} {
			for j := range 3 {
				x := k.EyeX + k.EyeW + 0.03
				d := 0.045 * float32(j-1)
				s.crease([2]float32{m * x, k.EyeY + d*0.4}, [2]float32{m * (x + 0.05), k.EyeY + d}, [2]float32{m * (x + 0.11), k.EyeY + d*1.8}, 0.007, -0.008*(k.Age-0.2))
			}
		}
	}
}

func (s *sculptor) nose() {
	k := s.k
	top := k.EyeY - 0.10
	s.each(box{-0.4, top - 0.1, 0.4, k.NoseY + 0.12}, func(i int, x, y float32) {
		t := (y - top) / (k.NoseY - top)
		if t < 0 {
			return
		}
		end := step(1.24, 0.80, t-0.06*abs(x)/k.NoseW) // the base turns under
		w := lerp(k.NoseBridge, 0.58*k.NoseW, step(0.2, 1, t))
		h := k.NoseOut * (0.035 + 0.135*pow(clamp01(t), 1.15)) * end * step(0, 0.25, t)
		s.z[i] += h * exp(-0.5*sq(x/w))
	})
	s.bump(0, k.NoseY-0.055, 0.070*k.NoseTip, 0.060*k.NoseTip, 0.050*k.NoseTip)
	for _, m := range []float32{-1, 1} {
		s.bump(m*k.NoseW*0.78, k.NoseY-0.035, 0.040, 0.045, 0.052)
		s.crease([2]float32{m * (k.NoseW + 0.002), k.NoseY - 0.085}, [2]float32{m * (k.NoseW + 0.028), k.NoseY - 0.03},
			[2]float32{m * (k.NoseW - 0.01), k.NoseY + 0.015}, 0.011, -0.016)
		s.crease([2]float32{m * 0.035, k.NoseY + 0.05}, [2]float32{m * 0.03, k.NoseY + 0.09}, [2]float32{m * 0.045, k.MouthY - k.LipUp}, 0.014, 0.007)
	}
}

// complexion paints the skin: warmth, pores, freckles, nostrils.
func (s *sculptor) complexion() {
	k := s.k
	warm := rgb{min(1, s.skin.r*1.06), s.skin.g * 0.66, s.skin.b * 0.60}
	s.tint(0, k.NoseY-0.06, 0.12, 0.10, warm, 0.30)
	s.tint(0, k.Chin-0.12, 0.20, 0.10, warm, 0.12)
	cool := rgb{s.skin.r * 0.72, s.skin.g * 0.66, s.skin.b * 0.68}
	for _, m := range []float32{-1, 1} {
		s.tint(m*(k.EyeX+0.10), 0.32, 0.17, 0.13, warm, 0.18+0.45*k.Blush)
		s.tint(m*(k.EyeX-0.01), k.EyeY-0.02, 0.18, 0.10, cool, 0.45)
		s.tint(m*(k.EyeX-0.03), k.EyeY+k.EyeOpen+0.05, 0.12, 0.035, cool, 0.15+0.30*k.Age)
		s.multiply(m*k.NoseW*0.50, k.NoseY+0.006, 0.036, 0.015, rgb{0.16, 0.07, 0.06}, 0.9)
	}
	s.multiply(0, k.NoseY+0.040, k.NoseW*0.9, 0.025, rgb{0.62, 0.50, 0.48}, 0.20)
	s.multiply(0, k.MouthY+k.LipLow+0.05, 0.13, 0.03, rgb{0.6, 0.5, 0.48}, 0.35)
	s.each(s.all(), func(i int, x, y float32) {
		if s.a[i] <= 0 {
			return
		}
		m := 1 + 0.07*(fbm(x*7, y*7, s.seed)-0.5) + 0.05*(noise(x*60, y*60, s.seed+9)-0.5)
		s.c[i] = s.c[i].scale(m)
		if k.Freckles > 0 && y > -0.15 && y < 0.5 {
			spot := step(0.80, 0.88, noise(x*38, y*38, s.seed+21)) * exp(-sq((y-0.2)/0.18))
			s.c[i] = s.c[i].mix(rgb{s.skin.r * 0.62, s.skin.g * 0.46, s.skin.b * 0.38}, 0.55*k.Freckles*spot)
		}
	})
}

// mouth models and paints the lips; a smile widens them and lifts their corners.
func (s *sculptor) mouth() {
	k, smile := s.k, s.e.smile
	w := k.MouthW * (1 + 0.16*smile)
	up, low := k.LipUp*(1-0.15*smile), k.LipLow*(1-0.12*smile)
	colour := s.skin.mix(rgb{s.skin.r * 0.86, s.skin.g * 0.48, s.skin.b * 0.46}, 0.8).mix(hex(k.Lips), 0.15+0.65*k.Lipstick)
	soft := 0.010 + s.px()
	s.each(box{-w - 0.08, k.MouthY - 0.25, w + 0.08, k.MouthY + 0.25}, func(i int, x, y float32) {
		t := min(abs(x)/w, 1.3)
		line := k.MouthY + 0.012 - (0.022+0.045*smile)*t*t - 0.010*exp(-sq(x/0.05)) // where the lips meet
		f := 1 - min(t, 1)*min(t, 1)
		top := line - up*pow(f, 0.75)*(1-0.22*exp(-sq(x/(0.20*w)))+0.10*exp(-sq((t-0.28)/0.16)))
		bottom := line + low*pow(f, 0.62)
		in := step(-soft, soft, y-top) * step(-soft, soft, bottom-y) * step(1.02, 0.90, t)
		if in > 0 {
			c := colour
			if y < line {
				c = c.scale(0.80) // the upper lip looks down
			}
			s.c[i] = s.c[i].mix(c.scale(1-0.10*noise(x*55, y*9, s.seed+31)), in*0.92)
			s.g[i] = lerp(s.g[i], 0.35+0.35*k.Lipstick, in)
			if y > line {
				q := (y - line) / max(low*pow(f, 0.62), 1e-3)
				s.z[i] += in * 0.040 * sqrt(max(0, f)) * 4 * q * (1 - min(q, 1)) * (1.2 - 0.4*q)
			} else {
				q := (line - y) / max(up*pow(f, 0.75), 1e-3)
				s.z[i] += in * 0.022 * sqrt(max(0, f)) * (1 - 0.6*q)
			}
		}
		crack := exp(-sq((y-line)/(0.006+0.005*f+0.4*s.px()))) * step(1.10, 0.85, t)
		s.c[i] = s.c[i].mix(rgb{0.055, 0.016, 0.014}, 0.80*crack)
		s.z[i] -= 0.016 * crack
		s.g[i] *= 1 - crack
	})
	for _, m := range []float32{-1, 1} {
		s.multiply(m*(w+0.01), k.MouthY-0.035*smile+0.01, 0.022, 0.018, rgb{0.5, 0.38, 0.36}, 0.5)
	}
}
