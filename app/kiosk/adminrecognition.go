package kiosk

import (
	"context"
	"slices"
	"strconv"

	"agentid/app/domain"
)

var recognitionDeeds = map[string]deed{
	"recognition.calibrate": {by: readers, do: calibrate},
	// One for each threshold that a calibration may propose.
	"recognition.apply":        {by: admins, about: domain.TargetSetting, sure: applySure("recognition.threshold"), do: applyThreshold("recognition.threshold")},
	"recognition.apply_verify": {by: admins, about: domain.TargetSetting, sure: applySure("recognition.verify_threshold"), do: applyThreshold("recognition.verify_threshold")},
}

// showRecognition shows what recognises, and by which thresholds.
func showRecognition(ctx context.Context, c call) (leaf, error) {
	if c.ports.Recognition == nil {
		return leaf{}, errNotHere
	}
	r, err := c.ports.Recognition.Recognition(ctx)
	if err != nil {
		return leaf{}, err
	}
	grade := toned(cellKey("grade."+string(r.Grade)), ToneWarn)
	switch r.Grade {
	case GradeProduction:
		grade.Tone = ToneOK
	case GradeFailed:
		grade.Tone = ToneStop
	case GradeNone:
		grade = toned(cellKey("grade.none"), ToneInfo)
	}
	l := leaf{figures: []Figure{
		figure("encoder", cellText(r.Encoder)), figure("grade", grade), figure("threshold", cellScore(r.Threshold)),
		figure("verify", cellScore(r.Verify)), figure("people", cellCount(r.People)), figure("templates", cellCount(r.Templates)),
	}}
	t := &Table{Columns: []Column{column("what", 5), column("value", 5)}, Total: -1, Do: []AdminButton{
		{ID: "recognition.calibrate", Label: words("do.calibrate"), Icon: "retry", Main: true},
	}}
	add := func(key string, value Cell) {
		t.Rows = append(t.Rows, Row{Cells: []Cell{cellKey("recognition." + key), value}})
	}
	add("detector", cellText(r.Detector))
	add("metric", cellText(r.Metric))
	add("margin", cellScore(r.Margin))
	add("votes", cellCount(r.Votes))
	add("min_face", cellCount(r.MinFace))
	mode := cellKey("liveness_mode." + r.LivenessMode)
	switch {
	case r.LivenessMode == "":
		mode = cellText("")
	case r.LivenessMode == "off":
		mode.Tone = ToneWarn
	}
	add("liveness", mode)
	if passive := cellText(r.Passive); r.Passive == "" && r.LivenessMode != "off" && r.LivenessMode != "" {
		add("passive", toned(cellKey("liveness_mode.not_installed"), ToneWarn))
	} else if r.Passive != "" {
		add("passive", passive)
	}
	l.table = t
	return l, nil
}

// calibrate reads what happened here, and proposes thresholds.
func calibrate(ctx context.Context, c call) (outcome, error) {
	if c.ports.Recognition == nil {
		return outcome{}, errNotHere
	}
	r, err := c.ports.Recognition.Calibrate(ctx)
	if err != nil {
		return outcome{}, err
	}
	if r.Events == 0 {
		return outcome{said: words("said.calibrate_nothing"), tone: ToneWarn}, nil
	}
	d := &Detail{ID: "calibration", Title: words("report.calibration", "Encoder", r.Encoder), Fields: []DetailField{
		field("events", cellCount(r.Events)), field("from", cellDay(r.From)), field("until", cellDay(r.To)),
	}}
	t := Table{Columns: []Column{
		column("setting", 4), right(column("wanted", 2)), right(column("in_use", 2)), right(column("proposed", 2)), right(column("fnmr", 2)), column("missing", 5),
	}, Total: -1}
	for _, p := range r.Rows {
		t.Rows = append(t.Rows, Row{Cells: []Cell{
			cellKey("threshold." + p.Key), cellPercent(p.Wanted), cellScore(p.InUse), cellScore(p.Threshold), fnmrCell(p), missingCell(p),
		}})
		id := applyButtons[p.Key]
		if id != "" && proposes(p) && !slices.ContainsFunc(d.Do, func(b AdminButton) bool { return b.ID == id }) {
			d.Do = append(d.Do, AdminButton{ID: id, Label: words("do.apply", "Value", threshold(p)), Icon: "check", Grave: true})
		}
	}
	d.Tables = []Table{t}
	out := said("said.calibrated")
	out.detail = d
	if r.Picture != nil {
		out.plots = []Plot{{Kind: PlotImage, Title: words("plot.scores"), Image: r.Picture}}
	}
	return out, nil
}

// proposes tells that a threshold may be set.
func proposes(p Proposal) bool { return p.Threshold > 0 && !p.TooDear && p.Threshold != p.InUse }

// applyButtons set the thresholds that are proposed.
var applyButtons = map[string]string{
	"recognition.threshold": "recognition.apply", "recognition.verify_threshold": "recognition.apply_verify",
}

func threshold(p Proposal) string { return strconv.FormatFloat(p.Threshold, 'f', 3, 64) }

func fnmrCell(p Proposal) Cell {
	if p.Threshold == 0 || p.FNMR < 0 {
		return cellText("")
	}
	c := cellPercent(p.FNMR)
	if p.TooDear {
		c.Tone = ToneStop
	}
	return c
}

func missingCell(p Proposal) Cell {
	switch {
	case p.TooDear:
		return toned(cellKey("missing.too_dear"), ToneStop)
	case p.Threshold > 0:
		return toned(cellKey("missing.nothing"), ToneOK)
	case p.Days > 0:
		return cellWords(words("missing.days", "Days", strconv.Itoa(p.Days)))
	}
	return cellWords(words("missing.more", "Genuine", strconv.Itoa(p.MissingGenuine), "Impostor", strconv.Itoa(p.MissingImpostor), "People", strconv.Itoa(p.MissingPeople)))
}

// proposal is the first for a setting, of the events as they are now.
func (c call) proposal(ctx context.Context, key string) (Proposal, error) {
	if c.ports.Recognition == nil {
		return Proposal{}, errNotHere
	}
	r, err := c.ports.Recognition.Calibrate(ctx)
	if err != nil {
		return Proposal{}, err
	}
	for _, p := range r.Rows {
		if p.Key == key && proposes(p) {
			return p, nil
		}
	}
	return Proposal{}, domain.ErrNotFound
}

func applySure(key string) func(context.Context, call) (*Confirm, error) {
	return func(ctx context.Context, c call) (*Confirm, error) {
		p, err := c.proposal(ctx, key)
		if err != nil {
			return nil, err
		}
		return &Confirm{Title: words("sure.apply", "Value", threshold(p)), Text: words("sure.apply_text"), Yes: words("do.set"), NeedsPIN: true}, nil
	}
}

func applyThreshold(key string) func(context.Context, call) (outcome, error) {
	return func(ctx context.Context, c call) (outcome, error) {
		p, err := c.proposal(ctx, key)
		if err != nil {
			return outcome{}, err
		}
		return c.set(ctx, key, threshold(p), "")
	}
}
