// Package calibrate proposes thresholds from a branch's own events: from the
// scores of the visitors and the light that are there, and not from those of
// press photos.
//
// What happened at a kiosk is not a labelled set, so what each event is taken
// for is said here. A recognition that nobody contradicted is of the person it
// names, and its second-nearest person is somebody else. One that was corrected
// ("this is not me") was somebody else. A face accepted after a badge is of the
// badge's owner; one refused is, if the same badge was then accepted by PIN, by
// staff or at another look, within a few minutes. Everything else is left out
// and counted.
package calibrate

import (
	"cmp"
	"math"
	"slices"
	"time"

	"agentid/app/domain"
	"agentid/vision/eval"
)

// resolveWithin is how long after a refused face another way of validating
// speaks for it.
const resolveWithin = 5 * time.Minute

// Scores are those of one encoder.
type Scores struct {
	Encoder  domain.EncoderRef
	Metric   string
	From, To time.Time // of the first and the last event used
	Events   int       // used
	// Greeting is the search among everybody (1:N), Verification the check
	// against the owner of a badge (1:1).
	Greeting, Verification Check
	LeftOut                LeftOut
	last                   uint64 // Seq of the newest event
}

// Check is the scores of one way of comparing. In a pair, A is an index of the
// person who was there; B is the same, or eval.Somebody.
type Check struct {
	eval.Pairs
	// InUse is the threshold of the newest event; 0 where there is none.
	InUse float64
	// SeenTo is the distance beyond which not all genuine scores can have been
	// seen, as a threshold refused them: the strictest that was in use. 0 where
	// those refused are known as well.
	SeenTo float64
	people index
	// corrected of the impostor scores are decisions said to be wrong.
	corrected int
	open      bool // of some who were refused it is known who they were
}

// used notes the threshold of an event, which come in their order.
func (c *Check) used(threshold float64) {
	if threshold > 0 {
		c.InUse = threshold
		if c.SeenTo == 0 || threshold < c.SeenTo {
			c.SeenTo = threshold
		}
	}
}

// People is how many people the genuine scores are of.
func (c *Check) People() int {
	of := map[int]bool{}
	for _, p := range c.Genuine {
		of[p.A] = true
	}
	return len(of)
}

// LeftOut counts events that say nothing sure of whose face it was.
type LeftOut struct {
	Unknown    int `json:"unknown"`    // greeted as nobody: a stranger, or somebody missed
	Revised    int `json:"revised"`    // the kiosk changed its mind about the face
	WrongFace  int `json:"wrong_face"` // refused after a badge, and nothing came after it
	NoDistance int `json:"no_distance"`
}

// index numbers people.
type index map[domain.PersonID]int

func (x *index) of(p domain.PersonID) int {
	if *x == nil {
		*x = index{}
	}
	i, ok := (*x)[p]
	if !ok {
		i = len(*x)
		(*x)[p] = i
	}
	return i
}

func (c *Check) genuine(p domain.PersonID, d float64) {
	i := c.people.of(p)
	c.Genuine = append(c.Genuine, eval.Pair{Distance: d, A: i, B: i})
}

func (c *Check) impostor(p domain.PersonID, d float64) {
	c.Impostor = append(c.Impostor, eval.Pair{Distance: d, A: c.people.of(p), B: eval.Somebody})
}

// usable tells whether a score is one; 0 stands for none.
func usable(d float64) bool { return d > 0 && !math.IsInf(d, 0) }

// Collect sorts events, in any order, into the scores of each encoder; that of
// the newest event first.
func Collect(events []domain.Event) []Scores {
	events = slices.Clone(events)
	slices.SortFunc(events, func(a, b domain.Event) int { return cmp.Compare(a.Seq, b.Seq) })
	c := collector{denied: map[domain.EventID]bool{}, revised: map[domain.EventID]bool{}, of: map[key]*Scores{}}
	for _, e := range events {
		switch {
		case e.About == "":
		case e.Kind == domain.EventCorrection:
			c.denied[e.About] = true
		case e.Kind == domain.EventRecognition:
			c.revised[e.About] = true
		}
	}
	resolved := resolve(events)
	for _, e := range events {
		switch e.Kind {
		case domain.EventRecognition:
			c.recognition(e)
		case domain.EventValidation:
			c.validation(e, resolved[e.ID])
		}
	}
	var out []Scores
	for _, s := range c.of {
		if s.Verification.open {
			s.Verification.SeenTo = 0
		}
		s.Greeting.Sort()
		s.Verification.Sort()
		out = append(out, *s)
	}
	slices.SortFunc(out, func(a, b Scores) int { return cmp.Compare(b.last, a.last) })
	return out
}

