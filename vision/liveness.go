package vision

import (
	"errors"
	"fmt"
	"image"
	"math/rand/v2"
	"slices"
	"time"
)

// PassiveLiveness tells from one picture whether a face in it is of flesh or a
// picture of a face, without asking anything of the person. It is safe for
// concurrent use.
type PassiveLiveness interface {
	Name() string // "minifasnet"
	// Score is how sure it is that the face is live, 0..1.
	Score(img *image.RGBA, f Face) (float64, error)
	Close() error
}

// Landmarker finds the landmarks of a face whose box is known. It is safe for
// concurrent use.
type Landmarker interface {
	// Landmarks returns five or 68 points, as Face orders them, or ErrNoFace.
	Landmarks(img *image.RGBA, box image.Rectangle) ([]Point, error)
}

// EncoderLandmarks finds landmarks by encoding the face: for encoders that
// look for them anyway, as dlib's does, beside a detector that has none.
func EncoderLandmarks(e Encoder) Landmarker { return encoderLandmarks{e} }

type encoderLandmarks struct{ e Encoder }

func (l encoderLandmarks) Landmarks(img *image.RGBA, box image.Rectangle) ([]Point, error) {
	enc, err := l.e.Encode(img, nil, Face{Box: box, Score: 1})
	switch {
	case err != nil:
		return nil, fmt.Errorf("landmarks: %w", err)
	case len(enc.Landmarks) == 0:
		return nil, fmt.Errorf("landmarks: the encoder has none: %w", ErrNoFace)
	}
	return enc.Landmarks, nil
}

// LivenessMode is how much proof of life is asked.
type LivenessMode string

// The modes. Without a passive check, LivenessEither and LivenessBoth ask the
// gesture alone.
const (
	LivenessOff    LivenessMode = "off"
	LivenessEither LivenessMode = "either" // the passive check, and a gesture where it doubts
	LivenessBoth   LivenessMode = "both"
)

// ErrLiveness says that options of liveness make no sense.
var ErrLiveness = errors.New("invalid liveness options")

// ParseLivenessMode reads a mode as configurations write it.
func ParseLivenessMode(s string) (LivenessMode, error) {
	switch m := LivenessMode(s); m {
	case LivenessOff, LivenessEither, LivenessBoth:
		return m, nil
	}
	return "", fmt.Errorf("%w: mode %q, want off, either or both", ErrLiveness, s)
}

// LivenessReason says what the verdict stands on, for the screen and the record.
type LivenessReason string

// The reasons.
const (
	LivenessUndecided LivenessReason = ""        // not enough seen yet
	LivenessNotAsked  LivenessReason = "off"     // taken for live unchecked
	LivePassive       LivenessReason = "passive" // the passive check was content
	LiveGesture       LivenessReason = "gesture" // the person did what was asked
	LiveBoth          LivenessReason = "passive_and_gesture"

	NotLivePassive  LivenessReason = "looks_like_a_picture" // the passive check doubts
	NotLiveFlat     LivenessReason = "flat"                 // it turned as a picture turns
	NotLiveGesture  LivenessReason = "wrong_gesture"
	NotLiveTimeout  LivenessReason = "gesture_timed_out"
	NotLiveNoPoints LivenessReason = "no_landmarks" // nothing to see a gesture by
)

// LivenessResult is a verdict about one face over several frames.
type LivenessResult struct {
	Live   bool
	Reason LivenessReason
	// Score is the mean of the passive check over Frames frames; 0 of none.
	Score  float64
	Frames int
	// Gesture is what was asked, if anything.
	Gesture Gesture
}

// LivenessOptions are what proof of life is asked. The zero value asks a
// gesture: the safe reading of a setting that is missing.
type LivenessOptions struct {
	Mode LivenessMode // LivenessEither when empty
	// Passive may be nil: its models are not installed. The session does not
	// close it.
	Passive PassiveLiveness
	// MinScore is the passive mean from which a face counts as live; 0.5 when 0,
	// which is where the nets' own verdict turns.
	MinScore float64
	// PassiveFrames is over how many frames that mean is taken; 3 when 0.
	PassiveFrames int
	// Gestures that may be asked; all when empty. What cannot be seen is left
	// out: a blink wants 68 landmarks, ten times a second.
	Gestures []Gesture
	// Timeout of a gesture, from when it is asked; 10 s when 0.
	Timeout time.Duration
	// IntN draws which gesture is asked, as math/rand/v2's does, which it is
	// when nil.
	IntN func(n int) int
}

