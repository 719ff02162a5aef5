package device

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"agentid/app/domain"
	"agentid/vision/mjpeg/framesize"
)

// SecondClient is what happens to a client that wants the stream while another
// one has it.
type SecondClient string

// What happens to a second client.
const (
	Refuse SecondClient = "refuse" // status 503
	Hang   SecondClient = "hang"   // no answer at all, as most firmwares do
)

// Options say how the camera is made. The zero value is a test card in VGA on
// free loopback ports.
type Options struct {
	Stream  string // address of the stream, default 127.0.0.1:0; a board uses :81
	Control string // address of the rest, default 127.0.0.1:0; a board uses :80

	Content Content // default: a test card
	// FPS is the frame rate, default 25; negative: as fast as the client reads.
	FPS float64
	// Size is the frame size at boot, default "vga" for what is drawn and their
	// own for recorded pictures; Quality that of the firmware, 10.
	Size      string
	Quality   int
	Numbering framesize.Numbering // default N2020

	Second         SecondClient // default Refuse
	User, Password string       // basic authentication, where User is set
	Faults         bool         // serve /fault too
	Clock          domain.Clock // default: the machine's
	Log            *slog.Logger // default: none
}

func (o Options) withDefaults() Options {
	if o.Stream == "" {
		o.Stream = "127.0.0.1:0"
	}
	if o.Control == "" {
		o.Control = "127.0.0.1:0"
	}
	if o.Content == nil {
		o.Content = Drawn(Bars{})
	}
	if o.FPS == 0 {
		o.FPS = 25
	}
	if o.Second == "" {
		o.Second = Refuse
	}
	if o.Clock == nil {
		o.Clock = domain.SystemClock{}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// Device is a camera that runs.
type Device struct {
	o       Options
	sensor  *sensor
	trouble *trouble
	start   time.Time

	streamAddr, controlAddr string // with the ports that were given

	taking  sync.Mutex // one picture at a time
	busy    atomic.Bool
	clients atomic.Int64
	sent    atomic.Uint64

	cancel  context.CancelFunc
	restart chan time.Duration
	done    chan struct{}
}

// Start switches a camera on. It runs until ctx ends or Close is called.
func Start(ctx context.Context, o Options) (*Device, error) {
	o = o.withDefaults()
	s, err := newSensor(o.Numbering, o.Size, o.Quality)
	if err != nil {
		return nil, fmt.Errorf("camera: %w", err)
	}
	d := &Device{
		o: o, sensor: s, trouble: newTrouble(), start: o.Clock.Now(),
		restart: make(chan time.Duration, 1), done: make(chan struct{}),
	}
	stream, err := net.Listen("tcp", o.Stream)
	if err != nil {
		return nil, fmt.Errorf("camera stream: %w", err)
	}
	control, err := net.Listen("tcp", o.Control)
	if err != nil {
		stream.Close()
		return nil, fmt.Errorf("camera control: %w", err)
	}
	d.streamAddr, d.controlAddr = stream.Addr().String(), control.Addr().String()
	ctx, d.cancel = context.WithCancel(ctx)
	go func() {
		defer close(d.done)
		d.run(ctx, stream, control)
	}()
	return d, nil
}

// StreamURL is where the stream is.
func (d *Device) StreamURL() string { return "http://" + loopback(d.streamAddr) + "/stream" }

// ControlURL is the base of /capture, /status and /control.
func (d *Device) ControlURL() string { return "http://" + loopback(d.controlAddr) }

// loopback makes an address that listens everywhere one to call.
func loopback(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if ip := net.ParseIP(host); err == nil && ip != nil && ip.IsUnspecified() {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return addr
}

// Sent counts the parts sent, faulty ones included.
func (d *Device) Sent() uint64 { return d.sent.Load() }

// Clients counts the connections that hold the stream or hang for it.
func (d *Device) Clients() int { return int(d.clients.Load()) }

// SetFault makes the camera misbehave; None ends it. val is
//   - for Restart how many seconds it stays away (0: 1),
//   - for Slow how many bytes a second come (0: 64),
//   - else how many times it happens: connections for Stall, pictures for the
//     rest; 0: until cleared.
//
// The faults of the boundary take effect from the next connection and stay
// until cleared.
func (d *Device) SetFault(kind Fault, val int) error {
	if err := checkFault(kind, val); err != nil {
		return err
	}
	if kind != Restart {
		d.trouble.set(kind, val)
		return nil
	}
	select {
	case d.restart <- time.Duration(max(val, 1)) * time.Second:
	default: // it restarts already
	}
	return nil
}

// Close switches the camera off and waits until nothing of it is left.
func (d *Device) Close() error {
	d.cancel()
	<-d.done
	return nil
}

// run serves, and goes away and comes back when told to.
func (d *Device) run(ctx context.Context, stream, control net.Listener) {
	for {
		stop := d.serve(ctx, stream, control)
		var away time.Duration
		select {
		case <-ctx.Done():
		case away = <-d.restart:
		}
		stop()
		if ctx.Err() != nil {
			return
		}
		d.o.Log.Info("camera restarts", slog.Duration("away", away))
		d.sensor.reset()
		d.trouble.set(None, 0)
		var err error
		if stream, control, err = d.relisten(ctx, away); err != nil {
			if ctx.Err() == nil {
				d.o.Log.Error("camera stays away", slog.String("error", err.Error()))
			}
			return
		}
	}
}

// relisten waits, then takes the same two ports again. Somebody else may hold
// one of them for a moment.
func (d *Device) relisten(ctx context.Context, away time.Duration) (stream, control net.Listener, err error) {
	for try := 0; ; try++ {
		t := d.o.Clock.NewTimer(away)
		select {
		case <-ctx.Done():
			t.Stop()
			return nil, nil, ctx.Err()
		case <-t.C():
		}
		if stream, err = net.Listen("tcp", d.streamAddr); err == nil {
			if control, err = net.Listen("tcp", d.controlAddr); err == nil {
				return stream, control, nil
			}
			stream.Close()
		}
		if try == 50 {
			return nil, nil, err
		}
		away = 100 * time.Millisecond
	}
}

// serve starts both servers; stop ends them and every connection.
func (d *Device) serve(ctx context.Context, stream, control net.Listener) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var open gate
	streams := http.NewServeMux()
	streams.HandleFunc("GET /stream", func(w http.ResponseWriter, _ *http.Request) { d.serveStream(ctx, w) })
	var servers [2]*http.Server
	for i, s := range []struct {
		l net.Listener
		h http.Handler
	}{{stream, streams}, {control, d.controls()}} {
		srv := &http.Server{
			Handler:           open.guard(d.authorised(s.h)),
			ReadHeaderTimeout: 10 * time.Second,
			MaxHeaderBytes:    8 << 10,
			ErrorLog:          slog.NewLogLogger(d.o.Log.Handler(), slog.LevelDebug),
		}
		srv.SetKeepAlivesEnabled(false)
		servers[i] = srv
		open.wg.Go(func() {
			if err := srv.Serve(s.l); !errors.Is(err, http.ErrServerClosed) {
				d.o.Log.Error("camera server ended", slog.String("error", err.Error()))
			}
		})
	}
	return func() {
		cancel()
		for _, srv := range servers {
			srv.Close()
		}
		open.shut()
	}
}

// gate knows which handlers run, those included that took their connection
// over and that http.Server has forgotten.
type gate struct {
	mu     sync.Mutex
	closed bool
	wg     sync.WaitGroup
}

func (g *gate) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.mu.Lock()
		if g.closed {
			g.mu.Unlock()
			return
		}
		g.wg.Add(1)
		g.mu.Unlock()
		defer g.wg.Done()
		next.ServeHTTP(w, r)
	})
}

// shut lets nobody in any more and waits for those within.
func (g *gate) shut() {
	g.mu.Lock()
	g.closed = true
	g.mu.Unlock()
	g.wg.Wait()
}
