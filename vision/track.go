package vision

import (
	"image"
	"math"
	"slices"
	"time"
)

// Track is one face followed over frames.
type Track struct {
	ID   uint64
	Face Face // as last detected
	Hits int  // detections so far
	// First and Last are the times of the first and the newest detection.
	First, Last time.Time

	filter boxFilter
	at     time.Time // of the last prediction
}

// Box is where the face is taken to be now, smoothed.
func (t *Track) Box() image.Rectangle { return t.filter.box() }

// Confirmed tells that the track has been seen often enough to be a face
// rather than a flicker of the detector.
func (t *Track) Confirmed() bool { return t.Hits >= confirmHits }

const (
	confirmHits = 2
	minIoU      = 0.2
	trackTTL    = 700 * time.Millisecond // without a detection
)

// Tracker ties detections of successive frames together, by overlap with a
// Kalman prediction. Not safe for concurrent use.
type Tracker struct {
	tracks []*Track
	nextID uint64
}

// Update takes the detections of a frame and returns the tracks alive, largest
// first, and those that have just ended. The slices are valid until the next call.
func (tr *Tracker) Update(at time.Time, faces []Face) (alive, ended []*Track) {
	for _, t := range tr.tracks {
		if dt := at.Sub(t.at).Seconds(); dt > 0 {
			t.filter.predict(min(dt, 1))
			t.at = at
		}
	}
	taken := make([]bool, len(faces))
	matched := make([]bool, len(tr.tracks))
	for _, p := range tr.pairs(faces) {
		if matched[p.track] || taken[p.face] {
			continue
		}
		matched[p.track], taken[p.face] = true, true
		t := tr.tracks[p.track]
		t.Face, t.Last = faces[p.face], at
		t.Hits++
		t.filter.update(t.Face.Box)
	}
	for i, f := range faces {
		if !taken[i] {
			tr.nextID++
			tr.tracks = append(tr.tracks, &Track{
				ID: tr.nextID, Face: f, Hits: 1, First: at, Last: at, at: at, filter: newBoxFilter(f.Box),
			})
		}
	}
	tr.tracks = slices.DeleteFunc(tr.tracks, func(t *Track) bool {
		// A track that was never confirmed is forgotten at its first miss.
		gone := at.Sub(t.Last) > trackTTL || (!t.Confirmed() && t.Last.Before(at))
		if gone {
			ended = append(ended, t)
		}
		return gone
	})
	slices.SortStableFunc(tr.tracks, func(a, b *Track) int { return area(b.Box()) - area(a.Box()) })
	return tr.tracks, ended
}

// Reset ends every track: the camera was away too long to know who is who.
func (tr *Tracker) Reset() (ended []*Track) {
	ended, tr.tracks = tr.tracks, nil
	return ended
}

type pair struct {
	track, face int
	score       float64
}

// pairs lists what may belong together, the likeliest first. A face that moved
// further than its own overlap still belongs to a track whose centre is near
// and whose size is alike; such pairs come after all that overlap.
func (tr *Tracker) pairs(faces []Face) []pair {
	var ps []pair
	for i, t := range tr.tracks {
		box := t.Box()
		cx, cy := centre(box)
		for j, f := range faces {
			if iou := IoU(box, f.Box); iou >= minIoU {
				ps = append(ps, pair{i, j, 1 + iou})
				continue
			}
			x, y := centre(f.Box)
			far := math.Hypot(x-cx, y-cy) / float64(max(1, box.Dx()))
			ratio := float64(f.Box.Dx()) / float64(max(1, box.Dx()))
			if far < 0.8 && ratio > 0.6 && ratio < 1.6 {
				ps = append(ps, pair{i, j, 1 - far})
			}
		}
	}
	slices.SortStableFunc(ps, func(a, b pair) int {
		switch {
		case a.score > b.score:
			return -1
		case a.score < b.score:
			return 1
		}
		return 0
	})
	return ps
}

func area(b image.Rectangle) int { return b.Dx() * b.Dy() }
