package widgets

import (
	"fmt"
	"image"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"

	"agentid/ui/theme"
)

func dense(t *testing.T, w, h float32) theme.Style {
	t.Helper()
	test.NewTempApp(t)
	return theme.Style{Palette: theme.Light(), Metrics: theme.MetricsFor(fyne.NewSize(w, h))}.Dense()
}

func TestStepsAreRound(t *testing.T) {
	for _, c := range []struct {
		top    float64
		n      int
		step   float64
		digits int
	}{
		{42, 5, 10, 0}, {4, 5, 1, 0}, {510, 4, 200, 0}, {0.91, 5, 0.2, 1}, {0.013, 4, 0.005, 3}, {1, 1, 1, 0},
		{0, 5, 1, 0}, {-3, 5, 1, 0}, {math.NaN(), 5, 1, 0}, {math.Inf(1), 5, 1, 0}, {9, 0, 10, 0},
	} {
		step, digits := steps(c.top, c.n)
		if math.Abs(step-c.step) > 1e-12 || digits != c.digits {
			t.Errorf("steps(%v, %d) = %v, %d, want %v, %d", c.top, c.n, step, digits, c.step, c.digits)
		}
	}
}

// TestPlotsStayInTheirPlace draws what may come in the sizes that there are.
func TestPlotsStayInTheirPlace(t *testing.T) {
	st := dense(t, 1280, 800)
	say := func(v float64, digits int) string { return fmt.Sprintf("%.*f", digits, v) }
	many := make([]float64, 5000)
	for i := range many {
		many[i] = float64(i % 97)
	}
	nan := math.NaN()
	for name, spec := range map[string]PlotSpec{
		"nothing":      {Title: "Nada", Empty: "Sin datos"},
		"no number":    {Series: []PlotSeries{{Values: []float64{nan, math.Inf(-1)}}}, Empty: "Sin datos"},
		"zeros":        {Series: []PlotSeries{{Values: []float64{0, 0}}}, Labels: []string{"a", "b"}},
		"below zero":   {Series: []PlotSeries{{Values: []float64{-4, 2}}}},
		"huge":         {Series: []PlotSeries{{Values: []float64{1e300, 3}}}, Lines: true},
		"many":         {Series: []PlotSeries{{Values: many}}, Lines: true, Labels: []string{"only one label"}},
		"many bars":    {Series: []PlotSeries{{Values: many}, {Values: many[:9]}}},
		"long names":   {Title: strings.Repeat("título ", 40), Unit: strings.Repeat("u", 200), Series: []PlotSeries{{Label: strings.Repeat("x", 300), Values: []float64{1}}, {Values: []float64{2, 3}}}, Labels: []string{strings.Repeat("y", 300), "z"}},
		"five series":  {Series: make([]PlotSeries, 5)},
		"one alone":    {Lines: true, Series: []PlotSeries{{Values: []float64{nan, 3, nan, 4}}}},
		"drawn before": {Title: "Imagen", Image: image.NewRGBA(image.Rect(0, 0, 40, 30))},
	} {
		for _, size := range []fyne.Size{{}, {Width: 30, Height: 20}, {Width: 320, Height: 160}, {Width: 600, Height: 400}} {
			p := NewPlot(st, spec, say)
			p.Object().Resize(size)
			objs := p.Object().(*fyne.Container).Objects
			if len(objs) > 4*maxPoints+200 {
				t.Errorf("%s at %v: %d objects", name, size, len(objs))
			}
			if size.Width < 300 {
				continue
			}
			texts := 0
			for _, o := range objs {
				at, end := o.Position(), o.Position().Add(o.Size())
				if l, ok := o.(*canvas.Line); ok {
					at, end = fyne.NewPos(min(l.Position1.X, l.Position2.X), min(l.Position1.Y, l.Position2.Y)), fyne.NewPos(max(l.Position1.X, l.Position2.X), max(l.Position1.Y, l.Position2.Y))
				}
				if at.X < -1 || at.Y < -1 || end.X > size.Width+1 || end.Y > size.Height+1 || math.IsNaN(float64(at.X+at.Y)) {
					t.Errorf("%s at %v: %T from %v to %v", name, size, o, at, end)
				}
				switch o.(type) {
				case *canvas.Text, *Text:
					texts++
				}
			}
			if texts == 0 {
				t.Errorf("%s at %v says nothing", name, size)
			}
		}
	}
}

func TestTableGivesColumnsWhatTheyNeed(t *testing.T) {
	st := dense(t, 1280, 800)
	long := strings.Repeat("María de los Ángeles ", 20)
	table := NewTable(st)
	table.OnRow = func(string) {}
	table.SetRows([]TableColumn{{Label: "Nombre", Share: 3}, {Label: "Hora", Share: 1, Whole: true}, {Label: "", Share: 0}, {Label: "N", Right: true, Share: 1}}, []TableRow{
		{ID: "a", Cells: []TableCell{{Words: long}, {Words: "Ayer 10:30"}, {}, {Words: "12 345"}}},
		{ID: "b", Cells: []TableCell{{Words: "Ana"}}},
		{Cells: []TableCell{{Words: "Luis", Tone: ToneStop}, {Words: "x"}, {}, {Words: "1"}, {Words: "no column"}}},
	}, 0)
	for _, width := range []float32{300, 582, 1040} {
		table.Resize(fyne.NewSize(width, 400))
		w := table.widths(width)
		var sum float32
		for _, v := range w {
			sum += v
		}
		if sum > width-table.chevron()+0.5 || sum < width-table.chevron()-0.5 {
			t.Errorf("at %v the columns are %v wide", width, w)
		}
		if need := fyne.MeasureText("Ayer 10:30", st.Body, fyne.TextStyle{}).Width; w[1] < need {
			t.Errorf("at %v a time is cut: %v of %v", width, w[1], need)
		}
	}
	var out []fyne.CanvasObject
	out = append(out, test.WidgetRenderer(table).Objects()...)
	for _, o := range out {
		if x, ok := o.(*canvas.Text); ok && x.Position().X+x.Size().Width > 1040 {
			t.Errorf("%q leaves the table", x.Text)
		}
	}
}

