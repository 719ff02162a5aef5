package vision

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"agentid/app/domain"
)

// VerifyOptions are what a 1:1 verification works by.
type VerifyOptions struct {
	SessionOptions
	// Templates are the person's, made by Encoder: at least one.
	Templates [][]float32
	// Threshold is the distance to the nearest template at or below which a
	// frame speaks for the person: a setting of its own, as one face is compared
	// and not thousands. The encoder's when 0.
	Threshold float64
	// Votes that must agree that it is the person, and Refusals that it is not;
	// MaxVotes without agreement leave it undecided. 3, 5 and 20 when 0.
	Votes, Refusals, MaxVotes int
}

// VerifyResult is what a verification came to.
type VerifyResult struct {
	// Verified is true only where Reason is ReasonRecognised.
	Verified bool
	// Reason is otherwise ReasonWrongFace, ReasonNotLive, ReasonUndecided,
	// ReasonTimedOut or ReasonCancelled.
	Reason domain.Reason
	// Distance is that of the nearest of the frames compared; 0 of none.
	Distance, Threshold float64
	Metric              Metric
	// Votes for the outcome, of Frames compared since the session last began
	// again.
	Votes, Frames int
	Quality       float64 // of the best of these frames
	Liveness      LivenessResult
	Resets        int
	// Guide is what was missing at the end.
	Guide domain.Guide
	// At, Box and JPEG are of the frame that Distance belongs to, as are Others,
	// everybody else's faces in it. JPEG is as the camera sent it: what is kept of
	// it is Snapshot's.
	At     time.Time
	Box    domain.Rect
	Others []domain.Rect
	JPEG   []byte
}

// VerifySession decides whether the person before the camera is the one whose
// templates it has. It is a Watcher like CaptureSession. It says yes only when
// enough frames agree, the face is live, and the face that was found live is
// the face that was compared: while a gesture is asked, and after it, frames
// must go on agreeing.
type VerifySession struct {
	inbox
	o      VerifyOptions
	follow follower
	live   *liveness
	guide  steadyGuide

	ballot  ballot
	sure    bool // the frames have agreed on the person
	strayed int  // frames since that do not
	broken  int  // times that this made it begin again
	voted   time.Time
	asked   bool
	bind    bool // the next frontal frame must speak for the person
	nearest VerifyResult
	quality float64
	told    Progress
	result  VerifyResult
}

// voter stands for "the person" in the ballot, which knows people by id.
const voter domain.PersonID = "the person"

const (
	voteEvery = 120 * time.Millisecond // frames further apart say more
	voteSlow  = 400 * time.Millisecond // while a gesture is watched for
	voteYaw   = 0.35                   // radians: a gesture's frames are not compared
	maxStray  = 2
	maxBroken = 3
)

// NewVerifySession checks the options.
func NewVerifySession(o VerifyOptions) (*VerifySession, error) {
	var err error
	if o.SessionOptions, err = o.SessionOptions.filled(); err != nil {
		return nil, err
	}
	if len(o.Templates) == 0 {
		return nil, fmt.Errorf("%w: no template", ErrSession)
	}
	for _, t := range o.Templates {
		if err := finiteVector(t, len(o.Templates[0])); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrSession, err)
		}
	}
	if o.Threshold == 0 {
		o.Threshold = o.Encoder.Threshold()
	}
	if !(o.Threshold > 0) || math.IsInf(o.Threshold, 0) {
		return nil, fmt.Errorf("%w: threshold %v", ErrSession, o.Threshold)
	}
	for n, def := range map[*int]int{&o.Votes: 3, &o.Refusals: 5, &o.MaxVotes: 20} {
		if *n == 0 {
			*n = def
		}
	}
	if o.Votes < 1 || o.Refusals < 1 || max(o.Votes, o.Refusals) > voteWindow || o.MaxVotes < max(o.Votes, o.Refusals) {
		return nil, fmt.Errorf("%w: %d votes, %d refusals, at most %d", ErrSession, o.Votes, o.Refusals, o.MaxVotes)
	}
	return &VerifySession{
		inbox: newInbox(), o: o, live: newLiveness(o.Liveness),
		follow: follower{gate: o.Gate, marks: o.Landmarker},
	}, nil
}

func finiteVector(v []float32, n int) error {
	if len(v) != n || n == 0 {
		return fmt.Errorf("%w: %d values, want %d", ErrTemplate, len(v), n)
	}
	if slices.ContainsFunc(v, func(x float32) bool { return x != x || math.IsInf(float64(x), 0) }) {
		return fmt.Errorf("%w: not a finite number", ErrTemplate)
	}
	return nil
}

// Run works until there is a decision or ctx ends, both of which are results;
// an error is of the encoder or the passive check. It is called once.
func (v *VerifySession) Run(ctx context.Context) (VerifyResult, error) {
	err := v.drain(ctx, v.see)
	if r, ok := ended(err); ok {
		v.conclude(r, outcome{})
		err = nil
	}
	if err != nil {
		return VerifyResult{}, fmt.Errorf("verify: %w", err)
	}
	return v.result, nil
}

