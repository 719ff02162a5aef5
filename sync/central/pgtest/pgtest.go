// Package pgtest gives tests a real PostgreSQL: a cluster of their own in a
// temporary folder, on a Unix socket, without fsync, run by a user without
// rights. Nothing that was there before is touched.
//
// A package's TestMain calls Main; its tests call Database.
package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// ErrAbsent says that this machine has no PostgreSQL to start.
var ErrAbsent = errors.New("postgresql 15 or later is absent: run packaging/setup.sh")

// Server is one running cluster.
type Server struct {
	dir  string // socket, data, log
	bin  string
	user *syscall.Credential
	set  []string // further settings
	cmd  *exec.Cmd
	gone chan struct{}
}

// Durable are the settings of a server that is for keeps, in place of those for
// tests.
var Durable = []string{"fsync=on", "full_page_writes=on"}

// Start makes a cluster and starts it. Settings such as "fsync=on" come after
// those for tests, and win.
func Start(settings ...string) (*Server, error) { return StartWithLog("", settings...) }

// StartWithLog is Start with the write-ahead log in a folder of its own, which
// becomes the server's; in the cluster where that is "".
func StartWithLog(log string, settings ...string) (*Server, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	// Short, for the path of a socket has 107 bytes at most.
	dir, err := os.MkdirTemp("/tmp", "pgtest")
	if err != nil {
		return nil, fmt.Errorf("make cluster: %w", err)
	}
	s := &Server{dir: dir, bin: bin, set: settings}
	if os.Getuid() == 0 {
		s.user, err = unprivileged()
	}
	args := []string{"-D", s.data(), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync", "--no-instructions"}
	if err == nil && log != "" {
		err = s.Own(log)
		args = append(args, "-X", log)
	}
	return s.made(err, "initdb", args...)
}

// Replica makes a hot standby of the cluster, which follows it as long as both
// run. It is closed by itself.
func (s *Server) Replica() (*Server, error) {
	dir, err := os.MkdirTemp("/tmp", "pgtest")
	if err != nil {
		return nil, fmt.Errorf("make replica: %w", err)
	}
	r := &Server{dir: dir, bin: s.bin, user: s.user, set: s.set}
	return r.made(nil, "pg_basebackup", "-D", r.data(), "-d", s.DSN("postgres", "postgres"), "-R", "-X", "stream", "-c", "fast", "--no-sync")
}

// made runs what makes the cluster's data, and starts it.
func (s *Server) made(err error, name string, args ...string) (*Server, error) {
	if err == nil {
		err = s.Own(s.dir)
	}
	if err == nil {
		err = s.run(name, args...)
	}
	if err == nil {
		err = s.Up()
	}
	if err != nil {
		os.RemoveAll(s.dir)
		return nil, fmt.Errorf("make cluster: %w", err)
	}
	return s, nil
}

// Log is what the server has said.
func (s *Server) Log() string {
	said, _ := os.ReadFile(filepath.Join(s.dir, "log"))
	return string(said)
}

// Own gives a folder to the user who runs the server, for a tablespace.
func (s *Server) Own(dir string) error {
	if s.user == nil {
		return nil
	}
	return os.Chown(dir, int(s.user.Uid), int(s.user.Gid))
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

// Up starts the cluster's server after Down or Kill, and waits until it answers.
func (s *Server) Up() error {
	log, err := os.OpenFile(filepath.Join(s.dir, "log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	args := []string{"-D", s.data(), "-k", s.dir,
		"-c", "listen_addresses=", "-c", "fsync=off", "-c", "full_page_writes=off", "-c", "shared_buffers=64MB",
		"-c", "max_connections=120", "-c", "max_wal_size=1GB", "-c", "timezone=UTC", "-c", "log_min_messages=warning"}
	for _, one := range s.set {
		args = append(args, "-c", one)
	}
	cmd := s.command("postgres", args...)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start postgres: %w", err)
	}
	gone := make(chan struct{})
	go func() { cmd.Wait(); close(gone) }()
	s.cmd, s.gone = cmd, gone
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	for {
		c, err := pgx.Connect(ctx, s.DSN("postgres", "postgres"))
		if err == nil {
			return c.Close(ctx)
		}
		select {
		case <-gone:
			said, _ := os.ReadFile(filepath.Join(s.dir, "log"))
			return fmt.Errorf("postgres ended: %s", lastLines(string(said)))
		case <-ctx.Done():
			return fmt.Errorf("postgres does not answer: %w", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Down ends the server and drops its connections, as a restart does.
func (s *Server) Down() { s.end(syscall.SIGINT) }

// Kill ends the server as a crash does: its children notice and end by
// themselves, and the next start recovers.
func (s *Server) Kill() { s.end(syscall.SIGQUIT) }

func (s *Server) end(sig syscall.Signal) {
	if s.cmd == nil {
		return
	}
	s.cmd.Process.Signal(sig)
	select {
	case <-s.gone:
	case <-time.After(30 * time.Second):
		s.cmd.Process.Kill()
		<-s.gone
	}
	s.cmd = nil
}

// Close ends the server and removes all of the cluster.
func (s *Server) Close() error {
	s.end(syscall.SIGINT)
	return os.RemoveAll(s.dir)
}

// DSN is how to reach a database of the cluster.
func (s *Server) DSN(role, database string) string {
	return fmt.Sprintf("host=%s user=%s dbname=%s sslmode=disable", s.dir, role, database)
}

// Exec runs statements as the cluster's superuser.
func (s *Server) Exec(ctx context.Context, database string, statements ...string) error {
	c, err := pgx.Connect(ctx, s.DSN("postgres", database))
	if err != nil {
		return err
	}
	defer c.Close(ctx)
	for _, st := range statements {
		if _, err := c.Exec(ctx, st); err != nil {
			return fmt.Errorf("%.60s: %w", st, err)
		}
	}
	return nil
}

func (s *Server) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(s.bin, name), args...)
	cmd.Dir = s.dir
	cmd.Env = []string{"PATH=/usr/bin:/bin", "LC_ALL=C", "HOME=" + s.dir}
	// SIGQUIT should this process die without having closed.
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.user, Pdeathsig: syscall.SIGQUIT}
	return cmd
}

func (s *Server) run(name string, args ...string) error {
	if out, err := s.command(name, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, lastLines(string(out)))
	}
	return nil
}

// binaries is the folder of the newest PostgreSQL here, as Debian lays it out,
// or as it is on the PATH.
func binaries() (string, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	newest := 0
	for _, p := range found {
		v, err := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(p))))
		if err == nil && v >= 15 {
			newest = max(newest, v)
		}
	}
	if newest > 0 {
		return fmt.Sprintf("/usr/lib/postgresql/%d/bin", newest), nil
	}
	if p, err := exec.LookPath("initdb"); err == nil {
		if p, err = filepath.EvalSymlinks(p); err == nil {
			return filepath.Dir(p), nil
		}
	}
	return "", ErrAbsent
}

