package qr

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	qrcode "github.com/skip2/go-qrcode"

	"agentid/vision/espcam/cast"
)

// payload is of the length and alphabet of a badge's token.
const payload = "AGID:O72BBP*D1YALS7JIZOJ92T$NU9UTK404D$RLS7J4$OR/DRBGQJ3YX7Q2CAFE-$G6CJ95DW9J0001K0QCR+XIJ0VOC9Q7" +
	"SQL86$9/OJE-LKCOATB%9P9I4R%M%6VZ$EL0SKX1GCD2FMM/7K:OZQQ4*MV8FJ18CT4J+FV7O3I7%KSE0"

// view is how a badge is held before the camera.
type view struct {
	size   image.Point // of the frame
	module float64     // pixels a module
	roll   float64     // degrees, in the picture's plane
	turn   float64     // degrees, away from the camera about the upright
	blur   float64     // radius of a lens out of focus, in pixels
	noise  float64     // standard deviation in grey levels
	// contrast is what is left between dark and light: a worn print, a dim screen.
	contrast float64
	glare    float64 // radius of a burnt-out spot, in parts of the code's width
	light    float64
	quality  int // of the camera's JPEG
	negative bool
	level    qrcode.RecoveryLevel
}

func straight(module float64) view {
	return view{size: image.Pt(640, 480), module: module, contrast: 1, light: 1, quality: 80, level: qrcode.Medium}
}

const quiet = 4

// held draws the code as the card in the person's hand. It returns the card
// and its width in modules.
func held(t testing.TB, v view) (*image.RGBA, float64) {
	t.Helper()
	q, err := qrcode.New(payload, v.level)
	if err != nil {
		t.Fatal(err)
	}
	q.DisableBorder = true
	bits := q.Bitmap()
	n := len(bits) + 2*quiet
	const px = 12
	side := n * px
	dark, light := uint8(255*(1-v.contrast)), uint8(255)
	if v.negative {
		dark, light = light, dark
	}
	flat := image.NewRGBA(image.Rect(0, 0, side, side))
	draw.Draw(flat, flat.Rect, image.NewUniform(color.Gray{light}), image.Point{}, draw.Src)
	for y, row := range bits {
		for x, on := range row {
			if on {
				at := image.Rect(0, 0, px, px).Add(image.Pt((x+quiet)*px, (y+quiet)*px))
				draw.Draw(flat, at, image.NewUniform(color.Gray{dark}), image.Point{}, draw.Src)
			}
		}
	}
	if v.glare > 0 {
		burn(flat, v.glare*float64(len(bits)*px))
	}
	if v.turn != 0 {
		flat = turned(flat, v.turn*math.Pi/180)
	}
	return flat, float64(n)
}

// burn whitens a spot right of the middle, with a soft edge.
func burn(m *image.RGBA, radius float64) {
	cx, cy := 0.62*float64(m.Rect.Dx()), 0.45*float64(m.Rect.Dy())
	for i := 0; i < len(m.Pix); i += 4 {
		x, y := i/4%m.Rect.Dx(), i/4/m.Rect.Dx()
		a := min(max(1.5-math.Hypot(float64(x)-cx, float64(y)-cy)/radius, 0), 1)
		for c := range 3 {
			v := float64(m.Pix[i+c])
			m.Pix[i+c] = uint8(v + (255-v)*a)
		}
	}
}

// turned is a card turned about its upright, four of its widths from the lens.
func turned(m *image.RGBA, angle float64) *image.RGBA {
	side := m.Rect.Dx()
	out := image.NewRGBA(m.Rect)
	draw.Draw(out, out.Rect, image.White, image.Point{}, draw.Src)
	const away = 4.0
	for y := range side {
		for x := range side {
			u, w := float64(x)/float64(side)-0.5, float64(y)/float64(side)-0.5
			s := u * away / (away*math.Cos(angle) - u*math.Sin(angle))
			k := (away + s*math.Sin(angle)) / away
			sx, sy := int((s+0.5)*float64(side)), int((w*k+0.5)*float64(side))
			if image.Pt(sx, sy).In(m.Rect) && s > -0.5 {
				out.SetRGBA(x, y, m.RGBAAt(sx, sy))
			}
		}
	}
	return out
}

// frames draws a person of the cast who holds the badge up, as the camera
// would send them, n frames of it.
func frames(t testing.TB, v view, n int) []*image.RGBA {
	t.Helper()
	card, wide := held(t, v)
	const at = 3 * time.Second
	people := cast.Cast()[:1]
	pose := cast.NewScript(people).Present(at)[0].Pose
	face := pose.Scale * float64(v.size.Y)
	edge := float64(max(2, card.Rect.Dx()/24)) // that the card has around its picture
	width := v.module * wide * (1 + 2*edge/float64(card.Rect.Dx()))
	// As low as the chest, or as it fits into the picture.
	half := width / 2 * (math.Abs(math.Cos(v.roll*math.Pi/180)) + math.Abs(math.Sin(v.roll*math.Pi/180)))
	y := min(pose.Y*float64(v.size.Y)+cast.BeforeChest.Y*face, float64(v.size.Y)-half-6)
	place := cast.Place{
		X: cast.BeforeChest.X, Y: (y - pose.Y*float64(v.size.Y)) / face,
		Width: width / face, Tilt: v.roll * math.Pi / 180,
	}
	opts := []cast.Option{cast.WithProp(0, card, place)}
	if v.light != 1 {
		opts = append(opts, cast.WithLight(func(time.Duration) float64 { return v.light }))
	}
	s := cast.NewScript(people, opts...)
	r := rand.New(rand.NewPCG(1, 2))
	var out []*image.RGBA
	for i := range n {
		m := image.NewRGBA(image.Rectangle{Max: v.size})
		s.Draw(m, at+time.Duration(i)*137*time.Millisecond)
		soften(m, v.blur)
		if v.noise > 0 {
			for j := range m.Pix {
				if j%4 != 3 {
					m.Pix[j] = uint8(min(max(float64(m.Pix[j])+r.NormFloat64()*v.noise, 0), 255))
				}
			}
		}
		out = append(out, camera(t, m, v.quality))
	}
	return out
}

// soften blurs by a Gaussian of that standard deviation.
func soften(m *image.RGBA, sigma float64) {
	if sigma <= 0 {
		return
	}
	n := int(math.Ceil(3 * sigma))
	k := make([]float64, 2*n+1)
	sum := 0.0
	for i := range k {
		k[i] = math.Exp(-float64((i-n)*(i-n)) / (2 * sigma * sigma))
		sum += k[i]
	}
	w, h := m.Rect.Dx(), m.Rect.Dy()
	src := bytes.Clone(m.Pix)
	for _, d := range []image.Point{{1, 0}, {0, 1}} {
		for y := range h {
			for x := range w {
				for c := range 3 {
					s := 0.0
					for i, f := range k {
						sx, sy := min(max(x+d.X*(i-n), 0), w-1), min(max(y+d.Y*(i-n), 0), h-1)
						s += f * float64(src[4*(sy*w+sx)+c])
					}
					m.Pix[4*(y*w+x)+c] = uint8(s/sum + 0.5)
				}
			}
		}
		copy(src, m.Pix)
	}
}

// camera sends a picture through JPEG, as an ESP32-CAM does.
func camera(t testing.TB, m *image.RGBA, quality int) *image.RGBA {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: quality}); err != nil {
		t.Fatal(err)
	}
	d, err := jpeg.Decode(&b)
	if err != nil {
		t.Fatal(err)
	}
	draw.Draw(m, m.Rect, d, image.Point{}, draw.Src)
	return m
}
