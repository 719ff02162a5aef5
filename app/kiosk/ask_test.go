package kiosk

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"agentid/app/domain"
)

// assistant knows one topic, and what it was asked.
type assistant struct {
	mu     sync.Mutex
	begun  []Asker
	heard  []string
	err    error
	hold   chan struct{} // an answer waits for it
	lost   bool
	called int
}

func (a *assistant) Groups(l domain.Lang) *AskGroups {
	return &AskGroups{[]AskGroup{{"tarjetas", []AskChip{{"tarjeta_perdida", string(l) + ": perdida"}}}}}
}

func (a *assistant) Begin(_ domain.Lang, who Asker) Conversation {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.begun = append(a.begun, who)
	return a
}

func (a *assistant) turn(l domain.Lang, s AskStep) AskTurn {
	t := AskTurn{Step: s, Lang: l, Say: string(l) + " says " + string(s)}
	switch s {
	case AskAnswer:
		t.Answer = &AskAnswered{Topic: "tarjeta_perdida", Title: string(l) + ": perdida", First: "Bloquéela", Blocks: []AskBlock{{Steps: []string{"uno", "dos"}}}}
		t.Chips, t.MayRate = []AskChip{{"fraude", "fraude"}}, true
	case AskSuggest:
		t.Chips = []AskChip{{"tarjeta_perdida", "perdida"}, {"fraude", "fraude"}}
	}
	return t
}

func (a *assistant) say(what string, l domain.Lang, s AskStep) (AskTurn, error) {
	a.mu.Lock()
	a.heard = append(a.heard, what)
	hold, err, lost := a.hold, a.err, a.lost
	if s == AskPerson && err == nil {
		a.called++
	}
	a.mu.Unlock()
	if hold != nil {
		<-hold
	}
	if lost && s == AskAnswer {
		s = AskTalk
	}
	return a.turn(l, s), err
}

func (a *assistant) Ask(_ context.Context, l domain.Lang, q string) (AskTurn, error) {
	if strings.HasPrefix(q, "lost") { // somebody asks in English
		l = domain.English
	}
	return a.say("ask "+q, l, AskAnswer)
}
func (a *assistant) Choose(_ context.Context, l domain.Lang, id string) (AskTurn, error) {
	return a.say("choose "+id, l, AskAnswer)
}
func (a *assistant) Rate(_ context.Context, l domain.Lang, liked bool) (AskTurn, error) {
	if liked {
		return a.say("liked", l, AskTalk)
	}
	return a.say("disliked", l, AskSuggest)
}
func (a *assistant) CallPerson(_ context.Context, l domain.Lang) (AskTurn, error) {
	return a.say("person", l, AskPerson)
}
func (a *assistant) In(t AskTurn, l domain.Lang) AskTurn { return a.turn(l, t.Step) }

func (a *assistant) said() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return strings.Join(a.heard, ", ")
}

func (a *assistant) set(change func(*assistant)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	change(a)
}

// speaker says what it is told until it is stopped.
type speaker struct {
	texts chan string
	ended chan error
}

func (s *speaker) Speak(ctx context.Context, l domain.Lang, text string) error {
	s.texts <- string(l) + ": " + text
	select {
	case <-ctx.Done():
		s.ended <- ctx.Err()
		return ctx.Err()
	case err := <-s.ended:
		return err
	}
}

// newAsking is a desk that answers questions.
func newAsking(t *testing.T, voice Speaker) (*desk, *assistant) {
	d, a := newDesk(t), &assistant{}
	d.SetAssistant(a, voice)
	return d, a
}

func (d *desk) asked(s AskStep) *Ask {
	d.t.Helper()
	return d.await("asking at "+string(s), func(v View) bool {
		return v.State == StateAsk && v.Ask.Step == s && !v.Ask.Busy
	}).Ask
}

func (d *desk) write(q string) {
	d.t.Helper()
	d.Do(WriteQuestion{})
	d.asked(AskWriting)
	d.Do(AskQuestion{q})
}

