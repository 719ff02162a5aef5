package ui

import (
	"context"
	"image"
	"slices"
	"strings"
	"sync"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"

	"agentid/app/domain"
	"agentid/app/kiosk"
	"agentid/ui/widgets"
)

// words are all texts on the screen, as one string.
func words(u *UI) string {
	var out []string
	for _, p := range walk(u) {
		switch o := p.obj.(type) {
		case *widgets.Text:
			out = append(out, o.Content())
		case *canvas.Text:
			out = append(out, o.Text)
		}
	}
	return strings.Join(out, "\n")
}

func button(u *UI, words string) *widgets.Button {
	for _, p := range walk(u) {
		if b, ok := p.obj.(*widgets.Button); ok && b.Words() == words {
			return b
		}
	}
	return nil
}

func TestEveryStateHasItsScreen(t *testing.T) {
	want := map[string]map[domain.Lang]string{
		"starting":        {"es": "Un momento, por favor", "en": "One moment, please"},
		"attract":         {"es": "Acérquese y mire a la cámara", "en": "Come closer and look at the camera"},
		"greeting":        {"es": "Hola, Lucía", "en": "Hello, Lucía"},
		"greeting-first":  {"es": "Es la primera vez", "en": "This is the first time"},
		"unknown":         {"es": "Aún no nos conocemos.", "en": "We have not met yet."},
		"camera-lost":     {"es": "La cámara se está reconectando.", "en": "The camera is reconnecting."},
		"help":            {"es": "Cómo usar este kiosco", "en": "How to use this kiosk"},
		"notice-register": {"es": "Registro", "en": "Registration"},
		"notice-validate": {"es": "Validar con QR y PIN", "en": "Validate with QR and PIN"},
		"notice-ask":      {"es": "Consultas", "en": "Questions"},
		"notice-staff":    {"es": "Hablar con una persona", "en": "Talk to a person"},
		"guide-closer":    {"es": "Acérquese un poco más", "en": "A little closer, please"},
	}
	u, _ := newUI(t, sizes[0], false)
	seen := 0
	for _, st := range states() {
		for _, lang := range languages {
			show(u, st, lang)
			got := words(u)
			if !strings.Contains(got, "Banco Norte · Sucursal Centro") {
				t.Errorf("%s in %s does not say where this is", st.name, lang)
			}
			if w, ok := want[st.name]; ok {
				seen++
				if !strings.Contains(got, w[lang]) {
					t.Errorf("%s in %s lacks %q:\n%s", st.name, lang, w[lang], got)
				}
			}
			for _, key := range []string{"guide.", "status.", "notice.", "header.", "greeting."} {
				if strings.Contains(got, key) {
					t.Errorf("%s in %s shows a key:\n%s", st.name, lang, got)
				}
			}
		}
	}
	if seen != 2*len(want) {
		t.Fatalf("%d of %d screens compared", seen, 2*len(want))
	}
	u.ShowView(kiosk.View{State: "from the future", Lang: "xx"})
	if got := words(u); !strings.Contains(got, "Acérquese y mire a la cámara") {
		t.Errorf("an unknown state and language show:\n%s", got)
	}
}

