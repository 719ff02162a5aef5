package screens

import (
	"image/color"

	"fyne.io/fyne/v2"

	"agentid/assets"
	"agentid/ui/theme"
	"agentid/ui/widgets"
)

// message is a page that says one thing: a sign, a title, what comes next.
type message struct {
	wizardPage
	frame *frame
	sign  fyne.CanvasObject
	work  *widgets.WorkRing // around the sign while it works; may be nil
	words []*widgets.Text   // from the top
}

// messageWords are what a message says. small stands below in small print; it
// may be "".
type messageWords struct{ title, text, small string }

// newMessage makes the page in a frame.
func newMessage(e Env, f *frame, i assets.Icon, colour color.NRGBA, w messageWords) *message {
	m := &message{frame: f, sign: widgets.NewIcon(i, colour, signSide(e.Style))}
	size := e.Style.Greeting
	if e.Style.Shape == theme.Compact {
		size = e.Style.Title
	}
	m.words = []*widgets.Text{
		widgets.NewText(w.title, size, e.Style.Ink, true),
		widgets.NewText(w.text, e.Style.Body, e.Style.Ink, false),
	}
	if w.small != "" {
		m.words = append(m.words, widgets.NewText(w.small, e.Style.Small, e.Style.Muted, false))
	}
	ground := widgets.NewCard(e.Style)
	objs := append(f.objects(), ground, m.sign)
	for _, t := range m.words {
		objs = append(objs, t)
	}
	m.Flow = widgets.NewFlow(func(s fyne.Size) {
		in := f.put(s)
		widgets.Put(ground, in.x, in.y, in.w, in.h)
		m.put(in)
	}, nil, objs...)
	return m
}

// newWorking makes the page of something that takes a moment.
func newWorking(e Env, f *frame, i assets.Icon, w messageWords) *message {
	m := newMessage(e, f, i, e.Style.Brand, w)
	m.work = widgets.NewWorkRing(e.Style)
	m.Object().(*fyne.Container).Add(m.work.Object())
	m.work.Start()
	m.close = m.work.Stop
	return m
}

func signSide(st theme.Style) float32 {
	if st.Shape == theme.Compact {
		return 3 * st.Icon
	}
	return 5 * st.Icon
}

// put stands the sign at the left of the words, or above them on a tall screen.
func (m *message) put(in area) {
	st := m.frame.env.Style
	side := signSide(st)
	pad := 2 * st.Pad
	if st.Shape == theme.Compact {
		pad = st.Pad
	}
	x, room := in.x+pad, in.w-2*pad
	ring := float32(0)
	if m.work != nil {
		ring = side / 2
	}
	if st.Shape != theme.Tall {
		x += side + 2*ring + pad
		room -= side + 2*ring + pad
	}
	var all float32
	for _, t := range m.words {
		all += t.HeightFor(room) + st.Gap
	}
	all -= st.Gap
	y := in.y + max(0, (in.h-all)/2)
	if st.Shape == theme.Tall {
		y = in.y + max(0, (in.h-all-side-2*ring-st.Pad)/2)
		m.putSign(x, y, side, ring)
		y += side + 2*ring + st.Pad
	} else {
		m.putSign(in.x+pad, in.y+max(0, (in.h-side-2*ring)/2), side, ring)
	}
	for _, t := range m.words {
		h := t.HeightFor(room)
		widgets.Put(t, x, y, room, h)
		y += h + st.Gap
	}
}

func (m *message) putSign(x, y, side, ring float32) {
	widgets.Put(m.sign, x+ring, y+ring, side, side)
	if m.work != nil {
		widgets.Put(m.work.Object(), x, y, side+2*ring, side+2*ring)
	}
}
