package cast

import "math"

// lock is one point of the hair: how much of it there is, its height, and the
// coordinates along which its strands run.
type lock struct {
	cover, z float32
	flow
	// Where hair turns from one way to another, fall of it runs along next.
	next flow
	fall float32
}

// flow is a place in the hair, across the strands and along them.
type flow struct{ across, along float32 }

// grain is the fine and the broad structure of the strands at f.
func (f flow) grain(seed uint32) (fine, broad float32) {
	return noise(f.across*46, f.along*2.2, seed+61), fbm(f.across*11, f.along*1.3, seed+63)
}

// hair lays the hair over the skull.
func (s *sculptor) hair() {
	if s.k.Style == Bald {
		return
	}
	s.each(s.all(), func(i int, x, y float32) {
		if l := s.lock(x, y); l.cover > 0 {
			s.strand(i, l, x, y)
		}
	})
}

// strand paints one pixel of hair.
func (s *sculptor) strand(i int, l lock, x, y float32) {
	k := s.k
	fine, broad := l.grain(s.seed)
	if l.fall > 0 {
		f, b := l.next.grain(s.seed)
		fine, broad = lerp(fine, f, l.fall), lerp(broad, b, l.fall)
	}
	m := 0.55 + 0.50*fine + 0.45*(broad-0.5)
	if k.Style == Curly || k.Style == Afro {
		m = 0.45 + 0.55*fbm(x*15, y*15, s.seed+65) + 0.35*noise(x*34, y*34, s.seed+66)
	}
	c := hex(k.Hair)
	// Fine hair shows the light through at its edge.
	c = c.mix(rgb{c.r*1.5 + 0.02, c.g*1.35 + 0.012, c.b*1.2 + 0.008}, 0.35*fine).scale(m)
	grain := 0.020*broad + 0.008*fine
	if k.Style == Curly || k.Style == Afro {
		grain = 0.03 * m
	}
	s.z[i] = lerp(s.z[i], l.z+grain, min(1, l.cover*1.2))
	s.cover(i, c, l.cover)
	s.g[i] = lerp(s.g[i], 0.16*fine, l.cover)
}

// lock says what hair is at a point of the head, seen from the front.
func (s *sculptor) lock(x, y float32) lock {
	k := s.k
	switch k.Style {
	case Long, Bob:
		return s.longHair(x, y)
	case Afro:
		return s.afro(x, y)
	}
	return s.shortHair(x, y)
}

// hairline is where the forehead ends at x.
func (s *sculptor) hairline(x float32) float32 {
	k := s.k
	y := k.Hairline + 0.16*sq(x/k.Width)
	if k.Fringe > 0 {
		y = lerp(y, k.BrowY-0.085+0.05*sq(x/0.4), k.Fringe*step(0.95, 0.70, abs(x)))
	}
	switch k.Style {
	case Long, Bob, Bun:
		// Drawn aside from the parting like a curtain.
		open := k.Hairline - 0.13 + 0.62*abs(x-0.6*k.Part)
		y = lerp(open, y, step(0.2, 0.6, k.Fringe))
	case Receding:
		y -= 0.16*exp(-sq((abs(x)-0.34)/0.13)) + 0.03
	case SidePart:
		y += 0.10 * (x - k.Part) * sign(-k.Part) * 0.9
	case Buzz:
		y += 0.02
	}
	return y
}

func sign(v float32) float32 {
	if v < 0 {
		return -1
	}
	return 1
}

// shell is the outline of the hair: distance inward, and its height.
func (s *sculptor) shell(x, y, thick, top float32) (in, z float32) {
	rx, up := s.k.Width+thick, 1.0+top
	ry := float32(0.95)
	if y < -0.1 {
		ry = up - 0.1
	}
	qx, qy := abs(x)/rx, abs(y+0.1)/ry
	q := bulge(qx) + bulge(qy)
	return (1 - pow(q, 1/2.25)) * min(rx, ry), (s.k.Depth + 0.55*thick) * sqrt(max(0, 1-q))
}

// polar are coordinates about the point the hair grows from.
func polar(x, y, cx, cy float32) (across, along float32) {
	dx, dy := x-cx, y-cy
	return float32(math.Atan2(float64(dx), float64(dy))), sqrt(dx*dx + dy*dy)
}

