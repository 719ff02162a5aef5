package kiosk

import (
	"context"
	"errors"
	"fmt"
	"image"
	"slices"
	"strings"
	"testing"
	"time"

	"agentid/app/domain"
)

// booth is a CameraDesk in memory. Its search goes on until it is stopped, or
// let go.
type booth struct {
	list  []CameraInfo
	fails error // of Connect, SetCamera and TestPicture
	again bool  // a restart is needed
	asked []string
	told  chan struct{} // the search has told how far it is
	let   chan struct{} // lets it come to its end
}

func (b *booth) Cameras(context.Context) ([]CameraInfo, error) { return b.list, nil }
func (b *booth) TestPicture(context.Context, string) (*image.RGBA, error) {
	return image.NewRGBA(image.Rect(0, 0, 4, 3)), b.fails
}
func (b *booth) SetCamera(context.Context, string, CameraSettings) error { return b.fails }
func (b *booth) Connect(_ context.Context, address string) (bool, error) {
	b.asked = append(b.asked, address)
	return b.again, b.fails
}
func (b *booth) Remove(context.Context, string) (bool, error) { return b.again, b.fails }
func (b *booth) Find(ctx context.Context, tell func(done, total int)) (int, int, error) {
	tell(findStep, 254)
	select {
	case b.told <- struct{}{}:
	default:
	}
	select {
	case <-ctx.Done():
		return 254, 0, ctx.Err()
	case <-b.let:
		return 254, 1, nil
	}
}

func newBooth(b *branch) *booth {
	k := &booth{told: make(chan struct{}, 1), let: make(chan struct{}), list: []CameraInfo{
		{ID: "1", Address: "http://192.168.4.1:81/stream", Sizes: []string{"vga", "svga"}, Removable: true, Health: domain.CameraHealth{State: domain.CameraLive}},
		{ID: "http://192.168.4.2:81/stream", Address: "http://192.168.4.2:81/stream", Found: true},
	}}
	b.ports.Cameras = k
	return k
}

// A search says how far it is, is on record, and is stopped without leaving.
func TestASearchCanBeStopped(t *testing.T) {
	b := newBranch(t)
	k := newBooth(b)
	b.enter("9009")
	b.tap(AdminGo{PageCameras})
	b.Do(AdminDo{ID: "cameras.find"})
	<-k.told
	v := b.await("progress", func(v View) bool { return v.Admin.Stop.Key != "" }).Admin
	if !v.Busy || v.Notice.Key != "busy.find" || v.Notice.Values["Done"] != fmt.Sprint(findStep) || v.Notice.Values["Total"] != "254" || v.Table == nil {
		t.Fatalf("progress: %+v", v)
	}
	if n := len(b.trail.of(domain.AuditSearched)); n != 1 {
		t.Fatalf("%d entries before anything was found", n)
	}
	b.Do(AdminGo{PageSync}) // busy: passed over
	b.Do(StepBack{})
	v = b.await("stopped", func(v View) bool { return !v.Admin.Busy }).Admin
	if v.Notice.Key != "said.find_stopped" || v.Stop.Key != "" || v.Page != PageCameras {
		t.Fatalf("stopped: %+v", v)
	}
	// Undisturbed it comes to its end.
	b.Do(AdminDo{ID: "cameras.find"})
	<-k.told
	k.let <- struct{}{}
	if v = b.await("found", func(v View) bool { return !v.Admin.Busy }).Admin; v.Notice.Key != "said.found" {
		t.Fatalf("found: %+v", v.Notice)
	}
	// Leaving stops it as well.
	b.Do(AdminDo{ID: "cameras.find"})
	<-k.told
	b.Do(AdminLeave{})
	b.jobs.Wait()
	b.want(StateAttract)
	// Nothing is sent that is not on record.
	b.enter("9009")
	b.trail.mu.Lock()
	b.trail.full = errBroken
	b.trail.mu.Unlock()
	b.tap(AdminDo{ID: "cameras.find"})
	select {
	case <-k.told:
		t.Fatal("it looks, and nobody will know")
	default:
	}
}

