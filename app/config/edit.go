package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"agentid/app/domain"
)

// Setting is one setting as people see it.
type Setting struct {
	Key   string
	Value string // without secrets
	Help  string
	From  From
	// Options are the values that there are; none where many are.
	Options []string
	Bool    bool
	Path    bool
}

// options are those of the settings that take one of a few values.
var options = map[string][]string{
	"lang":                 {"es", "en"},
	"recognition.detector": {"auto", "haar", "yunet", "hog"},
	"liveness.mode":        {"off", "either", "both"},
	"badge.paper":          {"card", "a4"},
	"log.level":            {"debug", "info", "warn", "error"},
	"camera.framesize":     {"qvga", "vga", "svga", "xga", "hd", "sxga", "uxga"},
}

// Describe lists all settings with their values and where those come from.
func Describe(src Sources, lang domain.Lang) ([]Setting, error) {
	l, err := load(src)
	if err != nil {
		return nil, err
	}
	var out []Setting
	for _, s := range settings() {
		v := s.value(&l.c)
		out = append(out, Setting{
			Key: s.key, Value: v.get(), Help: s.help.in(lang), From: l.origin(s.key),
			Options: options[s.key], Bool: v.kind() == kindBool, Path: s.path,
		})
	}
	return out, nil
}

// ErrNoSetting says that there is no such setting, or no file to keep it in.
var ErrNoSetting = errors.New("no such setting")

// Set writes a setting into the configuration file and gives the configuration
// as it is then. All of it is checked first, as at a start: an *Error tells what
// is wrong, and nothing is changed. The rest of the file stays as it was
// written. Where there is no file yet, file is made.
func Set(src Sources, file, key, value string) (Config, error) {
	return SetAll(src, file, map[string]string{key: value})
}

// SetAll is Set for several settings at once, which may depend on each other.
func SetAll(src Sources, file string, values map[string]string) (Config, error) {
	old, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Config{}, fmt.Errorf("configuration file: %w", err)
	}
	if len(old) > maxFileBytes {
		return Config{}, fmt.Errorf("configuration file: %d bytes", len(old))
	}
	doc, known := string(old), 0
	for _, s := range settings() {
		value, asked := values[s.key]
		if !asked {
			continue
		}
		var c Config
		literal, bad := s.literal(&c, value)
		if bad != nil {
			return Config{}, &Error{Lang: src.Lang, Problems: []Problem{{Key: s.key, Value: show(s, value), From: From{Kind: FromFile, Name: file}, fault: *bad}}}
		}
		if doc, err = edit(doc, s.key, literal); err != nil {
			return Config{}, err
		}
		known++
	}
	if known != len(values) {
		return Config{}, ErrNoSetting
	}
	return replace(src, file, doc)
}

// literal is a value as TOML writes it.
func (s setting) literal(c *Config, value string) (string, *fault) {
	v := s.value(c)
	if f := v.set(value); f != nil {
		return "", f
	}
	switch v.kind() {
	case kindText, kindDuration:
		return quoteTOML(value), nil
	}
	return v.get(), nil
}

// quoteTOML writes a text without control characters as a basic string.
func quoteTOML(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// replace checks a document in the place of the file, and then puts it there.
func replace(src Sources, file, doc string) (Config, error) {
	dir := filepath.Dir(file)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return Config{}, fmt.Errorf("configuration file: %w", err)
	}
	tmp, err := os.CreateTemp(dir, ".config-*.toml") // 0600, and where relative paths mean the same
	if err != nil {
		return Config{}, fmt.Errorf("configuration file: %w", err)
	}
	defer os.Remove(tmp.Name()) // after the rename there is none
	_, err = tmp.WriteString(doc)
	if err == nil {
		err = tmp.Sync()
	}
	if err = errors.Join(err, tmp.Close()); err != nil {
		return Config{}, fmt.Errorf("configuration file: %w", err)
	}
	src.trial = tmp.Name()
	l, err := load(src)
	if err != nil {
		return Config{}, renamed(err, tmp.Name(), file)
	}
	if err := os.Rename(tmp.Name(), file); err != nil {
		return Config{}, fmt.Errorf("configuration file: %w", err)
	}
	if d, err := os.Open(dir); err == nil { // the rename is durable once its folder is
		err = d.Sync()
		if err = errors.Join(err, d.Close()); err != nil {
			return Config{}, fmt.Errorf("configuration file: %w", err)
		}
	}
	l.c.File = file
	return l.c, nil
}

