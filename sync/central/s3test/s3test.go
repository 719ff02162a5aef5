// Package s3test gives tests a real S3 server: versitygw over a temporary
// folder, with versioning, on a loopback port of its own.
package s3test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// What the server's only user is called.
const (
	AccessKey = "agentid-test"
	SecretKey = "agentid-test-secret"
	Region    = "us-east-1"
)

// ErrAbsent says that this machine has no versitygw.
var ErrAbsent = errors.New("versitygw is absent: packaging/versitygw.sh installs it into .cache/bin")

// Server is one running S3 server.
type Server struct {
	URL string

	bin, dir, addr string
	cmd            *exec.Cmd
	gone           chan struct{}
}

// New starts a server for a test, and ends it with the test. The test is
// skipped where there is no versitygw.
func New(t testing.TB) *Server {
	t.Helper()
	s, err := Start(t.TempDir())
	if errors.Is(err, ErrAbsent) {
		t.Skipf("skipped: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Down)
	return s
}

// Start runs a server over dir.
func Start(dir string) (*Server, error) {
	bin, err := program()
	if err != nil {
		return nil, err
	}
	for _, sub := range []string{"objects", "versions"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
			return nil, err
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	addr := l.Addr().String()
	l.Close()
	s := &Server{URL: "http://" + addr, bin: bin, dir: dir, addr: addr}
	return s, s.Up()
}

// Up starts the server, again after Down, at the same address.
func (s *Server) Up() error {
	log, err := os.OpenFile(filepath.Join(s.dir, "log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(s.bin, "--port", s.addr, "--quiet", "--health", "/health", "--region", Region,
		"posix", "--versioning-dir", filepath.Join(s.dir, "versions"), filepath.Join(s.dir, "objects"))
	cmd.Env = []string{"PATH=/usr/bin:/bin", "HOME=" + s.dir, "ROOT_ACCESS_KEY=" + AccessKey, "ROOT_SECRET_KEY=" + SecretKey}
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start versitygw: %w", err)
	}
	gone := make(chan struct{})
	go func() { cmd.Wait(); close(gone) }()
	s.cmd, s.gone = cmd, gone
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/health", nil)
		if err != nil {
			return err
		}
		if res, err := http.DefaultClient.Do(req); err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-gone:
			said, _ := os.ReadFile(filepath.Join(s.dir, "log"))
			return fmt.Errorf("versitygw ended: %.500s", said)
		case <-ctx.Done():
			return errors.New("versitygw does not answer")
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Down ends the server; its objects stay.
func (s *Server) Down() {
	if s.cmd == nil {
		return
	}
	s.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.gone:
	case <-time.After(10 * time.Second):
		s.cmd.Process.Kill()
		<-s.gone
	}
	s.cmd = nil
}

// program finds versitygw on the PATH, or in .cache/bin of the module.
func program() (string, error) {
	if p, err := exec.LookPath("versitygw"); err == nil {
		return p, nil
	}
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			p := filepath.Join(dir, ".cache", "bin", "versitygw")
			if _, err := os.Stat(p); err != nil {
				return "", ErrAbsent
			}
			return p, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", ErrAbsent
		}
		dir = up
	}
}
