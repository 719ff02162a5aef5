package kiosk

import (
	"context"
	"strings"
	"testing"

	"agentid/app/domain"
)

// shelf is a FAQDesk in memory.
type shelf struct {
	topics  []TopicInfo
	saved   []TopicInfo
	tried   []*TopicInfo
	removed []string
	fail    error // of the next save
}

func (s *shelf) Topics(context.Context, domain.Lang) ([]TopicInfo, error) { return s.topics, nil }
func (s *shelf) Notes(context.Context, domain.Lang) ([]string, error)     { return nil, nil }

func (s *shelf) SaveTopic(_ context.Context, t TopicInfo) (TopicSaved, error) {
	if err := s.fail; err != nil {
		s.fail = nil
		return TopicSaved{}, err
	}
	s.saved = append(s.saved, t)
	return TopicSaved{ID: "t1"}, nil
}

func (s *shelf) RemoveTopic(_ context.Context, _ domain.Lang, id string) error {
	s.removed = append(s.removed, id)
	return nil
}

func (s *shelf) TryQuestion(_ context.Context, _ domain.Lang, _ string, draft *TopicInfo) ([]TopicMatch, error) {
	s.tried = append(s.tried, draft)
	return []TopicMatch{{Topic: "t1", Title: "¿A qué hora abren?", Score: 0.9, Answer: true}}, nil
}

func (s *shelf) Gaps(context.Context, domain.Lang) ([]GapInfo, error) {
	return []GapInfo{{ID: "gap-1", Text: "hay wifi", Count: 3, Examples: []string{"hay wifi", "tienen internet"}}}, nil
}

func newShelf(b *branch) *shelf {
	s := &shelf{topics: []TopicInfo{
		{ID: "t1", Category: "sucursal", Title: "¿A qué hora abren?", Answer: "A las 10.\n\n1. Venga.", Questions: []string{"horario"}, Fixed: true, Origin: OriginBuiltIn, Seen: "one"},
		{ID: "t2", Category: "sucursal", Title: "¿Dónde está?", Answer: "Aquí.", Fixed: true, Edited: true, Seen: "two"},
		{ID: "t3", Category: "ayuda", Title: "¿Y la feria?", Answer: strings.Repeat("x", maxTopicAnswer+1), Seen: "three"},
	}}
	b.ports.FAQ = s
	return s
}

func TestTopicsOfferWhatCanBeDoneToThem(t *testing.T) {
	b := newBranch(t)
	s := newShelf(b)
	o, seat, ctx := b.office("9009")
	seat, _ = o.handle(ctx, seat, AdminGo{PageFAQ})
	for id, want := range map[string]string{"t1": "faq.edit", "t2": "faq.edit faq.undo", "t3": "faq.edit faq.remove"} {
		at, err := o.handle(ctx, seat, AdminOpenRow{id})
		if err != nil || at.view.Detail == nil {
			t.Fatalf("%s: %v", id, err)
		}
		var got []string
		for _, d := range at.view.Detail.Do {
			got = append(got, d.ID)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %q, want %q", id, got, want)
		}
	}
	// What the form cannot hold is not cut.
	if at, _ := o.handle(ctx, seat, AdminDo{ID: "faq.edit", Row: "t3"}); at.view.Form != nil || at.view.Notice.Key != "said.faq_long" {
		t.Errorf("%+v", at.view.Notice)
	}
	// Taking back is asked first, and audited for what it is.
	for id, how := range map[string]string{"t2": "undone", "t3": "removed"} {
		deed := map[string]string{"t2": "faq.undo", "t3": "faq.remove"}[id]
		at, _ := o.handle(ctx, seat, AdminDo{ID: deed, Row: id})
		if at.view.Confirm == nil || len(s.removed) != 0 {
			t.Fatalf("%s was not asked: %q", deed, s.removed)
		}
		if at, _ = o.handle(ctx, at, AdminConfirm{Yes: true}); len(s.removed) != 1 || s.removed[0] != id {
			t.Fatalf("%s: %+v, %q", deed, at.view.Notice, s.removed)
		}
		list := b.trail.of(domain.AuditFAQChanged)
		if last := list[len(list)-1]; last.Detail["how"] != how || last.Target.ID != id {
			t.Errorf("%s: audited %+v", deed, last)
		}
		s.removed = nil
	}
	// Staff look and try; they change nothing.
	o, seat, ctx = b.office("1001")
	seat, _ = o.handle(ctx, seat, AdminGo{PageFAQ})
	for _, id := range []string{"faq.add", "faq.edit", "faq.remove", "faq.undo"} {
		if at, _ := o.handle(ctx, seat, AdminDo{ID: id, Row: "t2"}); at.view.Notice.Key != "said.not_allowed" {
			t.Errorf("staff may %s", id)
		}
	}
	at, _ := o.handle(ctx, seat, AdminDo{ID: "faq.try"})
	if at, _ = o.handle(ctx, at, AdminTry{Form: "faq.try", Values: map[string]string{"try": "¿abren?"}}); at.view.Form == nil || at.view.Form.Result == nil || s.tried[0] != nil {
		t.Errorf("%+v", at.view.Form)
	}
}

