package device

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"agentid/app/domain/domaintest"
	"agentid/vision/mjpeg/framesize"
)

func start(t *testing.T, o Options) *Device {
	t.Helper()
	d, err := Start(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// get fetches a path of the control port.
func get(t *testing.T, d *Device, path string) (int, http.Header, []byte) {
	t.Helper()
	resp, err := http.Get(d.ControlURL() + path)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, b
}

func decode(t *testing.T, b []byte) image.Image {
	t.Helper()
	img, err := jpeg.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// The standard library's strict reader understands the stream of a camera
// without faults.
func TestStreamIsMultipart(t *testing.T) {
	d := start(t, Options{Size: "qqvga", FPS: 200})
	resp, err := http.Get(d.StreamURL())
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	kind, params, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/x-mixed-replace" {
		t.Fatalf("content type %q, %v", kind, err)
	}
	parts := multipart.NewReader(resp.Body, params["boundary"])
	for range 5 {
		p, err := parts.NextRawPart()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(p)
		if err != nil || p.Header.Get("Content-Length") != fmt.Sprint(len(b)) || p.Header.Get("X-Timestamp") == "" {
			t.Errorf("%d bytes, header %v, %v", len(b), p.Header, err)
		}
		if size := decode(t, b).Bounds().Size(); size != image.Pt(160, 120) {
			t.Errorf("picture of %v", size)
		}
	}
}

func TestStatusAndControl(t *testing.T) {
	d := start(t, Options{Quality: 12})
	status := func() map[string]int {
		t.Helper()
		code, h, b := get(t, d, "/status")
		var m map[string]int
		if err := json.Unmarshal(b, &m); err != nil || code != 200 || h.Get("Content-Type") != "application/json" {
			t.Fatalf("status %d, %v: %s", code, err, b)
		}
		return m
	}
	s := status()
	for name, want := range map[string]int{"framesize": 8, "quality": 12, "brightness": 0, "led_intensity": 0, "awb": 1, "hmirror": 0, "pixformat": 3, "xclk": 20} {
		if got, ok := s[name]; !ok || got != want {
			t.Errorf("%s is %d, %v; want %d", name, got, ok, want)
		}
	}
	for _, c := range []struct {
		query string
		want  int
	}{
		{"var=framesize&val=5", 200}, {"var=quality&val=63", 200}, {"var=led_intensity&val=255", 200}, {"var=brightness&val=-2", 200},
		{"var=framesize&val=14", 500}, {"var=framesize&val=-1", 500}, {"var=quality&val=3", 500}, {"var=quality&val=64", 500},
		{"var=led_intensity&val=256", 500}, {"var=pixformat&val=1", 500}, {"var=nothing&val=1", 500}, {"var=quality&val=best", 500},
		{"var=quality", 404}, {"val=5", 404}, {"", 404},
	} {
		if code, _, _ := get(t, d, "/control?"+c.query); code != c.want {
			t.Errorf("%q: status %d, want %d", c.query, code, c.want)
		}
	}
	s = status()
	if s["framesize"] != 5 || s["quality"] != 63 || s["led_intensity"] != 255 || s["brightness"] != -2 {
		t.Errorf("after control: %v", s)
	}
	_, h, b := get(t, d, "/capture")
	if size := decode(t, b).Bounds().Size(); size != image.Pt(320, 240) || h.Get("Content-Type") != "image/jpeg" {
		t.Errorf("capture of %v, header %v", size, h)
	}
	if code, _, _ := get(t, d, "/fault?kind=stall"); code != 404 {
		t.Errorf("/fault answers %d where it is off", code)
	}
}

// corner is black but for its top left quarter.
type corner struct{}

func (corner) Draw(dst *image.RGBA, _ time.Duration) {
	for y := range dst.Rect.Dy() {
		for x := range dst.Rect.Dx() {
			c := color.RGBA{40, 40, 40, 255}
			if x < dst.Rect.Dx()/2 && y < dst.Rect.Dy()/2 {
				c = color.RGBA{200, 200, 200, 255}
			}
			dst.SetRGBA(x, y, c)
		}
	}
}

func TestSettingsShowInThePicture(t *testing.T) {
	var recorded bytes.Buffer
	img := image.NewRGBA(image.Rect(0, 0, 320, 240))
	corner{}.Draw(img, 0)
	if err := jpeg.Encode(&recorded, img, nil); err != nil {
		t.Fatal(err)
	}
	play := ContentFunc(func(_ time.Duration, s Settings) ([]byte, error) { return redevelop(recorded.Bytes(), s) })
	for name, content := range map[string]Content{"drawn": Drawn(corner{}), "recorded": play} {
		t.Run(name, func(t *testing.T) {
			d := start(t, Options{Content: content, Size: "qvga"})
			// look gives the grey in the middle of each quarter, row by row.
			look := func() (g [4]int, n int) {
				_, _, b := get(t, d, "/capture")
				img := decode(t, b)
				w, h := img.Bounds().Dx(), img.Bounds().Dy()
				for i := range g {
					c := color.GrayModel.Convert(img.At(w/4+w/2*(i%2), h/4+h/2*(i/2)))
					g[i] = int(c.(color.Gray).Y)
				}
				return g, len(b)
			}
			near := func(what string, want [4]int) {
				t.Helper()
				got, _ := look()
				for i := range got {
					if got[i] < want[i]-6 || got[i] > want[i]+6 {
						t.Errorf("%s: quarters %v, want %v", what, got, want)
						return
					}
				}
			}
			set := func(name string, v int) {
				t.Helper()
				if code, _, _ := get(t, d, fmt.Sprintf("/control?var=%s&val=%d", name, v)); code != 200 {
					t.Errorf("%s=%d: status %d", name, v, code)
				}
			}
			near("plain", [4]int{200, 40, 40, 40})
			set("hmirror", 1)
			near("mirrored", [4]int{40, 200, 40, 40})
			set("vflip", 1)
			near("and flipped", [4]int{40, 40, 40, 200})
			set("led_intensity", 255)
			near("and lit", [4]int{71, 71, 71, 231})
			set("led_intensity", 0)
			set("brightness", -1)
			near("and darker", [4]int{20, 20, 20, 180})
			_, fine := look()
			set("quality", 63)
			if _, coarse := look(); coarse >= fine {
				t.Errorf("%d bytes at quality 63, %d at 10", coarse, fine)
			}
		})
	}
}

func TestRecordedPicturesKeepTheirSizeUntilAsked(t *testing.T) {
	dir := t.TempDir()
	want := writeJPEGs(t, dir, 3, 200, 100)
	content, err := Folder(dir, 25)
	if err != nil {
		t.Fatal(err)
	}
	clock := domaintest.NewClock(time.Unix(0, 0))
	d := start(t, Options{Content: content, Clock: clock})
	for i := range 7 {
		if _, _, b := get(t, d, "/capture"); !bytes.Equal(b, want[i%3]) {
			t.Errorf("capture %d is not picture %d as it is", i, i%3)
		}
		clock.Advance(40 * time.Millisecond)
	}
	get(t, d, "/control?var=framesize&val=5")
	if _, _, b := get(t, d, "/capture"); decode(t, b).Bounds().Size() != image.Pt(320, 240) {
		t.Error("framesize did not change the picture")
	}
}

func TestFolderRefuses(t *testing.T) {
	dir := t.TempDir()
	if _, err := Folder(dir, 25); err == nil {
		t.Error("an empty folder is taken")
	}
	writeJPEGs(t, dir, 1, 32, 32)
	if _, err := Folder(dir, 0); err == nil {
		t.Error("0 pictures a second are taken")
	}
	if _, err := Folder(dir+"/nowhere", 25); err == nil {
		t.Error("no folder is taken")
	}
}

func TestSecondClientIsRefused(t *testing.T) {
	d := start(t, Options{Size: "qqvga", FPS: 100})
	first, err := http.Get(d.StreamURL())
	if err != nil {
		t.Fatal(err)
	}
	second, err := http.Get(d.StreamURL())
	if err != nil {
		t.Fatal(err)
	}
	second.Body.Close()
	if first.StatusCode != 200 || second.StatusCode != 503 {
		t.Errorf("status %d and %d", first.StatusCode, second.StatusCode)
	}
	if code, _, _ := get(t, d, "/capture"); code != 200 {
		t.Errorf("capture beside the stream: %d", code)
	}
	first.Body.Close()
	for { // the first one's place is free as soon as the camera notices
		third, err := http.Get(d.StreamURL())
		if err != nil {
			t.Fatal(err)
		}
		third.Body.Close()
		if third.StatusCode == 200 {
			break
		}
	}
}

func TestHangingClientsAreCapped(t *testing.T) {
	d := start(t, Options{Size: "qqvga", FPS: 100, Second: Hang})
	first, err := http.Get(d.StreamURL())
	if err != nil {
		t.Fatal(err)
	}
	defer first.Body.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	answered := make(chan error, maxClients)
	for range maxClients - 1 {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.StreamURL(), nil)
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			resp, err := http.DefaultClient.Do(req)
			if err == nil {
				resp.Body.Close()
			}
			answered <- err
		}()
	}
	for d.Clients() < maxClients {
		runtime.Gosched()
	}
	last, err := http.Get(d.StreamURL())
	if err != nil {
		t.Fatal(err)
	}
	last.Body.Close()
	if last.StatusCode != 503 || len(answered) != 0 {
		t.Errorf("status %d for one too many, %d of those that hang were answered", last.StatusCode, len(answered))
	}
	cancel()
	for range maxClients - 1 {
		if err := <-answered; err == nil {
			t.Error("a hanging client got an answer")
		}
	}
}

