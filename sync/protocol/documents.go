package protocol

import (
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"agentid/app/domain"
)

// ContentJSON is the media type of the documents whose format is told here: all
// but the FAQ.
const ContentJSON = "application/json"

// maxRef bounds the ref of a document, in bytes.
const maxRef = 100

var refOf = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:/-]*$`)

// ValidRef tells whether a document may be called so, whatever its kind.
func ValidRef(ref string) bool { return len(ref) <= maxRef && refOf.MatchString(ref) }

// CheckDocument holds a document to the format of its kind. Both ends ask it:
// the centre before it publishes, a kiosk before it takes. ErrContent says what
// is wrong; ErrUnknownKind where this version publishes none of that kind.
func CheckDocument(kind ChangeKind, ref, contentType, content string) error {
	if !ValidRef(ref) {
		return contentf("ref: want letters, digits and ._:/-, at most %d", maxRef)
	}
	if kind == ChangeFAQ {
		return nil // its format is that of package faq, which a kiosk holds it to
	}
	check, ok := map[ChangeKind]func(string, string) error{
		ChangeConfig:      func(r, c string) error { _, err := ParseConfig(r, c); return err },
		ChangeConsentText: func(r, c string) error { _, err := ParseConsentText(r, c); return err },
		ChangeStaff:       func(r, c string) error { _, err := ParseStaff(r, c); return err },
		ChangeCaseAnswer:  func(r, c string) error { _, err := ParseCaseAnswer(r, c); return err },
	}[kind]
	if !ok {
		return ErrUnknownKind
	}
	if contentType != ContentJSON {
		return contentf("content_type: want %s", ContentJSON)
	}
	return check(ref, content)
}

// ConsentText is a text of consent in one language, before the places
// {organisation} and {period} are filled: its ref is "version/lang".
type ConsentText struct {
	Version string      `json:"-"`
	Lang    domain.Lang `json:"-"`
	// Effective is from when on it is shown, once it is there in every language.
	Effective time.Time `json:"effective"`
	domain.ConsentWords
	// What stands in the places: Organisation where an installation says nothing
	// of itself, PeriodOne for one month, PeriodMany with {n} for more.
	Organisation string `json:"organisation"`
	PeriodOne    string `json:"period_one"`
	PeriodMany   string `json:"period_many"`
}

const (
	placeOrganisation, placePeriod, placeNumber = "{organisation}", "{period}", "{n}"
	maxSections                                 = 8
)

// textVersion is how a version is called, as the consents that bind it say.
var textVersion = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z.-]{0,31}$`)

// ParseConsentText reads a text of consent. Lengths are such that what is asked
// fits the smallest screen.
func ParseConsentText(ref, content string) (ConsentText, error) {
	t := ConsentText{}
	version, lang, _ := strings.Cut(ref, "/")
	if !textVersion.MatchString(version) || lang != string(domain.Spanish) && lang != string(domain.English) {
		return t, contentf("ref: want VERSION/es or VERSION/en")
	}
	if err := DecodeStrict([]byte(content), MaxSmall, &t); err != nil {
		return ConsentText{}, inContent(err)
	}
	t.Version, t.Lang = version, domain.Lang(lang)
	return t, t.check()
}

// words is a text of a document, and how long it may be.
type words struct {
	what, text string
	most       int // in characters
	places     []string
}

func (t ConsentText) check() error {
	if !validTime(t.Effective) {
		return contentf("effective: want a time")
	}
	if n := len(t.Sections); n == 0 || n > maxSections {
		return contentf("sections: %d of them, want 1 to %d", n, maxSections)
	}
	both := []string{placeOrganisation, placePeriod}
	list := []words{
		{"title", t.Title, 40, both}, {"accept", t.Accept, 24, nil}, {"refuse", t.Refuse, 24, nil},
		{"organisation", t.Organisation, 60, nil}, {"period_one", t.PeriodOne, 24, nil}, {"period_many", t.PeriodMany, 24, []string{placeNumber}},
	}
	for _, q := range []struct {
		what string
		domain.ConsentQuestion
	}{{"data", t.Data}, {"face", t.Face}} {
		list = append(list, words{q.what + ".question", q.Question, 90, both}, words{q.what + ".text", q.Text, 200, both},
			words{q.what + ".refused", q.Refused, 200, both})
	}
	var all strings.Builder
	for i, s := range t.Sections {
		list = append(list, words{fmt.Sprintf("sections[%d].heading", i), s.Heading, 40, both}, words{fmt.Sprintf("sections[%d].text", i), s.Text, 300, both})
		all.WriteString(s.Text)
	}
	for _, w := range list {
		if err := w.check(); err != nil {
			return err
		}
	}
	if !strings.Contains(all.String(), placePeriod) {
		return contentf("sections: none says for how long, %s", placePeriod)
	}
	if strings.Count(t.PeriodMany, placeNumber) != 1 {
		return contentf("period_many: want %s once", placeNumber)
	}
	if t.Accept == t.Refuse {
		return contentf("accept, refuse: the two answers are one")
	}
	return nil
}

// check holds a text to one line, and its places to those that are filled.
func (w words) check() error {
	switch {
	case w.text == "" || strings.TrimSpace(w.text) != w.text:
		return contentf("%s: it is empty, or has space around it", w.what)
	case !printable(w.text) || strings.Contains(w.text, "\n"):
		return contentf("%s: want one line without control characters", w.what)
	case utf8.RuneCountInString(w.text) > w.most:
		return contentf("%s: want at most %d characters", w.what, w.most)
	}
	rest := w.text
	for _, p := range w.places {
		rest = strings.ReplaceAll(rest, p, "")
	}
	if strings.ContainsAny(rest, "{}") {
		return contentf("%s: a place that is not filled; there are %s", w.what, strings.Join(append([]string{}, w.places...), ", "))
	}
	return nil
}

// ParseCaseAnswer reads an answer to a visitor's case; its ref is the case's id.
func ParseCaseAnswer(ref, content string) (a domain.CaseAnswer, err error) {
	if !ValidID(ref) {
		return a, contentf("ref: want the id of the case")
	}
	if err := DecodeStrict([]byte(content), MaxSmall, &a); err != nil {
		return domain.CaseAnswer{}, inContent(err)
	}
	for _, w := range []words{{"text", a.Text, 600, []string{"{", "}"}}, {"by", a.By, 60, nil}} {
		if err := w.check(); err != nil {
			return a, err
		}
	}
	if a.Lang != domain.Spanish && a.Lang != domain.English {
		return a, contentf("lang: want es or en")
	}
	if !validTime(a.At) {
		return a, contentf("at: want a time")
	}
	return a, nil
}

// inContent says that what is wrong is the content of a document, not the
// request that it came with.
func inContent(err error) error { return fmt.Errorf("%w: content: %w", ErrContent, err) }