func (s *sculptor) shortHair(x, y float32) lock {
	k := s.k
	thick, top := 0.045*k.Volume, 0.10*k.Volume
	side := float32(0.16) // how far down the temples
	edge := float32(0.05)
	switch k.Style {
	case Buzz:
		thick, top, edge = 0.012, 0.030, 0.03
	case Receding:
		thick, top = 0.030, 0.035
	case Curly:
		thick, top, edge = 0.085*k.Volume, 0.19*k.Volume, 0.07
	case Bun:
		thick, top, side, edge = 0.020, 0.045, 0.02, 0.03
	case SidePart:
		// Swept over from the parting, higher beyond it.
		top += 0.05 * k.Volume * exp(-sq((x-k.Part+0.45*sign(k.Part))/0.35))
	}
	if y > 0.5 {
		return lock{}
	}
	across, along := polar(x, y, k.Part*0.6, -0.70)
	if k.Style == SidePart {
		across, along = (y+0.6*x*sign(k.Part))*1.1, x
	}
	wob := noise(across*14, along*3, s.seed+71) - 0.5
	if k.Style == Curly {
		wob = 1.6 * (fbm(x*9, y*9, s.seed+72) - 0.5)
	}
	in, z := s.shell(x, y, thick, top)
	in += wob * edge * 0.6
	e := 0.7*s.px() + 0.006
	cover := step(-e, e, in)
	bun := float32(0)
	if k.Style == Bun {
		bun, z = s.bun(x, y, z)
	}
	if cover <= 0 && bun <= 0 {
		return lock{}
	}
	// Below the hairline, and inside the temples, is skin.
	down := s.hairline(x) + wob*edge - y
	fade := 0.016 + 0.6*s.px()
	if k.Style == Buzz {
		fade = 0.045
	}
	brow := step(-fade, fade, down)
	temple := s.out.at(max(y, -0.62)) - 0.055 - 0.035*k.Volume*step(-0.5, -0.1, y) + 0.05*step(-0.1, side, y)
	if k.Style == Bun {
		temple = s.out.at(max(y, -0.62)) - 0.03
	}
	beside := step(-fade, fade, abs(x)-temple+wob*edge*0.5) * step(side+0.03, side-0.03, y+wob*0.05)
	m := max(brow, beside) * cover
	density := float32(1)
	switch k.Style {
	case Buzz:
		density = 0.80 + 0.15*noise(x*90, y*90, s.seed+75)
	case Receding:
		density = lerp(0.93, 0.55, step(-0.62, -0.80, y)*step(0.5, 0.2, abs(x)))
	}
	return lock{cover: max(m*density, bun), z: z, flow: flow{across, along}}
}

// bun is the knot above the crown.
func (s *sculptor) bun(x, y, z float32) (cover, height float32) {
	r := 0.25 * s.k.Volume
	cy := float32(-1.16)
	q := sqrt(sq(x/(r*1.12)) + sq((y-cy)/r))
	cover = step(1.03, 0.97, q+0.04*(noise(x*14, y*14, s.seed+77)-0.5))
	if cover > 0 && y < -0.98 {
		return cover, 0.16 + 0.22*sqrt(max(0, 1-q*q)) + 0.02*noise(x*9+y*16, y*3, s.seed+78)
	}
	return 0, z
}

func (s *sculptor) longHair(x, y float32) lock {
	k := s.k
	end := float32(1.72)
	if k.Style == Bob {
		end = 0.98 + 0.05*k.Volume
	}
	thick, top := 0.13*k.Volume, 0.12*k.Volume
	across, along := polar(x, y, k.Part*0.7, -0.98)
	across *= 1.1
	wave := 0.03 * k.Volume * float32(math.Sin(float64(y*5.2+1.3*x)))
	wob := noise(across*12, along*2.5, s.seed+81) - 0.5
	e := 0.7*s.px() + 0.005
	in, z := s.shell(x, y, thick, top)
	if y > 0 {
		// From the ears down it falls as a curtain.
		outer := k.Width + thick + (0.02+wave*sign(x))*step(0, 0.5, y)
		if k.Style == Bob {
			outer += 0.05*step(0, 0.7, y) - 0.10*step(0.75, 1.0, y)
		} else {
			outer += 0.06*step(0, 1.2, y) - 0.30*step(1.1, 1.8, y)
		}
		d := outer - abs(x) + wob*0.03
		inner := s.out.at(min(y, 0.42)) - 0.12
		in = lerp(in, min(d, end-y+0.10*wob), step(0, 0.1, y))
		w := clamp01((abs(x) - inner) / (outer - inner))
		z = lerp(z, 0.10+0.20*sqrt(max(0, 1-sq(2*w-1))), step(0, 0.5, y))
	}
	cover := step(-e, e, in)
	if cover <= 0 {
		return lock{}
	}
	down := s.hairline(x) + wob*0.05*(0.4+k.Fringe) - y
	brow := step(-0.014-s.px(), 0.014+s.px(), down)
	// The parting: the hair opens like a curtain around the face.
	open := s.out.at(min(max(y, -0.55), 0.42)) - 0.075 - 0.045*step(-0.45, 0.1, y) + 0.03*k.Part*sign(x)
	if y > 0.42 {
		open += 0.02 * (y - 0.42)
	}
	beside := step(-0.012-s.px(), 0.012+s.px(), abs(x)-open-wave*0.5+wob*0.035)
	if k.Fringe < 0.5 {
		// Swept from the parting towards the temples.
		across, along = polar(x, y, 0.6*k.Part, -1.25)
		across *= 1.6
	}
	return lock{
		cover: max(brow, beside) * cover, z: z, flow: flow{across, along},
		next: flow{x + wave*0.6, y}, fall: step(-0.40, 0.15, y),
	}
}

