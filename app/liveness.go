package main

import (
	"fmt"
	"path/filepath"

	"agentid/vision"
	"agentid/vision/opencv"
)

// passive opens the nets that tell a face from a picture of one, where they are
// installed. Without them a gesture alone is asked.
func (o *opener) passive() {
	found, err := o.f.Find(o.ctx, modelLiveness)
	if !o.opened(modelLiveness, err) {
		return
	}
	var nets []opencv.MiniFASNetModel
	for _, f := range found.Files {
		p, err := f.OnDisk(o.ctx, filepath.Join(o.c.CacheDir, "models"))
		if !o.opened(modelLiveness, err) {
			return
		}
		nets = append(nets, opencv.MiniFASNetModel{Path: p, Crop: f.File.Crop})
	}
	net, err := opencv.NewMiniFASNet(nets...)
	if o.opened(modelLiveness, err) {
		o.e.passive = net
		o.onClose(net.Close)
	}
}

// landmarks chooses who finds the points that poses and gestures are seen by:
// YuNet and HOG give them with each face, Haar does not.
func (o *opener) landmarks() {
	switch {
	case o.e.detector.Name() != "haar":
	case o.yunet != nil:
		o.e.marks = o.yunet
	case o.e.encoder != nil:
		o.e.marks = vision.EncoderLandmarks(o.e.encoder)
	}
}

func (c *cli) livenessMode() vision.LivenessMode { return vision.LivenessMode(c.cfg.Liveness.Mode) }

// livenessOptions are what is configured, with what the engine has for it.
func (c *cli) livenessOptions(e *engine) vision.LivenessOptions {
	return vision.LivenessOptions{
		Mode: c.livenessMode(), Passive: e.passive, MinScore: c.cfg.Liveness.MinScore, Timeout: c.cfg.Liveness.Timeout,
		Gestures: gestures(c.cfg.Liveness.Gestures),
	}
}

// gestures are those of a setting; nil, all of them.
func gestures(setting string) []vision.Gesture {
	switch setting {
	case "turn":
		return []vision.Gesture{vision.GestureTurnLeft, vision.GestureTurnRight}
	case "blink":
		return []vision.Gesture{vision.GestureBlink}
	}
	return nil
}

// livenessGrade tells staff what the proof of life stands on, and what to do
// where that is less than was asked for.
func (c *cli) livenessGrade(e *engine) (detail, mend string) {
	mode := c.livenessMode()
	switch {
	case mode == vision.LivenessOff:
		return "off: a photograph of somebody passes for them", "set liveness.mode to either"
	case e.passive == nil:
		return fmt.Sprintf("%s, active only: passive models not installed", mode),
			"agentid models install " + modelLiveness + " --from FOLDER"
	}
	return fmt.Sprintf("%s, %s and gestures", mode, e.passive.Name()), ""
}

// sessionOptions are what a capture and a verification by this engine share.
func (c *cli) sessionOptions(e *engine) vision.SessionOptions {
	return vision.SessionOptions{
		Encoder: e.encoder, Gate: c.analyserOptions(e).Gate, Landmarker: e.marks, Liveness: c.livenessOptions(e),
	}
}

// thresholds are the distances that flows go by, in the encoder's metric.
type thresholds struct {
	Verify    float64 // of a face and the templates of the badge's person
	Spread    float64 // of two pictures of a registration
	Duplicate float64 // of a registration and somebody enrolled
}

// thresholds are the encoder's own, but for what is configured. A duplicate is
// whom the lobby would greet.
func (c *cli) thresholds(e *engine) thresholds {
	own := e.encoder.Threshold()
	if c.cfg.Demo && e.encoder.Metric() == vision.CosineDistance {
		own = min(own, demoVerifyCosine)
	}
	t := thresholds{Verify: own, Spread: own, Duplicate: c.analyserOptions(e).Rules.Threshold}
	if v := c.cfg.Recognition.VerifyThreshold; v > 0 {
		t.Verify = v
	}
	if v := c.cfg.Recognition.MaxSpread; v > 0 {
		t.Spread = v
	}
	return t
}
