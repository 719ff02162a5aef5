package kiosk

import (
	"cmp"
	"context"
	"errors"
	"image"
	"image/color"
	"image/draw"
	"slices"
	"strconv"

	"agentid/app/domain"
)

var eventDeeds = map[string]deed{
	"events.confirm": {by: helpers, about: domain.TargetEvent, do: confirmEvent},
	"events.correct": {by: helpers, about: domain.TargetEvent, do: correctEvent},
	"events.picture": {by: everyone, about: domain.TargetEvent, do: eventPicture},
	"events.export":  {by: readers, do: exportEvents},
}

// eventKinds are those that the filter offers.
var eventKinds = []string{
	"", string(domain.EventRecognition), string(domain.EventValidation), string(domain.EventRegistration), string(domain.EventBadge),
	string(domain.EventCorrection), string(domain.EventErasure), string(domain.EventEnrolment), string(domain.EventCamera),
}

// eventFilter is what the page's filters choose.
func (c call) eventFilter() domain.EventFilter {
	return domain.EventFilter{
		Kind: domain.EventKind(c.at.filter["kind"]), Reason: domain.Reason(c.at.filter["reason"]),
		From: since(c.at.filter["period"], c.clock.Now()),
	}
}

// eventReasons are those that the filter offers.
var eventReasons = []domain.Reason{
	domain.ReasonRecognised, domain.ReasonUnknown, domain.ReasonUndecided, domain.ReasonValidatedFace, domain.ReasonValidatedPIN, domain.ReasonValidatedStaff,
	domain.ReasonWrongFace, domain.ReasonWrongPIN, domain.ReasonNotLive, domain.ReasonBadgeExpired, domain.ReasonBadgeRevoked, domain.ReasonBadgeForged,
	domain.ReasonLocked, domain.ReasonNotMe, domain.ReasonStaffWrongPIN,
}

// showEvents lists what happened, and shows one event.
func showEvents(ctx context.Context, c call) (leaf, error) {
	if c.ports.History == nil {
		return leaf{}, errNotHere
	}
	if c.at.row != "" {
		d, err := c.eventDetail(ctx, domain.EventID(c.at.row))
		return leaf{detail: d}, err
	}
	f := c.eventFilter()
	f.BeforeSeq, f.Limit = seqOf(c.at.cursor()), c.rows+1
	list, err := c.ports.History.EventsQuery(ctx, f)
	if err != nil {
		return leaf{}, err
	}
	t, next, err := c.eventTable(ctx, list)
	if err != nil {
		return leaf{}, err
	}
	kinds := choice("kind", c.at.filter["kind"], eventKinds...)
	reasons := choice("reason", c.at.filter["reason"], "")
	for _, r := range eventReasons {
		reasons.Options = append(reasons.Options, Option{Value: string(r), Label: words("reason." + string(r))})
	}
	t.Filters = []Choice{kinds, reasons, choice("period", c.at.filter["period"], "", "today", "week", "month")}
	t.Do = []AdminButton{{ID: "events.export", Label: words("do.export"), Icon: "download"}}
	return leaf{table: t, next: next}, nil
}

// eventTable shows a page of events; one more than a page says that there is
// another.
func (c call) eventTable(ctx context.Context, list []domain.Event) (*Table, string, error) {
	t := &Table{
		Columns: []Column{
			column("at", 3), column("reason", 4), column("person", 4), right(minor(column("distance", 1.5))), right(minor(column("second", 1.5))), minor(column("kind", 2.5)),
		},
		Empty: words("empty.events"), Total: -1,
	}
	next := ""
	if len(list) > c.rows {
		list = list[:c.rows]
		next = cursorOf(list[c.rows-1].Seq)
	}
	for _, e := range list {
		name, err := c.nameOf(ctx, e.Person)
		if err != nil {
			return nil, "", err
		}
		t.Rows = append(t.Rows, Row{ID: string(e.ID), Cells: []Cell{
			cellTime(e.At), reasonCell(e.Reason), cellWords(name), cellScore(e.Distance), cellScore(e.Second), cellKey("filter_kind." + string(e.Kind)),
		}})
	}
	t.From, t.To = c.at.from+min(1, len(t.Rows)), c.at.from+len(t.Rows)
	return t, next, nil
}

func reasonCell(r domain.Reason) Cell { return toned(cellKey("reason."+string(r)), reasonTone(r)) }

// correctable tells that an event took somebody for a person.
func correctable(e domain.Event) bool {
	return e.Person != "" && (e.Kind == domain.EventRecognition && e.Reason == domain.ReasonRecognised ||
		e.Kind == domain.EventValidation && validated(e.Reason))
}

// judged is what staff said of an event before, and who.
func (c call) judged(ctx context.Context, id domain.EventID) (domain.AuditEntry, bool, error) {
	list, err := c.ports.Audit.Audit(ctx, domain.AuditFilter{Target: domain.AuditTarget{Kind: domain.TargetEvent, ID: string(id)}}, 0, domain.DefaultPage)
	if err != nil {
		return domain.AuditEntry{}, false, err
	}
	for _, e := range list {
		if e.Action == domain.AuditConfirmed || e.Action == domain.AuditCorrected {
			return e, true, nil
		}
	}
	return domain.AuditEntry{}, false, nil
}

