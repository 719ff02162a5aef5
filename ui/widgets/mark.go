package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"agentid/ui/theme"
)

// Mark is words with the sign and the colour of their tone.
type Mark struct {
	style theme.Style
	sign  *canvas.Image // nil without a tone
	words *Text
}

// NewMark makes one.
func NewMark(st theme.Style, words string, tone Tone) *Mark {
	icon, ink := tone.look(st)
	m := &Mark{style: st, words: NewText(words, st.Body, ink, icon != "")}
	m.words.Least = 16
	if icon != "" {
		m.sign = NewIcon(icon, ink, st.Icon)
	}
	return m
}

// Objects are what goes on the canvas.
func (m *Mark) Objects() []fyne.CanvasObject {
	if m.sign == nil {
		return []fyne.CanvasObject{m.words}
	}
	return []fyne.CanvasObject{m.sign, m.words}
}

func (m *Mark) indent() float32 {
	if m.sign == nil {
		return 0
	}
	return m.style.Icon + 6
}

// Words are the words themselves.
func (m *Mark) Words() *Text { return m.words }

// NaturalWidth is how wide it is on one line.
func (m *Mark) NaturalWidth() float32 { return m.indent() + m.words.NaturalWidth() }

// HeightFor is how high it is in a width.
func (m *Mark) HeightFor(width float32) float32 {
	h := m.words.HeightFor(width - m.indent())
	if m.sign != nil {
		h = max(h, m.style.Icon)
	}
	return h
}

// Put places it.
func (m *Mark) Put(x, y, width float32) {
	room := width - m.indent()
	h := m.words.HeightFor(room)
	if m.sign != nil {
		line := min(h, lineHeight(m.style.Body))
		Put(m.sign, x, y+(line-m.style.Icon)/2, m.style.Icon, m.style.Icon)
	}
	Put(m.words, x+m.indent(), y, room, h)
}
