package ui

import (
	"strings"

	"agentid/ui/widgets"
)

// startSearch touches the search of the list at hand.
func startSearch(u *UI) {
	for _, p := range walk(u) {
		if f, ok := p.obj.(*widgets.Form); ok {
			f.Activate(0)
		}
	}
}

// startTyping touches the paragraph of the form at hand.
func startTyping(u *UI) {
	for _, p := range walk(u) {
		if f, ok := p.obj.(*widgets.FormGrid); ok {
			f.Activate(2)
		}
	}
}

// openFilter touches the first filter.
func openFilter(u *UI) {
	for _, p := range walk(u) {
		if b, ok := p.obj.(*widgets.Button); ok && strings.Contains(b.Words(), ": ") {
			b.Tapped(nil)
			return
		}
	}
}
