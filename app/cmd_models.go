package main

import (
	"errors"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"agentid/vision/models"
)

func modelsCommand(c *cli) *cobra.Command {
	cmd := &cobra.Command{Use: "models", Short: "List and install recognition models"}
	cmd.AddCommand(modelsListCommand(c), modelsInstallCommand(c))
	return cmd
}

// modelLine is one model in `models list --json`.
type modelLine struct {
	ID          string   `json:"id"`
	Kind        string   `json:"kind"`
	Engine      string   `json:"engine"`
	Version     string   `json:"version"`
	Grade       string   `json:"grade"`
	Installed   bool     `json:"installed"`
	Where       string   `json:"where,omitempty"`
	Installable bool     `json:"installable"`
	Problem     string   `json:"problem,omitempty"`
	Licences    []string `json:"licences"`
}

func modelsListCommand(c *cli) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "Tell which models there are, and which are installed",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			f, err := newFinder(c.cfg.ModelsDir, c.cfg.ModelsPath, c.cfg.UserModelsDir())
			if err != nil {
				return err
			}
			list, err := models.List(cmd.Context(), f)
			if err != nil {
				return err
			}
			var lines []modelLine
			for _, s := range list {
				l := modelLine{
					ID: s.Model.ID, Kind: string(s.Model.Kind), Engine: string(s.Model.Engine), Version: s.Model.Version,
					Grade: string(s.Model.Grade), Installable: s.Installable, Licences: []string{},
				}
				for _, file := range s.Model.Files {
					l.Licences = append(l.Licences, file.Licence)
				}
				if s.Found != nil {
					l.Installed, l.Where = true, string(s.Found.Files[0].Where)
				} else if s.Err != nil {
					l.Problem = s.Err.Error()
				}
				lines = append(lines, l)
			}
			if asJSON {
				return writeJSON(c.out, lines)
			}
			w := tabwriter.NewWriter(c.out, 0, 4, 2, ' ', 0)
			fmt.Fprintln(w, "MODEL\tKIND\tENGINE\tGRADE\tINSTALLED")
			for _, l := range lines {
				where := "no (agentid models install " + l.ID + ")"
				switch {
				case l.Installed:
					where = l.Where
				case !l.Installable:
					where = "no (agentid models install " + l.ID + " --from FOLDER)"
				}
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", l.ID, l.Kind, l.Engine, l.Grade, where)
			}
			if err := w.Flush(); err != nil {
				return err
			}
			for _, s := range list {
				if errors.Is(s.Err, models.ErrCorrupt) {
					fmt.Fprintf(c.out, "%s: %v\n", s.Model.ID, s.Err)
				}
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func modelsInstallCommand(c *cli) *cobra.Command {
	var from string
	cmd := &cobra.Command{
		Use:   "install MODEL...",
		Short: "Install models into the user's data folder; resumes, and verifies the hash",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := newFinder(c.cfg.ModelsDir, c.cfg.ModelsPath, c.cfg.UserModelsDir())
			if err != nil {
				return err
			}
			for _, id := range args {
				in := models.Installer{Dir: c.cfg.UserModelsDir(), From: from, Clock: c.clock, Progress: c.progress(id)}
				paths, err := models.Install(cmd.Context(), f.Manifest, id, in)
				if err != nil {
					return fmt.Errorf("install %s: %w", id, err)
				}
				for _, p := range paths {
					fmt.Fprintln(c.out, p)
				}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&from, "from", "", "take the files from this folder or http(s) address")
	return cmd
}

// progress shows how a download goes, where somebody can see it.
func (c *cli) progress(id string) func(models.Progress) {
	if !isTerminal(c.errOut) {
		return nil
	}
	return func(p models.Progress) {
		fmt.Fprintf(c.errOut, "\r%s: %s %d of %d KB   ", id, p.File, p.Done>>10, p.Total>>10)
		if p.Done == p.Total {
			fmt.Fprintln(c.errOut)
		}
	}
}