func TestStateBarTellsTheTruth(t *testing.T) {
	u, _ := newUI(t, sizes[0], false)
	for _, c := range []struct {
		status kiosk.Status
		want   []string
	}{
		{kiosk.Status{}, []string{"Conectando la cámara", "Preparando el reconocimiento", "Funciona sin red"}},
		{kiosk.Status{Camera: domain.CameraLive, Engine: "dlib", Grade: kiosk.GradeDemo, Network: kiosk.NetworkOffline, Pending: 12, Demo: true},
			[]string{"Cámara lista", "Reconocimiento de demostración", "Sin conexión, 12 pendientes"}},
		{kiosk.Status{Camera: domain.CameraLost, Engine: "onnx", Grade: kiosk.GradeProduction, Network: kiosk.NetworkOnline, Pending: 1, Demo: true},
			[]string{"Cámara sin señal", "Reconocimiento listo", "En línea, 1 pendiente", "Demostración"}},
		{kiosk.Status{Camera: domain.CameraLive, Engine: "x", Grade: "never heard of", Pending: 12345},
			[]string{"Cámara lista", "Reconocimiento de demostración", "Funciona sin red, 12\u202f345 guardados"}},
		{kiosk.Status{Network: kiosk.NetworkOffline, Pending: -4}, []string{"Conectando la cámara", "Preparando el reconocimiento", "Sin conexión"}},
	} {
		u.ShowView(kiosk.View{State: kiosk.StateAttract, Lang: domain.Spanish, Status: c.status})
		var got []string
		for _, it := range u.router.bar.Items() {
			got = append(got, it.Words)
			if it.Icon == "" {
				t.Errorf("%q has no icon", it.Words)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%+v: %q, want %q", c.status, got, c.want)
		}
	}
}

func TestTapsCallTheCommands(t *testing.T) {
	for _, s := range sizes {
		u, c := newUI(t, s, false)
		for _, k := range []struct {
			state kiosk.State
			tap   string
			want  string
		}{
			{kiosk.StateAttract, "Registrarme", "choose register"},
			{kiosk.StateAttract, "Validar con QR", "choose validate"},
			{kiosk.StateAttract, "Consultar", "choose ask"},
			{kiosk.StateAttract, "Ayuda", "help"},
			{kiosk.StateAttract, "EN", "language en"},
			{kiosk.StateAttract, "ES", "language es"},
			{kiosk.StateGreeting, "Validar mi identidad", "choose validate"},
			{kiosk.StateGreeting, "Consultar", "choose ask"},
			{kiosk.StateGreeting, "No soy Lucía", "not me"},
			{kiosk.StateUnknown, "Registrarme", "choose register"},
			{kiosk.StateUnknown, "Validar", "choose validate"},
			{kiosk.StateUnknown, "Preguntar", "choose ask"},
			{kiosk.StateUnknown, "Seguir sin registro", "continue"},
			{kiosk.StateCameraLost, "Usar mi QR y PIN", "choose validate"},
			{kiosk.StateCameraLost, "Consultar", "choose ask"},
			{kiosk.StateCameraLost, "Hablar con una persona", "choose staff"},
			{kiosk.StateHelp, "Volver", "back"},
			{kiosk.StateHelp, "Hablar con una persona", "choose staff"},
			{kiosk.StateNotice, "Volver", "back"},
		} {
			u.ShowView(kiosk.View{State: k.state, Lang: domain.Spanish, Given: "Lucía", Notice: kiosk.FeatureAsk})
			c.take()
			b := button(u, k.tap)
			if b == nil {
				t.Errorf("%s has no %q", k.state, k.tap)
				continue
			}
			// Where the finger comes down, not the widget: what lies over it counts.
			at := fyne.CurrentApp().Driver().AbsolutePositionForObject(b).AddXY(b.Size().Width/2, b.Size().Height/2)
			test.TapCanvas(u.Window().Canvas(), at)
			if got := c.take(); !slices.Equal(got, []string{k.want}) {
				t.Errorf("%s, %q in %s: %q, want %q", k.state, k.tap, s.name, got, k.want)
			}
			b.MouseDown(nil)
			if got := c.take(); !slices.Equal(got, []string{"touch"}) {
				t.Errorf("%s, the finger on %q: %q", k.state, k.tap, got)
			}
			b.MouseOut()
		}
	}
}

func TestTouchingAnywhereIsTold(t *testing.T) {
	u, c := newUI(t, sizes[0], false)
	u.ShowView(kiosk.View{State: kiosk.StateAttract, Lang: domain.Spanish})
	u.Window().Content().(desktop.Mouseable).MouseDown(&desktop.MouseEvent{})
	u.Window().Canvas().OnTypedKey()(&fyne.KeyEvent{Name: fyne.KeyEscape})
	if got := c.take(); !slices.Equal(got, []string{"touch", "touch"}) {
		t.Errorf("%q", got)
	}
}

func TestScreensSwapOnlyWhenTheyMust(t *testing.T) {
	u, _ := newUI(t, sizes[0], false)
	v := kiosk.View{State: kiosk.StateAttract, Lang: domain.Spanish}
	u.ShowView(v)
	swaps := func(change func()) uint64 {
		before := u.Stats().Swaps
		change()
		u.ShowView(v)
		return u.Stats().Swaps - before
	}
	for _, c := range []struct {
		what   string
		change func()
		want   uint64
	}{
		{"another state", func() { v.State = kiosk.StateUnknown }, 1},
		{"back", func() { v.State = kiosk.StateAttract }, 1},
		{"nothing", func() {}, 0},
		{"a hint", func() { v.Guide = domain.GuideCloser }, 0},
		{"the state bar", func() { v.Status.FPS, v.Status.Pending = 24, 3 }, 0},
		{"the deadline", func() { v.Deadline = start.AddDate(0, 0, 1) }, 0},
		{"the language", func() { v.Lang = domain.English }, 1},
		{"a name nobody is greeted by", func() { v.Given = "Ana" }, 0},
		{"a greeting", func() { v.State = kiosk.StateGreeting }, 1},
		{"of somebody else", func() { v.Given = "Luis" }, 1},
	} {
		if got := swaps(c.change); got != c.want {
			t.Errorf("%s swaps the screen %d times, want %d", c.what, got, c.want)
		}
	}
	if got := words(u); !strings.Contains(got, "Hello, Luis") || strings.Contains(got, "Ana") {
		t.Errorf("the screen says:\n%s", got)
	}
}

func TestTheLastPersonDoesNotStay(t *testing.T) {
	u, _ := newUI(t, sizes[0], false)
	list := states()
	find := func(name string) state {
		return list[slices.IndexFunc(list, func(s state) bool { return s.name == name })]
	}
	show(u, find("greeting"), domain.Spanish)
	if !u.router.live.HasPicture() {
		t.Fatal("no picture with the greeting")
	}
	for _, next := range []string{"camera-lost", "help", "notice-ask"} {
		show(u, find("greeting"), domain.Spanish)
		show(u, find(next), domain.Spanish)
		if u.router.live.HasPicture() || strings.Contains(words(u), "Lucía") {
			t.Errorf("%s still has the person's picture or name", next)
		}
	}
}

func TestResizeReflows(t *testing.T) {
	u, _ := newUI(t, sizes[0], false)
	u.ShowView(kiosk.View{State: kiosk.StateUnknown, Lang: domain.English})
	for _, s := range sizes {
		u.Window().Resize(fyne.NewSize(float32(s.w), float32(s.h)))
		if got := words(u); !strings.Contains(got, "We have not met yet.") {
			t.Errorf("after a resize to %s:\n%s", s.name, got)
		}
		p := &picture{img: lobby(64, 48, 0.5)}
		u.ShowPicture(p)
		if !u.router.live.HasPicture() {
			t.Errorf("no picture after a resize to %s", s.name)
		}
	}
}

func TestKioskIsFullScreenWithoutPointer(t *testing.T) {
	u, _ := newUI(t, sizes[0], false)
	if u.Window().FullScreen() || u.router.Cursor() != desktop.DefaultCursor {
		t.Error("windowed, it is full screen or has no pointer")
	}
	k := New(Options{App: test.NewTempApp(t), Dispatch: func(f func()) { f() }})
	t.Cleanup(k.Close)
	if !k.Window().FullScreen() || k.router.Cursor() != desktop.HiddenCursor {
		t.Error("the kiosk is not full screen or has a pointer")
	}
}

// queue is a dispatcher that runs when told to.
type queue struct {
	mu   sync.Mutex
	jobs []func()
	most int
}

func (q *queue) dispatch(f func()) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.jobs = append(q.jobs, f)
	q.most = max(q.most, len(q.jobs))
}

