package vision

import (
	"testing"
	"time"
)

func TestPace(t *testing.T) {
	at := time.Unix(100, 0)
	rate := func(p *Pace, faces int, settled bool) int {
		n := 0
		for range 100 { // four seconds at 25 frames a second
			at = at.Add(40 * time.Millisecond)
			if p.Due(at) {
				n++
				p.Saw(at, faces, settled)
			}
		}
		return n
	}
	var p Pace
	empty, reading, settled := rate(&p, 0, true), rate(&p, 1, false), rate(&p, 1, true)
	if empty != 25 || reading < 48 || settled < 32 || settled > 34 {
		t.Fatalf("detections of 100 frames: %d empty, %d reading, %d settled", empty, reading, settled)
	}
	fast := Pace{Reading: time.Millisecond, Idle: time.Millisecond, Settled: time.Millisecond}
	if n := rate(&fast, 1, false); n != 100 {
		t.Fatalf("%d of 100 frames at a rate over the camera's", n)
	}
}

func TestSettled(t *testing.T) {
	s := newStage(t)
	s.play(100*time.Millisecond, actor{middle, []float32{1, 0, 0, 0}})
	if s.a.Settled() {
		t.Fatal("settled while a face is being read")
	}
	s.play(2*time.Second, actor{middle, []float32{1, 0, 0, 0}})
	if !s.a.Settled() {
		t.Fatal("not settled though the only face is known")
	}
	s.play(2 * time.Second)
	if !s.a.Settled() {
		t.Fatal("not settled in an empty lobby")
	}
}
