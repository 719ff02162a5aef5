package models

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"agentid/app/domain"
)

// payload is what the test server has: enough for many reads.
var payload = func() []byte {
	b := make([]byte, 300_000)
	r := rand.NewChaCha8([32]byte{1})
	r.Read(b)
	return b
}()

// packedText is the bz2 of text; packedZeros is that of a mebibyte of zeros.
const (
	text        = "the weights of a net"
	packedText  = "QlpoOTFBWSZTWQosXrwAAAgRgEAAI+GMgCAAIhNkj0ahA0DQFYT15utpQIQHxdyRThQkAosXrwA="
	packedZeros = "QlpoOTFBWSZTWThXHOUACAhAAMAEAAggADDMBSmmCAbEIB4u5IpwoSBwrjnK"
)

func unbase(t *testing.T, s string) []byte {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// restClock makes every pause end at once and keeps it; the time of a stall
// ends only when the test says so.
type restClock struct {
	domain.Clock
	stall   time.Duration
	stalled chan time.Time
	mu      sync.Mutex
	rests   []time.Duration
}

type firedTimer <-chan time.Time

func (f firedTimer) C() <-chan time.Time { return f }
func (f firedTimer) Stop() bool          { return true }

func (c *restClock) NewTimer(d time.Duration) domain.Timer {
	if d == c.stall {
		return firedTimer(c.stalled)
	}
	c.mu.Lock()
	c.rests = append(c.rests, d)
	c.mu.Unlock()
	ch := make(chan time.Time, 1)
	ch <- time.Time{}
	return firedTimer(ch)
}

// server answers the n-th request with the n-th step, and the last one from then on.
type server struct {
	*httptest.Server
	mu       sync.Mutex
	requests []*http.Request
}

type step func(w http.ResponseWriter, r *http.Request)

func serve(t *testing.T, steps ...step) *server {
	t.Helper()
	s := &server{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		n := len(s.requests)
		s.requests = append(s.requests, r)
		s.mu.Unlock()
		steps[min(n, len(steps)-1)](w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *server) asked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for _, r := range s.requests {
		out = append(out, r.Header.Get("Range"))
	}
	return out
}

// file is a proper server: ranges, If-Range, ETag.
func file(data []byte, etag string) step {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", etag)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
	}
}

// cut promises all of the data and breaks off after n bytes.
func cut(data []byte, etag string, n int) step {
	return func(w http.ResponseWriter, r *http.Request) {
		if etag != "" {
			w.Header().Set("ETag", etag)
		}
		w.Header().Set("Content-Length", fmt.Sprint(len(data)))
		w.Write(data[:n])
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
}

// whole knows no ranges.
func whole(data []byte) step {
	return func(w http.ResponseWriter, r *http.Request) { w.Write(data) }
}

func status(code int, header ...string) step {
	return func(w http.ResponseWriter, r *http.Request) {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(code)
	}
}

func model(url string, data []byte, c Compression) Model {
	h := sha256.Sum256(data)
	return Model{ID: "net", Files: []File{{
		Name: "net.dat", Size: int64(len(data)), SHA256: hex.EncodeToString(h[:]), URL: url, Compression: c,
	}}}
}

func installer(t *testing.T) (Installer, *restClock) {
	t.Helper()
	c := &restClock{Clock: domain.SystemClock{}, stall: time.Hour, stalled: make(chan time.Time)}
	return Installer{Dir: t.TempDir(), Clock: c, Stall: time.Hour, Attempts: 3}, c
}

// holds checks that path is data, and that nothing but it and the lock remains.
func holds(t *testing.T, path string, data []byte) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, data) {
		t.Errorf("%d bytes that are not those of the server", len(got))
	}
	for _, name := range left(t, filepath.Dir(path)) {
		if name != "net.dat" {
			t.Errorf("left behind: %s", name)
		}
	}
}

// left lists what lies in a folder, but for the lock.
func left(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		if e.Name() != ".install.lock" {
			out = append(out, e.Name())
		}
	}
	return out
}

