package store

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"agentid/app/domain"
	"agentid/app/domain/domaintest"
	"agentid/app/store/storetest"
)

func edit(topic string, l domain.Lang) domain.FAQEdit {
	return domain.FAQEdit{Lang: l, Topic: topic, Text: "@topic " + topic + "\ncategory: ayuda\n? Pregunta única de " + topic + "\nSí.\n", Base: "abcd"}
}

func TestFAQEdits(t *testing.T) {
	clock := domaintest.NewClock(storetest.Start)
	dir := t.TempDir()
	s := openTest(t, dir, clock)
	ctx := t.Context()
	one, err := s.SaveFAQEdit(ctx, edit("uno", domain.Spanish))
	must(t, err)
	if one.Version != 1 || !one.At.Equal(storetest.Start) {
		t.Errorf("%+v", one)
	}
	clock.Advance(time.Minute)
	_, err = s.SaveFAQEdit(ctx, edit("uno", domain.English))
	must(t, err)
	_, err = s.SaveFAQEdit(ctx, edit("dos", domain.Spanish))
	must(t, err)

	// Who saw the one before is told; who saw the last is taken.
	_, err = s.SaveFAQEdit(ctx, edit("uno", domain.Spanish))
	wantErr(t, err, domain.ErrEdited)
	clock.Advance(time.Minute)
	next := one
	next.Text, next.At = strings.Replace(one.Text, "Sí.", "No.", 1), time.Time{}
	next, err = s.SaveFAQEdit(ctx, next)
	must(t, err)
	if next.Version != 2 {
		t.Errorf("version %d", next.Version)
	}
	list, err := s.FAQEdits(ctx)
	must(t, err)
	if len(list) != 3 || list[2] != next || list[0].Topic != "dos" {
		t.Errorf("%+v", list)
	}

	// What makes no sense changes nothing.
	for _, bad := range []domain.FAQEdit{
		{Lang: domain.Spanish, Topic: "x"}, {Topic: "x", Text: "y"}, {Lang: domain.Spanish, Text: "y"},
		{Lang: domain.Spanish, Topic: "x", Text: "\xff"}, {Lang: domain.Spanish, Topic: "x", Text: strings.Repeat("x", domain.MaxFAQText+1)},
		{Lang: domain.Spanish, Topic: "x", Text: "y", Version: -1},
	} {
		_, err := s.SaveFAQEdit(ctx, bad)
		wantErr(t, err, ErrInvalid)
	}

	// It is there after a restart, and cannot be read or forged in the file.
	must(t, s.Close())
	for _, name := range []string{"agentid.db", "agentid.db-wal"} {
		raw, err := os.ReadFile(filepath.Join(dir, name))
		if err == nil && bytes.Contains(raw, []byte("Pregunta única")) {
			t.Errorf("%s has it in the clear", name)
		}
	}
	s = openTest(t, dir, clock)
	if again, err := s.FAQEdits(ctx); err != nil || len(again) != 3 || again[2] != next {
		t.Errorf("%+v, %v", again, err)
	}
	must(t, s.DropFAQEdit(ctx, "uno", domain.English))
	wantErr(t, s.DropFAQEdit(ctx, "uno", domain.English), domain.ErrNotFound)
	must(t, s.DropFAQEdit(ctx, "uno"))
	wantErr(t, s.DropFAQEdit(ctx, "uno"), domain.ErrNotFound)
}

// One that does not open is told as that, and hides no other; the next takes its
// place.
func TestFAQDamaged(t *testing.T) {
	s := openTest(t, t.TempDir(), nil)
	ctx := t.Context()
	for _, topic := range []string{"uno", "dos", "tres"} {
		for range 2 {
			e := edit(topic, domain.Spanish)
			list, err := s.FAQEdits(ctx)
			must(t, err)
			for _, had := range list {
				if had.Topic == topic {
					e.Version = had.Version
				}
			}
			_, err = s.SaveFAQEdit(ctx, e)
			must(t, err)
		}
	}
	mustExec(t, s, "UPDATE faq_edits SET topic = 'otro' WHERE topic = 'dos'; UPDATE faq_edits SET content = x'00' WHERE topic = 'tres'")
	state := func() (broken, whole []string) {
		list, err := s.FAQEdits(ctx)
		must(t, err)
		for _, e := range list {
			switch {
			case e.Damaged && e.Text == "" && e.Version == 2:
				broken = append(broken, e.Topic)
			case !e.Damaged && e.Text == edit(e.Topic, e.Lang).Text:
				whole = append(whole, e.Topic)
			default:
				t.Errorf("%+v", e)
			}
		}
		slices.Sort(broken)
		return broken, whole
	}
	if broken, whole := state(); !slices.Equal(broken, []string{"otro", "tres"}) || !slices.Equal(whole, []string{"uno"}) {
		t.Errorf("damaged %q, whole %q", broken, whole)
	}
	anew := edit("tres", domain.Spanish)
	anew.Version = 2
	_, err := s.SaveFAQEdit(ctx, anew)
	must(t, err)
	must(t, s.DropFAQEdit(ctx, "otro"))
	if broken, whole := state(); len(broken) != 0 || len(whole) != 2 {
		t.Errorf("damaged %q, whole %q", broken, whole)
	}

	for _, l := range []domain.Lang{domain.Spanish, domain.English} {
		must(t, s.KeepFAQSet(ctx, domain.FAQSet{Lang: l, Version: 3, Text: "@topic x", At: storetest.Start}))
	}
	mustExec(t, s, "UPDATE faq_sets SET content = x'01' WHERE lang = 'en'")
	list, err := s.FAQSets(ctx)
	if err != nil || len(list) != 2 || !list[0].Damaged || list[0].Text != "" || list[1].Damaged || list[1].Text != "@topic x" {
		t.Errorf("%+v, %v", list, err)
	}
}

// Of many who saw the same, one is taken.
func TestFAQEditsAtOnce(t *testing.T) {
	s := openTest(t, t.TempDir(), nil)
	var wg sync.WaitGroup
	var mu sync.Mutex
	taken := 0
	for range 8 {
		wg.Go(func() {
			_, err := s.SaveFAQEdit(t.Context(), edit("uno", domain.Spanish))
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				taken++
			}
		})
	}
	wg.Wait()
	if taken != 1 {
		t.Errorf("%d of 8 were taken", taken)
	}
}

func TestFAQSets(t *testing.T) {
	s := openTest(t, t.TempDir(), nil)
	ctx := t.Context()
	set := domain.FAQSet{Lang: domain.Spanish, Version: 3, Text: "@topic x", At: storetest.Start}
	must(t, s.KeepFAQSet(ctx, set))
	set.Version = 4
	must(t, s.KeepFAQSet(ctx, set))
	if list, err := s.FAQSets(ctx); err != nil || len(list) != 1 || list[0] != set {
		t.Errorf("%+v, %v", list, err)
	}
	wantErr(t, s.KeepFAQSet(ctx, domain.FAQSet{Lang: domain.Spanish}), ErrInvalid)
	must(t, s.DropFAQSet(ctx, domain.Spanish))
	if list, err := s.FAQSets(ctx); err != nil || len(list) != 0 {
		t.Errorf("%+v, %v", list, err)
	}
}
