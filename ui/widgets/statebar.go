package widgets

import (
	"image/color"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"

	"agentid/assets"
	"agentid/ui/theme"
)

// Tone colours the icon of a state; its words say the same.
type Tone int

// The tones.
const (
	ToneQuiet Tone = iota
	ToneOK
	ToneWarn
)

// StateItem is one thing in the state bar.
type StateItem struct {
	Icon  assets.Icon
	Words string
	Tone  Tone
}

// maxStates bounds the bar.
const maxStates = 6

// StateBar is the line at the foot of the screen that says how the kiosk
// itself is: an icon and words for each thing, small and calm.
type StateBar struct {
	widget.BaseWidget
	style theme.Style
	items []StateItem
}

// NewStateBar makes an empty bar.
func NewStateBar(st theme.Style) *StateBar {
	b := &StateBar{style: st}
	b.ExtendBaseWidget(b)
	return b
}

// Items are what it shows.
func (b *StateBar) Items() []StateItem { return slices.Clone(b.items) }

// SetItems changes what it shows.
func (b *StateBar) SetItems(items []StateItem) {
	items = items[:min(len(items), maxStates)]
	if slices.Equal(items, b.items) {
		return
	}
	b.items = slices.Clone(items)
	b.Refresh()
}

// CreateRenderer implements fyne.Widget.
func (b *StateBar) CreateRenderer() fyne.WidgetRenderer {
	r := &stateRenderer{b: b}
	for range maxStates {
		icon := NewIcon(assets.IconCheck, b.style.Muted, b.iconSide())
		words := canvas.NewText("", color.Transparent)
		icon.Hide()
		words.Hide()
		r.icons, r.words = append(r.icons, icon), append(r.words, words)
		r.objects = append(r.objects, icon, words)
	}
	r.paint()
	return r
}

func (b *StateBar) iconSide() float32 { return b.style.Small * 1.25 }

type stateRenderer struct {
	b       *StateBar
	icons   []*canvas.Image
	words   []*canvas.Text
	objects []fyne.CanvasObject
}

func (r *stateRenderer) paint() {
	st := r.b.style
	for i := range r.icons {
		if i >= len(r.b.items) {
			r.icons[i].Hide()
			r.words[i].Hide()
			continue
		}
		it := r.b.items[i]
		icon, words := st.Muted, st.Muted
		switch it.Tone {
		case ToneOK:
			icon = st.OK
		case ToneWarn:
			icon, words = st.Warn, st.Ink
		}
		setIcon(r.icons[i], it.Icon, icon)
		r.words[i].Text, r.words[i].Color, r.words[i].TextSize = it.Words, words, st.Small
		r.icons[i].Show()
		r.words[i].Show()
		r.words[i].Refresh()
	}
	r.Layout(r.b.Size())
}

// Layout puts the items side by side. Where they are too many for the line,
// the gaps give way first, then the last items.
func (r *stateRenderer) Layout(s fyne.Size) {
	n := len(r.b.items)
	if n == 0 || s.Width <= 0 {
		return
	}
	side, near := r.b.iconSide(), float32(8)
	var total float32
	for i := range n {
		total += side + near + r.words[i].MinSize().Width
	}
	gap := r.b.style.Gap * 1.5
	if n > 1 {
		gap = min(gap, max(12, (s.Width-total)/float32(n-1)))
	}
	var x float32
	for i := range n {
		min := r.words[i].MinSize()
		fits := x+side+near+min.Width <= s.Width
		for _, o := range []fyne.CanvasObject{r.icons[i], r.words[i]} {
			if fits {
				o.Show()
			} else {
				o.Hide()
			}
		}
		r.icons[i].Resize(fyne.NewSquareSize(side))
		r.icons[i].Move(fyne.NewPos(x, (s.Height-side)/2))
		r.words[i].Resize(min)
		r.words[i].Move(fyne.NewPos(x+side+near, (s.Height-min.Height)/2))
		x += side + near + min.Width + gap
	}
}

func (r *stateRenderer) MinSize() fyne.Size { return fyne.NewSize(1, r.b.style.BarLine) }
func (r *stateRenderer) Refresh() {
	r.paint()
	canvas.Refresh(r.b)
}
func (r *stateRenderer) Objects() []fyne.CanvasObject { return r.objects }
func (r *stateRenderer) Destroy()                     {}
