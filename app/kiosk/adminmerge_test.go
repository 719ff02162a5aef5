package kiosk

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"agentid/app/domain"
)

// joiner is a domain.Merger over a registry in memory.
type joiner struct {
	reg   *registry
	names []domain.NamedPerson
	state int                      // of everybody: a stamp is of one
	bare  map[domain.PersonID]bool // no consent to data
	into  map[domain.PersonID]domain.PersonID
	asked []string
	by    domain.Actor
}

func (j *joiner) PlanMerge(ctx context.Context, keep, gone domain.PersonID) (p domain.MergePlan, err error) {
	if keep == gone {
		return p, domain.ErrMergeSelf
	}
	if p.Keep.Profile, err = j.reg.Profile(ctx, keep); err != nil {
		return p, err
	}
	if p.Gone.Profile, err = j.reg.Profile(ctx, gone); err != nil {
		return p, err
	}
	p.Keep.Templates, p.Gone.Templates, p.Templates, p.Badges = 2, 3, 3, 1
	p.Second = p.Gone.SecondFactor && !p.Keep.SecondFactor
	p.NoData, p.FaceTaken = j.bare[keep] && !j.bare[gone], j.bare[gone]
	p.Stamp = fmt.Sprintf("%s%s%d", keep, gone, j.state)
	return p, nil
}

func (j *joiner) MergePeople(ctx context.Context, keep, gone domain.PersonID, stamp string) (domain.ErasureReceipt, error) {
	p, err := j.PlanMerge(ctx, keep, gone)
	if err != nil {
		return domain.ErasureReceipt{}, err
	}
	if p.Stamp != stamp {
		return domain.ErasureReceipt{}, domain.ErrMergeChanged
	}
	j.asked = append(j.asked, string(keep)+"+"+string(gone))
	j.into[gone], j.by = keep, domain.ActorOf(ctx)
	return j.reg.EraseIdentity(ctx, gone, domain.ReasonMerged, time.Time{})
}

func (j *joiner) MergedWith(_ context.Context, keep domain.PersonID) (out []domain.PersonID, err error) {
	for gone, into := range j.into {
		if into == keep {
			out = append(out, gone)
		}
	}
	return out, nil
}

func (j *joiner) MergedInto(_ context.Context, gone domain.PersonID) (domain.PersonID, error) {
	if into, ok := j.into[gone]; ok {
		return into, nil
	}
	return "", domain.ErrNotFound
}

func (j *joiner) SimilarNames(context.Context, domain.PersonID, int) ([]domain.NamedPerson, error) {
	return j.names, nil
}

// faces are Lookalikes.
type faces []Lookalike

func (f faces) Lookalikes(context.Context, domain.PersonID) ([]Lookalike, error) { return f, nil }

// twins is a branch with p1, and p2 to p4 who may be the same person.
func twins(t *testing.T) (*branch, *joiner) {
	b := newBranch(t)
	b.somebody(true)
	for i, name := range []string{"Lucía Vega Sol", "Lucia Vega", "Otra Persona"} {
		id := domain.PersonID(fmt.Sprint("p", i+2))
		b.reg.profiles[id] = domain.Profile{
			Person: domain.Person{ID: id, Name: name, CreatedAt: b.clock.Now()}, Document: fmt.Sprint("2099988", i), HasPIN: true, SecondFactor: i == 0,
			Badges: []domain.Badge{{ID: "b2", Person: id, Expires: b.clock.Now().Add(time.Hour)}},
		}
	}
	named := func(id domain.PersonID) domain.NamedPerson {
		return domain.NamedPerson{Person: b.reg.profiles[id].Person, Alike: 0.9}
	}
	j := &joiner{reg: b.reg, into: map[domain.PersonID]domain.PersonID{}, names: []domain.NamedPerson{named("p3"), named("p2")}}
	b.ports.Merger, b.ports.Lookalikes = j, faces{{"p4", 0.2}, {"p2", 0.3}}
	return b, j
}

