package eval

import (
	"math"
)

// Rate is errors counted, and how far the count is to be believed.
type Rate struct {
	Errors int     `json:"errors"`
	Of     int     `json:"of"`
	Rate   float64 `json:"rate"`
	// Wilson is the 95% score interval, which takes the attempts for
	// independent; it says something even where no error was seen.
	Wilson Interval `json:"wilson_95"`
	// ByPerson is of a bootstrap over people, which does not; nil without one.
	ByPerson *Interval `json:"by_person_95,omitempty"`
}

// NewRate makes a rate of a count.
func NewRate(errors, of int) Rate {
	r := Rate{Errors: errors, Of: of, Wilson: Wilson(errors, of)}
	if of > 0 {
		r.Rate = float64(errors) / float64(of)
	}
	return r
}

// Wilson is the 95% score interval of errors in so many attempts; of none, 0 to 1.
func Wilson(errors, of int) Interval {
	if of <= 0 {
		return Interval{0, 1}
	}
	const z = 1.959964
	n, p := float64(of), float64(errors)/float64(of)
	mid := (p + z*z/(2*n)) / (1 + z*z/n)
	half := z / (1 + z*z/n) * math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	iv := Interval{max(0, mid-half), min(1, mid+half)}
	if errors == 0 { // exactly, whatever the roots' last digits say
		iv[0] = 0
	}
	if errors == of {
		iv[1] = 1
	}
	return iv
}

// Operating is what one threshold does, in counts.
type Operating struct {
	// Wanted is the FMR that the threshold was chosen for; 0 where it was given.
	Wanted    float64 `json:"wanted_fmr,omitempty"`
	Threshold float64 `json:"threshold"`
	// Within is where the threshold for Wanted lies in 95% of the resamples.
	Within *Interval `json:"threshold_95,omitempty"`
	FMR    Rate      `json:"fmr"`
	FNMR   Rate      `json:"fnmr"`
	// Reliable says that 30 false matches or more are expected at Wanted
	// (Doddington's rule): true rate within 30% of it, nine times in ten.
	Reliable bool `json:"reliable"`
}

// Rates is what is known of a set of comparisons.
type Rates struct {
	Genuine  int         `json:"genuine"`
	Impostor int         `json:"impostor"`
	Now      Operating   `json:"at_threshold"`
	AtFMR    []Operating `json:"at_fmr"`
	EER      EERResult   `json:"eer"`
	// EERWithin is of the bootstrap; nil without one.
	EERWithin *Interval `json:"eer_95,omitempty"`
}

// RateOptions say how to judge pairs.
type RateOptions struct {
	Threshold float64   // the one in use
	FMRs      []float64 // operating points wanted
	People    int       // the pairs' people are 0..People-1
	Resamples int       // of the bootstrap over them; 0 leaves it out
	Seed      uint64
}

// doddington is how many errors a rate must be expected to rest on.
const doddington = 30

// Judge counts what the threshold in use and those for the wanted FMRs do to
// the pairs. ErrTooFew where there are none of one kind.
func Judge(p Pairs, o RateOptions) (Rates, error) {
	r := Rates{Genuine: len(p.Genuine), Impostor: len(p.Impostor)}
	c := NewCurve(p)
	if c == nil {
		return r, ErrTooFew
	}
	count := func(pt Point) Operating {
		return Operating{
			Threshold: pt.Threshold,
			FMR:       NewRate(round(pt.FMR*float64(r.Impostor)), r.Impostor),
			FNMR:      NewRate(round(pt.FNMR*float64(r.Genuine)), r.Genuine),
		}
	}
	r.Now = count(c.At(o.Threshold))
	r.Now.Reliable = r.Now.FMR.Errors >= doddington
	for _, f := range o.FMRs {
		at := count(c.AtFMR(f))
		at.Wanted, at.Reliable = f, f*float64(r.Impostor) >= doddington
		r.AtFMR = append(r.AtFMR, at)
	}
	eer := c.EER()
	r.EER = EERResult{1 - eer.Accuracy, eer.Threshold}
	if o.Resamples > 0 {
		r.resample(p, o)
	}
	return r, nil
}

func (r *Rates) resample(p Pairs, o RateOptions) {
	var fmr, fnmr, eer []float64
	at, cost := make([][]float64, len(o.FMRs)), make([][]float64, len(o.FMRs))
	bootstrap(p, o.People, o.Resamples, o.Seed, func(c *Curve) {
		now := c.At(o.Threshold)
		fmr, fnmr = append(fmr, now.FMR), append(fnmr, now.FNMR)
		eer = append(eer, 1-c.EER().Accuracy)
		for i, f := range o.FMRs {
			pt := c.AtFMR(f)
			at[i], cost[i] = append(at[i], pt.Threshold), append(cost[i], pt.FNMR)
		}
	})
	interval := func(v []float64) *Interval {
		if len(v) == 0 {
			return nil
		}
		iv := interval95(v)
		return &iv
	}
	r.Now.FMR.ByPerson, r.Now.FNMR.ByPerson, r.EERWithin = interval(fmr), interval(fnmr), interval(eer)
	for i := range r.AtFMR {
		r.AtFMR[i].Within, r.AtFMR[i].FNMR.ByPerson = interval(at[i]), interval(cost[i])
	}
}

func round(x float64) int { return int(math.Round(x)) }
