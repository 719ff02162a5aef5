package widgets

import (
	"image/color"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"agentid/app/domain"
	"agentid/assets"
	"agentid/ui/theme"
)

// disc is where a ring is, in fractions of the picture: X and R of its width,
// Y of its height.
type disc struct{ X, Y, R float64 }

func discOf(b domain.Rect, aspect float64) disc {
	side := max(b.W, b.H/aspect)
	return disc{X: b.X + b.W/2, Y: b.Y + b.H/2, R: side * 0.66}
}

func (d disc) towards(to disc, p float64) disc {
	return disc{d.X + (to.X-d.X)*p, d.Y + (to.Y-d.Y)*p, d.R + (to.R-d.R)*p}
}

// ring is one face on the picture: a circle with a dark halo, which reads on
// any picture, an arc that fills while the face is read, and the name below.
type ring struct {
	track uint64
	used  bool
	state domain.FaceState
	label string
	box   domain.Rect // of the face, newest

	from, at, to disc
	shownFrom    float32 // opacity at the start of the motion
	shown        float32
	shownTo      float32
	since        time.Time // when the state began
	filled       float32   // of the arc, 0..1

	halo, line *canvas.Circle
	arc        *canvas.Arc
	pill       *canvas.Rectangle
	mark       *canvas.Image
	name       *canvas.Text
}

func newRing(st theme.Style) *ring {
	r := &ring{
		halo: canvas.NewCircle(color.Transparent), line: canvas.NewCircle(color.Transparent),
		arc:  canvas.NewArc(0, 0, 1, color.Transparent),
		pill: canvas.NewRectangle(color.Transparent),
		mark: NewIcon(assets.IconCheck, st.RingOK, st.Icon),
		name: canvas.NewText("", color.Transparent),
	}
	r.name.TextSize = st.Label
	r.name.TextStyle.Bold = true
	r.hide()
	return r
}

func (r *ring) objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.halo, r.line, r.arc, r.pill, r.mark, r.name}
}

func (r *ring) hide() {
	for _, o := range r.objects() {
		o.Hide()
	}
}

// colour of the ring by what is known of the face.
func ringColour(st theme.Style, s domain.FaceState) color.NRGBA {
	switch s {
	case domain.FaceReading:
		return st.RingBrand
	case domain.FaceKnown:
		return st.RingOK
	case domain.FaceUnknown:
		return st.Accent
	}
	return st.RingMuted
}

// ringMark is the icon that says the same as the colour.
func ringMark(s domain.FaceState) assets.Icon {
	if s == domain.FaceKnown {
		return assets.IconCheck
	}
	return assets.IconPerson
}

// show writes a new state on it.
func (r *ring) show(st theme.Style, f domain.SceneFace, now time.Time) {
	if f.State != r.state {
		r.since, r.filled = now, 0
	}
	r.state, r.box = f.State, f.Box
	if f.Label != r.label {
		r.label = f.Label
		measure := func(s string, size float32) float32 {
			return fyne.MeasureText(s, size, r.name.TextStyle).Width
		}
		r.name.Text = ""
		if l := wrapText(f.Label, 16*st.Label, st.Label, st.Label, 1, measure).lines; len(l) > 0 {
			r.name.Text = l[0]
		}
	}
	setIcon(r.mark, ringMark(f.State), ringColour(st, f.State))
}

