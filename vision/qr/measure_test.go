package qr

import (
	"fmt"
	"image"
	"os"
	"slices"
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
	var cs []condition
	add := func(floor float64, v view, format string, args ...any) {
		cs = append(cs, condition{fmt.Sprintf(format, args...), v, floor})
	}
	// each adds one row for each value; floors are of those that have one.
	each := func(module float64, format string, set func(*view, float64), floors map[float64]float64, values ...float64) {
		for _, x := range values {
			add(floors[x], with(module, func(v *view) { set(v, x) }), format, module, x)
		}
	}
	for _, m := range []float64{1, 1.25, 1.5, 1.75, 2, 2.5, 3, 4} {
		add(map[float64]float64{1.5: 0.9, 2: 0.9, 4: 0.9}[m], straight(m), "%.2f px, held straight", m)
	}
	each(2, "%.0f px, rolled %.0f°", func(v *view, x float64) { v.roll = x }, map[float64]float64{20: 0.9, 180: 0.9}, 10, 20, 30, 45, 90, 180)
	each(2.5, "%.1f px, turned away %.0f°", func(v *view, x float64) { v.turn = x }, map[float64]float64{30: 0.9}, 15, 30, 40, 50)
	each(2, "%.0f px, blur of %.1f px", func(v *view, x float64) { v.blur = x }, map[float64]float64{0.9: 0.6}, 0.6, 0.9, 1.2, 1.6)
	each(3, "%.0f px, blur of %.1f px", func(v *view, x float64) { v.blur = x }, map[float64]float64{1.5: 0.6}, 1, 1.5, 2, 2.5)
	each(2.5, "%.1f px, noise of %.0f levels", func(v *view, x float64) { v.noise = x }, map[float64]float64{20: 0.9}, 10, 20, 30, 45)
	each(2.5, "%.1f px, dark modules %.0f%% darker than the card", func(v *view, x float64) { v.contrast = x / 100 }, map[float64]float64{25: 0.6}, 50, 25, 12, 8)
	each(2.5, "%.1f px, %.0f%% of the light", func(v *view, x float64) { v.light = x / 100 }, map[float64]float64{25: 0.9}, 180, 50, 25, 12)
	each(2.5, "%.1f px, burnt-out spot, radius %.0f%% of the code", func(v *view, x float64) { v.glare = x / 100 }, map[float64]float64{9: 0.9}, 6, 9, 12, 15, 20)
	each(2, "%.0f px, JPEG quality %.0f", func(v *view, x float64) { v.quality = int(x) }, map[float64]float64{30: 0.9}, 50, 30, 15)
	add(0.9, with(2.5, func(v *view) { v.negative = true }), "2.5 px, light on dark")
	add(0.9, with(2.5, func(v *view) { v.contrast, v.glare, v.roll, v.noise = 0.55, 0.06, 8, 6 }), "2.5 px, telephone: grey blacks, glare, noise, rolled 8°")
	for _, s := range []image.Point{{800, 600}, {1024, 768}, {1280, 720}, {1600, 1200}} {
		add(map[int]float64{1280: 0.9}[s.X], with(2, func(v *view) { v.size = s }), "2 px in %dx%d", s.X, s.Y)
	}
	add(0, with(1.5, func(v *view) { v.size = image.Pt(1600, 1200) }), "1.5 px in 1600x1200")
	return cs
}

// rate is how many of n frames were read, each by itself and in all ways, and
// never as anything else; and the median time of a frame.
func rate(t *testing.T, v view, n int) (read int, median time.Duration) {
	t.Helper()
	// No budget: how fast the machine is is not what is measured.
	d := &Decoder{Budget: time.Hour}
	var took []time.Duration
	for _, f := range frames(t, v, n) {
		start := time.Now()
		got, err := d.Decode(f)
		took = append(took, time.Since(start))
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range got {
			if r.Payload != payload {
				t.Fatalf("read as %q", r.Payload)
			}
			read++
		}
		d.first = 0
	}
	slices.Sort(took)
	return read, took[n/2]
}

// The floor of what the kiosk reads.
func TestReadRate(t *testing.T) {
	const n = 3
	for _, c := range conditions() {
		if c.floor == 0 {
			continue
		}
		if got, _ := rate(t, c.view, n); float64(got) < c.floor*n-0.5 {
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
	b.WriteString("| condition | read | ms a frame | were it level Q |\n|---|---|---|---|\n")
	for _, c := range conditions() {
		got, took := rate(t, c.view, n)
		asQ := ""
		if strings.Contains(c.name, "straight") || strings.Contains(c.name, "spot") || strings.Contains(c.name, "blur") {
			q := c.view
			q.level, q.module = qrcode.High, q.module*53/61
			n2, _ := rate(t, q, n)
			asQ = fmt.Sprintf("%.0f%%", 100*float64(n2)/float64(n))
		}
		fmt.Fprintf(&b, "| %s | %.0f%% | %.0f | %s |\n", c.name, 100*float64(got)/float64(n), float64(took.Microseconds())/1000, asQ)
	}
	t.Log("\n" + b.String())
}