func (o LivenessOptions) filled() (LivenessOptions, error) {
	if o.Mode == "" {
		o.Mode = LivenessEither
	}
	if _, err := ParseLivenessMode(string(o.Mode)); err != nil {
		return o, err
	}
	if o.MinScore == 0 {
		o.MinScore = 0.5
	}
	if !(o.MinScore > 0 && o.MinScore <= 1) {
		return o, fmt.Errorf("%w: a score of %v", ErrLiveness, o.MinScore)
	}
	if o.PassiveFrames == 0 {
		o.PassiveFrames = 3
	}
	if o.PassiveFrames < 1 || o.PassiveFrames > 30 {
		return o, fmt.Errorf("%w: %d frames", ErrLiveness, o.PassiveFrames)
	}
	if len(o.Gestures) == 0 {
		o.Gestures = AllGestures()
	}
	for _, g := range o.Gestures {
		if !slices.Contains(AllGestures(), g) {
			return o, fmt.Errorf("%w: gesture %q", ErrLiveness, g)
		}
	}
	if o.Timeout == 0 {
		o.Timeout = 10 * time.Second
	}
	if o.Timeout < time.Second || o.Timeout > time.Minute {
		return o, fmt.Errorf("%w: %v for a gesture", ErrLiveness, o.Timeout)
	}
	if o.IntN == nil {
		o.IntN = rand.IntN
	}
	return o, nil
}

// liveness is the proof of life of one face: it ends with the face's track.
// Not safe for concurrent use.
type liveness struct {
	o         LivenessOptions
	sum       float64
	scored    int
	challenge *Challenge
	blind     time.Time // since when there are no landmarks to draw a gesture by
	looks     int       // before a gesture is drawn, and when the first was
	first     time.Time
	result    LivenessResult
}

// A blink lasts about a fifth of a second: it is only asked where the first
// looks come often enough to see one.
const (
	paceLooks = 3
	blinkPace = 110 * time.Millisecond
)

func newLiveness(o LivenessOptions) *liveness {
	l := &liveness{o: o}
	if o.Mode == LivenessOff {
		l.result = LivenessResult{Live: true, Reason: LivenessNotAsked}
	}
	return l
}

// decided tells that the verdict stands.
func (l *liveness) decided() bool { return l.result.Reason != LivenessUndecided }

// wantsScore tells that another frame should be scored by the passive check.
func (l *liveness) wantsScore() bool {
	return l.o.Passive != nil && !l.decided() && l.scored < l.o.PassiveFrames
}

// score adds what the passive check says of a frame.
func (l *liveness) score(s float64) {
	l.sum += s
	l.scored++
	l.result.Score, l.result.Frames = l.sum/float64(l.scored), l.scored
	if l.scored < l.o.PassiveFrames {
		return
	}
	switch {
	case l.o.Mode == LivenessBoth && !l.content():
		l.decide(false, NotLivePassive)
	case l.o.Mode == LivenessEither && l.content():
		l.decide(true, LivePassive)
	}
}

// content tells that the passive check takes the face for live.
func (l *liveness) content() bool {
	return l.scored >= l.o.PassiveFrames && l.sum >= l.o.MinScore*float64(l.scored)
}

// wantsGesture tells that the person is to do something, or to be looked at for it.
func (l *liveness) wantsGesture() bool {
	return !l.decided() && !l.wantsScore()
}

// gesture shows a frame to the challenge, which is drawn at the first. quiet
// tells that the frame says nothing about gestures: only time passes.
func (l *liveness) gesture(at time.Time, img *image.RGBA, landmarks []Point, quiet bool) {
	if !l.wantsGesture() {
		return
	}
	if l.challenge == nil {
		if quiet {
			return
		}
		if l.looks++; l.looks == 1 {
			l.first = at
		}
		if l.looks <= paceLooks {
			return
		}
		can := l.o.Gestures
		if at.Sub(l.first) > paceLooks*blinkPace {
			can = slices.DeleteFunc(slices.Clone(can), func(g Gesture) bool { return g == GestureBlink })
		}
		g, ok := drawGesture(can, len(landmarks), l.o.IntN)
		if !ok {
			if l.blind.IsZero() {
				l.blind = at
			}
			if at.Sub(l.blind) > l.o.Timeout {
				l.decide(false, NotLiveNoPoints)
			}
			return
		}
		l.result.Gesture = g
		l.challenge = NewChallenge(g, at, l.o.Timeout)
	}
	if quiet {
		landmarks = nil
	}
	switch r := l.challenge.See(at, img, landmarks); {
	case r == LivenessUndecided:
	case r != LiveGesture:
		l.decide(false, r)
	case l.o.Passive != nil && l.o.Mode == LivenessBoth:
		l.decide(true, LiveBoth)
	default:
		l.decide(true, LiveGesture)
	}
}

func (l *liveness) decide(live bool, r LivenessReason) { l.result.Live, l.result.Reason = live, r }

// asked is the gesture to show the person now, "" for none.
func (l *liveness) asked() Gesture {
	if l.challenge == nil || l.decided() {
		return ""
	}
	return l.challenge.Asked()
}