// resolve finds the refused faces whose badge was accepted soon afterwards.
func resolve(events []domain.Event) map[domain.EventID]bool {
	out := map[domain.EventID]bool{}
	open := map[domain.PersonID][]domain.Event{}
	for _, e := range events {
		if e.Kind != domain.EventValidation || e.Person == "" {
			continue
		}
		switch e.Reason {
		case domain.ReasonWrongFace:
			open[e.Person] = append(open[e.Person], e)
		case domain.ReasonValidatedFace, domain.ReasonValidatedPIN, domain.ReasonValidatedStaff:
			for _, w := range open[e.Person] {
				if after := e.At.Sub(w.At); after >= 0 && after <= resolveWithin {
					out[w.ID] = true
				}
			}
			delete(open, e.Person)
		}
	}
	return out
}

// key tells encoders apart.
type key struct {
	ref    domain.EncoderRef
	metric string
}

type collector struct {
	denied, revised map[domain.EventID]bool
	of              map[key]*Scores
}

// scores are those that an event belongs to; nil where it names no encoder.
func (c *collector) scores(e domain.Event) *Scores {
	if e.Encoder == (domain.EncoderRef{}) || e.Metric == "" {
		return nil
	}
	k := key{e.Encoder, e.Metric}
	s := c.of[k]
	if s == nil {
		s = &Scores{Encoder: e.Encoder, Metric: e.Metric}
		c.of[k] = s
	}
	s.last = max(s.last, e.Seq)
	return s
}

// use notes that an event gave scores.
func (s *Scores) use(e domain.Event) {
	if s.From.IsZero() || e.At.Before(s.From) {
		s.From = e.At
	}
	if e.At.After(s.To) {
		s.To = e.At
	}
	s.Events++
}

func (c *collector) recognition(e domain.Event) {
	s := c.scores(e)
	if s == nil {
		return
	}
	s.Greeting.used(e.Threshold)
	switch {
	case e.Reason == domain.ReasonUnknown:
		s.LeftOut.Unknown++
	case e.Reason != domain.ReasonRecognised || e.Person == "":
	case c.revised[e.ID]:
		s.LeftOut.Revised++
	case !usable(e.Distance):
		s.LeftOut.NoDistance++
	case c.denied[e.ID]: // whose the second-nearest was is not known: maybe theirs
		s.Greeting.impostor(e.Person, e.Distance)
		s.Greeting.corrected++
		s.use(e)
	default:
		s.Greeting.genuine(e.Person, e.Distance)
		if usable(e.Second) {
			s.Greeting.impostor(e.Person, e.Second)
			s.Verification.impostor(e.Person, e.Second)
		}
		s.use(e)
	}
}

func (c *collector) validation(e domain.Event, resolved bool) {
	s := c.scores(e)
	if s == nil || e.Reason != domain.ReasonValidatedFace && e.Reason != domain.ReasonWrongFace {
		return
	}
	v := &s.Verification
	v.used(e.Threshold)
	switch {
	case e.Person == "" || !usable(e.Distance):
		s.LeftOut.NoDistance++
	case c.denied[e.ID]:
		v.impostor(e.Person, e.Distance)
		v.corrected++
		s.use(e)
	case e.Reason == domain.ReasonValidatedFace:
		v.genuine(e.Person, e.Distance)
		s.use(e)
	case resolved:
		v.genuine(e.Person, e.Distance)
		v.open = true
		s.use(e)
	default:
		s.LeftOut.WrongFace++
	}
}
