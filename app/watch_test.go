package main

import (
	"context"
	"testing"

	"agentid/app/config"
	"agentid/vision"
	"agentid/vision/opencv"
)

// leaving is a camera that tells of its end.
type leaving struct{ last func() }

// Run implements vision.Source.
func (l leaving) Run(ctx context.Context, _ func(vision.Frame)) error {
	<-ctx.Done()
	l.last()
	return nil
}

// Another engine that is configured while the camera is being changed is opened.
func TestAnotherEngineWhileTheCameraChanges(t *testing.T) {
	for _, other := range []bool{false, true} {
		k := newAdminKiosk(t)
		change := func(do func(*config.Config)) {
			k.cfgMu.Lock()
			defer k.cfgMu.Unlock()
			do(&k.cfg)
		}
		must(t, k.camera.Swap(&camera{source: leaving{func() {
			if other {
				change(func(c *config.Config) { c.Recognition.Votes++ })
			}
		}}}).Close())
		change(func(c *config.Config) { c.Camera.URL = config.NoCamera })
		k.lookAgain()
		_, anew := k.look(t.Context(), &engine{decoder: opencv.Decoder{}, detector: blind{}}, nil, "")
		if anew != other || k.c.cfg.Recognition != k.config().Recognition || !k.camera.Load().none {
			t.Errorf("the engine is opened anew: %v, want %v", anew, other)
		}
	}
}
