package kiosk

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"agentid/app/domain"
)

var todayDeeds = map[string]deed{
	"today.evacuation": {by: everyone, do: exportInside},
}

const (
	// insideFor is for how long somebody who was seen counts as inside, where
	// nothing else is chosen: a kiosk at the door sees who comes, not who leaves.
	insideFor = 2 * time.Hour
	// maxInside bounds the events that are looked through for who is inside.
	maxInside = 20_000
)

// showToday shows how the day goes, and who is inside.
func showToday(ctx context.Context, c call) (leaf, error) {
	if c.ports.History == nil {
		return leaf{}, errNotHere
	}
	now := c.clock.Now()
	from := dayOf(now)
	tally, err := c.ports.History.Tally(ctx, from, now.Add(time.Second), time.Hour)
	if err != nil {
		return leaf{}, err
	}
	day := sumUp(tally, from, now)
	inside, err := c.inside(ctx)
	if err != nil {
		return leaf{}, err
	}
	l := leaf{figures: []Figure{
		figure("visits", cellCount(day.visits)), figure("validated", toned(cellCount(day.validated), ToneOK)),
		figure("failed", failedCell(day.failed)), figure("registered", cellCount(day.registered)), figure("inside", cellCount(len(inside))),
	}}
	l.plots = []Plot{{
		Kind: PlotBars, Title: words("plot.hours"), Labels: day.hours, Series: []Series{
			{Label: words("figure.visits"), Values: day.visitsBy, Tone: ToneInfo},
			{Label: words("figure.validated"), Values: day.validatedBy, Tone: ToneOK},
			{Label: words("figure.failed"), Values: day.failedBy, Tone: ToneStop},
		},
	}}
	if why := day.failures(); len(why) > 0 {
		l.plots = append(l.plots, Plot{Kind: PlotBars, Title: words("plot.failures"), Labels: []string{""}, Series: why})
	}
	within := c.at.filter["within"]
	if within == "" {
		within = "2"
	}
	l.table = &Table{
		Columns: []Column{column("inside", 5), column("last_seen", 3), column("how", 4)},
		Filters: []Choice{choice("within", within, "1", "2", "4", "8")},
		Empty:   words("empty.inside"),
		Do:      []AdminButton{{ID: "today.evacuation", Label: words("do.evacuation"), Icon: "download", Main: true}},
	}
	l.next = paged(c, l.table, inside, func(p present) Row {
		return Row{ID: string(PagePeople) + ":" + string(p.id), Cells: []Cell{cellWords(p.name), cellTime(p.at), reasonCell(p.why)}}
	})
	return l, nil
}

func failedCell(n int) Cell {
	c := cellCount(n)
	if n > 0 {
		c.Tone = ToneWarn
	}
	return c
}

// dayFigures are a day in numbers.
type dayFigures struct {
	visits, validated, failed, registered int
	hours                                 []string
	visitsBy, validatedBy, failedBy       []float64
	why                                   map[domain.Reason]int
}

// refusal tells that a validation ended with nobody being validated. That staff
// was called, that somebody left, is no failure.
func refusal(r domain.Reason) bool {
	switch r {
	case domain.ReasonCancelled, domain.ReasonStaffCalled, domain.ReasonTimedOut, domain.ReasonStaffWrongPIN:
		return false
	}
	return !validated(r)
}

