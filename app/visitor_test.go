package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/draw"
	_ "image/png"
	"math"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"agentid/app/badge"
	"agentid/app/domain"
	"agentid/app/store"
	"agentid/assets"
	"agentid/ui/widgets"
	"agentid/vision/espcam/cast"
	"agentid/vision/espcam/device"
	"agentid/vision/qr"
)

// visitor stands before a kiosk: they see its screen, touch it, and do before
// the camera what it asks.
type visitor struct {
	*running
	t       *testing.T
	display string
	stage   *cast.Stage
	texts   *assets.Texts
	lang    string
	shots   int
	looks   int
	prefix  string
	coach   string
	since   time.Time
}

// emptyLobby is a camera before an empty lobby.
func emptyLobby(t *testing.T) (*cast.Stage, *device.Device) {
	t.Helper()
	stage := cast.NewStage(cast.Cast())
	cam, err := device.Start(t.Context(), device.Options{Content: device.Drawn(stage)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cam.Close() })
	return stage, cam
}

// lobby is such a camera, and a host whose kiosk looks at it.
func lobby(t *testing.T) (*host, *cast.Stage, string) {
	t.Helper()
	h := newHost(t, "")
	stage, cam := emptyLobby(t)
	h.env = append(h.env, "AGENTID_CAMERA_URL="+cam.StreamURL(), "AGENTID_CAMERA_CONTROL_URL="+cam.ControlURL(),
		"AGENTID_LIVENESS_GESTURES=turn") // the landmarks do not see drawn eyelids shut
	return h, stage, h.display(1280, 800)
}

// visit starts the kiosk with nobody before it.
func visit(h *host, stage *cast.Stage, display string, args ...string) *visitor {
	h.t.Helper()
	texts, err := assets.LoadTexts()
	if err != nil {
		h.t.Fatal(err)
	}
	v := &visitor{t: h.t, display: display, stage: stage, texts: texts, lang: "es", since: time.Now()}
	v.running = h.start(append([]string{"--site-organisation", "Banco Norte", "--site-branch", "Sucursal Centro"}, args...)...)
	v.await("rest, with an engine", 60*time.Second, func(s screenState) bool {
		return s.State == "attract" && s.PicturesShown > 5 && s.Engine != ""
	})
	return v
}

// controls are what the screen has to touch and to read.
func (v *visitor) controls() []widgets.Control {
	v.t.Helper()
	resp, err := http.Get("http://" + v.addr + "/controls")
	if err != nil {
		v.t.Fatalf("controls: %v\n%s", err, v.tail())
	}
	defer resp.Body.Close()
	var list []widgets.Control
	if err := json.NewDecoder(resp.Body).Decode(&list); err != nil {
		v.t.Fatal(err)
	}
	return list
}

// say is a text in the visitor's language.
func (v *visitor) say(key string, with ...assets.Values) string {
	v.t.Helper()
	var values assets.Values
	if len(with) > 0 {
		values = with[0]
	}
	if !v.texts.Has(v.lang, key) {
		v.t.Fatalf("no text %s", key)
	}
	return v.texts.SayWith(v.lang, key, values)
}

// find waits for something to touch.
func (v *visitor) find(kind, words string) image.Point {
	v.t.Helper()
	end := time.Now().Add(15 * time.Second)
	for {
		if p, ok := v.seen(kind, words); ok {
			return p
		}
		if time.Now().After(end) {
			v.shot(v.display, "not-found")
			v.t.Fatalf("no %s %q on the screen %+v: %+v\n%s", kind, words, v.screen(), v.controls(), v.tail())
		}
		v.perform(v.screen())
	}
}

// tap touches a button by its words' key.
func (v *visitor) tap(key string, with ...assets.Values) {
	v.t.Helper()
	v.touch(v.display, v.find("button", v.say(key, with...)))
}

// write types with the keyboard on the screen.
func (v *visitor) write(text string) {
	v.t.Helper()
	for _, r := range text {
		v.key(r)
	}
}

// pin types a PIN and says that it is whole.
func (v *visitor) pin(pin string) {
	v.t.Helper()
	v.write(pin)
	v.touch(v.display, v.find("key", "enter"))
}

