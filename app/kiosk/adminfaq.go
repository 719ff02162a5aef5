package kiosk

import (
	"context"
	"errors"
	"slices"
	"strings"

	"agentid/app/domain"
)

var faqDeeds = map[string]deed{
	"faq.add":    {by: admins, about: domain.TargetFAQ, form: addTopicForm, try: tryNewTopic, do: addTopic},
	"faq.edit":   {by: admins, about: domain.TargetFAQ, form: editTopicForm, try: tryQuestion, do: saveTopic},
	"faq.remove": {by: admins, about: domain.TargetFAQ, sure: removeTopicSure, do: removeTopic},
	"faq.undo":   {by: admins, about: domain.TargetFAQ, sure: undoTopicSure, do: removeTopic},
	"faq.try":    {by: everyone, form: tryForm, try: tryQuestion, do: triedQuestion},
}

// Limits of what is written of a topic, in characters.
const (
	maxTopicTitle  = 200
	maxTopicFirst  = 500
	maxTopicAnswer = 8000
	maxTopicWays   = 12000
)

// showFAQ lists the questions with their answers, or those that have none.
func showFAQ(ctx context.Context, c call) (leaf, error) {
	if c.ports.FAQ == nil {
		return leaf{}, errNotHere
	}
	view := c.at.filter["faq"]
	if view == "" {
		view = "topics"
	}
	filter := choice("faq", view, "topics", "changed", "gaps")
	do := []AdminButton{
		{ID: "faq.add", Label: words("do.faq_add"), Icon: "plus"}, {ID: "faq.try", Label: words("do.faq_try"), Icon: "retry", Main: true},
	}
	var l leaf
	notes, err := c.ports.FAQ.Notes(ctx, c.lang)
	if err != nil {
		return leaf{}, err
	}
	for _, n := range notes {
		l.figures = append(l.figures, figure("faq_refused", toned(cellText(n), ToneWarn)))
	}
	if view == "gaps" {
		list, err := c.ports.FAQ.Gaps(ctx, c.lang)
		if err != nil {
			return leaf{}, err
		}
		if c.at.row != "" {
			l.detail, err = gapDetail(c.at.row, list)
			return l, err
		}
		l.table = &Table{
			Columns: []Column{column("question", 7), right(column("count", 2)), column("last_asked", 3)},
			Filters: []Choice{filter}, Do: do, Empty: words("empty.gaps"),
		}
		l.next = paged(c, l.table, list, func(g GapInfo) Row {
			return Row{ID: g.ID, Cells: []Cell{cellText(g.Text), cellCount(g.Count), cellTime(g.Last)}}
		})
		return l, nil
	}
	list, err := c.ports.FAQ.Topics(ctx, c.lang)
	if err != nil {
		return leaf{}, err
	}
	if c.at.row != "" {
		l.detail, err = topicDetail(c.at.row, list)
		return l, err
	}
	empty := words("empty.search")
	if view == "changed" {
		if list = slices.DeleteFunc(slices.Clone(list), func(t TopicInfo) bool { return t.Fixed && !t.Edited }); c.at.query == "" {
			empty = words("empty.faq_changed")
		}
	}
	if q := strings.ToLower(c.at.query); q != "" {
		list = slices.DeleteFunc(slices.Clone(list), func(t TopicInfo) bool {
			return !strings.Contains(strings.ToLower(t.Title+"\n"+t.First+"\n"+t.Answer+"\n"+strings.Join(t.Questions, "\n")), q)
		})
	}
	l.table = &Table{
		Columns: []Column{column("question", 6), column("category", 2), column("faq_origin", 3), minor(column("changed", 2))},
		Filters: []Choice{filter}, Do: do, Search: words("hint.faq"), Query: c.at.query, Empty: empty,
	}
	l.next = paged(c, l.table, list, func(t TopicInfo) Row {
		return Row{ID: t.ID, Cells: []Cell{cellText(t.Title), cellWords(categoryWords(t.Category)), originCell(t), cellDay(t.ChangedAt)}}
	})
	return l, nil
}

func categoryWords(category string) Words { return words("faq_category." + category) }

