package assets

import (
	"embed"
	"errors"
	"fmt"

	"github.com/BurntSushi/toml"
	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
)

//go:embed i18n/*.toml
var translations embed.FS

// DefaultLang is spoken where a language is unknown or lacks a word.
const DefaultLang = "es"

// Langs are the languages of the kiosk, the default first.
func Langs() []string { return []string{DefaultLang, "en"} }

// Texts is everything the kiosk says, in every language. It is read-only and
// safe for concurrent use. A nil Texts knows no word: every key shows itself.
type Texts struct {
	speakers map[string]*i18n.Localizer
}

// LoadTexts reads the embedded translations.
func LoadTexts() (*Texts, error) {
	bundle := i18n.NewBundle(language.Make(DefaultLang))
	bundle.RegisterUnmarshalFunc("toml", toml.Unmarshal)
	t := &Texts{speakers: make(map[string]*i18n.Localizer)}
	for _, lang := range Langs() {
		if _, err := bundle.LoadMessageFileFS(translations, "i18n/"+lang+".toml"); err != nil {
			return nil, fmt.Errorf("load translation %s: %w", lang, err)
		}
	}
	for _, lang := range Langs() {
		t.speakers[lang] = i18n.NewLocalizer(bundle, lang, DefaultLang)
	}
	return t, nil
}

// Values fill the places of a text, by name.
type Values map[string]string

// Say is the text behind key. A key that exists in no language comes back as
// it is, so that the mistake is seen and the kiosk goes on.
func (t *Texts) Say(lang, key string) string {
	return t.localize(lang, key, &i18n.LocalizeConfig{MessageID: key})
}

// SayWith is Say for a text with places to fill.
func (t *Texts) SayWith(lang, key string, v Values) string {
	return t.localize(lang, key, &i18n.LocalizeConfig{MessageID: key, TemplateData: v})
}

// Count is the text behind key in the plural form that n asks for; {{.Number}}
// in it is n as the language writes it.
func (t *Texts) Count(lang, key string, n int) string {
	return t.localize(lang, key, &i18n.LocalizeConfig{
		MessageID: key, PluralCount: n, TemplateData: Values{"Number": Number(lang, n)},
	})
}

// Has tells whether the language itself, not a fallback, has a text for key.
func (t *Texts) Has(lang, key string) bool {
	if t == nil {
		return false
	}
	loc, ok := t.speakers[lang]
	if !ok {
		return false
	}
	_, tag, err := loc.LocalizeWithTag(&i18n.LocalizeConfig{MessageID: key})
	return err == nil && tag == language.Make(lang)
}

func (t *Texts) localize(lang, key string, c *i18n.LocalizeConfig) string {
	if t == nil {
		return key
	}
	loc, ok := t.speakers[lang]
	if !ok {
		loc = t.speakers[DefaultLang]
	}
	s, err := loc.Localize(c)
	// A word missing in one language comes with an error and the default
	// language's word: that word is better than a key.
	var missing *i18n.MessageNotFoundErr
	if s == "" || (err != nil && !errors.As(err, &missing)) {
		return key
	}
	return s
}
