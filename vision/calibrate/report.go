package calibrate

import (
	"errors"
	"fmt"
	"image"
	"math"
	"time"

	"agentid/vision/eval"
	"agentid/vision/plot"
)

// How much there must be before a threshold is proposed.
const (
	MinGenuine = 100
	MinPeople  = 20
)

// MaxCost is the largest part of their own visits that people may be refused.
const MaxCost = 0.2

// MinImpostors is how many impostor scores it takes to speak of an FMR at all:
// with fewer, none of them being accepted would still fit a rate above it, one
// time in twenty (the rule of three).
func MinImpostors(fmr float64) int { return int(math.Ceil(3/fmr - 1e-9)) }

// Options say what to propose.
type Options struct {
	FMRs      []float64 // 0 < f < 1; the first is what the settings are for
	Resamples int       // of the bootstrap over people
	Seed      uint64
}

// ErrOptions says that the wanted rates make no sense.
var ErrOptions = errors.New("invalid calibration options")

func (o Options) check() error {
	if len(o.FMRs) == 0 || len(o.FMRs) > 5 {
		return fmt.Errorf("%w: %d wanted FMRs, want 1 to 5", ErrOptions, len(o.FMRs))
	}
	for _, f := range o.FMRs {
		if !(f >= 1e-6 && f < 1) {
			return fmt.Errorf("%w: an FMR of %v", ErrOptions, f)
		}
	}
	if o.Resamples < 0 || o.Resamples > 10_000 {
		return fmt.Errorf("%w: %d resamples", ErrOptions, o.Resamples)
	}
	return nil
}

// Report is what the scores of one encoder say.
type Report struct {
	Encoder      string    `json:"encoder"`
	Metric       string    `json:"metric"`
	From         time.Time `json:"from"`
	To           time.Time `json:"to"`
	Events       int       `json:"events"`
	Greeting     Finding   `json:"greeting"`
	Verification Finding   `json:"verification"`
	LeftOut      LeftOut   `json:"left_out"`

	scores Scores
}

// Finding is what is known of one way of comparing.
type Finding struct {
	InUse    float64 `json:"in_use"`
	People   int     `json:"people"`
	Genuine  int     `json:"genuine"`
	Impostor int     `json:"impostor"`
	// Corrected of the impostor scores are decisions said to be wrong.
	Corrected int `json:"corrected"`
	// SeenTo is the distance beyond which not all genuine scores were seen; 0
	// where they were. With it, an FNMR is of those accepted until now.
	SeenTo float64 `json:"seen_to,omitempty"`
	// Now is what the threshold in use does to these scores; nil where there are
	// none of one kind.
	Now       *eval.Operating `json:"now,omitempty"`
	Proposals []Proposal      `json:"proposals"`
}

// Proposal is a threshold for a wanted FMR, or what is missing for one.
type Proposal struct {
	Wanted float64 `json:"wanted_fmr"`
	// Missing is nil where there is enough: then At holds.
	Missing *Missing        `json:"missing,omitempty"`
	At      *eval.Operating `json:"at,omitempty"`
	// CostKnown says that FNMR is: of a threshold looser than what was in use
	// nothing can be known that was not seen.
	CostKnown bool `json:"cost_known"`
	// TooDear says that more than MaxCost of the people's own visits would be
	// refused: such a threshold is told, and not put into the settings.
	TooDear bool `json:"too_dear,omitempty"`
}

// Missing is how much more it takes.
type Missing struct {
	Genuine  int `json:"genuine"`
	Impostor int `json:"impostor"`
	People   int `json:"people"`
	// Days is how long that takes at the pace of the events; 0 where it cannot
	// be told.
	Days int `json:"days,omitempty"`
}

// Evaluate makes the report of one encoder's scores.
func Evaluate(s Scores, o Options) (Report, error) {
	if err := o.check(); err != nil {
		return Report{}, err
	}
	r := Report{
		Encoder: s.Encoder.String(), Metric: s.Metric, From: s.From, To: s.To, Events: s.Events,
		LeftOut: s.LeftOut, scores: s,
	}
	days := s.To.Sub(s.From).Hours() / 24
	var err error
	if r.Greeting, err = find(&s.Greeting, days, o); err != nil {
		return r, err
	}
	r.Verification, err = find(&s.Verification, days, o)
	return r, err
}