// originCell tells whose text is shown, and what staff should look at.
func originCell(t TopicInfo) Cell {
	switch {
	case t.Borrowed:
		return toned(cellKey("faq_origin.borrowed"), ToneWarn)
	case t.Edited && t.Overtaken:
		return toned(cellKey("faq_origin.overtaken"), ToneWarn)
	case t.Edited:
		return toned(cellKey("faq_origin.edited"), ToneInfo)
	case !t.Fixed:
		return toned(cellKey("faq_origin.branch"), ToneInfo)
	}
	return cellKey("faq_origin." + string(t.Origin))
}

func topicDetail(id string, list []TopicInfo) (*Detail, error) {
	t, err := topicOf(id, list)
	if err != nil {
		return nil, err
	}
	ways := Table{Columns: []Column{column("ways", 1)}, Total: -1, Empty: words("empty.ways")}
	for _, q := range t.Questions {
		ways.Rows = append(ways.Rows, Row{Cells: []Cell{cellText(q)}})
	}
	d := &Detail{ID: id, Title: plain(t.Title), Fields: []DetailField{
		field("category", cellWords(categoryWords(t.Category))), field("faq_origin", originCell(t)),
	}, Tables: []Table{ways}}
	if t.First != "" {
		d.Fields = append(d.Fields, field("faq_first", cellText(t.First)))
	}
	// A field for each paragraph and step, as the visitor sees them.
	label := words("col.answer")
	for line := range strings.Lines(t.Answer) {
		if line = strings.TrimSpace(line); line != "" {
			d.Fields = append(d.Fields, DetailField{Label: label, Value: cellText(line)})
			label = Words{}
		}
	}
	if !t.ChangedAt.IsZero() {
		d.Fields = append(d.Fields, field("changed", cellDay(t.ChangedAt)))
	}
	d.Do = []AdminButton{{ID: "faq.edit", Label: words("do.faq_edit"), Icon: "edit", Main: true}}
	switch {
	case !t.Fixed:
		d.Do = append(d.Do, AdminButton{ID: "faq.remove", Label: words("do.faq_remove"), Icon: "trash", Grave: true})
	case t.Edited:
		d.Do = append(d.Do, AdminButton{ID: "faq.undo", Label: words("do.faq_undo"), Icon: "retry", Grave: true})
	}
	return d, nil
}

func topicOf(id string, list []TopicInfo) (TopicInfo, error) {
	i := slices.IndexFunc(list, func(t TopicInfo) bool { return t.ID == id })
	if i < 0 {
		return TopicInfo{}, domain.ErrNotFound
	}
	return list[i], nil
}

func gapDetail(id string, list []GapInfo) (*Detail, error) {
	i := slices.IndexFunc(list, func(g GapInfo) bool { return g.ID == id })
	if i < 0 {
		return nil, domain.ErrNotFound
	}
	g := list[i]
	asked := Table{Columns: []Column{column("faq_asked", 1)}, Total: -1}
	for _, x := range g.Examples {
		asked.Rows = append(asked.Rows, Row{Cells: []Cell{cellText(x)}})
	}
	d := &Detail{ID: id, Title: plain(g.Text), Fields: []DetailField{
		field("count", cellCount(g.Count)), field("last_asked", cellTime(g.Last)),
	}, Tables: []Table{asked}}
	if g.Disliked != "" {
		d.Fields = append(d.Fields, field("faq_disliked", cellText(g.Disliked)))
	}
	d.Do = []AdminButton{{ID: "faq.add", Label: words("do.faq_answer"), Icon: "plus", Main: true}}
	return d, nil
}