func TestInstallDownloads(t *testing.T) {
	etag := `"v1"`
	half := len(payload) / 2
	tests := map[string]struct {
		steps []step
		asked []string // the Range of each request
	}{
		"at once":          {[]step{file(payload, etag)}, []string{""}},
		"without ranges":   {[]step{whole(payload)}, []string{""}},
		"cut, goes on":     {[]step{cut(payload, etag, half), file(payload, etag)}, []string{"", fmt.Sprintf("bytes=%d-", half)}},
		"cut, no ETag":     {[]step{cut(payload, "", half), file(payload, etag)}, []string{"", ""}},
		"cut, weak ETag":   {[]step{cut(payload, `W/"v1"`, half), file(payload, etag)}, []string{"", ""}},
		"cut, no ranges":   {[]step{cut(payload, etag, half), whole(payload)}, []string{"", fmt.Sprintf("bytes=%d-", half)}},
		"cut, it changed":  {[]step{cut(bytes.Repeat([]byte("old"), 100_000), `"v0"`, half), file(payload, etag)}, []string{"", fmt.Sprintf("bytes=%d-", half)}},
		"busy, then there": {[]step{status(503), status(429), file(payload, etag)}, []string{"", "", ""}},
		"false 206": {[]step{cut(payload, etag, half), status(206, "Content-Range", "bytes 7-9/10"), file(payload, etag)},
			[]string{"", fmt.Sprintf("bytes=%d-", half), ""}},
		"206 unasked for": {[]step{status(206, "Content-Range", "bytes 0-9/10"), file(payload, etag)}, []string{"", ""}},
		"416, shorter": {[]step{cut(payload, etag, half), status(416, "Content-Range", "bytes */10"), file(payload, etag)},
			[]string{"", fmt.Sprintf("bytes=%d-", half), ""}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := serve(t, tt.steps...)
			in, _ := installer(t)
			paths, err := in.Install(t.Context(), model(s.URL+"/net.dat", payload, Plain))
			if err != nil {
				t.Fatal(err)
			}
			holds(t, paths[0], payload)
			if got := s.asked(); strings.Join(got, ",") != strings.Join(tt.asked, ",") {
				t.Errorf("asked for %q, expected %q", got, tt.asked)
			}
		})
	}
}