func (v *visitor) key(r rune) {
	v.t.Helper()
	// The keyboard of the next field comes when the touch before was taken.
	for end := time.Now().Add(2 * time.Second); time.Now().Before(end); {
		if p, ok := v.seen("key", string(r)); ok {
			v.touch(v.display, p)
			return
		}
		if _, other := v.seen("key", "row"); other && !unicode.IsLetter(r) {
			break // it is on another top row
		}
	}
	if unicode.IsLetter(r) { // the other case
		v.touch(v.display, v.find("key", "shift"))
	} else { // on another top row
		for range 4 {
			v.touch(v.display, v.find("key", "row"))
			for end := time.Now().Add(300 * time.Millisecond); time.Now().Before(end); {
				if p, ok := v.seen("key", string(r)); ok {
					v.touch(v.display, p)
					return
				}
			}
		}
	}
	v.touch(v.display, v.find("key", string(r)))
}

// seen finds something to touch that is there now, what lies on top first.
func (v *visitor) seen(kind, words string) (image.Point, bool) {
	v.t.Helper()
	list := v.controls()
	for i := len(list) - 1; i >= 0; i-- {
		if c := list[i]; c.Kind == kind && c.Words == words {
			return image.Pt(int(c.X+c.W/2), int(c.Y+c.H/2)), true
		}
	}
	return image.Point{}, false
}

// at waits for a step of a flow, doing what the camera's coach asks.
func (v *visitor) at(state, step string) screenState {
	v.t.Helper()
	return v.await(state+" "+step, 45*time.Second, func(s screenState) bool {
		v.perform(s)
		return s.State == state && s.Step == step
	})
}

// perform does what the coach asks, as somebody of flesh does.
func (v *visitor) perform(s screenState) {
	const turn = 0.34 // further, and the face is not found any more
	if s.Coach != v.coach {
		v.t.Logf("%s: coach says %q", time.Since(v.since).Round(100*time.Millisecond), s.Coach)
		v.coach = s.Coach
	}
	switch domain.Guide(s.Coach) {
	case domain.GuideTurn, domain.GuideTurnLeft:
		v.stage.Turn(turn)
	case domain.GuideTurnRight:
		v.stage.Turn(-turn)
	case domain.GuideBlink:
		v.stage.Turn(0)
		v.stage.Blink()
	default:
		v.stage.Turn(0)
	}
}

// picture photographs the screen.
func (v *visitor) picture() image.Image {
	v.t.Helper()
	out, err := exec.Command("import", "-display", v.display, "-window", "root", "png:-").Output()
	if err != nil {
		v.t.Fatalf("import (Debian package imagemagick): %v", err)
	}
	img, _, err := image.Decode(bytes.NewReader(out))
	if err != nil {
		v.t.Fatal(err)
	}
	return img
}

// code reads the QR code on the screen, as a telephone's camera would.
func (v *visitor) code() string {
	v.t.Helper()
	end := time.Now().Add(20 * time.Second)
	for {
		img := v.picture()
		rgba := image.NewRGBA(img.Bounds())
		draw.Draw(rgba, rgba.Rect, img, img.Bounds().Min, draw.Src)
		var d qr.Decoder
		list, err := d.Decode(rgba)
		if err == nil && len(list) == 1 {
			return list[0].Payload
		}
		if time.Now().After(end) {
			v.shot(v.display, "no-code")
			v.t.Fatalf("no code on the screen: %d, %v", len(list), err)
		}
	}
}

// show holds a code before the camera.
func (v *visitor) show(text string) {
	v.t.Helper()
	c, err := badge.NewCode(text)
	if err != nil {
		v.t.Fatal(err)
	}
	v.stage.Hold(c.Image(636), cast.BeforeChest)
}

func (v *visitor) putDown() { v.stage.Hold(nil, cast.BeforeChest) }

// step notes the screen in the pictures of the run, in its order.
func (v *visitor) step(name string) {
	v.t.Helper()
	v.shots++
	if os.Getenv("AGENTID_SHOTS") != "" { // what was said to the screen is painted by then
		for last := v.picture(); ; {
			next := v.picture()
			if same(last, next) || v.screen().Camera == "live" && v.looked(next) {
				break
			}
			last = next
		}
	}
	v.shot(v.display, fmt.Sprintf("%s-%02d-%s-%s", v.prefix, v.shots, name, v.lang))
}

// looked counts pictures of a screen whose live part never stands still.
func (v *visitor) looked(image.Image) bool { v.looks++; return v.looks%4 == 0 }

func same(a, b image.Image) bool {
	x, y := a.Bounds(), b.Bounds()
	if x != y {
		return false
	}
	for i := x.Min.Y; i < x.Max.Y; i += 4 {
		for j := x.Min.X; j < x.Max.X; j += 4 {
			if a.At(j, i) != b.At(j, i) {
				return false
			}
		}
	}
	return true
}

// applicant is who registers, and how.
type applicant struct {
	name, document, contact, pin string
	face                         bool
}

