package packaging

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// kiosk prepares a run of run.sh in a folder of its own, in which the go
// command "builds" a program that is the given script.
func kiosk(t *testing.T, program string, args ...string) (cmd *exec.Cmd, root string, out *bytes.Buffer) {
	t.Helper()
	if _, err := exec.LookPath("Xvfb"); err != nil {
		t.Skip("skipped: Xvfb is not installed (packaging/setup.sh installs it)")
	}
	root = t.TempDir()
	for _, s := range []string{"run.sh", "lib.sh", "setup.sh"} {
		data, err := os.ReadFile(s)
		if err != nil {
			t.Fatal(err)
		}
		put(t, string(data), root, "packaging", s)
	}
	put(t, "#!/bin/bash\ncd "+root+"\n"+program, root, "program")
	put(t, "#!/bin/bash\ncp "+root+"/program "+root+"/bin/agentid\n", root, "tools", "go")
	cmd = exec.CommandContext(t.Context(), filepath.Join(root, "packaging", "run.sh"), args...)
	cmd.Env = []string{"PATH=" + filepath.Join(root, "tools") + ":" + os.Getenv("PATH"), "HOME=" + root, "AGENTID_SKIP_SETUP=1"}
	out = &bytes.Buffer{}
	cmd.Stdout, cmd.Stderr = out, out
	return cmd, root, out
}

func put(t *testing.T, text string, path ...string) {
	t.Helper()
	p := filepath.Join(path...)
	if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(p, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path ...string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestRunWithoutAScreenEndsWithASignal(t *testing.T) {
	for name, sig := range map[string]syscall.Signal{"Ctrl-C": syscall.SIGINT, "a service's end": syscall.SIGTERM} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if signal.Ignored(sig) { // a job in the background: bash cannot hear it either
				t.Skipf("skipped: %s is ignored by whoever started the tests", sig)
			}
			cmd, root, out := kiosk(t, `trap 'echo "asked to end" >ended; exit 0' TERM
echo "$DISPLAY $*" >up
while :; do sleep 0.1; done`, "--lang", "en")
			if err := syscall.Mkfifo(filepath.Join(root, "up"), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			up := read(t, root, "up") // waits until the program runs
			if err := cmd.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			if err := cmd.Wait(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
			if !strings.HasPrefix(up, ":") || !strings.Contains(up, "--windowed --width 1280 --height 800 --lang en") {
				t.Errorf("the program was started with %q", up)
			}
			if got := read(t, root, "ended"); !strings.Contains(got, "asked") {
				t.Errorf("%q", got)
			}
			display, _, _ := strings.Cut(up, " ")
			if _, err := os.Stat("/tmp/.X11-unix/X" + strings.TrimPrefix(display, ":")); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("the virtual screen %s is still there: %v", display, err)
			}
		})
	}
}

func TestRunTellsWhyTheKioskEnded(t *testing.T) {
	t.Parallel()
	cmd, _, out := kiosk(t, `echo "configuración con un error" >&2; exit 2`)
	err := cmd.Run()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 2 || !strings.Contains(out.String(), "configuración con un error") {
		t.Errorf("%v: %s", err, out)
	}
}

func TestRunReadsDotEnvAndLeavesAPicture(t *testing.T) {
	t.Parallel()
	cmd, root, out := kiosk(t, `echo "$AGENTID_SITE_BRANCH" >branch; exec sleep 60`)
	put(t, "AGENTID_SITE_BRANCH=Sucursal Centro\nAGENTID_RUN_FOR=6\nAGENTID_UI_WIDTH=640\nAGENTID_UI_HEIGHT=480\n", root, ".env")
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if got := read(t, root, "branch"); got != "Sucursal Centro\n" {
		t.Errorf("branch %q", got)
	}
	latest := filepath.Join(root, ".cache", "screenshots", "latest.png")
	if size, err := exec.CommandContext(t.Context(), "identify", "-format", "%m %wx%h", latest).Output(); err != nil || string(size) != "PNG 640x480" {
		t.Errorf("%q, %v: %s", size, err, out)
	}
}
