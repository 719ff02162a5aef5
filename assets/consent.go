package assets

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"

	"agentid/app/domain"
)

//go:embed consent/*/*.toml
var consents embed.FS

// ConsentVersion is the consent text that is shown now. Older ones stay
// embedded: what somebody agreed to can be shown again.
const ConsentVersion = "2026-1"

// ErrNoConsent says that there is no consent text of that version and language.
var ErrNoConsent = errors.New("no such consent text")

// ConsentText is what a visitor is told and asked before registering. Screens
// show it word for word, so that SHA256 says what was on the screen.
type ConsentText struct {
	Version  string           `toml:"-"`
	Lang     string           `toml:"-"`
	Title    string           `toml:"title"`
	Sections []ConsentSection `toml:"section"`
	Data     ConsentQuestion  `toml:"data"`
	Face     ConsentQuestion  `toml:"face"`
	Accept   string           `toml:"accept"` // the two answers
	Refuse   string           `toml:"refuse"`

	// What fills the places where an installation says nothing.
	Organisation string `toml:"organisation"`
	PeriodOne    string `toml:"period_one"`
	PeriodMany   string `toml:"period_many"`
}

// ConsentSection is one paragraph under its heading.
type ConsentSection struct {
	Heading string `toml:"heading"`
	Text    string `toml:"text"`
}

// ConsentQuestion is one thing to agree to or not.
type ConsentQuestion struct {
	Question string `toml:"question"`
	Text     string `toml:"text"`
	Refused  string `toml:"refused"` // what follows from a refusal
}

// defaultMonths is how long people who do not come are kept, unless Fill says
// otherwise.
const defaultMonths = 12

// Consent gives the text of a version in a language, filled for an
// installation that says nothing of itself; see Fill.
func Consent(version, lang string) (ConsentText, error) {
	c, err := consentSource(version, lang)
	if err != nil {
		return ConsentText{}, err
	}
	return c.filled("", defaultMonths), nil
}

// ConsentFor is Consent with the name of the organisation ("" is a general
// word) and the months after which people who do not come are erased.
func ConsentFor(version, lang, organisation string, months int) (ConsentText, error) {
	c, err := consentSource(version, lang)
	if err != nil {
		return ConsentText{}, err
	}
	return c.For(organisation, months)
}

// For is a text with its places filled, as ConsentFor fills them.
func (c ConsentText) For(organisation string, months int) (ConsentText, error) {
	if months < 1 {
		return ConsentText{}, fmt.Errorf("consent %s: kept for %d months, want 1 or more", c.Version, months)
	}
	return c.filled(strings.TrimSpace(organisation), months), nil
}

// ConsentOf is a text from elsewhere, word for word.
func ConsentOf(version, lang string, w domain.ConsentWords) ConsentText {
	c := ConsentText{Version: version, Lang: lang, Title: w.Title, Accept: w.Accept, Refuse: w.Refuse, Data: ConsentQuestion(w.Data), Face: ConsentQuestion(w.Face)}
	for _, s := range w.Sections {
		c.Sections = append(c.Sections, ConsentSection(s))
	}
	return c
}

// ConsentWords are a text's words, for those who know no texts.
func (c ConsentText) ConsentWords() domain.ConsentWords {
	w := domain.ConsentWords{Title: c.Title, Accept: c.Accept, Refuse: c.Refuse, Data: domain.ConsentQuestion(c.Data), Face: domain.ConsentQuestion(c.Face)}
	for _, s := range c.Sections {
		w.Sections = append(w.Sections, domain.ConsentSection(s))
	}
	return w
}

// ConsentVersions lists the versions there are, oldest first.
func ConsentVersions() []string {
	dirs, err := fs.ReadDir(consents, "consent")
	if err != nil { // not for an embedded folder
		return nil
	}
	var out []string
	for _, d := range dirs {
		out = append(out, d.Name())
	}
	slices.Sort(out)
	return out
}

func consentSource(version, lang string) (ConsentText, error) {
	name := path.Join("consent", version, lang+".toml")
	if !slices.Contains(ConsentVersions(), version) || !slices.Contains(Langs(), lang) {
		return ConsentText{}, fmt.Errorf("%w: version %q in %q", ErrNoConsent, version, lang)
	}
	raw, err := consents.ReadFile(name)
	if err != nil {
		return ConsentText{}, fmt.Errorf("%w: version %q in %q", ErrNoConsent, version, lang)
	}
	c := ConsentText{Version: version, Lang: lang}
	if err := toml.Unmarshal(raw, &c); err != nil {
		return ConsentText{}, fmt.Errorf("consent %s in %s: %w", version, lang, err)
	}
	return c, nil
}

func (c ConsentText) filled(organisation string, months int) ConsentText {
	if organisation == "" {
		organisation = c.Organisation
	}
	period := c.PeriodOne
	if months != 1 {
		period = strings.ReplaceAll(c.PeriodMany, "{n}", strconv.Itoa(months))
	}
	fill := strings.NewReplacer("{organisation}", organisation, "{period}", period).Replace
	question := func(q ConsentQuestion) ConsentQuestion {
		return ConsentQuestion{fill(q.Question), fill(q.Text), fill(q.Refused)}
	}
	c.Title = fill(c.Title)
	c.Sections = slices.Clone(c.Sections)
	for i, s := range c.Sections {
		c.Sections[i] = ConsentSection{fill(s.Heading), fill(s.Text)}
	}
	c.Data, c.Face = question(c.Data), question(c.Face)
	return c
}

// Words are all paragraphs as they are shown, in order.
func (c ConsentText) Words() []string {
	out := []string{c.Title}
	for _, s := range c.Sections {
		out = append(out, s.Heading, s.Text)
	}
	for _, q := range []ConsentQuestion{c.Data, c.Face} {
		out = append(out, q.Question, q.Text, q.Refused)
	}
	return append(out, c.Accept, c.Refuse)
}

// SHA256 is the hash, in hex, of the Words, each ended by a line feed.
func (c ConsentText) SHA256() string {
	sum := sha256.Sum256([]byte(strings.Join(c.Words(), "\n") + "\n"))
	return hex.EncodeToString(sum[:])
}
