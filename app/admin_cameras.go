package main

import (
	"context"
	"image"
	"strconv"
	"time"

	"agentid/app/config"
	"agentid/app/domain"
	"agentid/app/kiosk"
)

// cameraDesk looks after the kiosk's camera. There is one, or none: another one
// takes its place.
type cameraDesk struct{ p *program }

var _ kiosk.CameraDesk = cameraDesk{}

const (
	theCamera = "1"
	// glimpsePatience is how long a test picture is waited for, liveLook how often
	// a camera that was taken is looked after meanwhile, and livePatience how long.
	glimpsePatience = 5 * time.Second
	liveLook        = 100 * time.Millisecond
	livePatience    = 10 * time.Second
	// setPatience bounds how long a camera may take to be set.
	setPatience = 20 * time.Second
)

// cameraSizes are the frame sizes that an ESP32-CAM may be asked for.
var cameraSizes = []string{"qvga", "vga", "svga", "xga", "hd", "sxga", "uxga"}

// Cameras implements kiosk.CameraDesk.
func (d cameraDesk) Cameras(context.Context) (list []kiosk.CameraInfo, err error) {
	cfg := d.p.config()
	k := cfg.Camera
	if k.URL.Kind() != config.CameraNone || d.waits(cfg) {
		c := kiosk.CameraInfo{
			ID: theCamera, Address: k.URL.String(), Settings: kiosk.CameraSettings{FrameSize: k.FrameSize, LED: k.LED},
			Health: domain.CameraHealth{State: domain.CameraConnecting}, Rate: d.p.rates.list(), RateStep: rateStep,
			Demo: d.p.c.cfg.Demo, AtRestart: d.waits(cfg), Removable: !d.p.c.cfg.Demo,
		}
		if h := d.p.health.Load(); h != nil {
			c.Health = *h
		}
		if k.URL.Kind() == config.CameraMJPEG && !c.AtRestart {
			c.Sizes = cameraSizes
		}
		list = append(list, c)
	}
	for _, f := range d.p.found.others(k.URL) {
		list = append(list, foundInfo(f))
	}
	return list, nil
}

// waits tells that what is configured counts from the next start on: from the
// demo to real people, and back, the data are others.
func (d cameraDesk) waits(cfg config.Config) bool { return cfg.Demo != d.p.c.cfg.Demo }

// TestPicture implements kiosk.CameraDesk.
func (d cameraDesk) TestPicture(ctx context.Context, id string) (*image.RGBA, error) {
	if f, ok := d.foundCamera(id); ok {
		return d.p.tryCamera(ctx, config.Address(f.Stream))
	}
	if id != theCamera {
		return nil, domain.ErrNotFound
	}
	ctx, cancel := context.WithTimeout(ctx, glimpsePatience)
	defer cancel()
	return d.p.glimpse.next(ctx)
}

// SetCamera implements kiosk.CameraDesk: the settings are kept and told to the
// camera, now and each time that it comes back.
func (d cameraDesk) SetCamera(ctx context.Context, id string, s kiosk.CameraSettings) error {
	if id != theCamera {
		return domain.ErrNotFound
	}
	if _, err := d.set(map[string]string{"camera.framesize": s.FrameSize, "camera.led": strconv.Itoa(s.LED)}); err != nil {
		return err
	}
	cam, h := d.p.camera.Load(), d.p.health.Load()
	if cam.setUp == nil || h == nil || h.State != domain.CameraLive {
		return kiosk.ErrNoEye
	}
	ctx, cancel := context.WithTimeout(ctx, setPatience)
	defer cancel()
	if err := cam.setUp(ctx, settingsOf(d.p.config().Camera)); err != nil {
		return &kiosk.CameraError{Why: kiosk.CameraDeaf, Err: err}
	}
	return nil
}

// Connect implements kiosk.CameraDesk. A camera is taken once it has shown a
// picture.
func (d cameraDesk) Connect(ctx context.Context, address string) (restart bool, err error) {
	a, control := cameraAddress(address), ""
	if f, ok := d.foundCamera(address); ok {
		control = d.p.near.controlOf(f)
	}
	if wrong := config.CheckAddress(string(a), d.p.machine.View().Lang); wrong != "" {
		return false, &kiosk.SettingError{Text: wrong}
	}
	switch a.Kind() {
	case config.CameraNone, config.CameraDemo: // that is done by removing it, and on the console
		return false, &kiosk.CameraError{Why: kiosk.CameraNotOne}
	}
	was, running := d.p.config(), d.p.camera.Load()
	if host := hostOf(a); !d.waits(was) && (a == was.Camera.URL || host != "" && host == hostOf(was.Camera.URL)) {
		return false, &kiosk.CameraError{Why: kiosk.CameraOurs}
	}
	if err := d.changeable("camera.url", "camera.control_url", "demo"); err != nil {
		return false, err // before anybody's camera is asked
	}
	if _, err := d.p.tryCamera(ctx, a); err != nil {
		return false, err
	}
	restart, err = d.set(map[string]string{"camera.url": string(a), "camera.control_url": control, "demo": "false"})
	if err != nil {
		return false, err
	}
	d.p.found.set(nil) // who has which is another matter now
	if !restart {
		d.awaitLive(ctx, running)
	}
	return restart, nil
}

// awaitLive gives a camera that is to take the place of another a moment to be
// seen, so that the page shows it live.
func (d cameraDesk) awaitLive(ctx context.Context, was *camera) {
	for range int(livePatience / liveLook) {
		if h := d.p.health.Load(); d.p.camera.Load() != was && h != nil && h.State == domain.CameraLive {
			return
		}
		if !d.p.wait(ctx, liveLook) {
			return
		}
	}
}

// Remove implements kiosk.CameraDesk: the kiosk goes on without a camera, which
// is another thing than the demo.
func (d cameraDesk) Remove(_ context.Context, id string) (restart bool, err error) {
	if id != theCamera {
		return false, domain.ErrNotFound
	}
	return d.set(map[string]string{"camera.url": string(config.NoCamera), "camera.control_url": "", "demo": "false"})
}

// changeable is a *kiosk.SettingError where the start of the kiosk fixes one of
// the settings.
func (d cameraDesk) changeable(keys ...string) error {
	lang := d.p.machine.View().Lang
	list, err := config.Describe(configDesk(d).sources(lang), lang)
	if err != nil {
		return err
	}
	fixed := map[string]config.From{}
	for _, s := range list {
		if s.From.Kind == config.FromFlag || s.From.Kind == config.FromEnvironment {
			fixed[s.Key] = s.From
		}
	}
	for _, key := range keys {
		if from, ok := fixed[key]; ok {
			return &kiosk.SettingError{Text: map[domain.Lang]string{
				domain.Spanish: "Lo fija el inicio del kiosco (" + from.Name + ").", domain.English: "The start of the kiosk fixes it (" + from.Name + ").",
			}[lang]}
		}
	}
	return nil
}

func (d cameraDesk) set(values map[string]string) (restart bool, err error) {
	keys := make([]string, 0, len(values))
	for k := range values {
		keys = append(keys, k)
	}
	if err := d.changeable(keys...); err != nil {
		return false, err
	}
	return configDesk(d).set(d.p.machine.View().Lang, values)
}
