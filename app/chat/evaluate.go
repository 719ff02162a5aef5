package chat

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"agentid/app/domain"
)

// Case of an evaluation: a question and the topic that answers it.
type evalCase struct {
	question, want, previous string
	line                     int
}

// outOfScope is the id of a question that no topic answers.
const outOfScope = "-"

// Caps of an evaluation file.
const (
	maxEvalLine  = 64 << 10
	maxEvalCases = 100_000
)

// readEval reads lines of question, tab, id or "-", and for some the question
// before, after another tab. A line with # first is a comment.
func readEval(r io.Reader) ([]evalCase, error) {
	sc := bufio.NewScanner(r)
	sc.Buffer(make([]byte, 4096), maxEvalLine)
	var out []evalCase
	for n := 1; sc.Scan(); n++ {
		line := strings.TrimRight(strings.TrimPrefix(sc.Text(), "\ufeff"), "\r")
		if strings.TrimSpace(line) == "" || line[0] == '#' {
			continue
		}
		f := strings.Split(line, "\t")
		if len(f) < 2 || len(f) > 3 || strings.TrimSpace(f[0]) == "" || strings.TrimSpace(f[1]) == "" || !utf8.ValidString(line) {
			return nil, fmt.Errorf("evaluation, line %d: want question, tab, id or -", n)
		}
		c := evalCase{question: f[0], want: strings.TrimSpace(f[1]), line: n}
		if len(f) == 3 {
			c.previous = f[2]
		}
		if out = append(out, c); len(out) > maxEvalCases {
			return nil, fmt.Errorf("evaluation: more than %d questions", maxEvalCases)
		}
	}
	if err := sc.Err(); err != nil {
		return nil, fmt.Errorf("read evaluation: %w", err)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("evaluation: no questions")
	}
	return out, nil
}

// Score is how an engine did with some questions.
type Score struct {
	Asked   int // questions that a topic answers
	Top1    int // answered by that topic
	Top3    int // or it was among answer and suggestions, the first three
	Outside int // questions that no topic answers
	Refused int // of those, not answered
}

// Rates are the parts of Score, 0..1; 1 where nothing was asked.
func (s Score) Rates() (top1, top3, refused float64) {
	part := func(n, of int) float64 {
		if of == 0 {
			return 1
		}
		return float64(n) / float64(of)
	}
	return part(s.Top1, s.Asked), part(s.Top3, s.Asked), part(s.Refused, s.Outside)
}

// Confusion is a topic that was answered for another. Want is "-" where none
// should have been, Got is empty where none was.
type Confusion struct {
	Want, Got string
	Count     int
}

// Miss is a question that was not answered as it should have been.
type Miss struct {
	Line            int
	Question        string
	Want, Got, Next string // Next is the first suggestion
	Confidence      float64
}

// Report is the outcome of an evaluation.
type Report struct {
	Score
	ByLang     map[domain.Lang]Score // by the language that was found
	FollowUps  Score                 // of those with a question before
	Confusions []Confusion           // most frequent first
	Misses     []Miss
	Unknown    []string // ids of the file that no entry has
	// How long answers took.
	P50, P95, P99, Max time.Duration
}

// Evaluate asks every question of a file: question, tab, id or "-" for those
// out of scope, and for some the question before, after another tab.
func (e *Engine) Evaluate(r io.Reader) (Report, error) {
	cases, err := readEval(r)
	if err != nil {
		return Report{}, err
	}
	return e.evaluate(cases), nil
}

func (e *Engine) evaluate(cases []evalCase) Report {
	rep := Report{ByLang: map[domain.Lang]Score{}}
	confused := map[[2]string]int{}
	unknown := map[string]bool{}
	var took []time.Duration
	for _, c := range cases {
		begin := time.Now()
		reply := e.Ask(Context{Previous: c.previous}, c.question)
		took = append(took, time.Since(begin))
		if _, ok := e.byID[c.want]; !ok && c.want != outOfScope {
			unknown[c.want] = true
		}
		first := reply.Suggestions
		if reply.ID != "" {
			first = append([]string{reply.ID}, first...)
		}
		first = first[:min(3, len(first))]
		var s Score
		if c.want == outOfScope {
			s.Outside = 1
			if reply.ID == "" {
				s.Refused = 1
			}
		} else {
			s.Asked = 1
			if reply.ID == c.want {
				s.Top1 = 1
			}
			if slices.Contains(first, c.want) {
				s.Top3 = 1
			}
		}
		rep.Score = rep.Score.plus(s)
		rep.ByLang[reply.Lang] = rep.ByLang[reply.Lang].plus(s)
		if c.previous != "" {
			rep.FollowUps = rep.FollowUps.plus(s)
		}
		if s.Top1+s.Refused == 0 {
			confused[[2]string{c.want, reply.ID}]++
			m := Miss{Line: c.line, Question: c.question, Want: c.want, Got: reply.ID, Confidence: reply.Confidence}
			if len(reply.Suggestions) > 0 {
				m.Next = reply.Suggestions[0]
			}
			rep.Misses = append(rep.Misses, m)
		}
	}
	for k, n := range confused {
		rep.Confusions = append(rep.Confusions, Confusion{k[0], k[1], n})
	}
	slices.SortFunc(rep.Confusions, func(a, b Confusion) int {
		return cmp.Or(b.Count-a.Count, cmp.Compare(a.Want, b.Want), cmp.Compare(a.Got, b.Got))
	})
	rep.Unknown = slices.Sorted(maps.Keys(unknown))
	slices.Sort(took)
	at := func(p float64) time.Duration { return took[min(len(took)-1, int(p*float64(len(took))))] }
	rep.P50, rep.P95, rep.P99, rep.Max = at(0.50), at(0.95), at(0.99), took[len(took)-1]
	return rep
}

func (s Score) plus(o Score) Score {
	return Score{s.Asked + o.Asked, s.Top1 + o.Top1, s.Top3 + o.Top3, s.Outside + o.Outside, s.Refused + o.Refused}
}

// Write prints a report as a table for people.
func (r Report) Write(w io.Writer) error {
	var b strings.Builder
	row := func(name string, s Score) {
		one, three, no := s.Rates()
		fmt.Fprintf(&b, "%-12s %5d asked  top-1 %5.1f%%  top-3 %5.1f%%  %5d outside  refused %5.1f%%\n",
			name, s.Asked, 100*one, 100*three, s.Outside, 100*no)
	}
	row("all", r.Score)
	for _, l := range []domain.Lang{domain.Spanish, domain.English} {
		row(string(l), r.ByLang[l])
	}
	row("follow-ups", r.FollowUps)
	fmt.Fprintf(&b, "latency      p50 %v  p95 %v  p99 %v  max %v\n", r.P50, r.P95, r.P99, r.Max)
	if len(r.Unknown) > 0 {
		fmt.Fprintf(&b, "ids that no entry has: %s\n", strings.Join(r.Unknown, ", "))
	}
	for i, c := range r.Confusions {
		if i == 0 {
			b.WriteString("confused     wanted -> answered\n")
		}
		if i == 30 {
			fmt.Fprintf(&b, "and %d more pairs\n", len(r.Confusions)-i)
			break
		}
		fmt.Fprintf(&b, "%5d        %s -> %s\n", c.Count, c.Want, cmp.Or(c.Got, "(not answered)"))
	}
	_, err := io.WriteString(w, b.String())
	return err
}