func TestAConversation(t *testing.T) {
	d, a := newAsking(t, nil)
	d.Choose(FeatureAsk)
	if v := d.asked(AskTopics); v.Open != "" || len(v.Groups.List) != 1 || v.Voice != VoiceNone {
		t.Errorf("begins with %+v", v)
	}
	d.Do(AskCategory{"tarjetas"})
	if v := d.asked(AskTopics); v.Open != "tarjetas" {
		t.Errorf("looks into %q", v.Open)
	}
	d.Do(AskTopic{"not on the screen"})
	d.Do(AskTopic{"tarjeta_perdida"})
	v := d.asked(AskAnswer)
	if v.Question != "es: perdida" || v.Turn.Answer.First != "Bloquéela" || v.Rating != Unrated {
		t.Errorf("answer %+v of %q", v.Turn, v.Question)
	}
	d.Do(RateAnswer{true})
	if v = d.asked(AskAnswer); v.Rating != Liked {
		t.Errorf("rated %q", v.Rating)
	}
	d.Do(RateAnswer{false}) // once is enough
	d.write("  perdí mi tarjeta \n")
	if v = d.asked(AskAnswer); v.Question != "perdí mi tarjeta" || v.Rating != Unrated {
		t.Errorf("%+v", v)
	}
	d.Do(RateAnswer{false})
	if v = d.asked(AskSuggest); v.Question != "perdí mi tarjeta" || len(v.Turn.Chips) != 2 {
		t.Errorf("%+v", v)
	}
	d.Do(AskTopic{"fraude"})
	d.asked(AskAnswer)
	d.Do(TalkToPerson{})
	d.asked(AskPerson)
	d.Do(TalkToPerson{}) // they come already
	d.Do(StepBack{})
	d.asked(AskTopics)
	d.Do(StepBack{})
	d.want(StateAttract)
	if got, want := a.said(), "choose tarjeta_perdida, liked, ask perdí mi tarjeta, disliked, choose fraude, person"; got != want {
		t.Errorf("heard %s\nwant  %s", got, want)
	}
	if d.View().Ask != nil {
		t.Error("the conversation is on the screen still")
	}
}

func TestQuestionsThatAreNone(t *testing.T) {
	d, a := newAsking(t, nil)
	d.Choose(FeatureAsk)
	d.Do(AskQuestion{"from no keyboard"})
	d.Do(RateAnswer{true})
	d.Do(SpeakAnswer{})
	for _, q := range []string{"", " \n\t ", strings.Repeat("x", maxQuestion+1)} {
		d.Do(WriteQuestion{})
		d.Do(AskQuestion{q})
	}
	d.asked(AskWriting)
	if a.said() != "" {
		t.Errorf("heard %s", a.said())
	}
}

func TestWithoutAnAssistantItSaysSo(t *testing.T) {
	d := newDesk(t)
	d.Choose(FeatureAsk)
	d.want(StateNotice)
	d.Choose(FeatureStaff)
	d.want(StateNotice)
}

// Who asks is told from the greeting or a validation that holds, and no more
// once somebody else stands there.
func TestWhoAsks(t *testing.T) {
	d, a := newAsking(t, nil)
	who := func() Asker {
		t.Helper()
		d.Choose(FeatureAsk)
		d.asked(AskTopics)
		a.mu.Lock()
		w := a.begun[len(a.begun)-1]
		a.mu.Unlock()
		d.Do(Cancel{})
		return w
	}
	if w := who(); w != (Asker{}) {
		t.Errorf("nobody known: %+v", w)
	}
	d.after(time.Second, known(1, "p1"))
	d.want(StateGreeting)
	if w := who(); w != (Asker{Person: "p1"}) {
		t.Errorf("greeted: %+v", w)
	}
	d.somebody(false)
	d.Choose(FeatureValidate)
	d.validating(ValidateScan)
	d.Do(Scanned{badgeText})
	d.validating(ValidatePIN)
	d.Do(EnterPIN{"493817"})
	d.validating(ValidateResult)
	d.Do(Finish{})
	d.after(2*provedFor, known(1, "p1"))
	if w := who(); w != (Asker{Person: "p1", Validated: true}) {
		t.Errorf("validated, and there still: %+v", w)
	}
	d.after(time.Second, known(2, "p2"))
	if w := who(); w.Validated || w.Person == "p1" {
		t.Errorf("somebody else: %+v", w)
	}
	d.proved = mark{"p1", d.clock.Now()}
	d.after(provedFor + time.Second)
	if w := who(); w != (Asker{}) {
		t.Errorf("long gone: %+v", w)
	}
}

