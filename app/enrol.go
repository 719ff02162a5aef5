package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"slices"

	"github.com/google/uuid"

	"agentid/app/domain"
	"agentid/vision"
)

// Errors of a picture that cannot be used to recognise somebody.
var (
	errNoFace       = errors.New("no face found")
	errSeveralFaces = errors.New("several faces of about the same size: use a picture of one person")
	errNoEncoder    = errors.New("no recognition model could be opened: see `agentid doctor`")
)

// reading is one face, read.
type reading struct {
	face     vision.Face
	quality  vision.Quality
	encoding vision.Encoding
}

// readFace finds the one face of a picture and encodes it. Of several faces it
// takes one clearly larger than the others.
func (e *engine) readFace(jpeg []byte) (reading, error) {
	if e.encoder == nil {
		return reading{}, errNoEncoder
	}
	img, err := e.decoder.Decode(jpeg, nil)
	if err != nil {
		return reading{}, err
	}
	faces, err := e.detector.Detect(img)
	if err != nil {
		return reading{}, err
	}
	if len(faces) == 0 {
		return reading{}, errNoFace
	}
	area := func(f vision.Face) int { return f.Box.Dx() * f.Box.Dy() }
	slices.SortFunc(faces, func(a, b vision.Face) int { return area(b) - area(a) })
	if len(faces) > 1 && float64(area(faces[1])) > 0.5*float64(area(faces[0])) {
		return reading{}, errSeveralFaces
	}
	r := reading{face: faces[0]}
	r.quality = vision.DefaultGate().Measure(img, r.face)
	if r.encoding, err = e.encoder.Encode(img, jpeg, r.face); err != nil {
		if errors.Is(err, vision.ErrNoFace) {
			return reading{}, errNoFace
		}
		return reading{}, err
	}
	return r, nil
}

// template makes a template of a reading. A picture that the live gate would
// refuse may still enrol; its low quality goes with it.
func (e *engine) template(r reading) domain.Template {
	return domain.Template{
		ID: newID(), Encoder: e.encoder.Ref(), Vector: r.encoding.Vector,
		Quality: math.Round(r.quality.Score*1000) / 1000,
	}
}

// enrol stores a person with the templates of their pictures: all, or nobody.
func (e *engine) enrol(ctx context.Context, people domain.People, name string, jpegs [][]byte, clock domain.Clock) (domain.Person, error) {
	clean, err := domain.CleanName(name)
	if err != nil {
		return domain.Person{}, err
	}
	p := domain.Person{ID: domain.PersonID(newID()), Name: clean, CreatedAt: clock.Now()}
	var ts []domain.Template
	for i, b := range jpegs {
		r, err := e.readFace(b)
		if err != nil {
			return domain.Person{}, fmt.Errorf("picture %d: %w", i+1, err)
		}
		t := e.template(r)
		t.PersonID, t.CreatedAt = p.ID, p.CreatedAt
		ts = append(ts, t)
	}
	if err := people.AddPerson(ctx, p, ts); err != nil {
		return domain.Person{}, err
	}
	return p, nil
}

// loadGallery reads the templates of the engine's encoder.
func (e *engine) loadGallery(ctx context.Context, people domain.People, log *slog.Logger) (*vision.Gallery, error) {
	g := vision.NewGallery(e.encoder.Ref(), e.encoder.Metric(), e.spec.Dim)
	ts, err := people.Templates(ctx, e.encoder.Ref())
	if err != nil {
		return nil, fmt.Errorf("load templates: %w", err)
	}
	g.Grow(len(ts))
	slices.SortStableFunc(ts, func(a, b domain.Template) int { // one person's rows lie together
		switch {
		case a.PersonID < b.PersonID:
			return -1
		case a.PersonID > b.PersonID:
			return 1
		}
		return 0
	})
	for _, t := range ts {
		if err := g.Add(t.PersonID, t.Vector); err != nil { // one bad row costs one row
			log.Error("template passed over", slog.String("id", t.ID), slog.String("error", err.Error()))
		}
	}
	return g, nil
}

// newID is a UUIDv7. Go's random source does not fail: it ends the program.
func newID() string { return uuid.Must(uuid.NewV7()).String() }
