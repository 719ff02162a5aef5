package mjpeg_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"agentid/app/domain/domaintest"
	"agentid/vision/espcam/device"
	"agentid/vision/mjpeg"
)

// street is some addresses of the loopback network, on the same two ports.
type street struct {
	control, stream uint16
}

// newStreet starts a camera at 127.0.0.2, and so finds two ports that are free.
func newStreet(t *testing.T, o device.Options) (street, *device.Device) {
	t.Helper()
	o.Stream, o.Control = "127.0.0.2:0", "127.0.0.2:0"
	d := startCamera(t, o)
	port := func(url string) uint16 {
		host := strings.TrimPrefix(url, "http://")
		host, _, _ = strings.Cut(host, "/")
		_, p, err := net.SplitHostPort(host)
		n, nerr := strconv.Atoi(p)
		if err != nil || nerr != nil {
			t.Fatal(url, err, nerr)
		}
		return uint16(n)
	}
	return street{port(d.ControlURL()), port(d.StreamURL())}, d
}

// house has something answer at 127.0.0.n on the control port.
func (s street) house(t *testing.T, n int, answer http.HandlerFunc) {
	t.Helper()
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.%d:%d", n, s.control))
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: answer}
	go func() { _ = srv.Serve(l) }()
	t.Cleanup(func() { srv.Close() })
}

func addrs(from, to int) (out []netip.Addr) {
	for n := from; n <= to; n++ {
		out = append(out, netip.AddrFrom4([4]byte{127, 0, 0, byte(n)}))
	}
	return out
}

// Cameras are found among other things that answer, one that is busy as well.
func TestScan(t *testing.T) {
	s, _ := newStreet(t, device.Options{})
	for n, second := range map[int]device.SecondClient{4: device.Refuse, 6: device.Hang} {
		busy := startCamera(t, device.Options{
			Stream: fmt.Sprintf("127.0.0.%d:%d", n, s.stream), Control: fmt.Sprintf("127.0.0.%d:%d", n, s.control), Second: second,
		})
		watch(t, mjpeg.Options{URL: busy.StreamURL()}).see(t, 1)
	}
	const settings = `{"framesize":8,"quality":10,"brightness":0,"contrast":0,"awb":1}`
	says := func(body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) }
	}
	s.house(t, 5, says("<html>a printer</html>"))
	s.house(t, 7, says(`{"framesize":8,"quality":10}`))                                   // something else
	s.house(t, 8, says(settings))                                                         // no stream
	s.house(t, 9, says(`{"framesize":8,"x":"`+strings.Repeat("x", 1<<20)+`"}`))           // endless
	s.house(t, 10, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }) // silent
	s.house(t, 11, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://127.0.0.2:"+strconv.Itoa(int(s.control))+"/status", http.StatusFound)
	}) // elsewhere
	asked := 0
	found, err := mjpeg.Scan(t.Context(), mjpeg.ScanOptions{
		Addrs: addrs(2, 40), ControlPort: s.control, StreamPort: s.stream, AtOnce: 5, Timeout: 500 * time.Millisecond,
		OnProgress: func(done, total int) {
			if asked++; done != asked || total != 39 {
				t.Errorf("progress %d of %d after %d calls", done, total, asked)
			}
		},
	})
	if err != nil || asked != 39 {
		t.Fatalf("%d asked, %v", asked, err)
	}
	var got []string
	for _, f := range found {
		got = append(got, fmt.Sprintf("%s busy=%v framesize=%d %v", f.Addr, f.Busy, f.Status.FrameSize, f.Stream == fmt.Sprintf("http://%s:%d/stream", f.Addr, s.stream)))
	}
	want := "127.0.0.2 busy=false framesize=8 true|127.0.0.4 busy=true framesize=8 true|127.0.0.6 busy=true framesize=8 true"
	if strings.Join(got, "|") != want {
		t.Fatalf("found\n%s\nwant\n%s", strings.Join(got, "\n"), strings.ReplaceAll(want, "|", "\n"))
	}
}

// Nothing is ever sent beyond the house.
func TestScanStaysInTheHouse(t *testing.T) {
	for _, far := range []string{"8.8.8.8", "172.32.0.1", "100.64.0.1", "2001:db8::1", "::ffff:9.9.9.9", "0.0.0.0", "224.0.0.1", "255.255.255.255"} {
		asked := false
		_, err := mjpeg.Scan(t.Context(), mjpeg.ScanOptions{
			Addrs: append(addrs(2, 2), netip.MustParseAddr(far)), OnProgress: func(int, int) { asked = true },
		})
		if !errors.Is(err, mjpeg.ErrNotNear) || asked {
			t.Errorf("%s: %v, asked %v", far, err, asked)
		}
	}
	if _, err := mjpeg.Scan(t.Context(), mjpeg.ScanOptions{Addrs: make([]netip.Addr, mjpeg.MaxScanNets*mjpeg.MaxScanHosts+1)}); err == nil {
		t.Error("any number of addresses is searched")
	}
}

// A search that is cancelled ends at once, and keeps what it had found.
func TestScanIsCancelled(t *testing.T) {
	s, _ := newStreet(t, device.Options{})
	hold := make(chan struct{})
	for n := 3; n <= 4; n++ {
		s.house(t, n, func(_ http.ResponseWriter, r *http.Request) {
			select {
			case hold <- struct{}{}:
			case <-r.Context().Done():
			}
			<-r.Context().Done()
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	var found []mjpeg.Found
	go func() { // its clock stands still: nothing but the cancelling ends it
		var err error
		found, err = mjpeg.Scan(ctx, mjpeg.ScanOptions{
			Addrs: addrs(2, 4), ControlPort: s.control, StreamPort: s.stream, AtOnce: 1, Clock: domaintest.NewClock(time.Unix(0, 0)),
		})
		done <- err
	}()
	<-hold
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) || len(found) != 1 {
		t.Fatalf("%v, %d found", err, len(found))
	}
}
