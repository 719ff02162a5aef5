package lexicon

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"agentid/app/domain"
)

//go:embed words/*.txt
var embedded embed.FS

// Default is the lexicon that comes with the program.
var Default = sync.OnceValues(func() (*Lexicon, error) {
	sub, err := fs.Sub(embedded, "words")
	if err != nil {
		return nil, fmt.Errorf("embedded words: %w", err)
	}
	return Load(sub)
})

// Caps of what is loaded.
const (
	maxFiles    = 32
	maxFile     = 1 << 20
	maxLine     = 8 << 10
	maxConcepts = 2000
	maxPhrase   = 6 // words
	maxErrors   = 50
	maxOutside  = 2000
)

// Load reads all .txt files of a folder. A file is made of sections:
//
//	= dinero            a concept, "= dinero light" one that says little
//	es plata, guita     its words; phrases too, and "abren" in quotes for that very form
//	en money
//	@stop es            words that say nothing; @light, @common, @foreign likewise
//	de la el
//	@short es           abbreviations
//	q = que
//	@root es            stems that snowball cannot bring together
//	pierd = perd
//	@outside es         questions that are not ours, one a line
//	qué tiempo hace
//	@asked tarjeta_perdida   how people come to a topic, in any language
//	me afanaron la cartera
//
// A line with # first is a comment. The error joins all that is wrong.
func Load(dir fs.FS) (*Lexicon, error) {
	names, err := fs.Glob(dir, "*.txt")
	if err != nil {
		return nil, fmt.Errorf("list words: %w", err)
	}
	if len(names) == 0 || len(names) > maxFiles {
		return nil, fmt.Errorf("list words: %d files, want 1 to %d", len(names), maxFiles)
	}
	x := &Lexicon{id: map[string]int{}, outside: map[domain.Lang][]string{}, asked: map[string][]string{}, langs: map[domain.Lang]*language{domain.Spanish: newLanguage(), domain.English: newLanguage()}}
	ld := loader{x: x}
	slices.Sort(names)
	// Roots come first: the stems of all other words rest on them.
	for _, roots := range []bool{true, false} {
		for _, name := range names {
			data, err := fs.ReadFile(dir, name)
			if err != nil {
				return nil, fmt.Errorf("read words: %w", err)
			}
			ld.roots = roots
			ld.file(name, data)
		}
	}
	for _, g := range x.langs {
		for _, ps := range g.phrases {
			slices.SortStableFunc(ps, func(a, b phrase) int { return len(b.stems) - len(a.stems) })
		}
	}
	if err := errors.Join(ld.errs...); err != nil {
		return nil, err
	}
	return x, nil
}

type loader struct {
	x       *Lexicon
	errs    []error
	roots   bool // the pass that reads @root alone
	name    string
	line    int
	section string
	lang    domain.Lang
	concept int
	topic   string
}

func (ld *loader) bad(format string, args ...any) {
	if len(ld.errs) < maxErrors {
		ld.errs = append(ld.errs, fmt.Errorf("%s:%d: "+format, append([]any{ld.name, ld.line}, args...)...))
	}
}

func (ld *loader) file(name string, data []byte) {
	ld.name, ld.line, ld.section = name, 0, ""
	if len(data) > maxFile || !utf8.Valid(data) {
		ld.bad("over %d bytes, or not UTF-8", maxFile)
		return
	}
	for i, s := range strings.Split(string(data), "\n") {
		ld.line = i + 1
		switch s = strings.TrimSpace(s); {
		case s == "" || s[0] == '#':
		case len(s) > maxLine:
			ld.bad("line over %d bytes", maxLine)
		case s[0] == '=':
			ld.begin(strings.Fields(s[1:]))
		case s[0] == '@':
			ld.open(strings.Fields(s[1:]))
		default:
			ld.words(s)
		}
	}
}

// begin opens a concept.
func (ld *loader) begin(f []string) {
	ld.section = "concept"
	if ld.roots {
		return
	}
	ld.concept = -1
	switch {
	case len(f) == 0 || len(f) > 2 || len(f) == 2 && f[1] != "light":
		ld.bad("want: = name, or: = name light")
	case ld.x.Concept(f[0]) >= 0:
		ld.bad("concept %q is there twice", f[0])
	case len(ld.x.names) >= maxConcepts:
		ld.bad("more than %d concepts", maxConcepts)
	default:
		ld.concept = len(ld.x.names)
		ld.x.id[f[0]] = ld.concept
		ld.x.names = append(ld.x.names, f[0])
		ld.x.light = append(ld.x.light, len(f) == 2)
	}
}

