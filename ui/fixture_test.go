package ui

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"sync"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"agentid/app/domain"
	"agentid/app/domain/domaintest"
	"agentid/app/kiosk"
	"agentid/assets"
)

var start = time.Date(2026, 3, 4, 10, 30, 0, 0, time.UTC)

// calls records the commands.
type calls struct {
	mu  sync.Mutex
	all []string
}

func (c *calls) add(s string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all = append(c.all, s)
}

func (c *calls) take() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := c.all
	c.all = nil
	return out
}

func (c *calls) Choose(f kiosk.Feature)    { c.add("choose " + string(f)) }
func (c *calls) Help()                     { c.add("help") }
func (c *calls) Back()                     { c.add("back") }
func (c *calls) NotMe()                    { c.add("not me") }
func (c *calls) Continue()                 { c.add("continue") }
func (c *calls) SetLanguage(l domain.Lang) { c.add("language " + string(l)) }
func (c *calls) Do(a kiosk.Action)         { c.add(fmt.Sprintf("%T%+v", a, a)) }
func (c *calls) Touch()                    { c.add("touch") }

// picture counts who holds it.
type picture struct {
	img  *image.RGBA
	mu   sync.Mutex
	held int
	low  int // the least it ever was
}

func (p *picture) RGBA() *image.RGBA { return p.img }
func (p *picture) At() time.Time     { return start }
func (p *picture) Retain()           { p.add(1) }
func (p *picture) Release()          { p.add(-1) }

func (p *picture) add(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.held += n
	p.low = min(p.low, p.held)
}

func (p *picture) holders() (now, least int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.held, p.low
}

// lobby draws a wall, a floor, a light and a plain figure: enough to judge a
// screen by, and nobody's face.
func lobby(w, h int, faceX float64) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	fw, fh := float64(w), float64(h)
	blob := func(x, y, cx, cy, rx, ry float64) bool {
		dx, dy := (x-cx)/rx, (y-cy)/ry
		return dx*dx+dy*dy < 1
	}
	for py := range h {
		for px := range w {
			x, y := float64(px)/fw, float64(py)/fh
			g := 150 + 60*(1-y) - 40*math.Abs(x-0.3)
			c := color.RGBA{uint8(g), uint8(g * 0.98), uint8(g * 0.94), 255}
			if y > 0.82 {
				c = color.RGBA{uint8(g * 0.6), uint8(g * 0.55), uint8(g * 0.5), 255}
			}
			switch {
			case blob(x, y, faceX, 0.95, 0.19, 0.3):
				c = color.RGBA{48, 70, 104, 255}
			case blob(x, y, faceX, 0.68, 0.045, 0.1):
				c = color.RGBA{190, 140, 112, 255}
			case blob(x, y, faceX-0.035, 0.5, 0.012, 0.014), blob(x, y, faceX+0.035, 0.5, 0.012, 0.014):
				c = color.RGBA{40, 30, 26, 255}
			case blob(x, y, faceX, 0.61, 0.03, 0.012):
				c = color.RGBA{150, 84, 78, 255}
			case blob(x, y, faceX, 0.53, 0.085, 0.145):
				c = color.RGBA{uint8(205 - 60*math.Abs(x-faceX+0.03)), 156, 128, 255}
			case blob(x, y, faceX, 0.47, 0.1, 0.16):
				c = color.RGBA{58, 42, 34, 255}
			}
			img.SetRGBA(px, py, c)
		}
	}
	return img
}

// theLobby is drawn once: nobody writes in it.
var theLobby = sync.OnceValue(func() *image.RGBA { return lobby(640, 480, 0.5) })

func faceAt(track uint64, x float64, s domain.FaceState, label string) domain.SceneFace {
	return domain.SceneFace{
		Track: track, State: s, Label: label,
		Box: domain.Rect{X: x - 0.085, Y: 0.39, W: 0.17, H: 0.28},
	}
}

type size struct {
	name string
	w, h int
}

var sizes = []size{{"1280x800", 1280, 800}, {"800x480", 800, 480}, {"1080x1920", 1080, 1920}}

var languages = []domain.Lang{domain.Spanish, domain.English}

// state is a view worth looking at, with the scene that goes with it.
type state struct {
	name  string
	view  kiosk.View
	faces []domain.SceneFace
	blank bool      // no pictures come
	then  func(*UI) // what somebody does there; may be nil
}

