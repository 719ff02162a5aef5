// Package faq is the questions and answers of the kiosk as branch staff write
// them: a plain text file for each language, read whole or refused with all
// that is wrong in it, line by line.
//
//	@topic tarjeta_perdida
//	category: tarjetas
//	urgent: yes
//	related: tarjeta_bloqueada, fraude_reportar
//	? Perdí mi tarjeta o me la robaron
//	? me robaron la tarjeta
//	! Bloquéela ahora mismo: {phone}.
//	Free lines are the answer, paragraphs are parted by an empty line.
//	1. Numbered lines are steps.
//
// The first question is the one that is shown; the others are ways to ask it.
// Placeholders such as {hours} are filled when an answer is shown.
package faq

import (
	"slices"
	"strings"
)

// Entry is one topic in one language.
type Entry struct {
	ID       string // the same in every language
	Category string
	Urgent   bool
	Related  []string // ids
	// Title is the question as it is shown; Phrasings are other ways to ask it.
	Title     string
	Phrasings []string
	// First is the urgent step, shown before all else; only where Urgent.
	First  string
	Answer []Block
	Line   int // of @topic in the file; 0 where it was not read from one

	lines []int // of the title and the phrasings
	alsoL int   // of "related:"
}

// Block is a part of an answer: a paragraph, or a list of steps.
type Block struct {
	Text  string   // of a paragraph
	Steps []string // of a list; then Text is empty
}

// Questions lists the title and the phrasings.
func (e Entry) Questions() []string {
	return append([]string{e.Title}, e.Phrasings...)
}

// lineOf is where the i-th of Questions stands.
func (e Entry) lineOf(i int) int {
	if i < len(e.lines) {
		return e.lines[i]
	}
	return e.Line
}

// Categories lists what a category may be, in the order in which the screen
// offers them.
func Categories() []string { return slices.Clone(categories[:]) }

var categories = [...]string{
	"cuentas", "tarjetas", "creditos", "transferencias", "pagos", "cajeros", "efectivo", "digital",
	"seguridad", "inversiones", "sucursal", "kiosco", "campus", "ayuda",
}

// Placeholders lists the names that may stand in braces in an answer.
func Placeholders() []string { return slices.Clone(placeholders[:]) }

var placeholders = [...]string{"bank", "branch", "hours", "phone", "address", "website", "atm_limit"}

// Caps of what is read.
const (
	MaxFile      = 2 << 20 // bytes
	MaxEntries   = 2000
	MaxLine      = 2000 // bytes
	MaxPhrasings = 100
	MaxBlocks    = 40 // of an answer
	MaxSteps     = 30 // of a list
	MaxRelated   = 8
	MaxID        = 64
)

// validID tells whether an id is made of small letters, digits and underscores.
func validID(s string) bool {
	return s != "" && len(s) <= MaxID &&
		strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789_") == "" && s[0] != '_'
}
