package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"sync"
	"time"

	"agentid/app/domain"
	"agentid/app/kiosk"
	"agentid/vision"
	"agentid/vision/qr"
)

// How a code is looked for: seldom enough that the picture stays fluid beside it.
const (
	scanEvery = 150 * time.Millisecond // between two frames that are looked at
	scanShare = 3                      // at most one part in so many of a core
	tellEvery = time.Second            // the same code
	// suspectFrames in a row must look like a code before it is called unreadable.
	suspectFrames = 3
	maxTold       = 16
)

// codeReader reads the codes of a picture; qr.Decoder is one.
type codeReader interface {
	Decode(*image.RGBA) ([]qr.Result, error)
	// Suspects tells that there was a code that could not be read.
	Suspects() bool
}

// toldCodes remembers when each text was last told, by the frames' time: also
// from one scan to the next, as a card is held for longer than it takes to read.
type toldCodes struct {
	mu sync.Mutex
	at map[string]time.Time
}

// due tells whether a text is to be told again, and takes it that it is.
func (t *toldCodes) due(text string, at time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if since := at.Sub(t.at[text]); since >= 0 && since < tellEvery {
		return false
	}
	if t.at == nil || len(t.at) >= maxTold { // somebody shows one code after the other
		t.at = map[string]time.Time{}
	}
	t.at[text] = at
	return true
}

// Scan implements kiosk.Eye. Recognition goes on meanwhile, and a camera that is
// lost is waited for.
func (e *eye) Scan(ctx context.Context, found func(text string)) error {
	l, err := e.begin(ctx, 0)
	if err != nil {
		return err
	}
	defer l.done()
	s := newScan(&qr.Decoder{Clock: e.o.Clock}, e.o.Clock, &e.told, found)
	stop := l.pipe.Watch(s)
	err = s.run(l.ctx)
	stop()
	s.close()
	if cause := context.Cause(l.ctx); errors.Is(cause, kiosk.ErrNoEye) {
		return cause
	}
	return err
}

// scan reads the newest frame, again and again.
type scan struct {
	reader codeReader
	clock  domain.Clock
	found  func(string)
	frames *vision.Latest[*vision.Picture]

	mu     sync.Mutex
	closed bool

	told      *toldCodes
	suspected int // frames in a row
}

func newScan(r codeReader, clock domain.Clock, told *toldCodes, found func(string)) *scan {
	return &scan{reader: r, clock: clock, found: found, told: told, frames: vision.NewLatest[*vision.Picture]()}
}

// Watch implements vision.Watcher.
func (s *scan) Watch(v vision.Sighting) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	v.Picture.Retain()
	if old, ok := s.frames.Put(v.Picture); ok {
		old.Release()
	}
}

// close takes no more pictures, and gives back the one that waits.
func (s *scan) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if pic, ok := s.frames.TryTake(); ok {
		pic.Release()
	}
}

// run works until ctx ends, which is no error.
func (s *scan) run(ctx context.Context) error {
	var next time.Time
	for {
		pic, err := s.frames.Take(ctx)
		if err != nil {
			return nil
		}
		at := pic.At()
		if at.Before(next) {
			pic.Release()
			continue
		}
		start := s.clock.Now()
		codes, err := s.reader.Decode(pic.RGBA())
		pic.Release()
		if err != nil {
			return fmt.Errorf("scan: %w", err)
		}
		next = at.Add(max(scanEvery, scanShare*s.clock.Now().Sub(start)))
		s.tell(codes, at)
	}
}

// tell passes on what was read, each text at most once in tellEvery.
func (s *scan) tell(codes []qr.Result, at time.Time) {
	if len(codes) > 0 || !s.reader.Suspects() {
		s.suspected = 0
	} else if s.suspected++; s.suspected >= suspectFrames {
		s.tellText("", at)
	}
	for _, c := range codes {
		s.tellText(c.Payload, at)
	}
}

func (s *scan) tellText(text string, at time.Time) {
	if s.told.due(text, at) {
		s.found(text)
	}
}
