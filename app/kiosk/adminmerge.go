package kiosk

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"agentid/app/domain"
)

// Two records that are one person are named "keep+gone", and once their plan was
// shown, "keep+gone+stamp".
var mergeDeeds = map[string]deed{
	"people.merge_with":   {by: admins, about: domain.TargetPerson, do: mergeWith},
	"people.merge_cancel": {by: admins, about: domain.TargetPerson, do: mergeCancel},
	"people.merge_swap":   {by: admins, about: domain.TargetPerson, do: mergeSwap},
	"people.merge":        {by: admins, about: domain.TargetPerson, sure: mergeSure, do: mergePeople},
}

const (
	mergeSign = "+"
	// mergeFilter is where a spot keeps whose other record is looked for.
	mergeFilter = "merge"
	// maxTwins bounds those who are proposed for each reason.
	maxTwins = 10
)

// pair is two records, and the state of them that was shown.
type pair struct {
	keep, gone domain.PersonID
	stamp      string
}

// pairOf reads a row of two records; ok is false for any other.
func pairOf(row string) (p pair, ok bool) {
	f := strings.Split(row, mergeSign)
	if len(f) < 2 || len(f) > 3 {
		return p, false
	}
	p = pair{keep: domain.PersonID(f[0]), gone: domain.PersonID(f[1])}
	if len(f) == 3 {
		p.stamp = f[2]
	}
	return p, p.keep != "" && p.gone != ""
}

func (p pair) row() string { return string(p.keep) + mergeSign + string(p.gone) }

// mergeWith goes to where the other record of somebody is looked for.
func mergeWith(ctx context.Context, c call) (outcome, error) {
	if c.ports.Merger == nil {
		return outcome{}, errNotHere
	}
	if _, err := c.flows.Registry.Profile(ctx, domain.PersonID(c.row)); err != nil {
		return outcome{}, err
	}
	return outcome{at: &spot{page: PagePeople, filter: map[string]string{mergeFilter: c.row}}}, nil
}

// mergeCancel goes back to the profile from which that began.
func mergeCancel(_ context.Context, c call) (outcome, error) {
	return outcome{at: &spot{page: PagePeople, row: c.at.filter[mergeFilter]}}, nil
}

func mergeSwap(_ context.Context, c call) (outcome, error) {
	p, ok := pairOf(c.row)
	if !ok {
		return outcome{}, domain.ErrNotFound
	}
	at := c.at
	at.row = pair{keep: p.gone, gone: p.keep}.row()
	return outcome{at: &at}, nil
}

// viewedPair audits that two profiles are opened beside each other.
func (c call) viewedPair(ctx context.Context, p pair) error {
	if err := c.allow(ctx, c.who, "people.merge", domain.AuditTarget{Kind: domain.TargetPerson, ID: string(p.keep)}); err != nil {
		return err
	}
	if c.ports.Merger == nil {
		return errNotHere
	}
	if _, err := c.ports.Merger.PlanMerge(ctx, p.keep, p.gone); err != nil {
		return err
	}
	for _, id := range []domain.PersonID{p.keep, p.gone} {
		if err := c.note(ctx, domain.AuditViewed, domain.TargetPerson, string(id)); err != nil {
			return err
		}
	}
	return nil
}

// showTwins lists who may be the same person as somebody: by face, by name, or
// as searched for.
func showTwins(ctx context.Context, c call, of domain.PersonID) (leaf, error) {
	if c.ports.Merger == nil || !may(c.who.Role, "people.merge") {
		return leaf{}, errNotHere
	}
	p, err := c.flows.Registry.Profile(ctx, of)
	if err != nil {
		return leaf{}, err
	}
	t := &Table{
		Columns: []Column{column("name", 4), column("document", 2), column("alike", 3), minor(column("registered", 2))},
		Search:  words("hint.merge"), Query: c.at.query, Total: -1, Empty: words("empty.merge"),
		Do: []AdminButton{{ID: "people.merge_cancel", Label: words("do.merge_cancel"), Icon: "cross"}},
	}
	l := leaf{table: t, hint: words("merge_choose", "Name", p.Person.Name)}
	var twins []twin
	if c.at.query == "" {
		if twins, err = c.twins(ctx, of); err != nil {
			return leaf{}, err
		}
	} else if twins, l.next, err = c.searched(ctx, of); err != nil {
		return leaf{}, err
	} else {
		t.Empty = words("empty.search")
	}
	for _, x := range twins {
		other, err := c.flows.Registry.Profile(ctx, x.id)
		if errors.Is(err, domain.ErrNotFound) { // gone meanwhile
			continue
		}
		if err != nil {
			return leaf{}, err
		}
		t.Rows = append(t.Rows, Row{ID: pair{keep: of, gone: x.id}.row(), Cells: []Cell{
			cellText(other.Person.Name), cellText(documentTail(other)), x.why, cellDay(other.Person.CreatedAt),
		}})
	}
	t.From, t.To = c.at.from+min(1, len(t.Rows)), c.at.from+len(t.Rows)
	return l, nil
}

