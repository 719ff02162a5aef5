package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"agentid/app/config"
	"agentid/app/domain"
	"agentid/vision"
	"agentid/vision/espcam/cast"
	"agentid/vision/espcam/device"
	"agentid/vision/mjpeg"
	"agentid/vision/opencv"
)

// camera is where the pictures come from, and how it is set up.
type camera struct {
	source vision.Source
	none   bool                                              // there is none, and its source gives nothing
	setUp  func(ctx context.Context, s cameraSettings) error // nil where it cannot be set
	close  func() error                                      // may be nil
	want   atomic.Pointer[cameraSettings]                    // what it is to be set to
}

// cameraSettings are those of an ESP32-CAM; what is empty, 0 or -1 is left.
type cameraSettings struct {
	FrameSize string
	Quality   int
	LED       int
}

// cameraChoice is what the configuration says of the camera.
type cameraChoice struct {
	URL     config.Address
	Control config.Address // "": where an ESP32-CAM usually has it
	cameraSettings
}

// openCamera prepares a camera; nothing is sent before its source runs.
func openCamera(ctx context.Context, c cameraChoice, clock domain.Clock, log *slog.Logger) (*camera, error) {
	switch c.URL.Kind() {
	case config.CameraDemo:
		script := cast.NewScript(cast.Cast())
		d, err := device.Start(ctx, device.Options{Content: device.Drawn(&fromFirstLook{script: script}), Clock: clock})
		if err != nil {
			return nil, fmt.Errorf("start the simulated camera: %w", err)
		}
		log.Info("simulated camera", slog.String("stream", d.StreamURL()))
		cam := espCamera(cameraChoice{URL: config.Address(d.StreamURL()), cameraSettings: cameraSettings{LED: -1}}, d.ControlURL(), clock, log)
		cam.close = d.Close
		return cam, nil
	case config.CameraNone:
		return &camera{source: nothing{}, none: true}, nil
	case config.CameraMJPEG:
		if err := mjpeg.CheckURL(c.URL.Reveal()); err != nil {
			return nil, fmt.Errorf("camera: %w", err)
		}
		control := c.Control.Reveal()
		if control == "" {
			var err error
			if control, err = mjpeg.ControlURL(c.URL.Reveal()); err != nil {
				return nil, fmt.Errorf("camera: %w", err)
			}
		}
		return espCamera(c, control, clock, log), nil
	default: // a webcam or an address that OpenCV opens
		from := c.URL.Reveal()
		if c.URL.Kind() == config.CameraDevice {
			from = strconv.Itoa(c.URL.Device())
		}
		src, err := opencv.NewCapture(from)
		if err != nil {
			return nil, fmt.Errorf("camera: %w", err)
		}
		return &camera{source: src}, nil
	}
}

// fromFirstLook begins a script when somebody first looks: the demo's first
// visitor does not come and go while the engine is still being opened.
type fromFirstLook struct {
	script *cast.Script
	once   sync.Once
	from   time.Duration
}

// Draw implements device.Drawer.
func (f *fromFirstLook) Draw(dst *image.RGBA, t time.Duration) {
	f.once.Do(func() { f.from = t })
	f.script.Draw(dst, t-f.from)
}

// espCamera is an ESP32-CAM: its stream, and its settings over the control port.
func espCamera(c cameraChoice, control string, clock domain.Clock, log *slog.Logger) *camera {
	client := mjpeg.New(mjpeg.Options{URL: c.URL.Reveal(), Clock: clock})
	ctl := mjpeg.NewControl(mjpeg.ControlOptions{URL: control, Clock: clock, Size: mjpeg.ClientSize(client)})
	cam := &camera{source: client, setUp: func(ctx context.Context, c cameraSettings) error {
		var errs []error
		if c.FrameSize != "" {
			size, err := ctl.SetFrameSize(ctx, c.FrameSize)
			if err != nil {
				errs = append(errs, fmt.Errorf("frame size %s: %w", c.FrameSize, err))
			} else {
				log.Info("camera frame size", slog.String("framesize", c.FrameSize), slog.Int("width", size.X), slog.Int("height", size.Y))
			}
		}
		if c.Quality > 0 {
			if err := ctl.SetQuality(ctx, c.Quality); err != nil {
				errs = append(errs, fmt.Errorf("quality: %w", err))
			}
		}
		if c.LED >= 0 {
			if err := ctl.SetLED(ctx, c.LED); err != nil {
				errs = append(errs, fmt.Errorf("light: %w", err))
			}
		}
		return errors.Join(errs...)
	}}
	cam.want.Store(&c.cameraSettings)
	return cam
}

// nothing is the source of a kiosk without a camera.
type nothing struct{}

// Run implements vision.Source.
func (nothing) Run(ctx context.Context, _ func(vision.Frame)) error {
	<-ctx.Done()
	return nil
}

// setUpTimeout bounds the settings of a camera that has just come back.
const setUpTimeout = 30 * time.Second

// keepSetUp applies the camera's settings each time that it comes back: a board
// that restarted has forgotten them. live hears of each return.
func (c *camera) keepSetUp(ctx context.Context, live <-chan struct{}, log *slog.Logger) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-live:
		}
		if c.setUp == nil {
			continue
		}
		tctx, cancel := context.WithTimeout(ctx, setUpTimeout)
		err := c.setUp(tctx, *c.want.Load())
		cancel()
		if err != nil && ctx.Err() == nil {
			log.Warn("camera settings not applied", slog.String("error", err.Error()))
		}
	}
}