// register goes through a whole registration by touch, and leaves with the
// texts of badge and receipt.
func (v *visitor) register(a applicant) (badgeText, receipt string) {
	v.t.Helper()
	start := time.Now()
	v.registerUpTo("badge", a)
	took := time.Since(start)
	v.t.Logf("%s registered in %s", strings.Fields(a.name)[0], took.Round(100*time.Millisecond))
	if took > 60*time.Second {
		v.t.Errorf("registration took %s, want less than a minute", took)
	}
	v.step("badge")
	badgeText = v.code()
	v.tap("badge.show_receipt")
	for receipt = v.code(); receipt == badgeText; receipt = v.code() {
	}
	v.step("receipt")
	v.tap("badge.finish")
	return badgeText, receipt
}

// registerUpTo leads a registration to the page of a step, with all written
// that comes before it, and a little of what belongs on it.
func (v *visitor) registerUpTo(step string, a applicant) {
	v.t.Helper()
	v.until("register", "attract.register", "unknown.register")
	v.at("register", "notice")
	v.step("notice")
	if step == "notice" {
		return
	}
	for !v.has(v.say("register.continue")) { // small screens have several pages
		v.tap("register_notice.more")
	}
	v.tap("register.continue")
	v.at("register", "data")
	v.step("data")
	v.write(a.name)
	v.touch(v.display, v.find("key", "enter"))
	v.write(a.document)
	v.touch(v.display, v.find("key", "enter"))
	v.write(a.contact)
	v.step("data-written")
	if step == "data" {
		return
	}
	v.touch(v.display, v.find("key", "enter"))
	v.at("register", "consent")
	text, err := assets.Consent(assets.ConsentVersion, v.lang)
	if err != nil {
		v.t.Fatal(err)
	}
	v.step("consent-data")
	v.touch(v.display, v.find("button", text.Accept))
	if step == "consent" {
		return
	}
	v.tap("register.continue")
	v.find("text", v.say("register_consent.question", assets.Values{"N": assets.Number(v.lang, 2), "Total": assets.Number(v.lang, 2)}))
	v.step("consent-face")
	answer := text.Refuse
	if a.face {
		answer = text.Accept
	}
	v.touch(v.display, v.find("button", answer))
	v.tap("register.continue")
	if a.face {
		v.at("register", "face")
		v.step("face")
	}
	if step == "face" {
		return
	}
	v.at("register", "pin")
	v.step("pin")
	v.pin(a.pin)
	v.find("text", v.say("pin.repeat"))
	if step == "pin" {
		return
	}
	v.pin(a.pin)
	v.at("register", "badge")
}

// TestAbandonedRegistrations gives up at each step, by touch: nothing of it is
// left, in no row, event, file or byte.
func TestAbandonedRegistrations(t *testing.T) {
	h, stage, display := lobby(t)
	v := visit(h, stage, display)
	stage.Enter(0)
	who := applicant{"Lucía Vega", "30123456", "lucia@correo.com", "493817", true}
	for _, step := range []string{"notice", "data", "consent", "face", "pin"} {
		v.toRest()
		v.registerUpTo(step, who)
		if step == "notice" {
			v.tap("register.back")
		} else {
			if step == "data" {
				v.touch(display, v.find("key", "hide")) // the way out is below the keyboard
			}
			v.tap("register.cancel")
			v.await("the question", 10*time.Second, func(s screenState) bool { return s.Asking })
			v.tap("still.leave")
		}
		v.await("rest again", 20*time.Second, func(s screenState) bool { return s.State != "register" && s.Step == "" })
	}
	v.stop()
	if got := h.reasons(domain.EventRegistration); len(got) != 0 {
		t.Errorf("recorded %v", got)
	}
	if out := strings.TrimSpace(h.must("people", "list", "--json")); out != "" && out != "[]" && out != "null" {
		t.Errorf("people %s", out)
	}
	leavesNothing(t, h, "Vega", "30123456", "lucia@correo.com", "493817")
}

func (v *visitor) has(words string) bool {
	return slices.ContainsFunc(v.controls(), func(c widgets.Control) bool { return c.Words == words })
}

// validate opens validation and shows a code.
func (v *visitor) validate(text string) {
	v.t.Helper()
	v.toRest()
	v.until("validate", "attract.validate", "greeting.validate", "unknown.validate")
	v.at("validate", "scan")
	v.show(text)
	if s := v.await("the code read", 30*time.Second, func(s screenState) bool { return s.Step != "scan" }); s.Step == "look" {
		v.step("look")
	}
	v.putDown()
}

