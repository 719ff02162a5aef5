package chat

import (
	"os"
	"strings"
	"testing"
)

// floors are the least parts of what is answered by the right topic, of what
// is so at least by a suggestion, and of what is out of scope and refused.
type floors struct{ top1, top3, refused float64 }

// TestDev and TestHeldOut hold the figures of both halves. The held-out half
// is run and never read: what it teaches is that something is wrong, not what.
func TestDev(t *testing.T) { holdFloors(t, "testdata/eval/dev.tsv", floors{0.92, 0.97, 0.90}) }

func TestHeldOut(t *testing.T) { holdFloors(t, "testdata/eval/heldout.tsv", floors{0.92, 0.97, 0.90}) }

func holdFloors(t *testing.T, path string, fl floors) {
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := engine(t).Evaluate(f)
	if err != nil {
		t.Fatal(err)
	}
	if r.Asked < 300 || r.Outside < 50 || len(r.Unknown) > 0 {
		t.Errorf("%d questions, %d out of scope, unknown ids %q: too little to hold a floor", r.Asked, r.Outside, r.Unknown)
	}
	r.Confusions = nil
	var b strings.Builder
	if err := r.Write(&b); err != nil {
		t.Fatal(err)
	}
	t.Log("\n" + b.String())
	one, three, refused := r.Rates()
	for _, c := range []struct {
		name       string
		got, floor float64
	}{{"top-1", one, fl.top1}, {"top-3", three, fl.top3}, {"refused", refused, fl.refused}} {
		if c.got < c.floor {
			t.Errorf("%s is %.1f%%, the floor is %.0f%%", c.name, 100*c.got, 100*c.floor)
		}
	}
}
