package chat

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"agentid/app/chat/faq"
	"agentid/app/domain"
	"agentid/app/domain/domaintest"
)

// memory is a Journal in memory.
type memory struct {
	exchanges []Exchange
	rated     map[string]Feedback
	cases     []Case
	err       error
}

func (m *memory) SaveExchange(_ context.Context, e Exchange) error {
	m.exchanges = append(m.exchanges, e)
	return m.err
}

func (m *memory) RateExchange(_ context.Context, id string, f Feedback) error {
	if m.rated == nil {
		m.rated = map[string]Feedback{}
	}
	m.rated[id] = f
	return m.err
}

func (m *memory) SaveCase(_ context.Context, c Case) error {
	m.cases = append(m.cases, c)
	return m.err
}

func session(t *testing.T, e *Engine) (*Session, *memory) {
	t.Helper()
	n, m := 0, &memory{}
	s, err := NewSession(SessionOptions{
		Engine: e, Clock: domaintest.NewClock(time.Unix(1_700_000_000, 0)), Journal: m, Kiosk: "k1",
		NewID:  func() string { n++; return fmt.Sprintf("id-%d", n) },
		Values: faq.Values{"phone": "0800 555"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s, m
}

func ask(t *testing.T, s *Session, q string) Turn {
	t.Helper()
	turn, err := s.Ask(context.Background(), q)
	if err != nil {
		t.Fatal(err)
	}
	return turn
}

func TestSessionNeeds(t *testing.T) {
	if _, err := NewSession(SessionOptions{}); err == nil {
		t.Error("a session without an engine was made")
	}
}

func TestSessionAnswers(t *testing.T) {
	s, m := session(t, engine(t))
	if g := s.Greet(); g.Kind != TurnTalk || g.Text != sayHello.es {
		t.Errorf("greeting %+v", g)
	}
	turn := ask(t, s, "perdi mi tarjeta 4111 1111 1111 1111")
	if turn.Kind != TurnAnswer || turn.Answer == nil || turn.Answer.ID != "tarjeta_perdida" || !turn.Urgent || turn.Answer.First == "" || turn.Useful != sayUseful.es {
		t.Fatalf("%+v", turn)
	}
	if len(turn.Chips) == 0 || len(turn.Chips) > MaxSuggestions || turn.Chips[0].Title == "" {
		t.Errorf("related %+v", turn.Chips)
	}
	if len(m.exchanges) != 1 || m.exchanges[0].Question != "perdi mi tarjeta [tarjeta]" || m.exchanges[0].Outcome != OutcomeAnswered || m.exchanges[0].ID != turn.ExchangeID {
		t.Errorf("kept %+v", m.exchanges)
	}
	if liked, err := s.Feedback(context.Background(), true); err != nil || liked.Text != sayGlad.es || m.rated[turn.ExchangeID] != Liked {
		t.Errorf("%+v, %v, %v", liked, m.rated, err)
	}
	// Asked once more, there is nothing left to rate.
	if again, err := s.Feedback(context.Background(), false); err != nil || again.Kind != TurnTalk || len(m.rated) != 1 {
		t.Errorf("%+v, %v", again, err)
	}
	turn = ask(t, s, "where is the bathroom")
	if turn.Lang != domain.English || turn.Kind != TurnAnswer || turn.Useful != sayUseful.en {
		t.Errorf("in English: %+v", turn)
	}
	for _, l := range s.Transcript() {
		if strings.Contains(l.Text, "4111") {
			t.Errorf("the transcript holds %q", l.Text)
		}
	}
}

func TestSessionTalk(t *testing.T) {
	s, m := session(t, engine(t))
	for q, want := range map[string]string{
		"hola buenas tardes": sayHello.es, "muchas gracias": sayThanks.es, "chau": sayBye.es, "hola, ¿qué podés hacer?": sayCan.es,
		"   ": sayEmpty.es,
	} {
		if turn := ask(t, s, q); turn.Kind != TurnTalk || turn.Text != want {
			t.Errorf("%q: %+v, want %q", q, turn, want)
		}
	}
	if turn := ask(t, s, "thank you very much"); turn.Text != sayThanks.en {
		t.Errorf("%+v", turn)
	}
	for _, x := range m.exchanges {
		if x.Outcome != OutcomeTalk {
			t.Errorf("%+v", x)
		}
	}
}

// A "no" after "¿Le sirvió?" is the answer to it.
func TestSessionDislikes(t *testing.T) {
	s, m := session(t, engine(t))
	first := ask(t, s, "perdí mi tarjeta")
	sorry := ask(t, s, "no")
	if sorry.Kind != TurnSuggest || len(sorry.Chips) == 0 || m.rated[first.ExchangeID] != Disliked {
		t.Fatalf("%+v, %v", sorry, m.rated)
	}
	for _, c := range sorry.Chips {
		if c.ID == "tarjeta_perdida" {
			t.Error("what did not help is suggested")
		}
	}
	if again := ask(t, s, "perdí mi tarjeta"); again.Kind == TurnAnswer {
		t.Errorf("what did not help is answered again: %+v", again)
	}
	turn, err := s.Choose(context.Background(), sorry.Chips[0].ID)
	if err != nil || turn.Kind != TurnAnswer {
		t.Fatalf("%+v, %v", turn, err)
	}
	turn, err = s.Feedback(context.Background(), false)
	if err != nil || turn.Kind != TurnHandoff || turn.Case == nil || turn.Case.Reason != CaseDisliked || len(m.cases) != 1 {
		t.Errorf("%+v, %v", turn, err)
	}
}

func TestSessionHandsOver(t *testing.T) {
	s, m := session(t, engine(t))
	s.SetIdentity(Identity{State: "validated", Person: "p1"})
	ask(t, s, "mi dni es 12.345.678, ¿me atiende alguien?")
	turn := ask(t, s, "quiero hablar con una persona")
	if turn.Kind != TurnHandoff {
		t.Fatalf("%+v", turn)
	}
	if len(m.cases) != 1 {
		t.Fatalf("%d cases", len(m.cases))
	}
	c := m.cases[0]
	if c.Kiosk != "k1" || c.Identity.Person != "p1" || c.Reason != CaseAsked || len(c.Transcript) < 2 || c.At.IsZero() {
		t.Errorf("%+v", c)
	}
	if strings.Contains(fmt.Sprint(c.Transcript), "345") {
		t.Errorf("the case holds the document: %v", c.Transcript)
	}
	// Called once.
	turn, err := s.CallPerson(context.Background())
	if err != nil || turn.Kind != TurnHandoff || turn.Case != nil || len(m.cases) != 1 {
		t.Errorf("%+v, %v", turn, err)
	}
}

// Whatever a visitor types again and again, the kiosk does not go round in
// circles: a person is called, once.
func TestSessionNeverLoops(t *testing.T) {
	e := engine(t)
	for _, q := range []string{"xyzzy plugh", "cuánto mide el obelisco", "tarjeta", "no anda", "cuenta"} {
		s, m := session(t, e)
		var kinds []TurnKind
		for range 6 {
			turn := ask(t, s, q)
			kinds = append(kinds, turn.Kind)
			if turn.Kind == TurnAnswer {
				if _, err := s.Feedback(context.Background(), false); err != nil {
					t.Fatal(err)
				}
			}
		}
		if i := slices.Index(kinds, TurnHandoff); len(m.cases) != 1 || i > 3 {
			t.Errorf("%q: %v, %d cases", q, kinds, len(m.cases))
		}
	}
}

func TestSessionChoose(t *testing.T) {
	s, m := session(t, engine(t))
	if _, err := s.Choose(context.Background(), "nowhere"); !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("unknown topic: %v", err)
	}
	if turn, err := s.Choose(context.Background(), "cuenta_abrir"); err != nil || turn.Kind != TurnAnswer || m.exchanges[0].Outcome != OutcomeChosen {
		t.Errorf("%+v, %v", turn, err)
	}
	if turn := ask(t, s, "¿y si es para mi hijo?"); turn.Kind != TurnAnswer || turn.Answer.ID != "cuenta_menor" {
		t.Errorf("after the account: %+v", turn)
	}
	if turn, err := s.Choose(context.Background(), TopicHuman); err != nil || turn.Kind != TurnHandoff || turn.Case == nil {
		t.Errorf("%+v, %v", turn, err)
	}
}

func TestSessionJournalFails(t *testing.T) {
	s, m := session(t, engine(t))
	m.err = errors.New("disk full")
	turn, err := s.Ask(context.Background(), "perdí mi tarjeta")
	if !errors.Is(err, m.err) || turn.Kind != TurnAnswer {
		t.Errorf("%+v, %v", turn, err)
	}
}

func TestSessionCuts(t *testing.T) {
	s, m := session(t, engine(t))
	turn := ask(t, s, "perdí mi tarjeta en el mercado "+strings.Repeat("y no la encuentro por ninguna parte ", 300))
	if !strings.HasPrefix(turn.Text, sayCut.es) {
		t.Errorf("a long question is cut in silence: %+v", turn)
	}
	if n := len(m.exchanges[0].Question); n > 2*MaxQuestion {
		t.Errorf("%d bytes are kept", n)
	}
}

// FuzzSession: any bytes, in any order, leave a conversation that goes on.
func FuzzSession(f *testing.F) {
	for _, q := range []string{"hola", "perdí mi tarjeta", "\xff\xfe", "¿¿¿???", "no", "sí", "4111 1111 1111 1111", strings.Repeat("a", 5000), "é́́́", "١٢٣ ٤٥٦"} {
		f.Add(q, "y si es para mi hijo", true)
	}
	c, err := content()
	if err != nil {
		f.Fatal(err)
	}
	e, err := New(c[0], c[1], Options{})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, a, b string, liked bool) {
		s, m := session(t, e)
		for _, q := range []string{a, b, a} {
			turn, err := s.Ask(context.Background(), q)
			if err != nil {
				t.Fatal(err)
			}
			if turn.Kind == "" || turn.Confidence < 0 || turn.Confidence > 1 || turn.Kind == TurnAnswer && turn.Answer == nil || len(turn.Chips) > MaxSuggestions {
				t.Errorf("%q: %+v", q, turn)
			}
			if _, err := s.Feedback(context.Background(), liked); err != nil {
				t.Fatal(err)
			}
		}
		if len(m.cases) > 1 {
			t.Errorf("%d cases", len(m.cases))
		}
		for _, x := range m.exchanges {
			if longNumber.MatchString(x.Question) {
				t.Errorf("kept %q", x.Question)
			}
		}
	})
}
