package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"image/jpeg"

	"agentid/app/domain"
	"agentid/assets"
	"agentid/vision"
	"agentid/vision/espcam/cast"
)

// demoEnrolled is how many of the cast the demo knows, the first in line.
const demoEnrolled = 2

// demoCosine is the threshold for the drawn cast under an encoder that compares
// cosines. Drawn people resemble each other more than real ones do, and
// themselves far more: MobileFaceNet puts them at 0.5 and more from each other,
// within 0.15 of themselves (vision/dlib/cast_test.go measures it). The built-in
// encoder tells them apart at its own threshold.
const demoCosine = 0.35

// demoVerifyCosine is the same for 1:1 and for the pictures of a registration:
// heads that turn are up to 0.4 from themselves, and the cast 0.5 and more from
// each other.
const demoVerifyCosine = 0.45

// demoRules are the engine's own, but for the threshold where the cast needs it.
func demoRules(o vision.AnalyserOptions, e *engine) vision.AnalyserOptions {
	if e.encoder != nil && e.encoder.Metric() == vision.CosineDistance {
		o.Rules.Threshold = min(o.Rules.Threshold, demoCosine)
	}
	return o
}

// demoPoses are those of the enrolment pictures: frontal, and turned a little.
func demoPoses() []cast.Pose {
	base := cast.Pose{X: 0.5, Y: 0.45, Scale: 0.45}
	left, right := base, base
	left.Yaw, right.Yaw = -0.2, 0.2
	return []cast.Pose{base, left, right}
}

// demoBook is where the demo keeps its people.
type demoBook interface {
	domain.People
	AddConsent(ctx context.Context, c domain.Consent) error
	DeviceID() string
}

// enrolDemo enrols the first of the cast with this engine, unless they are. They
// are drawn to consent, so that a demo shows pictures, and a centre people.
func enrolDemo(ctx context.Context, e *engine, people demoBook, clock domain.Clock) error {
	ts, err := people.Templates(ctx, e.encoder.Ref())
	if err != nil {
		return err
	}
	has := map[domain.PersonID]bool{}
	for _, t := range ts {
		has[t.PersonID] = true
	}
	list, err := people.People(ctx)
	if err != nil {
		return err
	}
	for _, c := range cast.Cast()[:demoEnrolled] {
		if enrolled(list, has, c.Name) {
			continue
		}
		var jpegs [][]byte
		for _, pose := range demoPoses() {
			var b bytes.Buffer
			if err := jpeg.Encode(&b, c.Portrait(640, 480, pose), &jpeg.Options{Quality: 92}); err != nil {
				return err
			}
			jpegs = append(jpegs, b.Bytes())
		}
		p, err := e.enrol(ctx, people, c.Name, jpegs, clock)
		if err == nil {
			err = people.AddConsent(ctx, demoConsent(p, people.DeviceID()))
		}
		if err != nil {
			return fmt.Errorf("enrol %s of the cast: %w", c.Name, err)
		}
	}
	return nil
}

// demoConsent says by its method that nobody was asked: nobody is there.
func demoConsent(p domain.Person, device string) domain.Consent {
	return domain.Consent{
		ID: newID(), Person: p.ID, Version: assets.ConsentVersion, TextSHA256: fmt.Sprintf("%x", sha256.Sum256(nil)), Lang: domain.Spanish,
		Granted: []domain.Purpose{domain.PurposeData, domain.PurposeFace}, Method: "drawn", DeviceID: device, At: p.CreatedAt,
	}
}

func enrolled(list []domain.Person, has map[domain.PersonID]bool, name string) bool {
	for _, p := range list {
		if p.Name == name && has[p.ID] {
			return true
		}
	}
	return false
}
