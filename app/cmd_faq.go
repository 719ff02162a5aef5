package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"agentid/app/chat"
	"agentid/app/chat/faq"
	"agentid/app/domain"
	"agentid/app/store"
)

func faqCommand(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use: "faq", Short: "Look after the questions and answers",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(faqCheckCommand(c), faqGapsCommand(c), faqPreviewCommand(c), faqExportCommand(c))
	return cmd
}

// errFAQ makes the exit status 1; what is wrong is printed already.
var errFAQ = errors.New("the questions and answers have mistakes")

func faqCheckCommand(c *cli) *cobra.Command {
	return &cobra.Command{
		Use:   "check FILE...",
		Short: "Tell what is wrong in files of questions and answers, line by line",
		Long: "Tell what is wrong in files of questions and answers, line by line. Where es.faq and en.faq are both given,\n" +
			"also what does not agree between them.",
		Args: cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, names []string) error { return c.checkFAQ(names) },
	}
}

func (c *cli) checkFAQ(names []string) error {
	bad := false
	refuse := func(name string, err error) {
		var ps faq.Problems
		if errors.As(err, &ps) {
			fmt.Fprintln(c.out, ps.In(c.cfg.Lang))
		} else {
			fmt.Fprintf(c.out, "%s: %v\n", name, err)
		}
		bad = true
	}
	sets := map[domain.Lang][]faq.Entry{}
	for _, name := range names {
		entries, err := readFAQFile(name)
		if err != nil {
			refuse(name, err)
			continue
		}
		fmt.Fprintf(c.out, "%s: %d\n", name, len(entries))
		if l, ok := langOfFile(name); ok {
			sets[l] = entries
		}
	}
	if !bad && len(sets) == 2 {
		if _, err := newEngine(sets); err != nil {
			refuse("", err)
		}
	}
	if bad {
		return errFAQ
	}
	return nil
}

// langOfFile tells the language of a file by its name: "es.faq", "draft.es.faq",
// "es-new.faq".
func langOfFile(name string) (domain.Lang, bool) {
	words := strings.FieldsFunc(strings.ToLower(filepath.Base(name)), func(r rune) bool { return r == '.' || r == '-' || r == '_' })
	for _, w := range words {
		if l := domain.Lang(w); l == domain.Spanish || l == domain.English {
			return l, true
		}
	}
	return "", false
}

// past is what was asked at this kiosk, as the engine knows it, and the
// answers in force.
func (c *cli) past(ctx context.Context, days int) ([]chat.Exchange, *chat.Engine, error) {
	st, err := c.openStore(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer st.Close()
	list, err := st.Exchanges(ctx, c.clock.Now().AddDate(0, 0, -days), store.MaxExchanges)
	if err != nil {
		return nil, nil, err
	}
	out := make([]chat.Exchange, len(list))
	for i, e := range list {
		out[i] = chatExchange(e)
	}
	y, err := c.layersInForce(ctx, st)
	if err != nil {
		return nil, nil, err
	}
	e, err := engineOf(y)
	return out, e, err
}

// layersInForce are the questions and answers as a kiosk on this store has them;
// what is wrong with them is told to those that ask.
func (c *cli) layersInForce(ctx context.Context, st faqStore) (faqLayers, error) {
	files, refused := c.fileSets()
	if files == nil {
		return faqLayers{}, refused
	}
	y := c.readLayers(ctx, st, files, false)
	if refused != nil {
		fmt.Fprintln(c.errOut, "agentid:", refused)
	}
	for _, r := range y.refused {
		fmt.Fprintln(c.errOut, "agentid:", r.In(c.cfg.Lang))
	}
	return y, nil
}

func faqExportCommand(c *cli) *cobra.Command {
	return &cobra.Command{
		Use:   "export DIR",
		Short: "Write what is in force, with this branch's edits, as es.faq and en.faq into a new folder",
		Long: "Write what is in force (this branch's edits over what the centre published, over faq.dir or the built-in ones)\n" +
			"as es.faq and en.faq into a folder that has none yet. Another kiosk takes them by faq.dir. A topic that one\n" +
			"language lacks is written in the words of the other, to be translated.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withStore(cmd.Context(), func(st *store.Store) error { return c.exportFAQ(cmd.Context(), st, args[0]) })
		},
	}
}

