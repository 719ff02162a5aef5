package vision

import (
	"context"
	"sync"
	"sync/atomic"
)

// Latest hands values from one goroutine to another through a queue of one in
// which the newest wins: whoever is slow sees fewer values, never older ones.
// It is safe for any number of goroutines.
type Latest[T any] struct {
	put   sync.Mutex // one Put at a time: it alone fills slot
	slot  chan T
	drops atomic.Uint64
}

// NewLatest makes an empty queue.
func NewLatest[T any]() *Latest[T] {
	return &Latest[T]{slot: make(chan T, 1)}
}

// Put leaves v for the next Take and never blocks. If v replaces a value that
// nobody took, that value comes back, with true, so that it can be released.
func (l *Latest[T]) Put(v T) (old T, replaced bool) {
	l.put.Lock()
	defer l.put.Unlock()
	select {
	case old = <-l.slot:
		replaced = true
		l.drops.Add(1)
	default:
	}
	l.slot <- v // there is room: takers only make more of it
	return old, replaced
}

// Take waits for a value. Once ctx has ended it gives that error, even where a
// value waits; TryTake gets it then.
func (l *Latest[T]) Take(ctx context.Context) (T, error) {
	var none T
	if err := ctx.Err(); err != nil {
		return none, err
	}
	select {
	case v := <-l.slot:
		return v, nil
	case <-ctx.Done():
		return none, ctx.Err()
	}
}

// TryTake takes the value that waits, if there is one.
func (l *Latest[T]) TryTake() (v T, ok bool) {
	select {
	case v = <-l.slot:
		return v, true
	default:
		return v, false
	}
}

// Drops counts the values that a newer one replaced untaken.
func (l *Latest[T]) Drops() uint64 { return l.drops.Load() }