func (q *queue) run() int {
	q.mu.Lock()
	jobs := q.jobs
	q.jobs = nil
	q.mu.Unlock()
	for _, f := range jobs {
		f()
	}
	return len(jobs)
}

func newQueued(t *testing.T) (*UI, *queue) {
	t.Helper()
	q := &queue{}
	u := New(Options{App: test.NewTempApp(t), Windowed: true, Dispatch: q.dispatch})
	u.Window().Resize(fyne.NewSize(1280, 800))
	t.Cleanup(u.Close)
	return u, q
}

func TestOnlyTheNewestPictureWaits(t *testing.T) {
	u, q := newQueued(t)
	u.ShowView(kiosk.View{State: kiosk.StateAttract, Lang: domain.Spanish})
	q.run()
	var all []*picture
	for range 50 {
		p := &picture{img: lobby(64, 48, 0.5)}
		all = append(all, p)
		u.ShowPicture(p)
		u.ShowScene(domain.Scene{Size: image.Pt(64, 48)})
	}
	for i, p := range all {
		want := 0
		if i == len(all)-1 {
			want = 1
		}
		if now, _ := p.holders(); now != want {
			t.Fatalf("picture %d of %d is held %d times, want %d", i, len(all), now, want)
		}
	}
	if n := q.run(); n != 1 {
		t.Errorf("%d calls for Fyne's goroutine, want 1", n)
	}
	for _, p := range all {
		if now, least := p.holders(); now != 0 || least < 0 {
			t.Fatalf("a picture is held %d times, at least %d", now, least)
		}
	}
	s := u.Stats()
	if s.PicturesShown != 1 || s.PicturesDropped != 49 || s.ScenesShown != 1 || s.ScenesDropped != 49 || s.Views != 1 {
		t.Errorf("%+v", s)
	}
}

