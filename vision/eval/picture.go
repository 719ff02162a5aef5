package eval

import (
	"fmt"
	"path/filepath"
	"strings"

	"agentid/vision/plot"
)

// Plot is the picture of the 1:1 check, to be drawn: with the nearest of several
// templates, or with one where nobody has several.
func (r Result) Plot() plot.Scores {
	pairs, rates, with := r.Scores.Single, r.Verification.Single, "one template"
	if n := r.Verification.Nearest; n != nil {
		pairs, rates, with = r.Scores.Nearest, n.Rates, "the nearest of several templates"
	}
	s := plot.Scores{
		Title:    "One picture with " + with,
		Subtitle: fmt.Sprintf("%s + %s@%s on %s, %d people", r.Engine.Detector, r.Engine.Encoder, r.Engine.Version, filepath.Base(r.Set.Dir), r.Set.People),
		Unit:     strings.ReplaceAll(string(r.Engine.Metric), "_", " "),
		Genuine:  scoresOf(pairs.Genuine), Impostor: scoresOf(pairs.Impostor),
		Lines: []plot.Line{{Name: "in use", At: rates.Now.Threshold}},
	}
	for _, o := range rates.AtFMR {
		s.Lines = append(s.Lines, plot.Line{Name: fmt.Sprintf("for FMR %g%%", 100*o.Wanted), At: o.Threshold, Proposed: true})
	}
	return s
}

func scoresOf(ps []Pair) []float64 {
	out := make([]float64, len(ps))
	for i, p := range ps {
		out[i] = p.Distance
	}
	return out
}
