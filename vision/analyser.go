package vision

import (
	"errors"
	"image"
	"math"
	"slices"
	"time"

	"agentid/app/domain"
)

// AnalyserOptions are what an Analyser decides by.
type AnalyserOptions struct {
	Gate  Gate
	Rules Rules
	// Recheck is how long a decision about a track stands before it is looked
	// at again.
	Recheck time.Duration
	// Cooldown is how long somebody must be out of sight before they count as
	// a new visit.
	Cooldown time.Duration
}

// DefaultAnalyserOptions for an encoder.
func DefaultAnalyserOptions(e Encoder) AnalyserOptions {
	margin := 0.03
	return AnalyserOptions{
		Gate:     DefaultGate(),
		Rules:    Rules{Threshold: e.Threshold(), Margin: margin, Votes: 3, UnknownVotes: 5, MaxVotes: 15},
		Recheck:  3 * time.Second,
		Cooldown: 30 * time.Second,
	}
}

// Analyser decides who is in front of the camera, one frame at a time. It has
// no goroutines and no clock: time is the frames'. Pipeline runs it; a test may
// step it. Not safe for concurrent use.
//
//	scene, decisions := a.Observe(pic, faces)
//	if job, ok := a.Next(); ok {
//		enc, err := encoder.Encode(job...)
//		scene, decisions = a.Learn(job, enc, err)
//	}
type Analyser struct {
	opts     AnalyserOptions
	gallery  *Gallery
	encoder  domain.EncoderRef
	metric   Metric
	detector string

	tracker  Tracker
	subjects map[uint64]*subject
	order    []*Track          // of the newest frame, largest first
	boxes    []image.Rectangle // of all that may be a face in it; never changed, only replaced
	size     image.Point
	at       time.Time
	guide    steadyGuide
	paused   bool

	visits   map[domain.PersonID]time.Time // when last seen
	visitors []visitor                     // unknown people seen lately
	denials  []denial                      // who is not whom, for as long as they are here
	held     []domain.Decision             // about nobody in particular, see hold
	refusals map[domain.Reason]time.Time   // last event of a reason about no one
}

// subject is what is known of one track.
type subject struct {
	track   *Track
	quality Quality // of the newest frame

	candidate *Job // the best frame not yet encoded
	encoding  bool
	ballot    ballot
	result    domain.Decision // Reason is empty while undecided
	decided   time.Time       // or confirmed
	vector    []float32       // of the newest look
	told      bool            // an event was made of this track
	recheck   bool            // a look again is due or under way
	noFace    int             // times in a row that the encoder found no face
	refused   map[domain.Reason]int
	best      float64 // quality of the best frame encoded
	paused    bool    // was not read for a while: its end says nothing
}

// Job is a face to encode. It holds its picture: Release it when done.
type Job struct {
	Track   uint64
	Picture *Picture
	Face    Face
	Quality Quality
	// Boxes are of everything in the picture that may be a face, this one too.
	Boxes []image.Rectangle
}

// NewAnalyser makes an analyser for one encoder's gallery.
func NewAnalyser(opts AnalyserOptions, g *Gallery, e Encoder, detector string) *Analyser {
	return &Analyser{
		opts: opts, gallery: g, encoder: e.Ref(), metric: e.Metric(), detector: detector,
		subjects: map[uint64]*subject{}, visits: map[domain.PersonID]time.Time{}, refusals: map[domain.Reason]time.Time{},
	}
}

// candidateTTL is how old a frame may be and still be worth encoding.
const candidateTTL = 500 * time.Millisecond

// Observe takes the detections of a picture. Decisions are those about tracks
// that ended without one.
func (a *Analyser) Observe(pic *Picture, faces []Face) (domain.Scene, []domain.Decision) {
	a.at, a.size = pic.At(), pic.RGBA().Rect.Size()
	a.prune()
	alive, ended := a.tracker.Update(a.at, faces)
	for _, t := range ended {
		a.end(t)
	}
	a.order, a.boxes = alive, faceBoxes(a.at, faces, alive)
	for _, t := range alive {
		s := a.subjects[t.ID]
		if s == nil {
			s = &subject{track: t, refused: map[domain.Reason]int{}}
			a.subjects[t.ID] = s
		}
		if t.Last.Equal(a.at) {
			a.look(s, pic)
		}
		a.keepVisit(s)
	}
	return a.scene(), a.release()
}

// look judges a fresh detection and keeps it if it is the best to encode.
func (a *Analyser) look(s *subject, pic *Picture) {
	s.quality = a.opts.Gate.Measure(pic.RGBA(), s.track.Face)
	if s.quality.Reason == "" && a.crowded(s.track) {
		s.quality = Quality{Reason: domain.ReasonSeveralFaces, Guide: domain.GuideOnePerson}
	}
	if a.paused {
		s.paused = true
		return
	}
	if s.quality.Reason != "" {
		s.refused[s.quality.Reason]++
		return
	}
	if a.encoder == (domain.EncoderRef{}) || !s.track.Confirmed() || !a.wanted(s) {
		return
	}
	if c := s.candidate; c != nil {
		if c.Quality.Score >= s.quality.Score && a.at.Sub(c.Picture.At()) < candidateTTL {
			return
		}
		c.Picture.Release()
	}
	pic.Retain()
	s.candidate = &Job{Track: s.track.ID, Picture: pic, Face: s.track.Face, Quality: s.quality, Boxes: a.boxes}
}