func (c *cli) exportFAQ(ctx context.Context, st faqStore, dir string) error {
	y, err := c.layersInForce(ctx, st)
	if err != nil {
		return err
	}
	sets := y.sets()
	for _, l := range faqLangs {
		for _, e := range sets[otherLang(l)] {
			if _, ok := entryOf(e.ID, sets[l]); !ok {
				sets[l] = append(sets[l], e)
			}
		}
	}
	agree(sets)
	if err := checkSets(sets); err != nil { // another kiosk would refuse them
		var ps faq.Problems
		if errors.As(err, &ps) {
			fmt.Fprintln(c.errOut, ps.In(c.cfg.Lang))
		}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, l := range faqLangs {
		name := filepath.Join(dir, faqName(l))
		if err := writeNew(name, faq.Format(sets[l])); err != nil {
			return err
		}
		fmt.Fprintf(c.out, "%s: %d\n", name, len(sets[l]))
	}
	return nil
}

// agree has a topic be of one category, and urgent or not, in both languages:
// as in Spanish where the branch, or the centre, left them to differ. Relations
// to what is no more are left out.
func agree(sets map[domain.Lang][]faq.Entry) {
	for _, l := range faqLangs {
		sets[l] = slices.Clone(sets[l])
		for i := range sets[l] {
			e := &sets[l][i]
			e.Related = slices.DeleteFunc(slices.Clone(e.Related), func(id string) bool {
				_, ok := entryOf(id, sets[l])
				return !ok || id == e.ID
			})
			es, ok := entryOf(e.ID, sets[domain.Spanish])
			if !ok || l == domain.Spanish {
				continue
			}
			e.Category = es.Category
			switch {
			case es.Urgent && !e.Urgent:
				e.Urgent, e.First = true, es.First
			case !es.Urgent && e.Urgent:
				e.Urgent, e.Answer = false, append([]faq.Block{{Text: e.First}}, e.Answer...)
				e.First = ""
			}
		}
	}
}

// warned opens the answers, and tells those that ask of what is wrong with
// them.
func (c *cli) warned() (*answers, error) {
	a, err := c.openAnswers()
	if a != nil && err != nil {
		fmt.Fprintln(c.errOut, "agentid:", err)
		err = nil
	}
	return a, err
}

// gap is a line of `faq gaps --json`.
type gap struct {
	Label      string    `json:"label"`
	Lang       string    `json:"lang"`
	Count      int       `json:"count"`
	Unanswered int       `json:"unanswered"`
	Disliked   int       `json:"disliked"`
	Topic      string    `json:"topic,omitempty"`
	Examples   []string  `json:"examples"`
	Newest     time.Time `json:"newest"`
}

func faqGapsCommand(c *cli) *cobra.Command {
	var asJSON bool
	var days, limit int
	cmd := &cobra.Command{
		Use:   "gaps",
		Short: "List what visitors asked and nothing answered well, by theme, the most frequent first",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if days < 1 || limit < 1 {
				return usageError{errors.New("--days and --limit: at least 1")}
			}
			past, engine, err := c.past(cmd.Context(), days)
			if err != nil {
				return err
			}
			gaps := engine.Gaps(past)
			for _, g := range gaps[:min(limit, len(gaps))] {
				if asJSON {
					err = writeJSONLine(c.out, gap{g.Label, string(g.Lang), g.Count, g.Unanswered, g.Disliked, g.Topic, g.Examples, g.Newest.UTC()})
				} else {
					err = c.writeGap(g)
				}
				if err != nil {
					return err
				}
			}
			if !asJSON {
				fmt.Fprintf(c.out, "%d questions in %d days, %d themes without a good answer\n", len(past), days, len(gaps))
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object a line")
	cmd.Flags().IntVar(&days, "days", 90, "of the last so many days")
	cmd.Flags().IntVar(&limit, "limit", 30, "how many, the most frequent")
	return cmd
}

func (c *cli) writeGap(g chat.Gap) error {
	about := ""
	if g.Topic != "" {
		about = ", disliked: " + g.Topic
	}
	_, err := fmt.Fprintf(c.out, "%4d  %s  (%s, %d unanswered, %d disliked%s)\n", g.Count, g.Label, g.Lang, g.Unanswered, g.Disliked, about)
	for _, x := range g.Examples {
		if err == nil && x != g.Label {
			_, err = fmt.Fprintf(c.out, "      · %s\n", x)
		}
	}
	return err
}

func faqPreviewCommand(c *cli) *cobra.Command {
	var days int
	cmd := &cobra.Command{
		Use:   "preview FILE...",
		Short: "Tell which past questions new entries would take, and which they would take wrongly from others",
		Long: "Tell which past questions the entries of the files would take, each as if it alone were added or changed.\n" +
			"The name of a file tells its language: it has es or en between dots or dashes.",
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, names []string) error {
			drafts, err := readDrafts(names)
			if err != nil {
				return err
			}
			past, engine, err := c.past(cmd.Context(), days)
			if err != nil {
				return err
			}
			for _, d := range drafts {
				p, err := engine.Preview(d, past)
				if err != nil {
					return err
				}
				c.writePreview(d, p)
			}
			return nil
		},
	}
	cmd.Flags().IntVar(&days, "days", 90, "by the questions of the last so many days")
	return cmd
}

// readDrafts reads entries and puts those of one id together.
func readDrafts(names []string) ([]chat.Draft, error) {
	var ids []string
	byID := map[string]*chat.Draft{}
	for _, name := range names {
		l, ok := langOfFile(name)
		if !ok {
			return nil, usageError{fmt.Errorf("%s: its name does not tell the language; call it for example draft.es.faq", name)}
		}
		entries, err := readFAQFile(name)
		if err != nil {
			return nil, err
		}
		for i := range entries {
			e := &entries[i]
			d := byID[e.ID]
			if d == nil {
				d = &chat.Draft{}
				byID[e.ID] = d
				ids = append(ids, e.ID)
			}
			if l == domain.Spanish {
				d.ES = e
			} else {
				d.EN = e
			}
		}
	}
	out := make([]chat.Draft, len(ids))
	for i, id := range ids {
		out[i] = *byID[id]
	}
	return out, nil
}

func (c *cli) writePreview(d chat.Draft, p chat.Preview) {
	e := d.ES
	if e == nil {
		e = d.EN
	}
	fmt.Fprintf(c.out, "%s: takes %d, steals %d, loses %d\n", e.ID, len(p.Takes), len(p.Steals), len(p.Loses))
	for _, list := range []struct {
		sign  string
		moves []chat.Move
	}{{"+", p.Takes}, {"!", p.Steals}, {"-", p.Loses}} {
		for _, m := range list.moves {
			from, to := m.From, m.To
			if from == "" {
				from = "(nothing)"
			}
			if to == "" {
				to = "(nothing)"
			}
			fmt.Fprintf(c.out, "  %s %3d  %s  (%s -> %s, %.2f)\n", list.sign, m.Count, m.Question, from, to, m.Confidence)
		}
	}
}