func TestTwoRecordsAreMerged(t *testing.T) {
	b, j := twins(t)
	old, _ := b.events.Record(t.Context(), domain.Event{Kind: domain.EventRecognition, Reason: domain.ReasonRecognised, Person: "p2", At: b.clock.Now()}, nil)
	b.enter("9009")
	b.tap(AdminGo{PagePeople})
	b.tap(AdminOpenRow{"p1"})
	v := b.tap(AdminDo{ID: "people.merge_with", Row: "p1"})
	var got []string
	for _, r := range v.Table.Rows {
		got = append(got, r.ID+" "+r.Cells[2].Words.Key)
	}
	if want := []string{"p1+p4 alike.face", "p1+p2 alike.both", "p1+p3 alike.name"}; !slices.Equal(got, want) {
		t.Fatalf("proposed %q, want %q", got, want)
	}
	if v.Notice.Key != "merge_choose" || v.Notice.Values["Name"] != "Lucía Vega" || v.Detail != nil {
		t.Fatalf("%+v %+v", v.Notice, v.Detail)
	}
	if v = b.tap(AdminSearch{"Otra"}); len(v.Table.Rows) != 1 || v.Table.Rows[0].ID != "p1+p4" || v.Table.Query != "Otra" {
		t.Fatalf("search: %+v", v.Table)
	}
	if v = b.tap(AdminSearch{"Lucía"}); len(v.Table.Rows) != 1 || v.Table.Rows[0].ID != "p1+p2" { // not oneself
		t.Fatalf("search: %+v", v.Table)
	}
	seen := len(b.trail.of(domain.AuditViewed))
	v = b.tap(AdminOpenRow{"p1+p2"})
	if v.Detail == nil || v.Detail.ID != "p1+p2+p1p20" || len(v.Detail.Do) != 2 {
		t.Fatalf("%+v", v.Detail)
	}
	if looks := b.trail.of(domain.AuditViewed)[seen:]; len(looks) != 2 || looks[0].Target.ID != "p1" || looks[1].Target.ID != "p2" {
		t.Fatalf("audit of the look: %+v", looks)
	}
	rows := map[string][3]Cell{}
	for _, r := range v.Detail.Tables[0].Rows {
		rows[r.Cells[0].Words.Key] = [3]Cell(r.Cells[1:])
	}
	if c := rows["col.merge_document"]; c[0].Words.Plain != "…3456" || c[1].Words.Plain != "…9880" || c[2].Words.Plain != "…3456" {
		t.Fatalf("documents %+v", c)
	}
	if c := rows["col.merge_face"]; c[0].Number != 2 || c[1].Number != 3 || c[2].Number != 5 {
		t.Fatalf("templates %+v", c)
	}
	if c := rows["col.second_factor"]; c[0].Words.Key != "no" || c[2].Words.Key != "yes" {
		t.Fatalf("second factor %+v", c)
	}
	if f := v.Detail.Fields; f[0].Value.Words.Values["Name"] != "Lucía Vega" || f[1].Value.Words.Values["Name"] != "Lucía Vega Sol" || f[1].Value.Tone != ToneStop ||
		f[2].Value.Words.Key != "merge_note.document" || f[2].Value.Words.Values["Tail"] != "9880" {
		t.Fatalf("notes %+v", v.Detail.Fields)
	}

	v = b.tap(AdminDo{ID: "people.merge", Row: v.Detail.ID})
	if v.Confirm == nil || !v.Confirm.NeedsPIN || v.Confirm.Text.Values["Gone"] != "Lucía Vega Sol" {
		t.Fatalf("%+v", v.Confirm)
	}
	if v = b.tap(AdminConfirm{Yes: true, PIN: "999111"}); v.Confirm == nil || !v.Confirm.PIN.Wrong || len(j.asked) != 0 {
		t.Fatalf("%+v %v", v.Confirm, j.asked)
	}
	v = b.tap(AdminConfirm{Yes: true, PIN: adminPIN})
	if v.Notice.Key != "said.merged" || !slices.Equal(j.asked, []string{"p1+p2"}) || j.by.ID != "s9" {
		t.Fatalf("%+v, %v by %+v", v.Notice, j.asked, j.by)
	}
	// The profile of the one who stays, with both histories.
	if v.Detail == nil || v.Detail.ID != "p1" || v.Detail.Fields[len(v.Detail.Fields)-1].Value.Words.Plain != "p2" {
		t.Fatalf("%+v", v.Detail)
	}
	last := v.Detail.Tables[len(v.Detail.Tables)-1]
	if len(last.Rows) != 1 || last.Rows[0].ID != "events:"+string(old.ID) {
		t.Fatalf("history %+v", last.Rows)
	}
	o, s, ctx := b.office("9009")
	if w, err := o.call(&s).nameOf(ctx, "p2"); err != nil || w.Key != "merged_person" || w.Values["Name"] != "Lucía Vega" {
		t.Fatalf("the other is called %+v, %v", w, err)
	}
	if w, err := o.call(&s).nameOf(ctx, "p9"); err != nil || w.Key != "erased_person" {
		t.Fatalf("one who was erased is called %+v, %v", w, err)
	}
	// It is done once: the other is not there any more.
	if v = b.tap(AdminOpenRow{"p1+p2"}); v.Notice.Key != "said.not_found" {
		t.Fatalf("%+v", v.Notice)
	}
}