// wanted tells whether another look at the track would change anything.
func (a *Analyser) wanted(s *subject) bool {
	switch {
	case s.noFace >= falseFace: // not a face: try again now and then, it may turn to us
		return a.at.Sub(s.decided) >= a.opts.Recheck
	case s.result.Reason == "" || s.recheck:
		return true
	}
	return a.at.Sub(s.decided) >= a.opts.Recheck
}

// falseFace is after how many fruitless looks a track is taken for no face.
const falseFace = 3

// crowded tells that a second face lies so near that a crop would hold both.
func (a *Analyser) crowded(t *Track) bool {
	around := t.Face.Box.Inset(-t.Face.Box.Dx() / 6)
	for _, o := range a.order {
		if o.ID == t.ID || !o.Last.Equal(a.at) || area(o.Face.Box)*4 < area(t.Face.Box) {
			continue
		}
		x, y := centre(o.Face.Box)
		if image.Pt(round(x), round(y)).In(around) {
			return true
		}
	}
	return false
}

// Next takes the most useful face to encode, if there is one: the largest
// undecided first, then those due for another look. The caller owns the job.
func (a *Analyser) Next() (Job, bool) {
	if a.paused {
		return Job{}, false
	}
	var pick *subject
	for _, t := range a.order {
		s := a.subjects[t.ID]
		if s == nil || s.candidate == nil || s.encoding {
			continue
		}
		if pick == nil || (pick.result.Reason != "" && s.result.Reason == "") {
			pick = s
		}
	}
	if pick == nil {
		return Job{}, false
	}
	j := *pick.candidate
	pick.candidate, pick.encoding = nil, true
	return j, true
}

// Learn takes what the encoder made of a job. It does not release the job.
func (a *Analyser) Learn(j Job, enc Encoding, encErr error) (domain.Scene, []domain.Decision, error) {
	s := a.subjects[j.Track]
	if s == nil { // the track ended meanwhile
		return a.scene(), nil, nil
	}
	s.encoding = false
	switch {
	case a.paused:
		return a.scene(), nil, nil
	case errors.Is(encErr, ErrNoFace):
		s.noFace++
		s.refused[domain.ReasonNoFace]++
		if s.noFace >= falseFace {
			s.decided = a.at
		}
		return a.scene(), nil, nil
	case encErr != nil: // the encoder failed, which says nothing of the face
		return a.scene(), nil, nil
	}
	s.noFace = 0
	// A detector without landmarks leaves the turn of the head to the encoder's.
	if p, ok := EstimatePose(enc.Landmarks); ok && math.Max(math.Abs(p.Yaw), math.Abs(p.Pitch)) > a.opts.Gate.MaxTurn {
		s.quality.Reason, s.quality.Guide = domain.ReasonUndecided, domain.GuideLookAhead
		s.refused[domain.ReasonUndecided]++
		return a.scene(), nil, nil
	}
	m, err := a.gallery.Match(enc.Vector)
	if err != nil {
		return a.scene(), nil, err
	}
	s.best = max(s.best, j.Quality.Score)
	v := a.opts.Rules.cast(m, j.Quality.Score)
	if v.person != "" && a.denied(v.person, enc.Vector) {
		v.person = ""
	}
	last := s.vector
	s.vector = slices.Clone(enc.Vector)
	if s.result.Reason != "" && !s.recheck {
		// A look again: one that agrees confirms, one that does not reopens the
		// ballot. Two strangers agree only if they look alike.
		agrees := !v.ambiguous && v.person == s.result.Person && s.result.Reason != domain.ReasonUndecided
		if agrees && v.person == "" {
			agrees = a.metric.Distance(last, enc.Vector) <= sameTrack*a.opts.Rules.Threshold
		}
		if agrees {
			s.decided = a.at
			return a.scene(), nil, nil
		}
		s.recheck, s.ballot = true, ballot{}
	}
	s.ballot.add(v)
	o := s.ballot.count(a.opts.Rules)
	if o.reason == "" {
		return a.scene(), nil, nil
	}
	d := a.decision(s, j, o)
	d.Repeat = a.repeat(s, o, enc.Vector)
	same := s.result.Reason == o.reason && s.result.Person == o.person && d.Repeat
	s.result, s.decided, s.recheck, s.ballot = d, a.at, false, ballot{}
	a.keepVisit(s)
	switch {
	case same:
		return a.scene(), nil, nil
	case o.reason == domain.ReasonUndecided:
		a.hold(d)
		return a.scene(), nil, nil
	}
	// What was undecided or refused a moment ago was the same visit.
	a.held = nil
	d.Revises = s.told && !d.Repeat
	s.told = s.told || !d.Repeat
	return a.scene(), []domain.Decision{d}, nil
}