func find(c *Check, days float64, o Options) (Finding, error) {
	f := Finding{InUse: c.InUse, SeenTo: c.SeenTo, People: c.People(), Genuine: len(c.Genuine), Impostor: len(c.Impostor), Corrected: c.corrected}
	rates, err := eval.Judge(c.Pairs, eval.RateOptions{
		Threshold: c.InUse, FMRs: o.FMRs, People: len(c.people), Resamples: o.Resamples, Seed: max(o.Seed, 1),
	})
	if err != nil && !errors.Is(err, eval.ErrTooFew) {
		return f, err
	}
	if err == nil && c.InUse > 0 {
		f.Now = &rates.Now
	}
	for i, want := range o.FMRs {
		p := Proposal{Wanted: want, Missing: missing(f, want, days)}
		if p.Missing == nil {
			at, err := proposed(c, rates.AtFMR[i])
			if err != nil {
				return f, err
			}
			p.At, p.CostKnown = &at, c.SeenTo == 0 || at.Threshold <= c.SeenTo
			p.TooDear = p.CostKnown && at.FNMR.Rate > MaxCost
		}
		f.Proposals = append(f.Proposals, p)
	}
	return f, nil
}

// decimals of a threshold as it is written into a configuration.
const decimals = 1000

// proposed rounds a threshold down, so that its FMR does not grow, and counts
// again.
func proposed(c *Check, at eval.Operating) (eval.Operating, error) {
	down := math.Floor(at.Threshold*decimals) / decimals
	again, err := eval.Judge(c.Pairs, eval.RateOptions{Threshold: down})
	if err != nil {
		return at, err
	}
	byPerson := at.FNMR.ByPerson
	at.Threshold, at.FMR, at.FNMR = down, again.Now.FMR, again.Now.FNMR
	at.FNMR.ByPerson = byPerson
	return at, nil
}

// missing tells what keeps an FMR from being proposed; nil where nothing does.
func missing(f Finding, fmr, days float64) *Missing {
	m := Missing{
		Genuine:  max(0, MinGenuine-f.Genuine),
		Impostor: max(0, MinImpostors(fmr)-f.Impostor),
		People:   max(0, MinPeople-f.People),
	}
	if m == (Missing{}) {
		return nil
	}
	var worst float64
	for _, k := range []struct{ more, have int }{{m.Genuine, f.Genuine}, {m.Impostor, f.Impostor}} {
		switch {
		case k.more == 0:
		case k.have == 0:
			worst = math.Inf(1)
		default:
			worst = max(worst, float64(k.more)*days/float64(k.have))
		}
	}
	if days >= 1 && worst < 10*365 {
		m.Days = int(math.Ceil(worst))
	}
	return &m
}

// Least is the smallest FMR that so many impostor scores can speak for; 1 where
// there are none.
func Least(impostors int) float64 {
	if impostors < 3 {
		return 1
	}
	return 3 / float64(impostors)
}

// Pictures of a report.
const (
	OfGreeting     = "greeting"
	OfVerification = "verification"
)

// Plot is the picture of one way of comparing, to be drawn.
func (r Report) Plot(of string) plot.Scores {
	c, f := &r.scores.Greeting, r.Greeting
	title := "Greeting by face alone (1:N)"
	if of == OfVerification {
		c, f, title = &r.scores.Verification, r.Verification, "Face after a badge (1:1)"
	}
	s := plot.Scores{
		Title:    title,
		Subtitle: fmt.Sprintf("%s, %s to %s, %d people", r.Encoder, day(r.From), day(r.To), f.People),
		Unit:     unit(r.Metric), Genuine: distances(c.Genuine), Impostor: distances(c.Impostor), SeenTo: c.SeenTo,
		Note: "From this branch's own events. Uncorrected recognitions are taken for right; different people are the second-nearest enrolled.",
	}
	if c.InUse > 0 {
		s.Lines = append(s.Lines, plot.Line{Name: "in use", At: c.InUse})
	}
	for _, p := range f.Proposals {
		if p.At != nil {
			s.Lines = append(s.Lines, plot.Line{Name: "for FMR " + percent(p.Wanted), At: p.At.Threshold, Proposed: true})
		}
	}
	return s
}

// Draw draws the picture of one way of comparing; plot.ErrPlot where there is
// nothing to draw.
func (r Report) Draw(of string, size image.Point) (*image.RGBA, error) { return r.Plot(of).Draw(size) }

func distances(ps []eval.Pair) []float64 {
	out := make([]float64, len(ps))
	for i, p := range ps {
		out[i] = p.Distance
	}
	return out
}