// The language of the question is the language of the kiosk from then on; the
// switch says the same in the other.
func TestTheLanguageOfAConversation(t *testing.T) {
	d, a := newAsking(t, nil)
	d.Choose(FeatureAsk)
	d.write("lost my card")
	v := d.asked(AskAnswer)
	if d.View().Lang != domain.English || v.Turn.Lang != domain.English || !strings.HasPrefix(v.Groups.List[0].Topics[0].Title, "en") {
		t.Errorf("goes on in %s: %+v", d.View().Lang, v)
	}
	d.SetLanguage(domain.Spanish)
	v = d.asked(AskAnswer)
	if v.Turn.Lang != domain.Spanish || v.Turn.Answer.Title != "es: perdida" || v.Groups.List[0].Topics[0].Title != "es: perdida" {
		t.Errorf("not said in Spanish: %+v", v.Turn)
	}
	hold := make(chan struct{})
	a.set(func(a *assistant) { a.hold = hold })
	d.write("perdí mi tarjeta")
	d.await("busy", func(v View) bool { return v.Ask.Busy })
	d.SetLanguage(domain.English) // while it is on its way
	close(hold)
	if v = d.asked(AskAnswer); v.Turn.Lang != domain.English || d.View().Lang != domain.English {
		t.Errorf("chose English meanwhile, and it says %+v", v.Turn)
	}
	if n := strings.Count(a.said(), "ask"); n != 2 {
		t.Errorf("asked %d times", n)
	}
}

// What is touched while an answer is on its way is not meant for it; leaving
// lets the question end by itself, and shows nothing of it.
func TestAskingWhileBusy(t *testing.T) {
	d, a := newAsking(t, nil)
	hold := make(chan struct{})
	a.set(func(a *assistant) { a.hold = hold })
	d.Choose(FeatureAsk)
	d.write("uno")
	d.await("busy", func(v View) bool { return v.Ask.Busy })
	d.Do(AskTopic{"tarjeta_perdida"})
	d.Do(TalkToPerson{})
	d.Help()
	d.want(StateAsk)
	d.Do(Leave{})
	d.want(StateAttract)
	close(hold)
	d.stop()
	d.jobs.Wait()
	if a.said() != "ask uno" || d.View().Ask != nil || d.View().State != StateAttract {
		t.Errorf("heard %s; view %+v", a.said(), d.View())
	}
}

// Before a conversation is cleared its visitor is asked; the next one finds
// nothing of it.
func TestAConversationIsClearedForTheNext(t *testing.T) {
	d, _ := newAsking(t, nil)
	d.Choose(FeatureAsk)
	d.after(TimeoutIdle + time.Second)
	d.want(StateAttract) // nothing was asked: nothing to ask about

	d.Choose(FeatureAsk)
	d.SetLanguage(domain.English)
	d.write("perdí mi tarjeta")
	d.asked(AskAnswer)
	d.after(TimeoutIdle + time.Second)
	if d.View().Asking {
		t.Error("asked while an answer is being read by somebody unseen")
	}
	d.after(TimeoutRead - TimeoutIdle)
	if v := d.View(); !v.Asking || !v.Covered {
		t.Fatalf("not asked before it is cleared: %+v", v)
	}
	d.Do(Stay{})
	if v := d.View(); v.Asking || v.Ask.Step != AskAnswer {
		t.Errorf("who stays finds %+v", v)
	}
	d.after(TimeoutRead + TimeoutAsk + time.Second)
	d.want(StateAttract)
	if v := d.View(); v.Ask != nil || v.Lang != domain.Spanish {
		t.Errorf("left for the next: %+v in %s", v.Ask, v.Lang)
	}
	d.Choose(FeatureAsk)
	if v := d.asked(AskTopics); v.Question != "" || v.Turn != nil {
		t.Errorf("the next finds %+v", v)
	}

	// The face that was there goes: it hides soon, whatever is being read.
	d.write("saldo")
	d.asked(AskAnswer)
	d.after(12*time.Second, known(1, "p1"))
	d.after(TimeoutGone + time.Second)
	if v := d.View(); !v.Asking || !v.Covered {
		t.Errorf("the person went, and it shows %+v", v.Ask)
	}
}