func (c call) eventDetail(ctx context.Context, id domain.EventID) (*Detail, error) {
	e, err := c.ports.History.EventByID(ctx, id)
	if err != nil {
		return nil, err
	}
	name, err := c.nameOf(ctx, e.Person)
	if err != nil {
		return nil, err
	}
	d := &Detail{ID: string(id), Title: words("reason." + string(e.Reason)), Fields: []DetailField{
		field("at", cellTime(e.At)), field("kind", cellKey("filter_kind."+string(e.Kind))),
	}}
	add := func(key string, cell Cell, there bool) {
		if there {
			d.Fields = append(d.Fields, field(key, cell))
		}
	}
	add("person", cellWords(name), e.Person != "")
	distance := cellScore(e.Distance)
	if e.Threshold > 0 && e.Distance > 0 {
		distance.Tone = ToneOK
		if e.Distance > e.Threshold {
			distance.Tone = ToneStop
		}
	}
	add("distance", distance, e.Distance != 0)
	add("second", cellScore(e.Second), e.Second != 0)
	add("threshold", cellScore(e.Threshold), e.Threshold != 0)
	add("votes", cellText(strconv.Itoa(e.Votes)+" / "+strconv.Itoa(e.Frames)), e.Frames != 0)
	add("quality", cellPercent(e.Quality), e.Quality != 0)
	add("liveness", livenessCell(e.LivenessReason), e.LivenessReason != "")
	add("liveness_score", cellPercent(e.Liveness), e.Liveness > 0) // gestures have none
	add("encoder", cellText(e.Encoder.String()), e.Encoder.Name != "")
	add("badge", cellText(short(string(e.Badge))), e.Badge != "")
	if e.Staff != "" {
		s, err := c.flows.Staff.StaffMember(ctx, e.Staff)
		if err != nil && !errors.Is(err, domain.ErrNotFound) {
			return nil, err
		}
		add("staff", cellText(s.Login), s.Login != "")
	}
	add("about", cellText(short(string(e.About))), e.About != "")
	add("seq", cellCount(int(e.Seq)), true)
	if e.Snapshot != "" && c.ports.Pictures != nil {
		d.Do = append(d.Do, AdminButton{ID: "events.picture", Label: words("do.picture"), Icon: "camera"})
	}
	by, done, err := c.judged(ctx, id)
	if err != nil {
		return nil, err
	}
	switch {
	case done:
		who, _, err := c.actors(ctx)
		if err != nil {
			return nil, err
		}
		add("judged", actionCell(by.Action), true)
		add("judged_by", cellWords(who.of(by.Actor)), true)
	case correctable(e):
		d.Do = append(d.Do, AdminButton{ID: "events.confirm", Label: words("do.confirm"), Icon: "check", Main: true},
			AdminButton{ID: "events.correct", Label: words("do.correct"), Icon: "cross"})
	}
	if e.Person != "" && name.Key == "" {
		d.Tables = append(d.Tables, Table{Columns: []Column{column("profile", 1)}, Total: -1, Rows: []Row{
			{ID: string(PagePeople) + ":" + string(e.Person), Cells: []Cell{cellWords(name)}},
		}})
	}
	return d, nil
}

// livenessTones are what proof of life stood on, or failed by.
var livenessTones = map[string]Tone{
	"off": ToneWarn, "passive": ToneOK, "gesture": ToneOK, "passive_and_gesture": ToneOK, "looks_like_a_picture": ToneStop,
	"flat": ToneStop, "wrong_gesture": ToneStop, "gesture_timed_out": ToneWarn, "gesture_left": ToneWarn, "no_landmarks": ToneWarn,
}

func livenessCell(reason string) Cell {
	tone, known := livenessTones[reason]
	if !known { // of a newer program
		return cellText(reason)
	}
	return toned(cellKey("liveness."+reason), tone)
}

// event is what a deed is about, if nobody has judged it yet.
func (c call) event(ctx context.Context) (domain.Event, error) {
	if c.ports.History == nil {
		return domain.Event{}, errNotHere
	}
	e, err := c.ports.History.EventByID(ctx, domain.EventID(c.row))
	if err != nil {
		return e, err
	}
	_, done, err := c.judged(ctx, e.ID)
	if err == nil && (done || !correctable(e)) {
		err = errNotHere
	}
	return e, err
}

// confirmEvent notes that a decision was right. It is no event: the scores of
// what nobody corrected count as right already.
func confirmEvent(ctx context.Context, c call) (outcome, error) {
	e, err := c.event(ctx)
	if err != nil {
		return outcome{}, err
	}
	return said("said.confirmed"), c.note(ctx, domain.AuditConfirmed, domain.TargetEvent, string(e.ID))
}

// correctEvent says that it was not them.
func correctEvent(ctx context.Context, c call) (outcome, error) {
	e, err := c.event(ctx)
	if err != nil {
		return outcome{}, err
	}
	return c.correct(ctx, e.Person, e.ID)
}

