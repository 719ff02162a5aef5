package main

import (
	"context"
	"errors"
	"image"
	"strconv"
	"time"

	"agentid/app/config"
	"agentid/app/domain"
	"agentid/app/kiosk"
)

// cameraDesk looks after the kiosk's camera. There is one: another one takes
// its place.
type cameraDesk struct{ p *program }

var _ kiosk.CameraDesk = cameraDesk{}

const (
	theCamera = "1"
	// glimpsePatience is how long a test picture is waited for.
	glimpsePatience = 5 * time.Second
)

// cameraSizes are the frame sizes that an ESP32-CAM may be asked for.
var cameraSizes = []string{"qvga", "vga", "svga", "xga", "hd", "sxga", "uxga"}

// Cameras implements kiosk.CameraDesk.
func (d cameraDesk) Cameras(context.Context) ([]kiosk.CameraInfo, error) {
	k := d.p.config().Camera
	c := kiosk.CameraInfo{
		ID: theCamera, Address: k.URL.String(), Settings: kiosk.CameraSettings{FrameSize: k.FrameSize, LED: k.LED},
		Health: domain.CameraHealth{State: domain.CameraConnecting}, Rate: d.p.rates.list(), RateStep: rateStep,
	}
	if h := d.p.health.Load(); h != nil {
		c.Health = *h
	}
	if k.URL.Kind() == config.CameraMJPEG {
		c.Sizes = cameraSizes
	}
	return []kiosk.CameraInfo{c}, nil
}

// TestPicture implements kiosk.CameraDesk.
func (d cameraDesk) TestPicture(ctx context.Context, id string) (*image.RGBA, error) {
	if id != theCamera {
		return nil, domain.ErrNotFound
	}
	ctx, cancel := context.WithTimeout(ctx, glimpsePatience)
	defer cancel()
	return d.p.glimpse.next(ctx)
}

// SetCamera implements kiosk.CameraDesk: the settings are kept, and the camera
// is given them as it comes back.
func (d cameraDesk) SetCamera(_ context.Context, id string, s kiosk.CameraSettings) error {
	if id != theCamera {
		return domain.ErrNotFound
	}
	_, err := d.set(map[string]string{"camera.framesize": s.FrameSize, "camera.led": strconv.Itoa(s.LED)})
	return err
}

// Connect implements kiosk.CameraDesk.
func (d cameraDesk) Connect(_ context.Context, address string) (restart bool, err error) {
	return d.set(map[string]string{"camera.url": address, "camera.control_url": "", "demo": "false"})
}

// Remove implements kiosk.CameraDesk: without a camera this program is the
// demo, which is no state for a branch to be left in.
func (d cameraDesk) Remove(_ context.Context, id string) (restart bool, err error) {
	if id != theCamera {
		return false, domain.ErrNotFound
	}
	return false, errors.ErrUnsupported
}

func (d cameraDesk) set(values map[string]string) (restart bool, err error) {
	lang := d.p.machine.View().Lang
	desk := configDesk(d)
	list, err := config.Describe(desk.sources(lang), lang)
	if err != nil {
		return false, err
	}
	for _, s := range list {
		if _, asked := values[s.Key]; asked && (s.From.Kind == config.FromFlag || s.From.Kind == config.FromEnvironment) {
			return false, &kiosk.SettingError{Text: map[domain.Lang]string{
				domain.Spanish: "Lo fija el inicio del kiosco (" + s.From.Name + ").", domain.English: "The start of the kiosk fixes it (" + s.From.Name + ").",
			}[lang]}
		}
	}
	return desk.set(lang, values)
}
