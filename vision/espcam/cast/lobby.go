package cast

import (
	"image"
	"math"
)

// lobbyPicture draws a bank's lobby out of focus, in RGBA: a tall window, a
// counter of wood, a wall in the house colour, lamps, a plant.
func lobbyPicture(w, h int) []uint8 {
	// Out of focus there is no detail: draw small and enlarge.
	sw, sh := 320, min(max(320*h/w, 2), 320)
	px := make([]rgb, sw*sh)
	aspect := float32(w) / float32(h)
	for y := range sh {
		for x := range sw {
			// u from the middle in picture heights, v from the top.
			u := (float32(x)+0.5)/float32(sw)*aspect - aspect/2
			v := (float32(y) + 0.5) / float32(sh)
			px[y*sw+x] = lobbyColour(u, v)
		}
	}
	defocus(px, sw, sh, max(1, sh/70))
	out := make([]uint8, 4*w*h)
	m := &image.RGBA{Pix: out, Stride: 4 * w, Rect: image.Rect(0, 0, w, h)}
	for y := range h {
		fy := min(max((float32(y)+0.5)*float32(sh)/float32(h)-0.5, 0), float32(sh-1)-1e-3)
		iy := int(fy)
		for x := range w {
			fx := min(max((float32(x)+0.5)*float32(sw)/float32(w)-0.5, 0), float32(sw-1)-1e-3)
			ix := int(fx)
			i := iy*sw + ix
			c := px[i].mix(px[i+1], fx-float32(ix)).mix(px[i+sw].mix(px[i+sw+1], fx-float32(ix)), fy-float32(iy))
			o := m.PixOffset(x, y)
			// Ordered dither keeps the wide gradients free of bands.
			d := (lattice(int32(x), int32(y), 5) - 0.5) / 255
			out[o], out[o+1], out[o+2], out[o+3] = encode(c.r+d*c.r), encode(c.g+d*c.g), encode(c.b+d*c.b), 255
		}
	}
	return out
}

// lobbyColour is the lobby at u (from the middle) and v (from the top), both in
// picture heights.
func lobbyColour(u, v float32) rgb {
	wall := hex(0xC9CEC9).mix(hex(0xAEB7B4), clamp01(v*0.9))
	c := wall.scale(0.82 + 0.30*exp(-sq((u+0.75)/0.6)))
	in := func(x0, y0, x1, y1, soft float32) float32 {
		return step(x0-soft, x0+soft, u) * step(x1+soft, x1-soft, u) * step(y0-soft, y0+soft, v) * step(y1+soft, y1-soft, v)
	}
	// Ceiling with a warm cove.
	c = c.mix(hex(0xE4E3DC), step(0.09, 0.05, v))
	c = c.mix(hex(0xF3DDB4), 0.5*exp(-sq((v-0.085)/0.018)))
	// The house wall behind the counter, with its panel lines.
	panel := hex(0x2E7A79).scale(0.72 + 0.22*step(0.6, 0.1, v))
	c = c.mix(panel, in(0.20, 0.115, 2, 0.66, 0.006))
	for i := range 6 {
		if u < 0.2 {
			break
		}
		x := 0.33 + 0.13*float32(i)
		c = c.scale(1 - 0.20*exp(-sq((u-x)/0.006))*in(0.2, 0.12, 2, 0.66, 0.004))
	}
	// The window: daylight, a hint of trees and of the street.
	if g := in(-2, 0.13, -0.30, 0.70, 0.006); g > 0 {
		day := hex(0xF4F8FB).mix(hex(0xC9DDE6), step(0.15, 0.5, v))
		leaf := fbm(u*6+3, v*7, 77)
		day = day.mix(hex(0x9DB88F), 0.65*step(0.48, 0.62, leaf)*step(0.30, 0.45, v))
		day = day.mix(hex(0xB9B4AB), 0.7*step(0.56, 0.60, v))
		c = c.mix(day.scale(1.05), g)
		for _, x := range []float32{-0.30, -0.56, -0.82} {
			c = c.mix(hex(0x566064), 0.85*exp(-sq((u-x)/0.011))*step(0.11, 0.14, v)*step(0.72, 0.69, v))
		}
		c = c.mix(hex(0x566064), 0.6*exp(-sq((v-0.30)/0.007))*g)
	}
	// Floor, with the window's light on it.
	if f := step(0.715, 0.735, v); f > 0 {
		floor := hex(0xB6AB9B).mix(hex(0x8C8378), clamp01((v-0.73)/0.3))
		floor = floor.mix(hex(0xE9E6DC), 0.55*exp(-sq((u+0.55-0.4*(v-0.75))/0.20)))
		c = c.mix(floor, f)
	}
	// The counter.
	if b := in(0.16, 0.585, 2, 0.86, 0.006); b > 0 {
		wood := hex(0xA8794C).scale(0.70 + 0.25*noise(u*3, v*70, 31) + 0.15*step(0.86, 0.6, v))
		wood = wood.mix(hex(0xE8E4DB), in(0.14, 0.575, 2, 0.612, 0.005))
		c = c.mix(wood, b)
	}
	// Lamps over the counter, out of focus.
	for i := range 3 {
		if u < -0.1 || v > 0.6 { // beyond their glow
			break
		}
		x, y := 0.33+0.20*float32(i), float32(0.245)
		c = c.mix(hex(0x3A3F42), 0.55*exp(-sq((u-x)/0.003))*step(0.23, 0.22, v))
		d := sqrt(sq(u-x) + sq(v-y))
		c = c.mix(hex(0xFFF0CE).scale(1.1), step(0.034, 0.024, d))
		k := 0.28 * exp(-sq(d/0.10))
		c = rgb{c.r + k, c.g + 0.85*k, c.b + 0.6*k}
	}
	// A plant by the window.
	px, py := u+0.235, v-0.575
	for i := range 11 {
		if abs(px) > 0.3 || py > 0.1 || py < -0.25 {
			break
		}
		a := float64(i-5) * 0.25
		long := 0.27 - 0.05*lattice(int32(i), 3, 9) - 0.03*float32(math.Abs(a))
		sin, cos := float32(math.Sin(a)), float32(math.Cos(a))
		along := (px*sin - (py-0.06)*cos) / long
		if along <= 0 || along >= 1 {
			continue
		}
		across := abs(px*cos+(py-0.06)*sin) / (0.034 * float32(math.Sin(math.Pi*math.Pow(float64(along), 1.4))))
		c = c.mix(hex(0x47774E).scale(0.55+0.75*lattice(int32(i), 7, 15)), 0.92*step(1.15, 0.85, across))
	}
	c = c.mix(hex(0xD8D2C6).scale(0.75+0.3*step(0.05, -0.05, px)), in(-0.30, 0.62, -0.17, 0.765, 0.008))
	return c
}

func defocus(px []rgb, w, h, n int) {
	a, b := make([]float32, len(px)), make([]float32, len(px))
	for c := range 3 {
		at := func(p *rgb) *float32 { return [...]*float32{&p.r, &p.g, &p.b}[c] }
		for i := range px {
			a[i] = *at(&px[i])
		}
		for range 2 {
			boxBlur(b, a, w, h, 1, w, n)
			boxBlur(a, b, h, w, w, 1, n)
		}
		for i := range px {
			*at(&px[i]) = a[i]
		}
	}
}
