package faq

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Read reads a file of entries. The name is for messages alone. The error is
// Problems, with everything that is wrong, unless reading itself failed.
func Read(name string, r io.Reader) ([]Entry, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxFile+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return Parse(name, data)
}

// Parse reads the text of a file.
func Parse(name string, data []byte) ([]Entry, error) {
	p := parser{name: name, seen: map[string]int{}}
	if len(data) > MaxFile {
		p.bad(0, faultBig, MaxFile)
		return nil, p.problems
	}
	text := strings.TrimPrefix(string(data), "\ufeff")
	for i, line := range strings.Split(text, "\n") {
		p.line(i+1, strings.TrimRight(line, " \t\r"))
		if p.full {
			break
		}
	}
	p.close()
	if len(p.entries) == 0 && len(p.problems) == 0 {
		p.bad(0, faultNone)
	}
	if err := p.problems.err(); err != nil {
		return nil, err
	}
	return p.entries, nil
}

// margin leaves room for what Format writes before a text.
const margin = 8

// parser holds the entry that is being read.
type parser struct {
	name     string
	problems Problems
	entries  []Entry
	seen     map[string]int // line of each id
	full     bool

	e      *Entry
	keys   []string // written in this entry
	gap    bool     // the last line was empty
	before bool     // text before the first topic was told of
}

func (p *parser) bad(line int, what fault, args ...any) {
	p.problems.add(p.name, line, what, args...)
}

func (p *parser) line(n int, s string) {
	switch {
	case len(s) > MaxLine-margin:
		p.bad(n, faultLong, len(s), MaxLine-margin)
		return
	case !clean(s):
		p.bad(n, faultText)
		return
	}
	s = strings.TrimSpace(s)
	switch {
	case s == "":
		p.gap = true
		return
	case s[0] == '#':
		return
	case s[0] == '@':
		p.topic(n, s)
		return
	case p.e == nil:
		if !p.before {
			p.bad(n, faultBefore)
		}
		p.before = true
		return
	}
	switch s[0] {
	case '?':
		p.question(n, strings.TrimSpace(s[1:]))
	case '!':
		p.first(n, strings.TrimSpace(s[1:]))
	default:
		if key, value, ok := strings.Cut(s, ":"); ok && (key == "category" || key == "urgent" || key == "related") {
			p.key(n, key, strings.TrimSpace(value))
		} else {
			p.answer(n, s)
		}
	}
	p.gap = false
}

// clean tells whether a line is text: a tab is the only control character.
func clean(s string) bool {
	return utf8.ValidString(s) && strings.IndexFunc(s, func(r rune) bool {
		return r != '\t' && (unicode.IsControl(r) || r == utf8.RuneError || r == '\u2028' || r == '\u2029')
	}) < 0
}

func (p *parser) topic(n int, s string) {
	p.close()
	word, id, _ := strings.Cut(s, " ")
	id = strings.TrimSpace(id)
	if word != "@topic" {
		p.bad(n, faultDirective, word)
	} else if !validID(id) {
		p.bad(n, faultID, id)
	} else if at, ok := p.seen[id]; ok {
		p.bad(n, faultAgain, id, at)
	} else {
		p.seen[id] = n
	}
	if len(p.entries) >= MaxEntries {
		p.bad(n, faultMany, MaxEntries)
		p.full = true
		return
	}
	p.e = &Entry{ID: id, Line: n}
	p.keys, p.gap = nil, true
}

func (p *parser) key(n int, key, value string) {
	if len(p.e.Answer) > 0 {
		p.bad(n, faultKeyLate, key+":")
	}
	if slices.Contains(p.keys, key) {
		p.bad(n, faultKeyTwice, key+":")
		return
	}
	p.keys = append(p.keys, key)
	if value == "" {
		p.bad(n, faultEmpty, key+":")
		return
	}
	switch key {
	case "category":
		if !slices.Contains(categories[:], value) {
			p.bad(n, faultCategory, value, strings.Join(categories[:], ", "))
		}
		p.e.Category = value
	case "urgent":
		if value != "yes" && value != "no" {
			p.bad(n, faultYes, value)
		}
		p.e.Urgent = value == "yes"
	case "related":
		p.e.alsoL = n
		ids := strings.Split(value, ",")
		if len(ids) > MaxRelated {
			p.bad(n, faultRelatedMany, MaxRelated)
			return
		}
		for _, id := range ids {
			if id = strings.TrimSpace(id); !validID(id) {
				p.bad(n, faultID, id)
			} else if !slices.Contains(p.e.Related, id) {
				p.e.Related = append(p.e.Related, id)
			}
		}
	}
}

