package main

import (
	"bufio"
	"context"
	"image/jpeg"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// started runs the program until the test ends and gives its addresses.
func started(t *testing.T, args ...string) (addr map[string]string, stop func() string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := run(ctx, append([]string{"--stream", "127.0.0.1:0", "--control", "127.0.0.1:0"}, args...), w, io.Discard)
		w.CloseWithError(io.EOF)
		ended <- err
	}()
	lines := bufio.NewScanner(r)
	addr = map[string]string{}
	for len(addr) < 4 {
		if !lines.Scan() {
			t.Fatalf("ended: %v", <-ended)
		}
		if f := strings.Fields(lines.Text()); len(f) == 2 {
			addr[f[0]] = f[1]
		}
	}
	return addr, func() string {
		cancel()
		var last string
		for lines.Scan() {
			last = lines.Text()
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
		return last
	}
}

func TestShowsTheCast(t *testing.T) {
	addr, stop := started(t, "--size", "qvga", "--seed", "3")
	resp, err := http.Get(addr["capture"])
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	cfg, err := jpeg.DecodeConfig(resp.Body)
	if err != nil || cfg.Width != 320 || cfg.Height != 240 {
		t.Errorf("capture is %dx%d, %v", cfg.Width, cfg.Height, err)
	}
	if said := stop(); !strings.HasPrefix(said, "stopped after ") {
		t.Errorf("last word %q", said)
	}
	if _, err := http.Get(addr["status"]); err == nil {
		t.Error("the port is still open")
	}
}

func TestShowsAFolder(t *testing.T) {
	addr, stop := started(t, "--size", "qqvga")
	resp, err := http.Get(addr["capture"])
	if err != nil {
		t.Fatal(err)
	}
	jpg, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil {
		t.Fatal(err)
	}
	stop()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "1.jpg"), jpg, 0o600); err != nil {
		t.Fatal(err)
	}
	addr, stop = started(t, "--dir", dir)
	defer stop()
	if resp, err = http.Get(addr["capture"]); err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if got, err := io.ReadAll(resp.Body); err != nil || string(got) != string(jpg) {
		t.Errorf("the folder's picture came as %d bytes in place of %d, %v", len(got), len(jpg), err)
	}
}

func TestRefusesNonsense(t *testing.T) {
	for _, args := range [][]string{
		{"--size", "8k"}, {"--fps", "0"}, {"--fps", "NaN"}, {"--quality", "99"}, {"--numbering", "1999"},
		{"--dir", "a", "--video", "b"}, {"--dir", "/nowhere"}, {"--video", "/nowhere"}, {"--stream", "nonsense"}, {"extra"},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		cancel() // where it starts after all it stops at once, without an error
		if err := run(ctx, append([]string{"--control", "127.0.0.1:0"}, args...), io.Discard, io.Discard); err == nil {
			t.Errorf("%v was taken", args)
		}
	}
}
