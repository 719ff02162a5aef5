package device

import (
	"fmt"
	"slices"
	"sync"
)

// Fault is a way to misbehave.
type Fault string

// The faults. What val means stands with SetFault.
const (
	None           Fault = "none"
	Stall          Fault = "stall"           // nothing more comes, the connection stays
	Drop           Fault = "drop"            // the connection closes in the middle of a picture
	Slow           Fault = "slow"            // bytes drip
	Restart        Fault = "restart"         // both ports close for a time and return, settings are lost
	Truncate       Fault = "truncate"        // half a picture, its length announced as such
	NoEOI          Fault = "no_eoi"          // the end-of-image marker is missing
	Junk           Fault = "junk"            // bytes between the parts that belong to none
	Bomb           Fault = "bomb"            // a picture that says it has 65535x65535 pixels
	NotJPEG        Fault = "not_jpeg"        // a part of noise
	NoLength       Fault = "no_length"       // no Content-Length
	LengthShort    Fault = "length_short"    // half of the true length
	LengthLong     Fault = "length_long"     // more than the true length
	LengthNegative Fault = "length_negative" // -1
	LengthHuge     Fault = "length_huge"     // more than any memory
	EndlessHeader  Fault = "endless_header"  // header lines without end
	BoundaryAfter  Fault = "boundary_after"  // the boundary follows the part in place of leading it
	BoundaryBare   Fault = "boundary_bare"   // boundary lines without the two dashes
	BoundaryQuoted Fault = "boundary_quoted" // announced in quotes, dashes included
	BoundaryOther  Fault = "boundary_other"  // announced is not what is used
)

// Faults lists all of them.
func Faults() []Fault {
	return []Fault{
		None, Stall, Drop, Slow, Restart, Truncate, NoEOI, Junk, Bomb, NotJPEG,
		NoLength, LengthShort, LengthLong, LengthNegative, LengthHuge, EndlessHeader,
		BoundaryAfter, BoundaryBare, BoundaryQuoted, BoundaryOther,
	}
}

// maxFaultVal bounds val: a day in seconds.
const maxFaultVal = 86400

func checkFault(kind Fault, val int) error {
	if !slices.Contains(Faults(), kind) {
		return fmt.Errorf("fault %q is not known", kind)
	}
	if val < 0 || val > maxFaultVal {
		return fmt.Errorf("fault value %d is not within 0 to %d", val, maxFaultVal)
	}
	return nil
}

// trouble is the fault in force. It is safe for concurrent use.
type trouble struct {
	mu      sync.Mutex
	kind    Fault
	left    int           // occasions to go; 0: until cleared
	val     int           // as given
	changed chan struct{} // closed with the next change
}

func newTrouble() *trouble { return &trouble{kind: None, changed: make(chan struct{})} }

func (t *trouble) set(kind Fault, val int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kind, t.left, t.val = kind, val, val
	if kind == Slow {
		t.left = 0 // val is a rate
	}
	close(t.changed)
	t.changed = make(chan struct{})
}

// now tells the fault in force without using up an occasion, and how to hear
// of a change.
func (t *trouble) now() (kind Fault, val int, changed <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.kind, t.val, t.changed
}

// take uses up one occasion.
func (t *trouble) take() (kind Fault, val int, changed <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	kind = t.kind
	if t.left > 0 {
		if t.left--; t.left == 0 {
			t.kind = None
		}
	}
	return kind, t.val, t.changed
}
