package vision

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"agentid/app/domain"
)

// CaptureFrames is how many frames a capture ends with.
const CaptureFrames = 5

// CaptureOptions are what a guided capture works by.
type CaptureOptions struct {
	SessionOptions
	// Gallery is searched for the same face; nil searches nowhere.
	Gallery *Gallery
	// MaxSpread is the largest distance between two of the frames at which they
	// are taken for one person; the encoder's threshold when 0.
	MaxSpread float64
	// DuplicateAt is the distance from which somebody in the gallery is taken
	// for the same person; the encoder's threshold when 0.
	DuplicateAt float64
	// Patience is how long turned poses are waited for once the others are
	// there; 8 s when 0. Not everybody can turn their head.
	Patience time.Duration
	// Attempts to convince, of liveness and of agreement; 3 when 0.
	Attempts int
}

// CaptureFrame is one of the frames that a capture ends with.
type CaptureFrame struct {
	At      time.Time
	Vector  []float32
	Quality float64 // 0..1
	Pose    Pose    // zero where there were no landmarks
	Box     domain.Rect
	Others  []domain.Rect // everybody else's faces in it
	JPEG    []byte        // as the camera sent it, others' faces and all; may be nil
}

// CaptureResult is what a capture came to.
type CaptureResult struct {
	// Reason is ReasonEnrolled when the frames are good; otherwise
	// ReasonNotLive, ReasonUndecided (the frames do not agree), ReasonTimedOut
	// or ReasonCancelled, and there are no frames.
	Reason domain.Reason
	Frames []CaptureFrame
	Spread float64 // the largest distance between two of them
	// Liveness is the last verdict.
	Liveness LivenessResult
	// Duplicate is somebody enrolled who looks the same, and at what distance:
	// for staff, never for the visitor.
	Duplicate         domain.PersonID
	DuplicateDistance float64
	Resets            int
	// Guide is what was missing at the end.
	Guide domain.Guide
}

// OK tells that the frames may be enrolled.
func (r CaptureResult) OK() bool { return r.Reason == domain.ReasonEnrolled }

// CaptureSession guides somebody to five good frames of their face in different
// poses. It is a Watcher: Watch hands it pictures, Run works on them in its
// caller's goroutine. Time is the frames'; the deadline is Run's context.
//
//	c, err := NewCaptureSession(o)
//	stop := pipeline.Watch(c, PauseRecognition())
//	res, err := c.Run(ctx)
//	stop()
type CaptureSession struct {
	inbox
	o      CaptureOptions
	follow follower
	live   *liveness
	guide  steadyGuide

	kept     []shot       // at most CaptureFrames
	pending  [poses]*shot // the best of each pose in its window
	lastTook [poses]time.Time
	frontAt  time.Time // when the frontal frames were all there
	posed    bool      // poses can be told
	asked    bool      // a gesture was being asked at the last frame
	bind     bool      // the next frontal frame must be kept, see bound
	failed   int       // attempts
	told     Progress
	result   CaptureResult
}

// pose is where a head looks, as far as the capture tells them apart.
type pose int

const (
	ahead pose = iota
	leftward
	rightward
	poses
)

// shot is a frame that may be enrolled; it keeps its picture.
type shot struct {
	look  look
	pose  pose
	until time.Time // the end of its window
	bound bool      // kept because liveness stands on it
	enc   []float32
}

const (
	frontal3   = 3                      // frontal frames of the five
	aheadYaw   = 0.17                   // radians; beyond, a head is turned
	sideYaw    = 0.22                   // from here it is a pose of its own
	shotWindow = 300 * time.Millisecond // of which the best frame is taken
	shotGap    = 100 * time.Millisecond // between two windows of a pose
)

