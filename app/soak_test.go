package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"agentid/vision/espcam/cast"
	"agentid/vision/espcam/device"
)

// TestSoakKioskThroughFaults runs the real kiosk before a camera that goes
// through all its faults, round and round: after each the picture comes back by
// itself, and the process does not grow. `make soak` runs it.
func TestSoakKioskThroughFaults(t *testing.T) {
	length, err := time.ParseDuration(os.Getenv("AGENTID_SOAK"))
	if err != nil {
		t.Skip("skipped: AGENTID_SOAK says for how long, as in `make soak`")
	}
	h := newHost(t, "")
	play := newPlay(cast.NewScript(cast.Cast()))
	cam, err := device.Start(t.Context(), device.Options{Content: device.Drawn(play)})
	if err != nil {
		t.Fatal(err)
	}
	defer cam.Close()
	h.env = append(h.env, "AGENTID_CAMERA_URL="+cam.StreamURL(), "AGENTID_CAMERA_CONTROL_URL="+cam.ControlURL())
	h.display(1280, 800)
	k := h.start()
	play.begin()
	live := func() {
		k.await("pictures", 90*time.Second, func(s screenState) bool { return s.Camera == "live" })
		k.settle()
	}
	live()
	var warm, last int
	rounds := 0
	for end := time.Now().Add(length); time.Now().Before(end); rounds++ {
		for _, f := range device.Faults() {
			if f == device.None || time.Now().After(end) {
				continue
			}
			if err := cam.SetFault(f, 1); err != nil {
				t.Fatalf("%s: %v", f, err)
			}
			from := k.screen().PicturesShown
			if err := waitSent(cam, 3); err != nil {
				t.Logf("%s: %v", f, err)
			}
			if err := cam.SetFault(device.None, 0); err != nil {
				t.Fatal(err)
			}
			k.await(fmt.Sprintf("picture after %s", f), 90*time.Second, func(s screenState) bool {
				return s.Camera == "live" && s.PicturesShown > from+10
			})
		}
		last = rss(t, k.cmd.Process.Pid)
		t.Logf("round %d: %d MB", rounds, last>>10)
		if rounds == 0 {
			warm = last
		}
	}
	k.stop()
	if rounds > 1 && last > warm+warm/4 {
		t.Errorf("resident memory grew from %d to %d MB in %d rounds", warm>>10, last>>10, rounds)
	}
}

// waitSent waits until the camera has sent n more parts, or for six seconds: some
// faults send none.
func waitSent(cam *device.Device, n uint64) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	from, patience := cam.Sent(), time.After(6*time.Second)
	for cam.Sent() < from+n {
		select {
		case <-tick.C:
		case <-patience:
			return fmt.Errorf("%d parts sent in six seconds", cam.Sent()-from)
		}
	}
	return nil
}

// rss is the resident memory of a process, in KB.
func rss(t *testing.T, pid int) int {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			n, err := strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")))
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	t.Fatal("no VmRSS")
	return 0
}
