package kiosk

import (
	"errors"
	"testing"
	"time"

	"agentid/app/domain"
)

// Of a kiosk that was revoked, what the list here says was issued before holds, and
// nothing else: who has its key writes into a token what they like.
func TestBadgesOfARevokedKiosk(t *testing.T) {
	d := newDesk(t)
	d.somebody(true)
	v := NewValidator(*d.o.Flows, d.clock, nil)
	issued := d.reg.badges["b1"].NotBefore
	d.clock.Advance(time.Hour)
	for name, tt := range map[string]struct {
		before time.Time
		badge  domain.Reason
		data   error
	}{
		"trusted":              {time.Time{}, "", nil},
		"revoked since":        {issued.Add(time.Minute), "", nil},
		"revoked at that time": {issued, domain.ReasonBadgeUnknown, errNoWayIn},
		"revoked before":       {issued.Add(-time.Minute), domain.ReasonBadgeUnknown, errNoWayIn},
	} {
		d.badges.before = tt.before
		_, _, verdict, err := v.Present(t.Context(), badgeText)
		if err != nil || verdict.Reason != tt.badge || (verdict.Outcome == OutcomeNo) != (tt.badge != "") {
			t.Errorf("%s: %+v, %v", name, verdict, err)
		}
		for _, text := range []string{badgeText, receiptText} {
			if _, _, err := v.forData(t.Context(), text); !errors.Is(err, tt.data) {
				t.Errorf("%s: own data by %s: %v", name, text, err)
			}
		}
	}
	// Nor does a badge hold for longer than it was issued for.
	d.badges.before = time.Time{}
	d.clock.Advance(366 * 24 * time.Hour)
	if _, _, verdict, err := v.Present(t.Context(), badgeText); err != nil || verdict.Reason != domain.ReasonBadgeExpired {
		t.Errorf("%+v, %v", verdict, err)
	}
}
