package models

import (
	"context"
	"errors"
	"fmt"
)

// Status is one line of the list of models.
type Status struct {
	Model Model
	Found *Found // nil where it is not installed
	Err   error  // why not
	// Installable tells that Install can bring it without --from.
	Installable bool
}

// List tells of each model of the manifest whether it is here.
func List(ctx context.Context, f *Finder) ([]Status, error) {
	var out []Status
	for _, m := range f.Manifest.Models {
		s := Status{Model: m, Installable: true}
		for _, file := range m.Files {
			s.Installable = s.Installable && file.URL != ""
		}
		found, err := f.Find(ctx, m.ID)
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if err != nil {
			s.Err = err
		} else {
			s.Found = &found
		}
		out = append(out, s)
	}
	return out, nil
}

// Install brings a model of the manifest with the installer and returns the
// paths of its files.
func Install(ctx context.Context, m Manifest, id string, in Installer) ([]string, error) {
	model, ok := m.Model(id)
	if !ok {
		return nil, fmt.Errorf("%w: %q", ErrUnknownModel, id)
	}
	if in.Dir == "" {
		return nil, errors.New("no folder to install into")
	}
	return in.Install(ctx, model)
}