// By the injected clock: a frame a tick and no more.
func TestPace(t *testing.T) {
	clock := domaintest.NewClock(time.Unix(0, 0))
	d := start(t, Options{Size: "qqvga", FPS: 10, Clock: clock})
	resp, err := http.Get(d.StreamURL())
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	for want := uint64(1); want < 20; want++ {
		clock.AwaitTimers(1)
		if got := d.Sent(); got != want {
			t.Fatalf("%d pictures after %d ticks", got, want-1)
		}
		clock.Advance(100 * time.Millisecond)
	}
	clock.AwaitTimers(1)
	clock.Advance(time.Hour) // a hole in time is not filled up
	clock.AwaitTimers(1)
	clock.Advance(100 * time.Millisecond)
	clock.AwaitTimers(1)
	if got := d.Sent(); got > 23 {
		t.Errorf("%d pictures after a pause", got)
	}
}

func TestRestartForgetsAndReturns(t *testing.T) {
	clock := domaintest.NewClock(time.Unix(0, 0))
	d := start(t, Options{Size: "qqvga", FPS: 10, Clock: clock, Faults: true, Numbering: framesize.N2019})
	get(t, d, "/control?var=framesize&val=6")
	resp, err := http.Get(d.StreamURL())
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if code, _, b := get(t, d, "/fault?kind=restart&val=30"); code != 200 {
		t.Fatalf("%d: %s", code, b)
	}
	if _, err := io.Copy(io.Discard, resp.Body); err == nil {
		t.Error("the stream ended in order")
	}
	clock.AwaitTimers(1)
	if _, err := http.Get(d.ControlURL() + "/status"); err == nil {
		t.Error("it answers while it is away")
	}
	clock.Advance(30 * time.Second)
	for {
		resp, err := http.Get(d.ControlURL() + "/status")
		if err != nil {
			runtime.Gosched() // until the ports are taken again
			continue
		}
		b, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if !strings.Contains(string(b), `"framesize":0,`) {
			t.Errorf("settings were kept: %s", b)
		}
		break
	}
}

