package config

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"agentid/app/domain"
)

// ConfigFlag and ConfigEnv name the configuration file, and ModelsEnv a list of
// folders with models.
const (
	ConfigFlag = "config"
	ConfigEnv  = "AGENTID_CONFIG"
	ModelsEnv  = "AGENTID_MODELS"
)

// foreign are variables that belong to the scripts and tests beside the program,
// and the secret that the store takes by itself.
var foreign = []string{ConfigEnv, ModelsEnv, "AGENTID_MASTER_KEY", "AGENTID_SHARED", "AGENTID_SHOTS", "AGENTID_RUN_FOR", "AGENTID_SKIP_SETUP", "AGENTID_SOAK"}

// systemFile is read where the user has no file.
const systemFile = "/etc/agentid/config.toml"

// Sources are where Load reads from. The zero value reads the environment and
// the files in their usual places.
type Sources struct {
	// Flags that AddFlags prepared and a program has parsed; may be nil.
	Flags *pflag.FlagSet
	// Environ is like os.Environ, which it is where nil.
	Environ []string
	// File is read instead of the usual ones; the flag and the variable go before.
	File string
	// Lang is that of what Set finds wrong; Spanish where empty.
	Lang domain.Lang
	// Centre are the values that the centre sets, by key. They go before the
	// file: what a branch wrote once would otherwise hold against the centre for
	// ever, unseen.
	Centre map[string]string

	trial string // read instead of any other file
}

// AddFlags adds a flag for every setting, and one for the file. Their texts
// are in c's language, their defaults are c's. Load reads what was given.
func (c *Config) AddFlags(fs *pflag.FlagSet) {
	fs.String(ConfigFlag, "", text{"archivo de configuración", "configuration file"}.in(c.Lang))
	for _, s := range settings() {
		v := s.value(c)
		f := fs.VarPF(&flagValue{raw: v.get(), kind: v.kind()}, s.flag, "", s.help.in(c.Lang))
		if v.kind() == kindBool {
			f.NoOptDefVal = "true"
		}
	}
}

// flagValue keeps what was written: Load judges it, together with the rest.
type flagValue struct {
	raw  string
	kind kind
}

func (f *flagValue) Set(s string) error { f.raw = s; return nil }
func (f *flagValue) String() string     { return f.raw }
func (f *flagValue) Type() string {
	if f.kind == kindText {
		return "string"
	}
	return string(f.kind)
}

// Load reads the configuration: flags go before the environment, the
// environment before the centre, the centre before the file, the file before
// the defaults. An error is an
// *Error, which tells all that is wrong at once, in the user's language.
func Load(src Sources) (Config, error) {
	l, err := load(src)
	if err != nil {
		return Config{}, err
	}
	return l.c, nil
}

func load(src Sources) (*loader, error) {
	l := newLoader(src)
	l.paths()
	l.file()
	l.centreValues()
	l.environment()
	l.flags()
	l.finish()
	if len(l.problems) > 0 {
		lang := src.Lang
		if lang == "" {
			lang = l.lang()
		}
		return nil, &Error{Lang: lang, Problems: l.problems}
	}
	return l, nil
}

func newLoader(src Sources) *loader {
	l := &loader{c: Default(), src: src, from: map[string]From{}, env: map[string]string{}}
	environ := src.Environ
	if environ == nil {
		environ = os.Environ()
	}
	for _, kv := range environ {
		if k, v, ok := strings.Cut(kv, "="); ok {
			l.env[k] = v
		}
	}
	return l
}

type loader struct {
	c        Config
	src      Sources
	env      map[string]string
	from     map[string]From // of each key that was set
	problems []Problem
}

// lang is the user's language: the one configured, or else that of their
// session. It is that of the messages; the kiosk starts in Config.Lang.
func (l *loader) lang() domain.Lang {
	if _, set := l.from["lang"]; set {
		return l.c.Lang
	}
	for _, k := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := l.env[k]; v != "" {
			if strings.HasPrefix(v, "en") {
				return domain.English
			}
			break
		}
	}
	return l.c.Lang
}

func (l *loader) add(p Problem) { l.problems = append(l.problems, p) }

// home is the user's folder, "" where there is none.
func (l *loader) home() string {
	if h := l.env["HOME"]; filepath.IsAbs(h) {
		return h
	}
	return ""
}

// xdg is a folder of the XDG specification, by its variable or in the user's folder.
func (l *loader) xdg(variable, within string) string {
	if d := l.env[variable]; filepath.IsAbs(d) { // relative ones are to be ignored
		return d
	}
	if h := l.home(); h != "" {
		return filepath.Join(h, within)
	}
	return ""
}

func (l *loader) paths() {
	if d := l.xdg("XDG_DATA_HOME", ".local/share"); d != "" {
		l.c.DataDir = filepath.Join(d, "agentid")
	}
	if d := l.xdg("XDG_CONFIG_HOME", ".config"); d != "" {
		l.c.MasterKeyFile = filepath.Join(d, "agentid", "master.key")
		l.c.Badge.KeyFile = filepath.Join(d, "agentid", "badge.key")
	}
	l.c.ModelsPath = l.env[ModelsEnv]
}

// set gives a setting its value, relative paths being relative to base.
func (l *loader) set(s setting, raw string, from From, base string) {
	v := s.value(&l.c)
	text := raw
	if s.path && raw != "" {
		text = l.absolute(raw, base)
	}
	if f := v.set(text); f != nil {
		l.add(Problem{Key: s.key, Value: show(s, raw), From: from, fault: *f})
		return
	}
	l.from[s.key] = from
}

