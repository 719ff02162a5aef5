package qr

import (
	"fmt"
	"image"
	"os"
	"strings"
	"testing"
	"time"

	qrcode "github.com/skip2/go-qrcode"
)

// condition is a row of the table in docs/BADGES.md. floor is the read rate a
// frame below which the test fails; those without one are only in the table.
type condition struct {
	name  string
	view  view
	floor float64
}

func with(module float64, f func(*view)) view {
	v := straight(module)
	f(&v)
	return v
}

func conditions() []condition {
	cs := []condition{}
	add := func(floor float64, v view, format string, args ...any) {
		cs = append(cs, condition{fmt.Sprintf(format, args...), v, floor})
	}
	for _, m := range []float64{1, 1.25, 1.5, 1.75, 2, 2.5, 3, 4} {
		floor := map[float64]float64{1.5: 0.8, 1.75: 0.9, 2: 0.9, 2.5: 0.9, 3: 0.9, 4: 0.9}[m]
		add(floor, straight(m), "held straight, %.2f px a module", m)
	}
	for _, deg := range []float64{10, 20, 30, 45, 90, 180} {
		add(0.8, with(2, func(v *view) { v.roll = deg }), "2 px, rolled %.0f°", deg)
	}
	for _, deg := range []float64{15, 30, 40, 50} {
		add(map[float64]float64{15: 0.8, 30: 0.8}[deg], with(2.5, func(v *view) { v.turn = deg }), "2.5 px, turned away %.0f°", deg)
	}
	for _, s := range []float64{0.6, 0.9, 1.2, 1.6} {
		add(map[float64]float64{0.6: 0.8, 0.9: 0.8}[s], with(2, func(v *view) { v.blur = s }), "2 px, blur of %.1f px", s)
	}
	for _, s := range []float64{1, 1.5, 2, 2.5} {
		add(map[float64]float64{1: 0.9, 1.5: 0.8}[s], with(3, func(v *view) { v.blur = s }), "3 px, blur of %.1f px", s)
	}
	for _, s := range []float64{10, 20, 30, 45} {
		add(map[float64]float64{10: 0.9, 20: 0.8}[s], with(2.5, func(v *view) { v.noise = s }), "2.5 px, noise of %.0f levels", s)
	}
	for _, c := range []float64{0.5, 0.25, 0.12, 0.08} {
		add(map[float64]float64{0.5: 0.9, 0.25: 0.8}[c], with(2.5, func(v *view) { v.contrast = c }), "2.5 px, contrast of %.0f%%", 100*c)
	}
	for _, l := range []float64{0.5, 0.25, 0.12, 1.8} {
		add(map[float64]float64{0.5: 0.9, 0.25: 0.8}[l], with(2.5, func(v *view) { v.light = l }), "2.5 px, %.0f%% of the light", 100*l)
	}
	for _, g := range []float64{0.06, 0.09, 0.12, 0.15} {
		add(map[float64]float64{0.06: 0.8}[g], with(2.5, func(v *view) { v.glare = g }), "2.5 px, burnt-out spot, radius %.0f%% of the code", 100*g)
	}
	for _, q := range []int{50, 30, 15} {
		add(map[int]float64{50: 0.8}[q], with(2, func(v *view) { v.quality = q }), "2 px, JPEG quality %d", q)
	}
	add(0.8, with(2.5, func(v *view) { v.negative = true }), "2.5 px, light on dark")
	add(0.8, with(2.5, func(v *view) { v.contrast, v.glare, v.roll, v.noise = 0.55, 0.06, 8, 6 }), "2.5 px, telephone: grey blacks, glare, rolled 8°")
	for _, s := range []image.Point{{800, 600}, {1024, 768}, {1280, 720}, {1600, 1200}} {
		add(0.8, with(2, func(v *view) { v.size = s }), "2 px in %dx%d", s.X, s.Y)
	}
	add(0.8, with(1.5, func(v *view) { v.size = image.Pt(1600, 1200) }), "1.5 px in 1600x1200")
	return cs
}

// rate is how many of n frames were read, each alone within the budget of time
// and never as anything else.
func rate(t *testing.T, v view, n int, budget time.Duration) (read int, each time.Duration) {
	t.Helper()
	d := &Decoder{Budget: budget}
	for _, f := range frames(t, v, n) {
		start := time.Now()
		got, err := d.Decode(f)
		each += time.Since(start)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range got {
			if r.Payload != payload {
				t.Fatalf("read as %q", r.Payload)
			}
			read++
		}
	}
	return read, each / time.Duration(n)
}

// The floor of what the kiosk reads. It does not depend on how fast the
// machine is: the budget is not what is measured.
func TestReadRate(t *testing.T) {
	const n = 4
	for _, c := range conditions() {
		if c.floor == 0 {
			continue
		}
		if got, _ := rate(t, c.view, n, time.Hour); float64(got) < c.floor*n-0.5 {
			t.Errorf("%s: %d of %d frames, want %.0f%%", c.name, got, n, 100*c.floor)
		}
	}
}

// AGENTID_QR_TABLE=30 prints the table of docs/BADGES.md, of so many frames a
// row, for a badge at level M and at level Q on a card of the same width.
func TestReadRateTable(t *testing.T) {
	n := 0
	fmt.Sscan(os.Getenv("AGENTID_QR_TABLE"), &n)
	if n <= 0 {
		t.Skip("skipped: AGENTID_QR_TABLE is not set to a number of frames")
	}
	var b strings.Builder
	b.WriteString("| condition | read, M | ms a frame | read, Q on the same card |\n|---|---|---|---|\n")
	for _, c := range conditions() {
		got, each := rate(t, c.view, n, DefaultBudget)
		q := c.view
		q.level, q.module = qrcode.High, q.module*53/61
		gotQ, _ := rate(t, q, n, DefaultBudget)
		fmt.Fprintf(&b, "| %s | %.0f%% | %.0f | %.0f%% |\n", c.name, 100*float64(got)/float64(n), float64(each.Microseconds())/1000, 100*float64(gotQ)/float64(n))
	}
	t.Log("\n" + b.String())
}