func TestCameraTroubleIsSaid(t *testing.T) {
	b := newBranch(t)
	k := newBooth(b)
	b.enter("9009")
	b.tap(AdminGo{PageCameras})
	for _, why := range []CameraTrouble{CameraSilent, CameraNotOne, CameraPassword, CameraBusy, CameraOurs} {
		k.fails = &CameraError{Why: why, Err: errBroken}
		b.tap(AdminDo{ID: "cameras.add"})
		v := b.tap(AdminSubmit{Form: "cameras.add", Values: map[string]string{"address": "http://x/"}})
		if v.Form == nil || v.Form.Fields[0].Problem.Key != "problem.camera_"+string(why) || v.Notice.Key != "trouble."+string(why) || v.Form.Fields[0].Value != "http://x/" {
			t.Errorf("%s: %+v", why, v.Form)
		}
		b.tap(StepBack{})
		if v = b.tap(AdminDo{ID: "cameras.use", Row: k.list[1].ID}); v.Notice.Key != "trouble."+string(why) || v.Tone != ToneWarn {
			t.Errorf("%s: %+v", why, v.Notice)
		}
	}
	set := map[string]string{"size": "svga", "led": "9"}
	for want, err := range map[string]error{"said.camera_not_set": &CameraError{Why: CameraDeaf}, "said.camera_set_later": ErrNoEye, "said.camera_set": nil} {
		k.fails = err
		b.tap(AdminDo{ID: "cameras.set", Row: "1"})
		if v := b.tap(AdminSubmit{Form: "cameras.set", Values: set}); v.Notice.Key != want {
			t.Errorf("%v: %+v", err, v.Notice)
		}
	}
	// In the demo the change counts from the next start on, and the page leads there.
	k.fails, k.again = nil, true
	if v := b.tap(AdminDo{ID: "cameras.use", Row: k.list[1].ID}); v.Notice.Key != "said.camera_restart" || v.Tone != ToneWarn {
		t.Fatalf("%+v", v.Notice)
	}
	if got := k.asked[len(k.asked)-1]; got != k.list[1].ID {
		t.Errorf("took %s", got)
	}
	k.list[0].AtRestart = true
	v := b.tap(AdminGo{PageCameras})
	if v.Table.Do[0].ID != "system.restart" || v.Table.Rows[0].Cells[1].Words.Key != "camera.at_restart" {
		t.Errorf("%+v", v.Table)
	}
	for _, e := range b.trail.of(domain.AuditCameraChanged) {
		if strings.Contains(fmt.Sprint(e), "http://x/") { // there may be a password in what was typed
			t.Errorf("what was typed is on record: %+v", e)
		}
	}
}

// machineRoom is a SystemDesk with a log of 30 lines.
type machineRoom struct {
	SystemDesk
	left  []string
	query LogQuery
}

func (r *machineRoom) System(context.Context) (SystemInfo, error) {
	return SystemInfo{Version: "1", LogMemory: 1000, Started: time.Unix(0, 0), CentreState: "online", Centre: "https://centre"}, nil
}
func (r *machineRoom) Check(context.Context) ([]CheckInfo, error) { return nil, nil }
func (r *machineRoom) Leave()                                     { r.left = append(r.left, "leave") }
func (r *machineRoom) Restart()                                   { r.left = append(r.left, "restart") }

func (r *machineRoom) line(n int) LogLine {
	l := LogLine{ID: fmt.Sprint(n), At: time.Unix(int64(n), 0), Level: LogInfo, Message: "line", Attrs: []LogAttr{{"n", fmt.Sprint(n)}, {"of.what", "x"}}}
	switch {
	case n%10 == 0:
		l.Level = LogError
	case n == 7:
		l = LogLine{ID: "7", Foreign: true}
	}
	return l
}

func (r *machineRoom) Log(_ context.Context, q LogQuery) (p LogPage, err error) {
	r.query = q
	from := 31
	if q.Before == "gone" {
		return p, domain.ErrNotFound
	}
	if q.Before != "" {
		if _, err := fmt.Sscan(q.Before, &from); err != nil {
			return p, err
		}
	}
	for n := from - 1; n > 0; n-- {
		if q.Least == LogError && n%10 != 0 {
			continue
		}
		if len(p.Lines) == q.Limit {
			p.Next = p.Lines[len(p.Lines)-1].ID
			break
		}
		p.Lines = append(p.Lines, r.line(n))
	}
	return p, nil
}

func (r *machineRoom) LogLine(_ context.Context, id string) (LogLine, error) {
	var n int
	if _, err := fmt.Sscan(id, &n); err != nil || n < 1 || n > 30 {
		return LogLine{}, domain.ErrNotFound
	}
	return r.line(n), nil
}

