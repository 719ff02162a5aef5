// Command agentid is the kiosk: it shows the live camera, recognises faces on
// the device and records what it decides. Without a screen it is also the tool
// to look after a kiosk: see agentid --help.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}

// run is the program without the process around it. Exit status: 0 done, 1
// failed, 2 wrong usage or configuration.
func run(ctx context.Context, args []string) int {
	c := newCLI(os.Stdout, os.Stderr)
	root := rootCommand(c)
	root.SetArgs(args)
	root.SetOut(c.out)
	root.SetErr(c.errOut)
	err := errors.Join(root.ExecuteContext(ctx), c.Close())
	if err == nil && c.restart.Load() && ctx.Err() == nil {
		err = startAgain() // it returns only where it could not
	}
	switch {
	case err == nil:
		return 0
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		return 130
	}
	fmt.Fprintln(c.errOut, "agentid:", err)
	var u usageError
	if errors.As(err, &u) {
		return 2
	}
	return 1
}

// startAgain has the same command take the place of this process: everything of
// it is closed, and whoever looks after it sees the same process go on. After an
// update it is the new program.
func startAgain() error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	return fmt.Errorf("start again: %w", unix.Exec(strings.TrimSuffix(self, " (deleted)"), os.Args, os.Environ()))
}

// usageError marks what the caller got wrong, as against what failed.
type usageError struct{ error }

func (u usageError) Unwrap() error { return u.error }