// What was shown is done, or nothing is.
func TestAMergeThatChangedMeanwhileIsRefused(t *testing.T) {
	b, j := twins(t)
	b.enter("9009")
	b.tap(AdminGo{PagePeople})
	v := b.tap(AdminOpenRow{"p1+p2"})
	j.state++
	if v = b.tap(AdminDo{ID: "people.merge", Row: v.Detail.ID}); v.Confirm != nil || v.Notice.Key != "said.merge_changed" {
		t.Fatalf("asked about what was not shown: %+v", v)
	}
	if v = b.tap(AdminDo{ID: "people.merge", Row: v.Detail.ID}); v.Confirm == nil { // it is shown anew
		t.Fatalf("%+v", v.Notice)
	}
	j.state++
	if v = b.tap(AdminConfirm{Yes: true, PIN: adminPIN}); v.Notice.Key != "said.merge_changed" || len(j.asked) != 0 {
		t.Fatalf("%+v %v", v.Notice, j.asked)
	}
	b.tap(AdminDo{ID: "people.merge", Row: v.Detail.ID})
	delete(b.reg.profiles, "p2") // erased at their wish
	if v = b.tap(AdminConfirm{Yes: true, PIN: adminPIN}); v.Notice.Key != "said.not_found" || len(j.asked) != 0 {
		t.Fatalf("%+v %v", v.Notice, j.asked)
	}
	if v = b.tap(AdminOpenRow{"p1+p1"}); v.Notice.Key != "said.merge_self" {
		t.Fatalf("%+v", v.Notice)
	}
	for _, row := range []string{"", "p1", "p1+", "+p2", "p1+p3", "p1+p3+", "p1+p3+x+y", "p1+p3+x", "p3+p1+p1p32"} { // no plan that was shown
		b.tap(AdminDo{ID: "people.merge", Row: row})
		if v = b.View().Admin; v.Confirm != nil {
			t.Errorf("%q is asked about", row)
		}
	}
	if len(j.asked) != 0 {
		t.Fatalf("merged %v", j.asked)
	}
}

// A record without a consent to data takes nobody's in: what is offered is to keep
// the other.
func TestAMergeWithoutConsentIsTurnedRound(t *testing.T) {
	b, j := twins(t)
	j.bare = map[domain.PersonID]bool{"p1": true}
	b.enter("9009")
	b.tap(AdminGo{PagePeople})
	v := b.tap(AdminOpenRow{"p1+p2"})
	if f := v.Detail.Fields[2].Value; f.Words.Key != "merge_note.data" || f.Tone != ToneStop {
		t.Fatalf("notes %+v", v.Detail.Fields)
	}
	if len(v.Detail.Do) != 1 || v.Detail.Do[0].ID != "people.merge_swap" {
		t.Fatalf("offered %+v", v.Detail.Do)
	}
	row := v.Detail.ID
	if v = b.tap(AdminDo{ID: "people.merge", Row: row}); v.Confirm != nil || v.Notice.Key != "said.merge_consent" || len(j.asked) != 0 {
		t.Fatalf("asked all the same: %+v, %v", v, j.asked)
	}
	v = b.tap(AdminDo{ID: "people.merge_swap", Row: row})
	if v.Detail == nil || len(v.Detail.Do) != 2 || v.Detail.Fields[2].Value.Words.Key != "merge_note.face_taken" {
		t.Fatalf("swapped: %+v", v.Detail)
	}
	b.tap(AdminDo{ID: "people.merge", Row: v.Detail.ID})
	if v = b.tap(AdminConfirm{Yes: true, PIN: adminPIN}); v.Notice.Key != "said.merged" || !slices.Equal(j.asked, []string{"p2+p1"}) {
		t.Fatalf("%+v, %v", v.Notice, j.asked)
	}
}

func TestWaysOutOfAMerge(t *testing.T) {
	b, _ := twins(t)
	b.enter("9009")
	b.tap(AdminGo{PagePeople})
	b.tap(AdminOpenRow{"p1"})
	b.tap(AdminDo{ID: "people.merge_with", Row: "p1"})
	v := b.tap(AdminOpenRow{"p1+p2"})
	if v = b.tap(AdminDo{ID: "people.merge_swap", Row: v.Detail.ID}); !strings.HasPrefix(v.Detail.ID, "p2+p1+") {
		t.Fatalf("swapped: %+v", v.Detail)
	}
	if v = b.tap(StepBack{}); v.Detail != nil || len(v.Table.Rows) != 3 || v.Notice.Key != "merge_choose" {
		t.Fatalf("back to those proposed: %+v", v)
	}
	if v = b.tap(StepBack{}); v.Detail == nil || v.Detail.ID != "p1" {
		t.Fatalf("back to the profile: %+v", v)
	}
	b.tap(AdminDo{ID: "people.merge_with", Row: "p1"})
	if v = b.tap(AdminDo{ID: "people.merge_cancel"}); v.Detail == nil || v.Detail.ID != "p1" {
		t.Fatalf("cancelled: %+v", v)
	}
	if v = b.tap(AdminOpenRow{}); v.Detail != nil || v.Table.Search.Key != "hint.people" {
		t.Fatalf("the list is that of everybody again: %+v", v)
	}
	// Whoever may see people, but not merge them, sees no two beside each other.
	b.Do(AdminLeave{})
	b.enter("1001")
	b.tap(AdminGo{PagePeople})
	for _, row := range []string{"p1+p2", "people:p1+p2"} {
		if v = b.tap(AdminOpenRow{row}); v.Detail != nil || v.Notice.Key != "said.not_allowed" {
			t.Fatalf("%s: %+v", row, v)
		}
	}
	v = b.tap(AdminOpenRow{"p1"})
	if slices.ContainsFunc(v.Detail.Do, func(d AdminButton) bool { return strings.HasPrefix(d.ID, "people.merge") }) {
		t.Fatalf("staff is offered %+v", v.Detail.Do)
	}
}