// renamed has the problems of a trial name the file that it stands for.
func renamed(err error, trial, file string) error {
	var e *Error
	if errors.As(err, &e) {
		for i := range e.Problems {
			if e.Problems[i].From.Name == trial {
				e.Problems[i].From.Name = file
			}
		}
	}
	return err
}

// ErrLayout says that the file is written in a way in which it is not changed
// here, such as a table on one line.
var ErrLayout = errors.New("the configuration file has to be changed by hand")

// edit gives a document with a key set, and all others as they were.
func edit(doc, key, literal string) (string, error) {
	before, err := parse(doc)
	if err != nil {
		return "", fmt.Errorf("%w: it is not TOML", ErrLayout)
	}
	next := edited(doc, key, literal)
	after, err := parse(next)
	if err != nil {
		return "", ErrLayout
	}
	want, err := parse("value = " + literal)
	if err != nil || len(want) != 1 {
		return "", ErrLayout
	}
	values := map[string]any{}
	for _, e := range after {
		values[e.key] = e.value
	}
	if values[key] != want[0].value {
		return "", ErrLayout
	}
	for _, e := range before {
		if empty, ok := e.value.(map[string]any); ok && len(empty) == 0 {
			continue // a table that nothing is in
		}
		if was, there := values[e.key]; !there || e.key != key && fmt.Sprint(was) != fmt.Sprint(e.value) {
			return "", ErrLayout
		}
	}
	return next, nil
}

// edited gives a document with a key set, as far as lines tell. A line that sets it is replaced, its
// remark stays; otherwise the key goes to the end of its table, or a new table
// to the end of the document.
func edited(doc, key, literal string) string {
	table, name, ok := strings.Cut(key, ".")
	if !ok {
		table, name = "", key
	}
	line := name + " = " + literal
	lines := strings.SplitAfter(doc, "\n")
	if lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	if at := keyLines(doc)[key]; at > 0 {
		was := strings.TrimRight(lines[at-1], "\r\n")
		if left, value, ok := strings.Cut(was, "="); ok && simple(value) {
			lines[at-1] = strings.TrimRight(left, " \t") + " = " + literal + remark(value) + "\n"
			return strings.Join(lines, "")
		}
	}
	current, end := "", -1
	if table == "" {
		end = 0
	}
	for i, text := range lines {
		text = strings.TrimSpace(text)
		if rest, ok := strings.CutPrefix(text, "["); ok {
			inner, _, _ := strings.Cut(strings.TrimLeft(rest, "["), "]")
			current = plainKey(inner)
		}
		if current == table && text != "" && !strings.HasPrefix(text, "#") {
			end = i + 1
		}
	}
	if end >= 0 {
		if end > 0 && !strings.HasSuffix(lines[end-1], "\n") {
			lines[end-1] += "\n"
		}
		return strings.Join(slices.Insert(lines, end, line+"\n"), "")
	}
	if doc != "" && !strings.HasSuffix(doc, "\n") {
		doc += "\n"
	}
	if doc != "" {
		doc += "\n"
	}
	return doc + "[" + table + "]\n" + line + "\n"
}

// simple tells that what stands after a = is one value on one line.
func simple(value string) bool {
	v := strings.TrimSpace(value)
	return v != "" && !strings.HasPrefix(v, "{") && !strings.HasPrefix(v, "[") && !strings.HasPrefix(v, `"""`) && !strings.HasPrefix(v, "'''")
}

// remark is what stands after a value, with the space before it.
func remark(value string) string {
	var in rune
	escaped := false
	for i, r := range value {
		switch {
		case escaped:
			escaped = false
		case in == '"' && r == '\\':
			escaped = true
		case in != 0 && r == in:
			in = 0
		case in == 0 && (r == '"' || r == '\''):
			in = r
		case in == 0 && r == '#':
			return "  " + strings.TrimSpace(value[i:])
		}
	}
	return ""
}
