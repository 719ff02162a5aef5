package faq

import (
	"fmt"
	"strings"
)

// Format writes entries as a file that Parse reads back alike.
func Format(entries []Entry) []byte {
	var b strings.Builder
	for i, e := range entries {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "@topic %s\ncategory: %s\n", e.ID, e.Category)
		if e.Urgent {
			b.WriteString("urgent: yes\n")
		}
		if len(e.Related) > 0 {
			fmt.Fprintf(&b, "related: %s\n", strings.Join(e.Related, ", "))
		}
		for _, q := range e.Questions() {
			fmt.Fprintf(&b, "? %s\n", q)
		}
		if e.First != "" {
			fmt.Fprintf(&b, "! %s\n", e.First)
		}
		for k, bl := range e.Answer {
			if k > 0 {
				b.WriteByte('\n')
			}
			if bl.Steps == nil {
				b.WriteString(bl.Text + "\n")
			}
			for n, s := range bl.Steps {
				fmt.Fprintf(&b, "%d. %s\n", n+1, s)
			}
		}
	}
	return []byte(b.String())
}