// documentTail is enough of somebody's document to compare; empty without one.
func documentTail(p domain.Profile) string {
	if p.Document == "" {
		return ""
	}
	return "…" + tail(p.Document)
}

// twin is somebody who may be another, and why.
type twin struct {
	id  domain.PersonID
	why Cell
}

// twins proposes those whose face is near, the nearest first, and then those who
// are called much the same.
func (c call) twins(ctx context.Context, of domain.PersonID) (list []twin, err error) {
	var faces []Lookalike
	if c.ports.Lookalikes != nil {
		if faces, err = c.ports.Lookalikes.Lookalikes(ctx, of); err != nil {
			return nil, err
		}
	}
	names, err := c.ports.Merger.SimilarNames(ctx, of, maxTwins)
	if err != nil {
		return nil, err
	}
	for _, f := range faces[:min(len(faces), maxTwins)] {
		why := "alike.face"
		if slices.ContainsFunc(names, func(n domain.NamedPerson) bool { return n.ID == f.Person }) {
			why = "alike.both"
		}
		list = append(list, twin{f.Person, toned(cellKey(why), ToneWarn)})
	}
	for _, n := range names {
		if !slices.ContainsFunc(list, func(t twin) bool { return t.id == n.ID }) {
			list = append(list, twin{n.ID, toned(cellKey("alike.name"), ToneInfo)})
		}
	}
	return list, nil
}

// searched lists whom staff looks for by name or document.
func (c call) searched(ctx context.Context, of domain.PersonID) (list []twin, next string, err error) {
	if c.ports.Directory == nil {
		return nil, "", errNotHere
	}
	page, err := c.ports.Directory.FindPeople(ctx, domain.PeopleQuery{Text: c.at.query, Before: domain.PersonID(c.at.cursor()), Limit: c.rows})
	for _, e := range page.People {
		if e.ID != of {
			list = append(list, twin{id: e.ID, why: cellText("")})
		}
	}
	return list, string(page.More), err
}

// mergeDetail shows two records side by side, and what will be left.
func (c call) mergeDetail(ctx context.Context, two pair) (*Detail, error) {
	if c.ports.Merger == nil || !may(c.who.Role, "people.merge") {
		return nil, errNotHere
	}
	p, err := c.ports.Merger.PlanMerge(ctx, two.keep, two.gone)
	if err != nil {
		return nil, err
	}
	two.stamp = p.Stamp
	d := &Detail{
		ID: two.row() + mergeSign + p.Stamp, Title: words("merge_title"),
		Fields: mergeNotes(p), Tables: []Table{c.mergeTable(p)},
	}
	if !p.NoData {
		d.Do = append(d.Do, AdminButton{ID: "people.merge", Label: words("do.merge"), Icon: "check", Grave: true})
	}
	d.Do = append(d.Do, AdminButton{ID: "people.merge_swap", Label: words("do.merge_swap"), Icon: "retry"})
	return d, nil
}

// mergeNotes say in full who stays and who goes, and what somebody would miss
// afterwards.
func mergeNotes(p domain.MergePlan) (list []DetailField) {
	who := func(p domain.Profile) Cell {
		if p.Document == "" {
			return cellText(p.Person.Name)
		}
		return cellWords(words("merge_who", "Name", p.Person.Name, "Tail", tail(p.Document)))
	}
	list = append(list, field("merge_keep", toned(who(p.Keep.Profile), ToneOK)), field("merge_gone", toned(who(p.Gone.Profile), ToneStop)))
	label := words("col.merge_note")
	note := func(key string, t Tone, pairs ...string) {
		list = append(list, DetailField{Label: label, Value: toned(cellWords(words("merge_note."+key, pairs...)), t)})
		label = Words{}
	}
	if p.NoData {
		note("data", ToneStop)
	}
	if p.FaceTaken {
		note("face_taken", ToneWarn)
	}
	if p.Keep.Document != "" && p.Gone.Document != "" {
		note("document", ToneWarn, "Tail", tail(p.Gone.Document))
	}
	if p.NoConsent {
		note("consent", ToneWarn)
	}
	if p.Gone.HasPIN && !p.Keep.HasPIN {
		note("pin", ToneWarn)
	}
	if p.Badges > 0 {
		note("badges", ToneWarn)
	}
	return list
}

