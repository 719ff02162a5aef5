package widgets

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"agentid/assets"
	"agentid/ui/theme"
)

// ScanFrame is the picture with four corners in its middle, where a code is to
// be held. When the code is found they turn and a word says so.
type ScanFrame struct {
	*Flow
	style   theme.Style
	live    *LiveView
	corners [8]*canvas.Rectangle
	halos   [8]*canvas.Rectangle
	pill    *canvas.Rectangle
	mark    *canvas.Image
	words   *canvas.Text
	found   bool
}

// NewScanFrame makes one over the picture; found is what it says of a code.
func NewScanFrame(st theme.Style, live *LiveView, found string) *ScanFrame {
	s := &ScanFrame{
		style: st, live: live, pill: canvas.NewRectangle(st.Scrim),
		mark: NewIcon(assets.IconCheck, st.RingOK, st.Icon), words: canvas.NewText(found, st.OnScrim),
	}
	s.words.TextSize, s.words.TextStyle.Bold = st.Label, true
	objs := []fyne.CanvasObject{live}
	for i := range s.corners {
		s.halos[i] = canvas.NewRectangle(theme.Fade(st.Scrim, 0.45))
		s.corners[i] = canvas.NewRectangle(color.Transparent)
		objs = append(objs, s.halos[i])
	}
	for _, c := range s.corners {
		objs = append(objs, c)
	}
	objs = append(objs, s.pill, s.mark, s.words)
	live.SetPlain(true)
	s.Flow = NewFlow(s.put, nil, objs...)
	s.paint()
	return s
}

// SetFound tells whether a code is in the frame.
func (s *ScanFrame) SetFound(on bool) {
	if on != s.found {
		s.found = on
		s.paint()
	}
}

// Close gives the picture back as it was.
func (s *ScanFrame) Close() { s.live.SetPlain(false) }

func (s *ScanFrame) paint() {
	c := s.style.OnScrim
	if s.found {
		c = s.style.RingOK
	}
	for _, r := range s.corners {
		r.FillColor = c
		r.Refresh()
	}
	for _, o := range []fyne.CanvasObject{s.pill, s.mark, s.words} {
		setShown(o, s.found)
	}
}

func (s *ScanFrame) put(size fyne.Size) {
	Put(s.live, 0, 0, size.Width, size.Height)
	side := 0.68 * min(size.Width, size.Height)
	x, y := (size.Width-side)/2, (size.Height-side)/2
	arm, thick := side*0.2, 2*s.style.Stroke
	i := 0
	bar := func(x, y, w, h float32) {
		const halo = 2
		Put(s.halos[i], x-halo, y-halo, w+2*halo, h+2*halo)
		Put(s.corners[i], x, y, w, h)
		i++
	}
	for _, right := range []bool{false, true} {
		for _, low := range []bool{false, true} {
			bx, by, vx, vy := x, y, x, y
			if right {
				bx, vx = x+side-arm, x+side-thick
			}
			if low {
				by, vy = y+side-thick, y+side-arm
			}
			bar(bx, by, arm, thick)
			bar(vx, vy, thick, arm)
		}
	}
	text := s.words.MinSize()
	w, h := text.Width+s.style.Icon+8+2*s.style.Gap, max(text.Height, s.style.Icon)+s.style.Gap
	px, py := (size.Width-w)/2, (size.Height-h)/2
	s.pill.CornerRadius = h / 2
	Put(s.pill, px, py, w, h)
	Put(s.mark, px+s.style.Gap, py+(h-s.style.Icon)/2, s.style.Icon, s.style.Icon)
	Put(s.words, px+s.style.Gap+s.style.Icon+8, py+(h-text.Height)/2, text.Width, text.Height)
}
