package s3test

import (
	"io"
	"net"
	"sync"
	"testing"
)

// Proxy stands before a server and passes bytes on, until it is told to cut.
type Proxy struct {
	URL string

	mu     sync.Mutex
	up     int64 // bytes that still go up before the cut; below zero: no cut
	answer bool  // cut when the server begins to answer
	cuts   int
}

// Proxy starts one, for the length of a test.
func (s *Server) Proxy(t testing.TB) *Proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{URL: "http://" + l.Addr().String(), up: -1}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go p.pass(c.(*net.TCPConn), s.addr)
		}
	}()
	return p
}

// CutUp resets the connection over which bytes go up, in the middle of them:
// after n from now on.
func (p *Proxy) CutUp(n int64) { p.with(func() { p.up = n }) }

// CutAnswer resets the connection over which the next answer comes, before any
// of it has arrived.
func (p *Proxy) CutAnswer() { p.with(func() { p.answer = true }) }

// Cuts is how often it has cut.
func (p *Proxy) Cuts() (n int) {
	p.with(func() { n = p.cuts })
	return n
}

func (p *Proxy) with(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f()
}

func (p *Proxy) pass(c *net.TCPConn, to string) {
	up, err := net.Dial("tcp", to)
	if err != nil {
		c.Close()
		return
	}
	s := up.(*net.TCPConn)
	end := func(cut bool) {
		for _, x := range []*net.TCPConn{c, s} {
			if cut {
				_ = x.SetLinger(0) // a reset, not an end
			}
			_ = x.Close()
		}
	}
	var both sync.WaitGroup
	both.Go(func() { end(copyWhile(s, c, p.upward)) })
	both.Go(func() { end(copyWhile(c, s, p.downward)) })
	both.Wait()
}

// upward tells how many of n bytes go on, and whether the connection does.
func (p *Proxy) upward(n int) (pass int, on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.up < 0 {
		return n, true
	}
	if int64(n) < p.up {
		p.up -= int64(n)
		return n, true
	}
	n, p.up = int(p.up), -1
	p.cuts++
	return n, false
}

func (p *Proxy) downward(n int) (pass int, on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.answer {
		return n, true
	}
	p.answer = false
	p.cuts++
	return 0, false
}

// copyWhile passes bytes on as far as allow says, and tells whether it cut.
func copyWhile(dst io.Writer, src io.Reader, allow func(int) (int, bool)) (cut bool) {
	b := make([]byte, 16<<10)
	for {
		n, err := src.Read(b)
		if n > 0 {
			pass, on := allow(n)
			if _, err := dst.Write(b[:pass]); err != nil || !on {
				return !on
			}
		}
		if err != nil {
			return false
		}
	}
}