// until touches whichever of the buttons is there, until the kiosk is in a
// state: the card that has it may change under the finger.
func (v *visitor) until(state string, keys ...string) {
	v.t.Helper()
	v.await("a way to "+state, 30*time.Second, func(s screenState) bool {
		if s.State == state {
			return true
		}
		for _, k := range keys {
			if p, ok := v.seen("button", v.say(k)); ok {
				v.touch(v.display, p)
				break
			}
		}
		return false
	})
}

// toRest waits until a new visitor could begin.
func (v *visitor) toRest() {
	v.t.Helper()
	v.await("rest", 30*time.Second, func(s screenState) bool { return s.State == "attract" || s.State == "greeting" || s.State == "unknown" })
}

// validated shows a badge until the face is read: on a busy machine few frames
// are, and a visitor tries again.
func (v *visitor) validated(text string) {
	v.t.Helper()
	v.validate(text)
	for range 2 {
		if s := v.at("validate", "result"); s.Outcome != "other_way" {
			break
		}
		v.t.Log("the face was not read: once more")
		v.tap("result.retry")
		v.at("validate", "scan")
		v.show(text)
		v.await("the code read", 30*time.Second, func(s screenState) bool { return s.Step != "scan" })
		v.putDown()
	}
	v.result("ok")
}

// result waits for how a validation ended.
func (v *visitor) result(want string) {
	v.t.Helper()
	if s := v.at("validate", "result"); s.Outcome != want {
		v.shot(v.display, "unexpected")
		for _, e := range v.h.events() {
			if e.Kind == domain.EventValidation {
				v.t.Logf("recorded %+v", e)
			}
		}
		v.t.Fatalf("outcome %s, want %s\n%s", s.Outcome, want, v.tail())
	}
}

// finish leaves a result.
func (v *visitor) finish() { v.t.Helper(); v.tap("result.finish") }

// reasons lists what was recorded of a kind, oldest first.
func (h *host) reasons(kind domain.EventKind) (out []domain.Reason) {
	h.t.Helper()
	for _, e := range h.events() {
		if e.Kind == kind {
			out = append(out, e.Reason)
		}
	}
	return out
}

// TestVisitorsByTouch is issue by issue what a visitor lives through, in both
// languages, with nothing but touches and what they hold before the camera.
func TestVisitorsByTouch(t *testing.T) {
	h, stage, display := lobby(t)
	v := visit(h, stage, display)
	v.prefix = "visit"

	// Lucía registers in Spanish, with her face, and validates with it.
	const lucia, mateo, stranger = 0, 1, 2
	stage.Enter(lucia)
	badgeL, receiptL := v.register(applicant{"Lucía Vega", "30123456", "lucia@correo.com", "493817", true})
	v.validated(badgeL)
	v.step("ok")
	v.finish()

	// Somebody else with her badge is refused.
	stage.Enter(stranger)
	v.validate(badgeL)
	v.result("no")
	v.step("no")
	v.finish()

	// Mateo registers in English without his face, and validates by PIN.
	stage.Enter(mateo)
	v.toRest()
	v.touch(display, touchEN)
	v.lang = "en"
	v.await("English", 10*time.Second, func(s screenState) bool { return s.Lang == "en" })
	badgeM, _ := v.register(applicant{"Mateo Roca", "AB998877", "5551234567", "271845", false})
	v.toRest()
	v.touch(display, touchEN)
	v.validate(badgeM)
	v.at("validate", "pin")
	v.step("pin")
	v.pin("271845")
	v.result("ok")
	v.finish()

	// A revoked badge, and one that has expired.
	stage.Enter(lucia)
	v.lang = "es"
	v.toRest()
	v.touch(display, touchES)
	expired := expiredBadge(t, h, badgeL)
	v.validate(expired)
	v.result("no")
	v.finish()
	h.must("badges", "revoke", string(readBadge(t, h, badgeL).Badge.ID))
	v.validate(badgeL)
	v.result("no")
	v.finish()

	// Five wrong PINs lock Mateo out, over a restart as well.
	stage.Enter(mateo)
	v.validate(badgeM)
	v.at("validate", "pin")
	for range domain.MaxAttempts {
		v.pin("000111")
		v.await("an answer", 20*time.Second, func(s screenState) bool { return s.Step == "result" || !s.Busy })
	}
	v.result("wait")
	v.step("wait")
	v.stop()
	v = visit(h, stage, display)
	v.prefix = "restart"
	v.validate(badgeM)
	v.result("wait")
	v.finish()

	// Lucía takes everything back, by her receipt and her PIN.
	stage.Enter(lucia)
	v.prefix = "withdraw"
	v.await("the kiosk open again", 90*time.Second, func(screenState) bool { return !kioskLocked(h) })
	v.toRest()
	v.tap("header.help")
	v.tap("help_page.own_data")
	v.at("withdraw", "scan")
	v.step("scan")
	v.show(receiptL)
	v.at("withdraw", "pin")
	v.putDown()
	v.pin("493817")
	v.at("withdraw", "choose")
	v.step("choose")
	v.tap("withdraw.all_do")
	v.at("withdraw", "confirm")
	v.step("confirm")
	v.tap("withdraw.confirm_all_yes")
	v.at("withdraw", "done")
	v.step("done")
	v.tap("result.finish")
	v.stop()

	got := slices.DeleteFunc(h.reasons(domain.EventValidation), func(r domain.Reason) bool {
		return r == domain.ReasonNotLive || r == domain.ReasonUndecided || r == domain.ReasonTimedOut // tried again
	})
	want := []domain.Reason{
		domain.ReasonValidatedFace, domain.ReasonWrongFace, domain.ReasonValidatedPIN, domain.ReasonBadgeExpired, domain.ReasonBadgeRevoked,
		domain.ReasonWrongPIN, domain.ReasonWrongPIN, domain.ReasonWrongPIN, domain.ReasonWrongPIN, domain.ReasonWrongPIN, domain.ReasonLocked,
	}
	if !slices.Equal(got, want) {
		t.Errorf("validations recorded\n %v, want\n %v", got, want)
	}
	for _, e := range h.events() {
		if e.Reason == domain.ReasonValidatedFace && (e.Distance <= 0 || math.IsNaN(e.Distance) || e.LivenessReason == "" || e.Badge == "") {
			t.Errorf("validation without its scores: %+v", e)
		}
	}
	leavesNothing(t, h, "Lucía", "Vega", "30123456", "lucia@correo.com")
}

