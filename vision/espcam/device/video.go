package device

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// Video plays a file round and round at its own rate. A Motion JPEG AVI is
// read as it is; anything else is turned into one first, by ffmpeg where that
// is installed. Close the Video when the camera is closed.
type Video struct {
	file *os.File
	avi  *avi
	temp string // to be removed
}

// OpenVideo opens a video file. ctx bounds the conversion.
func OpenVideo(ctx context.Context, name string) (*Video, error) {
	v, err := openVideo(name)
	if !errors.Is(err, errAVI) {
		return v, err
	}
	ffmpeg, lookErr := exec.LookPath("ffmpeg")
	if lookErr != nil {
		return nil, fmt.Errorf("video %s: %w; ffmpeg, which could convert it, is not installed", name, err)
	}
	temp, err := os.CreateTemp("", "espcam-*.avi")
	if err != nil {
		return nil, fmt.Errorf("video: %w", err)
	}
	temp.Close()
	out, err := exec.CommandContext(ctx, ffmpeg, convert(name, temp.Name())...).CombinedOutput()
	if err == nil {
		if v, err = openVideo(temp.Name()); err == nil {
			v.temp = temp.Name()
			return v, nil
		}
	}
	os.Remove(temp.Name())
	return nil, fmt.Errorf("video %s: convert: %w: %s", name, err, lastLine(out))
}

// convert are ffmpeg's arguments.
func convert(from, to string) []string {
	return []string{"-nostdin", "-loglevel", "error", "-y", "-i", "file:" + from,
		"-an", "-c:v", "mjpeg", "-q:v", "4", "-pix_fmt", "yuvj420p", "-f", "avi", "file:" + to}
}

func lastLine(b []byte) string {
	s := strings.TrimSpace(string(b))
	s = s[strings.LastIndexByte(s, '\n')+1:]
	return s[:min(len(s), 200)]
}

func openVideo(name string) (*Video, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("video: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("video: %w", err)
	}
	a, err := openAVI(f, info.Size())
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("video %s: %w", name, err)
	}
	return &Video{file: f, avi: a}, nil
}

// Picture implements Content.
func (v *Video) Picture(t time.Duration, s Settings) ([]byte, error) {
	b, err := v.avi.picture(turn(t, v.avi.fps, len(v.avi.frames)))
	if err != nil {
		return nil, err
	}
	return redevelop(b, s)
}

// Close closes the file, and removes it if it is a converted one.
func (v *Video) Close() error {
	err := v.file.Close()
	if v.temp != "" {
		err = errors.Join(err, os.Remove(v.temp))
	}
	return err
}