// eventPicture shows the picture that was kept; that it was seen is on record
// before it is.
func eventPicture(ctx context.Context, c call) (outcome, error) {
	if c.ports.Pictures == nil || c.ports.History == nil {
		return outcome{}, errNotHere
	}
	e, err := c.ports.History.EventByID(ctx, domain.EventID(c.row))
	if err != nil {
		return outcome{}, err
	}
	if e.Snapshot == "" {
		return outcome{}, domain.ErrNotFound
	}
	if err := c.note(ctx, domain.AuditViewed, domain.TargetEvent, string(e.ID), "what", "picture"); err != nil {
		return outcome{}, err
	}
	picture, err := c.ports.Pictures.EventPicture(ctx, e.Snapshot)
	if err != nil {
		return outcome{}, err
	}
	d, err := c.eventDetail(ctx, e.ID)
	if err != nil {
		return outcome{}, err
	}
	d.Picture = picture
	d.Do = slices.DeleteFunc(d.Do, func(b AdminButton) bool { return b.ID == "events.picture" })
	return outcome{detail: d}, nil
}

func exportEvents(ctx context.Context, c call) (outcome, error) {
	if c.ports.History == nil {
		return outcome{}, errNotHere
	}
	heading := []string{"seq", "id", "at", "kind", "reason", "person_id", "about", "distance", "second", "threshold", "metric", "votes", "frames", "quality", "encoder", "badge_id", "staff_id"}
	f := c.eventFilter()
	f.Limit = domain.MaxPage
	return c.export(ctx, "events", heading, func(out *csvFile) error {
		for n := 0; n < maxExport; {
			list, err := c.ports.History.EventsQuery(ctx, f)
			if err != nil {
				return err
			}
			for _, e := range list {
				encoder := ""
				if e.Encoder.Name != "" {
					encoder = e.Encoder.String()
				}
				out.row(cursorOf(e.Seq), string(e.ID), csvTime(e.At), string(e.Kind), string(e.Reason), string(e.Person), string(e.About),
					csvNumber(e.Distance), csvNumber(e.Second), csvNumber(e.Threshold), e.Metric, strconv.Itoa(e.Votes), strconv.Itoa(e.Frames),
					csvNumber(e.Quality), encoder, string(e.Badge), string(e.Staff))
				f.BeforeSeq = e.Seq
			}
			if n += len(list); len(list) < domain.MaxPage {
				return nil
			}
		}
		return nil
	})
}

func csvNumber(f float64) string {
	if f == 0 {
		return ""
	}
	return strconv.FormatFloat(f, 'f', 4, 64)
}

// reviewReasons are what is to be looked at: strangers, and what was in doubt.
var reviewReasons = map[string][]domain.Reason{
	"":        {domain.ReasonUnknown, domain.ReasonUndecided, domain.ReasonWrongFace, domain.ReasonDuplicateFace, domain.ReasonDuplicateDocument, domain.ReasonNotMe},
	"unknown": {domain.ReasonUnknown}, "doubtful": {domain.ReasonUndecided, domain.ReasonWrongFace, domain.ReasonNotMe},
	"duplicates": {domain.ReasonDuplicateFace, domain.ReasonDuplicateDocument},
}

// showReview lists what is to be looked at, the newest first.
func showReview(ctx context.Context, c call) (leaf, error) {
	if c.ports.History == nil {
		return leaf{}, errNotHere
	}
	if c.at.row != "" {
		d, err := c.eventDetail(ctx, domain.EventID(c.at.row))
		return leaf{detail: d}, err
	}
	var list []domain.Event
	for _, r := range reviewReasons[c.at.filter["review"]] {
		some, err := c.ports.History.EventsQuery(ctx, domain.EventFilter{Reason: r, BeforeSeq: seqOf(c.at.cursor()), Limit: c.rows + 1})
		if err != nil {
			return leaf{}, err
		}
		list = append(list, some...)
	}
	slices.SortFunc(list, func(a, b domain.Event) int { return cmp.Compare(b.Seq, a.Seq) })
	t, next, err := c.eventTable(ctx, list[:min(len(list), c.rows+1)])
	if err != nil {
		return leaf{}, err
	}
	t.Empty = words("empty.review")
	t.Filters = []Choice{choice("review", c.at.filter["review"], "", "unknown", "doubtful", "duplicates")}
	return leaf{table: t, next: next}, nil
}

// picture draws a code, dark on white, with the margin that readers want.
func (c *Code) picture() *image.RGBA {
	const module, margin = 8, 4
	n := (len(c.Modules) + 2*margin) * module
	img := image.NewRGBA(image.Rect(0, 0, n, n))
	draw.Draw(img, img.Rect, image.White, image.Point{}, draw.Src)
	for y, row := range c.Modules {
		for x, dark := range row {
			if dark {
				at := image.Pt((x+margin)*module, (y+margin)*module)
				draw.Draw(img, image.Rectangle{at, at.Add(image.Pt(module, module))}, image.NewUniform(color.Black), image.Point{}, draw.Src)
			}
		}
	}
	return img
}
