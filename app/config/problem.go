package config

import (
	"fmt"
	"strings"

	"agentid/app/domain"
)

// text is a sentence in the languages of the kiosk.
type text struct{ es, en string }

func (t text) in(l domain.Lang) string {
	if l == domain.English {
		return t.en
	}
	return t.es
}

// fault is what is wrong with a value, and how to mend it.
type fault struct{ what, mend text }

// From tells where a value was written.
type From struct {
	Kind FromKind
	Name string // of the file, variable or flag
	Line int    // of the file; 0 where it is not known
}

// FromKind is the sort of place.
type FromKind string

// The places, in rising order of precedence.
const (
	FromDefault     FromKind = "default"
	FromFile        FromKind = "file"
	FromCentre      FromKind = "centre"
	FromEnvironment FromKind = "environment"
	FromFlag        FromKind = "flag"
)

func (f From) in(l domain.Lang) string {
	en := l == domain.English
	switch f.Kind {
	case FromFile:
		at := ""
		if f.Line > 0 {
			at = fmt.Sprintf("%s %d", text{", línea", ", line"}.in(l), f.Line)
		}
		return text{"archivo ", "file "}.in(l) + f.Name + at
	case FromCentre:
		return text{"la central", "the centre"}.in(l)
	case FromEnvironment:
		return "variable " + f.Name
	case FromFlag:
		if en {
			return "flag --" + f.Name
		}
		return "opción --" + f.Name
	}
	return text{"valor por defecto", "default"}.in(l)
}

// Problem is one thing wrong with the configuration.
type Problem struct {
	Key   string // "" where it is about a file as a whole
	Value string // as written, redacted where it is secret
	From  From

	fault fault
}

// In tells the problem in a language.
func (p Problem) In(l domain.Lang) string {
	var b strings.Builder
	if p.Key != "" {
		b.WriteString(p.Key)
		if p.Value != "" {
			fmt.Fprintf(&b, " = %s", p.Value)
		}
		fmt.Fprintf(&b, " (%s): ", p.From.in(l))
	} else {
		fmt.Fprintf(&b, "%s: ", p.From.in(l))
	}
	b.WriteString(p.fault.what.in(l))
	if m := p.fault.mend.in(l); m != "" {
		b.WriteString(". " + m)
	}
	return b.String()
}

// Said tells what is wrong and how to mend it, to somebody who sees the setting
// before them.
func (p Problem) Said(l domain.Lang) string {
	what, mend := []rune(p.fault.what.in(l)), p.fault.mend.in(l)
	if len(what) == 0 {
		return mend
	}
	said := strings.ToUpper(string(what[:1])) + string(what[1:]) + "."
	if mend != "" {
		said += " " + mend
	}
	return said
}

// Error holds all that is wrong with a configuration.
type Error struct {
	Lang     domain.Lang // the user's
	Problems []Problem
}

func (e *Error) Error() string {
	head := text{"configuración con %d errores:", "configuration with %d errors:"}
	if len(e.Problems) == 1 {
		head = text{"configuración con un error:", "configuration with an error:"}
	}
	lines := []string{head.in(e.Lang)}
	if len(e.Problems) != 1 {
		lines[0] = fmt.Sprintf(lines[0], len(e.Problems))
	}
	for _, p := range e.Problems {
		lines = append(lines, "  "+p.In(e.Lang))
	}
	return strings.Join(lines, "\n")
}

// cutText keeps what is quoted from outside short.
func cutText(s string) string {
	const most = 80
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
