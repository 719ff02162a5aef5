package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"

	"github.com/spf13/cobra"

	"agentid/vision"
)

// maxPictureFile bounds a picture given on the command line.
const maxPictureFile = 16 << 20

// maxEnrolPictures bounds the pictures of one person.
const maxEnrolPictures = 32

func facesCommand(c *cli) *cobra.Command {
	cmd := &cobra.Command{Use: "faces", Short: "Enrol people and check the recognition"}
	cmd.AddCommand(enrolCommand(c), verifyCommand(c), evalCommand(c))
	return cmd
}

func enrolCommand(c *cli) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "enrol NAME PICTURE.jpg...",
		Short: "Enrol a person from pictures, so that the kiosk greets them by name",
		Long: "Enrol a person from one or more JPEG pictures of their face. Pictures of different poses recognise better.\n" +
			"Only the templates are kept, encrypted, not the pictures. A kiosk that is running takes the person in within seconds.",
		Args: cobra.MinimumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args)-1 > maxEnrolPictures {
				return fmt.Errorf("%d pictures: at most %d", len(args)-1, maxEnrolPictures)
			}
			jpegs, err := readPictures(args[1:])
			if err != nil {
				return err
			}
			ctx := cmd.Context()
			e, err := c.openEngine(ctx)
			if err != nil {
				return err
			}
			defer e.Close()
			st, err := c.openStore(ctx)
			if err != nil {
				return err
			}
			defer st.Close()
			p, err := e.enrol(ctx, st, args[0], jpegs, c.clock)
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(c.out, map[string]any{"person_id": p.ID, "templates": len(jpegs), "encoder": e.encoder.Ref()})
			}
			fmt.Fprintf(c.out, "enrolled %s (%s) with %d template(s) of %s\n", p.Name, p.ID, len(jpegs), e.encoder.Ref())
			if c.cfg.Demo {
				fmt.Fprintf(c.out, "this is the demo's store, %s: with a camera configured (AGENTID_CAMERA_URL, agentid.toml) it is the kiosk's own\n", c.cfg.StateDir())
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// verification is what `faces verify --json` prints.
type verification struct {
	Same      bool          `json:"same"`
	Distance  float64       `json:"distance"`
	Threshold float64       `json:"threshold"`
	Metric    vision.Metric `json:"metric"`
	Encoder   string        `json:"encoder"`
	Detector  string        `json:"detector"`
	A         side          `json:"a"`
	B         side          `json:"b"`
}

// side is one of the two pictures.
type side struct {
	File    string  `json:"file"`
	Box     [4]int  `json:"box"` // x, y, width, height in pixels
	Quality float64 `json:"quality"`
	Warning string  `json:"warning,omitempty"` // what the live gate would say of it
}

func verifyCommand(c *cli) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "verify A.jpg B.jpg",
		Short: "Tell whether two pictures show the same person",
		Args:  cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			jpegs, err := readPictures(args)
			if err != nil {
				return err
			}
			e, err := c.openEngine(cmd.Context())
			if err != nil {
				return err
			}
			defer e.Close()
			var rs [2]reading
			for i := range rs {
				if rs[i], err = e.readFace(jpegs[i]); err != nil {
					return fmt.Errorf("%s: %w", args[i], err)
				}
			}
			d := e.encoder.Metric().Distance(rs[0].encoding.Vector, rs[1].encoding.Vector)
			v := verification{
				Same: d <= e.encoder.Threshold(), Distance: math.Round(d*1e4) / 1e4, Threshold: e.encoder.Threshold(),
				Metric: e.encoder.Metric(), Encoder: e.encoder.Ref().String(), Detector: e.detector.Name(),
				A: sideOf(args[0], rs[0]), B: sideOf(args[1], rs[1]),
			}
			if asJSON {
				return writeJSON(c.out, v)
			}
			word := "different people"
			if v.Same {
				word = "the same person"
			}
			fmt.Fprintf(c.out, "%s: %s %.3f, threshold %.3f (%s, %s)\n", word, v.Metric, v.Distance, v.Threshold, v.Encoder, v.Detector)
			for _, s := range []side{v.A, v.B} {
				if s.Warning != "" {
					fmt.Fprintf(c.out, "  %s: %s\n", s.File, s.Warning)
				}
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func sideOf(file string, r reading) side {
	b := r.face.Box
	return side{
		File: file, Box: [4]int{b.Min.X, b.Min.Y, b.Dx(), b.Dy()},
		Quality: math.Round(r.quality.Score*1000) / 1000, Warning: string(r.quality.Reason),
	}
}

func readPictures(paths []string) ([][]byte, error) {
	out := make([][]byte, len(paths))
	for i, p := range paths {
		b, err := readCapped(p, maxPictureFile)
		if err != nil {
			return nil, err
		}
		out[i] = b
	}
	return out, nil
}

func readCapped(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	if int64(len(b)) > limit {
		return nil, fmt.Errorf("%s: larger than %d MB", path, limit>>20)
	}
	return b, nil
}

// openEngine opens what the configuration asks for; a command needs an encoder.
func (c *cli) openEngine(ctx context.Context) (*engine, error) {
	e, err := openEngine(ctx, c.engineChoice(), c.log)
	if err != nil {
		if e != nil {
			return nil, errors.Join(err, e.Close())
		}
		return nil, err
	}
	return e, nil
}
