package main

import (
	"context"
	"errors"
	"testing"
	"time"

	"agentid/app/domain"
)

type oneProfile struct {
	p   domain.Profile
	err error
}

func (p oneProfile) Profile(context.Context, domain.PersonID) (domain.Profile, error) {
	return p.p, p.err
}

func TestFaceConsent(t *testing.T) {
	both := domain.Consent{Granted: []domain.Purpose{domain.PurposeData, domain.PurposeFace}}
	data := domain.Consent{Granted: []domain.Purpose{domain.PurposeData}, Refused: []domain.Purpose{domain.PurposeFace}}
	back := both
	back.Withdrawn = []domain.Withdrawal{{Purpose: domain.PurposeFace, At: time.Unix(1, 0)}}
	for name, tc := range map[string]struct {
		given []domain.Consent
		want  bool
	}{
		"to the face":    {[]domain.Consent{both}, true},
		"to data alone":  {[]domain.Consent{data}, false},
		"taken back":     {[]domain.Consent{back}, false},
		"given again":    {[]domain.Consent{back, both}, true},
		"never asked":    {nil, false},
		"data, then all": {[]domain.Consent{data, both}, true},
	} {
		got, err := faceConsent(t.Context(), oneProfile{p: domain.Profile{Consents: tc.given}}, "p")
		if err != nil || got != tc.want {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	broken := errors.New("no disk")
	if ok, err := faceConsent(t.Context(), oneProfile{domain.Profile{Consents: []domain.Consent{both}}, broken}, "p"); ok || !errors.Is(err, broken) {
		t.Errorf("a consent that cannot be read: %v, %v", ok, err)
	}
}