// NewCaptureSession checks the options.
func NewCaptureSession(o CaptureOptions) (*CaptureSession, error) {
	var err error
	if o.SessionOptions, err = o.SessionOptions.filled(); err != nil {
		return nil, err
	}
	for _, d := range []*float64{&o.MaxSpread, &o.DuplicateAt} {
		if *d == 0 {
			*d = o.Encoder.Threshold()
		}
		if !(*d > 0) || math.IsInf(*d, 0) {
			return nil, fmt.Errorf("%w: a distance of %v", ErrSession, *d)
		}
	}
	if o.Patience == 0 {
		o.Patience = 8 * time.Second
	}
	if o.Attempts == 0 {
		o.Attempts = 3
	}
	if o.Patience < 0 || o.Attempts < 0 {
		return nil, fmt.Errorf("%w: negative", ErrSession)
	}
	return &CaptureSession{
		inbox: newInbox(), o: o, live: newLiveness(o.Liveness),
		follow: follower{gate: o.Gate, marks: o.Landmarker},
	}, nil
}

// Run works until there are five frames, the attempts are used up or ctx ends,
// all of which are results; an error is of the encoder or the passive check. It
// is called once.
func (c *CaptureSession) Run(ctx context.Context) (CaptureResult, error) {
	err := c.drain(ctx, c.see)
	c.drop()
	if r, ok := ended(err); ok {
		c.result.Reason, err = r, nil
	}
	if err != nil {
		return CaptureResult{}, fmt.Errorf("capture: %w", err)
	}
	c.result.Liveness, c.result.Resets, c.result.Guide = c.live.result, c.told.Resets, c.told.Guide
	if !c.result.OK() {
		c.result.Frames = nil
	}
	return c.result, nil
}

// see takes one sighting.
func (c *CaptureSession) see(ctx context.Context, s Sighting) (done bool, err error) {
	k := c.follow.see(s)
	if k.reset != ResetNone && c.begun() {
		// To leave a gesture unanswered is an answer.
		if c.live.asked() == "" {
			c.restart(k.reset)
		} else if c.fail(k.reset) {
			return true, nil
		}
	}
	if err := c.collect(k); err != nil {
		return false, err
	}
	if c.count(ahead) >= frontal3 {
		c.live.watch(k)
	}
	c.bound()
	switch {
	case c.live.decided() && !c.live.result.Live:
		if c.fail(ResetNotLive) {
			return true, nil
		}
	case c.live.decided() && c.full():
		if done, err = c.finish(ctx); done || err != nil {
			return done, err
		}
	}
	c.tell(c.guide.steady(c.want(k), k.at), c.share())
	return false, nil
}

// begun tells that there is something to begin again with.
func (c *CaptureSession) begun() bool {
	return len(c.kept) > 0 || c.pending != [poses]*shot{} || c.live.challenge != nil || c.live.scored > 0
}

// fail uses up an attempt and begins again, or ends the session.
func (c *CaptureSession) fail(why ResetReason) (done bool) {
	c.failed++
	if c.failed < c.o.Attempts {
		c.restart(why)
		return false
	}
	c.result.Reason = domain.ReasonNotLive
	if why == ResetDisagree {
		c.result.Reason = domain.ReasonUndecided
	}
	return true
}

// bound sees to it that the face that liveness judges is the face enrolled: as
// a gesture is asked, and when it was done, the next frontal frame is kept.
// What is kept must agree in the end.
func (c *CaptureSession) bound() {
	asked := c.live.asked() != ""
	if asked && !c.asked || c.asked && c.live.decided() {
		c.bind = true
	}
	c.asked = asked
}

// collect keeps the frame if it is what the capture wants.
func (c *CaptureSession) collect(k look) error {
	if k.fits() {
		c.posed = c.posed || k.posed
		if p, ok := poseOf(k); ok {
			if c.bind && p == ahead {
				c.keepBound(k)
			} else if c.wants(p, k.at) {
				c.propose(p, k)
			}
		}
	}
	for p, s := range c.pending {
		if s == nil || k.at.Before(s.until) {
			continue
		}
		c.pending[p] = nil
		if err := c.keep(s); err != nil {
			return err
		}
	}
	return nil
}