// draw puts everything in its place: at p in the view, with radius.
func (r *ring) draw(st theme.Style, c cover, view fyne.Size) {
	if r.shown <= 0 {
		r.hide()
		return
	}
	x64, y64 := c.place(spot{r.at.X, r.at.Y})
	x, y := float32(x64), float32(y64)
	radius := float32(r.at.R * float64(c.src.X) * c.scale)
	col := theme.Fade(ringColour(st, r.state), r.shown)

	circle := func(o *canvas.Circle, width float32, c color.NRGBA) {
		half := radius + width/2
		o.StrokeWidth, o.StrokeColor = width, c
		o.Move(fyne.NewPos(x-half, y-half))
		o.Resize(fyne.NewSquareSize(2 * half))
		o.Show()
		o.Refresh()
	}
	circle(r.halo, st.Stroke+4, theme.Fade(st.Scrim, 0.45*r.shown))
	if r.state == domain.FaceReading {
		circle(r.line, st.Stroke, theme.Fade(st.RingMuted, r.shown))
		half := radius + st.Stroke
		r.arc.CutoutRatio = 1 - 2*st.Stroke/half
		r.arc.FillColor = col
		r.arc.StartAngle, r.arc.EndAngle = 0, max(1, 360*r.filled)
		r.arc.Move(fyne.NewPos(x-half, y-half))
		r.arc.Resize(fyne.NewSquareSize(2 * half))
		r.arc.Show()
		r.arc.Refresh()
	} else {
		circle(r.line, st.Stroke, col)
		r.arc.Hide()
	}
	r.drawName(st, c, view, x, y, radius)
}

func (r *ring) drawName(st theme.Style, c cover, view fyne.Size, x, y, radius float32) {
	if r.name.Text == "" {
		r.pill.Hide()
		r.mark.Hide()
		r.name.Hide()
		return
	}
	text := r.name.MinSize()
	pad := st.Gap / 2
	size := fyne.NewSize(text.Width+st.Icon+pad+2*st.Gap, max(text.Height, st.Icon)+2*pad)
	x1, y1 := c.place(spot{r.box.X + r.box.W, r.box.Y}) // mirrored: the right edge is left
	x2, y2 := c.place(spot{r.box.X, r.box.Y + r.box.H})
	face := area{float32(x1), float32(y1), float32(x2 - x1), float32(y2 - y1)}
	at, ok := placeName(x, y, radius+st.Stroke+pad, size, view, face)
	if !ok {
		r.pill.Hide()
		r.mark.Hide()
		r.name.Hide()
		return
	}
	r.pill.FillColor = theme.Fade(st.Scrim, r.shown)
	r.pill.CornerRadius = size.Height / 2
	r.pill.Move(at)
	r.pill.Resize(size)
	r.mark.Translucency = float64(1 - r.shown)
	r.mark.Move(at.AddXY(st.Gap, (size.Height-st.Icon)/2))
	r.name.Color = theme.Fade(st.OnScrim, r.shown)
	r.name.Move(at.AddXY(st.Gap+st.Icon+pad, (size.Height-text.Height)/2))
	r.name.Resize(text)
	for _, o := range []fyne.CanvasObject{r.pill, r.mark, r.name} {
		o.Show()
	}
	r.pill.Refresh()
	r.name.Refresh()
}

// area is a box in the view.
type area struct{ X, Y, W, H float32 }

func (a area) meets(b area) bool {
	return a.X < b.X+b.W && b.X < a.X+a.W && a.Y < b.Y+b.H && b.Y < a.Y+a.H
}

// placeName finds a place for a name of size beside a ring at x, y: under it,
// or else over it, right, left. It keeps inside the view and off the face; a
// face that leaves no such place gets no name.
func placeName(x, y, radius float32, size, view fyne.Size, face area) (fyne.Position, bool) {
	const edge = 8
	if size.Width > view.Width-2*edge || size.Height > view.Height-2*edge {
		return fyne.Position{}, false
	}
	for _, p := range []fyne.Position{
		{X: x - size.Width/2, Y: y + radius},
		{X: x - size.Width/2, Y: y - radius - size.Height},
		{X: x + radius, Y: y - size.Height/2},
		{X: x - radius - size.Width, Y: y - size.Height/2},
	} {
		p.X = min(max(p.X, edge), view.Width-size.Width-edge)
		p.Y = min(max(p.Y, edge), view.Height-size.Height-edge)
		if !face.meets(area{p.X, p.Y, size.Width, size.Height}) {
			return p, true
		}
	}
	return fyne.Position{}, false
}
