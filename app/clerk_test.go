package main

import (
	"fmt"
	"image"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"agentid/assets"
	"agentid/ui/widgets"
	"agentid/vision/espcam/cast"
	"agentid/vision/espcam/device"
)

// branch is a kiosk whose camera stands in its configuration, as that of a
// branch does: there, and only there, the tab may change it.
func branch(t *testing.T) (*host, *cast.Stage, *device.Device, string) {
	t.Helper()
	h := newHost(t, "")
	stage, cam := emptyLobby(t)
	file := filepath.Join(h.dir, "config", "agentid", "config.toml")
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("[camera]\nurl = %q\ncontrol_url = %q\n\n[liveness]\ngestures = \"turn\"\n", cam.StreamURL(), cam.ControlURL())
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return h, stage, cam, h.display(1280, 800)
}

// hold keeps a finger where something is for a while.
func (v *visitor) hold(kind, words string, long time.Duration) {
	v.t.Helper()
	at := v.find(kind, words)
	cmd := exec.Command("xdotool", "mousemove", fmt.Sprint(at.X), fmt.Sprint(at.Y), "mousedown", "1", "sleep", fmt.Sprint(long.Seconds()), "mouseup", "1")
	cmd.Env = append(os.Environ(), "DISPLAY="+v.display)
	if out, err := cmd.CombinedOutput(); err != nil {
		v.t.Fatalf("xdotool (Debian package xdotool): %v: %s", err, out)
	}
}

// seal opens the way in to the admin tab: the seal, held.
func (v *visitor) seal(step string) {
	v.t.Helper()
	v.toRest()
	v.hold("spot", "seal", widgets.SecretHold+500*time.Millisecond)
	v.await("the way in", 20*time.Second, func(s screenState) bool { return s.State == "admin" && s.Step == step && !s.Busy })
}

// signIn goes in as a member of staff.
func (v *visitor) signIn(login, pin string) {
	v.t.Helper()
	v.seal("sign_in")
	v.step("sign-in")
	v.credentials(login, pin)
	v.await(login+" in", 30*time.Second, func(s screenState) bool { return s.Step == "today" && !s.Busy })
}

func (v *visitor) credentials(login, pin string) {
	v.t.Helper()
	v.write(login)
	v.touch(v.display, v.find("key", "enter"))
	v.write(pin)
	v.touch(v.display, v.find("key", "enter"))
}

// signOut leaves the tab.
func (v *visitor) signOut() {
	v.t.Helper()
	v.tap("admin.ui.leave")
	v.await("the visitors' screen", 20*time.Second, func(s screenState) bool { return s.State != "admin" })
}

// page goes to a page of the tab.
func (v *visitor) page(name string) {
	v.t.Helper()
	v.tap("admin.ui.page." + name)
	v.await("page "+name, 30*time.Second, func(s screenState) bool { return s.State == "admin" && s.Step == name && !s.Busy })
}

// settled waits until the tab has answered.
func (v *visitor) settled() {
	v.t.Helper()
	v.await("an answer", 60*time.Second, func(s screenState) bool { return !s.Busy })
}

// deed touches a button of the tab and waits for what comes of it.
func (v *visitor) deed(key string, with ...assets.Values) {
	v.t.Helper()
	v.tap("admin."+key, with...)
	v.settled()
}

// rows are those of the tables on the screen.
func (v *visitor) rows() (out []widgets.Control) {
	v.t.Helper()
	return slices.DeleteFunc(v.controls(), func(c widgets.Control) bool { return c.Kind != "row" })
}

// row waits for the first row that says something.
func (v *visitor) row(words string) image.Point {
	v.t.Helper()
	for end := time.Now().Add(20 * time.Second); ; {
		for _, c := range v.rows() {
			if strings.Contains(c.Words, words) {
				return image.Pt(int(c.X+c.W/2), int(c.Y+c.H/2))
			}
		}
		if time.Now().After(end) {
			v.shot(v.display, "no-row")
			v.t.Fatalf("no row that says %q: %+v\n%s", words, v.rows(), v.tail())
		}
	}
}

// open opens the first row that says something.
func (v *visitor) open(words string) {
	v.t.Helper()
	v.touch(v.display, v.row(words))
	v.settled()
}

// fill writes into a field of a form, and takes the keyboard away.
func (v *visitor) fill(key, text string) {
	v.t.Helper()
	v.touch(v.display, v.find("field", v.say("admin."+key)))
	v.write(text)
	v.touch(v.display, v.find("key", "hide"))
}

// holds tells whether a text on the screen says something.
func (v *visitor) holds(words string) bool {
	v.t.Helper()
	return slices.ContainsFunc(v.controls(), func(c widgets.Control) bool {
		return c.Kind == "text" && strings.Contains(strings.Join(strings.Fields(c.Words), " "), words)
	})
}

// reads waits until the screen says something; a text of several lines, or one
// that begins so, counts too.
func (v *visitor) reads(words string) {
	v.t.Helper()
	for end := time.Now().Add(20 * time.Second); ; {
		if v.holds(words) {
			return
		}
		if time.Now().After(end) {
			v.shot(v.display, "not-read")
			v.t.Fatalf("the screen does not say %q: %+v\n%s", words, v.controls(), v.tail())
		}
	}
}

// setupCode is what the kiosk printed on its console.
func (r *running) setupCode() string {
	r.h.t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, line := range r.log {
		if strings.HasPrefix(line, "There is no administrator yet.") && i+2 < len(r.log) {
			return strings.TrimSpace(r.log[i+2])
		}
	}
	r.h.t.Fatal("the console shows no code")
	return ""
}

// firstRun makes the first administrator with the console's code.
func (v *visitor) firstRun(name, login, pin string) {
	v.t.Helper()
	code := v.setupCode()
	v.seal("setup")
	v.touch(v.display, v.find("field", v.say("admin.ui.setup_code")))
	v.step("setup")
	for _, text := range []string{code, name, login, pin, pin} {
		v.write(text)
		v.step("setup-written")
		v.touch(v.display, v.find("key", "enter"))
	}
	v.await("the tab", 30*time.Second, func(s screenState) bool { return s.Step == "today" && !s.Busy })
}