// poseOf is the pose of a look; false between two of them. Without landmarks
// everybody looks ahead.
func poseOf(k look) (pose, bool) {
	switch {
	case !k.posed, math.Abs(k.pose.Yaw) <= aheadYaw:
		return ahead, true
	case k.pose.Yaw >= sideYaw:
		return leftward, true
	case k.pose.Yaw <= -sideYaw:
		return rightward, true
	}
	return ahead, false
}

func (c *CaptureSession) count(p pose) (n int) {
	for _, s := range c.kept {
		if s.pose == p {
			n++
		}
	}
	return n
}

// wants tells whether another frame of a pose is of use.
func (c *CaptureSession) wants(p pose, at time.Time) bool {
	if len(c.kept) >= CaptureFrames || at.Sub(c.lastTook[p]) < shotGap {
		return false
	}
	if p != ahead {
		return c.count(p) == 0
	}
	if c.posed && !elapsed(c.frontAt, at, c.o.Patience) {
		return c.count(ahead) < frontal3
	}
	return true
}

// propose offers a frame for the window of its pose.
func (c *CaptureSession) propose(p pose, k look) {
	s := c.pending[p]
	if s != nil && s.look.quality.Score >= k.quality.Score {
		return
	}
	until := k.at.Add(shotWindow)
	if s != nil {
		until = s.until
		s.look.picture.Release()
	}
	k.picture.Retain()
	c.pending[p] = &shot{look: k, pose: p, until: until}
}

// keep takes the best of a window.
func (c *CaptureSession) keep(s *shot) error {
	if !c.wants(s.pose, s.until) {
		s.look.picture.Release()
		return nil
	}
	c.kept = append(c.kept, *s)
	c.lastTook[s.pose] = s.until
	if c.count(ahead) >= frontal3 && c.frontAt.IsZero() {
		c.frontAt = s.until
	}
	if s.pose != ahead {
		return nil
	}
	return c.live.passive(s.look)
}

// keepBound takes a frontal frame in the place of the poorest one.
func (c *CaptureSession) keepBound(k look) {
	c.bind = false
	at := -1
	for i, s := range c.kept {
		if s.pose == ahead && !s.bound && (at < 0 || s.look.quality.Score < c.kept[at].look.quality.Score) {
			at = i
		}
	}
	k.picture.Retain()
	s := shot{look: k, pose: ahead, bound: true}
	switch {
	case at >= 0 && (len(c.kept) == CaptureFrames || c.count(ahead) >= frontal3):
		c.kept[at].look.picture.Release()
		c.kept[at] = s
	case len(c.kept) < CaptureFrames:
		c.kept = append(c.kept, s)
	default: // every frame is bound: the newest counts
		c.kept[0].look.picture.Release()
		c.kept[0] = s
	}
}

func (c *CaptureSession) full() bool { return len(c.kept) == CaptureFrames && !c.bind }

// want is the hint that the person needs now.
func (c *CaptureSession) want(k look) domain.Guide {
	gesture := c.live.wantsGesture() && c.count(ahead) >= frontal3
	switch {
	case !k.there && k.guide == domain.GuideNone: // missed once
		return c.told.Guide
	case !k.there:
		return k.guide
	case gesture && k.shows():
		return c.live.guide()
	case k.guide != domain.GuideNone:
		return k.guide
	case c.count(ahead) < frontal3 || c.bind:
		if p, ok := poseOf(k); !ok || p != ahead {
			return domain.GuideLookAhead
		}
		return domain.GuideHoldStill
	case len(c.kept) == CaptureFrames || !c.posed || elapsed(c.frontAt, k.at, c.o.Patience):
		return domain.GuideHoldStill
	case c.count(leftward) > 0:
		return domain.GuideTurnRight
	case c.count(rightward) > 0:
		return domain.GuideTurnLeft
	}
	return domain.GuideTurn
}

