package opencv

import (
	"image"
	"math"

	"agentid/vision"
)

// arcFace is where the five landmarks lie in a face aligned for recognition, in
// a square of 112 pixels (Deng et al. 2019).
func arcFace() [5]vision.Point {
	return [5]vision.Point{{X: 38.2946, Y: 51.6963}, {X: 73.5318, Y: 51.5014}, {X: 56.0252, Y: 71.7366}, {X: 41.5493, Y: 92.3655}, {X: 70.7299, Y: 92.2041}}
}

// similarity is the map z -> a*z + b of the plane: turn, scale, shift.
type similarity struct{ a, b complex128 }

// alignTo finds the similarity that brings the landmarks nearest to where
// ArcFace wants them in a square of that side: least squares, which for points
// in the plane is Umeyama's solution without its mirror image. False where they
// lie too close together to tell.
func alignTo(side int, lm [5]vision.Point) (similarity, bool) {
	k := float64(side) / 112
	var from, to [5]complex128
	var fromMean, toMean complex128
	for i, t := range arcFace() {
		from[i], to[i] = complex(lm[i].X, lm[i].Y), complex(k*t.X, k*t.Y)
		fromMean += from[i] / 5
		toMean += to[i] / 5
	}
	var num complex128
	var den float64
	for i := range from {
		f, t := from[i]-fromMean, to[i]-toMean
		num += complex(real(f), -imag(f)) * t
		den += real(f)*real(f) + imag(f)*imag(f)
	}
	if !(den > 5*4*4) || math.IsInf(den, 0) { // under 4 pixels from their middle
		return similarity{}, false
	}
	a := num / complex(den, 0)
	if m := math.Hypot(real(a), imag(a)); !(m > 1e-3 && m < 1e3) {
		return similarity{}, false
	}
	return similarity{a, toMean - a*fromMean}, true
}

// invert is the map back.
func (s similarity) invert() similarity { return similarity{1 / s.a, -s.b / s.a} }

// maxSub bounds the samples a side that make one pixel.
const maxSub = 8

// warp draws the picture, mapped by s, into three planes (R, G, B) of side x
// side: (v/255 - mean) / std, black outside. Bilinear, as encoders are trained; a
// face more than twice as large is averaged, so that it does not alias.
func warp(img *image.RGBA, s similarity, side int, mean, std [3]float32, out []float32) {
	back := s.invert()
	sub := 1
	if scale := math.Hypot(real(back.a), imag(back.a)); scale > 2 {
		sub = min(maxSub, int(math.Ceil(scale)))
	}
	n := side * side
	var gain, shift [3]float32
	for c := range 3 {
		gain[c] = 1 / (255 * std[c] * float32(sub*sub))
		shift[c] = -mean[c] / std[c]
	}
	step := 1 / float64(sub)
	for y := range side {
		for x := range side {
			var sum [3]float32
			for j := range sub {
				for i := range sub {
					// Centres of pixels: the whole numbers.
					u := float64(x) + (float64(i)+0.5)*step - 0.5
					v := float64(y) + (float64(j)+0.5)*step - 0.5
					sample(img, back.a*complex(u, v)+back.b, &sum)
				}
			}
			for c := range 3 {
				out[c*n+y*side+x] = sum[c]*gain[c] + shift[c]
			}
		}
	}
}

// sample adds the bilinear value at p, 0..255 a channel.
func sample(img *image.RGBA, p complex128, sum *[3]float32) {
	fx, fy := math.Floor(real(p)), math.Floor(imag(p))
	r := img.Rect
	if !(fx >= float64(r.Min.X)-1 && fy >= float64(r.Min.Y)-1 && fx < float64(r.Max.X) && fy < float64(r.Max.Y)) {
		return
	}
	x, y := int(fx), int(fy)
	wx, wy := float32(real(p)-fx), float32(imag(p)-fy)
	at := func(x, y int, w float32) {
		if (image.Point{X: x, Y: y}).In(r) {
			i := img.PixOffset(x, y)
			px := img.Pix[i : i+3 : i+3]
			sum[0] += w * float32(px[0])
			sum[1] += w * float32(px[1])
			sum[2] += w * float32(px[2])
		}
	}
	at(x, y, (1-wx)*(1-wy))
	at(x+1, y, wx*(1-wy))
	at(x, y+1, (1-wx)*wy)
	at(x+1, y+1, wx*wy)
}
