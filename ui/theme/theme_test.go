package theme

import (
	"image/color"
	"math"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	fynetheme "fyne.io/fyne/v2/theme"
)

// over is top painted on an opaque ground.
func over(top, ground color.NRGBA) color.NRGBA {
	f := float64(top.A) / 255
	mix := func(a, b uint8) uint8 { return uint8(math.Round(float64(a)*f + float64(b)*(1-f))) }
	return color.NRGBA{R: mix(top.R, ground.R), G: mix(top.G, ground.G), B: mix(top.B, ground.B), A: 255}
}

func TestContrast(t *testing.T) {
	if c := Contrast(rgb(0x000000), rgb(0xffffff)); math.Abs(c-21) > 0.01 {
		t.Fatalf("black on white is %.2f, want 21", c)
	}
	if c := Contrast(rgb(0x767676), rgb(0xffffff)); math.Abs(c-4.54) > 0.01 {
		t.Fatalf("#767676 on white is %.2f, want 4.54", c)
	}
	for name, p := range map[string]Palette{"light": Light(), "dark": Dark()} {
		for _, c := range []struct {
			what       string
			fg, ground color.NRGBA
			least      float64
		}{
			{"card text", p.Ink, p.Surface, 7},
			{"text", p.Ink, p.Paper, 7},
			{"text on what is pressed", p.Ink, p.Pressed, 7},
			{"muted on paper", p.Muted, p.Paper, 4.5},
			{"muted on a card", p.Muted, p.Surface, 4.5},
			{"primary button", p.OnBrand, p.Brand, 4.5},
			{"primary button pressed", p.OnBrand, p.BrandPressed, 4.5},
			{"brand as text", p.Brand, p.Paper, 4.5},
			{"brand as text on a card", p.Brand, p.Surface, 4.5},
			{"brand as text on what is pressed", p.Brand, p.Pressed, 4.5},
			{"ok", p.OK, p.Paper, 4.5},
			{"ok on a card", p.OK, p.Surface, 4.5},
			{"warn as an icon, never text, on paper", p.Warn, p.Paper, 3},
			{"warn on a card", p.Warn, p.Surface, 4.5},
			{"stop", p.Stop, p.Paper, 4.5},
			{"stop on a card", p.Stop, p.Surface, 4.5},
			{"a result that is good", p.OnCard, p.OKCard, 7},
			{"a result that asks for another way", p.OnCard, p.WarnCard, 7},
			{"a result that is not", p.OnCard, p.StopCard, 7},
			{"on the picture, a white wall", p.OnScrim, over(p.Scrim, rgb(0xffffff)), 7},
			{"on the picture, a dark wall", p.OnScrim, over(p.Scrim, rgb(0x000000)), 7},
			{"known, on the scrim", p.RingOK, over(p.Scrim, rgb(0xffffff)), 4.5},
			{"being read, on the scrim", p.RingBrand, over(p.Scrim, rgb(0xffffff)), 4.5},
			{"seen, on the scrim", p.RingMuted, over(p.Scrim, rgb(0xffffff)), 4.5},
			{"unknown, on the scrim", p.Accent, over(p.Scrim, rgb(0xffffff)), 4.5},
		} {
			if got := Contrast(c.fg, c.ground); got < c.least {
				t.Errorf("%s: %s has contrast %.2f, less than %.1f", name, c.what, got, c.least)
			}
		}
	}
}

func TestMetrics(t *testing.T) {
	for _, c := range []struct {
		w, h  float32
		shape Shape
		scale float32
		greet float32
	}{
		{1280, 800, Wide, 1, 56},
		{1366, 768, Wide, 1, 56},
		{1920, 1080, Wide, 1.25, 70},
		{3840, 2160, Wide, 2.625, 147},
		{800, 480, Compact, 1, 40},
		{1024, 600, Compact, 1, 40},
		{1080, 1920, Tall, 1.25, 70},
		{600, 1024, Tall, 1, 56},
		{0, 0, Compact, 1, 40},
		{1e6, 1e6, Wide, 4, 224},
	} {
		m := MetricsFor(fyne.NewSize(c.w, c.h))
		if m.Shape != c.shape || m.Scale != c.scale || m.Greeting != c.greet {
			t.Errorf("%vx%v: shape %v scale %v greeting %v, want %v %v %v", c.w, c.h, m.Shape, m.Scale, m.Greeting, c.shape, c.scale, c.greet)
		}
		if m.Target < 64 || m.Button < m.Target || m.Gap < 16 || m.Small < 16 {
			t.Errorf("%vx%v: target %v, button %v, gap %v, small print %v", c.w, c.h, m.Target, m.Button, m.Gap, m.Small)
		}
		for _, g := range []float32{m.Margin, m.Gap, m.Pad, m.Target, m.Button, m.Radius, m.Icon, m.BarLine} {
			if math.Mod(float64(g), 8) != 0 {
				t.Errorf("%vx%v: %v is not on the 8 px grid", c.w, c.h, g)
			}
		}
	}
}

func TestThemeSpeaksFyne(t *testing.T) {
	test.NewTempApp(t)
	for _, p := range []Palette{Light(), Dark()} {
		th := New(p)
		for _, v := range []fyne.ThemeVariant{fynetheme.VariantLight, fynetheme.VariantDark} {
			if got := th.Color(fynetheme.ColorNameBackground, v); got != p.Paper {
				t.Errorf("background is %v, want %v whatever the desktop says", got, p.Paper)
			}
			if got := th.Color(fynetheme.ColorNameForeground, v); got != p.Ink {
				t.Errorf("foreground is %v, want %v", got, p.Ink)
			}
		}
		if th.Color(fynetheme.ColorNameShadow, 0) == nil || th.Font(fyne.TextStyle{}) == nil ||
			th.Size(fynetheme.SizeNameScrollBar) <= 0 || th.Icon(fynetheme.IconNameCancel) == nil {
			t.Error("what is not ours is missing")
		}
	}
}

func TestFade(t *testing.T) {
	c := color.NRGBA{R: 1, G: 2, B: 3, A: 200}
	for f, want := range map[float32]uint8{0: 0, 0.5: 100, 1: 200, -3: 0, 7: 200} {
		if got := Fade(c, f); got.A != want || got.R != 1 {
			t.Errorf("Fade(%v) = %v, want alpha %d", f, got, want)
		}
	}
}