// unprivileged is a user for what root may not run.
func unprivileged() (*syscall.Credential, error) {
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err1 == nil && err2 == nil {
			return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
		}
	}
	return nil, errors.New("neither a user postgres nor nobody")
}

func lastLines(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.Join(lines[max(0, len(lines)-5):], "; ")
}

// shared is the cluster of a test binary, started by the first test that asks.
var shared struct {
	mu       sync.Mutex
	server   *Server
	err      error
	prepared []string // templates that are there
	n        int
}

// Main runs the tests of a package, then ends what they started.
func Main(m *testing.M) {
	code := m.Run()
	if s := shared.server; s != nil {
		if err := s.Close(); err != nil {
			fmt.Fprintln(os.Stderr, "pgtest:", err)
		}
	}
	os.Exit(code)
}

// Role owns the databases of tests. It is no superuser.
const Role = "central"

// Database makes an empty database for a test, and says how to reach it.
// prepare fills it; it runs once for a name, and its work is copied from then
// on. The test is skipped where there is no PostgreSQL.
func Database(t testing.TB, name string, prepare func(ctx context.Context, dsn string) error) string {
	t.Helper()
	shared.mu.Lock()
	defer shared.mu.Unlock()
	if shared.server == nil && shared.err == nil {
		if shared.server, shared.err = Start(); shared.err == nil {
			shared.err = shared.server.Exec(context.Background(), "postgres", "CREATE ROLE "+Role+" LOGIN")
		}
	}
	if errors.Is(shared.err, ErrAbsent) {
		t.Skipf("skipped: %v", shared.err)
	}
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	s, ctx := shared.server, context.Background()
	template := "template_" + name
	if !slices.Contains(shared.prepared, template) {
		if err := s.Exec(ctx, "postgres", "CREATE DATABASE "+template+" OWNER "+Role); err != nil {
			t.Fatal(err)
		}
		if err := prepare(ctx, s.DSN(Role, template)); err != nil {
			t.Fatal(err)
		}
		shared.prepared = append(shared.prepared, template)
	}
	shared.n++
	db := fmt.Sprintf("test_%d", shared.n)
	if err := s.Exec(ctx, "postgres", "CREATE DATABASE "+db+" OWNER "+Role+" TEMPLATE "+template); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Exec(context.Background(), "postgres", "DROP DATABASE "+db+" WITH (FORCE)"); err != nil {
			t.Error(err)
		}
	})
	return s.DSN(Role, db)
}
