package store

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"agentid/app/domain"
	"agentid/app/store/storetest"
)

// crashDir, when set, makes the test binary a child that is to be killed, and
// crashWork says what it does until then.
const (
	crashDir  = "AGENTID_STORE_CRASH_DIR"
	crashWork = "AGENTID_STORE_CRASH_WORK"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDir); dir != "" {
		work := map[string]func(*Store) error{
			"events": crashEvents, "identities": crashIdentities, "rotations": crashRotations, "merges": crashMerges,
		}[os.Getenv(crashWork)]
		fmt.Fprintln(os.Stderr, "child:", crashChild(dir, work))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// crashKeyFile is beside the folder of the store, not in it.
func crashKeyFile(dir string) string { return dir + ".key" }

func crashKey(dir string) (MasterKey, error) {
	none := func(string) string { return "" }
	return LoadMasterKey(KeyOptions{File: crashKeyFile(dir), DataDir: dir, Create: true, Getenv: none})
}

func crashChild(dir string, work func(*Store) error) error {
	key, err := crashKey(dir)
	if err != nil {
		return err
	}
	s, err := Open(context.Background(), Options{Dir: dir, MasterKey: key})
	if err != nil {
		return err
	}
	s.pins.cost = cheapPIN
	return work(s)
}

// crashEvents records until it is killed, from several goroutines, and says so
// on standard output once each event is recorded. Meanwhile another marks
// events as sent and drops their pictures, some of which come again.
func crashEvents(s *Store) error {
	ctx := context.Background()
	var wg sync.WaitGroup
	fail := make(chan error, 8)
	for w := range 3 {
		wg.Go(func() {
			for i := 0; ; i++ {
				var picture []byte
				if i%3 != 0 {
					picture = crashPicture(w + 5*i)
				}
				e, err := s.Record(ctx, storetest.Recognition(""), picture)
				if err != nil {
					fail <- err
					return
				}
				// One write, so that a line is whole or not there.
				os.Stdout.WriteString(fmt.Sprintln("recorded", e.Seq, e.ID, e.Snapshot))
			}
		})
	}
	wg.Go(func() {
		for {
			rows, err := s.NextBatch(ctx, 5)
			if err != nil {
				fail <- err
				return
			}
			var ids []int64
			for _, r := range rows {
				ids = append(ids, r.ID)
			}
			if err := s.MarkSent(ctx, ids); err != nil {
				fail <- err
				return
			}
			if _, err := s.DropSnapshots(ctx, s.clock.Now()); err != nil {
				fail <- err
				return
			}
		}
	})
	return <-fail
}

// crashPicture is one of a few pictures, of the size of a camera's.
func crashPicture(n int) []byte {
	return []byte(strings.Repeat(fmt.Sprintf("picture %d ", n%16), 2000))
}

// Whatever the moment at which the power goes, what was acknowledged is there,
// the sequence has no gap and every picture that is kept has its file. (A kill
// leaves the system's write cache alone: what this shows is the order of
// things, and that synchronous=FULL is set is for TestPragmasOfEveryConnection.)
func TestKilled(t *testing.T) {
	rounds := 20
	if testing.Short() {
		rounds = 5
	}
	rng := rand.New(rand.NewPCG(1, 2))
	var dir string
	var acked []string
	total := 0
	for round := range rounds {
		if round%5 == 0 { // sometimes it dies while it is making the database
			dir, acked = t.TempDir(), nil
		}
		after, turns := rng.IntN(40), rng.IntN(20_000)
		if round%5 == 0 {
			after, turns = 0, rng.IntN(400_000)
		}
		lines, err := runAndKill("events", dir, after, turns)
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		total += len(lines)
		acked = append(acked, lines...)
		verifyAfterKill(t, dir, acked)
		if t.Failed() {
			t.Fatalf("round %d, killed after %d acknowledgements", round, after)
		}
	}
	if total < 10*rounds {
		t.Errorf("only %d events in %d rounds: it is killed too early to show much", total, rounds)
	}
	t.Logf("%d events acknowledged in %d rounds", total, rounds)
}

// runAndKill starts the child, kills it some turns after its n-th line, and
// gives all the lines that it wrote.
func runAndKill(work, dir string, n, turns int) ([]string, error) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), crashDir+"="+dir, crashWork+"="+work)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	var lines []string
	kill := func() {
		for range turns {
			runtime.Gosched()
		}
		cmd.Process.Kill() // SIGKILL
	}
	if n == 0 {
		kill()
	}
	for in := bufio.NewScanner(out); in.Scan(); {
		if lines = append(lines, in.Text()); len(lines) == n {
			kill()
		}
	}
	var exit *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &exit) || exit.ExitCode() != -1 {
		return nil, fmt.Errorf("child was not killed but ended: %v: %s", err, stderr.String())
	}
	return lines, nil
}

func verifyAfterKill(t *testing.T, dir string, acked []string) {
	t.Helper()
	key, err := crashKey(dir)
	must(t, err)
	s, err := Open(t.Context(), Options{Dir: dir, MasterKey: key, QuickCheck: true})
	must(t, err)
	defer s.Close()

	for _, line := range acked {
		f := strings.Fields(line)
		seq, err := strconv.ParseUint(f[1], 10, 64)
		must(t, err)
		e, err := s.EventByID(t.Context(), domain.EventID(f[2]))
		if err != nil || e.Seq != seq || (len(f) > 3) != (e.Snapshot != "") || (len(f) > 3 && e.Snapshot != f[3]) {
			t.Errorf("acknowledged %q, found %+v, %v", line, e, err)
		}
	}
	var events, first, last, unqueued, next int64
	must(t, s.r.QueryRow(`SELECT count(*), coalesce(min(seq), 1), coalesce(max(seq), 0),
		(SELECT count(*) FROM events WHERE NOT EXISTS (
			SELECT 1 FROM outbox WHERE kind = 'event' AND ref = events.id)),
		(SELECT next_seq FROM device) FROM events`).Scan(&events, &first, &last, &unqueued, &next))
	if first != 1 || last != events || next != last+1 || unqueued != 0 || events < int64(len(acked)) {
		t.Errorf("%d events, seq %d to %d, next %d, %d not in the outbox; %d acknowledged",
			events, first, last, next, unqueued, len(acked))
	}
	kept, err := texts(t.Context(), s.r, "SELECT hash FROM snapshots WHERE dropped_at IS NULL")
	must(t, err)
	for _, hash := range kept {
		if _, err := s.Snapshot(t.Context(), hash); err != nil {
			t.Errorf("picture that is kept: %v", err)
		}
	}
	// A picture goes only once its event is sent.
	lost, err := texts(t.Context(), s.r, `SELECT e.id FROM events e JOIN snapshots s ON s.hash = e.snapshot
		JOIN outbox o ON o.kind = 'event' AND o.ref = e.id WHERE s.dropped_at IS NOT NULL AND o.state = 'pending'`)
	must(t, err)
	if len(lost) > 0 {
		t.Errorf("pictures of events still to be sent were dropped: %v", lost)
	}
	if _, err := s.Sweep(t.Context()); err != nil {
		t.Error(err)
	}
	if files := countPictures(t, dir); files != len(kept) {
		t.Errorf("%d files after a sweep for %d pictures", files, len(kept))
	}
}

func countPictures(t *testing.T, dir string) (n int) {
	t.Helper()
	for name := range readAll(t, dir) {
		if strings.HasSuffix(name, snapshotExt) {
			n++
		}
	}
	return n
}