// see takes one sighting.
func (v *VerifySession) see(_ context.Context, s Sighting) (done bool, err error) {
	k := v.follow.see(s)
	if k.reset != ResetNone && (v.ballot.total > 0 || v.live.challenge != nil) {
		if v.live.asked() != "" { // to leave a gesture unanswered is an answer
			v.conclude(domain.ReasonNotLive, outcome{})
			return true, nil
		}
		v.restart(k.reset)
	}
	if err := v.compare(k); err != nil {
		return false, err
	}
	if v.sure {
		v.live.watch(k)
	}
	v.bound()
	if v.decide() {
		return true, nil
	}
	v.tell(v.guide.steady(v.want(k), k.at))
	return false, nil
}

// bound makes the next frontal frame count when a gesture is asked, and when it
// was done.
func (v *VerifySession) bound() {
	asked := v.live.asked() != ""
	if asked && !v.asked || v.asked && v.live.decided() {
		v.bind = true
	}
	v.asked = asked
}

// compare lets the frame vote if it is good and due.
func (v *VerifySession) compare(k look) error {
	every := voteEvery
	if v.sure {
		every = voteSlow
	}
	if !k.fits() || k.posed && math.Abs(k.pose.Yaw) > voteYaw || !v.bind && k.at.Sub(v.voted) < every {
		return nil
	}
	v.voted = k.at
	enc, err := v.o.Encoder.Encode(k.picture.RGBA(), k.picture.JPEG, k.face)
	if errors.Is(err, ErrNoFace) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := finiteVector(enc.Vector, len(v.o.Templates[0])); err != nil {
		return err
	}
	d := math.Inf(1)
	for _, t := range v.o.Templates {
		d = math.Min(d, v.o.Encoder.Metric().Distance(t, enc.Vector))
	}
	b := vote{weight: k.quality.Score, match: Match{Distance: d}}
	if d <= v.o.Threshold {
		b.person = voter
		// Only of these frames: the life of somebody else's face proves nothing
		// of a picture that takes its place.
		if err := v.live.passive(k); err != nil {
			return err
		}
	}
	if v.ballot.total == 0 || d < v.nearest.Distance {
		v.nearest = VerifyResult{Distance: d, At: k.at, JPEG: k.picture.JPEG, Others: k.others, Box: domain.RectIn(k.face.Box, k.picture.RGBA().Rect.Size())}
	}
	v.quality = max(v.quality, k.quality.Score)
	v.ballot.add(b)
	switch {
	case b.person == voter:
		v.bind = false
	case v.sure:
		// The face changed between the proof of life and the comparison, or was
		// never theirs.
		v.strayed++
		if v.strayed >= maxStray || v.bind {
			v.broken++
			v.restart(ResetDisagree)
		}
	}
	return nil
}

// decide draws the conclusion, if there is one.
func (v *VerifySession) decide() bool {
	o := v.ballot.count(Rules{Votes: v.o.Votes, UnknownVotes: v.o.Refusals, MaxVotes: v.o.MaxVotes})
	switch {
	case v.broken >= maxBroken:
		v.conclude(domain.ReasonUndecided, o)
	case o.reason == domain.ReasonUnknown:
		v.conclude(domain.ReasonWrongFace, o)
	case v.live.decided() && !v.live.result.Live:
		v.conclude(domain.ReasonNotLive, o)
	case o.reason == domain.ReasonUndecided:
		v.conclude(domain.ReasonUndecided, o)
	case o.reason == domain.ReasonRecognised:
		v.sure = true
		if !v.live.decided() || v.bind {
			return false
		}
		v.conclude(domain.ReasonRecognised, o)
	default:
		return false
	}
	return true
}

func (v *VerifySession) conclude(r domain.Reason, o outcome) {
	v.result = v.nearest
	v.result.Verified = r == domain.ReasonRecognised
	v.result.Reason, v.result.Threshold, v.result.Metric = r, v.o.Threshold, v.o.Encoder.Metric()
	v.result.Votes, v.result.Frames, v.result.Quality = o.votes, v.ballot.total, v.quality
	v.result.Liveness, v.result.Resets = v.live.result, v.told.Resets
	v.result.Guide = v.told.Guide
	if v.result.Verified {
		v.result.Guide = domain.GuideDone
	}
}

// want is the hint that the person needs now.
func (v *VerifySession) want(k look) domain.Guide {
	switch {
	case !k.there && k.guide == domain.GuideNone: // missed once
		return v.told.Guide
	case !k.there:
		return k.guide
	case v.sure && v.live.wantsGesture() && k.shows():
		return v.live.guide()
	case k.guide != domain.GuideNone:
		return k.guide
	case v.bind, k.posed && math.Abs(k.pose.Yaw) > voteYaw: // such frames are not compared
		return domain.GuideLookAhead
	}
	return domain.GuideReading
}

func (v *VerifySession) tell(g domain.Guide) {
	p := v.told
	need := float64(v.o.Votes) + 1
	yes := 0.0
	for _, b := range v.ballot.votes {
		if b.person == voter {
			yes++
		}
	}
	p.Done = min(yes, need-1) / need
	if v.live.decided() {
		p.Done += 0.9 / need
	}
	p.Guide, p.Gesture, p.Liveness = g, v.live.asked(), v.live.result
	if p != v.told {
		v.told = p
		v.o.OnProgress(p)
	}
}

// restart begins again with another ballot and another proof of life.
func (v *VerifySession) restart(why ResetReason) {
	v.ballot, v.live = ballot{}, newLiveness(v.o.Liveness)
	v.sure, v.strayed, v.asked, v.bind = false, 0, false, false
	v.voted, v.nearest, v.quality = time.Time{}, VerifyResult{}, 0
	v.told.Reset = why
	v.told.Resets++
}