func states() []state {
	ok := kiosk.Status{
		Camera: domain.CameraLive, FPS: 24.8, Engine: "dlib", Grade: kiosk.GradeDemo,
		Network: kiosk.NetworkOffline, Pending: 12, Demo: true,
	}
	lost := ok
	lost.Camera, lost.Network = domain.CameraLost, kiosk.NetworkUnset
	none := lost
	none.Camera = domain.CameraNone
	online := ok
	online.Grade, online.Network, online.Demo, online.Pending = kiosk.GradeProduction, kiosk.NetworkOnline, false, 0
	site := kiosk.Site{Organisation: "Banco Norte", Branch: "Sucursal Centro"}
	soon := start.Add(7 * time.Second)
	list := []state{
		{"starting", kiosk.View{State: kiosk.StateStarting, Status: kiosk.Status{Camera: domain.CameraConnecting}}, nil, true, nil},
		{"attract", kiosk.View{State: kiosk.StateAttract, Status: ok}, nil, false, nil},
		{"attract-waiting", kiosk.View{State: kiosk.StateAttract, Status: ok}, nil, true, nil},
		{"attract-reading", kiosk.View{State: kiosk.StateAttract, Status: online, Guide: domain.GuideReading}, []domain.SceneFace{
			faceAt(1, 0.5, domain.FaceReading, ""), faceAt(2, 0.16, domain.FaceSeen, ""),
		}, false, nil},
		{"greeting", kiosk.View{State: kiosk.StateGreeting, Given: "Lucía", Status: online, Deadline: soon}, []domain.SceneFace{
			faceAt(1, 0.5, domain.FaceKnown, "Lucía"),
		}, false, nil},
		{"greeting-first", kiosk.View{State: kiosk.StateGreeting, Given: "Maximiliano-Bartolomé", FirstVisit: true, Status: ok, Deadline: soon}, []domain.SceneFace{
			faceAt(1, 0.7, domain.FaceKnown, "Maximiliano-Bartolomé"), faceAt(2, 0.2, domain.FaceUnknown, ""),
		}, false, nil},
		{"unknown", kiosk.View{State: kiosk.StateUnknown, Status: ok, Deadline: start.Add(time.Minute)}, []domain.SceneFace{
			faceAt(1, 0.5, domain.FaceUnknown, "Visitante"),
		}, false, nil},
		{"camera-lost", kiosk.View{State: kiosk.StateCameraLost, Status: lost}, nil, true, nil},
		{"camera-none", kiosk.View{State: kiosk.StateCameraLost, Status: none}, nil, true, nil},
		{"help", kiosk.View{State: kiosk.StateHelp, Status: ok, Deadline: start.Add(time.Minute)}, nil, false, nil},
	}
	for _, f := range []kiosk.Feature{kiosk.FeatureRegister, kiosk.FeatureValidate, kiosk.FeatureAsk, kiosk.FeatureStaff} {
		list = append(list, state{"notice-" + string(f), kiosk.View{State: kiosk.StateNotice, Notice: f, Status: ok, Deadline: soon}, nil, false, nil})
	}
	for _, g := range []domain.Guide{domain.GuideCloser, domain.GuideLight, domain.GuideHoldStill, domain.GuideOnePerson, domain.GuideLookAhead} {
		list = append(list, state{"guide-" + string(g), kiosk.View{State: kiosk.StateAttract, Status: ok, Guide: g}, nil, false, nil})
	}
	for _, f := range flows() {
		f.view.Status = ok
		list = append(list, f)
	}
	for i := range list {
		list[i].view.Site, list[i].view.Since = site, start
	}
	return list
}

func newUI(t testing.TB, s size, dark bool) (*UI, *calls) {
	t.Helper()
	return newUIAt(t, s, dark, domaintest.NewClock(start))
}

func newUIAt(t testing.TB, s size, dark bool, clock domain.Clock) (*UI, *calls) {
	t.Helper()
	texts, err := assets.LoadTexts()
	if err != nil {
		t.Fatal(err)
	}
	c := &calls{}
	u := New(Options{
		App: test.NewTempApp(t), Windowed: true, Width: s.w, Height: s.h, Dark: dark,
		Commands: c, Texts: texts, Dispatch: func(f func()) { f() }, Clock: clock,
	})
	u.window.Show()
	u.window.Resize(fyne.NewSize(float32(s.w), float32(s.h)))
	t.Cleanup(u.Close)
	return u, c
}

func show(u *UI, st state, lang domain.Lang) {
	v := st.view
	v.Lang = lang
	if st.then != nil || v.Register != nil || v.Validate != nil || v.Withdraw != nil || v.Ask != nil || v.Admin != nil {
		u.ShowView(kiosk.View{State: kiosk.StateAttract, Lang: lang, Site: v.Site}) // afresh
	}
	u.ShowView(v)
	if st.then != nil {
		st.then(u)
	}
	if st.blank {
		return
	}
	p := &picture{img: theLobby()}
	u.ShowPicture(p)
	u.ShowScene(domain.Scene{At: start, Size: image.Pt(640, 480), Faces: st.faces})
	u.ShowPicture(p)
}
