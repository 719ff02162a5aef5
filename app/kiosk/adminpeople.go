package kiosk

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"agentid/app/domain"
)

var peopleDeeds = map[string]deed{
	"people.not_them":  {by: helpers, about: domain.TargetPerson, sure: notThemSure, do: notThem},
	"people.unlock":    {by: helpers, about: domain.TargetPerson, do: unlockPerson},
	"people.forget":    {by: admins, about: domain.TargetPerson, sure: forgetFaceSure, do: forgetFace},
	"people.erase":     {by: admins, about: domain.TargetPerson, sure: eraseSure, do: erasePerson},
	"people.export":    {by: admins, do: exportPeople},
	"people.new_badge": {by: helpers, about: domain.TargetPerson, sure: newBadgeSure, do: newBadge},
}

// recentEvents is how many events a profile shows.
const recentEvents = 5

// showPeople lists people, and shows one or one of their badges.
func showPeople(ctx context.Context, c call) (leaf, error) {
	if two, ok := pairOf(c.at.row); ok {
		d, err := c.mergeDetail(ctx, two)
		return leaf{detail: d}, err
	}
	if of := c.at.filter[mergeFilter]; of != "" && c.at.row == "" {
		return showTwins(ctx, c, domain.PersonID(of))
	}
	if person, badge, ok := strings.Cut(c.at.row, "/"); ok {
		d, err := c.badgeDetail(ctx, domain.PersonID(person), domain.BadgeID(badge))
		return leaf{detail: d}, err
	}
	if c.at.row != "" {
		d, err := c.personDetail(ctx, domain.PersonID(c.at.row))
		return leaf{detail: d}, err
	}
	if c.ports.Directory == nil {
		return leaf{}, errNotHere
	}
	q := domain.PeopleQuery{Text: c.at.query, Before: domain.PersonID(c.at.cursor()), Limit: c.rows}
	p, err := c.ports.Directory.FindPeople(ctx, q)
	if err != nil {
		return leaf{}, err
	}
	t := &Table{
		Columns: []Column{
			column("name", 5), column("face", 1.5), column("pin", 1.5), column("badges", 1.5), minor(column("second_factor", 2)), minor(column("registered", 2.5)),
		},
		Search: words("hint.people"), Query: c.at.query, Total: -1, Empty: words("empty.people"),
		Do: []AdminButton{{ID: "people.export", Label: words("do.export"), Icon: "download"}},
	}
	if c.at.query != "" {
		t.Empty = words("empty.search")
		if p.More != "" {
			t.Empty = words("empty.search_on") // there may be some further on
		}
	} else if t.Total, err = c.ports.Directory.CountPeople(ctx); err != nil {
		return leaf{}, err
	}
	for _, e := range p.People {
		second := cellText("")
		if e.SecondFactor {
			second = toned(cellKey("second_factor"), ToneWarn)
		}
		t.Rows = append(t.Rows, Row{ID: string(e.ID), Cells: []Cell{
			cellText(e.Name), cellYes(e.HasFace), cellYes(e.HasPIN), cellCount(e.Badges), second, cellDay(e.CreatedAt),
		}})
	}
	t.From, t.To = c.at.from+min(1, len(t.Rows)), c.at.from+len(t.Rows)
	return leaf{table: t, next: string(p.More)}, nil
}

// viewedPerson audits that somebody's profile is opened.
func viewedPerson(ctx context.Context, c call) error {
	if two, ok := pairOf(c.row); ok {
		return c.viewedPair(ctx, two)
	}
	person, _, _ := strings.Cut(c.row, "/")
	if _, err := c.flows.Registry.Profile(ctx, domain.PersonID(person)); err != nil {
		return err
	}
	return c.note(ctx, domain.AuditViewed, domain.TargetPerson, person)
}

