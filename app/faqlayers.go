package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"mime"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"agentid/app/chat"
	"agentid/app/chat/faq"
	"agentid/app/domain"
	"agentid/app/kiosk"
)

// faqLangs are the languages in which the kiosk answers.
var faqLangs = [...]domain.Lang{domain.Spanish, domain.English}

// faqBase is what a language has before the branch edits it: the set of the
// centre, else that of faq.dir, else the built-in one, each whole.
type faqBase struct {
	origin  kiosk.TopicOrigin
	entries []faq.Entry
	at      time.Time // zero where nobody knows
	version int64     // of the centre's
}

// rank is how strong an origin is.
func rank(o kiosk.TopicOrigin) int {
	return slices.Index([]kiosk.TopicOrigin{kiosk.OriginBuiltIn, kiosk.OriginFolder, kiosk.OriginCentre}, o)
}

// faqEdit is a topic as the branch has it.
type faqEdit struct {
	domain.FAQEdit
	entry faq.Entry
}

// faqRefusal is something that was published or kept and is not used.
type faqRefusal struct {
	ref string // "es", or one of those below
	err error
	// Of an edit of the branch in that language, what it is of, and which it is.
	topic   string
	version int64
}

// errDamaged is of what does not open any more.
var errDamaged = errors.New("damaged on this kiosk's disk")

// What of the store could not be read at all.
const (
	refCentre = "centre"
	refBranch = "branch"
)

func (r faqRefusal) ofStore() bool { return r.ref == refCentre || r.ref == refBranch }

// In tells it in a language, in one line.
func (r faqRefusal) In(l domain.Lang) string {
	var ps faq.Problems
	if !errors.As(r.err, &ps) {
		return "faq " + r.ref + ": " + r.err.Error()
	}
	text := ps[0].In(l)
	if more := len(ps) - 1; more > 0 {
		and := "and %d more"
		if l == domain.Spanish {
			and = "y %d más"
		}
		text += " (" + fmt.Sprintf(and, more) + ")"
	}
	return text
}

// brief tells it in a few words; the doctor and the sync tell all of it.
func (r faqRefusal) brief(l domain.Lang) string {
	var ps faq.Problems
	known := errors.As(r.err, &ps)
	ref := r.ref
	switch {
	case r.topic == "":
	case l == domain.English:
		ref += fmt.Sprintf(", topic %.64q", r.topic)
	default:
		ref += fmt.Sprintf(", tema %.64q", r.topic)
	}
	switch {
	case !known && l == domain.English:
		return ref + ": could not be read"
	case !known:
		return ref + ": no se pudo leer"
	case len(ps) == 1 && l == domain.English:
		return fmt.Sprintf("%s: a mistake, in line %d", ref, ps[0].Line)
	case len(ps) == 1:
		return fmt.Sprintf("%s: un error, en la línea %d", ref, ps[0].Line)
	case l == domain.English:
		return fmt.Sprintf("%s: %d mistakes, the first in line %d", ref, len(ps), ps[0].Line)
	}
	return fmt.Sprintf("%s: %d errores, el primero en la línea %d", ref, len(ps), ps[0].Line)
}

// faqLayers are the questions and answers by whose they are. They do not change:
// with makes others.
type faqLayers struct {
	base     map[domain.Lang]faqBase
	edits    map[domain.Lang]map[string]faqEdit
	order    []string // of the branch's edits, by time
	refused  []faqRefusal
	fallback []faq.Entry // by which one asks for a person, where nobody has it: es, en
}

// faqStore is what the layers are read from.
type faqStore interface {
	domain.FAQBook
	CentreDocuments(ctx context.Context, kind string) ([]domain.Document, error)
}

// faqKind is that of what the centre publishes of questions and answers.
const faqKind = "faq"

