package calibrate

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"agentid/app/domain"
	"agentid/vision/eval"
	"agentid/vision/plot"
)

var (
	enc   = domain.EncoderRef{Name: "enc", Version: "1"}
	start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
)

// log makes events, one a minute.
type log struct{ es []domain.Event }

func (l *log) add(e domain.Event) domain.EventID {
	n := len(l.es) + 1
	e.Seq, e.ID = uint64(n), domain.EventID(fmt.Sprintf("e%d", n))
	if e.At.IsZero() {
		e.At = start.Add(time.Duration(n) * time.Minute)
	}
	if e.Encoder == (domain.EncoderRef{}) && e.Kind != domain.EventCorrection && e.Reason != domain.ReasonValidatedPIN && e.Reason != domain.ReasonValidatedStaff {
		e.Encoder, e.Metric = enc, "cosine_distance"
	}
	l.es = append(l.es, e)
	return e.ID
}

func (l *log) seen(p domain.PersonID, d, second float64) domain.EventID {
	return l.add(domain.Event{Kind: domain.EventRecognition, Reason: domain.ReasonRecognised, Person: p, Distance: d, Second: second, Threshold: 0.59})
}

func (l *log) badge(r domain.Reason, p domain.PersonID, d float64) domain.EventID {
	return l.add(domain.Event{Kind: domain.EventValidation, Reason: r, Person: p, Distance: d, Threshold: 0.66})
}

func (l *log) deny(about domain.EventID) {
	l.add(domain.Event{Kind: domain.EventCorrection, Reason: domain.ReasonNotMe, About: about})
}

func ds(ps []eval.Pair) string {
	var out []string
	for _, p := range ps {
		out = append(out, fmt.Sprint(p.Distance))
	}
	return strings.Join(out, " ")
}