func TestCloseLetsGo(t *testing.T) {
	u, q := newQueued(t)
	p := &picture{img: lobby(64, 48, 0.5)}
	u.ShowPicture(p)
	u.Close()
	if now, _ := p.holders(); now != 0 {
		t.Errorf("a picture is held %d times after Close", now)
	}
	q.run() // what was pending finds nothing
	before := u.Stats()
	u.ShowPicture(p)
	u.ShowPicture(nil)
	u.ShowView(kiosk.View{State: kiosk.StateHelp})
	u.ShowScene(domain.Scene{})
	u.Close()
	if n := q.run(); n != 0 {
		t.Errorf("%d calls after Close", n)
	}
	if now, least := p.holders(); now != 0 || least < 0 || u.Stats() != before {
		t.Errorf("held %d, at least %d, %+v", now, least, u.Stats())
	}
}

func TestShowsFromManyGoroutines(t *testing.T) {
	u, q := newQueued(t)
	var all []*picture
	var wg sync.WaitGroup
	for i := range 4 {
		p := &picture{img: lobby(64, 48, 0.5)}
		all = append(all, p)
		wg.Go(func() {
			for n := range 100 {
				u.ShowPicture(p)
				u.ShowScene(domain.Scene{Size: image.Pt(64, 48), Faces: []domain.SceneFace{faceAt(uint64(i), 0.5, domain.FaceSeen, "")}})
				if n%10 == 0 {
					u.ShowView(kiosk.View{State: kiosk.StateAttract, Lang: languages[n/10%2]})
				}
				u.Stats()
			}
		})
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	for open := true; open; {
		select {
		case <-done:
			open = false
		default:
		}
		q.run()
	}
	q.run()
	for _, p := range all {
		if now, least := p.holders(); now != 0 || least < 0 {
			t.Errorf("a picture is held %d times, at least %d", now, least)
		}
	}
	s := u.Stats()
	if s.PicturesShown+s.PicturesDropped != 400 || s.ScenesShown+s.ScenesDropped != 400 {
		t.Errorf("%+v do not add up to 400", s)
	}
	if q.most > 1 {
		t.Errorf("%d calls waited at once, want 1", q.most)
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	u, _ := newUI(t, sizes[0], false)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	u.Run(ctx)
	p := &picture{img: lobby(64, 48, 0.5)}
	u.ShowPicture(p)
	if now, least := p.holders(); now != 0 || least != 0 {
		t.Error("a closed screen takes pictures")
	}
}