// readLayers reads all layers; st may be nil. What cannot be read or is broken
// is left out, and told. With keep, a whole set of the centre is noted as the
// one to go back to.
func (c *cli) readLayers(ctx context.Context, st faqStore, files map[domain.Lang]faqBase, keep bool) faqLayers {
	y := faqLayers{base: maps.Clone(files), edits: map[domain.Lang]map[string]faqEdit{}}
	for _, l := range faqLangs {
		y.edits[l] = map[string]faqEdit{}
	}
	if st == nil {
		return y
	}
	if err := y.readCentre(ctx, st, keep); err != nil {
		y.refused = append(y.refused, faqRefusal{ref: refCentre, err: err})
	}
	if err := y.readEdits(ctx, st); err != nil {
		y.refused = append(y.refused, faqRefusal{ref: refBranch, err: err})
	}
	if built, err := builtInFAQ(); err == nil {
		for _, l := range faqLangs {
			i := slices.IndexFunc(built[l], func(e faq.Entry) bool { return e.ID == chat.TopicHuman })
			if i >= 0 {
				y.fallback = append(y.fallback, built[l][i])
			}
		}
	}
	return y
}

// readCentre takes the sets of the centre. One that is broken leaves the last
// whole one in use.
func (y *faqLayers) readCentre(ctx context.Context, st faqStore, keep bool) error {
	docs, err := st.CentreDocuments(ctx, faqKind)
	if err != nil {
		return err
	}
	sets, err := st.FAQSets(ctx)
	if err != nil {
		return err
	}
	last := map[domain.Lang]domain.FAQSet{}
	for _, s := range sets {
		last[s.Lang] = s
	}
	for _, d := range docs {
		l := domain.Lang(d.Ref)
		if !slices.Contains(faqLangs[:], l) {
			y.refused = append(y.refused, faqRefusal{ref: d.Ref, err: errors.New("not a language of this kiosk")})
			continue
		}
		was, had := last[l]
		had = had && !was.Damaged
		delete(last, l)
		entries, err := checkDocument(d)
		at, version := d.At, d.Version
		switch {
		case err == nil && keep && (!had || was.Version != d.Version || was.Text != d.Content):
			if err := st.KeepFAQSet(ctx, domain.FAQSet{Lang: l, Version: d.Version, Text: d.Content, At: d.At}); err != nil {
				return err
			}
		case err != nil:
			y.refused = append(y.refused, faqRefusal{ref: d.Ref, err: err})
			if was.Damaged {
				y.refused = append(y.refused, faqRefusal{ref: d.Ref, err: fmt.Errorf("the one before: %w", errDamaged)})
			}
			if !had {
				continue
			}
			if entries, err = checkSet(l, was.Text); err != nil { // an older program was less strict
				y.refused = append(y.refused, faqRefusal{ref: d.Ref, err: err})
				continue
			}
			at, version = was.At, was.Version
		}
		y.base[l] = faqBase{kiosk.OriginCentre, entries, at, version}
	}
	if keep { // what the centre has taken back
		for l := range last {
			if err := st.DropFAQSet(ctx, l); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkDocument reads a document of the centre by the rules of a file.
func checkDocument(d domain.Document) ([]faq.Entry, error) {
	if t, _, err := mime.ParseMediaType(d.ContentType); d.ContentType != "" && (err != nil || t != "text/plain") {
		return nil, fmt.Errorf("content type %q, want text/plain", d.ContentType)
	}
	return checkSet(domain.Lang(d.Ref), d.Content)
}

// checkSet reads all topics of a language, which is right in itself.
func checkSet(l domain.Lang, text string) ([]faq.Entry, error) {
	entries, err := faq.Parse(faqName(l), []byte(text))
	if err == nil {
		err = faq.Check(chat.SameQuestion, faq.Set{Lang: l, Name: faqName(l), Entries: entries})
	}
	return entries, err
}

func (y *faqLayers) readEdits(ctx context.Context, st faqStore) error {
	list, err := st.FAQEdits(ctx)
	if err != nil {
		return err
	}
	for _, e := range list {
		if !slices.Contains(faqLangs[:], e.Lang) {
			continue
		}
		entries, err := faq.Parse(faqName(e.Lang), []byte(e.Text))
		if e.Damaged {
			err = errDamaged
		}
		if err != nil {
			y.refused = append(y.refused, faqRefusal{string(e.Lang), fmt.Errorf("edit of topic %s: %w", e.Topic, err), e.Topic, e.Version})
			continue
		}
		y.put(faqEdit{e, entries[0]})
	}
	return nil
}

// version is that of the branch's edit of a topic, used or not; 0 for none.
func (y faqLayers) version(l domain.Lang, topic string) int64 {
	if e, ok := y.edits[l][topic]; ok {
		return e.Version
	}
	if i := slices.IndexFunc(y.refused, func(r faqRefusal) bool { return r.edits(l, topic) }); i >= 0 {
		return y.refused[i].version
	}
	return 0
}

// edits tells that it is of the branch's edit of a topic.
func (r faqRefusal) edits(l domain.Lang, topic string) bool {
	return r.topic != "" && r.topic == topic && r.ref == string(l)
}

// settle forgets that the branch's edit of a topic is not used.
func (y *faqLayers) settle(l domain.Lang, topic string) {
	y.refused = slices.DeleteFunc(slices.Clone(y.refused), func(r faqRefusal) bool { return r.edits(l, topic) })
}

func (y *faqLayers) put(e faqEdit) {
	y.settle(e.Lang, e.Topic)
	y.edits[e.Lang][e.Topic] = e
	if !slices.Contains(y.order, e.Topic) {
		y.order = append(y.order, e.Topic)
	}
}

// with is the layers with an edit more.
func (y faqLayers) with(e faqEdit) faqLayers {
	out := y.copied()
	out.put(e)
	return out
}

// without is the layers without a topic's edits, in the languages named.
func (y faqLayers) without(topic string, langs ...domain.Lang) faqLayers {
	out := y.copied()
	for _, l := range langs {
		delete(out.edits[l], topic)
		out.settle(l, topic)
	}
	return out
}

func (y faqLayers) copied() faqLayers {
	out := y
	out.order = slices.Clone(y.order)
	out.edits = map[domain.Lang]map[string]faqEdit{}
	for l, m := range y.edits {
		out.edits[l] = maps.Clone(m)
	}
	return out
}

// plainly tells that there is nothing beside the built-in set.
func (y faqLayers) plainly() bool {
	for _, l := range faqLangs {
		if y.base[l].origin != kiosk.OriginBuiltIn || len(y.edits[l]) > 0 {
			return false
		}
	}
	return true
}

// bases are the sets before edits. Where one language has a stronger set than
// the other, it tells which topics there are: what the centre left out in
// Spanish is not answered in English instead.
func (y faqLayers) bases() map[domain.Lang][]faq.Entry {
	es, en := y.base[domain.Spanish], y.base[domain.English]
	out := map[domain.Lang][]faq.Entry{domain.Spanish: es.entries, domain.English: en.entries}
	only := func(list, by []faq.Entry) []faq.Entry {
		there := map[string]bool{}
		for _, e := range by {
			there[e.ID] = true
		}
		return slices.DeleteFunc(slices.Clone(list), func(e faq.Entry) bool { return !there[e.ID] })
	}
	switch a, b := rank(es.origin), rank(en.origin); {
	case a > b:
		out[domain.English] = only(en.entries, es.entries)
	case b > a:
		out[domain.Spanish] = only(es.entries, en.entries)
	}
	return out
}

// sets are the topics in force, by language.
func (y faqLayers) sets() map[domain.Lang][]faq.Entry {
	out := y.bases()
	for _, l := range faqLangs {
		var list []faq.Entry
		done := map[string]bool{}
		for _, e := range out[l] {
			if x, ok := y.edits[l][e.ID]; ok {
				e = x.entry
			}
			list, done[e.ID] = append(list, e), true
		}
		for _, id := range y.order {
			if x, ok := y.edits[l][id]; ok && !done[id] {
				list = append(list, x.entry)
			}
		}
		out[l] = list
	}
	human := func(e faq.Entry) bool { return e.ID == chat.TopicHuman }
	if !slices.ContainsFunc(out[domain.Spanish], human) && !slices.ContainsFunc(out[domain.English], human) && len(y.fallback) == len(faqLangs) {
		for i, l := range faqLangs { // a person can always be asked for
			out[l] = append(out[l], y.fallback[i])
		}
	}
	return out
}

// hashOf tells one state of a topic from another.
func hashOf(e faq.Entry) string {
	sum := sha256.Sum256(faq.Format([]faq.Entry{e}))
	return hex.EncodeToString(sum[:12])
}

func entryOf(id string, list []faq.Entry) (faq.Entry, bool) {
	i := slices.IndexFunc(list, func(e faq.Entry) bool { return e.ID == id })
	if i < 0 {
		return faq.Entry{}, false
	}
	return list[i], true
}

// otherLang is the other language.
func otherLang(l domain.Lang) domain.Lang {
	if l == domain.English {
		return domain.Spanish
	}
	return domain.English
}

// topics lists what is in force in a language as staff see it.
func (y faqLayers) topics(l domain.Lang) []kiosk.TopicInfo {
	sets, bases := y.sets(), y.bases()
	based := map[string]faq.Entry{}
	fixed := map[string]bool{} // in any language
	for _, x := range faqLangs {
		for _, e := range bases[x] {
			fixed[e.ID] = true
			if x == l {
				based[e.ID] = e
			}
		}
	}
	here := map[string]bool{}
	var out []kiosk.TopicInfo
	add := func(e faq.Entry, in domain.Lang) {
		d := faq.DraftOf(e)
		t := kiosk.TopicInfo{
			ID: e.ID, Category: e.Category, Title: e.Title, First: e.First, Answer: d.Answer, Lang: in, Questions: e.Phrasings,
			Origin: y.base[in].origin, ChangedAt: y.base[in].at, Fixed: fixed[e.ID] || e.ID == chat.TopicHuman, Borrowed: in != l,
		}
		if in == l {
			t.Seen = hashOf(e)
		}
		if x, ok := y.edits[in][e.ID]; ok {
			b, over := based[e.ID]
			t.ChangedAt, t.Edited = x.At, in == l && t.Fixed
			t.Overtaken = t.Edited && over && x.Base != hashOf(b)
			if !fixed[e.ID] {
				t.Origin = kiosk.OriginBranch
			}
		}
		out = append(out, t)
	}
	for _, e := range sets[l] {
		here[e.ID] = true
		add(e, l)
	}
	other := otherLang(l)
	for _, e := range sets[other] {
		if !here[e.ID] {
			add(e, other)
		}
	}
	return out
}

// fileSets are the sets of the files: those of faq.dir, or where they are broken
// the built-in ones, with an error that tells each line to mend.
func (c *cli) fileSets() (map[domain.Lang]faqBase, error) {
	origin := kiosk.OriginBuiltIn
	var refused error
	var sets map[domain.Lang][]faq.Entry
	if dir := c.cfg.FAQ.Dir; dir != "" {
		var err error
		if sets, err = readFAQ(dir); err == nil {
			err = checkSets(sets)
		}
		if origin = kiosk.OriginFolder; err != nil {
			refused = fmt.Errorf("answers in %s refused, the built-in ones are used: %w", dir, err)
			origin = kiosk.OriginBuiltIn
		}
	}
	if origin == kiosk.OriginBuiltIn {
		var err error
		if sets, err = builtInFAQ(); err != nil {
			return nil, errors.Join(refused, fmt.Errorf("built-in answers: %w", err))
		}
	}
	out := map[domain.Lang]faqBase{}
	for _, l := range faqLangs {
		b := faqBase{origin: origin, entries: sets[l]}
		if origin == kiosk.OriginFolder {
			if info, err := os.Stat(filepath.Join(c.cfg.FAQ.Dir, faqName(l))); err == nil {
				b.at = info.ModTime()
			} else {
				b.origin = kiosk.OriginBuiltIn // readFAQ took that of this language
			}
		}
		out[l] = b
	}
	return out, refused
}

// checkSets tells whether the sets of both languages agree.
func checkSets(sets map[domain.Lang][]faq.Entry) error {
	var list []faq.Set
	for _, l := range faqLangs {
		list = append(list, faq.Set{Lang: l, Name: faqName(l), Entries: sets[l]})
	}
	return faq.Check(chat.SameQuestion, list...)
}

// engineOf makes the engine of layers, whole.
func engineOf(y faqLayers) (*chat.Engine, error) {
	if y.plainly() {
		return builtInEngine()
	}
	sets := y.sets()
	return chat.New(sets[domain.Spanish], sets[domain.English], chat.Options{Partial: true})
}

// logRefused tells what is not used.
func (y faqLayers) logRefused(log *slog.Logger) {
	for _, r := range y.refused {
		log.Warn("questions and answers not used", slog.String("ref", r.ref), slog.String("error", strings.ReplaceAll(r.In(domain.English), "\n", "; ")))
	}
}
