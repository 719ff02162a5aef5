package screens

import (
	"agentid/app/domain"
	"agentid/app/kiosk"
	"agentid/assets"
	"agentid/ui/theme"
	"agentid/ui/widgets"
)

// newGreeting greets somebody known and asks what is next.
func newGreeting(e Env, v kiosk.View) Body {
	hello, notMe := e.say("greeting.hello_nameless"), e.say("greeting.not_me_nameless")
	if v.Given != "" {
		hello, notMe = e.sayTo(v.Given, "greeting.hello"), e.sayTo(v.Given, "greeting.not_me")
	}
	next := "greeting.next"
	if v.FirstVisit {
		next = "greeting.next_first"
	}
	big := widgets.NewText(hello, e.Style.Greeting, e.Style.Ink, true)
	big.MaxLines = 2
	if e.Style.Shape == theme.Compact {
		big.MaxLines = 1
	}
	return newCard(e, v, cardParts{
		sign: assets.IconCheck, colour: e.Style.OK,
		words:   []*widgets.Text{big, e.text(next)},
		others:  []*widgets.Button{e.choose(widgets.Secondary, assets.IconChat, "greeting.ask", kiosk.FeatureAsk)},
		back:    e.buttonWith(widgets.Quiet, "", notMe, e.Commands.NotMe),
		primary: e.choose(widgets.Primary, assets.IconCheck, "greeting.validate", kiosk.FeatureValidate),
	})
}

// newUnknown meets somebody who is not known, and lets them go on anyway.
func newUnknown(e Env, v kiosk.View) Body {
	return newCard(e, v, cardParts{
		sign: assets.IconPerson, colour: e.Style.Brand,
		words: []*widgets.Text{e.title("unknown.title"), e.text("unknown.next")},
		others: []*widgets.Button{
			e.choose(widgets.Secondary, assets.IconQR, "unknown.validate", kiosk.FeatureValidate),
			e.choose(widgets.Secondary, assets.IconChat, "unknown.ask", kiosk.FeatureAsk),
			e.button(widgets.Secondary, assets.IconHelp, "unknown.help", e.Commands.Help),
		},
		back:    e.button(widgets.Quiet, "", "unknown.continue", e.Commands.Continue),
		primary: e.choose(widgets.Primary, assets.IconUserPlus, "unknown.register", kiosk.FeatureRegister),
	})
}

// newCameraLost says what works without a camera, for now or for good.
func newCameraLost(e Env, v kiosk.View) Body {
	title, next := "camera_lost.title", "camera_lost.next"
	others := []*widgets.Button{
		e.choose(widgets.Secondary, assets.IconChat, "camera_lost.ask", kiosk.FeatureAsk),
		e.choose(widgets.Secondary, assets.IconPerson, "camera_lost.staff", kiosk.FeatureStaff),
	}
	if v.Status.Camera == domain.CameraNone { // nothing reconnects, only a scanner reads codes, and nobody waits to register with their face
		title, next = "camera_lost.none_title", "camera_lost.none_next"
		others = append([]*widgets.Button{e.choose(widgets.Secondary, assets.IconUserPlus, "unknown.register", kiosk.FeatureRegister)}, others...)
	}
	return newCard(e, v, cardParts{
		sign: assets.IconQR, colour: e.Style.Brand,
		words:   []*widgets.Text{e.title(title), e.text(next)},
		others:  others,
		primary: e.choose(widgets.Primary, assets.IconQR, "camera_lost.validate", kiosk.FeatureValidate),
	})
}