func TestCollect(t *testing.T) {
	for name, tc := range map[string]struct {
		events    func(*log)
		genuine   string // of greeting
		impostor  string
		vGenuine  string // of verification
		vImpostor string
		left      LeftOut
		used      int
		seen, vTo float64
	}{
		"recognised": {func(l *log) { l.seen("ana", .3, .9); l.seen("ben", .2, 0) }, ".2 .3", ".9", "", ".9", LeftOut{}, 2, .59, 0},
		"corrected: nobody's second is known": {func(l *log) { l.deny(l.seen("ana", .5, .7)); l.seen("ana", .3, .9) },
			".3", ".5 .9", "", ".9", LeftOut{}, 2, .59, 0},
		"revised": {func(l *log) {
			id := l.seen("ana", .55, .6)
			l.add(domain.Event{Kind: domain.EventRecognition, Reason: domain.ReasonRecognised, Person: "ben", Distance: .3, Second: .8, About: id, Threshold: .59})
		}, ".3", ".8", "", ".8", LeftOut{Revised: 1}, 1, .59, 0},
		"unknown": {func(l *log) {
			l.add(domain.Event{Kind: domain.EventRecognition, Reason: domain.ReasonUnknown, Distance: .7, Threshold: .59})
			l.add(domain.Event{Kind: domain.EventRecognition, Reason: domain.ReasonTooDark, Threshold: .59})
		}, "", "", "", "", LeftOut{Unknown: 1}, 0, .59, 0},
		"without a score": {func(l *log) { l.seen("ana", 0, .9); l.seen("ana", math.Inf(1), .9); l.seen("ana", math.NaN(), .9) },
			"", "", "", "", LeftOut{NoDistance: 3}, 0, .59, 0},
		"badge and face": {func(l *log) {
			l.badge(domain.ReasonValidatedFace, "ana", .4)
			l.badge(domain.ReasonValidatedPIN, "ben", 0)
		},
			"", "", ".4", "", LeftOut{}, 1, 0, .66},
		"refused, then by PIN": {func(l *log) {
			l.badge(domain.ReasonWrongFace, "ana", .7)
			l.badge(domain.ReasonWrongFace, "ana", .72)
			l.badge(domain.ReasonValidatedPIN, "ana", 0)
		}, "", "", ".7 .72", "", LeftOut{}, 2, 0, 0},
		"refused, then by staff, and once more": {func(l *log) {
			l.badge(domain.ReasonWrongFace, "ana", .7)
			l.badge(domain.ReasonValidatedStaff, "ana", 0)
			l.badge(domain.ReasonWrongFace, "ana", .8)
		}, "", "", ".7", "", LeftOut{WrongFace: 1}, 1, 0, 0},
		"refused, another badge": {func(l *log) { l.badge(domain.ReasonWrongFace, "ana", .7); l.badge(domain.ReasonValidatedPIN, "ben", 0) },
			"", "", "", "", LeftOut{WrongFace: 1}, 0, 0, .66},
		"refused, and back hours later": {func(l *log) {
			l.badge(domain.ReasonWrongFace, "ana", .7)
			l.add(domain.Event{Kind: domain.EventValidation, Reason: domain.ReasonValidatedPIN, Person: "ana", At: start.Add(5 * time.Hour)})
		}, "", "", "", "", LeftOut{WrongFace: 1}, 0, 0, .66},
		"accepted, and then denied": {func(l *log) { l.deny(l.badge(domain.ReasonValidatedFace, "ana", .6)) }, "", "", "", ".6", LeftOut{}, 1, 0, .66},
		"the threshold was changed": {func(l *log) {
			l.add(domain.Event{Kind: domain.EventRecognition, Reason: domain.ReasonRecognised, Person: "ana", Distance: .3, Threshold: .5})
			l.seen("ana", .4, 0)
		}, ".3 .4", "", "", "", LeftOut{}, 2, .5, 0},
		"not about a face": {func(l *log) {
			l.add(domain.Event{Kind: domain.EventValidation, Reason: domain.ReasonWrongPIN, Person: "ana"})
			l.add(domain.Event{Kind: domain.EventCamera, Reason: domain.ReasonCameraLost})
		}, "", "", "", "", LeftOut{}, 0, 0, 0},
	} {
		var l log
		tc.events(&l)
		rand.New(rand.NewPCG(1, 2)).Shuffle(len(l.es), func(i, j int) { l.es[i], l.es[j] = l.es[j], l.es[i] })
		got := Collect(l.es)
		if len(got) == 0 {
			got = []Scores{{}}
		}
		s := got[0]
		for what, pair := range map[string][2]string{
			"genuine": {ds(s.Greeting.Genuine), tc.genuine}, "impostor": {ds(s.Greeting.Impostor), tc.impostor},
			"genuine after a badge": {ds(s.Verification.Genuine), tc.vGenuine}, "impostor after a badge": {ds(s.Verification.Impostor), tc.vImpostor},
		} {
			if want := strings.ReplaceAll(" "+pair[1], " .", " 0."); " "+pair[0] != want {
				t.Errorf("%s: %s %q, want %q", name, what, pair[0], want)
			}
		}
		if s.LeftOut != tc.left || s.Events != tc.used || s.Greeting.SeenTo != tc.seen || s.Verification.SeenTo != tc.vTo {
			t.Errorf("%s: left out %+v, %d used, seen to %v and %v", name, s.LeftOut, s.Events, s.Greeting.SeenTo, s.Verification.SeenTo)
		}
	}
}

func TestCollectKeepsEncodersApart(t *testing.T) {
	var l log
	l.seen("ana", .3, .9)
	l.add(domain.Event{Kind: domain.EventRecognition, Reason: domain.ReasonRecognised, Person: "ana", Distance: .4, Encoder: domain.EncoderRef{Name: "enc", Version: "2"}, Metric: "euclidean"})
	l.add(domain.Event{Kind: domain.EventRecognition, Reason: domain.ReasonRecognised, Person: "ana", Distance: .5, Encoder: domain.EncoderRef{Name: "enc", Version: "2"}, Metric: "cosine_distance"})
	got := Collect(l.es)
	if len(got) != 3 || got[0].Encoder.Version != "2" || got[0].Metric != "cosine_distance" || got[2].Encoder != enc {
		t.Fatalf("%+v", got)
	}
	for _, s := range got {
		if len(s.Greeting.Genuine) != 1 {
			t.Errorf("%v: %v", s.Encoder, s.Greeting.Genuine)
		}
	}
	if got := Collect(nil); len(got) != 0 {
		t.Errorf("of nothing: %v", got)
	}
}

// branch is a branch of fifty people: genuine around 0.35 under the threshold in
// use, the nearest others around 0.9.
func branch(visits int) []domain.Event {
	rng := rand.New(rand.NewPCG(7, 7))
	var l log
	for i := range visits {
		d := 1.0
		for d > 0.59 {
			d = 0.35 + 0.09*rng.NormFloat64()
		}
		l.seen(domain.PersonID(fmt.Sprint("p", i%50)), max(d, 0.01), 0.9+0.08*rng.NormFloat64())
	}
	return l.es
}