func TestInstallGoesOnAfterARestart(t *testing.T) {
	half := len(payload) / 2
	s := serve(t, cut(payload, `"v1"`, half), file(payload, `"v1"`))
	in, _ := installer(t)
	in.Attempts = 1
	m := model(s.URL+"/net.dat", payload, Plain)
	// The first run ends with the connection; half of the file stays.
	ctx, cancel := context.WithCancel(t.Context())
	in.Progress = func(p Progress) {
		if p.Done >= int64(half) {
			cancel()
		}
	}
	if _, err := in.Install(ctx, m); !errors.Is(err, context.Canceled) {
		t.Fatalf("first run: %v", err)
	}
	in.Progress = nil
	paths, err := in.Install(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	holds(t, paths[0], payload)
	if got := s.asked(); len(got) != 2 || !strings.HasPrefix(got[1], "bytes=") {
		t.Errorf("asked for %q", got)
	}
	// And a third has nothing to do.
	if _, err := in.Install(t.Context(), m); err != nil || len(s.asked()) != 2 {
		t.Errorf("third run: %v, %d requests", err, len(s.asked()))
	}
}

// A part that was tampered with is seen by the hash, and the file is fetched anew.
func TestInstallBeginsAnewWhereThePartWasWrong(t *testing.T) {
	s := serve(t, file(payload, `"v1"`))
	in, _ := installer(t)
	dir := filepath.Join(in.Dir, "net")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	part := filepath.Join(dir, ".net.dat.part")
	url := s.URL + "/net.dat"
	for path, data := range map[string]string{part: "rubbish", part + ".json": fmt.Sprintf(`{"url":%q,"validator":"\"v1\""}`, url)} {
		if err := os.WriteFile(path, []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	paths, err := in.Install(t.Context(), model(url, payload, Plain))
	if err != nil {
		t.Fatal(err)
	}
	holds(t, paths[0], payload)
	if got := s.asked(); len(got) != 2 || got[0] != "bytes=7-" || got[1] != "" {
		t.Errorf("asked for %q", got)
	}
}

func TestInstallFails(t *testing.T) {
	other := bytes.Repeat([]byte("x"), len(payload))
	tests := map[string]struct {
		steps    []step
		want     error
		requests int
	}{
		"another file":     {[]step{whole(other)}, ErrCorrupt, 1},
		"a shorter file":   {[]step{whole(payload[:1000])}, ErrCorrupt, 1},
		"too large, said":  {[]step{whole(append(other, 'x'))}, ErrTooLarge, 1},
		"too large, found": {[]step{endless}, ErrTooLarge, 1},
		"gone":             {[]step{status(404)}, &statusError{code: 404}, 1},
		"forbidden":        {[]step{status(403)}, &statusError{code: 403}, 1},
		"broken":           {[]step{status(500)}, &statusError{code: 500}, 3},
		"always cut":       {[]step{cut(payload, "", 1000)}, io.ErrUnexpectedEOF, 4}, // the first one got on
		"round and round":  {[]step{func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) }}, errRedirect, 10},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := serve(t, tt.steps...)
			in, _ := installer(t)
			_, err := in.Install(t.Context(), model(s.URL+"/net.dat", payload, Plain))
			if want, ok := tt.want.(*statusError); ok {
				if got := (*statusError)(nil); !errors.As(err, &got) || got.code != want.code {
					t.Errorf("error %v, expected %v", err, want)
				}
			} else if !errors.Is(err, tt.want) {
				t.Errorf("error %v, expected %v", err, tt.want)
			}
			if n := len(s.asked()); n != tt.requests {
				t.Errorf("%d requests, expected %d", n, tt.requests)
			}
			if _, err := os.Stat(filepath.Join(in.Dir, "net", "net.dat")); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("the file is there: %v", err)
			}
			if errors.Is(tt.want, ErrCorrupt) || errors.Is(tt.want, ErrTooLarge) {
				if rest := left(t, filepath.Join(in.Dir, "net")); len(rest) > 0 {
					t.Errorf("left behind: %v", rest)
				}
			}
		})
	}
}

// endless says no length and never ends.
func endless(w http.ResponseWriter, r *http.Request) {
	for {
		if _, err := w.Write(payload); err != nil {
			return
		}
	}
}

func TestInstallRestsLongerAndLonger(t *testing.T) {
	s := serve(t, status(503), status(503, "Retry-After", "7"), status(503, "Retry-After", "9999"), file(payload, `"v1"`))
	in, clock := installer(t)
	in.Attempts = 5
	if _, err := in.Install(t.Context(), model(s.URL+"/net.dat", payload, Plain)); err != nil {
		t.Fatal(err)
	}
	want := []time.Duration{time.Second, 7 * time.Second, time.Minute}
	if fmt.Sprint(clock.rests) != fmt.Sprint(want) {
		t.Errorf("rested %v, expected %v", clock.rests, want)
	}
}

