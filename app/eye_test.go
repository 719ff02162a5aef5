package main

import (
	"context"
	"errors"
	"image"
	"testing"
	"time"

	"agentid/app/badge"
	"agentid/app/config"
	"agentid/app/domain"
	"agentid/app/kiosk"
	"agentid/vision/espcam/cast"
)

// TestRegisterThenVerify captures somebody of the cast, stores them, knows them
// again, and nobody else: by each engine that make run may use.
func TestRegisterThenVerify(t *testing.T) {
	for name, models := range demoEngines(t) {
		t.Run(name, func(t *testing.T) {
			st := newStage(t, models, nil)
			people := cast.Cast()
			var got kiosk.Captured
			st.during(obliging(people[0]), func(ctx context.Context, tell func(kiosk.FaceProgress)) {
				var err error
				if got, err = st.eye.Capture(ctx, tell); err != nil {
					t.Error(err)
				}
			})
			if got.Reason != domain.ReasonEnrolled || len(got.Templates) != 5 || got.Duplicate != "" {
				t.Fatalf("captured: %s, %d templates, duplicate %q after %d frames (%+v)", got.Reason, len(got.Templates), got.Duplicate, st.shown, got.Evidence)
			}
			if ev := got.Evidence; ev.Encoder != st.e.encoder.Ref() || ev.LivenessReason == "" || ev.Frames != 5 || ev.Distance > ev.Threshold || ev.Quality <= 0 {
				t.Errorf("evidence %+v", ev)
			}
			who := domain.PersonID(newID())
			p := domain.Person{ID: who, Name: people[0].Name, CreatedAt: st.clock.Now()}
			if err := st.store.AddPerson(t.Context(), p, got.Templates); err != nil {
				t.Fatal(err)
			}
			for _, x := range got.Templates {
				if err := st.g.Add(who, x.Vector); err != nil {
					t.Fatal(err)
				}
			}
			verify := func(as int) (v kiosk.Verified) {
				st.during(obliging(people[as]), func(ctx context.Context, tell func(kiosk.FaceProgress)) {
					var err error
					if v, err = st.eye.Verify(ctx, who, tell); err != nil {
						t.Error(err)
					}
				})
				return v
			}
			if v := verify(0); v.Reason != domain.ReasonRecognised || v.Evidence.Distance > v.Evidence.Threshold || v.Evidence.LivenessReason == "" || len(v.Snapshot) < 5000 {
				t.Errorf("the same person: %s, %+v, snapshot of %d bytes", v.Reason, v.Evidence, len(v.Snapshot))
			}
			if v := verify(2); v.Reason != domain.ReasonWrongFace || v.Snapshot != nil || v.Evidence.Distance <= v.Evidence.Threshold {
				t.Errorf("somebody else: %s, %+v", v.Reason, v.Evidence)
			}
			if models == "" { // slow: the rest does not hang on the engine
				return
			}
			st.during(obliging(people[0]), func(ctx context.Context, tell func(kiosk.FaceProgress)) {
				again, err := st.eye.Capture(ctx, tell)
				if err != nil || again.Reason != domain.ReasonEnrolled || again.Duplicate != who || again.Evidence.Distance > again.Evidence.Threshold {
					t.Errorf("registered again: %s, duplicate %q, %+v, %v", again.Reason, again.Duplicate, again.Evidence, err)
				}
				if _, err := st.eye.Verify(ctx, domain.PersonID(newID()), tell); !errors.Is(err, domain.ErrNotFound) {
					t.Errorf("somebody without templates: %v", err)
				}
			})
		})
	}
}

// TestLivenessModes: a face that does nothing is live only where nothing is asked.
func TestLivenessModes(t *testing.T) {
	who := cast.Cast()[1]
	img := who.Portrait(640, 480, demoPoses()[0])
	still := func(time.Duration, domain.Guide) *image.RGBA { return img }
	for mode, want := range map[string]struct {
		reason domain.Reason
		stands string
	}{
		"off":  {domain.ReasonRecognised, "off"},
		"both": {domain.ReasonNotLive, "gesture_timed_out"},
	} {
		st := newStage(t, sharedModels(t), func(c *config.Config) { c.Liveness.Mode, c.Liveness.Timeout = mode, 3*time.Second })
		if err := enrolDemo(t.Context(), st.e, st.store, st.clock); err != nil {
			t.Fatal(err)
		}
		list, err := st.store.People(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		st.during(still, func(ctx context.Context, tell func(kiosk.FaceProgress)) {
			v, err := st.eye.Verify(ctx, list[1].ID, tell)
			if err != nil || v.Reason != want.reason || v.Evidence.LivenessReason != want.stands {
				t.Errorf("%s: %s (%s), %v; want %+v", mode, v.Reason, v.Evidence.LivenessReason, err, want)
			}
		})
	}
}

// TestScanReadsABadge: somebody of the cast holds their badge up to the camera;
// it is told once a second.
func TestScanReadsABadge(t *testing.T) {
	st := newStage(t, "", nil)
	desk, err := st.cli.openBadges(t.Context(), st.store)
	if err != nil {
		t.Fatal(err)
	}
	b := st.cli.newBadge(domain.PersonID(newID()), 1)
	token, err := desk.token(b)
	if err != nil {
		t.Fatal(err)
	}
	code, err := badge.NewCode(token)
	if err != nil {
		t.Fatal(err)
	}
	at := cast.BeforeChest
	at.Width = 0.8 // held out to the camera
	script := cast.NewScript(cast.Cast()[:1], cast.WithDwell(time.Minute), cast.WithProp(0, code.Image(636), at))
	film := func(at time.Duration, _ domain.Guide) *image.RGBA {
		img := image.NewRGBA(image.Rect(0, 0, 640, 480))
		script.Draw(img, 2*time.Second+at)
		return img
	}
	var told []time.Time
	st.during(film, func(ctx context.Context, _ func(kiosk.FaceProgress)) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		err := st.eye.Scan(ctx, func(text string) {
			if text == "" {
				return
			}
			got, err := desk.Read(text)
			if err != nil || got.Badge != b.ID || got.Person != b.Person || got.Receipt {
				t.Errorf("read %+v, %v", got, err)
			}
			if told = append(told, st.clock.Now()); len(told) == 2 {
				cancel()
			}
		})
		if err != nil {
			t.Errorf("scan: %v", err)
		}
	})
	for i := 1; i < len(told); i++ {
		if d := told[i].Sub(told[i-1]); d < tellEvery-stageStep {
			t.Errorf("told again after %s", d)
		}
	}
	if len(told) != 2 {
		t.Errorf("told %d times", len(told))
	}
}