// keys opens the kiosk's issuer key, as the kiosk does.
func (h *host) keys() badge.Keys {
	h.t.Helper()
	keys, err := badge.KeyFile{File: filepath.Join(h.dir, "keys", "badge.key"), DataDir: filepath.Join(h.dir, "data")}.Open()
	if err != nil {
		h.t.Fatal(err)
	}
	return keys
}

// readBadge reads a badge's text.
func readBadge(t *testing.T, h *host, text string) badge.Token {
	t.Helper()
	ring, err := badge.NewKeyring(domain.SystemClock{}, h.keys().Public()...)
	if err != nil {
		t.Fatal(err)
	}
	tok, err := ring.Badge(text)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// expiredBadge is the same badge as it would be had it ended an hour ago.
func expiredBadge(t *testing.T, h *host, text string) string {
	t.Helper()
	tok := readBadge(t, h, text)
	now := time.Now()
	out, err := h.keys().Issuer.Badge(domain.Badge{
		ID: tok.Badge.ID, Person: tok.Badge.Person, NotBefore: now.Add(-48 * time.Hour), Expires: now.Add(-time.Hour), Templates: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// openStore opens the kiosk's store beside the kiosk.
func (h *host) openStore() *store.Store {
	h.t.Helper()
	dir := filepath.Join(h.dir, "data")
	key, err := store.LoadMasterKey(store.KeyOptions{File: filepath.Join(h.dir, "keys", "master.key"), DataDir: dir})
	if err != nil {
		h.t.Fatal(err)
	}
	st, err := store.Open(h.t.Context(), store.Options{Dir: dir, MasterKey: key})
	if err != nil {
		h.t.Fatal(err)
	}
	return st
}

// kioskLocked tells whether attempts at the kiosk are closed now.
func kioskLocked(h *host) bool {
	h.t.Helper()
	st := h.openStore()
	defer st.Close()
	l, err := st.Locked(h.t.Context(), domain.SubjectKiosk)
	if err != nil {
		h.t.Fatal(err)
	}
	return !l.Until.IsZero()
}

// leavesNothing searches every byte that the kiosk keeps.
func leavesNothing(t *testing.T, h *host, words ...string) {
	t.Helper()
	err := walkFiles(h.dir, func(path string, b []byte) {
		for _, w := range words {
			for _, enc := range []string{w, strings.ToLower(w), strings.ToUpper(w)} {
				if bytes.Contains(b, []byte(enc)) {
					t.Errorf("%s holds %q", path, enc)
				}
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}

func walkFiles(dir string, each func(path string, b []byte)) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		path := dir + "/" + e.Name()
		switch {
		case e.IsDir():
			if err := walkFiles(path, each); err != nil {
				return err
			}
		case e.Type().IsRegular():
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			each(path, b)
		}
	}
	return nil
}