func (c call) personDetail(ctx context.Context, id domain.PersonID) (*Detail, error) {
	p, err := c.flows.Registry.Profile(ctx, id)
	if err != nil {
		return nil, err
	}
	contact := p.Contact
	if c.who.Role == domain.RoleAuditor {
		contact = masked(contact)
	}
	d := &Detail{ID: string(id), Title: plain(p.Person.Name), Fields: []DetailField{
		field("document", cellText("…"+tail(p.Document))), field("contact", cellText(contact)),
		field("registered", cellDay(p.Person.CreatedAt)), field("face", cellYes(p.HasFace)), field("pin", cellYes(p.HasPIN)),
	}}
	if p.Document == "" {
		d.Fields[0].Value = cellText("")
	}
	if p.SecondFactor {
		d.Fields = append(d.Fields, field("second_factor", toned(cellKey("second_factor_why"), ToneWarn)))
	}
	l, err := c.flows.Registry.Locked(ctx, domain.SubjectPerson(id))
	if err != nil {
		return nil, err
	}
	if !l.Until.IsZero() {
		d.Fields = append(d.Fields, field("locked_until", toned(cellTime(l.Until), ToneStop)))
	}
	ids, err := c.histories(ctx, id)
	if err != nil {
		return nil, err
	}
	if len(ids) > 1 {
		merged := make([]string, len(ids)-1)
		for i, id := range ids[1:] {
			merged[i] = short(string(id))
		}
		d.Fields = append(d.Fields, field("merged_with", cellText(strings.Join(merged, ", "))))
	}
	d.Tables = append(d.Tables, c.consentTable(p), c.badgeTable(p))
	if c.ports.Templates != nil {
		t, err := c.templateTable(ctx, id)
		if err != nil {
			return nil, err
		}
		d.Tables = append(d.Tables, t)
	}
	if c.ports.History != nil {
		list, err := c.lastEvents(ctx, id, recentEvents)
		if err != nil {
			return nil, err
		}
		t := Table{Columns: []Column{column("last_events", 3), column("reason", 5)}, Empty: words("empty.events"), Total: -1}
		for _, e := range list {
			t.Rows = append(t.Rows, Row{ID: string(PageEvents) + ":" + string(e.ID), Cells: []Cell{cellTime(e.At), reasonCell(e.Reason)}})
		}
		d.Tables = append(d.Tables, t)
	}
	d.Do = append(d.Do, AdminButton{ID: "people.new_badge", Label: words("do.new_badge"), Icon: "printer", Main: true},
		AdminButton{ID: "people.not_them", Label: words("do.not_them"), Icon: "cross", Grave: true})
	if l.Failures > 0 {
		d.Do = append(d.Do, AdminButton{ID: "people.unlock", Label: words("do.unlock"), Icon: "check"})
	}
	if p.HasFace {
		d.Do = append(d.Do, AdminButton{ID: "people.forget", Label: words("do.forget_face"), Icon: "trash", Grave: true})
	}
	if c.ports.Merger != nil {
		d.Do = append(d.Do, AdminButton{ID: "people.merge_with", Label: words("do.merge_with"), Icon: "user"})
	}
	d.Do = append(d.Do, AdminButton{ID: "people.erase", Label: words("do.erase"), Icon: "trash", Grave: true})
	return d, nil
}

func (c call) consentTable(p domain.Profile) Table {
	t := Table{Columns: []Column{column("consent", 4), column("version", 2), column("at", 3), column("state", 3)}, Empty: words("empty.consents"), Total: -1}
	for _, k := range p.Consents {
		for _, purpose := range k.Granted {
			state := toned(cellKey("consent.stands"), ToneOK)
			for _, w := range k.Withdrawn {
				if w.Purpose == purpose {
					state = cellDay(w.At)
					state.Tone = ToneWarn
				}
			}
			t.Rows = append(t.Rows, Row{Cells: []Cell{cellKey("purpose." + string(purpose)), cellText(k.Version), cellTime(k.At), state}})
		}
		for _, purpose := range k.Refused {
			t.Rows = append(t.Rows, Row{Cells: []Cell{cellKey("purpose." + string(purpose)), cellText(k.Version), cellTime(k.At), cellKey("consent.refused")}})
		}
	}
	return t
}

func (c call) templateTable(ctx context.Context, id domain.PersonID) (Table, error) {
	t := Table{Columns: []Column{column("template", 4), right(column("quality", 2)), column("at", 3)}, Empty: words("empty.templates"), Total: -1}
	list, err := c.ports.Templates.TemplatesOf(ctx, id)
	if err != nil {
		return t, err
	}
	for _, x := range list {
		t.Rows = append(t.Rows, Row{Cells: []Cell{cellText(x.Encoder.String()), cellPercent(x.Quality), cellTime(x.CreatedAt)}})
	}
	return t, nil
}

// notThemSure asks whether the last decision about somebody was wrong.
func notThemSure(ctx context.Context, c call) (*Confirm, error) {
	p, err := c.flows.Registry.Profile(ctx, domain.PersonID(c.row))
	if err != nil {
		return nil, err
	}
	return &Confirm{
		Title: words("sure.not_them", "Name", p.Person.Name), Text: words("sure.not_them_text"), Yes: words("do.not_them"),
	}, nil
}

// notThem corrects the newest decision about somebody.
func notThem(ctx context.Context, c call) (outcome, error) {
	id := domain.PersonID(c.row)
	if _, err := c.flows.Registry.Profile(ctx, id); err != nil {
		return outcome{}, err
	}
	about, err := c.lastDecision(ctx, id)
	if err != nil {
		return outcome{}, err
	}
	return c.correct(ctx, id, about)
}

// lastDecision is the newest event that took a face for somebody's; empty
// where there is none.
func (c call) lastDecision(ctx context.Context, id domain.PersonID) (domain.EventID, error) {
	if c.ports.History == nil {
		return "", nil
	}
	list, err := c.ports.History.EventsQuery(ctx, domain.EventFilter{Person: id, Limit: 50})
	if err != nil {
		return "", err
	}
	for _, e := range list {
		if correctable(e) {
			return e.ID, nil
		}
	}
	return "", nil
}

