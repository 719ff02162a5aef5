package main

import (
	"context"
	"fmt"
	"log/slog"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"agentid/app/domain"
)

// voice reads texts aloud by a program of the system. What is read is never
// part of a command line that a shell sees, nor can it be an option.
type voice struct {
	command string // spd-say or espeak-ng, or its whole path
	log     *slog.Logger
}

// maxSpoken bounds what is read aloud at once, in bytes: some minutes.
const maxSpoken = 4000

// voiceGrace is how long a program may take to fall silent.
const voiceGrace = 2 * time.Second

// newVoice is nil where none is configured. One that is not installed is told,
// and the kiosk is silent.
func newVoice(command string, log *slog.Logger) *voice {
	if command == "" {
		return nil
	}
	if _, err := exec.LookPath(command); err != nil {
		log.Error("no voice", slog.String("error", err.Error()))
		return nil
	}
	return &voice{command, log}
}

// Speak implements kiosk.Speaker.
func (v *voice) Speak(ctx context.Context, l domain.Lang, text string) error {
	if len(text) > maxSpoken {
		text = strings.ToValidUTF8(text[:maxSpoken], "")
	}
	daemon := filepath.Base(v.command) == "spd-say"
	lang := string(domain.Spanish)
	if l == domain.English {
		lang = string(domain.English)
	}
	// espeak-ng reads its standard input; speech-dispatcher's client would take
	// that line by line, and is given the text behind the end of its options.
	args := []string{"-v", lang, "--stdin"}
	if daemon {
		args = []string{"-w", "-l", lang, "--", strings.Join(strings.Fields(text), " ")}
	}
	cmd := exec.CommandContext(ctx, v.command, args...)
	cmd.WaitDelay = voiceGrace
	if !daemon {
		cmd.Stdin = strings.NewReader(text)
	}
	err := cmd.Run()
	if ctx.Err() != nil {
		if daemon {
			v.cancel()
		}
		return ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("%s: %w", filepath.Base(v.command), err)
	}
	return nil
}

// cancel has speech-dispatcher stop: it goes on by itself when its client ends.
func (v *voice) cancel() {
	ctx, stop := context.WithTimeout(context.Background(), voiceGrace)
	defer stop()
	if err := exec.CommandContext(ctx, v.command, "-C").Run(); err != nil {
		v.log.Warn("voice not stopped", slog.String("error", err.Error()))
	}
}
