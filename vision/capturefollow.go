package vision

import (
	"math"
	"time"

	"agentid/app/domain"
)

// ResetReason says why a session began again with what it had.
type ResetReason string

// The reasons to begin again.
const (
	ResetNone     ResetReason = ""
	ResetLeft     ResetReason = "person_left"
	ResetCompany  ResetReason = "second_person"
	ResetDisagree ResetReason = "frames_disagree" // not all of them show one person
	ResetNotLive  ResetReason = "not_live"
)

const (
	// companyShare is from what share of the area of the person's face another
	// face is somebody beside them and not far behind.
	companyShare = 0.35
	// offCentre and tooLarge are in fractions of the picture's height.
	offCentre = 0.24
	tooLarge  = 0.80
	// ease is by how much a fault must be mended before its hint goes: without
	// it a face at the limit would be told two things in turn.
	ease = 1.15
)

// look is what one sighting shows of the person followed.
type look struct {
	at      time.Time
	picture *Picture
	face    Face // with the landmarks, where they could be had
	pose    Pose
	posed   bool
	quality Quality
	others  []domain.Rect // faces in this picture that are not the person's
	// reset is why what was collected before is void, if it is.
	reset ResetReason
	guide domain.Guide // what would mend the look; GuideNone where it is good
	there bool         // the person is in this picture
}

// follower keeps to one person over the sightings.
type follower struct {
	gate  Gate
	marks Landmarker // may be nil

	track uint64 // 0: nobody yet
	seen  time.Time
	last  domain.Guide // wanted last, before it is steadied
}

// see looks for the person.
func (f *follower) see(s Sighting) look {
	l := look{at: s.Picture.At(), picture: s.Picture}
	if f.track != 0 && l.at.Sub(f.seen) > trackTTL {
		f.track, l.reset = 0, ResetLeft
	}
	own, company := f.pick(s.Faces)
	switch {
	case company:
		if f.track != 0 {
			f.track, l.reset = 0, ResetCompany
		}
		l.guide = domain.GuideOnePerson
	case own == nil:
		if f.track == 0 {
			l.guide = domain.GuideStart
		} else {
			l.guide = f.last
		}
	default:
		if f.track != 0 && own.Track != f.track {
			l.reset = ResetLeft
		}
		f.track, f.seen = own.Track, l.at
		f.judge(&l, own.Face)
		l.others = s.others(own.Face.Box)
	}
	f.last = l.guide
	return l
}

// pick is the person's face in this picture, the largest where nobody is
// followed yet, and whether somebody is beside them.
func (f *follower) pick(faces []SeenFace) (own *SeenFace, company bool) {
	for i := range faces {
		c := &faces[i]
		switch {
		case !c.Fresh:
		case own == nil, c.Track == f.track && own.Track != f.track:
			own = c
		}
	}
	if own == nil {
		return nil, false
	}
	// A track that is still followed but was missed here is not somebody else's
	// to take over yet.
	if f.track != 0 && own.Track != f.track {
		for _, c := range faces {
			if c.Track == f.track {
				return nil, false
			}
		}
	}
	for _, c := range faces {
		if c.Track != own.Track && c.Fresh && float64(area(c.Face.Box)) >= companyShare*float64(area(own.Face.Box)) {
			return own, true
		}
	}
	return own, false
}

// judge measures the face, a little more strictly in what was last wrong.
func (f *follower) judge(l *look, face Face) {
	l.there, l.face = true, face
	gate, off, large := f.gate, offCentre, tooLarge
	switch f.last {
	case domain.GuideCloser:
		gate.MinFace = int(float64(gate.MinFace) * ease)
	case domain.GuideLight:
		gate.MinLight *= ease
	case domain.GuideHoldStill:
		gate.MinSharpness *= ease
	case domain.GuideLookAhead:
		gate.MaxTurn /= ease
	case domain.GuideCentre:
		off /= ease
	case domain.GuideFarther:
		large /= ease
	}
	img := l.picture.RGBA()
	if f.marks != nil {
		if lm, err := f.marks.Landmarks(img, face.Box); err == nil {
			l.face.Landmarks = lm
		}
	}
	l.quality = gate.Measure(img, l.face)
	l.pose, l.posed = EstimatePose(l.face.Landmarks)
	high := float64(img.Rect.Dy())
	x, y := centre(face.Box)
	dx := math.Abs(x-float64(img.Rect.Min.X+img.Rect.Max.X)/2) / high
	dy := math.Abs(y-float64(img.Rect.Min.Y+img.Rect.Max.Y)/2) / high
	cut := face.Box != face.Box.Intersect(img.Rect.Inset(1))
	switch {
	case float64(face.Box.Dy()) > large*high:
		l.guide = domain.GuideFarther
	case l.quality.Reason == domain.ReasonTooSmall && !cut:
		l.guide = l.quality.Guide
	case cut, dx > off, dy > off:
		l.guide = domain.GuideCentre
	default:
		l.guide = l.quality.Guide
	}
}

// fits tells that the frame is good enough to be encoded.
func (l *look) fits() bool { return l.there && l.guide == domain.GuideNone }

// shows tells that the face can be watched for a gesture, which may turn or
// blur it more than an encoder likes.
func (l *look) shows() bool {
	switch l.guide {
	case domain.GuideNone, domain.GuideLookAhead, domain.GuideHoldStill:
		return l.there
	}
	return false
}
