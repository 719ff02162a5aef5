package widgets

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"agentid/assets"
	"agentid/ui/theme"
)

// Tones for staff, beside those of the state bar.
const (
	ToneStop Tone = iota + ToneWarn + 1
	ToneInfo
)

// look is the sign and the colour that go with a tone; no sign for ToneQuiet.
func (t Tone) look(st theme.Style) (assets.Icon, color.NRGBA) {
	switch t {
	case ToneOK:
		return assets.IconCheck, st.OK
	case ToneWarn:
		return assets.IconWarn, st.Warn
	case ToneStop:
		return assets.IconCross, st.Stop
	case ToneInfo:
		return assets.IconInfo, st.Brand
	}
	return "", st.Ink
}

// Metric is one number, large, under its label. What it means beside the
// number, an icon and a colour tell.
type Metric struct {
	*Flow
	style  theme.Style
	ground *canvas.Rectangle
	label  *Text
	value  *Text
	sign   *canvas.Image // nil without a tone
}

// NewMetric makes one.
func NewMetric(st theme.Style, label, value string, tone Tone) *Metric {
	icon, ink := tone.look(st)
	m := &Metric{
		style: st, ground: NewCard(st),
		label: NewText(label, st.Small, st.Muted, false),
		value: NewText(value, st.Greeting, ink, true),
	}
	m.label.MaxLines, m.label.Least = 2, 16
	m.value.MaxLines, m.value.Least = 1, 16
	objs := []fyne.CanvasObject{m.ground, m.label, m.value}
	if icon != "" {
		m.sign = NewIcon(icon, ink, st.Icon)
		objs = append(objs, m.sign)
	}
	m.Flow = NewFlow(m.put, nil, objs...)
	return m
}

// MetricHeight is how high a Metric is.
func MetricHeight(st theme.Style) float32 {
	if st.Shape == theme.Compact {
		return lineHeight(st.Small) + lineHeight(st.Greeting) + 8
	}
	return lineHeight(st.Small) + lineHeight(st.Greeting) + st.Gap + 4
}

// setLines says how many lines label and value may have, and how large the
// value is at most.
func (m *Metric) setLines(label, value int, size float32) {
	m.label.MaxLines, m.label.laidW = label, 0
	m.value.MaxLines, m.value.size, m.value.laidW = value, size, 0
}

func (m *Metric) put(s fyne.Size) {
	st := m.style
	Put(m.ground, 0, 0, s.Width, s.Height)
	pad := st.Gap
	room := s.Width - 2*pad
	beside := room
	if m.sign != nil {
		beside -= st.Icon + 4
	}
	m.setLines(2, 1, st.Greeting)
	if m.value.measure(m.value.Content(), m.value.Least) > room { // words, rather than a number
		m.setLines(2, 2, st.Body)
	}
	lh, vh := m.label.HeightFor(beside), m.value.HeightFor(room)
	if lh+vh > s.Height && m.value.MaxLines == 1 { // a smaller number, rather than half a label
		m.setLines(2, 1, st.Body)
		lh, vh = m.label.HeightFor(beside), m.value.HeightFor(room)
	}
	if lh+vh > s.Height { // no room for two lines of both
		m.setLines(1, m.value.MaxLines, m.value.size)
		lh, vh = m.label.HeightFor(beside), m.value.HeightFor(room)
	}
	if lh+vh > s.Height {
		m.setLines(1, 1, st.Greeting)
		lh, vh = m.label.HeightFor(beside), m.value.HeightFor(room)
	}
	y := (s.Height - lh - vh) / 2
	Put(m.label, pad, y, beside, lh)
	if m.sign != nil {
		Put(m.sign, s.Width-pad-st.Icon, y+(lineHeight(st.Small)-st.Icon)/2, st.Icon, st.Icon)
	}
	Put(m.value, pad, y+lh, room, vh)
}