// share is how much is done: each frame, and liveness as one of them; the rest
// is the encoding.
func (c *CaptureSession) share() float64 {
	n, of := float64(len(c.kept)), float64(CaptureFrames)
	if c.o.Liveness.Mode != LivenessOff {
		of++
		if c.live.decided() {
			n++
		}
	}
	return 0.9 * n / of
}

func (c *CaptureSession) tell(g domain.Guide, done float64) {
	p := c.told
	p.Guide, p.Done, p.Gesture, p.Liveness = g, done, c.live.asked(), c.live.result
	if p != c.told {
		c.told = p
		c.o.OnProgress(p)
	}
}

// restart begins again with another proof of life.
func (c *CaptureSession) restart(why ResetReason) {
	c.drop()
	c.live = newLiveness(c.o.Liveness)
	c.frontAt, c.asked, c.bind, c.lastTook = time.Time{}, false, false, [poses]time.Time{}
	c.told.Reset = why
	c.told.Resets++
}

// drop gives the pictures back.
func (c *CaptureSession) drop() {
	for _, s := range c.kept {
		s.look.picture.Release()
	}
	for i, s := range c.pending {
		if s != nil {
			s.look.picture.Release()
			c.pending[i] = nil
		}
	}
	c.kept = nil
}

// finish encodes the frames and compares them. It is done when they agree; a
// frame in which the encoder finds no face is taken again.
func (c *CaptureSession) finish(ctx context.Context) (done bool, err error) {
	for i := range c.kept {
		s := &c.kept[i]
		if s.enc != nil {
			continue
		}
		if err := ctx.Err(); err != nil {
			return false, err
		}
		c.tell(domain.GuideReading, c.share()+0.09*float64(i)/CaptureFrames)
		enc, err := c.o.Encoder.Encode(s.look.picture.RGBA(), s.look.picture.JPEG, s.look.face)
		if errors.Is(err, ErrNoFace) {
			s.look.picture.Release()
			c.kept = append(c.kept[:i], c.kept[i+1:]...)
			c.bind = c.bind || s.bound
			return false, nil
		}
		if err != nil {
			return false, err
		}
		s.enc = enc.Vector
	}
	spread := 0.0
	for i := range c.kept {
		for j := range i {
			d := c.o.Encoder.Metric().Distance(c.kept[i].enc, c.kept[j].enc)
			if math.IsNaN(d) {
				return false, fmt.Errorf("%w: not a finite number", ErrTemplate)
			}
			spread = max(spread, d)
		}
	}
	c.result.Spread = spread
	if spread > c.o.MaxSpread {
		return c.fail(ResetDisagree), nil
	}
	if err := c.findDuplicate(); err != nil {
		return false, err
	}
	for _, s := range c.kept {
		img := s.look.picture.RGBA()
		c.result.Frames = append(c.result.Frames, CaptureFrame{
			At: s.look.at, Vector: s.enc, Quality: s.look.quality.Score, Pose: s.look.pose,
			Box: domain.RectIn(s.look.face.Box, img.Rect.Size()), JPEG: s.look.picture.JPEG, Others: s.look.others,
		})
	}
	c.result.Reason = domain.ReasonEnrolled
	c.tell(domain.GuideDone, 1)
	return true, nil
}

// findDuplicate looks for somebody whom most of the frames take for the same.
func (c *CaptureSession) findDuplicate() error {
	if c.o.Gallery == nil {
		return nil
	}
	near := map[domain.PersonID]int{}
	at := map[domain.PersonID]float64{}
	for _, s := range c.kept {
		m, err := c.o.Gallery.Match(s.enc)
		if err != nil {
			return err
		}
		if m.Person == "" || m.Distance > c.o.DuplicateAt {
			continue
		}
		if d, ok := at[m.Person]; !ok || m.Distance < d {
			at[m.Person] = m.Distance
		}
		if near[m.Person]++; near[m.Person] > CaptureFrames/2 {
			c.result.Duplicate = m.Person
		}
	}
	c.result.DuplicateDistance = at[c.result.Duplicate]
	return nil
}
