package badge

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"agentid/app/domain"
)

// Errors of printing.
var (
	ErrNoPrinter = errors.New("no printer")
	ErrPrinting  = errors.New("printing failed")
)

// Printer takes a badge as a PDF.
type Printer interface {
	// Print returns once the badge is taken, with words for the log about where
	// it went; nothing in them is about the person.
	Print(ctx context.Context, id domain.BadgeID, pdf []byte) (where string, err error)
}

const (
	maxPDF       = 4 << 20
	maxSaid      = 4 << 10 // of what lp says
	printTimeout = 20 * time.Second
	// lingerTimeout is how long a child of lp may hold its pipes after it is gone.
	lingerTimeout = time.Second
)

// CUPS prints through the lp command of CUPS. The badge goes through its
// standard input: it is never a file.
type CUPS struct {
	// Command is lp if empty; looked up in PATH unless it is a path.
	Command string
	// Destination is the printer's name; empty is the default printer.
	Destination string
	// Options are given to lp with -o: "media=A4".
	Options []string
	// Timeout is 20 s if zero.
	Timeout time.Duration
}

var _ Printer = CUPS{}

// Validate refuses a destination or an option that CUPS cannot have meant.
func (c CUPS) Validate() error {
	if !plain(c.Destination, 127, "._-@") {
		return fmt.Errorf("%w: printer name", ErrInvalid)
	}
	if len(c.Options) > 16 {
		return fmt.Errorf("%w: %d printer options, at most 16", ErrInvalid, len(c.Options))
	}
	for _, o := range c.Options {
		if o == "" || !plain(o, 127, "._-=,") {
			return fmt.Errorf("%w: printer option", ErrInvalid)
		}
	}
	return nil
}

// plain allows ASCII letters, digits and some more, not beginning with a dash:
// that would be a flag.
func plain(s string, most int, more string) bool {
	return len(s) <= most && !strings.HasPrefix(s, "-") && !strings.ContainsFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune(more, r))
	})
}

// Print implements Printer. ErrNoPrinter where there is no lp, ErrPrinting with
// what lp said where it refuses or takes too long.
func (c CUPS) Print(ctx context.Context, id domain.BadgeID, pdf []byte) (string, error) {
	if err := c.Validate(); err != nil {
		return "", err
	}
	if err := checkJob(id, pdf); err != nil {
		return "", err
	}
	name := c.Command
	if name == "" {
		name = "lp"
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrNoPrinter, err)
	}
	timeout := c.Timeout
	if timeout <= 0 {
		timeout = printTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()

	// The title is seen by all who see the queue: it names nobody.
	args := []string{"-t", "badge"}
	if c.Destination != "" {
		args = append(args, "-d", c.Destination)
	}
	for _, o := range c.Options {
		args = append(args, "-o", o)
	}
	cmd := exec.CommandContext(ctx, path, append(args, "-")...)
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	in := bytes.NewReader(pdf)
	cmd.Stdin = in
	said := &capped{left: maxSaid}
	cmd.Stdout, cmd.Stderr = said, said
	cmd.WaitDelay = lingerTimeout
	if err := cmd.Run(); ctx.Err() != nil && err != nil {
		return "", fmt.Errorf("%w: %w", ErrPrinting, ctx.Err())
	} else if err != nil {
		return "", fmt.Errorf("%w: %w: %s", ErrPrinting, err, said.line())
	}
	if in.Len() > 0 {
		return "", fmt.Errorf("%w: lp left %d bytes unread", ErrPrinting, in.Len())
	}
	return said.line(), nil
}

// Folder keeps badges as files, where no printer is configured: one a badge,
// for its owner alone. They show a name, so erasing a person removes theirs.
type Folder struct{ Dir string }

var _ Printer = Folder{}

// Print implements Printer. The file is whole and durable, or not there.
func (f Folder) Print(ctx context.Context, id domain.BadgeID, pdf []byte) (string, error) {
	if err := errors.Join(ctx.Err(), checkJob(id, pdf)); err != nil {
		return "", err
	}
	if err := os.MkdirAll(f.Dir, 0o700); err != nil {
		return "", fmt.Errorf("keep badge: %w", err)
	}
	tmp, err := writeTemp(f.Dir, pdf)
	if err != nil {
		return "", fmt.Errorf("keep badge: %w", err)
	}
	defer os.Remove(tmp)
	path := f.path(id)
	if err := errors.Join(os.Rename(tmp, path), syncDir(f.Dir)); err != nil {
		return "", fmt.Errorf("keep badge: %w", err)
	}
	return path, nil
}

// Remove deletes a badge's file; it is no error that there is none.
func (f Folder) Remove(id domain.BadgeID) error {
	if _, err := id16("badge", string(id)); err != nil {
		return err
	}
	if err := os.Remove(f.path(id)); errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return fmt.Errorf("remove badge: %w", err)
	}
	return syncDir(f.Dir)
}

func (f Folder) path(id domain.BadgeID) string {
	return filepath.Join(f.Dir, "badge-"+string(id)+".pdf")
}

func checkJob(id domain.BadgeID, pdf []byte) error {
	if _, err := id16("badge", string(id)); err != nil {
		return err
	}
	if !bytes.HasPrefix(pdf, []byte("%PDF-")) || len(pdf) > maxPDF {
		return fmt.Errorf("%w: no PDF of at most %d bytes", ErrInvalid, maxPDF)
	}
	return nil
}

// capped keeps the first bytes of what is written to it and drops the rest.
type capped struct {
	b    []byte
	left int
}

func (c *capped) Write(p []byte) (int, error) {
	n := min(len(p), c.left)
	c.b, c.left = append(c.b, p[:n]...), c.left-n
	return len(p), nil
}

// line is the first line, with nothing in it that would mislead a log.
func (c *capped) line() string {
	s, _, _ := strings.Cut(strings.TrimSpace(string(c.b)), "\n")
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7F {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s[:min(len(s), 200)], ""))
}
