package telemetry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// written are n lines as the program writes them; every tenth is a warning.
func written(w io.Writer, from, n int) {
	log := NewLogger(w, slog.LevelDebug)
	for i := from; i < from+n; i++ {
		level := slog.LevelInfo
		if i%10 == 0 {
			level = slog.LevelWarn
		}
		log.Log(context.Background(), level, "line", slog.Int("n", i), slog.Group("of", slog.String("what", "a test")))
	}
}

// numbers reads a logbook page by page.
func numbers(t *testing.T, b Logbook, least slog.Level, limit int) (out []string) {
	t.Helper()
	q := LineQuery{Least: least, Limit: limit}
	for {
		p, err := b.Lines(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		if len(p.Lines) > limit {
			t.Fatalf("%d lines of at most %d", len(p.Lines), limit)
		}
		for _, l := range p.Lines {
			again, err := b.Line(t.Context(), l.ID)
			if err != nil || fmt.Sprint(again) != fmt.Sprint(l) {
				t.Fatalf("line %s again: %+v, %v, was %+v", l.ID, again, err, l)
			}
			if l.Message != "line" || len(l.Attrs) != 2 || l.Attrs[1] != (LineAttr{"of.what", "a test"}) || l.At.IsZero() || l.Level < least {
				t.Fatalf("line %+v", l)
			}
			out = append(out, l.Attrs[0].Value)
		}
		if q.Before = p.Next; q.Before == "" {
			return out
		}
	}
}

// down are the numbers from high to low, in steps.
func down(high, low, step int) string {
	var out []string
	for i := high; i >= low; i -= step {
		out = append(out, fmt.Sprint(i))
	}
	return strings.Join(out, " ")
}

func TestRing(t *testing.T) {
	r := NewRing()
	if p, err := r.Lines(t.Context(), LineQuery{Limit: 10}); err != nil || len(p.Lines) != 0 || p.Next != "" {
		t.Fatalf("empty: %+v, %v", p, err)
	}
	written(r, 1, RingLines+250)
	if r.Len() != RingLines {
		t.Fatalf("%d lines kept", r.Len())
	}
	for _, limit := range []int{1, 7, 500} {
		if got := strings.Join(numbers(t, r, slog.LevelDebug, limit), " "); got != down(RingLines+250, 251, 1) {
			t.Errorf("pages of %d: %s", limit, got)
		}
		if got := strings.Join(numbers(t, r, slog.LevelWarn, limit), " "); got != down(RingLines+250, 260, 10) {
			t.Errorf("warnings in pages of %d: %s", limit, got)
		}
	}
	// A page stays where it is while more is written; what is gone is gone.
	p, err := r.Lines(t.Context(), LineQuery{Limit: 5})
	if err != nil {
		t.Fatal(err)
	}
	written(r, RingLines+251, 100)
	q, err := r.Lines(t.Context(), LineQuery{Limit: 5, Before: p.Next})
	if err != nil || q.Lines[0].Attrs[0].Value != fmt.Sprint(RingLines+245) {
		t.Fatalf("%+v, %v", q, err)
	}
	for _, id := range []string{"1", "99999", "x", ""} {
		if _, err := r.Line(t.Context(), id); !errors.Is(err, ErrNoLine) {
			t.Errorf("line %q: %v", id, err)
		}
	}
	// Few long lines take no more room than many short ones.
	for range 200 {
		fmt.Fprintf(r, "%s\n", strings.Repeat("x", 1<<20))
	}
	if r.bytes > RingBytes || r.Len() == 0 {
		t.Errorf("%d bytes in %d lines", r.bytes, r.Len())
	}
}

func TestLogFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "agentid.log")
	if p, err := (LogFile{path}).Lines(t.Context(), LineQuery{Limit: 5}); err != nil || len(p.Lines) != 0 {
		t.Fatalf("no file: %+v, %v", p, err)
	}
	file := func() *os.File {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	f := file()
	written(f, 1, 2500) // some blocks
	book := LogFile{path}
	for _, limit := range []int{1, 9, 500} {
		if got := strings.Join(numbers(t, book, slog.LevelDebug, limit), " "); got != down(2500, 1, 1) {
			t.Errorf("pages of %d: %.200s", limit, got)
		}
	}
	p, err := book.Lines(t.Context(), LineQuery{Limit: 5})
	if err != nil {
		t.Fatal(err)
	}
	// Rotated, it goes on in the new file, and a page that was open goes on in the
	// old one.
	f.Close()
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	f = file()
	defer f.Close()
	written(f, 2501, 30)
	if got := strings.Join(numbers(t, book, slog.LevelWarn, 20), " "); got != down(2530, 10, 10) {
		t.Errorf("over the rotation: %.200s", got)
	}
	q, err := book.Lines(t.Context(), LineQuery{Limit: 2, Before: p.Next})
	if err != nil || q.Lines[0].Attrs[0].Value != "2495" {
		t.Errorf("after the rotation: %+v, %v", q, err)
	}
	if err := os.Remove(path + ".1"); err != nil {
		t.Fatal(err)
	}
	if _, err := book.Lines(t.Context(), LineQuery{Limit: 2, Before: p.Next}); !errors.Is(err, ErrNoLine) {
		t.Errorf("rotated away: %v", err)
	}
	// A page reads no more than its budget, and the next one goes on from there.
	long := strings.Repeat("y", 100<<10)
	for range 2 * maxLogScan / len(long) {
		fmt.Fprintln(f, long)
	}
	found, pages, next := 0, 0, ""
	for {
		p, err := book.Lines(t.Context(), LineQuery{Limit: 50, Least: slog.LevelInfo, Before: next})
		if err != nil {
			t.Fatal(err)
		}
		found, pages, next = found+len(p.Lines), pages+1, p.Next
		if next == "" {
			break
		}
	}
	if found != 30 || pages < 2 {
		t.Errorf("%d lines in %d pages", found, pages)
	}
	if err := os.Mkdir(path+".dir", 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := (LogFile{path + ".dir"}).Lines(t.Context(), LineQuery{Limit: 1}); err == nil {
		t.Error("a folder is a log")
	}
}

// A file without line ends, as a power cut leaves one, is read no further for one
// page than any other, nor for somebody who has left.
func TestLogWithoutLineEnds(t *testing.T) {
	path := filepath.Join(t.TempDir(), "agentid.log")
	var b bytes.Buffer
	for i := range 3 {
		fmt.Fprintf(&b, `{"time":"2026-03-02T09:00:0%dZ","level":"INFO","msg":"one"}`+"\n", i)
	}
	b.Write(make([]byte, 5*maxLogScan/2))
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	found, pages, next, last := 0, 0, "", int64(b.Len())
	for {
		p, err := (LogFile{path}).Lines(t.Context(), LineQuery{Limit: 50, Least: slog.LevelInfo, Before: next})
		if err != nil {
			t.Fatal(err)
		}
		found, pages, next = found+len(p.Lines), pages+1, p.Next
		if next == "" {
			break
		}
		_, offset, _ := strings.Cut(next, "-")
		at, err := strconv.ParseInt(offset, 10, 64)
		if err != nil || last-at > maxLogScan+64<<10 {
			t.Errorf("page %d read %d bytes", pages, last-at)
		}
		last = at
	}
	if found != 3 || pages != 3 {
		t.Errorf("%d lines in %d pages", found, pages)
	}
	ctx, cancel := context.WithCancel(t.Context())
	reads := 0
	r := readerAt(func(p []byte, off int64) (int, error) {
		reads++
		cancel()
		return bytes.NewReader(b.Bytes()).ReadAt(p, off)
	})
	err := linesBack(r, int64(b.Len()), func(int64) bool { return ctx.Err() == nil }, func(int64, []byte) bool { return true })
	if err != nil || reads != 1 {
		t.Errorf("%d blocks read for nobody, %v", reads, err)
	}
}

type readerAt func(p []byte, off int64) (int, error)

func (f readerAt) ReadAt(p []byte, off int64) (int, error) { return f(p, off) }

// What others wrote into the file is not shown; what should never have been
// written is not shown either.
func TestForeignLines(t *testing.T) {
	path := filepath.Join(t.TempDir(), "agentid.log")
	text := strings.Join([]string{
		`{"time":"2026-03-02T09:00:00Z","level":"INFO","msg":"one","name":"Ana","of":{"document":"123"},"list":[1,"Ana"],"url":"http://u:p@x/"}`,
		`panic: Ana`, `{"time":"2026-03-02T09:00:00Z"`, `[]`, `{"level":"INFO","msg":"no time"}`, `{"time":"yesterday","level":"INFO","msg":"two"}`,
		`{"time":"2026-03-02T09:00:00Z","level":"LOUD","msg":"three"}`, `{"time":"2026-03-02T09:00:00Z","level":"INFO","msg":"four"} Ana`,
		strings.Repeat(`{"a":`, 100), "", `{"time":"2026-03-02T09:00:00Z","level":"ERROR","msg":"last","n":1e400,"ok":true,"none":null}`,
	}, "\n")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := LogFile{path}.Lines(t.Context(), LineQuery{Least: slog.LevelDebug, Limit: 50})
	if err != nil || len(p.Lines) != 10 {
		t.Fatalf("%d lines, %v", len(p.Lines), err)
	}
	var own []string
	for _, l := range p.Lines {
		if !l.Foreign {
			own = append(own, l.Message)
		}
		if strings.Contains(fmt.Sprint(l), "Ana") || strings.Contains(fmt.Sprint(l), "123") || strings.Contains(fmt.Sprint(l), "u:p") {
			t.Errorf("shown: %+v", l)
		}
	}
	if strings.Join(own, " ") != "last one" {
		t.Errorf("own lines %v", own)
	}
	if p, err = (LogFile{path}).Lines(t.Context(), LineQuery{Least: slog.LevelWarn, Limit: 50}); err != nil || len(p.Lines) != 1 {
		t.Errorf("warnings: %+v, %v", p, err)
	}
}

func FuzzParseLine(f *testing.F) {
	var b strings.Builder
	written(&b, 1, 3)
	for line := range strings.Lines(b.String()) {
		f.Add([]byte(line))
	}
	f.Add([]byte(`{"time":"2026-03-02T09:00:00Z","level":"WARN+2","msg":"x","pin":"123456","a":{"b":{"c":[1]}}}`))
	f.Add([]byte(`{"time":"2026-03-02T09:00:00Z","msg":"\ud800","k":"\u0000"}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		l := parseLine(raw)
		if l.Foreign && (l.Message != "" || len(l.Attrs) > 0) {
			t.Fatalf("foreign, and shown: %+v", l)
		}
		if len(l.Attrs) > maxLogAttrs || !utf8.ValidString(l.Message) || utf8.RuneCountInString(l.Message) > maxLogText+1 {
			t.Fatalf("%+v", l)
		}
		for _, a := range l.Attrs {
			if !utf8.ValidString(a.Key+a.Value) || utf8.RuneCountInString(a.Value) > maxLogText+1 {
				t.Fatalf("%+v", a)
			}
			for _, part := range strings.Split(a.Key, ".") {
				if private[strings.ToLower(part)] && strings.HasPrefix(a.Value, `"`) {
					t.Fatalf("private: %+v", a)
				}
			}
		}
	})
}
