package widgets

import (
	"time"
	"unicode/utf8"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"
)

const (
	// codeGap is the longest pause within a code: scanners that type as a
	// keyboard need a few milliseconds a character, hands far more.
	codeGap = 100 * time.Millisecond
	// stallMost is how long keys may wait while the window is painted, and
	// maxStalls how often within a code: they come late then, but together.
	stallMost = time.Second
	maxStalls = 2
	// MaxCode bounds what a scanner reads, in bytes, and leastCode is what is
	// too short to be a code: keys that a hand struck together.
	MaxCode   = 512
	leastCode = 16
)

// CodeKeys takes what a code scanner types as if it were a keyboard. It shows
// nothing. A code ends with Enter, or with a pause; what is typed by hand, is
// too long, or is no text, is let go.
type CodeKeys struct {
	widget.BaseWidget
	OnCode  func(text string)
	OnTyped func() // any key; may be nil

	now   func() time.Time
	later Later
	code  []byte
	bad   bool // too long, or not text
	quick int  // keys that came soon after the one before
	late  int  // keys that did not
	last  time.Time
	end   Pending
	armed bool // end is to come
	grace bool // once more: what comes late may be waiting
}

var _ fyne.Focusable = (*CodeKeys)(nil)

// NewCodeKeys makes one that waits for a code.
func NewCodeKeys(later Later, now func() time.Time) *CodeKeys {
	c := &CodeKeys{later: later, now: now}
	c.ExtendBaseWidget(c)
	return c
}

// Focus makes the scanner type here.
func (c *CodeKeys) Focus() {
	if cv := fyne.CurrentApp().Driver().CanvasForObject(c); cv != nil {
		cv.Focus(c)
	}
}

// Stop forgets what was typed.
func (c *CodeKeys) Stop() {
	c.end.Cancel()
	c.code, c.bad, c.quick, c.late, c.armed, c.grace = c.code[:0], false, 0, 0, false, false
}

// FocusGained implements fyne.Focusable.
func (c *CodeKeys) FocusGained() {}

// FocusLost implements fyne.Focusable.
func (c *CodeKeys) FocusLost() {}

// TypedRune implements fyne.Focusable.
func (c *CodeKeys) TypedRune(r rune) {
	call(c.OnTyped)
	c.came()
	if r == utf8.RuneError || !utf8.ValidRune(r) || len(c.code)+utf8.RuneLen(r) > MaxCode {
		c.bad = true
	}
	if !c.bad {
		c.code = utf8.AppendRune(c.code, r)
	}
	if !c.armed {
		c.arm(codeGap)
	}
}

// came takes the time of a key: what was typed by hand before it is let go.
func (c *CodeKeys) came() {
	now := c.now()
	gap := now.Sub(c.last)
	c.last, c.grace = now, false
	switch {
	case len(c.code) == 0:
	case gap <= codeGap:
		c.quick++
	case gap <= stallMost && c.quick > 0 && c.late < maxStalls:
		c.late++
	default:
		c.Stop()
	}
}

func (c *CodeKeys) arm(d time.Duration) {
	c.armed = true
	c.end.Set(c.later(d, c.pause))
}

// pause ends the code unless more of it came meanwhile.
func (c *CodeKeys) pause() {
	if since := c.now().Sub(c.last); since < codeGap {
		c.arm(codeGap - since)
		return
	}
	if !c.grace {
		c.grace = true
		c.arm(codeGap)
		return
	}
	c.finish()
}

// TypedKey implements fyne.Focusable.
func (c *CodeKeys) TypedKey(e *fyne.KeyEvent) {
	call(c.OnTyped)
	switch e.Name {
	case fyne.KeyReturn, fyne.KeyEnter:
		c.came()
		c.finish()
	}
}

// begins tells that the last key was the first of what may be a code, and whole
// that what came is one if it ends here.
func (c *CodeKeys) begins() bool { return utf8.RuneCount(c.code) == 1 }
func (c *CodeKeys) whole() bool  { return !c.bad && len(c.code) >= leastCode }

func (c *CodeKeys) finish() {
	text, ok := string(c.code), c.whole()
	c.Stop()
	if ok && c.OnCode != nil {
		c.OnCode(text)
	}
}

// CreateRenderer implements fyne.Widget.
func (c *CodeKeys) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(&canvas.Rectangle{})
}
