package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// maxSecret bounds what is read as a PIN, in bytes.
const maxSecret = 64

// errDiffer says that the same was not typed twice.
var errDiffer = errors.New("the two are not the same")

// newPIN reads a PIN: twice and unseen from a terminal, once from anything else.
// Whether it may be chosen, the store says.
func (c *cli) newPIN(ctx context.Context) (string, error) {
	f, ok := c.in.(*os.File)
	if !ok || !isTerminal(f) {
		return readLine(c.in)
	}
	pin, err := c.unseen(ctx, f, "PIN (6 digits): ")
	if err != nil {
		return "", err
	}
	again, err := c.unseen(ctx, f, "once more: ")
	if err != nil {
		return "", err
	}
	if pin != again {
		return "", errDiffer
	}
	return pin, nil
}

// unseen reads a line from a terminal that does not show it meanwhile.
func (c *cli) unseen(ctx context.Context, f *os.File, prompt string) (string, error) {
	fd := int(f.Fd())
	was, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return "", fmt.Errorf("terminal: %w", err)
	}
	dark := *was
	dark.Lflag &^= unix.ECHO
	dark.Lflag |= unix.ICANON | unix.ISIG
	if err := unix.IoctlSetTermios(fd, unix.TCSETS, &dark); err != nil {
		return "", fmt.Errorf("terminal: %w", err)
	}
	defer func() {
		_ = unix.IoctlSetTermios(fd, unix.TCSETS, was) // of a terminal that is gone, nobody minds
		fmt.Fprintln(c.errOut)
	}()
	fmt.Fprint(c.errOut, prompt)
	type line struct {
		s   string
		err error
	}
	read := make(chan line, 1)
	go func() { // a read of a terminal cannot be interrupted
		s, err := readLine(f)
		read <- line{s, err}
	}()
	select {
	case l := <-read:
		return l.s, l.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// readLine reads up to the end of a line, and nothing after it.
func readLine(r io.Reader) (string, error) {
	var line []byte
	b := make([]byte, 1)
	for {
		n, err := r.Read(b)
		if n == 1 && b[0] == '\n' {
			break
		}
		line = append(line, b[:n]...)
		if len(line) > maxSecret {
			return "", errors.New("the line is too long")
		}
		if errors.Is(err, io.EOF) && len(line) > 0 {
			break
		}
		if err != nil {
			return "", fmt.Errorf("read: %w", err)
		}
	}
	return strings.TrimSuffix(string(line), "\r"), nil
}
