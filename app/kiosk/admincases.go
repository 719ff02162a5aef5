package kiosk

import (
	"context"
	"slices"

	"agentid/app/domain"
)

var caseDeeds = map[string]deed{
	"cases.take":  {by: helpers, about: domain.TargetCase, do: takeCase},
	"cases.close": {by: helpers, about: domain.TargetCase, do: closeCase},
}

// showCases lists the visitors who were handed over, and shows one.
func showCases(ctx context.Context, c call) (leaf, error) {
	if c.ports.Cases == nil {
		return leaf{}, errNotHere
	}
	if c.at.row != "" {
		d, err := c.caseDetail(ctx)
		return leaf{detail: d}, err
	}
	which := c.at.filter["cases"]
	if which == "" {
		which = "open"
	}
	f := domain.CaseFilter{Before: c.at.cursor(), Limit: c.rows + 1}
	if which == "open" {
		f.States = []domain.CaseState{domain.CaseOpen, domain.CaseTaken}
	}
	list, err := c.ports.Cases.Cases(ctx, f)
	if err != nil {
		return leaf{}, err
	}
	l := leaf{}
	if len(list) > c.rows {
		list = list[:c.rows]
		l.next = list[c.rows-1].ID
	}
	l.table = &Table{
		Columns: []Column{column("at", 3), column("why", 5), column("person", 4), column("state", 2), minor(column("staff", 2))},
		Filters: []Choice{choice("cases", which, "open", "any")}, Empty: words("empty.cases"), Total: -1,
	}
	who, _, err := c.actors(ctx)
	if err != nil {
		return leaf{}, err
	}
	for _, k := range list {
		name, err := c.nameOf(ctx, k.Person)
		if err != nil {
			return leaf{}, err
		}
		staff := Words{}
		if k.Staff != "" {
			staff = who.of(string(k.Staff))
		}
		l.table.Rows = append(l.table.Rows, Row{ID: k.ID, Cells: []Cell{
			cellTime(k.At), cellKey("case_reason." + string(k.Reason)), cellWords(name), caseState(k), cellWords(staff),
		}})
	}
	l.table.From, l.table.To = c.at.from+min(1, len(list)), c.at.from+len(list)
	return l, nil
}

func caseState(k domain.Case) Cell {
	if k.Answered && k.State != domain.CaseClosed {
		return toned(cellKey("case_state.answered"), ToneOK)
	}
	c := cellKey("case_state." + string(k.State))
	switch k.State {
	case domain.CaseOpen:
		c.Tone = ToneWarn
	case domain.CaseTaken:
		c.Tone = ToneInfo
	case domain.CaseClosed:
		c.Tone = ToneOK
	}
	return c
}

// viewedCase audits that a conversation is read.
func viewedCase(ctx context.Context, c call) error {
	if c.ports.Cases == nil {
		return errNotHere
	}
	return c.note(ctx, domain.AuditViewed, domain.TargetCase, c.row)
}

func (c call) caseDetail(ctx context.Context) (*Detail, error) {
	k, err := c.ports.Cases.Case(ctx, c.at.row)
	if err != nil {
		return nil, err
	}
	name, err := c.nameOf(ctx, k.Person)
	if err != nil {
		return nil, err
	}
	d := &Detail{ID: k.ID, Title: words("case_of", "ID", short(k.ID)), Fields: []DetailField{
		field("question", cellText(k.Question())), field("at", cellTime(k.At)), field("why", cellKey("case_reason."+string(k.Reason))), field("state", caseState(k)), field("person", cellWords(name)),
	}}
	if k.Staff != "" {
		who, _, err := c.actors(ctx)
		if err != nil {
			return nil, err
		}
		d.Fields = append(d.Fields, field("staff", cellWords(who.of(string(k.Staff)))), field("changed", cellTime(k.ChangedAt)))
	}
	if a := k.Answer; a != nil { // beside the question
		d.Fields = slices.Insert(d.Fields, 1, field("answer", toned(cellText(a.Text), ToneOK)), field("answered_by", cellText(a.By)), field("answered_at", cellTime(a.At)))
		if !k.Told.IsZero() {
			d.Fields = append(d.Fields, field("answer_told", cellTime(k.Told)))
		}
	}
	t := Table{Columns: []Column{column("who", 2), column("said", 8), minor(column("at", 3))}, Empty: words("empty.conversation"), Total: -1}
	for _, x := range k.Transcript {
		who := "said_by.kiosk"
		if x.Visitor {
			who = "said_by.visitor"
		}
		t.Rows = append(t.Rows, Row{Cells: []Cell{cellKey(who), cellText(x.Text), cellTime(x.At)}})
	}
	d.Tables = []Table{t}
	if k.State == domain.CaseOpen {
		d.Do = append(d.Do, AdminButton{ID: "cases.take", Label: words("do.case_take"), Icon: "user", Main: true})
	}
	if k.State != domain.CaseClosed {
		d.Do = append(d.Do, AdminButton{ID: "cases.close", Label: words("do.case_close"), Icon: "check"})
	}
	return d, nil
}

func takeCase(ctx context.Context, c call) (outcome, error) {
	return c.setCase(ctx, domain.CaseTaken, "said.case_taken")
}

func closeCase(ctx context.Context, c call) (outcome, error) {
	return c.setCase(ctx, domain.CaseClosed, "said.case_closed")
}

// setCase takes or closes a case; the store audits it.
func (c call) setCase(ctx context.Context, to domain.CaseState, done string) (outcome, error) {
	if c.ports.Cases == nil {
		return outcome{}, errNotHere
	}
	if err := c.ports.Cases.SetCaseState(ctx, c.row, to, c.who.ID); err != nil {
		return outcome{}, err
	}
	return said(done), nil
}
