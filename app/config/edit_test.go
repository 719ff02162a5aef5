package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"agentid/app/domain"
)

func TestSetKeepsTheRestOfTheFile(t *testing.T) {
	for _, c := range []struct{ name, doc, key, value, want string }{
		{"a line is replaced, its remark stays", "# mine\n[recognition]\nthreshold = 0.4  # looser\nvotes = 3\n", "recognition.threshold", "0.52",
			"# mine\n[recognition]\nthreshold = 0.52  # looser\nvotes = 3\n"},
		{"a key goes to its table", "[site]\nbranch = \"Sur\"\n\n[log]\nlevel = \"warn\"\n", "site.organisation", "Banco \"Norte\"",
			"[site]\nbranch = \"Sur\"\norganisation = \"Banco \\\"Norte\\\"\"\n\n[log]\nlevel = \"warn\"\n"},
		{"a table is made", "lang = \"en\"", "site.branch", "Sur", "lang = \"en\"\n\n[site]\nbranch = \"Sur\"\n"},
		{"a key without a table goes first", "[site]\nbranch = \"Sur\"\n", "lang", "en", "lang = \"en\"\n[site]\nbranch = \"Sur\"\n"},
		{"a dotted key", "site.branch = \"Sur # not a remark\" # a remark\n", "site.branch", "Norte", "site.branch = \"Norte\"  # a remark\n"},
		{"no file yet", "", "log.level", "debug", "[log]\nlevel = \"debug\"\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "agentid", "config.toml")
			if c.doc != "" {
				if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, []byte(c.doc), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			src := Sources{Environ: []string{"HOME=" + t.TempDir()}, File: file}
			cfg, err := Set(src, file, c.key, c.value)
			if err != nil {
				t.Fatal(err)
			}
			got, err := os.ReadFile(file)
			if err != nil || string(got) != c.want {
				t.Fatalf("%q, want %q (%v)", got, c.want, err)
			}
			if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
				t.Fatalf("mode %v, %v", info.Mode(), err)
			}
			again, err := Load(src)
			if err != nil || again.String() != cfg.String() || cfg.File != file {
				t.Fatalf("read again: %v\n%s\n%s", err, again, cfg)
			}
			if left, _ := filepath.Glob(filepath.Join(filepath.Dir(file), "*")); len(left) != 1 {
				t.Fatalf("left behind: %v", left)
			}
		})
	}
}

func TestSetRefusesAndChangesNothing(t *testing.T) {
	file := filepath.Join(t.TempDir(), "config.toml")
	const doc = "demo = false\n[camera]\nurl = \"http://user:secret@10.0.0.7:81/stream\"\n"
	if err := os.WriteFile(file, []byte(doc), 0o600); err != nil {
		t.Fatal(err)
	}
	src := Sources{Environ: []string{"HOME=" + t.TempDir()}, File: file, Lang: domain.English}
	for key, value := range map[string]string{
		"recognition.threshold": "many", "recognition.votes": "99", "lang": "fr", "camera.url": "ftp://x", "site.branch": "a\nb",
		"demo": "perhaps", "nonsense": "1", "master_key_file": filepath.Join(t.TempDir(), "x") + "\x00",
	} {
		if _, err := Set(src, file, key, value); err == nil {
			t.Errorf("%s = %q is taken", key, value)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", key, err)
		}
	}
	// What is wrong only beside another setting is found, too.
	_, err := Set(src, file, "camera.url", "")
	var e *Error
	if !errors.As(err, &e) || e.Lang != domain.English || !strings.Contains(err.Error(), file) && e.Problems[0].From.Name == "" {
		t.Errorf("no camera and no demo: %v", err)
	}
	if got, err := os.ReadFile(file); err != nil || string(got) != doc {
		t.Fatalf("changed: %q, %v", got, err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(file), ".config-*")); len(left) != 0 {
		t.Fatalf("left behind: %v", left)
	}
}

func TestDescribe(t *testing.T) {
	file := filepath.Join(t.TempDir(), "config.toml")
	if err := os.WriteFile(file, []byte("[camera]\nurl = \"http://user:secret@10.0.0.7:81/stream\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	list, err := Describe(Sources{Environ: []string{"HOME=" + t.TempDir(), "AGENTID_LOG_LEVEL=warn"}, File: file}, domain.English)
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != len(settings()) {
		t.Fatalf("%d settings of %d", len(list), len(settings()))
	}
	for _, s := range list {
		if strings.Contains(s.Value, "secret") || s.Help == "" {
			t.Errorf("%+v", s)
		}
		want := map[string]FromKind{"camera.url": FromFile, "log.level": FromEnvironment}[s.Key]
		if want != "" && s.From.Kind != want || want == "" && s.From.Kind != FromDefault {
			t.Errorf("%s is from %s", s.Key, s.From.Kind)
		}
		for _, o := range s.Options { // each is one that there is
			for _, x := range settings() {
				if x.key == s.Key {
					var c Config
					if f := x.value(&c).set(o); f != nil {
						t.Errorf("%s = %s: %s", s.Key, o, f.what.en)
					}
				}
			}
		}
	}
}

// Whatever a file looks like and whatever is set: it says so when it is read
// again, or nothing was changed.
func FuzzEdit(f *testing.F) {
	f.Add("[site]\nbranch = \"x\" # y\n", "Sur")
	f.Add("site = { branch = 'x' }\n", "Sur \\ \"x\"")
	f.Add("[site]\norganisation = \"\"\"\n[site]\nbranch = 1\n\"\"\"\n", "é")
	f.Add("[ \"site\" ]\n'branch'=\"x\"", "#")
	f.Add("# only a remark", "")
	f.Fuzz(func(t *testing.T, doc, value string) {
		if checkText(value) != nil || atMost(60)(value) != nil {
			t.Skip("skipped: no value that the setting takes")
		}
		before, err := parse(doc)
		if err != nil {
			t.Skip("skipped: no configuration to begin with")
		}
		next, err := edit(doc, "site.branch", quoteTOML(value))
		if err != nil {
			return // nothing is written then
		}
		after, err := parse(next)
		if err != nil {
			t.Fatalf("%q became %q: %v", doc, next, err)
		}
		got := map[string]any{}
		for _, e := range after {
			got[e.key] = e.value
		}
		if got["site.branch"] != value {
			t.Fatalf("%q: %v, want %q", doc, got["site.branch"], value)
		}
		for _, e := range before {
			if _, table := e.value.(map[string]any); !table && got[e.key] == nil {
				t.Fatalf("%q: %s is lost", doc, e.key)
			}
		}
	})
}
