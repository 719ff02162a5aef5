package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
)

// maxFileBytes bounds a configuration file.
const maxFileBytes = 64 << 10

// entry is one value of a file.
type entry struct {
	key   string
	value any // as TOML has it
	line  int // 0 where it is not known
}

// readFile reads the entries of a TOML file, sorted by line and key.
func readFile(path string) ([]entry, *Problem) {
	at := From{Kind: FromFile, Name: path}
	bad := func(line int, what, mend text) *Problem {
		at.Line = line
		return &Problem{From: at, fault: fault{what, mend}}
	}
	f, err := os.Open(path)
	if err != nil {
		reason := errors.Unwrap(err)
		return nil, bad(0, text{fmt.Sprintf("no se puede abrir (%v)", reason), fmt.Sprintf("cannot be opened (%v)", reason)},
			text{"Revise la ruta y los permisos.", "Check the path and the permissions."})
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFileBytes+1))
	if err != nil {
		return nil, bad(0, text{fmt.Sprintf("no se puede leer (%v)", err), fmt.Sprintf("cannot be read (%v)", err)},
			text{"Revise que sea un archivo de texto.", "Check that it is a text file."})
	}
	if len(data) > maxFileBytes {
		return nil, bad(0, text{"es demasiado grande", "is too large"},
			text{fmt.Sprintf("Una configuración tiene a lo sumo %d KB.", maxFileBytes>>10), fmt.Sprintf("A configuration has at most %d KB.", maxFileBytes>>10)})
	}
	entries, err := parse(string(data))
	var syntax toml.ParseError
	if errors.As(err, &syntax) {
		// Its message may quote the line, and so a password: only the place is told.
		return nil, bad(syntax.Position.Line, text{"no es TOML", "is not TOML"},
			text{`Cada línea es: clave = valor, con los textos entre comillas`, `Each line is: key = value, with texts in quotes`})
	}
	if err != nil {
		return nil, bad(0, text{"no es TOML", "is not TOML"}, text{})
	}
	return entries, nil
}

// parse flattens a TOML document.
func parse(doc string) ([]entry, error) {
	var root map[string]any
	if _, err := toml.Decode(doc, &root); err != nil {
		return nil, err
	}
	lines := keyLines(doc)
	var out []entry
	var walk func(prefix string, table map[string]any)
	walk = func(prefix string, table map[string]any) {
		for name, v := range table {
			key := prefix + name
			if sub, ok := v.(map[string]any); ok && len(sub) > 0 {
				walk(key+".", sub)
				continue
			}
			out = append(out, entry{key, v, lines[key]})
		}
	}
	walk("", root)
	slices.SortFunc(out, func(a, b entry) int {
		if a.line != b.line {
			return a.line - b.line
		}
		return strings.Compare(a.key, b.key)
	})
	return out, nil
}

// raw gives the text of a TOML value for a setting of kind k; false where it
// is of another kind.
func raw(v any, k kind) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, k == kindText || k == kindDuration
	case bool:
		return strconv.FormatBool(v), k == kindBool
	case int64:
		return strconv.FormatInt(v, 10), k == kindInt || k == kindFloat
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64), k == kindFloat
	case time.Time:
		return v.Format(time.RFC3339), false
	}
	return "…", false
}

// keyLines finds the line of each key, for messages only: the TOML library
// keeps no positions. It knows tables, dotted and quoted keys, and skips texts
// of several lines; of a document that the library accepted it is right but
// for the keys within an inline table, which it gives the line of the table.
func keyLines(doc string) map[string]int {
	out := map[string]int{}
	table, fence := "", ""
	note := func(key string, line int) {
		if _, known := out[key]; !known {
			out[key] = line
		}
	}
	n := 0
	for text := range strings.Lines(doc) {
		n++
		if fence != "" { // within a text of several lines
			if strings.Contains(text, fence) {
				fence = ""
			}
			continue
		}
		text = strings.TrimSpace(text)
		if rest, ok := strings.CutPrefix(text, "["); ok {
			name, _, _ := strings.Cut(strings.TrimLeft(rest, "["), "]")
			table = plainKey(name) + "."
			note(strings.TrimSuffix(table, "."), n)
			continue
		}
		name, value, ok := strings.Cut(text, "=")
		if !ok || strings.HasPrefix(text, "#") {
			continue
		}
		key := table + plainKey(name)
		note(key, n)
		value = strings.TrimSpace(value)
		for _, q := range []string{`"""`, `'''`} {
			if rest, ok := strings.CutPrefix(value, q); ok && !strings.Contains(rest, q) {
				fence = q
			}
		}
		if inner, ok := strings.CutPrefix(value, "{"); ok {
			for part := range strings.SplitSeq(strings.TrimSuffix(inner, "}"), ",") {
				if name, _, ok := strings.Cut(part, "="); ok {
					note(key+"."+plainKey(name), n)
				}
			}
		}
	}
	return out
}

// plainKey is a dotted key without spaces and quotes.
func plainKey(s string) string {
	parts := strings.Split(s, ".")
	for i, p := range parts {
		parts[i] = strings.Trim(strings.TrimSpace(p), `"'`)
	}
	return strings.Join(parts, ".")
}
