package widgets

import (
	"image"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"agentid/app/domain"
	"agentid/assets"
	"agentid/ui/theme"
)

const (
	// MaxRings bounds the faces that are marked; a crowd behind is no help.
	MaxRings = 8
	// moveTime is how long a ring takes to where the face went.
	moveTime = 150 * time.Millisecond
	// readTime is how long the arc of a face that is read takes to fill: about
	// as long as reading does.
	readTime = time.Second
)

// LiveView is the camera's picture: it fills its place, is mirrored, has round
// corners, and marks faces by rings that are objects of their own.
//
// Rings move when a picture comes and not in between: they are then in step
// with it, and the window is painted no oftener than the camera sees.
type LiveView struct {
	widget.BaseWidget
	style theme.Style
	now   func() time.Time

	picture *canvas.Image
	cover   cover // of the picture shown
	has     bool  // a picture is shown

	blank  bool // told to show none
	round  bool // the picture is a disc
	plain  bool // without rings: something else says what to do
	ground *canvas.Rectangle
	icon   *canvas.Image
	rings  [MaxRings]*ring
	layer  *container.Clip

	focus, focusFrom, focusTo spot
	moved                     time.Time // when the motion under way began
	moving                    bool
}

// NewLiveView makes one that waits for its first picture. now is the clock
// that its motions go by.
func NewLiveView(st theme.Style, now func() time.Time) *LiveView {
	v := &LiveView{
		style: st, now: now, focus: home, focusFrom: home, focusTo: home,
		picture: &canvas.Image{FillMode: canvas.ImageFillStretch, ScaleMode: canvas.ImageScaleFastest, CornerRadius: st.Radius},
		ground:  canvas.NewRectangle(st.Line),
		icon:    NewIcon(assets.IconCamera, st.Muted, 3*st.Icon),
	}
	v.ground.CornerRadius = st.Radius
	v.picture.Hide()
	layer := container.NewWithoutLayout()
	for i := range v.rings {
		v.rings[i] = newRing(st)
		for _, o := range v.rings[i].objects() {
			layer.Add(o)
		}
	}
	v.layer = container.NewClip(layer)
	v.ExtendBaseWidget(v)
	return v
}

// ShowPicture copies what of img shows; img is not used after it returns. It
// reports whether the picture can be seen.
func (v *LiveView) ShowPicture(img *image.RGBA) bool {
	s := v.Size()
	if v.blank || img == nil || !v.Visible() {
		return false
	}
	moving := v.moving
	if moving {
		v.step(v.now())
	}
	c, ok := newCover(img.Rect.Size(), float64(s.Width), float64(s.Height), v.focus)
	if !ok {
		return false
	}
	old, _ := v.picture.Image.(*image.RGBA)
	buf := mirrorInto(old, img, c.crop, int(1/c.scale))
	if buf == nil {
		return false
	}
	v.picture.Image = buf
	moving = moving || c != v.cover
	v.cover = c
	if !v.has {
		v.has = true
		v.picture.Show()
		v.ground.Hide()
		v.icon.Hide()
	}
	if moving {
		v.drawRings()
	}
	v.picture.Refresh()
	return true
}

// SetBlank shows a sign in place of the picture for as long as there is none.
func (v *LiveView) SetBlank(on bool) {
	if on == v.blank {
		return
	}
	v.blank = on
	sign := assets.IconCamera
	if on {
		sign = assets.IconCameraOff
		v.Forget()
	}
	setIcon(v.icon, sign, v.style.Muted)
}

// SetRound makes the picture a disc, or a rectangle with round corners again.
func (v *LiveView) SetRound(on bool) {
	if on != v.round {
		v.round = on
		v.Refresh()
	}
}

// SetPlain leaves the rings out, for a screen that guides in another way.
func (v *LiveView) SetPlain(on bool) {
	if on != v.plain {
		v.plain = on
		v.Refresh()
	}
}

// Forget lets go of the picture and the faces: what was last seen of a person
// must not stand there when it is no longer so.
func (v *LiveView) Forget() {
	v.has, v.moving = false, false
	v.picture.Image = nil
	v.picture.Hide()
	v.ground.Show()
	v.icon.Show()
	for _, r := range v.rings {
		r.used, r.shown, r.shownTo = false, 0, 0
		r.hide()
	}
	v.focus, v.focusFrom, v.focusTo = home, home, home
	v.Refresh()
}

