package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"time"

	"agentid/app/config"
	"agentid/app/kiosk"
	"agentid/vision"
	"agentid/vision/mjpeg"
	"agentid/vision/opencv"
)

const (
	// tryPatience is how long a camera that staff wants may take to its first
	// picture, and how long one that is busy may take to be free: the client that
	// it has may be our own last try, which it has not seen leave.
	tryPatience = 6 * time.Second
	busyPause   = 500 * time.Millisecond
)

// errNoPicture says that none came in time.
var errNoPicture = errors.New("no picture in time")

// firstPicture runs a source up to its first picture that decodes.
func firstPicture(ctx context.Context, src vision.Source, patience time.Duration) (*image.RGBA, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var pool vision.PicturePool
	var got *image.RGBA
	var bad error
	err := src.Run(ctx, func(f vision.Frame) {
		if got != nil {
			return
		}
		pic, err := pool.Decode(opencv.Decoder{}, f)
		if err != nil { // the next one may be whole
			bad = err
			return
		}
		got = pic.RGBA()
		cancel()
	})
	switch {
	case got != nil:
		return got, nil
	case err != nil:
		return nil, err
	case bad != nil:
		return nil, bad
	}
	if r, ok := src.(vision.HealthReporter); ok && r.Health().BadFrames > 0 {
		return nil, fmt.Errorf("%w: %s", vision.ErrPicture, r.Health().LastError)
	}
	return nil, fmt.Errorf("%w: %s", errNoPicture, patience)
}

// tryCamera connects to a camera and looks at a picture of it. *kiosk.CameraError
// says why it cannot be used.
func (p *program) tryCamera(ctx context.Context, a config.Address) (*image.RGBA, error) {
	cam, err := openCamera(ctx, cameraChoice{URL: a, cameraSettings: cameraSettings{LED: -1}}, p.c.clock, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, &kiosk.CameraError{Why: kiosk.CameraNotOne, Err: err}
	}
	defer cam.Close()
	img, err := firstPicture(ctx, cam.source, tryPatience)
	for end := p.c.clock.Now().Add(tryPatience); errors.Is(err, mjpeg.ErrBusy) && p.c.clock.Now().Before(end) && p.wait(ctx, busyPause); {
		img, err = firstPicture(ctx, cam.source, tryPatience)
	}
	if err == nil {
		return img, nil
	}
	return nil, &kiosk.CameraError{Why: whyNot(err, func() bool { return anyoneAt(ctx, a) }), Err: err}
}

// wait waits; false at the end of ctx.
func (p *program) wait(ctx context.Context, d time.Duration) bool {
	t := p.c.clock.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C():
		return true
	case <-ctx.Done():
		return false
	}
}

// whyNot is what is wrong with a camera, as far as its failure tells; reached
// asks whether anything is at its address at all.
func whyNot(err error, reached func() bool) kiosk.CameraTrouble {
	var network net.Error
	switch {
	case errors.Is(err, mjpeg.ErrCredentials):
		return kiosk.CameraPassword
	case errors.Is(err, mjpeg.ErrBusy):
		return kiosk.CameraBusy
	case errors.Is(err, mjpeg.ErrStatus), errors.Is(err, mjpeg.ErrNotStream), errors.Is(err, mjpeg.ErrBadPictures), errors.Is(err, vision.ErrPicture):
		return kiosk.CameraNotOne
	case errors.Is(err, mjpeg.ErrStalled), errors.Is(err, errNoPicture):
		if reached() { // most boards let a second client hang
			return kiosk.CameraBusy
		}
		return kiosk.CameraSilent
	case errors.As(err, &network) || !reached():
		return kiosk.CameraSilent
	}
	return kiosk.CameraNotOne
}

// anyoneAt tells whether something takes connections at an address.
func anyoneAt(ctx context.Context, a config.Address) bool {
	host := hostOf(a)
	if host == "" {
		return false
	}
	conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp", host)
	if err != nil {
		return false
	}
	conn.Close()
	return true
}

// hostOf is host and port of a camera on the network; "" for any other.
func hostOf(a config.Address) string {
	u, err := url.Parse(a.Reveal())
	if err != nil || u.Hostname() == "" {
		return ""
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443", "rtsp": "554", "rtsps": "322"}[u.Scheme]
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// cameraAddress completes what staff writes: the bare name or number of an
// ESP32-CAM is the address of its stream.
func cameraAddress(s string) config.Address {
	s = strings.TrimSpace(s)
	scheme, _, ok := strings.Cut(s, ":")
	switch {
	case s == "" || strings.Contains(s, "://"):
		return config.Address(s)
	case ok && (scheme == "device" || scheme == "demo" || scheme == "none"):
		return config.Address(s)
	}
	host, path, _ := strings.Cut(s, "/")
	if !strings.Contains(host, ":") {
		host += ":81"
	}
	if path == "" {
		path = "stream"
	}
	return config.Address("http://" + host + "/" + path)
}