// topicForm is what is written of a topic. Try is its trial.
func topicForm(title string, t TopicInfo, categories []Option) *Form {
	f := &Form{
		Title: words(title), Submit: words("do.save"), Try: words("do.faq_try"), Fields: []FormField{
			{ID: "title", Label: words("col.question"), Hint: words("hint.faq_title"), Kind: FieldText, Value: t.Title, Max: maxTopicTitle},
			{ID: "category", Label: words("col.category"), Kind: FieldChoice, Value: t.Category, Options: categories},
			{ID: "answer", Label: words("col.answer"), Hint: words("hint.faq_answer"), Kind: FieldLong, Value: t.Answer, Max: maxTopicAnswer},
			{ID: "questions", Label: words("col.ways"), Hint: words("hint.ways"), Kind: FieldLong, Value: strings.Join(t.Questions, "\n"), Max: maxTopicWays},
			{ID: "first", Label: words("col.faq_first"), Hint: words("hint.faq_first"), Kind: FieldText, Value: t.First, Max: maxTopicFirst},
			{ID: "try", Label: words("col.try"), Hint: words("hint.try"), Kind: FieldText, Max: 300},
		},
	}
	if t.Seen != "" {
		f.Kept = map[string]string{"seen": t.Seen}
	}
	return f
}

// topicCategories are what a topic may be about, as the visitor's screen has them.
func topicCategories() (out []Option) {
	for _, id := range [...]string{
		"cuentas", "tarjetas", "creditos", "transferencias", "pagos", "cajeros", "efectivo", "digital",
		"seguridad", "inversiones", "sucursal", "kiosco", "campus", "ayuda",
	} {
		out = append(out, Option{Value: id, Label: categoryWords(id)})
	}
	return out
}

// addTopicForm begins a topic; from a gap, with how it was asked.
func addTopicForm(ctx context.Context, c call) (*Form, error) {
	if c.ports.FAQ == nil {
		return nil, errNotHere
	}
	t := TopicInfo{Category: "sucursal"}
	if c.row != "" {
		list, err := c.ports.FAQ.Gaps(ctx, c.lang)
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(list, func(g GapInfo) bool { return g.ID == c.row })
		if i < 0 {
			return nil, domain.ErrNotFound
		}
		t.Title = clipped(list[i].Text, maxTopicTitle)
		for _, x := range list[i].Examples {
			if x != list[i].Text {
				t.Questions = append(t.Questions, x)
			}
		}
	}
	return topicForm("form.faq_add", t, topicCategories()), nil
}

func editTopicForm(ctx context.Context, c call) (*Form, error) {
	t, err := c.topic(ctx)
	if err != nil {
		return nil, err
	}
	if len(t.Title) > maxTopicTitle || len(t.First) > maxTopicFirst || len(t.Answer) > maxTopicAnswer ||
		len(strings.Join(t.Questions, "\n")) > maxTopicWays {
		return nil, errTopicLong
	}
	title := "form.faq_edit"
	if t.Borrowed {
		title = "form.faq_translate"
	}
	return topicForm(title, t, topicCategories()), nil
}

// topic is the one that a deed is about.
func (c call) topic(ctx context.Context) (TopicInfo, error) {
	if c.ports.FAQ == nil {
		return TopicInfo{}, errNotHere
	}
	list, err := c.ports.FAQ.Topics(ctx, c.lang)
	if err != nil {
		return TopicInfo{}, err
	}
	return topicOf(c.row, list)
}

// written is the topic of a form.
func (c call) written() (TopicInfo, error) {
	t := TopicInfo{
		ID: c.row, Lang: c.lang, Title: c.values["title"], Category: c.values["category"], First: c.values["first"],
		Answer: c.values["answer"], Seen: c.values["seen"],
	}
	for q := range strings.Lines(c.values["questions"]) {
		if q = strings.TrimSpace(q); q != "" {
			t.Questions = append(t.Questions, q)
		}
	}
	wrong := fieldErrors{}
	for _, f := range []string{"title", "answer"} {
		if c.values[f] == "" {
			wrong[f] = words("problem.empty")
		}
	}
	if len(wrong) > 0 {
		return t, wrong
	}
	return t, nil
}

// topicErrors says what is wrong with a topic beside its fields.
func topicErrors(err error) error {
	var ps TopicProblems
	if !errors.As(err, &ps) {
		return err
	}
	wrong := fieldErrors{}
	for f, text := range ps {
		wrong[f] = plain(text)
	}
	return wrong
}

func addTopic(ctx context.Context, c call) (outcome, error) {
	c.row = ""
	out, err := saveTopic(ctx, c)
	out.leave = err == nil
	return out, err
}

