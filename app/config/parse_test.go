package config

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// The example names every variable once, and none that is unknown; with the
// marks taken away it is a valid configuration.
func TestEnvExample(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("..", "..", ".env.example"))
	if err != nil {
		t.Fatal(err)
	}
	environ := []string{"HOME=" + t.TempDir()}
	var names []string
	for line := range strings.Lines(string(data)) {
		kv, ok := strings.CutPrefix(strings.TrimSpace(line), "#AGENTID_")
		if !ok {
			continue
		}
		name, _, _ := strings.Cut("AGENTID_"+kv, "=")
		names = append(names, name)
		if name != ConfigEnv {
			environ = append(environ, "AGENTID_"+kv)
		}
	}
	want := []string{ConfigEnv, ModelsEnv}
	for _, s := range settings() {
		want = append(want, s.env())
	}
	slices.Sort(want)
	slices.Sort(names)
	if !slices.Equal(names, want) {
		t.Errorf("the example has\n%q\nthe program knows\n%q", names, want)
	}
	c, err := Load(Sources{Environ: environ})
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Warnings) > 0 || c.Demo || c.Site.Branch != "Sucursal Centro" {
		t.Errorf("%+v", c)
	}
}

// The manual has every key.
func TestOperationsManualHasEveryKey(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("..", "..", "docs", "OPERATIONS.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range settings() {
		if !strings.Contains(string(data), "`"+s.key+"`") {
			t.Errorf("docs/OPERATIONS.md lacks `%s`", s.key)
		}
		if !strings.Contains(string(data), "`--"+s.flag+"`") {
			t.Errorf("docs/OPERATIONS.md lacks `--%s`", s.flag)
		}
	}
}

func TestSettingsAreConsistent(t *testing.T) {
	flags := map[string]bool{ConfigFlag: true}
	for _, s := range settings() {
		if flags[s.flag] {
			t.Errorf("flag %s: twice", s.flag)
		}
		flags[s.flag] = true
		if s.help.es == "" || s.help.en == "" {
			t.Errorf("%s: no help in one of the languages", s.key)
		}
		// A default passes its own check.
		c := Default()
		v := s.value(&c)
		if text := v.get(); !(text == "" && s.path) {
			if f := v.set(text); f != nil {
				t.Errorf("%s: default %q %s", s.key, text, f.what.en)
			}
		}
	}
}

func TestKeyLines(t *testing.T) {
	const doc = `# a comment = 1
a = 1
 "b" = 2
c.d = 3

[ t . u ]
v = """
w = 4
"""
w = '''x = 5'''
y = { z = 6, q = 7 }
[[list]]
k = 8
`
	want := map[string]int{"a": 2, "b": 3, "c.d": 4, "t.u": 6, "t.u.v": 7, "t.u.w": 10, "t.u.y": 11, "t.u.y.z": 11, "t.u.y.q": 11, "list": 12, "list.k": 13}
	got := keyLines(doc)
	for k, line := range want {
		if got[k] != line {
			t.Errorf("%s: line %d, expected %d", k, got[k], line)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%v", got)
	}
}

func FuzzFile(f *testing.F) {
	f.Add("lang = \"en\"\n[camera]\nurl = \"http://a:b@c/\"\n")
	f.Add("[ui]\nwidth = 1e400\n[[x]]\ny = 1979-05-27\n")
	f.Add("camera = { url = \"demo:\", zoom = [1, {a = 2}] }\nx.\"y z\" = '''\n")
	f.Add("votes = nan\n\"\\u0000\" = 1\n")
	dir := f.TempDir()
	path := filepath.Join(dir, "agentid.toml")
	f.Fuzz(func(t *testing.T, doc string) {
		if err := os.WriteFile(path, []byte(doc), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := Load(Sources{File: path, Environ: []string{"HOME=/home/nobody"}})
		if err != nil {
			e, ok := err.(*Error)
			if !ok || len(e.Problems) == 0 {
				t.Fatalf("error %v", err)
			}
			for _, p := range e.Problems {
				for _, s := range []string{p.In("es"), p.In("en")} {
					if !utf8.ValidString(s) || strings.ContainsAny(s, "\n\x00") {
						t.Fatalf("message %q", s)
					}
				}
			}
			return
		}
		// What is accepted is within its limits.
		if c.DataDir == "" || !filepath.IsAbs(c.DataDir) || c.UI.Width < 320 || c.Recognition.Votes < 1 || !(c.Recognition.Threshold <= 2) {
			t.Fatalf("%+v", c)
		}
	})
}

func FuzzAddress(f *testing.F) {
	for _, s := range []string{"http://u:p@h:81/s?t=1", "rtsp://h/user=a&password=b", "device:0", "demo:1", "x", "http://[::1]:81/"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		secret := "S3CRET"
		for _, a := range []string{s, strings.Replace(s, "@", ":"+secret+"@", 1), s + "?k=" + secret} {
			if strings.Contains(s, secret) || strings.HasPrefix(a, "device:") || strings.HasPrefix(a, "demo:") {
				continue
			}
			if checkText(a) == nil && checkAddress(a) == nil && a != s && strings.Contains(Address(a).String(), secret) {
				t.Fatalf("%q shows as %q", a, Address(a))
			}
		}
	})
}