func TestHelpComesBackToTheConversation(t *testing.T) {
	d, a := newAsking(t, nil)
	d.Choose(FeatureAsk)
	d.write("saldo")
	d.asked(AskAnswer)
	d.Help()
	d.want(StateHelp)
	d.Back()
	if v := d.asked(AskAnswer); v.Question != "saldo" {
		t.Errorf("came back to %+v", v)
	}
	d.Help()
	d.Choose(FeatureStaff)
	if d.asked(AskPerson); len(a.begun) != 1 {
		t.Error("another conversation was begun")
	}
}

// From help, or where the camera is lost, a person is called at once.
func TestAPersonIsCalledFromAnywhere(t *testing.T) {
	d, a := newAsking(t, nil)
	d.Help()
	d.Choose(FeatureStaff)
	d.asked(AskPerson)
	d.Do(Finish{})
	d.Camera(domain.CameraHealth{State: domain.CameraLost})
	d.want(StateCameraLost)
	a.set(func(a *assistant) { a.err = ErrNotCalled })
	d.Choose(FeatureStaff)
	d.asked(AskFailed) // nobody is told that somebody comes
	a.set(func(a *assistant) { a.err = nil })
	d.Do(TalkToPerson{})
	d.asked(AskPerson)
	if a.called != 2 {
		t.Errorf("called %d times", a.called)
	}
	// Who is registering is not torn out of it.
	d.Do(Finish{})
	d.Choose(FeatureRegister)
	d.registering(RegisterNotice)
	d.Help()
	d.Choose(FeatureStaff)
	d.want(StateNotice)
}

func TestWhatIsNotKeptIsAnsweredAllTheSame(t *testing.T) {
	d, a := newAsking(t, nil)
	a.set(func(a *assistant) { a.err = errors.New("disk full") })
	d.Choose(FeatureAsk)
	d.write("saldo")
	d.asked(AskAnswer)
}

func TestAnswersAreSpoken(t *testing.T) {
	s := &speaker{texts: make(chan string, 10), ended: make(chan error)}
	d, _ := newAsking(t, s)
	d.Choose(FeatureAsk)
	d.write("saldo")
	d.await("voice", func(v View) bool { return v.Ask.Voice == VoiceSpeaking && !v.Ask.Busy })
	if got := <-s.texts; got != "es: es says answer\nBloquéela\nuno\ndos" {
		t.Errorf("spoke %q", got)
	}
	s.ended <- nil // came to its end
	d.await("silence", func(v View) bool { return v.Ask.Voice == VoiceReady })
	quiet := func(what string) {
		t.Helper()
		select {
		case err := <-s.ended:
			if !errors.Is(err, context.Canceled) {
				t.Errorf("%s: %v", what, err)
			}
		case <-time.After(5 * time.Second):
			t.Fatalf("%s: it goes on speaking", what)
		}
	}
	for what, stop := range map[string]func(){
		"stop":     func() { d.Do(StopSpeaking{}) },
		"language": func() { d.SetLanguage(domain.English) },
		"help":     func() { d.Help(); d.Back() },
		"again":    func() { d.Do(SpeakAnswer{}) },
	} {
		d.Do(SpeakAnswer{})
		<-s.texts
		stop()
		quiet(what)
		if what == "again" {
			<-s.texts
			d.Do(StopSpeaking{})
			quiet(what)
		}
		d.SetLanguage(domain.Spanish)
	}
	d.Do(SpeakAnswer{})
	<-s.texts
	d.Do(Cancel{})
	quiet("leaving")
	d.want(StateAttract)
}
