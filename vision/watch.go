package vision

import (
	"image"
	"sync/atomic"
)

// SeenFace is a face that is followed, as a Watcher sees it.
type SeenFace struct {
	Track uint64
	// Face is as last detected: in this picture where Fresh.
	Face  Face
	Fresh bool
}

// Sighting is an analysed picture with the faces followed in it, the largest
// first. Detections that may be flickers are left out of Faces, not of Boxes.
// It is read only.
type Sighting struct {
	Picture *Picture
	Faces   []SeenFace
	// Boxes are of everything in the picture that may be a face.
	Boxes []image.Rectangle
}

// Watcher sees what the pipeline sees.
type Watcher interface {
	// Watch is called for each picture analysed, from the pipeline's goroutine:
	// it must not block. To keep the picture it calls Retain, and Release later.
	Watch(Sighting)
}

// WatchOption changes how the pipeline works while it is watched.
type WatchOption func(*watch)

// PauseRecognition keeps the pipeline from reading and deciding about faces
// while it is watched: who registers or validates is not greeted meanwhile.
func PauseRecognition() WatchOption { return func(w *watch) { w.pause = true } }

type watch struct {
	w     Watcher
	pause bool
	over  atomic.Bool
}

// Watch shows w what the pipeline sees until stop is called, without a second
// detection. After stop at most the call under way is finished.
func (p *Pipeline) Watch(w Watcher, opts ...WatchOption) (stop func()) {
	v := &watch{w: w}
	for _, o := range opts {
		o(v)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.watches = append(p.watches[:len(p.watches):len(p.watches)], v)
	p.watched()
	return func() {
		v.over.Store(true)
		p.mu.Lock()
		defer p.mu.Unlock()
		var left []*watch
		for _, o := range p.watches {
			if o != v {
				left = append(left, o)
			}
		}
		p.watches = left
		p.watched()
	}
}

// watched pauses the analyser if somebody wants that; p.mu is held.
func (p *Pipeline) watched() {
	pause := false
	for _, w := range p.watches {
		pause = pause || w.pause
	}
	p.an.Pause(pause)
}

// show lets the watchers see a picture; p.mu is not held.
func show(ws []*watch, s Sighting) {
	for _, w := range ws {
		if !w.over.Load() {
			w.w.Watch(s)
		}
	}
}
