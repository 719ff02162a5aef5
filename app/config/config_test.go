package config_test

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"agentid/app/config"
	"agentid/app/domain"
)

// load loads a file's text, an environment and flags, in a home of its own.
func load(t *testing.T, file string, env []string, args ...string) (config.Config, error) {
	t.Helper()
	home := t.TempDir()
	src := config.Sources{Environ: append([]string{"HOME=" + home}, env...)}
	if file != "" {
		src.File = filepath.Join(home, "agentid.toml")
		if err := os.WriteFile(src.File, []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	src.Flags = pflag.NewFlagSet("agentid", pflag.ContinueOnError)
	c := config.Default()
	c.AddFlags(src.Flags)
	if err := src.Flags.Parse(args); err != nil {
		t.Fatal(err)
	}
	return config.Load(src)
}

func TestNothingConfiguredIsTheDemo(t *testing.T) {
	home := t.TempDir()
	c, err := config.Load(config.Sources{Environ: []string{"HOME=" + home}})
	if err != nil {
		t.Fatal(err)
	}
	if !c.Demo || c.Camera.URL.Kind() != config.CameraDemo || c.Lang != domain.Spanish || c.Snapshots.Enabled || c.Telemetry.Addr != "127.0.0.1:9464" {
		t.Errorf("%+v", c)
	}
	if want := filepath.Join(home, ".local/share/agentid"); c.DataDir != want || c.StateDir() != filepath.Join(want, "demo") {
		t.Errorf("data in %s, %s", c.DataDir, c.StateDir())
	}
	if want := filepath.Join(home, ".config/agentid"); c.MasterKeyFile != filepath.Join(want, "master.key") || c.Badge.KeyFile != filepath.Join(want, "badge.key") {
		t.Errorf("keys in %s, %s", c.MasterKeyFile, c.Badge.KeyFile)
	}
	if len(c.Warnings) != 0 || c.File != "" {
		t.Errorf("warnings %v, file %q", c.Warnings, c.File)
	}
}

func TestXDGFolders(t *testing.T) {
	c, err := config.Load(config.Sources{Environ: []string{"HOME=/home/x", "XDG_DATA_HOME=/d", "XDG_CONFIG_HOME=/c"}})
	if err != nil {
		t.Fatal(err)
	}
	if c.DataDir != "/d/agentid" || c.MasterKeyFile != "/c/agentid/master.key" {
		t.Errorf("%s, %s", c.DataDir, c.MasterKeyFile)
	}
}

func TestTheUsersFileIsFound(t *testing.T) {
	home := t.TempDir()
	path := filepath.Join(home, ".config/agentid/config.toml")
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("lang = \"en\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(config.Sources{Environ: []string{"HOME=" + home}})
	if err != nil || c.Lang != domain.English || c.File != path {
		t.Errorf("%v, %q from %q", err, c.Lang, c.File)
	}
}

func TestAllKeysFromAFile(t *testing.T) {
	c, err := load(t, `
data_dir = "data"
master_key_file = "~/keys/master.key"
lang = "en"
models_dir = "/srv/models"
demo = false

[site]
organisation = "Banco Norte"
branch = "Sucursal Centro"

[camera]
url = "http://user:pass@192.168.4.1:81/stream"
framesize = "svga"
quality = 12
led = 0

[recognition]
detector = "yunet"
encoder = "mobilefacenet_128"
threshold = 1
margin = 0.05
votes = 5
min_face_px = 90
recheck = "5s"
cooldown = "2m"
verify_threshold = 0.5
max_spread = 0.7

[liveness]
mode = "both"
min_score = 0.6
timeout = "8s"
gestures = "turn"

[badge]
key_file = "~/keys/badge.key"
trusted_keys_file = "trusted"
valid_days = 90
printer = "Zebra_ZC300"
media = "Custom.86x54mm"
paper = "card"
pdf_dir = "badges"

[retention]
months = 6
snapshot_days = 7

[snapshots]
enabled = true

[faq]
dir = "answers"
bank = "Norte"
branch = "Centro"
hours = "de 10 a 15"
hours_en = "10 to 3"
phone = "0800"
address = "Av. Central 123"
website = "norte.example"
atm_limit = "$ 1"
atm_limit_en = "$1"

[voice]
command = "/usr/bin/espeak-ng"

[centre]
url = "https://central.example"
ca_file = "ca.pem"
key_file = "~/keys/centre.key"

[sync]
rate_kbps = 256

[ui]
windowed = true
width = 800
height = 480
dark = true

[telemetry]
addr = ""

[export]
dir = "export"

[log]
level = "debug"
file = "kiosk.log"
`, nil)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Dir(c.File)
	want := config.Config{
		DataDir: filepath.Join(dir, "data"), MasterKeyFile: filepath.Join(dir, "keys/master.key"), Lang: domain.English, ModelsDir: "/srv/models",
		Site:   config.Site{Organisation: "Banco Norte", Branch: "Sucursal Centro"},
		Camera: config.Camera{URL: "http://user:pass@192.168.4.1:81/stream", FrameSize: "svga", Quality: 12, LED: 0},
		Recognition: config.Recognition{Detector: "yunet", Encoder: "mobilefacenet_128", Threshold: 1, Margin: 0.05, Votes: 5, MinFacePx: 90,
			Recheck: 5 * time.Second, Cooldown: 2 * time.Minute, VerifyThreshold: 0.5, MaxSpread: 0.7},
		Liveness: config.Liveness{Mode: "both", MinScore: 0.6, Timeout: 8 * time.Second, Gestures: "turn"},
		Badge: config.Badge{KeyFile: filepath.Join(dir, "keys/badge.key"), TrustedKeysFile: filepath.Join(dir, "trusted"), ValidDays: 90,
			Printer: "Zebra_ZC300", Media: "Custom.86x54mm", Paper: "card", PDFDir: filepath.Join(dir, "badges")},
		Retention: config.Retention{Months: 6, SnapshotDays: 7},
		Snapshots: config.Snapshots{Enabled: true},
		FAQ: config.FAQ{Dir: filepath.Join(dir, "answers"), Bank: "Norte", Branch: "Centro", Hours: "de 10 a 15", HoursEN: "10 to 3", Phone: "0800",
			Address: "Av. Central 123", Website: "norte.example", ATMLimit: "$ 1", ATMLimitEN: "$1"},
		Voice:  config.Voice{Command: "/usr/bin/espeak-ng"},
		Centre: config.Centre{URL: "https://central.example", CAFile: filepath.Join(dir, "ca.pem"), KeyFile: filepath.Join(dir, "keys/centre.key")},
		Sync:   config.Sync{RateKbps: 256},
		UI:     config.UI{Windowed: true, Width: 800, Height: 480, Dark: true},
		Log:    config.Log{Level: slog.LevelDebug, File: filepath.Join(dir, "kiosk.log")},
		Export: config.Export{Dir: filepath.Join(dir, "export")},
		File:   c.File,
	}
	// Config is comparable but for its warnings; String tells all but secrets.
	if c.Camera != want.Camera || c.String() != want.String() || len(c.Warnings) > 0 || c.StateDir() != c.DataDir {
		t.Errorf("got\n%s\nexpected\n%s", c, want)
	}
}

// The keys for the centre lie beside the master key, wherever that is; a kiosk
// that works alone is not asked about them.
func TestKeysOfTheCentre(t *testing.T) {
	c, err := load(t, "", []string{"AGENTID_MASTER_KEY_FILE=/k/master.key", "AGENTID_CENTRE_URL=http://127.0.0.1:8443"})
	if err != nil || c.Centre.KeyFile != "/k/centre.key" {
		t.Errorf("%q, %v", c.Centre.KeyFile, err)
	}
	if c, err := load(t, "", nil); err != nil || c.Centre.URL != "" {
		t.Errorf("%+v, %v", c.Centre, err)
	}
	_, err = load(t, "", []string{"AGENTID_DATA_DIR=/d", "AGENTID_CENTRE_URL=https://c.example", "AGENTID_CENTRE_KEY_FILE=/d/centre.key"})
	var e *config.Error
	if !errors.As(err, &e) || len(e.Problems) != 1 || e.Problems[0].Key != "centre.key_file" {
		t.Errorf("%v", err)
	}
}

func TestPrecedence(t *testing.T) {
	file := "[recognition]\nvotes = 4\n"
	env := []string{"AGENTID_RECOGNITION_VOTES=6"}
	flag := "--votes=8"
	for name, tt := range map[string]struct {
		file string
		env  []string
		args []string
		want int
	}{
		"default":              {"", nil, nil, 3},
		"file":                 {file, nil, nil, 4},
		"environment":          {"", env, nil, 6},
		"flag":                 {"", nil, []string{flag}, 8},
		"environment and file": {file, env, nil, 6},
		"flag and file":        {file, nil, []string{flag}, 8},
		"flag and environment": {"", env, []string{flag}, 8},
		"all":                  {file, env, []string{flag}, 8},
	} {
		c, err := load(t, tt.file, tt.env, tt.args...)
		if err != nil || c.Recognition.Votes != tt.want {
			t.Errorf("%s: %d, %v; expected %d", name, c.Recognition.Votes, err, tt.want)
		}
	}
}

func TestWhichFile(t *testing.T) {
	dir := t.TempDir()
	write := func(name, lang string) string {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, []byte("[site]\nbranch = \""+lang+"\"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return p
	}
	byEnv, byFlag := write("env.toml", "env"), write("flag.toml", "flag")
	c, err := load(t, "[site]\nbranch = \"given\"\n", []string{"AGENTID_CONFIG=" + byEnv})
	if err != nil || c.Site.Branch != "env" {
		t.Errorf("%q, %v", c.Site.Branch, err)
	}
	c, err = load(t, "", []string{"AGENTID_CONFIG=" + byEnv}, "--config", byFlag)
	if err != nil || c.Site.Branch != "flag" || c.File != byFlag {
		t.Errorf("%q, %v", c.Site.Branch, err)
	}
}

func TestDemoAndCamera(t *testing.T) {
	cam := "[camera]\nurl = \"http://cam/stream\"\n"
	for name, tt := range map[string]struct {
		file string
		env  []string
		args []string
		demo bool
		url  string
	}{
		"no camera":                  {"", nil, nil, true, "demo:"},
		"a camera":                   {cam, nil, nil, false, "http://cam/stream"},
		"no camera, and no demo":     {"[camera]\nurl = \"none:\"\n", nil, nil, false, "none:"},
		"none, and demo is false":    {"demo = false\n[camera]\nurl = \"none:\"\n", nil, nil, false, "none:"},
		"none in the file, --demo":   {"[camera]\nurl = \"none:\"\n", nil, []string{"--demo"}, true, "demo:"},
		"the demo's address":         {"[camera]\nurl = \"demo:7\"\n", nil, nil, true, "demo:7"},
		"a camera, --demo":           {cam, nil, []string{"--demo"}, true, "demo:"},
		"demo in the file, a flag":   {"demo = true\n", nil, []string{"--camera-url=device:1"}, false, "device:1"},
		"both in the file":           {"demo = true\n" + cam, nil, nil, true, "demo:"},
		"--demo, camera in variable": {"", []string{"AGENTID_CAMERA_URL=rtsp://cam/1"}, []string{"--demo"}, true, "demo:"},
	} {
		c, err := load(t, tt.file, tt.env, tt.args...)
		if err != nil || c.Demo != tt.demo || c.Camera.URL.Reveal() != tt.url {
			t.Errorf("%s: demo %v, %s, %v; expected %v, %s", name, c.Demo, c.Camera.URL.Reveal(), err, tt.demo, tt.url)
		}
	}
}

func TestModelsPathAndStrangers(t *testing.T) {
	c, err := load(t, "", []string{"AGENTID_MODELS=/a:/b", "AGENTID_CAMERA_ULR=x", "AGENTID_RUN_FOR=3", "AGENTID_MASTER_KEY=x"})
	if err != nil {
		t.Fatal(err)
	}
	if c.ModelsPath != "/a:/b" || len(c.Warnings) != 1 || !strings.Contains(c.Warnings[0], "AGENTID_CAMERA_ULR") {
		t.Errorf("%q, %q", c.ModelsPath, c.Warnings)
	}
}

func TestErrorsTellKeyFaultMendAndPlace(t *testing.T) {
	for name, tt := range map[string]struct {
		file string
		env  []string
		args []string
		want []string
	}{
		"unknown key": {"lang = \"en\"\n\n[camera]\n# the address\nurll = \"x\"\n", nil, nil,
			[]string{"camera.urll", "agentid.toml, line 5", "no such key", "Did you mean camera.url?"}},
		"key without its table": {"lang=\"en\"\nvotes = 3\n", nil, nil, []string{"votes", "line 2", "Did you mean recognition.votes?"}},
		"unknown table":         {"lang = \"en\"\n[nonsense]\n", nil, nil, []string{"nonsense", "line 2", "no such key", ".env.example"}},
		"unknown key in an inline table": {"lang = \"en\"\ncamera = { url = \"demo:\", zoom = 3 }\n", nil, nil,
			[]string{"camera.zoom", "line 2", "no such key"}},
		"after a long text": {"lang = \"en\"\n[site]\nbranch = \"\"\"\nvotes = 1\n\"\"\"\nvotes = 1\n", nil, nil, []string{"site.votes", "line 6"}},
		"wrong kind":        {"lang = \"en\"\n[ui]\nwidth = \"wide\"\n", nil, nil, []string{`ui.width = "wide"`, "line 3", "a whole number"}},
		"text expected":     {"lang = \"en\"\n[camera]\nurl = 7\n", nil, nil, []string{"camera.url", "line 3", "in quotes"}},
		"list":              {"lang = \"en\"\n[ui]\ndark = [true]\n", nil, nil, []string{"ui.dark", "line 3", "true or false"}},
		"broken file":       {"lang = \"en\nx\n", []string{"LANG=en_GB.UTF-8"}, nil, []string{"agentid.toml, line 1", "not TOML"}},
		"out of range":      {"", []string{"AGENTID_CAMERA_QUALITY=99", "LANG=en_US.UTF-8"}, nil, []string{`camera.quality = "99"`, "variable AGENTID_CAMERA_QUALITY", "from 4 to 63"}},
		"empty number":      {"", []string{"AGENTID_UI_WIDTH="}, nil, []string{"ui.width", "variable AGENTID_UI_WIDTH", "número entero"}},
		"not a number":      {"", nil, []string{"--threshold=NaN"}, []string{"recognition.threshold", "opción --threshold", "Escriba un número"}},
		"duration":          {"", nil, []string{"--lang=en", "--cooldown=30"}, []string{"recognition.cooldown", "flag --cooldown", "a duration"}},
		"detector":          {"", nil, []string{"--detector=best"}, []string{"recognition.detector", "Elija uno de: auto, haar, yunet, hog"}},
		"encoder":           {"", nil, []string{"--encoder=../x"}, []string{"recognition.encoder", "agentid models list"}},
		"frame size":        {"", nil, []string{"--camera-framesize=large"}, []string{"camera.framesize", "svga"}},
		"language":          {"", nil, []string{"--lang=fr"}, []string{"lang", "es, en"}},
		"level":             {"", nil, []string{"--log-level=loud"}, []string{"log.level", "debug, info, warn, error"}},
		"centre in clear":   {"", nil, []string{"--centre-url=http://central.example"}, []string{"centre.url", "misma máquina"}},
		"centre's scheme":   {"", nil, []string{"--centre-url=ftp://central.example"}, []string{"centre.url", "https"}},
		"centre with user":  {"", nil, []string{"--centre-url=https://u:secret@central.example"}, []string{"centre.url", "usuario"}},
		"centre no host":    {"", nil, []string{"--centre-url=https://:8443"}, []string{"centre.url", "completa"}},
		"centre key inside": {"", []string{"AGENTID_CENTRE_URL=https://c.example", "AGENTID_DATA_DIR=/d"}, []string{"--centre-key-file=/d/k"}, []string{"centre.key_file", "fuera de /d"}},
		"rate":              {"", nil, []string{"--sync-rate-kbps=-1"}, []string{"sync.rate_kbps", "1000000"}},
		"telemetry for all": {"", nil, []string{"--telemetry-addr=0.0.0.0:9464"}, []string{"telemetry.addr", "misma máquina", "127.0.0.1:9464"}},
		"telemetry's port":  {"", nil, []string{"--telemetry-addr=127.0.0.1:99999"}, []string{"telemetry.addr", "puerto"}},
		"voice":             {"", nil, []string{"--voice-command=rm -rf /"}, []string{"voice.command", "no es una voz", "espeak-ng"}},
		"voice's place":     {"", nil, []string{"--voice-command=./espeak-ng"}, []string{"voice.command"}},
		"telemetry no port": {"", nil, []string{"--telemetry-addr=localhost"}, []string{"telemetry.addr", "puerto"}},
		"control character": {"", nil, []string{"--site-branch=a\nb"}, []string{"site.branch", "no son texto"}},
		"long name":         {"", nil, []string{"--site-branch=" + strings.Repeat("ñ", 61)}, []string{"site.branch", "a lo sumo 60"}},
		"no scheme":         {"", nil, []string{"--camera-url=192.168.4.1:81/stream"}, []string{"camera.url", `"http://192.168.4.1:81/stream"`}},
		"file address":      {"", nil, []string{"--camera-url=file:///etc/passwd"}, []string{"camera.url", "qué clase"}},
		"no host":           {"", nil, []string{"--camera-url=http:///stream"}, []string{"camera.url", "completa"}},
		"camera's port":     {"", nil, []string{"--camera-url=http://cam:0/"}, []string{"camera.url", "puerto"}},
		"control address":   {"", nil, []string{"--camera-control-url=device:1"}, []string{"camera.control_url", "http"}},
		"device":            {"", nil, []string{"--camera-url=device:x"}, []string{"camera.url", "0 a 63"}},
		"none of what":      {"", nil, []string{"--camera-url=none:1"}, []string{"camera.url", "nada más"}},
		"demo seed":         {"", nil, []string{"--camera-url=demo:x"}, []string{"camera.url", "semilla"}},
		"no demo no camera": {"", nil, []string{"--demo=false"}, []string{"camera.url", "opción --demo", "hace falta una cámara"}},
		"key in the data":   {"data_dir = \"/d\"\nmaster_key_file = \"/d/x/../key\"\n", nil, nil, []string{"master_key_file", "línea 2", "fuera de /d"}},
		"badge key in data": {"data_dir = \"/d\"\n[badge]\nkey_file = \"/d/badge.key\"\n", nil, nil, []string{"badge.key_file", "línea 3", "fuera de /d"}},
		"printer":           {"", nil, []string{"--badge-printer=-o x"}, []string{"badge.printer", "lpstat"}},
		"paper":             {"", nil, []string{"--badge-paper=a5"}, []string{"badge.paper", "card, a4"}},
		"proof of life":     {"", nil, []string{"--liveness=on"}, []string{"liveness.mode", "off, either, both"}},
		"score of life":     {"", nil, []string{"--liveness-min-score=0"}, []string{"liveness.min_score", "0.01 a 1"}},
		"keep for ever":     {"", nil, []string{"--retention-months=0"}, []string{"retention.months", "1 a 120"}},
		"no home":           {"", []string{"HOME="}, nil, []string{"data_dir", "master_key_file", "badge.key_file", "HOME"}},
		"no such file":      {"", nil, []string{"--config=/nowhere/x.toml"}, []string{"/nowhere/x.toml", "no se puede abrir"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := load(t, tt.file, tt.env, tt.args...)
			var e *config.Error
			if !errors.As(err, &e) {
				t.Fatalf("error %v, expected an *Error", err)
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("lacks %q:\n%v", want, err)
				}
			}
			for _, p := range e.Problems {
				es, en := p.In(domain.Spanish), p.In(domain.English)
				if es == en {
					t.Errorf("the same in both languages: %s", es)
				}
			}
		})
	}
}

func TestAllProblemsAtOnce(t *testing.T) {
	_, err := load(t, "[ui]\nwidth = 1\nheight = 2\n", []string{"AGENTID_LOG_LEVEL=x"}, "--votes=0")
	var e *config.Error
	if !errors.As(err, &e) || len(e.Problems) != 4 {
		t.Errorf("%v", err)
	}
}

func TestKeyInDataIsSeenThroughALink(t *testing.T) {
	dir := t.TempDir()
	data, link := filepath.Join(dir, "data"), filepath.Join(dir, "keys")
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(data, link); err != nil {
		t.Fatal(err)
	}
	if _, err := load(t, "", nil, "--data-dir="+data, "--master-key-file="+filepath.Join(link, "master.key")); err == nil || !strings.Contains(err.Error(), "master_key_file") {
		t.Errorf("%v", err)
	}
	if _, err := load(t, "", nil, "--data-dir="+data, "--master-key-file="+filepath.Join(dir, "data.key")); err != nil {
		t.Errorf("beside the folder: %v", err)
	}
}

func TestSecretsAreNeverPrinted(t *testing.T) {
	const secret = "hunter2"
	for _, url := range []string{
		"http://admin:" + secret + "@cam/stream",
		"http://" + secret + "@cam/stream",
		"rtsp://cam/live?user=admin&password=" + secret,
		"rtsp://cam:554/user=admin&password=" + secret + "&channel=1",
	} {
		c, err := load(t, "", nil, "--camera-url="+url)
		if err != nil {
			t.Fatal(err)
		}
		var log strings.Builder
		slog.New(slog.NewJSONHandler(&log, nil)).Info("configuration", "config", c, "camera", c.Camera, "url", c.Camera.URL)
		text := fmt.Sprintf("%v %+v %#v %s %v %+v %#v %q %s", c, c, c, c, c.Camera, c.Camera, c.Camera, c.Camera.URL, log.String())
		if strings.Contains(text, secret) {
			t.Errorf("%s: printed in %s", url, text)
		}
		if c.Camera.URL.Reveal() != url {
			t.Errorf("Reveal gives %s", c.Camera.URL.Reveal())
		}
	}
	// Nor by an error.
	for _, url := range []string{"ftp://admin:" + secret + "@cam/", "http://admin:" + secret + "@cam:0/", "admin:" + secret + "@cam", "http://a b:" + secret + "@%zz/"} {
		_, err := load(t, "", nil, "--camera-url="+url)
		if err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %v", url, err)
		}
	}
	if _, err := load(t, "", nil, "--centre-url=https://admin:"+secret+"@central"); err == nil || strings.Contains(err.Error(), secret) {
		t.Errorf("centre: %v", err)
	}
	_, err := load(t, "[camera]\nurl = \"http://admin:"+secret+"@cam\n", nil)
	if err == nil || strings.Contains(err.Error(), secret) {
		t.Errorf("broken file: %v", err)
	}
}

func TestAddress(t *testing.T) {
	for a, want := range map[config.Address]config.CameraKind{
		"": config.CameraDemo, "demo:": config.CameraDemo, "demo:3": config.CameraDemo, "none:": config.CameraNone, "device:2": config.CameraDevice,
		"http://c/": config.CameraMJPEG, "https://c/": config.CameraMJPEG, "rtsp://c/": config.CameraRTSP,
	} {
		if a.Kind() != want {
			t.Errorf("%q is %s", a, a.Kind())
		}
	}
	if n := config.Address("device:2").Device(); n != 2 {
		t.Errorf("device %d", n)
	}
}

// The printed configuration is itself one: it loads, and prints the same.
func TestStringIsAConfiguration(t *testing.T) {
	first, err := load(t, "", nil, "--lang=en", "--votes=7", "--dark", "--recheck=4s")
	if err != nil {
		t.Fatal(err)
	}
	again, err := load(t, first.String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if again.String() != first.String() || again.Recognition.Votes != 7 || !again.UI.Dark {
		t.Errorf("got\n%s\nexpected\n%s", again, first)
	}
}

// The centre goes before the file, and the machine before the centre; no path is
// the centre's.
func TestTheCentreAmongTheSources(t *testing.T) {
	home := t.TempDir()
	file := filepath.Join(home, "agentid.toml")
	if err := os.WriteFile(file, []byte("[recognition]\nvotes = 5\nmin_face_px = 90\n[site]\nbranch = \"Centro\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	src := config.Sources{Environ: []string{"HOME=" + home, "AGENTID_RECOGNITION_MARGIN=0.07"}, File: file, Centre: map[string]string{
		"recognition.votes": "2", "recognition.margin": "0.2", "site.branch": "Sur", "liveness.timeout": "5s",
	}}
	list, err := config.Describe(src, domain.English)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range list {
		want, ok := map[string]struct {
			value string
			from  config.FromKind
		}{
			"recognition.votes": {"2", config.FromCentre}, "recognition.margin": {"0.07", config.FromEnvironment}, "site.branch": {"Sur", config.FromCentre},
			"recognition.min_face_px": {"90", config.FromFile}, "liveness.timeout": {"5s", config.FromCentre}, "lang": {"es", config.FromDefault},
		}[s.Key]
		if ok && (s.Value != want.value || s.From.Kind != want.from) {
			t.Errorf("%s = %s from %s, want %+v", s.Key, s.Value, s.From.Kind, want)
		}
	}
	for key, value := range map[string]string{"badge.key_file": "/tmp/k", "data_dir": "/tmp", "nothing": "1", "recognition.votes": "99", "site.branch": "a\x00b"} {
		src.Centre = map[string]string{key: value}
		_, err := config.Load(src)
		var e *config.Error
		if !errors.As(err, &e) || e.Problems[0].From.Kind != config.FromCentre || !strings.Contains(e.Error(), "la central") {
			t.Errorf("%s = %q: %v", key, value, err)
		}
	}
}
