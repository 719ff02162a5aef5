package screens

import (
	"fyne.io/fyne/v2"

	"agentid/app/kiosk"
	"agentid/assets"
	"agentid/ui/theme"
	"agentid/ui/widgets"
)

// Step is a step of the registration.
type Step int

// The steps, in order.
const (
	StepNotice Step = iota
	StepData
	StepConsent
	StepFace
	StepPIN
	StepBadge
)

var stepKeys = []string{"steps.notice", "steps.data", "steps.consent", "steps.face", "steps.pin", "steps.badge"}

// area is where something is put.
type area struct{ x, y, w, h float32 }

// frame is what the pages of something longer have around them: the rail of
// steps above, the ways back at the left of the foot, the ways on at its right
// (portrait: under one another, the main way last).
type frame struct {
	env         Env
	rail        *widgets.StepRail // nil: none
	left, right []*widgets.Button // right: the main way last
}

// newFrame makes a frame for a step of the registration.
func newFrame(e Env, at Step) *frame {
	names := make([]string, len(stepKeys))
	for i, k := range stepKeys {
		names[i] = e.say(k)
	}
	i := min(max(int(at), 0), len(names)-1)
	short := e.sayWith("steps.at", assets.Values{
		"N": assets.Number(string(e.Lang), i+1), "Total": assets.Number(string(e.Lang), len(names)), "Name": names[i],
	})
	return &frame{env: e, rail: widgets.NewStepRail(e.Style, names, i, short)}
}

// back adds the way back and, where there is one, out.
func (f *frame) back(back, cancel func()) *frame {
	f.left = append(f.left, f.env.button(widgets.Secondary, assets.IconBack, "register.back", doing(back)))
	if cancel != nil {
		f.left = append(f.left, f.env.button(widgets.Quiet, assets.IconCross, "register.cancel", cancel))
	}
	return f
}

// on adds the ways on, the main one last.
func (f *frame) on(buttons ...*widgets.Button) *frame {
	f.right = append(f.right, buttons...)
	return f
}

// doing is do, or nothing.
func doing(do func()) func() {
	if do == nil {
		return func() {}
	}
	return do
}

func (f *frame) objects() (out []fyne.CanvasObject) {
	if f.rail != nil {
		out = append(out, f.rail.Object())
	}
	for _, b := range f.buttons() {
		out = append(out, b)
	}
	return out
}

// gap is what lies between the parts of a page.
func (f *frame) gap() float32 {
	if f.env.Style.Shape == theme.Compact {
		return 8
	}
	return f.env.Style.Gap
}

// put places rail and foot in s and gives what is left between them.
func (f *frame) put(s fyne.Size) area {
	in := f.putRail(s)
	h := f.putFoot(area{0, 0, s.Width, s.Height})
	in.h -= h + f.gap()
	return in
}

// putRail places the rail in s and gives what is left below it.
func (f *frame) putRail(s fyne.Size) area {
	return f.putRailAt(area{0, 0, s.Width, s.Height})
}

// putRailAt places the rail at the top of a and gives what is left below it.
func (f *frame) putRailAt(a area) area {
	if f.rail == nil {
		return a
	}
	h := f.rail.Height()
	f.rail.Object().Show()
	widgets.Put(f.rail.Object(), a.x, a.y, a.w, h)
	return area{a.x, a.y + h + f.gap(), a.w, a.h - h - f.gap()}
}

// putFoot places the buttons at the foot of a and gives how high they stand.
func (f *frame) putFoot(a area) float32 {
	st := f.env.Style
	if len(f.left)+len(f.right) == 0 {
		return -f.gap() // and none above it
	}
	y := a.y + a.h - st.Button
	if st.Shape == theme.Tall {
		rows := float32(0)
		for i := len(f.right) - 1; i >= 0; i-- {
			widgets.Put(f.right[i], a.x, y-rows*(st.Button+st.Gap), a.w, st.Button)
			rows++
		}
		if n := float32(len(f.left)); n > 0 {
			w := (a.w - (n-1)*st.Gap) / n
			for i, b := range f.left {
				widgets.Put(b, a.x+float32(i)*(w+st.Gap), y-rows*(st.Button+st.Gap), w, st.Button)
			}
			rows++
		}
		return rows*(st.Button+st.Gap) - st.Gap
	}
	all := f.buttons()
	widths, ok := widgets.RowWidths(st, all, len(f.right), a.w)
	if !ok && len(f.right) > 0 {
		// The main way gets a row of its own, below the others.
		last := f.right[len(f.right)-1]
		widgets.Put(last, a.x, y, a.w, st.Button)
		above := &frame{env: f.env, left: f.left, right: f.right[:len(f.right)-1]}
		return st.Button + st.Gap + above.putFoot(area{a.x, a.y, a.w, a.h - st.Button - st.Gap})
	}
	x := a.x
	for i, b := range f.left {
		widgets.Put(b, x, y, widths[i], st.Button)
		x += widths[i] + st.Gap
	}
	x = a.x + a.w
	for i := len(f.right) - 1; i >= 0; i-- {
		w := widths[len(f.left)+i]
		x -= w
		widgets.Put(f.right[i], x, y, w, st.Button)
		x -= st.Gap
	}
	return st.Button
}

// buttons are all of the foot's, from the left.
func (f *frame) buttons() []*widgets.Button {
	return append(f.left[:len(f.left):len(f.left)], f.right...)
}

// wizardPage is a body in a frame.
type wizardPage struct {
	*widgets.Flow
	live   bool
	close  func()
	update func(kiosk.View) // shows what changed; may be nil
}

func (p *wizardPage) Update(v kiosk.View) {
	if p.update != nil {
		p.update(v)
	}
}

func (p *wizardPage) ShowsLive() bool { return p.live }
func (p *wizardPage) Close() {
	if p.close != nil {
		p.close()
	}
}

// keyWords are the words on the keys.
func (e Env) keyWords() widgets.KeyWords {
	return widgets.KeyWords{
		Space: e.say("keyboard.space"), Next: e.say("keyboard.next"),
		Done: e.say("keyboard.done"), Hide: e.say("keyboard.hide"),
	}
}

func (e Env) sayWith(key string, v assets.Values) string {
	return e.Texts.SayWith(string(e.Lang), key, v)
}

func (e Env) count(key string, n int) string { return e.Texts.Count(string(e.Lang), key, n) }