// HasPicture tells whether a picture is shown.
func (v *LiveView) HasPicture() bool { return v.has }

// ShowScene marks the faces of the scene.
func (v *LiveView) ShowScene(s domain.Scene) {
	if v.blank {
		return
	}
	aspect := 4.0 / 3
	if s.Size.X > 0 && s.Size.Y > 0 {
		aspect = float64(s.Size.X) / float64(s.Size.Y)
	}
	now := v.now()
	v.step(now) // the new motion starts where the old one has got to
	v.focusFrom = v.focus
	for _, r := range v.rings {
		r.from, r.shownFrom = r.at, r.shown
	}
	faces := s.Faces[:min(len(s.Faces), MaxRings)]
	for _, r := range v.rings {
		r.shownTo = 0
		r.to = r.at
	}
	for _, f := range faces {
		r := v.ringFor(f.Track)
		if r == nil {
			continue // all rings are taken by faces that are fading out
		}
		to := discOf(f.Box, aspect)
		if !r.used {
			r.used, r.track, r.at, r.from = true, f.Track, to, to
			r.shown, r.shownFrom, r.state = 0, 0, ""
		}
		r.to, r.shownTo = to, 1
		r.show(v.style, f, now)
	}
	v.focusTo = home
	if len(faces) > 0 && v.has {
		v.focusTo = follow(v.focus, faces[0].Box, v.cover.src, float64(v.Size().Width), float64(v.Size().Height))
	}
	v.moved, v.moving = now, true
}

// ringFor is the ring of a track, or a free one for it.
func (v *LiveView) ringFor(track uint64) *ring {
	var free *ring
	for _, r := range v.rings {
		if r.used && r.track == track {
			return r
		}
		if !r.used && free == nil {
			free = r
		}
	}
	return free
}

// step brings everything to where it is by now in the motion under way.
func (v *LiveView) step(now time.Time) {
	if !v.moving {
		return
	}
	p := min(max(float64(now.Sub(v.moved))/float64(moveTime), 0), 1)
	done := p >= 1
	p *= 2 - p // ease out
	v.focus = spot{
		v.focusFrom.X + (v.focusTo.X-v.focusFrom.X)*p,
		v.focusFrom.Y + (v.focusTo.Y-v.focusFrom.Y)*p,
	}
	v.moving = !done
	for _, r := range v.rings {
		if !r.used {
			continue
		}
		r.at = r.from.towards(r.to, p)
		r.shown = r.shownFrom + (r.shownTo-r.shownFrom)*float32(p)
		if r.state == domain.FaceReading {
			r.filled = float32(min(float64(now.Sub(r.since))/float64(readTime), 1))
			v.moving = v.moving || r.filled < 1
		}
		if done && r.shownTo == 0 {
			r.used = false
		}
	}
}

func (v *LiveView) drawRings() {
	if !v.has {
		return
	}
	for _, r := range v.rings {
		if r.used || r.line.Visible() {
			r.draw(v.style, v.cover, v.Size())
		}
	}
}

// CreateRenderer implements fyne.Widget.
func (v *LiveView) CreateRenderer() fyne.WidgetRenderer { return &liveRenderer{v} }

type liveRenderer struct{ v *LiveView }

func (r *liveRenderer) Layout(s fyne.Size) {
	v := r.v
	for _, o := range []fyne.CanvasObject{v.ground, v.picture, v.layer} {
		o.Resize(s)
	}
	radius := v.style.Radius
	if v.round {
		radius = min(s.Width, s.Height) / 2
	}
	v.ground.CornerRadius, v.picture.CornerRadius = radius, radius
	v.layer.Hidden = v.plain
	side := v.icon.MinSize()
	v.icon.Resize(side)
	v.icon.Move(fyne.NewPos((s.Width-side.Width)/2, (s.Height-side.Height)/2))
	if c, ok := newCover(v.cover.src, float64(s.Width), float64(s.Height), v.focus); ok && v.has {
		// The old cut is stretched until the next picture, a few hundredths
		// of a second later; the rings are right at once.
		v.cover = c
		v.drawRings()
	}
}

func (r *liveRenderer) MinSize() fyne.Size { return fyne.NewSize(1, 1) }
func (r *liveRenderer) Refresh() {
	r.Layout(r.v.Size())
	canvas.Refresh(r.v)
}

func (r *liveRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.v.ground, r.v.icon, r.v.picture, r.v.layer}
}

func (r *liveRenderer) Destroy() {}
