package qr

import (
	"image"
	"math"
	"unicode/utf8"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode/decoder"
	"github.com/makiuchi-d/gozxing/qrcode/detector"

	"agentid/vision"
)

// maxFinders bounds the work on one picture: gozxing compares every three of
// what looks like a code's corner, which a hostile pattern makes slow.
const maxFinders = 100

// finder is what looked like the corner of a code, in pixels of the picture.
type finder struct{ x, y, module float64 }

// like tells whether two may be of one code: of about one size.
func (f finder) like(o finder) bool { return f.module < o.module*1.5 && o.module < f.module*1.5 }

func (f finder) alike(all []finder) (n int) {
	for _, o := range all {
		if f.like(o) {
			n++
		}
	}
	return n
}

// tooMany ends a search from within gozxing's callback.
type tooMany struct{}

// read looks for one code in a plane; where it reads none, seen is what looked
// like corners of one. gozxing answers with an error or a panic to what it
// cannot take: to us both are "no code".
func read(p *plane, negative bool) (r Result, seen []finder, ok bool) {
	defer func() {
		if recover() != nil {
			r, seen, ok = Result{}, nil, false
		}
	}()
	if p.w < 21 || p.h < 21 {
		return Result{}, nil, false
	}
	src, err := gozxing.NewPlanarYUVLuminanceSource(p.pix, p.w, p.h, 0, 0, p.w, p.h, false)
	if err != nil {
		return Result{}, nil, false
	}
	bits, err := gozxing.NewHybridBinarizer(src).GetBlackMatrix()
	if err != nil {
		return Result{}, nil, false
	}
	if negative {
		bits.FlipAll()
	}
	found := gozxing.ResultPointCallback(func(pt gozxing.ResultPoint) {
		f, ok := pt.(*detector.FinderPattern)
		if !ok {
			return
		}
		if len(seen) >= maxFinders {
			panic(tooMany{})
		}
		at := p.at(f.GetX(), f.GetY())
		seen = append(seen, finder{at.X, at.Y, f.GetEstimatedModuleSize() * p.scale})
	})
	hints := map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_NEED_RESULT_POINT_CALLBACK: found}
	found3, err := detector.NewDetector(bits).Detect(hints)
	if err != nil {
		return Result{}, seen, false
	}
	said, err := decoder.NewDecoder().Decode(found3.GetBits(), nil)
	if err != nil {
		return Result{}, seen, false
	}
	pts := found3.GetPoints()
	if len(pts) < 3 {
		return Result{}, seen, false
	}
	r = place(p, pts, found3.GetBits().GetWidth())
	if s := said.GetText(); len(s) <= MaxPayload && utf8.ValidString(s) {
		r.Payload = s
	}
	return r, nil, true
}

// place gives where a code of n modules lies whose finders' centres are pts:
// bottom left, top left, top right, each 3.5 modules from the edges.
func place(p *plane, pts []gozxing.ResultPoint, n int) Result {
	at := func(i int) vision.Point { return p.at(pts[i].GetX(), pts[i].GetY()) }
	bl, tl, tr := at(0), at(1), at(2)
	span := float64(n - 7) // modules between centres
	ux, uy := (tr.X-tl.X)/span, (tr.Y-tl.Y)/span
	vx, vy := (bl.X-tl.X)/span, (bl.Y-tl.Y)/span
	corner := func(u, v float64) vision.Point {
		return vision.Point{X: tl.X + u*ux + v*vx, Y: tl.Y + u*uy + v*vy}
	}
	far := float64(n) - 3.5
	r := Result{
		Corners: [4]vision.Point{corner(-3.5, -3.5), corner(far, -3.5), corner(far, far), corner(-3.5, far)},
		Module:  (math.Hypot(ux, uy) + math.Hypot(vx, vy)) / 2,
	}
	x0, y0, x1, y1 := math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)
	for _, c := range r.Corners {
		x0, y0, x1, y1 = min(x0, c.X), min(y0, c.Y), max(x1, c.X), max(y1, c.Y)
	}
	r.Region = image.Rect(int(math.Floor(x0)), int(math.Floor(y0)), int(math.Ceil(x1)), int(math.Ceil(y1)))
	return r
}