// sumUp counts the tally of a day, by the hour.
func sumUp(tally []domain.EventTally, from, now time.Time) dayFigures {
	d := dayFigures{why: map[domain.Reason]int{}}
	for at := from; !at.After(now); at = at.Add(time.Hour) {
		d.hours = append(d.hours, strconv.Itoa(at.Local().Hour()))
	}
	n := len(d.hours)
	d.visitsBy, d.validatedBy, d.failedBy = make([]float64, n), make([]float64, n), make([]float64, n)
	for _, t := range tally {
		i := int(t.From.Sub(from) / time.Hour)
		if i < 0 || i >= n {
			continue
		}
		switch {
		case t.Kind == domain.EventRecognition && (t.Reason == domain.ReasonRecognised || t.Reason == domain.ReasonUnknown):
			d.visits += t.Count
			d.visitsBy[i] += float64(t.Count)
		case t.Kind == domain.EventValidation && validated(t.Reason):
			d.validated += t.Count
			d.validatedBy[i] += float64(t.Count)
		case t.Kind == domain.EventValidation && refusal(t.Reason):
			d.failed += t.Count
			d.failedBy[i] += float64(t.Count)
			d.why[t.Reason] += t.Count
		case t.Kind == domain.EventRegistration && (t.Reason == domain.ReasonRegistered || t.Reason == domain.ReasonWithoutFace):
			d.registered += t.Count
		}
	}
	return d
}

// maxWhy is how many reasons the plot shows.
const maxWhy = 6

// failures are the reasons of what failed, the most frequent first.
func (d dayFigures) failures() []Series {
	var reasons []domain.Reason
	for r := range d.why {
		reasons = append(reasons, r)
	}
	slices.SortFunc(reasons, func(a, b domain.Reason) int {
		return cmp.Or(cmp.Compare(d.why[b], d.why[a]), cmp.Compare(a, b))
	})
	var out []Series
	for _, r := range reasons[:min(len(reasons), maxWhy)] {
		out = append(out, Series{Label: words("reason." + string(r)), Values: []float64{float64(d.why[r])}, Tone: reasonTone(r)})
	}
	return out
}

// present is somebody who was seen lately.
type present struct {
	id   domain.PersonID
	name Words
	at   time.Time
	why  domain.Reason
}

// within is for how long somebody who was seen counts as inside.
func (c call) within() time.Duration {
	hours, err := strconv.Atoi(c.at.filter["within"])
	if err != nil || hours < 1 || hours > 24 {
		return insideFor
	}
	return time.Duration(hours) * time.Hour
}

// inside lists who was recognised or validated within the last hours, as last
// seen, the newest first. Who was recognised and corrected is not among them.
func (c call) inside(ctx context.Context) ([]present, error) {
	from := c.clock.Now().Add(-c.within())
	var list []domain.Event
	for _, kind := range []domain.EventKind{domain.EventRecognition, domain.EventValidation, domain.EventCorrection} {
		f := domain.EventFilter{Kind: kind, From: from, Limit: domain.MaxPage}
		for n := 0; n < maxInside; {
			some, err := c.ports.History.EventsQuery(ctx, f)
			if err != nil {
				return nil, err
			}
			list = append(list, some...)
			if n += len(some); len(some) < domain.MaxPage {
				break
			}
			f.BeforeSeq = some[len(some)-1].Seq
		}
	}
	wrong := map[domain.EventID]bool{}
	for _, e := range list {
		if e.Kind == domain.EventCorrection {
			wrong[e.About] = true
		}
	}
	last := map[domain.PersonID]present{}
	for _, e := range list {
		if p, seen := last[e.Person]; correctable(e) && !wrong[e.ID] && (!seen || e.At.After(p.at)) {
			last[e.Person] = present{id: e.Person, at: e.At, why: e.Reason}
		}
	}
	var out []present
	for _, p := range last {
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b present) int { return cmp.Or(b.at.Compare(a.at), cmp.Compare(a.id, b.id)) })
	for i := range out {
		name, err := c.nameOf(ctx, out[i].id)
		if err != nil {
			return nil, err
		}
		out[i].name = name
	}
	return out, nil
}

// exportInside writes the list for an evacuation.
func exportInside(ctx context.Context, c call) (outcome, error) {
	if c.ports.History == nil {
		return outcome{}, errNotHere
	}
	list, err := c.inside(ctx)
	if err != nil {
		return outcome{}, err
	}
	return c.export(ctx, "evacuation", []string{"name", "person_id", "last_seen", "how"}, func(f *csvFile) error {
		for _, p := range list {
			f.row(p.name.Plain, string(p.id), csvTime(p.at), string(p.why))
		}
		return nil
	})
}
