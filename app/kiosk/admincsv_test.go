package kiosk

import (
	"encoding/csv"
	"errors"
	"strings"
	"testing"
)

func TestCSV(t *testing.T) {
	var b strings.Builder
	f := newCSV(&b, "a", "b")
	f.row(`say "hi"`, "two\r\nlines")
	f.row("=1+1", "")
	if err := f.close(); err != nil {
		t.Fatal(err)
	}
	want := "\"a\",\"b\"\r\n\"say \"\"hi\"\"\",\"two\r\nlines\"\r\n\"'=1+1\",\"\"\r\n"
	if b.String() != want {
		t.Fatalf("%q, want %q", b.String(), want)
	}
	f.row("one")
	if f.close() == nil {
		t.Fatal("a line of another length is taken")
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("full") }

func TestCSVTellsThatItWasNotWritten(t *testing.T) {
	f := newCSV(fullDisk{}, "a")
	for range 10_000 {
		f.row("a line")
	}
	if f.close() == nil {
		t.Fatal("nothing was written, and nobody told")
	}
}

// Whatever people are called, a spreadsheet reads it as it was written and
// takes none of it for a formula.
func FuzzCSV(f *testing.F) {
	for _, s := range []string{"", "Lucía Vega", `=HYPERLINK("http://x")`, "+1", "-1", "@x", "\t=1", " \r\n=1", "a,b;\"c\"", "＝1", "\u00a0=1"} {
		f.Add(s, "x")
		f.Add("x", s)
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		var out strings.Builder
		file := newCSV(&out, "a", "b")
		file.row(a, b)
		if err := file.close(); err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(strings.NewReader(out.String())).ReadAll()
		if err != nil || len(rows) != 2 || len(rows[1]) != 2 {
			t.Fatalf("%q, %q: %v %q", a, b, err, rows)
		}
		for i, was := range []string{a, b} {
			got := rows[1][i]
			// The reader of the library makes one sign of the end of a line.
			was = strings.ReplaceAll(was, "\r\n", "\n")
			if got != was && got != "'"+was {
				t.Fatalf("%q became %q", was, got)
			}
			if s := strings.TrimLeft(got, " \t\r\n\v\f\u00a0"); s != "" && strings.ContainsRune("=+-@＝＋－＠", []rune(s)[0]) {
				t.Fatalf("%q may be taken for a formula: %q", was, got)
			}
		}
	})
}