func (l *loader) absolute(p, base string) string {
	if p == "~" || strings.HasPrefix(p, "~/") {
		if h := l.home(); h != "" {
			return filepath.Join(h, p[1:])
		}
	}
	if filepath.IsAbs(p) {
		return filepath.Clean(p)
	}
	if abs, err := filepath.Abs(filepath.Join(base, p)); err == nil {
		return abs
	}
	return p
}

// show is a value as an error may show it.
func show(s setting, raw string) string {
	if s.key == "camera.url" || s.key == "camera.control_url" || s.key == "centre.url" {
		raw = redactAddress(raw)
	}
	if s.value(&Config{}).kind() == kindText {
		return fmt.Sprintf("%q", cutText(raw))
	}
	return cutText(fmt.Sprintf("%q", raw))
}

// showKey is a key of a file as an error may show it.
func showKey(key string) string { return strings.Trim(strconv.Quote(cutText(key)), `"`) }

func (l *loader) file() {
	path := l.src.File
	if p := l.env[ConfigEnv]; p != "" {
		path = l.absolute(p, "")
	}
	if fs := l.src.Flags; fs != nil {
		if f := fs.Lookup(ConfigFlag); f != nil && f.Changed {
			path = l.absolute(f.Value.String(), "")
		}
	}
	if l.src.trial != "" {
		path = l.src.trial
	}
	if path == "" {
		if path = l.usualFile(); path == "" {
			return
		}
	}
	l.c.File = path
	entries, problem := readFile(path)
	if problem != nil {
		l.add(*problem)
		return
	}
	known := map[string]setting{}
	for _, s := range settings() {
		known[s.key] = s
	}
	for _, e := range entries {
		from := From{FromFile, path, e.line}
		s, ok := known[e.key]
		if !ok {
			l.add(Problem{Key: showKey(e.key), From: from, fault: unknownKey(e.key, slices.Collect(maps.Keys(known)))})
			continue
		}
		text, ok := raw(e.value, s.value(&l.c).kind())
		if !ok {
			l.add(Problem{Key: e.key, Value: show(s, text), From: from, fault: *wrongKind(s.value(&l.c).kind())})
			continue
		}
		l.set(s, text, from, filepath.Dir(path))
	}
}

// UserFile is where the user's configuration file is, or would be; "" where the
// user has no folder.
func UserFile(src Sources) string {
	l := newLoader(src)
	if d := l.xdg("XDG_CONFIG_HOME", ".config"); d != "" {
		return filepath.Join(d, "agentid", "config.toml")
	}
	return ""
}

// usualFile is the user's file, or else the system's, where there is one.
func (l *loader) usualFile() string {
	var candidates []string
	if d := l.xdg("XDG_CONFIG_HOME", ".config"); d != "" {
		candidates = append(candidates, filepath.Join(d, "agentid", "config.toml"))
	}
	for _, p := range append(candidates, systemFile) {
		if _, err := os.Stat(p); err == nil {
			return p
		}
	}
	return ""
}

func unknownKey(key string, known []string) fault {
	slices.Sort(known)
	mend := text{"Bórrela o corríjala; las claves están en .env.example y docs/OPERATIONS.md.",
		"Remove or correct it; the keys are in .env.example and docs/OPERATIONS.md."}
	if near := nearest(key, known); near != "" {
		mend = text{"¿Quiso decir " + near + "?", "Did you mean " + near + "?"}
	}
	return fault{text{"no existe esta clave", "there is no such key"}, mend}
}

// centreValues takes what the centre sets. Never a path: who has the centre does
// not have the machine.
func (l *loader) centreValues() {
	known := map[string]setting{}
	for _, s := range settings() {
		if !s.path {
			known[s.key] = s
		}
	}
	for _, key := range slices.Sorted(maps.Keys(l.src.Centre)) {
		from := From{Kind: FromCentre}
		if s, ok := known[key]; ok {
			l.set(s, l.src.Centre[key], from, "")
			continue
		}
		l.add(Problem{Key: showKey(key), From: from, fault: fault{
			text{"la central no puede fijarla", "the centre cannot set it"}, text{}}})
	}
}

func (l *loader) environment() {
	for _, s := range settings() {
		if v, ok := l.env[s.env()]; ok {
			l.set(s, v, From{Kind: FromEnvironment, Name: s.env()}, "")
		}
	}
}

// strangers warns of variables that look like ours: others may have set them,
// so they are no error.
func (l *loader) strangers() {
	known := slices.Clone(foreign)
	for _, s := range settings() {
		known = append(known, s.env())
	}
	for _, k := range slices.Sorted(maps.Keys(l.env)) {
		if strings.HasPrefix(k, "AGENTID_") && !slices.Contains(known, k) {
			w := text{"la variable %s no se conoce y no tiene efecto", "variable %s is not known and has no effect"}
			l.c.Warnings = append(l.c.Warnings, fmt.Sprintf(w.in(l.lang()), cutText(k)))
		}
	}
}

func (l *loader) flags() {
	if l.src.Flags == nil {
		return
	}
	for _, s := range settings() {
		if f := l.src.Flags.Lookup(s.flag); f != nil && f.Changed {
			l.set(s, f.Value.String(), From{Kind: FromFlag, Name: s.flag}, "")
		}
	}
}
