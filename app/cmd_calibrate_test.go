package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"agentid/app/domain"
	"agentid/app/domain/domaintest"
	"agentid/app/store"
	"agentid/vision/plot"
)

// branchStore makes the store of a branch of 24 people who came by so often.
func branchStore(t *testing.T, dir string, visits int) {
	t.Helper()
	clock := domaintest.NewClock(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
	key, err := store.LoadMasterKey(store.KeyOptions{File: filepath.Join(dir, "keys", "master.key"), DataDir: filepath.Join(dir, "data"), Create: true})
	if err != nil {
		t.Fatal(err)
	}
	st, err := store.Open(t.Context(), store.Options{Dir: filepath.Join(dir, "data"), MasterKey: key, Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	rng := rand.New(rand.NewPCG(3, 3))
	record := func(e domain.Event) domain.Event {
		clock.Advance(2 * time.Minute)
		stored, err := st.Record(t.Context(), e, nil)
		if err != nil {
			t.Fatal(err)
		}
		return stored
	}
	var people [24]domain.PersonID
	for i := range people {
		people[i] = domain.PersonID(newID())
	}
	for i := range visits {
		e := domain.Event{
			Kind: domain.EventRecognition, Reason: domain.ReasonRecognised, Person: people[i%24], Threshold: 0.59,
			Distance: min(0.58, max(0.05, 0.38+0.09*rng.NormFloat64())), Second: 0.9 + 0.09*rng.NormFloat64(),
			Metric: "cosine_distance", Encoder: domain.EncoderRef{Name: "mobilefacenet_128", Version: "1"}, Detector: "yunet", Votes: 3, Frames: 3,
		}
		if i%60 == 59 { // as near as somebody else may come
			e.Distance = 0.5 + 0.08*rng.Float64()
		}
		stored := record(e)
		if i%60 == 59 {
			record(domain.Event{Kind: domain.EventCorrection, Reason: domain.ReasonNotMe, Person: e.Person, About: stored.ID})
		}
		if i/24%2 == 0 { // every other time with the badge
			e.Kind, e.Reason, e.Threshold, e.Second = domain.EventValidation, domain.ReasonValidatedFace, 0.66, 0
			if i%20 == 0 {
				e.Reason, e.Distance = domain.ReasonWrongFace, 0.7
			}
			record(e)
			if i%20 == 0 {
				record(domain.Event{Kind: domain.EventValidation, Reason: domain.ReasonValidatedPIN, Person: e.Person})
			}
		}
	}
}

// command runs a command of the program in this process.
func command(t *testing.T, dir string, args ...string) (string, error) {
	t.Helper()
	t.Setenv("AGENTID_DATA_DIR", filepath.Join(dir, "data"))
	t.Setenv("AGENTID_MASTER_KEY_FILE", filepath.Join(dir, "keys", "master.key"))
	t.Setenv("AGENTID_CAMERA_URL", "http://127.0.0.1:1/") // not the demo's store
	t.Setenv("XDG_CONFIG_HOME", filepath.Join(dir, "config"))
	var out, errOut bytes.Buffer
	c := newCLI(&out, &errOut)
	defer c.Close()
	root := rootCommand(c)
	root.SetArgs(args)
	root.SetOut(&errOut)
	err := root.ExecuteContext(context.Background())
	return out.String(), err
}

func TestCalibrateCommand(t *testing.T) {
	dir := t.TempDir()
	if out, err := command(t, dir, "calibrate"); err != nil || !strings.Contains(out, "needs 3000 visits of 20 people or more") {
		t.Fatalf("of nothing: %q, %v", out, err)
	}
	branchStore(t, dir, 240)
	picture := filepath.Join(dir, "scores.png")
	out, err := command(t, dir, "calibrate", "--fmr", "5%,0.1%", "--histogram", picture)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"mobilefacenet_128@1 (cosine distance): 360 events", "236 of the same person (24 people), 240 of different people",
		"120 of the same person", "FMR 5%", "FMR 0.1%      not proposed: needs 27", "[recognition]\n    threshold = 0.", "verify_threshold = 0.", "# was 0.660",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	for _, file := range []string{picture, filepath.Join(dir, "scores-badge.png")} {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if m, err := png.Decode(bytes.NewReader(b)); err != nil || m.Bounds().Size() != plot.DefaultSize() {
			t.Errorf("%s: %v", file, err)
		}
		if st, err := os.Stat(file); err != nil || st.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", file, st.Mode(), err)
		}
	}
	out, err = command(t, dir, "calibrate", "--fmr=0.05", "--json")
	var got struct {
		Encoders []struct {
			Encoder  string
			Greeting struct {
				Proposals []struct {
					At struct{ Threshold float64 }
				}
			}
		}
	}
	if err != nil || json.Unmarshal([]byte(out), &got) != nil || len(got.Encoders) != 1 || len(got.Encoders[0].Greeting.Proposals) != 1 {
		t.Fatalf("%v: %s", err, out)
	}
	if th := got.Encoders[0].Greeting.Proposals[0].At.Threshold; th < 0.45 || th > 0.8 {
		t.Errorf("proposes %v", th)
	}
	// Nothing was changed, and nothing of it is old enough to be left out.
	if again, err := command(t, dir, "calibrate", "--fmr=0.05", "--json"); err != nil || again != out {
		t.Errorf("another answer: %v", err)
	}
	for _, bad := range []string{"0", "1", "-3%", "some", "NaN", "100%"} {
		if _, err := command(t, dir, "calibrate", "--fmr", bad); err == nil || !strings.Contains(err.Error(), "--fmr") {
			t.Errorf("--fmr %s: %v", bad, err)
		}
	}
}

// pages gives events as a store does, in pages, newest first.
type pages struct{ n, calls int }

func (p *pages) EventsQuery(_ context.Context, f store.Filter) ([]domain.Event, error) {
	p.calls++
	if f.Kind != domain.EventRecognition {
		return nil, nil
	}
	var out []domain.Event
	from := uint64(p.n)
	if f.BeforeSeq > 0 {
		from = f.BeforeSeq - 1
	}
	for s := from; s > 0 && len(out) < f.Limit; s-- {
		out = append(out, domain.Event{Seq: s, ID: domain.EventID(fmt.Sprint(s))})
	}
	return out, nil
}

func TestScoredEventsReadsAllPages(t *testing.T) {
	for n, want := range map[int]int{0: 0, 5: 5, 1000: 1000, 2500: 2500, maxCalibration + 5000: maxCalibration} {
		p := &pages{n: n}
		es, err := scoredEvents(t.Context(), p, time.Time{})
		if err != nil || len(es) != want {
			t.Errorf("%d events: %d, %v", n, len(es), err)
		}
		if len(es) > 0 && es[0].Seq != uint64(n) {
			t.Errorf("begins at %d, want the newest", es[0].Seq)
		}
	}
}