func TestFaultsOverThePort(t *testing.T) {
	d := start(t, Options{Faults: true})
	for _, f := range Faults() {
		if f == Restart {
			continue
		}
		if code, _, b := get(t, d, "/fault?kind="+string(f)+"&val=3"); code != 200 {
			t.Errorf("%s: %d %s", f, code, b)
		}
		if kind, _, _ := d.trouble.now(); kind != f {
			t.Errorf("%s: in force is %s", f, kind)
		}
	}
	for _, q := range []string{"kind=fire", "kind=stall&val=-1", "kind=stall&val=x", "kind=stall&val=99999999", ""} {
		if code, _, _ := get(t, d, "/fault?"+q); code != 400 {
			t.Errorf("%q: status %d", q, code)
		}
	}
	if code, _, b := get(t, d, "/"); code != 200 || !bytes.Contains(b, []byte("length_huge")) {
		t.Errorf("index: %d %s", code, b)
	}
}

// A fault lasts for as many occasions as asked for, then the stream is whole.
func TestFaultCounts(t *testing.T) {
	d := start(t, Options{Size: "qqvga", FPS: 200})
	if err := d.SetFault(NoLength, 3); err != nil {
		t.Fatal(err)
	}
	resp, err := http.Get(d.StreamURL())
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	without, lines := 0, bufio.NewReader(resp.Body)
	for parts, had := 0, true; parts < 8; {
		line, err := lines.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case line == "Content-Type: image/jpeg\r\n":
			parts++
			if !had {
				without++
			}
			had = false
		case strings.HasPrefix(line, "Content-Length: "):
			had = true
		}
	}
	if without != 3 {
		t.Errorf("%d parts without a length, want 3", without)
	}
}

func TestStartRefuses(t *testing.T) {
	taken := start(t, Options{})
	for name, o := range map[string]Options{
		"size":         {Size: "8k"},
		"size of then": {Size: "hd", Numbering: framesize.N2019},
		"quality":      {Quality: 64},
		"numbering":    {Numbering: "1999"},
		"stream port":  {Stream: taken.streamAddr},
		"control port": {Control: taken.controlAddr},
	} {
		if d, err := Start(t.Context(), o); err == nil {
			d.Close()
			t.Errorf("%s: started", name)
		}
	}
}

func TestBombSaysSo(t *testing.T) {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 16, 16)), nil); err != nil {
		t.Fatal(err)
	}
	cfg, err := jpeg.DecodeConfig(bytes.NewReader(bomb(b.Bytes())))
	if err != nil || cfg.Width != 65535 || cfg.Height != 65535 {
		t.Errorf("%dx%d, %v", cfg.Width, cfg.Height, err)
	}
}
