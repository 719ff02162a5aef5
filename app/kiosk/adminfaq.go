package kiosk

import (
	"context"
	"errors"
	"slices"
	"strings"

	"agentid/app/domain"
)

var faqDeeds = map[string]deed{
	"faq.add":    {by: admins, about: domain.TargetFAQ, form: addTopicForm, try: tryQuestion, do: saveTopic},
	"faq.edit":   {by: admins, about: domain.TargetFAQ, form: editTopicForm, try: tryQuestion, do: saveTopic},
	"faq.remove": {by: admins, about: domain.TargetFAQ, sure: removeTopicSure, do: removeTopic},
	"faq.try":    {by: everyone, form: tryForm, try: tryQuestion, do: triedQuestion},
}

// showFAQ lists the questions with their answers, or those that have none.
func showFAQ(ctx context.Context, c call) (leaf, error) {
	if c.ports.FAQ == nil {
		return leaf{}, errNotHere
	}
	view := c.at.filter["faq"]
	if view == "" {
		view = "topics"
	}
	filter := choice("faq", view, "topics", "gaps")
	do := []AdminButton{
		{ID: "faq.add", Label: words("do.faq_add"), Icon: "plus"}, {ID: "faq.try", Label: words("do.faq_try"), Icon: "retry", Main: true},
	}
	if view == "gaps" {
		list, err := c.ports.FAQ.Gaps(ctx, c.lang)
		if err != nil {
			return leaf{}, err
		}
		t := &Table{
			Columns: []Column{column("question", 7), right(column("count", 2)), column("last_asked", 3)},
			Filters: []Choice{filter}, Do: do, Empty: words("empty.gaps"),
		}
		next := paged(c, t, list, func(g GapInfo) Row {
			return Row{Cells: []Cell{cellText(g.Text), cellCount(g.Count), cellTime(g.Last)}}
		})
		return leaf{table: t, next: next}, nil
	}
	list, err := c.ports.FAQ.Topics(ctx, c.lang)
	if err != nil {
		return leaf{}, err
	}
	if c.at.row != "" {
		d, err := topicDetail(c.at.row, list)
		return leaf{detail: d}, err
	}
	if q := strings.ToLower(c.at.query); q != "" {
		list = slices.DeleteFunc(slices.Clone(list), func(t TopicInfo) bool {
			return !strings.Contains(strings.ToLower(t.Title+"\n"+t.Answer+"\n"+strings.Join(t.Questions, "\n")), q)
		})
	}
	t := &Table{
		Columns: []Column{column("question", 7), column("category", 3), minor(column("changed", 3))}, Filters: []Choice{filter}, Do: do,
		Search: words("hint.faq"), Query: c.at.query, Empty: words("empty.search"),
	}
	next := paged(c, t, list, func(t TopicInfo) Row {
		return Row{ID: t.ID, Cells: []Cell{cellText(t.Title), cellText(t.Category), cellDay(t.ChangedAt)}}
	})
	return leaf{table: t, next: next}, nil
}

func topicDetail(id string, list []TopicInfo) (*Detail, error) {
	i := slices.IndexFunc(list, func(t TopicInfo) bool { return t.ID == id })
	if i < 0 {
		return nil, domain.ErrNotFound
	}
	t := list[i]
	ways := Table{Columns: []Column{column("ways", 1)}, Total: -1}
	for _, q := range t.Questions {
		ways.Rows = append(ways.Rows, Row{Cells: []Cell{cellText(q)}})
	}
	d := &Detail{ID: id, Title: plain(t.Title), Fields: []DetailField{
		field("category", cellText(t.Category)), field("answer", cellText(t.Answer)), field("changed", cellDay(t.ChangedAt)),
	}, Tables: []Table{ways}}
	d.Do = []AdminButton{{ID: "faq.edit", Label: words("do.faq_edit"), Icon: "edit", Main: true}}
	if !t.Fixed {
		d.Do = append(d.Do, AdminButton{ID: "faq.remove", Label: words("do.faq_remove"), Icon: "trash", Grave: true})
	}
	return d, nil
}

// topicForm is what is written of a topic. Try is its trial.
func topicForm(title string, t TopicInfo, categories []Option) *Form {
	return &Form{
		Title: words(title), Submit: words("do.save"), Try: words("do.faq_try"), Fields: []FormField{
			{ID: "title", Label: words("col.question"), Kind: FieldText, Value: t.Title, Max: 200},
			{ID: "category", Label: words("col.category"), Kind: FieldChoice, Value: t.Category, Options: categories},
			{ID: "answer", Label: words("col.answer"), Kind: FieldLong, Value: t.Answer, Max: 2000},
			{ID: "questions", Label: words("col.ways"), Hint: words("hint.ways"), Kind: FieldLong, Value: strings.Join(t.Questions, "\n"), Max: maxValue},
			{ID: "try", Label: words("col.try"), Hint: words("hint.try"), Kind: FieldText, Max: 300},
		},
	}
}

