package store

import (
	"bytes"
	"os"
	"path/filepath"
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
	mustExec(t, s, "UPDATE faq_edits SET topic = 'otro'")
	_, err = s.FAQEdits(ctx)
	wantErr(t, err, ErrCorrupt)
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