// correct records that a decision named the wrong person: whoever was once
// confused with another always needs a second factor from then on.
func (c call) correct(ctx context.Context, id domain.PersonID, about domain.EventID) (outcome, error) {
	// First what protects them, then what tells of it.
	if err := c.flows.Registry.NeedSecondFactor(ctx, id); err != nil {
		return outcome{}, err
	}
	ev := domain.Event{
		Kind: domain.EventCorrection, Reason: domain.ReasonNotMe, At: c.clock.Now(), Person: id, About: about, Staff: c.who.ID,
	}
	if _, err := c.flows.Events.Record(ctx, ev, nil); err != nil {
		return outcome{}, err
	}
	if err := c.note(ctx, domain.AuditCorrected, domain.TargetPerson, string(id)); err != nil || about == "" {
		return said("said.corrected"), err
	}
	return said("said.corrected"), c.note(ctx, domain.AuditCorrected, domain.TargetEvent, string(about))
}

func unlockPerson(ctx context.Context, c call) (outcome, error) {
	if err := c.flows.Registry.Clear(ctx, domain.SubjectPerson(domain.PersonID(c.row))); err != nil {
		return outcome{}, err
	}
	return said("said.unlocked"), nil
}

func forgetFaceSure(ctx context.Context, c call) (*Confirm, error) {
	p, err := c.flows.Registry.Profile(ctx, domain.PersonID(c.row))
	if err != nil {
		return nil, err
	}
	return &Confirm{
		Title: words("sure.forget_face", "Name", p.Person.Name), Text: words("sure.forget_face_text"), Yes: words("do.forget_face"), NeedsPIN: true,
	}, nil
}

func forgetFace(ctx context.Context, c call) (outcome, error) {
	if err := c.flows.Registry.Withdraw(ctx, domain.PersonID(c.row), domain.PurposeFace, c.clock.Now()); err != nil {
		return outcome{}, err
	}
	return said("said.face_forgotten"), nil
}

func eraseSure(ctx context.Context, c call) (*Confirm, error) {
	p, err := c.flows.Registry.Profile(ctx, domain.PersonID(c.row))
	if err != nil {
		return nil, err
	}
	return &Confirm{
		Title: words("sure.erase", "Name", p.Person.Name), Text: words("sure.erase_text"), Yes: words("do.erase"), NeedsPIN: true,
	}, nil
}

// erasePerson erases somebody at their wish, and shows the receipt.
func erasePerson(ctx context.Context, c call) (outcome, error) {
	r, err := c.flows.Registry.EraseIdentity(ctx, domain.PersonID(c.row), domain.ReasonErasedByStaff, c.clock.Now())
	if err != nil {
		return outcome{}, err
	}
	out := said("said.erased")
	out.leave = true
	out.detail = &Detail{Title: words("report.erased"), Fields: []DetailField{
		field("receipt", cellText(r.ID)), field("at", cellTime(r.At)), field("key_gone", cellYes(r.KeyGone)),
		field("templates", cellCount(r.Templates)), field("badges", cellCount(r.Badges)), field("consents", cellCount(r.Consents)),
		field("pictures", cellCount(r.Snapshots)), field("emptied", cellCount(r.Outbox)),
	}}
	return out, nil
}

func exportPeople(ctx context.Context, c call) (outcome, error) {
	if c.ports.Directory == nil {
		return outcome{}, errNotHere
	}
	heading := []string{"id", "name", "face", "pin", "badges", "second_factor", "registered_at"}
	return c.export(ctx, "people", heading, func(f *csvFile) error {
		q := domain.PeopleQuery{Text: c.at.query, Limit: domain.MaxPage}
		for n := 0; n < maxExport; {
			p, err := c.ports.Directory.FindPeople(ctx, q)
			if err != nil {
				return err
			}
			for _, e := range p.People {
				f.row(string(e.ID), e.Name, strconv.FormatBool(e.HasFace), strconv.FormatBool(e.HasPIN), strconv.Itoa(e.Badges),
					strconv.FormatBool(e.SecondFactor), csvTime(e.CreatedAt))
			}
			n += len(p.People)
			if q.Before = p.More; p.More == "" {
				return nil
			}
		}
		return nil
	})
}

// nameOf is what a person is called, or what is left of one who was erased.
func (c call) nameOf(ctx context.Context, id domain.PersonID) (Words, error) {
	if id == "" {
		return Words{}, nil
	}
	if c.ports.Names == nil {
		return plain(short(string(id))), nil
	}
	p, err := c.ports.Names.Person(ctx, id)
	if !errors.Is(err, domain.ErrNotFound) {
		return plain(p.Name), err
	}
	if c.ports.Merger != nil {
		into, err := c.ports.Merger.MergedInto(ctx, id)
		if err == nil {
			p, err = c.ports.Names.Person(ctx, into)
		}
		if err == nil || !errors.Is(err, domain.ErrNotFound) {
			return words("merged_person", "Name", p.Name), err
		}
	}
	return words("erased_person"), nil
}