func TestSavingATopic(t *testing.T) {
	b := newBranch(t)
	s := newShelf(b)
	o, seat, ctx := b.office("9009")
	seat, _ = o.handle(ctx, seat, AdminGo{PageFAQ})
	values := map[string]string{"title": "¿A qué hora abren?", "category": "sucursal", "answer": "A las 9.", "questions": " horario \n\nabren temprano\n", "seen": "forged", "try": "abren"}
	seat, _ = o.handle(ctx, seat, AdminDo{ID: "faq.edit", Row: "t1"})
	seat, _ = o.handle(ctx, seat, AdminTry{Form: "faq.edit", Values: values})
	if d := s.tried[0]; d == nil || d.ID != "t1" || d.Answer != "A las 9." || len(s.saved) != 0 {
		t.Fatalf("tried %+v", d)
	}
	// Mistakes stand beside their fields, what was written stays.
	s.fail = TopicProblems{"questions": "Ya está.", "answer": "Falta."}
	seat, _ = o.handle(ctx, seat, AdminSubmit{Form: "faq.edit", Values: values})
	said := map[string]string{}
	for _, f := range seat.view.Form.Fields {
		said[f.ID] = f.Problem.Plain
		if f.ID == "answer" && f.Value != "A las 9." {
			t.Errorf("the answer is %q now", f.Value)
		}
	}
	if said["questions"] != "Ya está." || said["answer"] != "Falta." || said["title"] != "" {
		t.Errorf("%q", said)
	}
	// Somebody else was faster: told once, then meant. The state that was seen is
	// the office's to know, not the screen's.
	s.fail, s.topics[0].Seen = domain.ErrEdited, "newer"
	seat, _ = o.handle(ctx, seat, AdminSubmit{Form: "faq.edit", Values: values})
	if seat.view.Form == nil || seat.view.Form.Fields[2].Problem.Key != "problem.faq_edited" || len(s.saved) != 0 {
		t.Fatalf("%+v", seat.view.Form)
	}
	if seat, _ = o.handle(ctx, seat, AdminSubmit{Form: "faq.edit", Values: values}); seat.view.Form != nil || seat.view.Notice.Key != "said.faq_saved" {
		t.Fatalf("%+v", seat.view.Notice)
	}
	got := s.saved[0]
	if got.ID != "t1" || got.Seen != "newer" || got.Lang != domain.Spanish || strings.Join(got.Questions, "|") != "horario|abren temprano" {
		t.Errorf("saved %+v", got)
	}
	// One that begins from a gap has its words, and is a new one.
	seat, _ = o.handle(ctx, seat, AdminFilter{ID: "faq", Value: "gaps"})
	seat, _ = o.handle(ctx, seat, AdminOpenRow{"gap-1"})
	seat, _ = o.handle(ctx, seat, AdminDo{ID: "faq.add", Row: "gap-1"})
	values = map[string]string{}
	for _, f := range seat.view.Form.Fields {
		values[f.ID] = f.Value
	}
	if values["title"] != "hay wifi" || values["questions"] != "tienen internet" {
		t.Fatalf("%q", values)
	}
	values["answer"] = "Sí."
	if seat, _ = o.handle(ctx, seat, AdminSubmit{Form: "faq.add", Values: values}); len(s.saved) != 2 || s.saved[1].ID != "" || s.saved[1].Seen != "" {
		t.Fatalf("%+v, %+v", seat.view.Notice, s.saved)
	}
}
