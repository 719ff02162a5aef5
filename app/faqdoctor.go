package main

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
)

// checkAnswers looks at the questions and answers, and at the voice.
func (c *cli) checkAnswers(context.Context) []finding {
	a, err := c.openAnswers()
	if a == nil {
		return []finding{{Check: "faq", Verdict: fail, Detail: err.Error(), Mend: "install the program anew"}}
	}
	from := "built in"
	if a.from != "" {
		from = "from " + a.from
	}
	f := finding{Check: "faq", Verdict: good, Detail: fmt.Sprintf("%d topics, %s", len(a.engine.Topics()), from)}
	if err != nil {
		f.Verdict, f.Detail = warn, f.Detail+": "+strings.ReplaceAll(err.Error(), "\n", "; ")
		f.Mend = "mend these lines and look with `agentid faq check`"
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
