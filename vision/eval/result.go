package eval

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"time"

	"agentid/vision"
)

// Result is what an engine does on a set.
type Result struct {
	Set       SetResult       `json:"set"`
	Engine    EngineResult    `json:"engine"`
	Detection DetectionResult `json:"detection"`
	Pairs     PairsResult     `json:"pairs"`
	// AtManifest and Best are of as many impostor pairs as genuine ones; All* are
	// of all impostor pairs, as are the figures below them.
	AtManifest Point `json:"at_manifest"`
	Best       Point `json:"best"`
	// BestOverDraws says how much of Best is the luck of its draw.
	BestOverDraws Draws `json:"best_over_draws"`
	AllAtManifest Point `json:"all_at_manifest"`
	AllBest       Point `json:"all_best"`
	// CrossValidated is the accuracy of a threshold found on other people; nil
	// where the set is too small.
	CrossValidated *float64   `json:"cross_validated,omitempty"`
	EER            EERResult  `json:"eer"`
	FNMRAtFMR      []AtFMR    `json:"fnmr_at_fmr"`
	ROC            []Point    `json:"roc"`
	Intervals      *Intervals `json:"intervals_95,omitempty"`
	// Verification is the 1:1 check after a badge.
	Verification Verification `json:"verification"`
	Time         TimesResult  `json:"time_ms"`
	// Scores are the comparisons behind all of this.
	Scores Scores `json:"-"`
}

// SetResult says what was measured on.
type SetResult struct {
	Dir      string `json:"dir"`
	People   int    `json:"people"`
	Pictures int    `json:"pictures"`
}

// EngineResult says what was measured.
type EngineResult struct {
	Detector  string        `json:"detector"`
	Encoder   string        `json:"encoder"`
	Version   string        `json:"version"`
	Metric    vision.Metric `json:"metric"`
	Threshold float64       `json:"threshold"`
}

// DetectionResult counts pictures, Faces aside.
type DetectionResult struct {
	Unreadable int     `json:"unreadable"`
	Found      int     `json:"found"` // one face or more
	Rate       float64 `json:"rate"`  // Found of all pictures
	Several    int     `json:"several"`
	Faces      int     `json:"faces"`
	// NotEncoded are those in which the encoder, looking closer, found no face.
	NotEncoded int `json:"not_encoded"`
	Usable     int `json:"usable"`
}

// PairsResult counts pairs.
type PairsResult struct {
	Genuine  int `json:"genuine"`
	Impostor int `json:"impostor"`
	Sampled  int `json:"impostor_sampled"`
	// Lost are genuine pairs that could not be made, as a picture gave no face.
	Lost int `json:"genuine_lost"`
}

// Verification is the 1:1 check, from single pictures. The kiosk lets several
// frames of a live stream vote, which pictures cannot show: it refuses fewer.
type Verification struct {
	// Single compares one picture with one template.
	Single Rates `json:"one_template"`
	// Nearest compares one picture with the nearest of several templates; nil
	// where nobody has three usable pictures.
	Nearest *NearestRates `json:"nearest_of_several,omitempty"`
}

// NearestRates are the rates of claims.
type NearestRates struct {
	Rates
	People    int     `json:"people"`
	Templates float64 `json:"templates"` // compared with, on average
	Lost      int     `json:"genuine_lost"`
}

// Draws is the accuracy at the best threshold over many draws of as many impostor
// pairs as genuine ones.
type Draws struct {
	Draws  int      `json:"draws"`
	Mean   float64  `json:"mean"`
	Within Interval `json:"within_95"`
}

// EERResult is the equal error rate.
type EERResult struct {
	Rate      float64 `json:"rate"`
	Threshold float64 `json:"threshold"`
}

// AtFMR is what a wanted FMR costs.
type AtFMR struct {
	Wanted float64 `json:"wanted"`
	Point
	// WithFailures is FNMR when genuine pairs that could not be made count as
	// not matched.
	WithFailures float64 `json:"fnmr_with_failures"`
	// Reliable says that 30 false matches or more stand behind the threshold
	// (Doddington's rule).
	Reliable bool `json:"reliable"`
}

// Intervals are of a bootstrap over people, on all pairs.
type Intervals struct {
	Resamples  int        `json:"resamples"`
	AtManifest Interval   `json:"accuracy_at_manifest"`
	EER        Interval   `json:"eer"`
	FNMRAtFMR  []Interval `json:"fnmr_at_fmr"`
}

// TimesResult is wall time in milliseconds, for a picture.
type TimesResult struct {
	Decode Times `json:"decode"`
	Detect Times `json:"detect"`
	Encode Times `json:"encode"`
}

// Times summarises durations, in milliseconds.
type Times struct {
	Mean   float64 `json:"mean"`
	Median float64 `json:"median"`
	P95    float64 `json:"p95"`
}

