package cast

import (
	"image"
	"image/jpeg"
	"io"
	"testing"
	"time"
)

// BenchmarkDraw draws somebody who stands before the camera, at a stream's
// rate, and reports how that compares with encoding the same picture as JPEG,
// measured in the same run.
func BenchmarkDraw(b *testing.B) {
	for _, size := range []image.Point{{320, 240}, {640, 480}, {1600, 1200}} {
		b.Run(size.String(), func(b *testing.B) {
			s := NewScript(Cast()[:1])
			m := image.NewRGBA(image.Rectangle{Max: size})
			const tick = 40 * time.Millisecond
			at := func(i int) time.Duration { return walkIn + time.Duration(i)*tick%s.dwell }
			for i := range int(s.dwell / tick) { // every expression once
				s.Draw(m, at(i))
			}
			i := 0
			b.ResetTimer()
			for b.Loop() {
				s.Draw(m, at(i))
				i++
			}
			draw := float64(b.Elapsed()) / float64(b.N)
			b.StopTimer()
			start, n := time.Now(), 0
			for ; n < 5 || time.Since(start) < 200*time.Millisecond; n++ {
				if err := jpeg.Encode(io.Discard, m, &jpeg.Options{Quality: 80}); err != nil {
					b.Fatal(err)
				}
			}
			encode := float64(time.Since(start)) / float64(n)
			b.ReportMetric(draw/encode, "x-jpeg")
		})
	}
}

func BenchmarkModelPerson(b *testing.B) {
	p := Cast()[0]
	for b.Loop() {
		newFigure(p, 128)
	}
}
