package widgets

import (
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"fyne.io/fyne/v2"
)

// codeDesk types into CodeKeys, by a clock of its own.
type codeDesk struct {
	k     *CodeKeys
	at    time.Time
	due   time.Time // zero: nothing is to come
	do    func()
	n     int // how often something was to come
	codes []string
}

func newCodeDesk() *codeDesk {
	d := &codeDesk{at: time.Date(2026, 3, 4, 10, 0, 0, 0, time.UTC)}
	d.k = NewCodeKeys(func(in time.Duration, do func()) func() {
		d.n++
		n := d.n
		d.due, d.do = d.at.Add(in), do
		return func() {
			if n == d.n { // not one that came after
				d.due = time.Time{}
			}
		}
	}, func() time.Time { return d.at })
	d.k.OnCode = func(s string) { d.codes = append(d.codes, s) }
	return d
}

// wait lets time pass, and what is due in it happen.
func (d *codeDesk) wait(t time.Duration) {
	end := d.at.Add(t)
	for !d.due.IsZero() && !d.due.After(end) {
		d.at, d.due = d.due, time.Time{}
		d.do()
	}
	d.at = end
}

func (d *codeDesk) typed(s string, gap time.Duration) {
	for _, r := range s {
		d.k.TypedRune(r)
		d.wait(gap)
	}
}

func (d *codeDesk) enter() { d.k.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn}) }

func TestCodeKeys(t *testing.T) {
	const code = "AID1.Zm9vYmFyYmF6cXV4"
	const fast, slow = 4 * time.Millisecond, 150 * time.Millisecond
	for name, c := range map[string]struct {
		do   func(*codeDesk)
		want []string
	}{
		"with enter":      {func(d *codeDesk) { d.typed(code, fast); d.enter(); d.wait(time.Second) }, []string{code}},
		"without enter":   {func(d *codeDesk) { d.typed(code, fast); d.wait(time.Second) }, []string{code}},
		"not over yet":    {func(d *codeDesk) { d.typed(code, fast); d.wait(90 * time.Millisecond) }, nil},
		"two, one by one": {func(d *codeDesk) { d.typed(code, fast); d.enter(); d.typed(code+"2", fast); d.enter() }, []string{code, code + "2"}},
		"painted meanwhile": {func(d *codeDesk) {
			d.typed(code[:6], fast)
			d.at = d.at.Add(400 * time.Millisecond) // nothing runs
			d.typed(code[6:], 0)
			d.enter()
		}, []string{code}},
		"painted, then the pause first": {func(d *codeDesk) {
			d.typed(code[:6], fast)
			d.at = d.at.Add(400 * time.Millisecond)
			d.do()
			d.typed(code[6:], 0)
			d.wait(time.Second)
		}, []string{code}},
		"halting": {func(d *codeDesk) {
			for i := 0; i < len(code); i += 3 {
				d.typed(code[i:min(i+3, len(code))], fast)
				d.wait(140 * time.Millisecond)
			}
			d.enter()
		}, nil},
		"by hand":           {func(d *codeDesk) { d.typed(code, slow); d.enter(); d.wait(time.Second) }, nil},
		"a hand before it":  {func(d *codeDesk) { d.typed("abc", slow); d.typed(code, fast); d.enter() }, []string{code}},
		"a hand after it":   {func(d *codeDesk) { d.typed(code, fast); d.wait(time.Second); d.typed("abc", slow); d.enter() }, []string{code}},
		"keys together":     {func(d *codeDesk) { d.typed("asdfgh", fast); d.enter(); d.wait(time.Second) }, nil},
		"nothing":           {func(d *codeDesk) { d.enter(); d.wait(time.Second) }, nil},
		"just small enough": {func(d *codeDesk) { d.typed(strings.Repeat("a", MaxCode), fast); d.enter() }, []string{strings.Repeat("a", MaxCode)}},
		"too long":          {func(d *codeDesk) { d.typed(strings.Repeat("a", MaxCode+1), fast); d.enter(); d.wait(time.Second) }, nil},
		"too long in bytes": {func(d *codeDesk) { d.typed(strings.Repeat("ñ", MaxCode/2+1), fast); d.enter() }, nil},
		"after too long": {func(d *codeDesk) {
			d.typed(strings.Repeat("a", 3*MaxCode), fast)
			d.enter()
			d.typed(code, fast)
			d.enter()
		}, []string{code}},
		"no text": {func(d *codeDesk) {
			d.typed(code[:8]+"\uFFFD"+code[8:], fast)
			d.k.TypedRune(-1)
			d.enter()
			d.wait(time.Second)
		}, nil},
		"stopped": {func(d *codeDesk) { d.typed(code, fast); d.k.Stop(); d.wait(time.Second); d.enter() }, nil},
	} {
		d := newCodeDesk()
		c.do(d)
		if !slices.Equal(d.codes, c.want) {
			t.Errorf("%s: %q, want %q", name, d.codes, c.want)
		}
	}
}

// FuzzCodeKeys: whatever is typed, however fast, what comes out is bounded text.
func FuzzCodeKeys(f *testing.F) {
	f.Add([]byte("AID1.Zm9vYmFyYmF6cXV4\n"), uint16(4))
	f.Add([]byte("\xff\x00ñ"), uint16(90))
	f.Fuzz(func(t *testing.T, typed []byte, gap uint16) {
		d := newCodeDesk()
		for len(typed) > 0 {
			r, n := utf8.DecodeRune(typed)
			typed = typed[n:]
			if r == '\n' {
				d.enter()
			} else {
				d.k.TypedRune(r)
			}
			d.wait(time.Duration(gap%200) * time.Millisecond)
		}
		d.wait(time.Second)
		for _, c := range d.codes {
			if len(c) < leastCode || len(c) > MaxCode || !utf8.ValidString(c) {
				t.Fatalf("%q of %d bytes came out", c, len(c))
			}
		}
		if !d.due.IsZero() {
			t.Fatal("something is still to come")
		}
	})
}
