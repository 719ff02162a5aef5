package chat

import (
	"strings"

	"agentid/app/domain"
)

// said are all texts that a turn may say.
var said = []text{
	sayHello, sayThanks, sayBye, sayCan, sayFine, sayUseful, sayUnsure, sayOnlyOne, sayLost, sayHandoff, sayCalled,
	saySorry, sayGlad, sayEmpty,
}

// Say gives what a turn says in another language. A text that is no turn's
// comes back as it is.
func Say(words string, l domain.Lang) string {
	cut := ""
	for _, p := range []string{sayCut.es, sayCut.en} {
		if rest, ok := strings.CutPrefix(words, p); ok {
			words, cut = rest, sayCut.in(l)
			break
		}
	}
	for _, t := range said {
		if words == t.es || words == t.en {
			words = t.in(l)
			break
		}
	}
	return cut + words
}

// SetLang goes on in a language that the visitor chose. A question in another
// is answered in its own all the same.
func (s *Session) SetLang(l domain.Lang) { s.lang = l }
