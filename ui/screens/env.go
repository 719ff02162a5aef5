package screens

import (
	"time"

	"fyne.io/fyne/v2"

	"agentid/app/domain"
	"agentid/app/kiosk"
	"agentid/assets"
	"agentid/ui/theme"
	"agentid/ui/widgets"
)

// Env is what every screen is built from.
type Env struct {
	Style    theme.Style
	Texts    *assets.Texts
	Lang     domain.Lang
	Commands kiosk.Commands
	Live     *widgets.LiveView
	Now      func() time.Time
	Later    widgets.Later
	// Again puts the body in place once more, after its Spread changed; may be
	// nil.
	Again func()
}

// Body is the contents of one state.
type Body interface {
	// Object is what goes on the canvas.
	Object() fyne.CanvasObject
	// Update shows what changed in the view within the state.
	Update(kiosk.View)
	// ShowsLive tells whether the live picture is part of it.
	ShowsLive() bool
	// Close stops what moves. A closed body is not shown again.
	Close()
}

// Spreader is a body that at times takes the place of the state bar too:
// while somebody types, on a small screen.
type Spreader interface{ Spread() bool }

// Filler is a body that may take the whole window: without header and state bar.
type Filler interface{ Fills() bool }

// Focuser is a body that takes what is typed on a real keyboard. Focus is
// called when it is on the canvas.
type Focuser interface{ Focus() }

// New builds the body for the view's state. A state that it does not know is
// shown as attract: a kiosk always shows something that works.
func New(e Env, v kiosk.View) Body {
	switch v.State {
	case kiosk.StateStarting:
		return newStarting(e, v)
	case kiosk.StateGreeting:
		return newGreeting(e, v)
	case kiosk.StateUnknown:
		return newUnknown(e, v)
	case kiosk.StateCameraLost:
		return newCameraLost(e, v)
	case kiosk.StateHelp:
		return newHelp(e, v)
	case kiosk.StateNotice:
		return newNotice(e, v)
	case kiosk.StateRegister:
		return newRegister(e, v)
	case kiosk.StateValidate:
		return newValidate(e, v)
	case kiosk.StateWithdraw:
		return newWithdraw(e, v)
	case kiosk.StateAsk:
		return newAsk(e, v)
	case kiosk.StateAdmin:
		return newAdmin(e, v)
	default:
		return newAttract(e, v)
	}
}

func (e Env) say(key string) string { return e.Texts.Say(string(e.Lang), key) }

func (e Env) sayTo(name, key string) string {
	return e.Texts.SayWith(string(e.Lang), key, assets.Values{"Name": name})
}

// do gives what sends an action of a flow.
func (e Env) do(a kiosk.Action) func() { return func() { e.Commands.Do(a) } }

// button makes a button that does what a command does.
func (e Env) button(k widgets.Kind, i assets.Icon, key string, do func()) *widgets.Button {
	return e.buttonWith(k, i, e.say(key), do)
}

func (e Env) buttonWith(k widgets.Kind, i assets.Icon, words string, do func()) *widgets.Button {
	b := widgets.NewButton(e.Style, k, i, words, do)
	b.OnPressed = e.Commands.Touch
	return b
}

func (e Env) choose(k widgets.Kind, i assets.Icon, key string, f kiosk.Feature) *widgets.Button {
	return e.button(k, i, key, func() { e.Commands.Choose(f) })
}

func (e Env) title(key string) *widgets.Text {
	return widgets.NewText(e.say(key), e.Style.Title, e.Style.Ink, true)
}

func (e Env) text(key string) *widgets.Text {
	return widgets.NewText(e.say(key), e.Style.Body, e.Style.Ink, false)
}

// guide is the hint in words, with its icon.
func (e Env) guide(g domain.Guide) (assets.Icon, string) {
	key, icon := "guide.none", assets.IconFace
	switch g {
	case domain.GuideCloser:
		key, icon = "guide.closer", assets.IconCloser
	case domain.GuideLight:
		key, icon = "guide.more_light", assets.IconLight
	case domain.GuideHoldStill:
		key, icon = "guide.hold_still", assets.IconStill
	case domain.GuideOnePerson:
		key, icon = "guide.one_person", assets.IconPeople
	case domain.GuideLookAhead:
		key, icon = "guide.look_ahead", assets.IconLook
	case domain.GuideReading:
		key, icon = "guide.reading", assets.IconFace
	}
	return icon, e.say(key)
}