func (s *sculptor) afro(x, y float32) lock {
	k := s.k
	r := k.Width + 0.30*k.Volume
	cy := float32(-0.40)
	curl := fbm(x*11, y*11, s.seed+85) - 0.5
	q := sqrt(sq(x/r)+sq((y-cy)/(0.78+0.18*k.Volume))) + 0.07*curl
	cover := step(1.02, 0.96, q)
	if cover <= 0 || y > 0.42 {
		return lock{}
	}
	cover *= step(0.42, 0.30, y)
	brow := step(-0.03, 0.03, s.hairline(x)+0.09*curl-y)
	beside := step(-0.03, 0.03, abs(x)-(s.out.at(max(y, -0.62))-0.05)+0.07*curl)
	z := 0.15 + 0.55*sqrt(max(0, 1-q*q)) + 0.07*curl
	if cover > 0 && y < 0.1 {
		z = max(z, s.dome(x, y)+0.08+0.07*curl)
	}
	return lock{cover: max(brow, beside) * cover, z: z, flow: flow{x, y}}
}

// backBox is what the hair behind the neck covers; empty where there is none.
func backBox(k *Look) (box, bool) {
	switch k.Style {
	case Long:
		return box{-1, 0.25, 1, 1.875}, true
	case Bob:
		return box{-1, 0.25, 1, 1.1875}, true
	}
	return box{}, false
}

// back models the hair behind neck and face.
func back(p *Person, b box, ppu float32) *relief {
	s := newSculptor(p, b, ppu)
	end := b.y1 - 0.25
	s.each(b, func(i int, x, y float32) {
		w := s.k.Width - 0.06
		cover := step(-0.02, 0.02, w-abs(x)) * step(-0.04, 0.04, end-y)
		if cover > 0 {
			s.strand(i, lock{cover: cover, z: 0.1, flow: flow{x, y}}, x, y)
			s.c[i] = s.c[i].scale(0.38)
			s.g[i] = 0
		}
	})
	return s.relief
}

// beard grows on lip, chin and jaw.
func (s *sculptor) beard() {
	k := s.k
	if k.Beard == Shaven {
		return
	}
	c := hex(k.BeardC).scale(0.8)
	line := k.MouthY + 0.012
	s.each(box{-1, 0, 1, k.Chin + 0.2}, func(i int, x, y float32) {
		ax := abs(x)
		in := s.inside(x, y)
		n := noise(x*42, y*20, s.seed+91)
		// The moustache, from under the nose to past the corners.
		droop := 0.05*sq(x/k.MouthW) + 0.02
		lip := step(0.010, -0.030, k.NoseY+0.075+0.06*sq(x/k.MouthW)-y) *
			step(0.012, -0.016, y-(line-k.LipUp*0.75+droop)) * step(k.MouthW*1.28, k.MouthW*1.0, ax)
		// Mouth and the ground round it stay free.
		free := step(0.95, 1.15, sqrt(sq(x/(k.MouthW*1.12))+sq((y-line-0.012)/(k.LipLow+0.045))))
		cheek := 0.30 + 0.62*step(k.Width*0.98, k.MouthW*0.9, ax)*0.62 // upper edge
		jaw := step(-0.05, 0.05, y-cheek+0.06*(n-0.5)) * free
		var m float32
		grow := float32(0)
		switch k.Beard {
		case Stubble:
			m = 0.42 * max(jaw, lip) * step(-0.01, 0.02, in) * (0.6 + 0.8*noise(x*85, y*85, s.seed+92))
		case Moustache:
			m = 0.95 * lip
		case Goatee:
			chin := free * step(0.05, -0.05, sqrt(sq(x/(k.MouthW*1.12))+sq((y-line-0.10)/0.36))-1+0.1*(n-0.5)) * step(line-0.12, line+0.05, y)
			m, grow = 0.95*max(chin, lip), 0.03
		case FullBeard:
			m, grow = 0.97*max(jaw, lip), 0.085
		}
		if grow > 0 {
			e := 0.02 + s.px()
			m *= step(-grow-e, -grow+e, in+0.05*(n-0.5))
		} else if in < 0 {
			return
		}
		if m <= 0 {
			return
		}
		if in < 0.05 && grow > 0 {
			s.z[i] = max(s.z[i], 0.16+0.5*(in+grow))
		}
		if k.Beard != Stubble {
			s.z[i] += 0.025*m + 0.014*m*n
		}
		s.cover(i, c.scale(0.5+0.75*n), min(m, 1))
		s.g[i] *= 1 - m
	})
}