// mergeTable is both records, line by line, and what is there afterwards.
func (c call) mergeTable(p domain.MergePlan) Table {
	k, g := p.Keep, p.Gone
	what := column("merge_what", 2)
	what.Whole = true
	t := Table{Columns: []Column{what, column("merge_keep", 3), column("merge_gone", 3), column("merge_after", 3)}, Total: -1}
	line := func(key string, keep, gone, after Cell) {
		t.Rows = append(t.Rows, Row{Cells: []Cell{cellKey("col." + key), keep, gone, after}})
	}
	or := func(yes bool, a, b string) Cell {
		if yes {
			return toned(cellText(a), ToneOK) // it passes over
		}
		return cellText(b)
	}
	line("name", cellText(k.Person.Name), cellText(g.Person.Name), cellText(k.Person.Name))
	line("merge_document", cellText(documentTail(k.Profile)), cellText(documentTail(g.Profile)), or(p.Document, documentTail(g.Profile), documentTail(k.Profile)))
	line("contact", cellText(k.Contact), cellText(g.Contact), or(p.Contact, g.Contact, k.Contact))
	line("registered", cellDay(k.Person.CreatedAt), cellDay(g.Person.CreatedAt), cellDay(k.Person.CreatedAt))
	for _, purpose := range []domain.Purpose{domain.PurposeData, domain.PurposeFace} {
		has := func(p domain.Profile) Cell {
			return cellYes(slices.ContainsFunc(p.Consents, func(c domain.Consent) bool { return c.Allows(purpose) }))
		}
		line("consent_"+string(purpose), has(k.Profile), has(g.Profile), has(k.Profile))
	}
	line("merge_face", cellCount(k.Templates), cellCount(g.Templates), cellCount(k.Templates+p.Templates))
	now := c.clock.Now()
	held := func(p domain.Profile) Cell {
		n := 0
		for _, b := range p.Badges {
			if holds(b, now) {
				n++
			}
		}
		return cellCount(n)
	}
	line("badges", held(k.Profile), held(g.Profile), held(k.Profile))
	line("pin", cellYes(k.HasPIN), cellYes(g.HasPIN), cellYes(k.HasPIN))
	line("second_factor", cellYes(k.SecondFactor), cellYes(g.SecondFactor), cellYes(k.SecondFactor || p.Second))
	lock := func(l domain.Lock) Cell {
		if l.Until.IsZero() {
			return cellCount(l.Failures)
		}
		return toned(cellTime(l.Until), ToneStop)
	}
	line("attempts", lock(k.Lock), lock(g.Lock), lock(p.Lock))
	line("history", cellKey("merge_stays"), cellKey("merge_stays"), cellKey("merge_both"))
	return t
}

func mergeSure(ctx context.Context, c call) (*Confirm, error) {
	two, ok := pairOf(c.row)
	if !ok {
		return nil, domain.ErrNotFound
	}
	if c.ports.Merger == nil {
		return nil, errNotHere
	}
	p, err := c.ports.Merger.PlanMerge(ctx, two.keep, two.gone)
	if err != nil {
		return nil, err
	}
	if p.Stamp != two.stamp { // what was on the screen is true no more
		return nil, domain.ErrMergeChanged
	}
	if p.NoData {
		return nil, domain.ErrMergeConsent
	}
	text := words("sure.merge_text", "Gone", p.Gone.Person.Name)
	if p.Gone.Document != "" {
		text = words("sure.merge_text_document", "Gone", p.Gone.Person.Name, "Tail", tail(p.Gone.Document))
	}
	return &Confirm{Title: words("sure.merge", "Name", p.Keep.Person.Name), Text: text, Yes: words("do.merge"), NeedsPIN: true}, nil
}

// mergePeople does what was shown, or nothing.
func mergePeople(ctx context.Context, c call) (outcome, error) {
	two, ok := pairOf(c.row)
	if !ok {
		return outcome{}, domain.ErrNotFound
	}
	if c.ports.Merger == nil {
		return outcome{}, errNotHere
	}
	r, err := c.ports.Merger.MergePeople(ctx, two.keep, two.gone, two.stamp)
	if err != nil {
		return outcome{}, err
	}
	out := said("said.merged", "Receipt", short(r.ID))
	out.at = &spot{page: PagePeople, row: string(two.keep)}
	return out, nil
}

// histories are the ids under which something happened to somebody: their own,
// and those of records that went into theirs.
func (c call) histories(ctx context.Context, id domain.PersonID) ([]domain.PersonID, error) {
	if c.ports.Merger == nil {
		return []domain.PersonID{id}, nil
	}
	merged, err := c.ports.Merger.MergedWith(ctx, id)
	return append([]domain.PersonID{id}, merged...), err
}

// lastEvents lists the newest events of somebody, whatever record they are of.
func (c call) lastEvents(ctx context.Context, id domain.PersonID, n int) ([]domain.Event, error) {
	ids, err := c.histories(ctx, id)
	if err != nil {
		return nil, err
	}
	var list []domain.Event
	for _, id := range ids {
		some, err := c.ports.History.EventsQuery(ctx, domain.EventFilter{Person: id, Limit: n})
		if err != nil {
			return nil, err
		}
		list = append(list, some...)
	}
	slices.SortStableFunc(list, func(a, b domain.Event) int { return cmp.Compare(b.Seq, a.Seq) })
	return list[:min(len(list), n)], nil
}