// open opens a list.
func (ld *loader) open(f []string) {
	ld.section = "none"
	if len(f) == 2 && f[0] == "asked" {
		ld.section, ld.topic = f[0], f[1]
		return
	}
	if len(f) != 2 || !slices.Contains([]string{"stop", "light", "common", "foreign", "short", "root", "outside"}, f[0]) {
		if !ld.roots {
			ld.bad("want: @stop, @light, @common, @foreign, @short, @root or @outside, and a language")
		}
		return
	}
	l := domain.Lang(f[1])
	if ld.x.langs[l] == nil {
		if !ld.roots {
			ld.bad("unknown language %q", f[1])
		}
		return
	}
	ld.section, ld.lang = f[0], l
}

func (ld *loader) words(s string) {
	if (ld.section == "root") != ld.roots {
		return
	}
	switch ld.section {
	case "":
		ld.bad("words before any section")
	case "concept":
		ld.synonyms(s)
	case "stop", "light", "common", "foreign":
		ld.list(s)
	case "asked":
		ld.x.asked[ld.topic] = append(ld.x.asked[ld.topic], s)
	case "outside":
		if len(ld.x.outside[ld.lang]) >= maxOutside {
			ld.bad("more than %d questions", maxOutside)
			return
		}
		ld.x.outside[ld.lang] = append(ld.x.outside[ld.lang], s)
	case "short", "root":
		from, to, ok := strings.Cut(s, "=")
		froms, tos := split(FoldAll(from)), split(FoldAll(to))
		if !ok || len(froms) == 0 || len(tos) == 0 || ld.section == "root" && len(tos) != 1 {
			ld.bad("want: a = b")
			return
		}
		g := ld.x.langs[ld.lang]
		for _, from := range froms {
			if ld.section == "short" {
				g.short[from] = tos
				continue
			}
			if r, ok := g.root[from]; ok && r != tos[0] {
				ld.bad("%q has the root %q already", from, r)
			}
			g.root[from] = tos[0]
		}
	}
}

// list takes words of a kind.
func (ld *loader) list(s string) {
	kinds := map[string]Kind{"stop": Stop, "light": Light, "common": Common, "foreign": Foreign}
	g := ld.x.langs[ld.lang]
	for _, w := range split(FoldAll(s)) {
		if k, ok := g.kind[w]; ok && k != kinds[ld.section] {
			ld.bad("%q is in another list already", w)
			continue
		}
		g.kind[w] = kinds[ld.section]
		g.words[w] = struct{}{}
	}
}

// synonyms takes a line "es word, two words".
func (ld *loader) synonyms(s string) {
	lang, rest, _ := strings.Cut(s, " ")
	g := ld.x.langs[domain.Lang(lang)]
	if g == nil {
		ld.bad("unknown language %q", lang)
		return
	}
	if ld.concept < 0 {
		return // told already
	}
	for _, w := range strings.Split(rest, ",") {
		w = strings.TrimSpace(w)
		form := len(w) > 2 && w[0] == '"' && w[len(w)-1] == '"'
		words := split(FoldAll(w))
		if len(words) == 0 || len(words) > maxPhrase {
			ld.bad("%q: want one to %d words", w, maxPhrase)
			continue
		}
		for _, w := range words {
			g.words[w] = struct{}{}
		}
		if len(words) > 1 {
			p := phrase{concept: ld.concept}
			for _, w := range words {
				p.stems = append(p.stems, ld.x.Stem(w, domain.Lang(lang)))
			}
			g.phrases[p.stems[0]] = append(g.phrases[p.stems[0]], p)
			continue
		}
		add := func(to map[string][]int, key string) {
			if !slices.Contains(to[key], ld.concept) {
				to[key] = append(to[key], ld.concept)
			}
		}
		if form {
			add(g.exact, words[0])
			continue
		}
		add(g.listed, words[0])
		if stem, telling := g.stemOf(words[0], domain.Lang(lang)); telling {
			add(g.stems, stem)
		}
	}
}