func evaluate(t *testing.T, es []domain.Event, fmrs ...float64) Report {
	t.Helper()
	r, err := Evaluate(Collect(es)[0], Options{FMRs: fmrs, Resamples: 100})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestEvaluateFindsTheQuantile(t *testing.T) {
	r := evaluate(t, branch(5000), 0.01, 0.001, 0.0001)
	g := r.Greeting
	if g.Genuine != 5000 || g.Impostor != 5000 || g.People != 50 || g.InUse != 0.59 || g.SeenTo != 0.59 || g.Now == nil {
		t.Fatalf("%+v", g)
	}
	// The lower 1% and 0.1% of a normal distribution.
	for i, want := range []float64{0.9 - 2.326*0.08, 0.9 - 3.090*0.08} {
		p := g.Proposals[i]
		if p.At == nil || math.Abs(p.At.Threshold-want) > 0.02 || p.At.Within == nil || p.At.Within[0] > want || p.At.Within[1] < want-0.02 {
			t.Errorf("FMR %v: %+v, want about %.3f", p.Wanted, p.At, want)
			continue
		}
		if p.At.FMR.Rate > p.Wanted || math.Abs(p.At.Threshold*1000-math.Round(p.At.Threshold*1000)) > 1e-6 {
			t.Errorf("FMR %v: %+v", p.Wanted, p.At)
		}
		if p.CostKnown {
			t.Errorf("FMR %v: the cost of a looser threshold is known", p.Wanted)
		}
	}
	if g.Proposals[0].At.Reliable != true || g.Proposals[1].At.Reliable != false {
		t.Error("50 false matches are reliable, 5 are not")
	}
	if p := g.Proposals[2]; p.At != nil || p.Missing == nil || p.Missing.Impostor != 25_000 || p.Missing.Days < 10 || p.Missing.Days > 20 {
		t.Errorf("FMR 1e-4: %+v", p.Missing)
	}
	// Nobody showed a badge: nothing can be said of that.
	if v := r.Verification; v.Genuine != 0 || v.People != 0 || v.Proposals[0].Missing.People != MinPeople || v.Proposals[0].At != nil || v.Proposals[0].Missing.Genuine != MinGenuine || v.Now != nil {
		t.Errorf("%+v", v)
	}
}

// A threshold stricter than the one in use has a cost that can be counted.
func TestEvaluateCost(t *testing.T) {
	es := branch(5000)
	for i := range es {
		es[i].Second -= 0.2 // others come nearer
	}
	p := evaluate(t, es, 0.001).Greeting.Proposals[0]
	if p.At == nil || !p.CostKnown || p.At.Threshold > 0.59 {
		t.Fatalf("%+v", p)
	}
	refused := 0
	for _, e := range es {
		if e.Distance > p.At.Threshold {
			refused++
		}
	}
	if p.At.FNMR.Errors != refused || refused == 0 || p.At.FNMR.ByPerson == nil {
		t.Errorf("%+v, counted %d", p.At.FNMR, refused)
	}
}

func TestTooFew(t *testing.T) {
	for name, tc := range map[string]struct {
		es   []domain.Event
		fmr  float64
		want Missing
	}{
		"impostors": {branch(2000), 0.001, Missing{Impostor: 1000, Days: 1}},
		"genuine":   {branch(60), 0.05, Missing{Genuine: 40}},
		"people": {func() []domain.Event {
			es := branch(400)
			for i := range es {
				es[i].Person = es[i%15].Person
			}
			return es
		}(), 0.05, Missing{People: 5}},
	} {
		p := evaluate(t, tc.es, tc.fmr).Greeting.Proposals[0]
		if p.At != nil || p.Missing == nil || *p.Missing != tc.want {
			t.Errorf("%s: %+v, want %+v", name, p.Missing, tc.want)
		}
	}
}

func TestOptions(t *testing.T) {
	for name, o := range map[string]Options{
		"none": {}, "too many": {FMRs: make([]float64, 6)}, "nought": {FMRs: []float64{0}}, "one": {FMRs: []float64{1}},
		"not a number": {FMRs: []float64{math.NaN()}}, "resamples": {FMRs: []float64{.1}, Resamples: -1},
	} {
		if _, err := Evaluate(Scores{}, o); !errors.Is(err, ErrOptions) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWriteText(t *testing.T) {
	es := branch(5000)
	for i := range es {
		es[i].Second -= 0.25
	}
	l := log{es}
	for i := range 8 {
		l.badge(domain.ReasonWrongFace, domain.PersonID(fmt.Sprint("p", i)), .7)
	}
	r := evaluate(t, l.es, 0.001)
	var b strings.Builder
	if err := r.WriteText(&b, true); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"enc@1 (cosine distance): 5000 events, 2026-03-", "5000 of the same person (50 people), 5000 of different people",
		"in use        0.590\n", "FMR  ", "FNMR not known: who is refused leaves no score", "of those accepted until now", "rough: few scores stand behind it",
		"too dear to use", "not proposed: needs 100 more of the same person", "8 refused after a badge with nothing after it",
		"are not seen", "Nothing is proposed and nothing was changed.",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, &b)
		}
	}
	if strings.Contains(b.String(), "verify_threshold =") {
		t.Errorf("a setting that is not proposed:\n%s", &b)
	}
	b.Reset()
	dear := r.Greeting.Proposals[0]
	if !dear.TooDear || dear.At.FNMR.Rate <= MaxCost {
		t.Errorf("%+v", dear)
	}
	if err := evaluate(t, branch(5000), 0.001).WriteText(&b, true); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Nothing was changed. To use what is proposed", "    [recognition]\n    threshold = 0.6", "# was 0.590", "looser than what was in use"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, &b)
		}
	}
	b.Reset()
	if err := evaluate(t, branch(2000), 0.001).WriteText(&b, true); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"needs 1000 more scores of different people (about 1 day more at this pace); there is enough for --fmr 0.15%", "Nothing is proposed and nothing was changed."} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, &b)
		}
	}
	j, err := json.Marshal(r)
	if err != nil || !strings.Contains(string(j), `"greeting":{"in_use":0.59,"people":50,"genuine":5000,"impostor":5000,"corrected":0,"seen_to":0.59,"now":{`) {
		t.Errorf("%v: %s", err, j)
	}
}

