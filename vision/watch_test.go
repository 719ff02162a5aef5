package vision

import (
	"context"
	"testing"
	"time"

	"agentid/app/domain"
)

// onlooker hands each sighting to the test, picture kept.
type onlooker chan Sighting

func (o onlooker) Watch(s Sighting) {
	s.Picture.Retain()
	o <- s
}

func TestWatch(t *testing.T) {
	w := newWire()
	g := NewGallery(testRef, Euclidean, testDim)
	if err := g.Add("lucia", lucia); err != nil {
		t.Fatal(err)
	}
	p, err := NewPipeline(PipelineOptions{
		Source: w, Decoder: GoDecoder{}, Detector: oneFace{}, Encoder: oneVector{}, Gallery: g,
		Analyser: DefaultAnalyserOptions(fakeEncoder{}), Clock: w.clock, Sink: w,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { p.Run(ctx); close(done) }()
	img := noise(640, 480, 128, 60)
	send := func() {
		w.clock.Advance(100 * time.Millisecond)
		w.frames <- Frame{At: w.clock.Now(), Raw: img}
	}

	first, second := make(onlooker, 1), make(onlooker, 1)
	stop := p.Watch(first, PauseRecognition())
	alsoStop := p.Watch(second)
	for i := range 60 {
		send()
		<-w.scenes
		a, b := <-first, <-second
		if a.Picture != b.Picture || a.Picture.RGBA() != img {
			t.Fatal("not the picture that was analysed")
		}
		if n := len(a.Faces); i > 1 && (n != 1 || a.Faces[0].Track == 0 || !a.Faces[0].Fresh || a.Faces[0].Face.Box != middle) {
			t.Fatalf("frame %d: %+v", i, a.Faces)
		}
		a.Picture.Release()
		b.Picture.Release()
	}
	if len(w.decisions) != 0 {
		t.Fatalf("decided while paused: %+v", <-w.decisions)
	}
	alsoStop()
	stop()
	stop() // twice is no harm
	for len(w.decisions) == 0 {
		send()
		<-w.scenes
	}
	if d := <-w.decisions; d.Person != "lucia" {
		t.Fatalf("decision %+v", d)
	}
	if len(first)+len(second) != 0 {
		t.Fatal("watched on after stop")
	}
	cancel()
	<-done
}

// Who was watched and left is no event; pictures are given back.
func TestPauseSaysNothing(t *testing.T) {
	s := newStage(t)
	s.play(300*time.Millisecond, actor{middle, nil}) // a candidate waits or is refused
	s.a.Pause(true)
	s.play(5*time.Second, actor{middle, lucia})
	if s.encodes > 3 {
		t.Errorf("%d encodes", s.encodes)
	}
	if seen := s.a.Seen(); len(seen) != 1 || !seen[0].Fresh {
		t.Errorf("seen %+v", seen)
	}
	s.play(2 * time.Second)
	s.wantEvents()
	s.a.Pause(false)
	s.play(5*time.Second, actor{middle, lucia})
	s.wantEvents(domain.ReasonRecognised)
}