func summarise(ds []time.Duration) Times {
	if len(ds) == 0 {
		return Times{}
	}
	ds = slices.Clone(ds)
	slices.SortFunc(ds, func(a, b time.Duration) int { return cmp.Compare(a, b) })
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	var sum time.Duration
	for _, d := range ds {
		sum += d
	}
	return Times{ms(sum / time.Duration(len(ds))), ms(ds[len(ds)/2]), ms(ds[len(ds)*95/100])}
}

// WriteText writes the result for people to read.
func (r Result) WriteText(w io.Writer) error {
	e := &errWriter{w: w}
	e.printf("%s, %s %s on %s: %d people, %d pictures\n", r.Engine.Detector, r.Engine.Encoder, r.Engine.Version, r.Set.Dir, r.Set.People, r.Set.Pictures)
	e.printf("detection        %6.2f%%  (%d unreadable, %d with several faces, %d not encoded)\n", 100*r.Detection.Rate, r.Detection.Unreadable, r.Detection.Several, r.Detection.NotEncoded)
	e.printf("pairs            %d genuine, %d impostor\n", r.Pairs.Genuine, r.Pairs.Impostor)
	point := func(what string, p Point) {
		e.printf("%-16s %6.2f%%  at %.3f: FMR %.3f%%, FNMR %.2f%%\n", what, 100*p.Accuracy, p.Threshold, 100*p.FMR, 100*p.FNMR)
	}
	point("accuracy", r.AtManifest)
	point("at best", r.Best)
	e.printf("  over %d draws %6.2f%%  95%% of them %.2f to %.2f%%\n", r.BestOverDraws.Draws, 100*r.BestOverDraws.Mean, 100*r.BestOverDraws.Within[0], 100*r.BestOverDraws.Within[1])
	point("all pairs", r.AllAtManifest)
	point("at best", r.AllBest)
	if r.CrossValidated != nil {
		e.printf("cross-validated  %6.2f%%\n", 100**r.CrossValidated)
	}
	e.printf("EER              %6.2f%%  at %.3f\n", 100*r.EER.Rate, r.EER.Threshold)
	for i, p := range r.FNMRAtFMR {
		e.printf("FNMR at %-7g  %6.2f%%  at %.3f", p.Wanted, 100*p.FNMR, p.Threshold)
		if r.Intervals != nil {
			e.printf(", 95%% %.1f to %.1f%%", 100*r.Intervals.FNMRAtFMR[i][0], 100*r.Intervals.FNMRAtFMR[i][1])
		}
		if !p.Reliable {
			e.printf(", few pairs")
		}
		e.printf("\n")
	}
	e.printf("1:1, one template, at %.3f\n", r.Verification.Single.Now.Threshold)
	e.rates(r.Verification.Single)
	if n := r.Verification.Nearest; n != nil {
		e.printf("1:1, the nearest of %.1f templates, %d people, %d genuine claims lost\n", n.Templates, n.People, n.Lost)
		e.rates(n.Rates)
	}
	e.printf("ms a picture     decode %.1f, detect %.1f, encode %.1f\n", r.Time.Decode.Mean, r.Time.Detect.Mean, r.Time.Encode.Mean)
	return e.err
}

// errWriter keeps the first error.
type errWriter struct {
	w   io.Writer
	err error
}

func (e *errWriter) printf(format string, args ...any) {
	if e.err == nil {
		_, e.err = fmt.Fprintf(e.w, format, args...)
	}
}

// rates writes the lines of a 1:1 check.
func (e *errWriter) rates(r Rates) {
	e.printf("  EER            %6.2f%%  at %.3f%s\n", 100*r.EER.Rate, r.EER.Threshold, percents(", 95%", r.EERWithin))
	for _, o := range append([]Operating{r.Now}, r.AtFMR...) {
		name := "threshold"
		if o.Wanted > 0 {
			name = fmt.Sprintf("FMR %g", o.Wanted)
		}
		e.printf("  %-14s at %.3f: FMR %s, FNMR %s", name, o.Threshold, o.FMR, o.FNMR)
		if o.Wanted > 0 && !o.Reliable {
			e.printf(", few pairs")
		}
		e.printf("\n")
	}
}

// String writes a rate with the wider of its intervals.
func (r Rate) String() string {
	iv := r.Wilson
	if b := r.ByPerson; b != nil {
		iv = Interval{min(iv[0], b[0]), max(iv[1], b[1])}
	}
	return fmt.Sprintf("%.3f%% (%d of %d%s)", 100*r.Rate, r.Errors, r.Of, percents("; 95%", &iv))
}

func percents(before string, iv *Interval) string {
	if iv == nil {
		return ""
	}
	return fmt.Sprintf("%s %.3f to %.3f%%", before, 100*iv[0], 100*iv[1])
}
