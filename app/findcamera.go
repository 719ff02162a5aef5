package main

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"sync"

	"agentid/app/config"
	"agentid/app/kiosk"
	"agentid/vision/mjpeg"
)

// lan is where cameras are looked for, and on which ports; tests look among
// addresses of their own.
type lan struct {
	addrs           func() ([]netip.Addr, error)
	control, stream uint16 // 0: an ESP32-CAM's
}

// nearby is this machine's own networks.
var nearby = lan{addrs: mjpeg.Neighbours}

// foundCameras are those that the last search found, and nobody took yet.
type foundCameras struct {
	mu   sync.Mutex
	list []mjpeg.Found
}

func (f *foundCameras) set(list []mjpeg.Found) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.list = list
}

// others are the cameras found beside the one in use.
func (f *foundCameras) others(inUse config.Address) []mjpeg.Found {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(f.list), func(c mjpeg.Found) bool { return hostOf(config.Address(c.Stream)) == hostOf(inUse) })
}

// Find implements kiosk.CameraDesk. It looks at this machine's own networks
// alone, a second for each address, a few at a time.
func (d cameraDesk) Find(ctx context.Context, tell func(done, total int)) (searched, found int, err error) {
	addrs, err := d.p.near.addrs()
	if err != nil {
		return 0, 0, err
	}
	list, err := mjpeg.Scan(ctx, mjpeg.ScanOptions{
		Addrs: addrs, ControlPort: d.p.near.control, StreamPort: d.p.near.stream, Clock: d.p.c.clock, OnProgress: tell,
	})
	if err != nil && !errors.Is(err, context.Canceled) {
		return 0, 0, err
	}
	d.p.found.set(list)
	return len(addrs), len(d.p.found.others(d.p.config().Camera.URL)), err
}

// foundInfo is a camera that was found, as the page lists it.
func foundInfo(f mjpeg.Found) kiosk.CameraInfo {
	return kiosk.CameraInfo{ID: f.Stream, Address: f.Stream, Found: true, Busy: f.Busy}
}

// foundCamera gives one of those found, by its address.
func (d cameraDesk) foundCamera(id string) (mjpeg.Found, bool) {
	list := d.p.found.others(d.p.config().Camera.URL)
	i := slices.IndexFunc(list, func(f mjpeg.Found) bool { return f.Stream == id })
	if i < 0 {
		return mjpeg.Found{}, false
	}
	return list[i], true
}

// controlOf is the address of its settings, where it is not the usual one.
func (l lan) controlOf(f mjpeg.Found) string {
	if l.control == 0 {
		return ""
	}
	return "http://" + netip.AddrPortFrom(f.Addr, l.control).String()
}
