package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"agentid/app/chat"
)

func askCommand(c *cli) *cobra.Command {
	var asJSON bool
	var eval string
	cmd := &cobra.Command{
		Use:   "ask [--json | --eval FILE.tsv]",
		Short: "Answer questions, one a line from standard input, as the kiosk does",
		Long: "Answer one question a line from standard input, without a camera, a screen or a store.\n" +
			"With --json, one JSON object a line: id (empty where it would not answer), confidence, suggestions, handoff, lang.\n" +
			"With --eval, measure by a file of lines: question, tab, id or - for what no topic answers.",
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			a, err := c.warned()
			if err != nil {
				return err
			}
			if eval != "" {
				return c.evaluate(a, eval)
			}
			return c.askLines(a, c.in, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object a line")
	cmd.Flags().StringVar(&eval, "eval", "", "measure by the questions of a file")
	cmd.MarkFlagsMutuallyExclusive("json", "eval")
	return cmd
}

// told is an answer as `ask --json` writes it.
type told struct {
	ID          string   `json:"id"`
	Confidence  float64  `json:"confidence"`
	Suggestions []string `json:"suggestions"`
	Handoff     bool     `json:"handoff"`
	Lang        string   `json:"lang"`
}

// maxAskLine is how much of a line is read, of which the engine takes the
// beginning; the rest of a longer one is passed over.
const maxAskLine = 64 << 10

// askLines answers each line as it comes: every line has its answer, an empty
// one too.
func (c *cli) askLines(a *answers, in io.Reader, asJSON bool) error {
	r := bufio.NewReaderSize(in, maxAskLine)
	w := bufio.NewWriter(c.out)
	for {
		line, more, err := r.ReadLine()
		if errors.Is(err, io.EOF) {
			return w.Flush()
		}
		if err != nil {
			return fmt.Errorf("read question: %w", err)
		}
		question := strings.ToValidUTF8(string(line), "\ufffd")
		for more && err == nil {
			_, more, err = r.ReadLine()
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("read question: %w", err)
		}
		reply := a.engine.Ask(chat.Context{}, question)
		if asJSON {
			err = writeJSONLine(w, told{
				ID: reply.ID, Confidence: reply.Confidence, Suggestions: append([]string{}, reply.Suggestions...),
				Handoff: reply.Handoff, Lang: string(reply.Lang),
			})
		} else {
			err = c.writeReply(w, a, reply)
		}
		if err == nil {
			err = w.Flush() // who asks may wait for it
		}
		if err != nil {
			return fmt.Errorf("write answer: %w", err)
		}
	}
}

// writeReply writes an answer for people.
func (c *cli) writeReply(w io.Writer, a *answers, reply chat.Reply) error {
	title := func(id string) string {
		e, _ := a.engine.Entry(id, reply.Lang)
		return fmt.Sprintf("%s (%s)", e.Title, id)
	}
	var b strings.Builder
	switch {
	case reply.ID != "":
		e, _ := a.engine.Entry(reply.ID, reply.Lang)
		fmt.Fprintf(&b, "%s %.2f\n%s\n", title(reply.ID), reply.Confidence, e.Render(faqValues(c.cfg, c.cfg.Site)[reply.Lang]).Text())
	case reply.Talk != chat.NoTalk:
		fmt.Fprintf(&b, "(%s)\n", reply.Talk)
	default:
		fmt.Fprintf(&b, "- %.2f\n", reply.Confidence)
	}
	for _, id := range reply.Suggestions {
		fmt.Fprintf(&b, "  ? %s\n", title(id))
	}
	_, err := io.WriteString(w, b.String()+"\n")
	return err
}

func (c *cli) evaluate(a *answers, file string) error {
	f, err := os.Open(file)
	if err != nil {
		return usageError{err}
	}
	defer f.Close()
	report, err := a.engine.Evaluate(f)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return report.Write(c.out)
}