// topics are those of the language, and their categories.
func (c call) topics(ctx context.Context) (list []TopicInfo, categories []Option, err error) {
	if c.ports.FAQ == nil {
		return nil, nil, errNotHere
	}
	if list, err = c.ports.FAQ.Topics(ctx, c.lang); err != nil {
		return nil, nil, err
	}
	for _, t := range list {
		if !slices.ContainsFunc(categories, func(o Option) bool { return o.Value == t.Category }) {
			categories = append(categories, Option{Value: t.Category, Label: plain(t.Category)})
		}
	}
	return list, categories, nil
}

func addTopicForm(ctx context.Context, c call) (*Form, error) {
	_, categories, err := c.topics(ctx)
	if err != nil {
		return nil, err
	}
	t := TopicInfo{}
	if len(categories) > 0 {
		t.Category = categories[0].Value
	}
	return topicForm("form.faq_add", t, categories), nil
}

func editTopicForm(ctx context.Context, c call) (*Form, error) {
	list, categories, err := c.topics(ctx)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(list, func(t TopicInfo) bool { return t.ID == c.row })
	if i < 0 {
		return nil, domain.ErrNotFound
	}
	return topicForm("form.faq_edit", list[i], categories), nil
}

// written is the topic of a form.
func (c call) written() (TopicInfo, error) {
	t := TopicInfo{ID: c.row, Lang: c.lang, Title: c.values["title"], Category: c.values["category"], Answer: c.values["answer"]}
	for q := range strings.Lines(c.values["questions"]) {
		if q = strings.TrimSpace(q); q != "" {
			t.Questions = append(t.Questions, q)
		}
	}
	wrong := fieldErrors{}
	for _, f := range []string{"title", "answer", "questions"} {
		if c.values[f] == "" {
			wrong[f] = words("problem.empty")
		}
	}
	if len(wrong) > 0 {
		return t, wrong
	}
	return t, nil
}

func saveTopic(ctx context.Context, c call) (outcome, error) {
	if c.ports.FAQ == nil {
		return outcome{}, errNotHere
	}
	t, err := c.written()
	if err != nil {
		return outcome{}, err
	}
	id, err := c.ports.FAQ.SaveTopic(ctx, t)
	var wrong *SettingError
	if errors.As(err, &wrong) {
		return outcome{}, fieldErrors{"answer": plain(wrong.Text)}
	}
	if err != nil {
		return outcome{}, err
	}
	return said("said.faq_saved"), c.note(ctx, domain.AuditFAQChanged, domain.TargetFAQ, id, "how", "saved", "lang", string(c.lang))
}

func removeTopicSure(ctx context.Context, c call) (*Confirm, error) {
	list, _, err := c.topics(ctx)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(list, func(t TopicInfo) bool { return t.ID == c.row })
	if i < 0 {
		return nil, domain.ErrNotFound
	}
	return &Confirm{Title: words("sure.faq_remove"), Text: plain(list[i].Title), Yes: words("do.faq_remove")}, nil
}

func removeTopic(ctx context.Context, c call) (outcome, error) {
	if c.ports.FAQ == nil {
		return outcome{}, errNotHere
	}
	if err := c.ports.FAQ.RemoveTopic(ctx, c.lang, c.row); err != nil {
		return outcome{}, err
	}
	out := said("said.faq_removed")
	out.leave = true
	return out, c.note(ctx, domain.AuditFAQChanged, domain.TargetFAQ, c.row, "how", "removed", "lang", string(c.lang))
}

func tryForm(_ context.Context, c call) (*Form, error) {
	if c.ports.FAQ == nil {
		return nil, errNotHere
	}
	return &Form{Title: words("form.faq_try"), Submit: words("do.close"), Try: words("do.faq_try"), Fields: []FormField{
		{ID: "try", Label: words("col.try"), Hint: words("hint.try"), Kind: FieldText, Max: 300},
	}}, nil
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
		return nil, err
	}
	t := &Table{Columns: []Column{column("question", 6), right(column("sure", 2)), column("kiosk_says", 3)}, Empty: words("empty.try"), Total: -1}
	for _, m := range list {
		said := cellKey("try.suggest")
		if m.Answer {
			said = toned(cellKey("try.answer"), ToneOK)
		}
		t.Rows = append(t.Rows, Row{Cells: []Cell{cellText(m.Title), cellPercent(m.Score), said}})
	}
	return t, nil
}

func triedQuestion(context.Context, call) (outcome, error) { return outcome{}, nil }
