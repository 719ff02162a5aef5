package badge

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"agentid/app/domain"
)

// fakeLP puts an lp of our own first in PATH: a shell script with this body,
// which finds in $OUT a folder to leave things in.
func fakeLP(t *testing.T, body string) (out string) {
	t.Helper()
	bin, out := t.TempDir(), t.TempDir()
	script := "#!/bin/sh\nOUT='" + out + "'\n" + body + "\n"
	if err := os.WriteFile(filepath.Join(bin, "lp"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	return out
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestCUPSGetsTheBadge(t *testing.T) {
	pdf, err := cardOf(t).PDF(PaperCard)
	if err != nil {
		t.Fatal(err)
	}
	out := fakeLP(t, `printf '%s\n' "$@" >"$OUT/args"; cat >"$OUT/job"; echo "$LC_ALL" >"$OUT/lang"
		echo 'request id is office-12 (1 file(s))'`)
	where, err := CUPS{Destination: "office", Options: []string{"media=A4", "print-scaling=none"}}.Print(t.Context(), lucia.ID, pdf)
	if err != nil || where != "request id is office-12 (1 file(s))" {
		t.Fatalf("%q, %v", where, err)
	}
	if got := read(t, filepath.Join(out, "job")); got != string(pdf) {
		t.Errorf("lp got %d bytes, want %d", len(got), len(pdf))
	}
	want := "-t\nbadge\n-d\noffice\n-o\nmedia=A4\n-o\nprint-scaling=none\n-\n"
	if got := read(t, filepath.Join(out, "args")); got != want {
		t.Errorf("lp got arguments %q, want %q", got, want)
	}
	if got := read(t, filepath.Join(out, "lang")); got != "C\n" {
		t.Errorf("lp speaks %q", got)
	}
	if _, err := (CUPS{}).Print(t.Context(), lucia.ID, pdf); err != nil {
		t.Fatal(err)
	}
	if got := read(t, filepath.Join(out, "args")); got != "-t\nbadge\n-\n" {
		t.Errorf("for the default printer lp got arguments %q", got)
	}
}

var somePDF = []byte("%PDF-1.3 of a badge")

func TestCUPSFailures(t *testing.T) {
	t.Run("says why", func(t *testing.T) {
		fakeLP(t, `echo 'lp: The printer or class does not exist.' >&2; exit 1`)
		_, err := CUPS{}.Print(t.Context(), lucia.ID, somePDF)
		if !errors.Is(err, ErrPrinting) || !strings.Contains(err.Error(), "The printer or class does not exist.") {
			t.Error(err)
		}
	})
	t.Run("hangs", func(t *testing.T) {
		fakeLP(t, `exec sleep 60`)
		_, err := CUPS{Timeout: 50 * time.Millisecond}.Print(t.Context(), lucia.ID, somePDF)
		if !errors.Is(err, ErrPrinting) || !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	})
	t.Run("is cancelled", func(t *testing.T) {
		fakeLP(t, `exec sleep 60`)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := (CUPS{}).Print(ctx, lucia.ID, somePDF); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
	t.Run("talks without end", func(t *testing.T) {
		fakeLP(t, `head -c 3000000 /dev/zero | tr '\0' 'x' >&2; exit 3`)
		_, err := CUPS{}.Print(t.Context(), lucia.ID, somePDF)
		if !errors.Is(err, ErrPrinting) || len(err.Error()) > 400 {
			t.Errorf("%d bytes: %.80s", len(err.Error()), err)
		}
	})
	t.Run("writes a false log line", func(t *testing.T) {
		fakeLP(t, `cat >/dev/null; printf 'ok\033[2J\r\nlevel=INFO all well\n'`)
		where, err := CUPS{}.Print(t.Context(), lucia.ID, somePDF)
		if err != nil || where != "ok[2J" {
			t.Errorf("%q, %v", where, err)
		}
	})
	t.Run("is not there", func(t *testing.T) {
		t.Setenv("PATH", t.TempDir())
		if _, err := (CUPS{}).Print(t.Context(), lucia.ID, somePDF); !errors.Is(err, ErrNoPrinter) {
			t.Error(err)
		}
	})
	t.Run("ends before it has read", func(t *testing.T) {
		fakeLP(t, `exit 0`)
		if _, err := (CUPS{}).Print(t.Context(), lucia.ID, append(somePDF, make([]byte, 1<<20)...)); !errors.Is(err, ErrPrinting) {
			t.Errorf("a badge that nobody read is said to be printed: %v", err)
		}
	})
}

// Nothing of ours reaches a shell or is taken for a flag.
func TestCUPSRefuses(t *testing.T) {
	out := fakeLP(t, `echo "$@" >"$OUT/args"`)
	for name, c := range map[string]CUPS{
		"a flag for a printer":  {Destination: "-oraw"},
		"a shell's words":       {Destination: "a;rm -rf /"},
		"a line end":            {Destination: "a\nb"},
		"another alphabet":      {Destination: "büro"},
		"too long a name":       {Destination: strings.Repeat("a", 128)},
		"a flag for an option":  {Options: []string{"-h=evil"}},
		"an empty option":       {Options: []string{""}},
		"a path in an option":   {Options: []string{"file=/etc/shadow"}},
		"options without end":   {Options: make([]string, 17)},
		"a space in an option":  {Options: []string{"media=A4 -d x"}},
		"a variable for option": {Options: []string{"$HOME"}},
	} {
		if err := c.Validate(); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := c.Print(t.Context(), lucia.ID, somePDF); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s is printed: %v", name, err)
		}
	}
	for name, p := range map[string]Printer{"CUPS": CUPS{}, "folder": Folder{t.TempDir()}} {
		if _, err := p.Print(t.Context(), "../../etc/x", somePDF); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s takes a path for an id: %v", name, err)
		}
		if _, err := p.Print(t.Context(), lucia.ID, []byte("%!PS")); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s takes what is no PDF: %v", name, err)
		}
		if _, err := p.Print(t.Context(), lucia.ID, append(somePDF, make([]byte, maxPDF)...)); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s takes any size: %v", name, err)
		}
	}
	if _, err := os.Stat(filepath.Join(out, "args")); err == nil {
		t.Errorf("lp was run with %q", read(t, filepath.Join(out, "args")))
	}
}

func TestFolder(t *testing.T) {
	f := Folder{filepath.Join(t.TempDir(), "badges")}
	where, err := f.Print(t.Context(), lucia.ID, somePDF)
	if err != nil {
		t.Fatal(err)
	}
	if read(t, where) != string(somePDF) || filepath.Dir(where) != f.Dir {
		t.Errorf("%s holds something else", where)
	}
	if info, err := os.Stat(where); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	// The renewed picture of the same badge takes its place.
	if again, err := f.Print(t.Context(), lucia.ID, append(somePDF, '2')); err != nil || again != where || read(t, where) != string(somePDF)+"2" {
		t.Errorf("%s, %v", again, err)
	}
	for range 2 {
		if err := f.Remove(lucia.ID); err != nil {
			t.Error(err)
		}
	}
	if left, _ := os.ReadDir(f.Dir); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
	if err := f.Remove(domain.BadgeID("../x")); !errors.Is(err, ErrInvalid) {
		t.Errorf("a path for an id: %v", err)
	}
	if err := os.WriteFile(f.Dir+"2", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := (Folder{f.Dir + "2"}).Print(t.Context(), lucia.ID, somePDF); err == nil {
		t.Error("kept in a file for a folder")
	}
}
