package kiosk

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"agentid/app/domain"
)

// csvFile writes lists as RFC 4180 has them: every cell in quotes, lines that
// end in CR LF. A spreadsheet takes no cell for a formula: what begins like one
// gets an apostrophe before it. The first error stays.
type csvFile struct {
	w       *bufio.Writer
	columns int
	err     error
}

// newCSV begins a file with its heading.
func newCSV(w io.Writer, heading ...string) *csvFile {
	c := &csvFile{w: bufio.NewWriter(w), columns: len(heading)}
	c.row(heading...)
	return c
}

// row writes a line; one of another length than the heading is an error.
func (c *csvFile) row(cells ...string) {
	if c.err == nil && len(cells) != c.columns {
		c.err = fmt.Errorf("csv: %d cells in a line of %d", len(cells), c.columns)
	}
	for i, cell := range cells {
		if i > 0 {
			c.put(",")
		}
		c.put(`"` + strings.ReplaceAll(harmless(cell), `"`, `""`) + `"`)
	}
	c.put("\r\n")
}

func (c *csvFile) put(s string) {
	if c.err == nil {
		_, c.err = c.w.WriteString(s)
	}
}

// close tells whether all was written.
func (c *csvFile) close() error {
	if c.err == nil {
		c.err = c.w.Flush()
	}
	return c.err
}

// harmless keeps a spreadsheet from taking a cell for a formula. White space
// before a formula does not keep it from being one.
func harmless(cell string) string {
	s := strings.TrimLeft(cell, " \t\r\n\v\f\u00a0")
	if s == "" && cell == s {
		return cell
	}
	if s != "" && strings.ContainsRune("=+-@＝＋－＠", []rune(s)[0]) || strings.HasPrefix(cell, "\t") || strings.HasPrefix(cell, "\r") {
		return "'" + cell
	}
	return cell
}

// csvTime is a time as every program reads it; empty for none.
func csvTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// maxExport bounds the lines of a file.
const maxExport = 1_000_000

// export audits that a list is taken away, and then writes it. list adds the
// lines.
func (c call) export(ctx context.Context, name string, heading []string, list func(*csvFile) error) (outcome, error) {
	if c.ports.Exports == nil {
		return outcome{}, errNotHere
	}
	if err := c.note(ctx, domain.AuditExported, "list", name); err != nil {
		return outcome{}, err
	}
	file := name + "-" + c.clock.Now().Local().Format("20060102-150405") + ".csv"
	path, err := c.ports.Exports.Export(ctx, file, func(w io.Writer) error {
		out := newCSV(w, heading...)
		if err := list(out); err != nil {
			return err
		}
		return out.close()
	})
	if err != nil {
		return outcome{}, fmt.Errorf("export %s: %w", name, err)
	}
	return said("said.exported", "File", path), nil
}
