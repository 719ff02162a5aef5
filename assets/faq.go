package assets

import (
	"embed"
	"errors"
	"fmt"
	"slices"
)

//go:embed faq/*.faq
var faqs embed.FS

// ErrNoFAQ says that there are no questions and answers in that language.
var ErrNoFAQ = errors.New("no questions and answers in that language")

// FAQ is the text of the questions and answers that the kiosk starts with, in
// the format that the head of each file explains.
func FAQ(lang string) ([]byte, error) {
	// Asking the list first also keeps paths out.
	if slices.Contains(Langs(), lang) {
		if raw, err := faqs.ReadFile("faq/" + lang + ".faq"); err == nil {
			return raw, nil
		}
	}
	return nil, fmt.Errorf("%w: %q", ErrNoFAQ, lang)
}

// FAQLanguages are the languages that have questions and answers, the default
// first.
func FAQLanguages() []string {
	return slices.DeleteFunc(Langs(), func(lang string) bool {
		_, err := FAQ(lang)
		return err != nil
	})
}
