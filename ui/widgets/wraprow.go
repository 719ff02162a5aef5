package widgets

import "agentid/ui/theme"

// ButtonRows are buttons dealt into as few rows as hold them.
type ButtonRows struct {
	Height float32

	style   theme.Style
	buttons []*Button
	places  []rect
}

// WrapButtons deals buttons into rows of a width, each button at least height
// high, a primary one as high as is easy to hit. A row's buttons share what is
// over only where their words need it.
func WrapButtons(st theme.Style, buttons []*Button, width, height float32) ButtonRows {
	out := ButtonRows{style: st, buttons: buttons}
	gap := st.Gap
	for i := 0; i < len(buttons); {
		h, x, n := height, float32(0), 0
		for j := i; j < len(buttons); j++ {
			b := buttons[j]
			w := min(b.WidthFor(), width)
			if j > i && x+w > width {
				if least := b.LeastWidth(); x+least <= width {
					w = width - x
				} else {
					break
				}
			}
			if b.kind == Primary || b.kind == Grave {
				h = max(h, st.Button)
			}
			out.places = append(out.places, rect{x, out.Height, w, h})
			x += w + gap
			n++
		}
		for j := i; j < i+n; j++ {
			out.places[j].h = h
		}
		i += n
		out.Height += h
		if i < len(buttons) {
			out.Height += gap
		}
	}
	return out
}

// Width is how far to the right the buttons reach.
func (r ButtonRows) Width() (w float32) {
	for _, p := range r.places {
		w = max(w, p.x+p.w)
	}
	return w
}

// Put places the buttons from x, y.
func (r ButtonRows) Put(x, y float32) {
	for i, p := range r.places {
		Put(r.buttons[i], x+p.x, y+p.y, p.w, p.h)
	}
}