func (p *parser) question(n int, s string) {
	switch {
	case strings.IndexFunc(s, letter) < 0:
		p.bad(n, faultEmpty, "?")
		return
	case strings.ContainsAny(s, "{}"):
		p.bad(n, faultHolderHere)
		return
	case len(p.e.Phrasings) >= MaxPhrasings:
		p.bad(n, faultPhrasings, MaxPhrasings)
		return
	case len(p.e.Answer) > 0:
		p.bad(n, faultKeyLate, "?")
	}
	s = strings.Join(strings.Fields(s), " ")
	if p.e.lines = append(p.e.lines, n); p.e.Title == "" {
		p.e.Title = s
	} else {
		p.e.Phrasings = append(p.e.Phrasings, s)
	}
}

func letter(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

func (p *parser) first(n int, s string) {
	if s == "" {
		p.bad(n, faultEmpty, "!")
		return
	}
	if p.e.First != "" {
		p.bad(n, faultFirstTwice)
		return
	}
	p.holders(n, s)
	p.e.First = strings.Join(strings.Fields(s), " ")
}

// answer takes a line of the answer: a step, or a line of a paragraph.
func (p *parser) answer(n int, s string) {
	p.holders(n, s)
	s = strings.Join(strings.Fields(s), " ")
	blocks := p.e.Answer
	var last *Block
	if len(blocks) > 0 {
		last = &blocks[len(blocks)-1]
	}
	num, step, isStep := numbered(s)
	switch {
	case emptyStep(s):
		p.bad(n, faultEmpty, s)
	case isStep && last != nil && last.Steps != nil && num != 1:
		if due := len(last.Steps) + 1; num != due {
			p.bad(n, faultStep, num, due)
		}
		if len(last.Steps) >= MaxSteps {
			p.bad(n, faultSteps, MaxSteps)
			return
		}
		last.Steps = append(last.Steps, step)
	case len(blocks) >= MaxBlocks:
		if len(blocks) == MaxBlocks && (p.gap || isStep) {
			p.bad(n, faultBlocks, MaxBlocks)
		}
	case isStep:
		if num != 1 {
			p.bad(n, faultStep, num, 1)
		}
		p.e.Answer = append(blocks, Block{Steps: []string{step}})
	case last != nil && last.Steps == nil && !p.gap:
		if len(last.Text)+len(s) >= MaxLine-margin {
			p.bad(n, faultParagraph, MaxLine-margin)
			return
		}
		last.Text += " " + s
	default:
		p.e.Answer = append(blocks, Block{Text: s})
	}
}

// emptyStep tells whether a line is a number without a step.
func emptyStep(s string) bool {
	d, ok := strings.CutSuffix(s, ".")
	return ok && d != "" && len(d) <= 2 && strings.Trim(d, "0123456789") == ""
}

// numbered splits "3. text".
func numbered(s string) (n int, rest string, ok bool) {
	digits, rest, ok := strings.Cut(s, ". ")
	if !ok || len(digits) == 0 || len(digits) > 2 || strings.TrimSpace(rest) == "" {
		return 0, "", false
	}
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, "", false
		}
		n = 10*n + int(c-'0')
	}
	return n, strings.TrimSpace(rest), n > 0
}

// holders checks the placeholders of a line.
func (p *parser) holders(n int, s string) {
	for {
		open := strings.IndexAny(s, "{}")
		if open < 0 {
			return
		}
		end := strings.IndexAny(s[open+1:], "{}")
		if s[open] == '}' || end < 0 || s[open+1+end] == '{' {
			p.bad(n, faultBrace)
			return
		}
		name := s[open+1 : open+1+end]
		if !slices.Contains(placeholders[:], name) {
			p.bad(n, faultHolder, name, strings.Join(placeholders[:], ", "))
		}
		s = s[open+1+end+1:]
	}
}

// close checks the entry that ends here and keeps it.
func (p *parser) close() {
	e := p.e
	if e == nil {
		return
	}
	p.e = nil
	if e.Category == "" && !slices.Contains(p.keys, "category") {
		p.bad(e.Line, faultNoCategory, e.ID)
	}
	if e.Title == "" {
		p.bad(e.Line, faultNoQuestion, e.ID)
	}
	if len(e.Answer) == 0 {
		p.bad(e.Line, faultNoAnswer, e.ID)
	}
	if e.Urgent && e.First == "" {
		p.bad(e.Line, faultFirstNone, e.ID)
	}
	if !e.Urgent && e.First != "" {
		p.bad(e.Line, faultFirstCalm, e.ID)
	}
	p.entries = append(p.entries, *e)
}
