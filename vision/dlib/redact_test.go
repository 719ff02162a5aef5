package dlib

import (
	"errors"
	"image"
	"math"
	"testing"
	"time"

	"agentid/vision"
	"agentid/vision/espcam/cast"
	"agentid/vision/redact"
)

// Two drawn people stand before the camera, each in turn the one concerned: the
// other cannot be recognised any more, by who looks where their face was, nor
// found by anybody, and the one concerned is recognised as before.
func TestRedactedCompany(t *testing.T) {
	e := openBuiltin(t)
	fast, hog := haar(t), e.Detector()
	portraits := enrolCast(t, e, fast)
	s := cast.NewScript(cast.Cast(), cast.WithOrder(), cast.WithCompany(0, 1), cast.WithCompany(2, 3), cast.WithCompany(4, 5), cast.WithCompany(6, 7))
	size := image.Pt(640, 480)
	looked, unread, nearest, farthest := 0, 0, math.Inf(1), 0.0
	for _, at := range stops(s, 2600*time.Millisecond) {
		m := throughCamera(t, s, size.X, size.Y, at)
		faces, err := fast.Detect(m)
		if err != nil {
			t.Fatal(err)
		}
		present := s.Present(at)
		var boxes []image.Rectangle
		for _, f := range faces {
			boxes = append(boxes, f.Box)
		}
		for _, own := range present {
			f, ok := find(faces, own, size)
			if !ok || len(present) < 2 {
				continue
			}
			jpeg, err := redact.JPEG(m, f.Box, boxes)
			if err != nil {
				t.Fatal(err)
			}
			got, err := vision.GoDecoder{}.Decode(jpeg, nil)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range present {
				was, ok := find(faces, p, size)
				if !ok {
					continue
				}
				looked++
				enc, err := e.Encode(got, nil, was)
				if errors.Is(err, vision.ErrNoFace) && p.Index != own.Index {
					unread++
					continue
				}
				if err != nil {
					t.Fatalf("%s at %v: %v", p.Person.Name, at, err)
				}
				d := e.Metric().Distance(portraits[p.Index].vec, enc.Vector)
				if p.Index == own.Index {
					farthest = max(farthest, d)
				} else {
					nearest = min(nearest, d)
				}
			}
			for name, det := range map[string]vision.Detector{"haar": fast, "hog": hog} {
				left, err := det.Detect(got)
				if err != nil {
					t.Fatal(err)
				}
				for _, l := range left {
					if vision.IoU(l.Box, f.Box) < 0.3 {
						t.Errorf("%s beside %s at %v finds a face at %v", name, own.Person.Name, at, l.Box)
					}
				}
			}
		}
	}
	if looked < 20 {
		t.Fatalf("only %d faces looked at", looked)
	}
	if farthest > e.Threshold() || nearest <= e.Threshold() {
		t.Errorf("the person at %.3f at most, a bystander at %.3f; threshold %.2f", farthest, nearest, e.Threshold())
	}
	t.Logf("%d faces; in %d no face is left to read, other bystanders at %.3f and more; the person at %.3f at most", looked, unread, nearest, farthest)
}
