package faq

import (
	"fmt"
	"strings"

	"agentid/app/domain"
)

// Draft is a topic as somebody writes it in a form.
type Draft struct {
	ID, Category string
	Related      []string
	Title        string
	Ways         []string // other ways to ask it
	First        string   // what is shown first, and big, where it is urgent
	Answer       string   // as in a file: paragraphs parted by an empty line, "1." before a step
}

// Field is a part of a draft.
type Field string

// The parts.
const (
	FieldCategory Field = "category"
	FieldTitle    Field = "title"
	FieldWays     Field = "ways"
	FieldFirst    Field = "first"
	FieldAnswer   Field = "answer"
)

// Faults are what is wrong with a draft, by its parts.
type Faults map[Field]Problem

func (f Faults) Error() string { return fmt.Sprintf("%d parts of the topic to mend", len(f)) }

// Says tells the problem in a language, without where it is.
func (p Problem) Says(l domain.Lang) string {
	if l == domain.English {
		return fmt.Sprintf(p.what.en, p.args...)
	}
	return fmt.Sprintf(p.what.es, p.args...)
}

// AsksAlready is the fault of a question that another topic has, by its title.
func AsksAlready(question, title string) Problem {
	return Problem{what: faultAsked, args: []any{question, title}}
}

// TooMany is the fault of one topic more than there may be.
func TooMany() Problem { return Problem{what: faultMany, args: []any{MaxEntries}} }

// DraftOf is an entry as a form shows it.
func DraftOf(e Entry) Draft {
	var b strings.Builder
	for i, bl := range e.Answer {
		if i > 0 {
			b.WriteString("\n\n")
		}
		b.WriteString(bl.Text)
		for n, s := range bl.Steps {
			if n > 0 {
				b.WriteByte('\n')
			}
			fmt.Fprintf(&b, "%d. %s", n+1, s)
		}
	}
	return Draft{
		ID: e.ID, Category: e.Category, Related: e.Related, Title: e.Title, Ways: e.Phrasings, First: e.First, Answer: b.String(),
	}
}

// Entry reads a draft by the rules of a file; the error is Faults.
func (d Draft) Entry() (Entry, error) {
	faults := Faults{}
	var b strings.Builder
	var of []Field // of each line
	line := func(f Field, before, text string) {
		// A line of a form is one of the file, whatever is in it.
		text = strings.NewReplacer("\r", " ", "\n", " ").Replace(text)
		b.WriteString(before + text + "\n")
		of = append(of, f)
	}
	line("", "@topic ", d.ID)
	line(FieldCategory, "category: ", d.Category)
	if len(d.Related) > 0 {
		line("", "related: ", strings.Join(d.Related, ", "))
	}
	if d.First = strings.TrimSpace(d.First); d.First != "" {
		line("", "urgent: ", "yes")
	}
	line(FieldTitle, "? ", d.Title)
	for _, w := range d.Ways {
		line(FieldWays, "? ", w)
	}
	if d.First != "" {
		line(FieldFirst, "! ", d.First)
	}
	line("", "", "")
	for a := range strings.Lines(d.Answer) {
		a = strings.TrimSpace(a)
		if sign := reserved(a); sign != "" {
			if _, ok := faults[FieldAnswer]; !ok {
				faults[FieldAnswer] = Problem{what: faultSign, args: []any{sign}}
			}
			continue
		}
		line(FieldAnswer, "", a)
	}
	list, err := Parse("", []byte(b.String()))
	ps, known := err.(Problems)
	if err != nil && !known {
		return Entry{}, err
	}
	for _, p := range ps {
		field := FieldAnswer
		switch {
		case p.what == faultNoCategory:
			field = FieldCategory
		case p.what == faultNoQuestion:
			field = FieldTitle
		case p.what == faultNoAnswer, p.Line == 0:
		case p.Line <= len(of) && of[p.Line-1] != "":
			field = of[p.Line-1]
		}
		if _, ok := faults[field]; !ok {
			faults[field] = p
		}
	}
	if len(faults) > 0 {
		return Entry{}, faults
	}
	list[0].Line, list[0].lines, list[0].alsoL = 0, nil, 0
	return list[0], nil
}

// reserved is what a line of an answer begins with that would not be read as
// one; "" where it would.
func reserved(line string) string {
	if line == "" {
		return ""
	}
	if strings.ContainsRune("@?!#", rune(line[0])) {
		return line[:1]
	}
	for _, key := range []string{"category:", "urgent:", "related:"} {
		if strings.HasPrefix(line, key) {
			return key
		}
	}
	return ""
}