// Flush ends everything: no more frames come. What was held is told.
func (a *Analyser) Flush() []domain.Decision {
	a.Interrupt()
	var out []domain.Decision
	for _, d := range a.held {
		if !a.tooSoon(d.Reason) {
			out = append(out, d)
		}
	}
	a.held = nil
	return out
}

func (a *Analyser) decision(s *subject, j Job, o outcome) domain.Decision {
	d := domain.Decision{
		Track: s.track.ID, At: j.Picture.At(), Reason: o.reason, Person: o.person,
		Distance: finite(o.best.match.Distance), Second: finite(o.best.match.Second),
		Threshold: a.opts.Rules.Threshold, Metric: string(a.metric),
		Votes: o.votes, Frames: s.ballot.total, Quality: s.best,
		Encoder: a.encoder, Detector: a.detector,
		Box: domain.RectIn(j.Face.Box, j.Picture.RGBA().Rect.Size()),
	}
	return d
}

// finite makes "nobody to compare with" a zero.
func finite(x float64) float64 {
	if math.IsInf(x, 0) {
		return 0
	}
	return x
}

// overdue tells that a decision could not be confirmed for so long that it no
// longer stands: whoever is there cannot be read.
func (a *Analyser) overdue(s *subject) bool {
	return s.result.Reason != "" && a.at.Sub(s.decided) > 2*a.opts.Recheck+time.Second
}

// endedWorth is how long a face must have been there to be worth an event that
// says why it was not read.
const endedWorth = 2 * time.Second

// end closes a track; a face that was there and never decided is told why,
// unless it turns out to belong to somebody's visit.
func (a *Analyser) end(t *Track) {
	s := a.subjects[t.ID]
	if s == nil {
		return
	}
	delete(a.subjects, t.ID)
	if s.candidate != nil {
		s.candidate.Picture.Release()
	}
	if s.result.Reason != "" || s.paused || t.Last.Sub(t.First) < endedWorth || a.visitingAt(t.First) {
		return
	}
	reason, most := domain.ReasonUndecided, s.ballot.total+s.refused[domain.ReasonUndecided]
	for _, r := range []domain.Reason{
		domain.ReasonTooSmall, domain.ReasonTooDark, domain.ReasonTooBlurred, domain.ReasonSeveralFaces, domain.ReasonNoFace,
	} {
		if s.refused[r] > most {
			reason, most = r, s.refused[r]
		}
	}
	a.hold(domain.Decision{
		Track: t.ID, At: a.at, Reason: reason, Frames: t.Hits, Quality: s.best,
		Threshold: a.opts.Rules.Threshold, Metric: string(a.metric),
		Encoder: a.encoder, Detector: a.detector, Box: domain.RectIn(t.Face.Box, a.size),
	})
}

// Settled tells that everybody in sight is decided and not in doubt.
func (a *Analyser) Settled() bool {
	for _, t := range a.order {
		s := a.subjects[t.ID]
		if s == nil || s.noFace >= falseFace {
			continue
		}
		if st := a.state(s); st != domain.FaceKnown && st != domain.FaceUnknown {
			return false
		}
	}
	return true
}

// Pause keeps the analyser from reading faces, or lets it go on. Tracks are
// followed all the while; about one that ends no decision is told.
func (a *Analyser) Pause(pause bool) {
	a.paused = pause
	if !pause {
		return
	}
	for _, s := range a.subjects {
		s.paused = true
		if s.candidate != nil {
			s.candidate.Picture.Release()
			s.candidate = nil
		}
	}
}

// faceBoxes lists all that may be a face: every detection, and where those who
// were there a moment ago and were missed in this frame must be.
func faceBoxes(at time.Time, faces []Face, alive []*Track) []image.Rectangle {
	out := make([]image.Rectangle, 0, len(faces))
	for _, f := range faces {
		out = append(out, f.Box)
	}
	for _, t := range alive {
		if t.Last.Before(at) {
			out = append(out, t.Box())
		}
	}
	return out
}

// Boxes are of everything in the newest frame that may be a face, doubtful ones
// as well: what must be hidden where only one of them may be shown.
func (a *Analyser) Boxes() []image.Rectangle { return a.boxes }

// Seen lists the faces of the newest frame that are followed, largest first.
func (a *Analyser) Seen() []SeenFace {
	var out []SeenFace
	for _, t := range a.order {
		if t.Confirmed() {
			out = append(out, SeenFace{Track: t.ID, Face: t.Face, Fresh: t.Last.Equal(a.at)})
		}
	}
	return out
}

// Interrupt ends every track: no pictures came for so long that nobody can be
// assumed to be the same. Visits stay open for their cool-down.
func (a *Analyser) Interrupt() (domain.Scene, []domain.Decision) {
	for _, t := range a.tracker.Reset() {
		a.end(t)
	}
	a.order, a.boxes = nil, nil
	return a.scene(), a.release()
}

// Forget drops a person who was erased: no track goes on as theirs.
func (a *Analyser) Forget(p domain.PersonID) {
	delete(a.visits, p)
	for _, s := range a.subjects {
		if s.result.Person == p {
			s.result, s.ballot, s.recheck = domain.Decision{}, ballot{}, false
		}
	}
}
