package main

import (
	"context"
	"errors"
	"image"
	"strings"

	"agentid/app/kiosk"
	"agentid/vision/calibrate"
	"agentid/vision/plot"
)

// recognitionDesk tells what recognises, and calibrates it.
type recognitionDesk struct{ p *program }

var _ kiosk.RecognitionDesk = recognitionDesk{}

// Recognition implements kiosk.RecognitionDesk.
func (d recognitionDesk) Recognition(context.Context) (kiosk.RecognitionInfo, error) {
	r := kiosk.RecognitionInfo{Grade: d.p.machine.View().Status.Grade}
	if g := d.p.gallery.Load(); g != nil {
		r.People, r.Templates = g.Len()
	}
	cfg := d.p.config().Recognition
	r.Votes, r.MinFace, r.Margin = cfg.Votes, cfg.MinFacePx, cfg.Margin
	e := d.p.engine.Load()
	if e == nil {
		return r, nil
	}
	r.Detector, r.LivenessMode = e.detector.Name(), string(d.p.config().Liveness.Mode)
	if e.passive != nil {
		r.Passive = e.passive.Name()
	}
	if e.encoder != nil {
		r.Encoder, r.Metric = e.encoder.Ref().String(), string(e.encoder.Metric())
	}
	if in := d.p.inUse.Load(); in != nil {
		r.Threshold, r.Verify = in.Duplicate, in.Verify
	}
	return r, nil
}

// wantedFMR is the part of impostors that may be accepted, the first that is
// proposed for.
var wantedFMR = []float64{0.001, 0.01}

// Calibrate implements kiosk.RecognitionDesk.
func (d recognitionDesk) Calibrate(ctx context.Context) (kiosk.Calibration, error) {
	events, err := scoredEvents(ctx, d.p.store, d.p.c.clock.Now().AddDate(-1, 0, 0))
	if err != nil {
		return kiosk.Calibration{}, err
	}
	scores := calibrate.Collect(events)
	if len(scores) == 0 {
		return kiosk.Calibration{}, nil
	}
	r, err := calibrate.Evaluate(scores[0], calibrate.Options{FMRs: wantedFMR})
	if err != nil {
		return kiosk.Calibration{}, err
	}
	out := kiosk.Calibration{Encoder: r.Encoder, Events: r.Events, From: r.From, To: r.To}
	out.Rows = append(proposals("recognition.threshold", r.Greeting), proposals("recognition.verify_threshold", r.Verification)...)
	if out.Picture, err = drawScores(r); err != nil {
		return kiosk.Calibration{}, err
	}
	return out, nil
}

func proposals(key string, f calibrate.Finding) (out []kiosk.Proposal) {
	for _, p := range f.Proposals {
		row := kiosk.Proposal{Key: key, Wanted: p.Wanted, InUse: f.InUse, TooDear: p.TooDear, FNMR: -1}
		if p.At != nil {
			row.Threshold = p.At.Threshold
			if p.CostKnown {
				row.FNMR = p.At.FNMR.Rate
			}
		}
		if m := p.Missing; m != nil {
			row.MissingGenuine, row.MissingImpostor, row.MissingPeople, row.Days = m.Genuine, m.Impostor, m.People, m.Days
		}
		out = append(out, row)
	}
	return out
}

// drawScores draws the greeting's scores; nil where there is nothing to draw.
func drawScores(r calibrate.Report) (*image.RGBA, error) {
	img, err := r.Draw(calibrate.OfGreeting, plot.DefaultSize())
	if errors.Is(err, plot.ErrPlot) {
		return nil, nil
	}
	return img, err
}

// versionText is this program's version as staff read it.
func versionText() string { return strings.TrimPrefix(programName(), "agentid/") }