func TestInstallNoticesAStall(t *testing.T) {
	half := len(payload) / 2
	hold := make(chan struct{})
	stalling := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"v1"`)
		w.Header().Set("Content-Length", fmt.Sprint(len(payload)))
		w.Write(payload[:half])
		w.(http.Flusher).Flush()
		select { // until the client has had enough
		case <-r.Context().Done():
		case <-hold:
		}
	}
	s := serve(t, stalling, file(payload, `"v1"`))
	defer close(hold)
	in, clock := installer(t)
	arrived := make(chan struct{})
	var once sync.Once
	in.Progress = func(p Progress) {
		if p.Stage == StageDownload && p.Done >= int64(half) {
			once.Do(func() { close(arrived) })
		}
	}
	go func() {
		<-arrived
		clock.stalled <- time.Time{} // it had moved since the start
		clock.stalled <- time.Time{} // it has not since
	}()
	paths, err := in.Install(t.Context(), model(s.URL+"/net.dat", payload, Plain))
	if err != nil {
		t.Fatal(err)
	}
	holds(t, paths[0], payload)
	if got := s.asked(); len(got) != 2 || got[1] != fmt.Sprintf("bytes=%d-", half) {
		t.Errorf("asked for %q", got)
	}
}

func TestInstallUnpacks(t *testing.T) {
	packed := unbase(t, packedText)
	m := func(url string) Model { return model(url, []byte(text), Bzip2) }
	t.Run("from the web", func(t *testing.T) {
		s := serve(t, file(packed, `"v1"`))
		in, _ := installer(t)
		var stages []Stage
		in.Progress = func(p Progress) {
			if len(stages) == 0 || stages[len(stages)-1] != p.Stage {
				stages = append(stages, p.Stage)
			}
		}
		paths, err := in.Install(t.Context(), m(s.URL+"/net.dat.bz2"))
		if err != nil {
			t.Fatal(err)
		}
		holds(t, paths[0], []byte(text))
		if fmt.Sprint(stages) != fmt.Sprint([]Stage{StageDownload, StageUnpack, StageDone}) {
			t.Errorf("stages %v", stages)
		}
	})
	for name, data := range map[string][]byte{
		"a bomb":     unbase(t, packedZeros),
		"cut":        packed[:len(packed)-10],
		"not packed": []byte("<html>Please log in to this network</html>"),
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, file(data, `"v1"`))
			in, _ := installer(t)
			if _, err := in.Install(t.Context(), m(s.URL+"/net.dat.bz2")); !errors.Is(err, ErrCorrupt) {
				t.Errorf("error %v, expected ErrCorrupt", err)
			}
			if rest := left(t, filepath.Join(in.Dir, "net")); len(rest) > 0 {
				t.Errorf("left behind: %v", rest)
			}
		})
	}
}

func TestInstallFrom(t *testing.T) {
	packed := unbase(t, packedText)
	put := func(t *testing.T, data []byte, name ...string) string {
		dir := t.TempDir()
		path := filepath.Join(append([]string{dir}, name...)...)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	mirror := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/models/net.dat.bz2" || r.URL.RawQuery != "token=s3cret" {
			http.NotFound(w, r)
			return
		}
		w.Write(packed)
	})
	for name, tt := range map[string]struct {
		from string
		want error
	}{
		"plain file in a folder":  {put(t, []byte(text), "net.dat"), nil},
		"packed file in a folder": {put(t, packed, "net.dat.bz2"), nil},
		"in the model's folder":   {put(t, []byte(text), "net", "net.dat"), nil},
		"the file itself":         {filepath.Join(put(t, []byte(text), "n.dat"), "n.dat"), nil},
		"a mirror's folder":       {mirror.URL + "/models/?token=s3cret", nil},
		"a mirror's file":         {mirror.URL + "/models/net.dat.bz2?token=s3cret", nil},
		"an empty folder":         {t.TempDir(), os.ErrNotExist},
		"no folder":               {filepath.Join(t.TempDir(), "none"), os.ErrNotExist},
		"another file":            {put(t, []byte("the weights of a cow"), "net.dat"), ErrCorrupt},
		"nothing at the mirror":   {mirror.URL + "/elsewhere/?token=s3cret", &statusError{code: 404}},
	} {
		t.Run(name, func(t *testing.T) {
			in, _ := installer(t)
			in.From = tt.from
			paths, err := in.Install(t.Context(), model("", []byte(text), Bzip2))
			if tt.want == nil {
				if err != nil {
					t.Fatal(err)
				}
				holds(t, paths[0], []byte(text))
				return
			}
			if _, ok := tt.want.(*statusError); !ok && !errors.Is(err, tt.want) || err == nil {
				t.Errorf("error %v, expected %v", err, tt.want)
			}
			if strings.Contains(fmt.Sprint(err), "s3cret") {
				t.Errorf("the error tells the token: %v", err)
			}
		})
	}
}

func TestInstallWithoutASource(t *testing.T) {
	in, _ := installer(t)
	if _, err := in.Install(t.Context(), model("", payload, Plain)); !errors.Is(err, ErrNoSource) {
		t.Errorf("no address: %v", err)
	}
	m := Model{ID: "net", Files: []File{{Name: "cascade.xml", Package: "opencv-data"}}}
	if _, err := in.Install(t.Context(), m); !errors.Is(err, ErrNoSource) || !strings.Contains(err.Error(), "opencv-data") {
		t.Errorf("of a package: %v", err)
	}
	if _, err := Install(t.Context(), Manifest{}, "net", in); !errors.Is(err, ErrUnknownModel) {
		t.Errorf("unknown: %v", err)
	}
}

// fullDisk takes so many bytes and no more.
type fullDisk struct {
	f    io.WriteCloser
	room int
}

func (d *fullDisk) Write(p []byte) (int, error) {
	n, err := d.f.Write(p[:min(len(p), d.room)])
	d.room -= n
	if err == nil && n < len(p) {
		err = &os.PathError{Op: "write", Path: "net.dat", Err: syscall.ENOSPC}
	}
	return n, err
}
func (d *fullDisk) Close() error { return d.f.Close() }

func TestInstallOnAFullDiskGoesOnOnceThereIsRoom(t *testing.T) {
	s := serve(t, file(payload, `"v1"`))
	in, _ := installer(t)
	m := model(s.URL+"/net.dat", payload, Plain)
	in.create = func(name string, appending bool) (io.WriteCloser, error) {
		f, err := createFile(name, appending)
		return &fullDisk{f, 100_000}, err
	}
	if _, err := in.Install(t.Context(), m); !errors.Is(err, ErrNoSpace) {
		t.Fatalf("error %v, expected ErrNoSpace", err)
	}
	if n := len(s.asked()); n != 1 {
		t.Errorf("%d requests against a full disk", n)
	}
	in.create = nil
	paths, err := in.Install(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	holds(t, paths[0], payload)
	if got := s.asked(); got[1] != "bytes=100000-" {
		t.Errorf("asked for %q", got)
	}
}

func TestOnlyOneInstallsAtATime(t *testing.T) {
	in, _ := installer(t)
	dir := filepath.Join(in.Dir, "net")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	unlock, err := lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	s := serve(t, file(payload, `"v1"`))
	m := model(s.URL+"/net.dat", payload, Plain)
	if _, err := in.Install(t.Context(), m); !errors.Is(err, ErrBusy) {
		t.Errorf("error %v, expected ErrBusy", err)
	}
	unlock()
	if _, err := in.Install(t.Context(), m); err != nil {
		t.Error(err)
	}
}

func TestClientRefusesToLeaveHTTPS(t *testing.T) {
	c := newClient()
	req := func(u string) *http.Request { return httptest.NewRequest(http.MethodGet, u, nil) }
	if err := c.CheckRedirect(req("http://example.org"), []*http.Request{req("https://example.org")}); !errors.Is(err, errRedirect) {
		t.Errorf("%v", err)
	}
	if err := c.CheckRedirect(req("https://example.net"), []*http.Request{req("https://example.org")}); err != nil {
		t.Errorf("%v", err)
	}
}

func FuzzContentRange(f *testing.F) {
	for _, s := range []string{"bytes 0-9/10", "bytes */10", "bytes 5-9/*", "bytes 9-5/10", "bytes -1-2/3", "bytes", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		start, total, ok := contentRange(s)
		if start < 0 || total < 0 || !ok && (start != 0 || total != 0) || ok && total > 0 && start >= total {
			t.Errorf("%q: %d, %d, %v", s, start, total, ok)
		}
	})
}