// TestARowIsTheOnePressed: rows that come in above it while the finger is down
// do not change which one it is.
func TestARowIsTheOnePressed(t *testing.T) {
	st := dense(t, 1280, 800)
	var got []string
	table := NewTable(st)
	table.OnRow = func(id string) { got = append(got, id) }
	columns := []TableColumn{{Label: "A", Share: 1}}
	row := func(id string) TableRow { return TableRow{ID: id, Cells: []TableCell{{Words: id}}} }
	table.SetRows(columns, []TableRow{row("a"), row("b"), row("")}, 0)
	table.Resize(fyne.NewSize(400, 400))
	y := table.headHeight() + table.rowHeight()*1.5
	press := &desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(10, y)}}
	table.MouseDown(press)
	table.SetRows(columns, []TableRow{row("new"), row("a"), row("b")}, 0)
	table.Tapped(&press.PointEvent)
	table.MouseDown(press)
	table.MouseMoved(&desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(10, y+100)}})
	if table.pressed != "" {
		t.Error("a finger that slid away still presses")
	}
	table.Tapped(&fyne.PointEvent{Position: fyne.NewPos(10, 2)})   // the names of the columns
	table.Tapped(&fyne.PointEvent{Position: fyne.NewPos(10, 390)}) // below the last
	table.FocusGained()
	table.TypedKey(&fyne.KeyEvent{Name: fyne.KeyDown})
	table.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	if want := []string{"b", "a"}; !slices.Equal(got, want) {
		t.Errorf("opened %q, want %q", got, want)
	}
}

func TestTextAreaFollowsItsCaret(t *testing.T) {
	st := dense(t, 800, 480)
	a := NewTextArea(st, FieldSpec{Max: 2000})
	a.Resize(fyne.NewSize(400, a.HeightFor(3)))
	a.SetText("uno\r\ndos\ntres\ncuatro\ncinco\nseis")
	if n := len(a.spans()); n != 6 || a.Text() != "uno\ndos\ntres\ncuatro\ncinco\nseis" {
		t.Fatalf("%d lines of %q", n, a.Text())
	}
	a.setActive(true)
	a.moveCaret(len(a.line.runes))
	if a.top != 3 {
		t.Errorf("at the end, it begins with line %d", a.top)
	}
	a.MouseDown(&desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(20, a.textTop()+2)}})
	if a.top != 2 || a.caretLine(a.spans()) != 3 {
		t.Errorf("touched at its upper edge, it begins with line %d, the caret in %d", a.top, a.caretLine(a.spans()))
	}
	a.moveLines(-9)
	a.edit(func(l *line) bool { return l.insert("¡") })
	if a.top != 0 || !strings.Contains(a.Text(), "¡") {
		t.Errorf("top %d, %q", a.top, a.Text())
	}
}

// FuzzBreakLines: no character is lost but the space or the break between two
// lines, and no line is wider than it may be, unless it is one character.
func FuzzBreakLines(f *testing.F) {
	f.Add("uno dos\n\ntres", 40.0)
	f.Add("", 0.0)
	f.Add(strings.Repeat("Etcheverry ", 30), 70.0)
	f.Add("a  b\n c", 1.0)
	f.Fuzz(func(t *testing.T, s string, width float64) {
		if len(s) > 4000 || !utf8.ValidString(s) {
			return
		}
		runes := []rune(s)
		measure := func(s string) float32 { return 10 * float32(utf8.RuneCountInString(s)) }
		at := 0
		for i, l := range breakLines(runes, float32(width), measure) {
			if l.from < at || l.from > at+1 || l.to < l.from || l.to > len(runes) {
				t.Fatalf("line %d is %v after %d", i, l, at)
			}
			if l.from == at+1 && runes[at] != ' ' && runes[at] != '\n' {
				t.Fatalf("%q is lost at %d", runes[at], at)
			}
			if l.to-l.from > 1 && measure(string(runes[l.from:l.to])) > float32(width) {
				t.Fatalf("line %d is too wide: %q", i, string(runes[l.from:l.to]))
			}
			at = l.to
		}
		if at != len(runes) {
			t.Fatalf("it ends at %d of %d", at, len(runes))
		}
	})
}

// TestAnythingCanBeWritten: the keys of KeysAny type what prose and addresses
// need.
func TestAnythingCanBeWritten(t *testing.T) {
	st := dense(t, 1280, 800)
	later := func(time.Duration, func()) func() { return func() {} }
	k := NewKeyboard(st, "es", KeyWords{}, later, time.Now)
	k.SetKeys(KeysAny, true)
	typed := map[string]bool{}
	for range anyLayers {
		for _, row := range k.def.rows {
			for _, d := range row {
				typed[d.text] = true
			}
		}
		k.layer = (k.layer + 1) % anyLayers
		k.rebuild()
	}
	for _, r := range "abcñz0123456789áéíóúü¿?¡!:;/.,-()@#&_=%\"" {
		if !typed[string(r)] {
			t.Errorf("no key types %q", r)
		}
	}
}
