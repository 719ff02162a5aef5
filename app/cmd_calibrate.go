package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"agentid/app/domain"
	"agentid/app/store"
	"agentid/vision/calibrate"
	"agentid/vision/plot"
)

// maxCalibration bounds the events of one kind that are read, the newest.
const maxCalibration = 200_000

func calibrateCommand(c *cli) *cobra.Command {
	var asJSON bool
	var fmrs []string
	var days, resamples int
	var picture string
	cmd := &cobra.Command{
		Use:   "calibrate",
		Short: "Propose recognition thresholds from this kiosk's own events",
		Long: "Propose recognition thresholds from this kiosk's own events: recognitions, corrections (\"this is not me\") and\n" +
			"validations by badge and face. It says what each threshold would cost, how far to believe that, and how much more\n" +
			"it needs where there is too little. It changes nothing: it prints the lines for the configuration.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o := calibrate.Options{Resamples: resamples}
			for _, s := range fmrs {
				f, err := parseRate(s)
				if err != nil {
					return usageError{err}
				}
				o.FMRs = append(o.FMRs, f)
			}
			if days < 0 {
				return usageError{fmt.Errorf("--days %d: at least 0", days)}
			}
			ctx := cmd.Context()
			st, err := c.openStore(ctx)
			if err != nil {
				return err
			}
			defer st.Close()
			var from time.Time
			if days > 0 {
				from = c.clock.Now().AddDate(0, 0, -days)
			}
			events, err := scoredEvents(ctx, st, from)
			if err != nil {
				return err
			}
			var reports []calibrate.Report
			for _, s := range calibrate.Collect(events) {
				r, err := calibrate.Evaluate(s, o)
				if errors.Is(err, calibrate.ErrOptions) {
					return usageError{err}
				}
				if err != nil {
					return err
				}
				reports = append(reports, r)
			}
			if picture != "" {
				if err := c.drawCalibration(picture, reports); err != nil {
					return err
				}
			}
			return c.tellCalibration(reports, asJSON)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&asJSON, "json", false, "print JSON")
	f.StringSliceVar(&fmrs, "fmr", []string{"0.1%"}, "the part of impostors that may be accepted, as 0.1% or 0.001; the settings are for the first")
	f.IntVar(&days, "days", 0, "only events of so many days (0: all that are kept)")
	f.IntVar(&resamples, "resamples", 200, "bootstrap resamples for the 95% intervals, 0 for none")
	f.StringVar(&picture, "histogram", "", "draw the scores of the encoder in use into this PNG file, and those after a badge into one beside it, -badge")
	return cmd
}

// parseRate reads "0.1%" or "0.001".
func parseRate(s string) (float64, error) {
	digits, isPercent := strings.CutSuffix(strings.TrimSpace(s), "%")
	f, err := strconv.ParseFloat(strings.TrimSpace(digits), 64)
	if isPercent {
		f /= 100
	}
	if err != nil || !(f > 0 && f < 1) {
		return 0, fmt.Errorf("--fmr %q: want a part like 0.1%% or 0.001", s)
	}
	return f, nil
}

// eventLister is what of a store tells what happened.
type eventLister interface {
	EventsQuery(ctx context.Context, f store.Filter) ([]domain.Event, error)
}

// scoredEvents reads the events that carry scores, or say of others whether they
// were right.
func scoredEvents(ctx context.Context, st eventLister, from time.Time) ([]domain.Event, error) {
	var out []domain.Event
	for _, kind := range []domain.EventKind{domain.EventRecognition, domain.EventValidation, domain.EventCorrection} {
		f := store.Filter{Kind: kind, From: from, Limit: store.MaxLimit}
		for n := 0; n < maxCalibration; {
			page, err := st.EventsQuery(ctx, f)
			if err != nil {
				return nil, err
			}
			out = append(out, page...)
			n += len(page)
			if len(page) < f.Limit {
				break
			}
			f.BeforeSeq = page[len(page)-1].Seq
		}
	}
	return out, nil
}

// drawCalibration draws the encoder in use: greeting into the file, validation
// into one beside it where there is anything to draw.
func (c *cli) drawCalibration(path string, reports []calibrate.Report) error {
	if len(reports) == 0 {
		return nil
	}
	ext := filepath.Ext(path)
	for of, to := range map[string]string{
		calibrate.OfGreeting: path, calibrate.OfVerification: strings.TrimSuffix(path, ext) + "-badge" + ext,
	} {
		m, err := reports[0].Draw(of, plot.DefaultSize())
		if errors.Is(err, plot.ErrPlot) {
			fmt.Fprintf(c.errOut, "%s is not drawn: %v\n", to, err)
			continue
		}
		if err != nil {
			return err
		}
		if err := writePNG(to, m); err != nil {
			return err
		}
	}
	return nil
}

func (c *cli) tellCalibration(reports []calibrate.Report, asJSON bool) error {
	if asJSON {
		return writeJSON(c.out, map[string]any{"encoders": reports})
	}
	if len(reports) == 0 {
		_, err := fmt.Fprintf(c.out, "No event of this kiosk has a score yet. A proposal for an FMR of 0.1%% needs %d visits of %d people or more.\n",
			calibrate.MinImpostors(0.001), calibrate.MinPeople)
		return err
	}
	for i, r := range reports {
		if i > 0 {
			fmt.Fprintln(c.out)
		}
		if err := r.WriteText(c.out, i == 0); err != nil {
			return err
		}
	}
	return nil
}
