// Command espcam is a simulated ESP32-CAM: synthetic people, a folder of JPEGs
// or a video, served as the CameraWebServer firmware does.
//
//	go run ./vision/espcam --size svga --faults
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"agentid/vision/espcam/cast"
	"agentid/vision/espcam/device"
	"agentid/vision/mjpeg/framesize"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "espcam:", err)
		}
		stop()
		os.Exit(2)
	}
}

// run serves until ctx ends.
func run(ctx context.Context, args []string, out, diag io.Writer) error {
	var (
		o          device.Options
		dir, video string
		seed       uint64
		hang       bool
		verbose    bool
	)
	f := flag.NewFlagSet("espcam", flag.ContinueOnError)
	f.SetOutput(diag)
	f.StringVar(&o.Stream, "stream", "127.0.0.1:8081", "address of the stream; :8081 serves the network")
	f.StringVar(&o.Control, "control", "127.0.0.1:8080", "address of /capture, /status and /control")
	f.Float64Var(&o.FPS, "fps", 25, "pictures a second")
	f.StringVar(&o.Size, "size", "", "frame size at boot: qvga, vga, svga, xga, hd, uxga ... (default vga; recorded pictures keep theirs)")
	f.IntVar(&o.Quality, "quality", 10, "JPEG quality at boot, 4 (best) to 63")
	numbering := f.String("numbering", string(framesize.N2020), "how the firmware numbers frame sizes: 2019, 2020 or 2024")
	f.StringVar(&dir, "dir", "", "show the JPEGs of a folder")
	f.StringVar(&video, "video", "", "show a video: a Motion JPEG AVI, or what ffmpeg can read where it is installed")
	f.Uint64Var(&seed, "seed", 0, "show other synthetic people; 0: the cast")
	f.BoolVar(&hang, "hang", false, "leave a second client without an answer in place of refusing it")
	f.BoolVar(&o.Faults, "faults", false, "serve /fault?kind=...&val=... on the control port")
	f.BoolVar(&verbose, "verbose", false, "log each connection")
	if err := f.Parse(args); err != nil {
		return err
	}
	switch {
	case f.NArg() > 0:
		return fmt.Errorf("unexpected argument %q", f.Arg(0))
	case !(o.FPS > 0 && o.FPS <= 1000):
		return fmt.Errorf("%v pictures a second: choose more than 0, at most 1000", o.FPS)
	case dir != "" && video != "":
		return errors.New("choose --dir or --video")
	}
	o.Numbering = framesize.Numbering(*numbering)
	if hang {
		o.Second = device.Hang
	}
	level := slog.LevelInfo
	if verbose {
		level = slog.LevelDebug
	}
	o.Log = slog.New(slog.NewTextHandler(diag, &slog.HandlerOptions{Level: level}))

	content, closeContent, err := open(ctx, dir, video, seed, o.FPS)
	if err != nil {
		return err
	}
	defer closeContent()
	o.Content = content

	d, err := device.Start(ctx, o)
	if err != nil {
		return err
	}
	defer d.Close()
	fmt.Fprintf(out, "stream   %s\ncapture  %s/capture\nstatus   %[2]s/status\ncontrol  %[2]s/control?var=framesize&val=8\n", d.StreamURL(), d.ControlURL())
	if o.Faults {
		fmt.Fprintf(out, "fault    %s/fault?kind=stall&val=1\n", d.ControlURL())
	}
	<-ctx.Done()
	fmt.Fprintf(out, "stopped after %d pictures\n", d.Sent())
	return nil
}

// open opens what the camera is to show.
func open(ctx context.Context, dir, video string, seed uint64, fps float64) (device.Content, func(), error) {
	switch {
	case dir != "":
		c, err := device.Folder(dir, fps)
		return c, func() {}, err
	case video != "":
		v, err := device.OpenVideo(ctx, video)
		if err != nil {
			return nil, nil, err
		}
		return v, func() { v.Close() }, nil
	}
	people := cast.Cast()
	if seed != 0 {
		for i := range people {
			people[i] = cast.NewPerson(people[i].Name, seed*1000+uint64(i))
		}
	}
	return device.Drawn(cast.NewScript(people)), func() {}, nil
}
