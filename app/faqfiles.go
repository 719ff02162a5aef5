package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"agentid/app/chat"
	"agentid/app/chat/faq"
	"agentid/app/config"
	"agentid/app/domain"
	"agentid/assets"
)

// answers are the questions and answers of this kiosk, and the engine on them.
type answers struct {
	engine *chat.Engine
	layers faqLayers
	from   string // a folder; "" for the built-in ones
}

// openAnswers reads the questions and answers: those of faq.dir, or where they
// are broken the built-in ones, with an error that tells each line to mend.
func (c *cli) openAnswers() (*answers, error) {
	files, refused := c.fileSets()
	if files == nil {
		return nil, refused
	}
	y := c.readLayers(context.Background(), nil, files, false)
	e, err := engineOf(y)
	if err != nil {
		return nil, errors.Join(refused, err)
	}
	a := &answers{engine: e, layers: y}
	if refused == nil {
		a.from = c.cfg.FAQ.Dir
	}
	return a, refused
}

// builtInEngine is the engine on the built-in answers. It takes a second to make
// and never changes.
var builtInEngine = sync.OnceValues(func() (*chat.Engine, error) {
	sets, err := builtInFAQ()
	if err != nil {
		return nil, err
	}
	return newEngine(sets)
})

func newEngine(sets map[domain.Lang][]faq.Entry) (*chat.Engine, error) {
	return chat.New(sets[domain.Spanish], sets[domain.English], chat.Options{})
}

func faqName(l domain.Lang) string { return string(l) + ".faq" }

func builtInFAQ() (map[domain.Lang][]faq.Entry, error) {
	sets := map[domain.Lang][]faq.Entry{}
	for _, l := range []domain.Lang{domain.Spanish, domain.English} {
		raw, err := assets.FAQ(string(l))
		if err == nil {
			sets[l], err = faq.Parse(faqName(l), raw)
		}
		if err != nil {
			return nil, err
		}
	}
	return sets, nil
}

// readFAQ reads the files of a folder. A language that has no file there keeps
// the built-in one; a folder with neither is a mistake.
func readFAQ(dir string) (map[domain.Lang][]faq.Entry, error) {
	sets, err := builtInFAQ()
	if err != nil {
		return nil, err
	}
	found := false
	var problems error
	for _, l := range []domain.Lang{domain.Spanish, domain.English} {
		entries, err := readFAQFile(filepath.Join(dir, faqName(l)))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			problems = errors.Join(problems, err)
		}
		found = true
		sets[l] = entries
	}
	if !found {
		return nil, fmt.Errorf("neither %s nor %s is there", faqName(domain.Spanish), faqName(domain.English))
	}
	return sets, problems
}

func readFAQFile(name string) ([]faq.Entry, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return faq.Read(filepath.Base(name), f)
}

// faqValues are what the placeholders of answers stand for.
func faqValues(c config.Config, site config.Site) map[domain.Lang]faq.Values {
	f := c.FAQ
	or := func(a, b string) string {
		if a == "" {
			return b
		}
		return a
	}
	es := faq.Values{
		"bank": or(f.Bank, site.Organisation), "branch": or(f.Branch, site.Branch), "hours": f.Hours, "phone": f.Phone,
		"address": f.Address, "website": f.Website, "atm_limit": f.ATMLimit,
	}
	en := faq.Values{}
	for k, v := range es {
		en[k] = v
	}
	en["hours"], en["atm_limit"] = or(f.HoursEN, f.Hours), or(f.ATMLimitEN, f.ATMLimit)
	return map[domain.Lang]faq.Values{domain.Spanish: es, domain.English: en}
}
