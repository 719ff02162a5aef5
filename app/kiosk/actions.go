package kiosk

import "agentid/app/domain"

// Action is something that a visitor or a member of staff does within a flow. One that
// makes no sense at the moment is ignored. Actions carry secrets: they are
// never logged.
type Action interface{ action() }

// Actions of all flows.
type (
	// Next goes on from a page that asks nothing.
	Next struct{}
	// StepBack goes to the page before; from the first, out.
	StepBack struct{}
	// Cancel ends a flow; what was typed is asked about first.
	Cancel struct{}
	// Stay says that somebody is still there, Leave that the flow may end.
	Stay  struct{}
	Leave struct{}
	// Finish leaves the last page.
	Finish struct{}
	// Retry tries again what failed.
	Retry struct{}
	// EnterPIN is a PIN typed whole.
	EnterPIN struct{ PIN string }
	// Scanned is what a scanner on the keyboard read.
	Scanned struct{ Text string }
)

// Actions of registration.
type (
	// SubmitData are the visitor's data, as the form cleaned them.
	SubmitData struct{ PersonData }
	// AnswerConsent answers the question asked; ReadNotice opens the notice again.
	AnswerConsent struct {
		Purpose domain.Purpose
		Answer  Answer
	}
	ReadNotice struct{}
	// SkipFace registers without the face after all.
	SkipFace struct{}
	// PrintBadge prints it; ShowCode shows the other code.
	PrintBadge struct{}
	ShowCode   struct{ Kind CodeKind }
)

// Actions of validation and of staff.
type (
	NoBadge   struct{} // "I do not have it with me"
	UsePIN    struct{} // instead of the face
	ForgotPIN struct{}
	CallStaff struct{}
	// StaffHere opens the sign-in; StaffPIN signs in, without a login with the
	// badge that was read.
	StaffHere struct{}
	StaffPIN  struct{ Login, PIN string }
	// TypeLogin puts the badge aside that was read: the login is typed after all.
	TypeLogin struct{}
	// StaffVerdict is what staff decides.
	StaffVerdict struct{ Approve bool }
)

// Actions of withdrawal.
type (
	// OwnData opens it, from the help page.
	OwnData struct{}
	// ChooseWithdraw chooses, ConfirmWithdraw does it.
	ChooseWithdraw  struct{ Choice WithdrawChoice }
	ConfirmWithdraw struct{}
)

// Actions of a conversation.
type (
	// WriteQuestion opens the keyboard, AskQuestion sends what was written.
	WriteQuestion struct{}
	AskQuestion   struct{ Text string }
	// AskCategory looks into a category, "" lists them; AskTopic asks a topic
	// that is on the screen.
	AskCategory struct{ ID string }
	AskTopic    struct{ ID string }
	// RateAnswer says whether the answer helped.
	RateAnswer struct{ Liked bool }
	// TalkToPerson hands over to staff.
	TalkToPerson struct{}
	// SpeakAnswer has the answer read aloud, StopSpeaking ends that.
	SpeakAnswer  struct{}
	StopSpeaking struct{}
)

func (Next) action()            {}
func (StepBack) action()        {}
func (Cancel) action()          {}
func (Stay) action()            {}
func (Leave) action()           {}
func (Finish) action()          {}
func (Retry) action()           {}
func (EnterPIN) action()        {}
func (Scanned) action()         {}
func (SubmitData) action()      {}
func (AnswerConsent) action()   {}
func (ReadNotice) action()      {}
func (SkipFace) action()        {}
func (PrintBadge) action()      {}
func (ShowCode) action()        {}
func (NoBadge) action()         {}
func (UsePIN) action()          {}
func (ForgotPIN) action()       {}
func (CallStaff) action()       {}
func (StaffHere) action()       {}
func (StaffPIN) action()        {}
func (TypeLogin) action()       {}
func (StaffVerdict) action()    {}
func (OwnData) action()         {}
func (ChooseWithdraw) action()  {}
func (ConfirmWithdraw) action() {}
func (WriteQuestion) action()   {}
func (AskQuestion) action()     {}
func (AskCategory) action()     {}
func (AskTopic) action()        {}
func (RateAnswer) action()      {}
func (TalkToPerson) action()    {}
func (SpeakAnswer) action()     {}
func (StopSpeaking) action()    {}
