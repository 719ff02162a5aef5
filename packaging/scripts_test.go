// Package packaging tests the scripts that lie beside it.
package packaging

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// bash runs a command in this folder, with nothing of the caller's environment.
func bash(t *testing.T, env []string, script string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "bash", "-c", script)
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}, env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func TestScriptsAreValid(t *testing.T) {
	scripts, err := filepath.Glob("*.sh")
	if err != nil || len(scripts) < 4 {
		t.Fatalf("%q, %v", scripts, err)
	}
	for _, s := range append(scripts, "../.ci/run") {
		if out, err := exec.CommandContext(t.Context(), "bash", "-n", s).CombinedOutput(); err != nil {
			t.Errorf("%s: %s", s, out)
		}
		info, err := os.Stat(s)
		if err != nil || s != "lib.sh" && info.Mode()&0o111 == 0 {
			t.Errorf("%s cannot be run: %v, %v", s, info.Mode(), err)
		}
	}
}

// The documents name every package that the set-up installs.
func TestEveryPackageIsDocumented(t *testing.T) {
	out, err := bash(t, nil, "./setup.sh --list")
	if err != nil {
		t.Fatal(out)
	}
	doc, err := os.ReadFile("../docs/DEPENDENCIES.md")
	if err != nil {
		t.Fatal(err)
	}
	names := strings.Fields(out)
	if len(names) < 15 {
		t.Fatalf("%q", names)
	}
	for _, n := range names {
		if !strings.Contains(string(doc), n) {
			t.Errorf("docs/DEPENDENCIES.md lacks %s", n)
		}
	}
}

func TestSetupTellsWhatToDoElsewhere(t *testing.T) {
	// A machine with bash and little else.
	bin := t.TempDir()
	for _, tool := range []string{"bash", "env", "sed"} {
		path, err := exec.LookPath(tool)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(path, filepath.Join(bin, tool)); err != nil {
			t.Fatal(err)
		}
	}
	out, err := bash(t, []string{"PATH=" + bin}, "./setup.sh")
	if err == nil || !strings.Contains(out, "not Debian") || !strings.Contains(out, "libopencv-dev") || !strings.Contains(out, "AGENTID_SKIP_SETUP") {
		t.Errorf("%v: %s", err, out)
	}
	if out, err := bash(t, []string{"PATH=" + bin, "AGENTID_SKIP_SETUP=1"}, "./setup.sh"); err != nil || out != "" {
		t.Errorf("skipped: %v: %s", err, out)
	}
	if out, err := bash(t, nil, "./setup.sh everything"); err == nil || !strings.Contains(out, "unknown argument") {
		t.Errorf("%v: %s", err, out)
	}
}

// What apt-get does is played by a script: it fails as often as it is told to.
func TestSetupTriesAgainAndGivesUp(t *testing.T) {
	for name, tt := range map[string]struct {
		fails int
		good  bool
	}{"at once": {0, true}, "after a while": {1, true}, "never": {9, false}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bin := t.TempDir()
			for file, text := range map[string]string{
				"dpkg-query": "test -e " + bin + "/installed && echo 'ii ' || exit 1",
				"apt-get": `for a; do case $a in
  update) exit 100 ;; # somebody else's broken list
  install) echo x >>` + bin + `/tries
    if [ "$(wc -l <` + bin + `/tries)" -gt ` + string(rune('0'+tt.fails)) + ` ]; then touch ` + bin + `/installed; exit 0; fi
    echo "E: the mirror is down"; exit 100 ;;
esac; done`,
				"sleep": "exit 0",
				"id":    "echo 0",
			} {
				if err := os.WriteFile(filepath.Join(bin, file), []byte("#!/bin/bash\n"+text+"\n"), 0o755); err != nil {
					t.Fatal(err)
				}
			}
			out, err := bash(t, []string{"PATH=" + bin + ":" + os.Getenv("PATH")}, "./setup.sh")
			if tt.good != (err == nil) {
				t.Fatalf("%v: %s", err, out)
			}
			if !tt.good && (!strings.Contains(out, "the mirror is down") || !strings.Contains(out, "could not be installed")) {
				t.Errorf("%s", out)
			}
		})
	}
}

func TestLoadEnvReadsButDoesNotRun(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "env")
	canary := filepath.Join(dir, "canary")
	text := `# a comment
AGENTID_SITE_BRANCH=Sucursal Centro
AGENTID_SITE_ORGANISATION="Banco Norte"
AGENTID_LANG=en
AGENTID_DATA_DIR=$(touch ` + canary + `)
touch ` + canary + `
lower=1
AGENTID_LOG_FILE=`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := bash(t, []string{"AGENTID_LANG=es"}, `set -eu; . ./lib.sh; load_env `+file+`; load_env /nowhere
printf '%s|%s|%s|%s|%s|%s' "$AGENTID_SITE_BRANCH" "$AGENTID_SITE_ORGANISATION" "$AGENTID_LANG" "$AGENTID_DATA_DIR" "${lower-unset}" "${AGENTID_LOG_FILE-unset}"`)
	want := "Sucursal Centro|Banco Norte|es|$(touch " + canary + ")|unset|"
	if err != nil || out != want {
		t.Errorf("%v: %q, expected %q", err, out, want)
	}
	if _, err := os.Stat(canary); err == nil {
		t.Error("a line of the file was run")
	}
}

// The screen of a run without one is taken down again, by its own number.
func TestVirtualScreenComesAndGoes(t *testing.T) {
	if _, err := exec.LookPath("Xvfb"); err != nil {
		t.Skip("skipped: Xvfb is not installed (packaging/setup.sh installs it)")
	}
	out, err := bash(t, nil, `set -eu; . ./lib.sh; start_xvfb 320x240; pid=$xvfb_pid
xdpyinfo | grep dimensions; stop_xvfb; if kill -0 "$pid" 2>/dev/null; then echo "still there"; fi`)
	if err != nil || !strings.Contains(out, "320x240") || strings.Contains(out, "still there") {
		t.Errorf("%v: %s", err, out)
	}
}
