package device

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httputil"
	"time"
)

// boundary is that of the CameraWebServer.
const boundary = "123456789000000000000987654321"

// maxClients is how many sockets the board has.
const maxClients = 7

// style is how one connection separates its parts.
type style struct {
	announced string // in the Content-Type
	line      string // between the parts
	after     bool   // the line follows its part
}

func styleOf(f Fault) style {
	s := style{announced: boundary, line: "\r\n--" + boundary + "\r\n"}
	switch f {
	case BoundaryAfter:
		s.after = true
	case BoundaryBare:
		s.line = "\r\n" + boundary + "\r\n"
	case BoundaryQuoted:
		s.announced = `"--` + boundary + `"`
	case BoundaryOther:
		s.line = "\r\n--frame\r\n"
	}
	return s
}

// serveStream takes the connection over and streams until the client leaves,
// ctx ends or a fault ends it.
func (d *Device) serveStream(ctx context.Context, w http.ResponseWriter) {
	crowd := d.clients.Add(1)
	defer d.clients.Add(-1)
	mine := d.busy.CompareAndSwap(false, true)
	if mine {
		defer d.busy.Store(false)
	} else if d.o.Second == Refuse || crowd > maxClients {
		http.Error(w, "the stream has a client", http.StatusServiceUnavailable)
		return
	}
	conn, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, "cannot stream", http.StatusInternalServerError)
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	gone := make(chan struct{})
	go func() { // notices that the client left, even while nothing is sent
		defer close(gone)
		defer cancel()
		io.Copy(io.Discard, rw.Reader)
	}()
	unhook := context.AfterFunc(ctx, func() { conn.Close() }) // frees a blocked write
	defer func() {
		conn.Close()
		<-gone
		unhook()
	}()
	if !mine {
		<-ctx.Done()
		return
	}
	kind, _, _ := d.trouble.now()
	s := &stream{d: d, style: styleOf(kind), out: rw.Writer, body: httputil.NewChunkedWriter(rw.Writer)}
	if err := s.run(ctx); err != nil && ctx.Err() == nil {
		d.o.Log.Debug("camera stream ended", slog.String("error", err.Error()))
	}
}

var errDropped = errors.New("dropped on request")

// stream is one connection's answer.
type stream struct {
	d     *Device
	style style
	out   *bufio.Writer
	body  io.Writer // into out, in chunks
}

func (s *stream) run(ctx context.Context) error {
	fmt.Fprintf(s.out, "HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace;boundary=%s\r\n"+
		"Access-Control-Allow-Origin: *\r\nX-Framerate: 60\r\nTransfer-Encoding: chunked\r\n\r\n", s.style.announced)
	if err := s.out.Flush(); err != nil {
		return err
	}
	next := s.d.o.Clock.Now()
	for {
		if s.d.o.FPS > 0 {
			if err := s.wait(ctx, next.Sub(s.d.o.Clock.Now())); err != nil {
				return err
			}
			next = next.Add(time.Duration(float64(time.Second) / s.d.o.FPS))
			if now := s.d.o.Clock.Now(); next.Before(now) {
				next = now // too slow: no burst to make up for it
			}
		}
		jpeg, at, err := s.d.take()
		if err != nil {
			return err
		}
		if err := s.send(ctx, jpeg, at); err != nil {
			return err
		}
		s.d.sent.Add(1)
	}
}

// send sends one part, with what is wrong about it now.
func (s *stream) send(ctx context.Context, jpeg []byte, at time.Duration) error {
	kind, val, changed := s.d.trouble.take()
	switch kind {
	case Stall:
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
			return nil
		}
	case Truncate:
		jpeg = jpeg[:len(jpeg)/2]
	case NoEOI:
		jpeg = jpeg[:max(len(jpeg)-2, 0)]
	case Bomb:
		jpeg = bomb(jpeg)
	case NotJPEG:
		jpeg = noise(at, len(jpeg))
	}
	length := fmt.Sprintf("Content-Length: %d\r\n", len(jpeg))
	switch kind {
	case NoLength:
		length = ""
	case LengthShort:
		length = fmt.Sprintf("Content-Length: %d\r\n", len(jpeg)/2)
	case LengthLong:
		length = fmt.Sprintf("Content-Length: %d\r\n", len(jpeg)+5000)
	case LengthNegative:
		length = "Content-Length: -1\r\n"
	case LengthHuge:
		length = "Content-Length: 99999999999999\r\n"
	}

	var p bytes.Buffer
	p.Grow(len(jpeg) + 2048)
	if kind == Junk {
		p.Write(noise(at, 1500))
	}
	if !s.style.after {
		p.WriteString(s.style.line)
	}
	fmt.Fprintf(&p, "Content-Type: image/jpeg\r\n%sX-Timestamp: %s\r\n", length, timestamp(at))
	if kind == EndlessHeader {
		return s.endless(p.Bytes())
	}
	p.WriteString("\r\n")
	p.Write(jpeg)
	if s.style.after {
		p.WriteString(s.style.line)
	}
	switch kind {
	case Drop:
		return errors.Join(errDropped, s.write(p.Bytes()[:p.Len()/2]))
	case Slow:
		return s.drip(ctx, p.Bytes(), val)
	}
	return s.write(p.Bytes())
}

func (s *stream) write(b []byte) error {
	if _, err := s.body.Write(b); err != nil {
		return err
	}
	return s.out.Flush()
}

// endless sends header lines until the client leaves.
func (s *stream) endless(b []byte) error {
	line := []byte("X-Filler: " + string(bytes.Repeat([]byte("z"), 80)) + "\r\n")
	for {
		if err := s.write(b); err != nil {
			return err
		}
		b = line
	}
}

// drip sends b a few bytes at a time, ten times a second, while the fault lasts.
func (s *stream) drip(ctx context.Context, b []byte, rate int) error {
	if rate == 0 {
		rate = 64
	}
	for len(b) > 0 {
		n := min(max(rate/10, 1), len(b))
		if kind, _, _ := s.d.trouble.now(); kind != Slow {
			n = len(b)
		}
		if err := s.write(b[:n]); err != nil {
			return err
		}
		b = b[n:]
		if err := s.wait(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

func (s *stream) wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := s.d.o.Clock.NewTimer(d)
	select {
	case <-t.C():
		return nil
	case <-ctx.Done():
		t.Stop()
		return ctx.Err()
	}
}

// bomb makes a picture say that it has 65535x65535 pixels.
func bomb(jpeg []byte) []byte {
	b := bytes.Clone(jpeg)
	for i := 2; i+9 < len(b) && b[i] == 0xFF; {
		if b[i+1] == 0xC0 || b[i+1] == 0xC2 {
			copy(b[i+5:], "\xFF\xFF\xFF\xFF")
			break
		}
		i += 2 + int(binary.BigEndian.Uint16(b[i+2:]))
	}
	return b
}

// noise is n bytes that mean nothing, always the same at the same time.
func noise(at time.Duration, n int) []byte {
	r := rand.New(rand.NewPCG(uint64(at), 1))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}
