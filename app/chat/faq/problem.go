package faq

import (
	"fmt"
	"strings"

	"agentid/app/domain"
)

// Problem is one thing wrong with a file.
type Problem struct {
	File string
	Line int // 0 where it is about the file as a whole
	what fault
	args []any
}

// fault is a format in the languages of the kiosk.
type fault struct{ es, en string }

// In tells the problem in a language, with where it is.
func (p Problem) In(l domain.Lang) string {
	format := p.what.es
	if l == domain.English {
		format = p.what.en
	}
	at := p.File
	if p.Line > 0 {
		at = fmt.Sprintf("%s:%d", p.File, p.Line)
	}
	return at + ": " + fmt.Sprintf(format, p.args...)
}

// Problems is everything wrong with what was read; an error.
type Problems []Problem

// maxTold bounds the text of an error; the list itself is whole up to maxProblems.
const (
	maxTold     = 20
	maxProblems = 500
)

func (ps Problems) Error() string { return ps.In(domain.English) }

// In tells the problems in a language, one a line.
func (ps Problems) In(l domain.Lang) string {
	var b strings.Builder
	for i, p := range ps {
		if i == maxTold {
			more := "and %d more"
			if l == domain.Spanish {
				more = "y %d más"
			}
			fmt.Fprintf(&b, "\n"+more, len(ps)-i)
			break
		}
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(p.In(l))
	}
	return b.String()
}

// add appends a problem while there is room.
func (ps *Problems) add(file string, line int, what fault, args ...any) {
	if len(*ps) < maxProblems {
		*ps = append(*ps, Problem{file, line, what, args})
	}
}

// err is nil where there is no problem.
func (ps Problems) err() error {
	if len(ps) == 0 {
		return nil
	}
	return ps
}

// What can be wrong.
var (
	faultBig         = fault{"el archivo tiene más de %d bytes", "the file has more than %d bytes"}
	faultText        = fault{"la línea no es texto UTF-8 limpio", "the line is not clean UTF-8 text"}
	faultLong        = fault{"la línea tiene %d bytes; el máximo es %d", "the line has %d bytes, at most %d"}
	faultMany        = fault{"hay más de %d temas", "there are more than %d topics"}
	faultNone        = fault{"no hay ningún tema", "there is no topic"}
	faultBefore      = fault{"hay texto antes del primer @topic", "there is text before the first @topic"}
	faultID          = fault{"identificador %q: use minúsculas sin acento, cifras y _", "id %q: use small letters a to z, digits and _"}
	faultAgain       = fault{"el tema %q ya está en la línea %d", "topic %q is already at line %d"}
	faultDirective   = fault{"%q no se conoce; un tema empieza con @topic", "%q is unknown; a topic begins with @topic"}
	faultKeyLate     = fault{"%q va antes de la respuesta", "%q goes before the answer"}
	faultKeyTwice    = fault{"%q está dos veces", "%q is there twice"}
	faultCategory    = fault{"categoría %q; puede ser: %s", "category %q, want one of: %s"}
	faultYes         = fault{"urgent es yes o no, no %q", "urgent is yes or no, not %q"}
	faultRelatedMany = fault{"más de %d temas relacionados", "more than %d related topics"}
	faultEmpty       = fault{"%q sin texto", "%q without text"}
	faultPhrasings   = fault{"más de %d formas de preguntar", "more than %d phrasings"}
	faultFirstTwice  = fault{"hay dos líneas !; va una sola", "there are two ! lines, want one"}
	faultFirstNone   = fault{"el tema %q es urgente y no tiene línea !", "topic %q is urgent and has no ! line"}
	faultFirstCalm   = fault{"hay una línea ! y el tema %q no es urgente (urgent: yes)", "there is a ! line and topic %q is not urgent (urgent: yes)"}
	faultNoCategory  = fault{"al tema %q le falta category:", "topic %q lacks category:"}
	faultNoQuestion  = fault{"al tema %q le falta una línea ?", "topic %q lacks a ? line"}
	faultNoAnswer    = fault{"al tema %q le falta la respuesta", "topic %q lacks an answer"}
	faultStep        = fault{"paso %d donde toca el %d", "step %d where step %d is due"}
	faultSteps       = fault{"más de %d pasos", "more than %d steps"}
	faultBlocks      = fault{"la respuesta tiene más de %d párrafos", "the answer has more than %d paragraphs"}
	faultParagraph   = fault{"el párrafo pasa de %d bytes; pártalo con una línea vacía", "the paragraph is over %d bytes: part it with an empty line"}
	faultHolder      = fault{"{%s} no se conoce; puede ser: %s", "{%s} is unknown, want one of: %s"}
	faultBrace       = fault{"hay una llave { o } suelta", "there is a { or } by itself"}
	faultHolderHere  = fault{"en una pregunta no van llaves", "there are no placeholders in a question"}

	faultRelated  = fault{"el tema %q remite a %q, que no existe", "topic %q relates to %q, which is not there"}
	faultSelf     = fault{"el tema %q remite a sí mismo", "topic %q relates to itself"}
	faultSame     = fault{"%q ya se pregunta en el tema %q (línea %d)", "%q is asked already in topic %q (line %d)"}
	faultMissing  = fault{"falta el tema %q, que está en %s", "topic %q is missing, it is in %s"}
	faultDiffers  = fault{"el tema %q tiene otra %s en %s", "topic %q has another %s in %s"}
	faultAsked    = fault{"«%s» ya se pregunta en «%s»", "“%s” is asked already in “%s”"}
	faultSign     = fault{"una línea de la respuesta no puede empezar con %s", "a line of the answer cannot begin with %s"}
	faultAgainSet = fault{"el tema %q está dos veces", "topic %q is there twice"}
)