func TestDraw(t *testing.T) {
	r := evaluate(t, branch(5000), 0.01)
	m, err := r.Draw(OfGreeting, plot.DefaultSize())
	if err != nil || m.Rect.Size() != plot.DefaultSize() {
		t.Fatal(err)
	}
	s := r.Plot(OfGreeting)
	if len(s.Lines) != 2 || s.Lines[0].At != 0.59 || s.Lines[0].Proposed || !s.Lines[1].Proposed || s.Lines[1].At != r.Greeting.Proposals[0].At.Threshold || s.SeenTo != 0.59 || len(s.Genuine) != 5000 {
		t.Errorf("%+v", s.Lines)
	}
	if m, err := r.Draw(OfVerification, plot.DefaultSize()); !errors.Is(err, plot.ErrPlot) || m != nil {
		t.Errorf("nothing to draw: %v", err)
	}
}

// What was said to be wrong is told, and drawn along.
func TestCorrectedIsTold(t *testing.T) {
	l := log{branch(400)}
	l.deny("e7")
	l.deny("e9")
	r := evaluate(t, l.es, 0.05)
	if r.Greeting.Corrected != 2 || r.Greeting.Genuine != 398 || r.Greeting.Impostor != 400 {
		t.Errorf("%+v", r.Greeting)
	}
	if all := strings.Join(r.Cautions(), "\n"); !strings.Contains(all, "2 decisions were said to be wrong") {
		t.Errorf("%s", all)
	}
	if all := strings.Join(evaluate(t, branch(400), 0.05).Cautions(), "\n"); strings.Contains(all, "said to be wrong") {
		t.Errorf("%s", all)
	}
}

func TestWrap(t *testing.T) {
	for _, tc := range [][2]string{{"", ""}, {"one", "one"}, {"one two three", "one two\n  three"}, {"niño año sí", "niño\n  año sí"}, {"averylongword b", "averylongword\n  b"}} {
		if got := wrap(tc[0], 7); got != tc[1] {
			t.Errorf("%q: %q, want %q", tc[0], got, tc[1])
		}
	}
}

func TestRoundUp(t *testing.T) {
	for f, want := range map[float64]float64{0.0015: 0.0015, 0.00151: 0.0016, 0.00728: 0.0073, 0.0999: 0.1, 1: 1} {
		if got := roundUp(f); got < f || math.Abs(got-want) > want/100 {
			t.Errorf("%v: %v, want %v", f, got, want)
		}
	}
}
