package main

import (
	"bytes"
	"image"
	"image/jpeg"
	"log/slog"
	"testing"
	"time"

	"agentid/app/domain"
	"agentid/app/domain/domaintest"
	"agentid/app/store"
	"agentid/vision"
	"agentid/vision/espcam/cast"
)

// TestNoFalseMatchInFiveMinutesOfStream plays five minutes of the cast, two of
// them enrolled, through the real engine and decisions, as fast as it goes: time
// is the frames'. Every name must be the name of who stands there, and everybody
// who stops must be decided.
func TestNoFalseMatchInFiveMinutesOfStream(t *testing.T) {
	for name, models := range demoEngines(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // they share nothing, and each leaves cores idle
			e, err := openEngine(t.Context(), engineChoice{ModelsPath: models, CacheDir: sharedCache(t)}, slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			defer e.Close()
			playStream(t, e, 5*time.Minute)
		})
	}
}

// streamRate is the frames a second that are analysed, as in a live kiosk on a
// modest machine.
const streamRate = 6

func playStream(t *testing.T, e *engine, length time.Duration) {
	clock := domaintest.NewClock(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
	st, err := store.Open(t.Context(), store.Options{Dir: t.TempDir(), MasterKey: store.GenerateMasterKey(), Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	if err := enrolDemo(t.Context(), e, st, clock); err != nil {
		t.Fatal(err)
	}
	names := map[domain.PersonID]string{}
	list, err := st.People(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range list {
		names[p.ID] = p.Name
	}
	g, err := e.loadGallery(t.Context(), st, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	s := &stream{
		t: t, e: e, names: names, script: cast.NewScript(cast.Cast()), start: clock.Now(),
		an:   vision.NewAnalyser(demoRules(vision.DefaultAnalyserOptions(e.encoder), e), g, e.encoder, e.detector.Name()),
		pool: &vision.PicturePool{}, canvas: image.NewRGBA(image.Rect(0, 0, 640, 480)),
		stays: map[int]map[domain.Reason]int{}, who: map[int]string{},
	}
	for at := time.Duration(0); at < length; at += time.Second / streamRate {
		s.step(at)
	}
	s.judge(names)
}

// stream is a play of the cast before the real engine.
type stream struct {
	t      *testing.T
	e      *engine
	names  map[domain.PersonID]string
	script *cast.Script
	an     *vision.Analyser
	pool   *vision.PicturePool
	canvas *image.RGBA
	start  time.Time

	stays map[int]map[domain.Reason]int // what was decided, by visit
	who   map[int]string
	last  int // the newest visit
}

func (s *stream) step(at time.Duration) {
	s.t.Helper()
	s.script.Draw(s.canvas, at)
	var b bytes.Buffer
	if err := jpeg.Encode(&b, s.canvas, &jpeg.Options{Quality: 80}); err != nil {
		s.t.Fatal(err)
	}
	pic, err := s.pool.Decode(s.e.decoder, vision.Frame{JPEG: b.Bytes(), At: s.start.Add(at)})
	if err != nil {
		s.t.Fatal(err)
	}
	for _, p := range s.script.Present(at) {
		s.last, s.who[p.Stay] = p.Stay, p.Person.Name
		if s.stays[p.Stay] == nil {
			s.stays[p.Stay] = map[domain.Reason]int{}
		}
	}
	faces, err := s.e.detector.Detect(pic.RGBA())
	if err != nil {
		s.t.Fatal(err)
	}
	_, ds := s.an.Observe(pic, faces)
	s.take(at, ds)
	pic.Release()
	for {
		j, ok := s.an.Next()
		if !ok {
			return
		}
		enc, err := s.e.encoder.Encode(j.Picture.RGBA(), j.Picture.JPEG, j.Face)
		_, ds, lerr := s.an.Learn(j, enc, err)
		if lerr != nil {
			s.t.Fatal(lerr)
		}
		s.take(at, ds)
		j.Picture.Release()
	}
}

// take holds each decision against who stood there at the time.
func (s *stream) take(at time.Duration, ds []domain.Decision) {
	for _, d := range ds {
		if n := s.names[d.Person]; d.Reason == domain.ReasonRecognised && n != s.who[s.last] {
			s.t.Errorf("%s: %s was taken for %s (distance %.3f, threshold %.3f)", at, s.who[s.last], n, d.Distance, d.Threshold)
		}
		if s.stays[s.last] != nil && !d.Repeat {
			s.stays[s.last][d.Reason]++
		}
	}
}

func (s *stream) judge(names map[domain.PersonID]string) {
	s.t.Helper()
	enrolled := map[string]bool{}
	for _, n := range names {
		enrolled[n] = true
	}
	if len(enrolled) != demoEnrolled {
		s.t.Fatalf("%d people enrolled, want %d", len(enrolled), demoEnrolled)
	}
	for stay := range s.last { // the last visit may have been cut short
		got, want := s.stays[stay], domain.ReasonUnknown
		if enrolled[s.who[stay]] {
			want = domain.ReasonRecognised
		}
		if got[want] != 1 || len(got) != 1 {
			s.t.Errorf("visit %d, %s: events %v, want one %s", stay, s.who[stay], got, want)
		}
	}
	if s.last < 20 {
		s.t.Errorf("only %d visits in the stream", s.last)
	}
}