func TestTheLogIsRead(t *testing.T) {
	b := newBranch(t)
	room := &machineRoom{}
	b.ports.System = room
	for _, login := range []string{"9009", "2002"} { // administrators and auditors
		b.enter(login)
		b.tap(AdminGo{PageSystem})
		b.tap(AdminFit{Rows: 8})
		v := b.tap(AdminFilter{ID: "view", Value: "log"})
		var seen []string
		for {
			for _, r := range v.Table.Rows {
				seen = append(seen, r.ID)
			}
			if v.Table.To != len(seen) {
				t.Fatalf("rows to %d of %d", v.Table.To, len(seen))
			}
			if !v.Table.Next {
				break
			}
			v = b.tap(AdminTurn{Forward: true})
		}
		if len(seen) != 30 || seen[0] != "30" || seen[29] != "1" || !slices.ContainsFunc(v.Figures, func(f Figure) bool { return f.Value.Words.Key == "log.memory" }) {
			t.Fatalf("%s: %v, %+v", login, seen, v.Figures)
		}
		if v = b.tap(AdminFilter{ID: "level", Value: "error"}); len(v.Table.Rows) != 3 || v.Table.Rows[0].Cells[1].Tone != ToneStop {
			t.Fatalf("%s: %+v", login, v.Table.Rows)
		}
		if v = b.tap(AdminOpenRow{"20"}); v.Detail == nil || len(v.Detail.Fields) != 4 || v.Detail.Fields[3].Label.Plain != "of.what" {
			t.Fatalf("%s: %+v", login, v.Detail)
		}
		b.tap(AdminOpenRow{""})
		b.tap(AdminFilter{ID: "level", Value: ""})
		if v = b.tap(AdminOpenRow{"7"}); v.Detail == nil || v.Detail.Title.Key != "log.foreign" {
			t.Fatalf("%s: %+v", login, v.Detail)
		}
		if v = b.tap(AdminOpenRow{"99"}); v.Detail != nil || v.Notice.Key != "said.not_found" {
			t.Fatalf("%s: %+v", login, v)
		}
		v = b.tap(AdminFilter{ID: "view", Value: "about"})
		if len(v.Table.Rows) == 0 {
			t.Fatalf("%+v", v.Table)
		}
		b.Do(AdminLeave{})
	}
	o, s, ctx := b.office("9009")
	s.at = spot{page: PageSystem, filter: map[string]string{"view": "log"}, turns: []string{"gone"}}
	if s, err := o.handle(ctx, s, nil); err != nil || s.view.Table.Empty.Key != "empty.log_gone" {
		t.Fatalf("%+v, %v", s.view.Table, err)
	}
}

func TestTheKioskStartsAgain(t *testing.T) {
	b := newBranch(t)
	room := &machineRoom{}
	b.ports.System = room
	b.enter("9009")
	b.tap(AdminGo{PageSystem})
	if v := b.tap(AdminDo{ID: "system.restart"}); v.Confirm == nil {
		t.Fatalf("not asked: %+v", v.Notice)
	}
	b.tap(AdminConfirm{Yes: true})
	b.want(StateAttract)
	b.jobs.Wait()
	if fmt.Sprint(room.left) != "[restart]" {
		t.Fatalf("left by %v", room.left)
	}
	if e := b.trail.of(domain.AuditKioskLeft); len(e) != 1 || e[0].Detail["how"] != "restart" || e[0].Actor != "s9" {
		t.Fatalf("%+v", e)
	}
}

var errUnwritten = errors.New("unwritten")

// wireDesk is a SyncDesk with a switch.
type wireDesk struct {
	SyncDesk
	off  bool
	fail error
}

func (w *wireDesk) Sync(context.Context) (SyncInfo, error) {
	return SyncInfo{State: "online", Switch: true, Offline: w.off}, nil
}
func (w *wireDesk) Dead(context.Context, int) ([]domain.DeadNotice, error) { return nil, nil }
func (w *wireDesk) SetOffline(_ context.Context, off bool) error {
	if w.fail == nil {
		w.off = off
	}
	return w.fail
}

func TestTheSyncIsSwitched(t *testing.T) {
	b := newBranch(t)
	w := &wireDesk{}
	b.ports.Sync = w
	b.enter("9009")
	v := b.tap(AdminGo{PageSync})
	if len(v.Table.Do) != 1 || v.Table.Do[0].Label.Key != "do.offline" {
		t.Fatalf("%+v", v.Table.Do)
	}
	v = b.tap(AdminDo{ID: "sync.offline"})
	if !w.off || v.Notice.Key != "said.offline" || v.Figures[0].Value.Words.Key != "sync_state.held" || v.Table.Do[0].Label.Key != "do.online" {
		t.Fatalf("%+v, %+v", v.Notice, v.Figures[0])
	}
	if v = b.tap(AdminDo{ID: "sync.offline"}); w.off || v.Notice.Key != "said.online" {
		t.Fatalf("%+v", v.Notice)
	}
	w.fail = errUnwritten
	if v = b.tap(AdminDo{ID: "sync.offline"}); w.off || v.Notice.Key != "said.failed" {
		t.Fatalf("%+v", v.Notice)
	}
	if e := b.trail.of(domain.AuditOffline); len(e) != 3 || e[0].Detail["offline"] != "true" || e[1].Detail["offline"] != "false" {
		t.Fatalf("%+v", e)
	}
}