func saveTopic(ctx context.Context, c call) (outcome, error) {
	if c.ports.FAQ == nil {
		return outcome{}, errNotHere
	}
	t, err := c.written()
	if err != nil {
		return outcome{}, err
	}
	saved, err := c.ports.FAQ.SaveTopic(ctx, t)
	if errors.Is(err, domain.ErrEdited) {
		// Who saves again has been told, and means it.
		now, err := c.topic(ctx)
		if err != nil {
			return outcome{}, err
		}
		return outcome{}, again{fieldErrors{"answer": words("problem.faq_edited")}, map[string]string{"seen": now.Seen}}
	}
	if err != nil {
		return outcome{}, topicErrors(err)
	}
	out := said("said.faq_saved")
	if saved.Lent {
		out = said("said.faq_saved_lent")
	}
	return out, c.note(ctx, domain.AuditFAQChanged, domain.TargetFAQ, saved.ID, "how", "saved", "lang", string(c.lang))
}

func removeTopicSure(ctx context.Context, c call) (*Confirm, error) {
	t, err := c.topic(ctx)
	if err != nil {
		return nil, err
	}
	return &Confirm{Title: words("sure.faq_remove"), Text: words("sure.faq_remove_text", "Title", t.Title), Yes: words("do.faq_remove")}, nil
}

func undoTopicSure(ctx context.Context, c call) (*Confirm, error) {
	t, err := c.topic(ctx)
	if err != nil {
		return nil, err
	}
	return &Confirm{Title: words("sure.faq_undo"), Text: words("sure.faq_undo_text", "Title", t.Title), Yes: words("do.faq_undo")}, nil
}

func removeTopic(ctx context.Context, c call) (outcome, error) {
	t, err := c.topic(ctx)
	if err != nil {
		return outcome{}, err
	}
	if err := c.ports.FAQ.RemoveTopic(ctx, c.lang, c.row); err != nil {
		return outcome{}, err
	}
	if t.Fixed {
		return said("said.faq_undone"), c.note(ctx, domain.AuditFAQChanged, domain.TargetFAQ, c.row, "how", "undone", "lang", string(c.lang))
	}
	out := said("said.faq_removed")
	out.leave = true
	return out, c.note(ctx, domain.AuditFAQChanged, domain.TargetFAQ, c.row, "how", "removed")
}

func tryForm(_ context.Context, c call) (*Form, error) {
	if c.ports.FAQ == nil {
		return nil, errNotHere
	}
	return &Form{Title: words("form.faq_try"), Submit: words("do.close"), Try: words("do.faq_try"), Fields: []FormField{
		{ID: "try", Label: words("col.try"), Hint: words("hint.try"), Kind: FieldText, Max: 300},
	}}, nil
}

func tryNewTopic(ctx context.Context, c call) (*Table, error) {
	c.row = ""
	return tryQuestion(ctx, c)
}

// tryQuestion tells what would be answered: with what is written in the form,
// where it is one of a topic.
func tryQuestion(ctx context.Context, c call) (*Table, error) {
	if c.ports.FAQ == nil {
		return nil, errNotHere
	}
	if c.values["try"] == "" {
		return nil, fieldErrors{"try": words("problem.empty")}
	}
	var draft *TopicInfo
	if _, topic := c.values["answer"]; topic {
		t, err := c.written()
		if err != nil {
			return nil, err
		}
		draft = &t
	}
	list, err := c.ports.FAQ.TryQuestion(ctx, c.lang, c.values["try"], draft)
	if err != nil {
		return nil, topicErrors(err)
	}
	t := &Table{Columns: []Column{column("question", 6), right(column("sure", 1.9)), column("kiosk_says", 2.9)}, Empty: words("empty.try"), Total: -1}
	for _, m := range list {
		said := cellKey("try.suggest")
		if m.Answer {
			said = toned(cellKey("try.answer"), ToneOK)
		}
		t.Rows = append(t.Rows, Row{Cells: []Cell{cellText(m.Title), cellPercent(m.Score), said}, Mark: m.Answer})
	}
	return t, nil
}

func triedQuestion(context.Context, call) (outcome, error) { return outcome{}, nil }
