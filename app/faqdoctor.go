package main

import (
	"context"
	"fmt"
	"os/exec"
	"strings"

	"agentid/app/domain"
	"agentid/app/kiosk"
	"agentid/app/store"
)

// checkAnswers looks at the questions and answers, and at the voice.
func (c *cli) checkAnswers(ctx context.Context) []finding {
	files, refused := c.fileSets()
	if files == nil {
		return []finding{{Check: "faq", Verdict: fail, Detail: refused.Error(), Mend: "install the program anew"}}
	}
	y := c.readLayers(ctx, nil, files, false)
	if exists(databaseOf(c.cfg)) { // what is wrong with the store itself another check tells
		_ = c.withStore(ctx, func(st *store.Store) error {
			y = c.readLayers(ctx, st, files, false)
			return nil
		})
	}
	f := finding{Check: "faq", Verdict: good, Detail: y.sentence(c.cfg.FAQ.Dir)}
	var wrong []string
	if refused != nil {
		wrong = append(wrong, strings.ReplaceAll(refused.Error(), "\n", "; "))
		f.Mend = "mend these lines and look with `agentid faq check`"
	}
	for _, r := range y.refused {
		wrong = append(wrong, "not used: "+strings.ReplaceAll(r.In(domain.English), "\n", "; "))
		switch {
		case f.Mend != "":
		case r.topic != "":
			f.Mend = "write that topic anew on the page of questions"
		default:
			f.Mend = "tell the centre: what was in use before stays"
		}
	}
	if len(wrong) > 0 && f.Verdict == good {
		f.Verdict, f.Detail = warn, f.Detail+": "+strings.Join(wrong, "; ")
	}
	fs := []finding{f}
	if cmd := c.cfg.Voice.Command; cmd != "" {
		v := finding{Check: "voice", Verdict: good, Detail: cmd}
		if _, err := exec.LookPath(cmd); err != nil {
			v.Verdict, v.Detail, v.Mend = warn, err.Error(), "apt-get install speech-dispatcher or espeak-ng; until then the kiosk is silent"
		}
		fs = append(fs, v)
	}
	return fs
}

// sentence tells how many topics there are, and whose they are.
func (y faqLayers) sentence(dir string) string {
	ids := map[string]bool{}
	for _, list := range y.sets() {
		for _, e := range list {
			ids[e.ID] = true
		}
	}
	parts := []string{fmt.Sprintf("%d topics", len(ids))}
	for _, o := range []kiosk.TopicOrigin{kiosk.OriginCentre, kiosk.OriginFolder, kiosk.OriginBuiltIn} {
		var langs []string
		for _, l := range faqLangs {
			switch b := y.base[l]; {
			case b.origin == o && o == kiosk.OriginCentre:
				langs = append(langs, fmt.Sprintf("%s version %d", l, b.version))
			case b.origin == o:
				langs = append(langs, string(l))
			}
		}
		if len(langs) == 0 {
			continue
		}
		from := "built in"
		switch o {
		case kiosk.OriginCentre:
			from = "from the centre"
		case kiosk.OriginFolder:
			from = "from " + dir
		}
		if len(langs) < len(faqLangs) || o == kiosk.OriginCentre {
			from += " (" + strings.Join(langs, ", ") + ")"
		}
		parts = append(parts, from)
	}
	if n := len(y.edits[domain.Spanish]) + len(y.edits[domain.English]); n > 0 {
		parts = append(parts, fmt.Sprintf("%d edited by the branch", n))
	}
	return strings.Join(parts, ", ")
}
