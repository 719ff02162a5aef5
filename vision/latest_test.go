package vision

import (
	"context"
	"errors"
	"sync"
	"testing"
)

func TestLatestKeepsTheNewest(t *testing.T) {
	l := NewLatest[int]()
	if _, replaced := l.Put(1); replaced {
		t.Error("the first Put replaced something")
	}
	for want := 1; want < 4; want++ {
		old, replaced := l.Put(want + 1)
		if !replaced || old != want {
			t.Errorf("Put(%d) gave back %d, %v", want+1, old, replaced)
		}
	}
	v, err := l.Take(t.Context())
	if err != nil || v != 4 {
		t.Errorf("Take gave %d, %v; want 4", v, err)
	}
	if l.Drops() != 3 {
		t.Errorf("%d drops, want 3", l.Drops())
	}
	if v, ok := l.TryTake(); ok {
		t.Errorf("an empty queue gave %d", v)
	}
}

func TestLatestTakeEndsWithItsContext(t *testing.T) {
	l := NewLatest[int]()
	ctx, cancel := context.WithCancel(t.Context())
	got := make(chan error)
	go func() {
		_, err := l.Take(ctx)
		got <- err
	}()
	cancel()
	if err := <-got; !errors.Is(err, context.Canceled) {
		t.Errorf("Take gave %v", err)
	}
	l.Put(7)
	if v, err := l.Take(ctx); err == nil {
		t.Errorf("an ended context took %d", v)
	}
	if v, ok := l.TryTake(); !ok || v != 7 {
		t.Errorf("what was left is %d, %v; want 7", v, ok)
	}
}

// Every value put is either taken, given back or left: none is lost or doubled,
// and a taker sees them in order.
func TestLatestLosesNothing(t *testing.T) {
	const n = 20000
	l := NewLatest[int]()
	ctx, cancel := context.WithCancel(t.Context())
	var seen [n + 1]uint8
	var mu sync.Mutex
	mark := func(v int) {
		mu.Lock()
		seen[v]++
		mu.Unlock()
	}
	taken := make(chan int)
	go func() {
		last, count := 0, 0
		for {
			v, err := l.Take(ctx)
			if err != nil {
				taken <- count
				return
			}
			if v <= last {
				t.Errorf("took %d after %d", v, last)
			}
			last = v
			count++
			mark(v)
			if v == n {
				taken <- count
				return
			}
		}
	}()
	drops := 0
	for v := 1; v <= n; v++ {
		if old, replaced := l.Put(v); replaced {
			drops++
			mark(old)
		}
	}
	count := <-taken
	cancel()
	if count+drops != n || uint64(drops) != l.Drops() {
		t.Errorf("%d taken and %d dropped (counted %d) of %d", count, drops, l.Drops(), n)
	}
	for v := 1; v <= n; v++ {
		if seen[v] != 1 {
			t.Fatalf("value %d was seen %d times", v, seen[v])
		}
	}
}
