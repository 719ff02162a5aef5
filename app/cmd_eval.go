package main

import (
	"fmt"
	"image"
	"image/png"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"agentid/vision/eval"
	"agentid/vision/plot"
)

func evalCommand(c *cli) *cobra.Command {
	var asJSON bool
	var resamples int
	var scores, picture string
	cmd := &cobra.Command{
		Use:   "eval DIR",
		Short: "Measure the recognition on labelled pictures, DIR/person/*.jpg",
		Long: "Measure the recognition on labelled pictures, DIR/person/*.jpg: one picture with another, and the 1:1 check after\n" +
			"a badge (one picture with one template, and with the nearest of several).",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			e, err := c.openEngine(ctx)
			if err != nil {
				return err
			}
			defer e.Close()
			if e.encoder == nil {
				return errNoEncoder
			}
			o := eval.Options{Resamples: resamples, Clock: c.clock, VerifyThreshold: c.cfg.Recognition.VerifyThreshold}
			if isTerminal(c.errOut) {
				o.Progress = func(done, total int) {
					fmt.Fprintf(c.errOut, "\r%d of %d pictures", done, total)
					if done == total {
						fmt.Fprintln(c.errOut)
					}
				}
			}
			r, err := eval.Run(ctx, args[0], eval.Engine{Decoder: e.decoder, Detector: e.detector, Encoder: e.encoder}, o)
			if err != nil {
				return err
			}
			if scores != "" {
				if err := writeFile(scores, r.Scores.WriteCSV); err != nil {
					return err
				}
			}
			if picture != "" {
				m, err := r.Plot().Draw(plot.DefaultSize())
				if err != nil {
					return err
				}
				if err := writePNG(picture, m); err != nil {
					return err
				}
			}
			if asJSON {
				return writeJSON(c.out, r)
			}
			return r.WriteText(c.out)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&asJSON, "json", false, "print JSON")
	f.IntVar(&resamples, "resamples", 200, "bootstrap resamples for the 95% intervals, 0 for none")
	f.StringVar(&picture, "histogram", "", "draw the scores and the error rates into this PNG file")
	f.StringVar(&scores, "scores", "", "write every comparison to this CSV file")
	return cmd
}

func writePNG(path string, m image.Image) error {
	return writeFile(path, func(w io.Writer) error { return png.Encode(w, m) })
}

// writeFile writes a new file for its owner alone, whole or not at all.
func writeFile(path string, write func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // 0600
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer os.Remove(f.Name()) // of no use once it is renamed
	err = write(f)
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
