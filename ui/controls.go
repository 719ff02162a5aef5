package ui

import (
	"context"

	"agentid/ui/widgets"
)

// Controls lists what can be touched and read on the screen now.
func (u *UI) Controls(ctx context.Context) ([]widgets.Control, error) {
	got := make(chan []widgets.Control, 1)
	u.dispatch(func() { got <- u.router.controls() })
	select {
	case c := <-got:
		return c, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (r *router) controls() []widgets.Control {
	var out []widgets.Control
	for _, o := range r.root.Objects {
		out = append(out, widgets.Controls(o)...)
	}
	return out
}
