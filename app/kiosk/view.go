package kiosk

import (
	"time"

	"agentid/app/domain"
)

// State is what the screen is about. The states at rest are StateAttract and,
// while no picture comes, StateCameraLost; every other has a time-out that
// leads back to rest.
type State string

// The states.
const (
	StateStarting   State = "starting"    // engine and camera are being opened
	StateAttract    State = "attract"     // the live picture, waiting for somebody
	StateGreeting   State = "greeting"    // somebody known is here
	StateUnknown    State = "unknown"     // somebody not known is here
	StateCameraLost State = "camera_lost" // no picture, or no camera; QR and PIN still work
	StateHelp       State = "help"        // how to use the kiosk
	StateNotice     State = "notice"      // an honest word about Notice
)

// Feature is something that the visitor asked for by a button.
type Feature string

// The features behind the visitor's buttons.
const (
	FeatureRegister Feature = "register"
	FeatureValidate Feature = "validate"
	FeatureAsk      Feature = "ask"
	FeatureStaff    Feature = "staff" // call a person
)

// View is all that a screen needs to draw itself, as a value. Faces and
// pictures come beside it, at the camera's rate.
type View struct {
	State State
	Lang  domain.Lang
	// Since is when State was entered; Deadline is when it ends by itself, zero
	// where it does not, or not while the face that keeps it is there.
	Since, Deadline time.Time

	// Given is the given name of the person greeted (StateGreeting); empty while
	// the face is in doubt.
	Given string
	// FirstVisit tells that this person was never recognised here before.
	FirstVisit bool
	// Notice is what the visitor asked for that this kiosk cannot do yet
	// (StateNotice).
	Notice Feature

	// What a flow is at; nil outside of it. Never changed once shown.
	Register *Register
	Validate *Validate
	Withdraw *Withdraw
	Ask      *Ask
	Admin    *Admin // StateAdmin
	// Asking tells that somebody is asked, until Deadline, whether they are
	// still there; Leaving, that they are asked because they cancelled; Covered,
	// that what is private is hidden meanwhile.
	Asking, Leaving, Covered bool

	Guide  domain.Guide // the hint to show (StateAttract and the cards)
	Status Status
	Site   Site
}

// Site is where the kiosk stands.
type Site struct{ Organisation, Branch string }

// Network is whether the centre can be reached.
type Network string

// The states of the network.
const (
	NetworkUnset   Network = "not_configured" // this kiosk works alone
	NetworkOnline  Network = "online"
	NetworkOffline Network = "offline"
)

// Grade is how far the recognition engine may be trusted.
type Grade string

// The grades.
const (
	GradeNone       Grade = ""           // the engine is being opened
	GradeFailed     Grade = "failed"     // no engine could be opened
	GradeDemo       Grade = "demo"       // good for trying the product only
	GradeProduction Grade = "production" // calibrated for decisions
)

// Status is the state bar.
type Status struct {
	Camera  domain.CameraState
	FPS     float64
	Engine  string // encoder name, "" while it loads or where there is none
	Grade   Grade
	Network Network
	Held    bool // staff holds the sync back: to a visitor it is offline
	Pending int  // events that await sync
	Demo    bool
}

// Screen shows what the machine says. Its methods are called from any
// goroutine and never block.
type Screen interface {
	ShowView(View)
	ShowScene(domain.Scene)
	// ShowPicture hands over a picture; the screen calls Retain to keep it.
	ShowPicture(domain.Picture)
}

// Commands are what a visitor can do. They are called from any goroutine,
// return at once, and are ignored where they make no sense.
type Commands interface {
	// Choose is a tap on one of the feature buttons.
	Choose(Feature)
	// Help opens the help page, Back leaves it or any card.
	Help()
	Back()
	// NotMe says that the greeting names somebody else.
	NotMe()
	// Continue goes on without registering (unknown card).
	Continue()
	SetLanguage(domain.Lang)
	// Do is a step within a flow.
	Do(Action)
	// Touch tells that somebody touched the screen anywhere: time-outs restart.
	Touch()
}
