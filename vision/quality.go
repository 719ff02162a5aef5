package vision

import (
	"image"
	"math"

	"agentid/app/domain"
)

// Gate is what a face must satisfy before it is worth encoding.
type Gate struct {
	MinFace      int     // pixels, shorter side of the box
	MinLight     float64 // mean luma of the face, 0..255
	MinSharpness float64 // variance of the Laplacian, see Sharpness
	MaxTurn      float64 // radians of yaw or pitch, where landmarks tell it
}

// DefaultGate suits a VGA picture of people at 0.5 to 1.5 m. The figures come
// from `go test ./vision/opencv -run Gate -v`, see docs/ACCURACY.md.
func DefaultGate() Gate {
	return Gate{MinFace: 72, MinLight: 48, MinSharpness: 20, MaxTurn: 0.6}
}

// Quality is what the gate measured. The measures after the first that fails
// are not taken: they stay 0.
type Quality struct {
	Side      int     // pixels, shorter side of the box
	Light     float64 // mean luma, 0..255
	Sharpness float64
	Turn      float64 // the larger of |yaw| and |pitch|, radians; 0 when unknown
	// Score ranks frames of one face, 0..1; 0 when refused.
	Score float64
	// Reason is empty when the face passes; Guide is what would mend it.
	Reason domain.Reason
	Guide  domain.Guide
}

// Measure judges one face of a picture. The reason for a face that is turned
// away is ReasonUndecided, with GuideLookAhead.
func (g Gate) Measure(img *image.RGBA, f Face) Quality {
	q := Quality{Side: min(f.Box.Dx(), f.Box.Dy())}
	if q.Side < g.MinFace {
		q.Reason, q.Guide = domain.ReasonTooSmall, domain.GuideCloser
		return q
	}
	// The middle of the box: skin and features, no background.
	in := f.Box.Inset(q.Side / 6).Intersect(img.Rect)
	if in.Dx() < 16 || in.Dy() < 16 { // mostly outside of the picture
		q.Reason, q.Guide = domain.ReasonTooSmall, domain.GuideCloser
		return q
	}
	grey, w, h := luma(img, in)
	q.Light, q.Sharpness = lightAndSharpness(grey, w, h)
	if q.Light < g.MinLight {
		q.Reason, q.Guide = domain.ReasonTooDark, domain.GuideLight
		return q
	}
	if q.Sharpness < g.MinSharpness {
		q.Reason, q.Guide = domain.ReasonTooBlurred, domain.GuideHoldStill
		return q
	}
	if p, ok := EstimatePose(f.Landmarks); ok {
		q.Turn = max(math.Abs(p.Yaw), math.Abs(p.Pitch))
		if q.Turn > g.MaxTurn {
			q.Reason, q.Guide = domain.ReasonUndecided, domain.GuideLookAhead
			return q
		}
	}
	size := math.Min(1, float64(q.Side)/(2*float64(g.MinFace)))
	sharp := math.Min(1, q.Sharpness/(4*g.MinSharpness))
	light := math.Min(1, math.Min(q.Light-g.MinLight/2, 255-q.Light)/60)
	q.Score = math.Max(0.01, size*math.Sqrt(sharp)*math.Max(0.2, light)*math.Cos(q.Turn))
	return q
}

// gateSide is about the size at which encoders see a face: focus is judged
// there, whatever the size in the picture.
const gateSide = 112

// luma is a part of the picture in grey, reduced by a whole factor to about
// gateSide by averaging; Rec. 601.
func luma(img *image.RGBA, r image.Rectangle) (grey []uint8, w, h int) {
	step := max(1, min(r.Dx(), r.Dy())/gateSide)
	w, h = r.Dx()/step, r.Dy()/step
	grey = make([]uint8, w*h)
	for y := range h {
		for x := range w {
			var sum int
			for dy := range step {
				i := img.PixOffset(r.Min.X+x*step, r.Min.Y+y*step+dy)
				row := img.Pix[i : i+4*step : i+4*step]
				for ; len(row) >= 4; row = row[4:] {
					sum += 299*int(row[0]) + 587*int(row[1]) + 114*int(row[2])
				}
			}
			grey[y*w+x] = uint8(sum / (1000 * step * step))
		}
	}
	return grey, w, h
}

// lightAndSharpness is the mean, and the variance of the 4-neighbour Laplacian
// scaled to a face of mean light 128, so that a dim face in focus does not
// count as blurred (Pech-Pacheco et al. 2000).
func lightAndSharpness(grey []uint8, w, h int) (light, sharpness float64) {
	var sum, lap, lap2 float64
	for _, v := range grey {
		sum += float64(v)
	}
	light = sum / float64(len(grey))
	for y := 1; y < h-1; y++ {
		for x := 1; x < w-1; x++ {
			i := y*w + x
			l := float64(4*int(grey[i]) - int(grey[i-1]) - int(grey[i+1]) - int(grey[i-w]) - int(grey[i+w]))
			lap += l
			lap2 += l * l
		}
	}
	n := float64((w - 2) * (h - 2))
	mean := lap / n
	gain := 128 / math.Max(light, 16)
	return light, (lap2/n - mean*mean) * gain * gain
}
