package models

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/url"
	"regexp"
	"strings"

	"agentid/app/domain"
	"agentid/vision"
)

// Caps on what a manifest may say.
const (
	MaxManifestBytes = 1 << 20
	MaxFileBytes     = 512 << 20 // of one model file, unpacked
	maxModels        = 64
	maxFiles         = 8
	maxText          = 2000 // bytes of a note, licence, origin or address
	maxSide          = 4096 // pixels
	maxDim           = 4096
)

// ErrManifest says that a manifest is not acceptable.
var ErrManifest = errors.New("invalid model manifest")

// Kind is what a model is for.
type Kind string

// The kinds.
const (
	KindDetector  Kind = "detector"
	KindEncoder   Kind = "encoder"
	KindLiveness  Kind = "liveness"
	KindLandmarks Kind = "landmarks"
)

// Engine is what runs a model.
type Engine string

// The engines.
const (
	EngineOpenCV Engine = "opencv-dnn"
	EngineDlib   Engine = "dlib"
	EngineHaar   Engine = "haar"
)

// Alignment is how a face is cut out for a model.
type Alignment string

// The alignments.
const (
	AlignNone   Alignment = "none"
	AlignArc112 Alignment = "arcface-5pt-112"    // five-point similarity to 112x112
	AlignDlib   Alignment = "dlib-chip-150-0.25" // dlib's face chip, 150x150, padding 0.25
)

// Grade is how far a model may be trusted.
type Grade string

// The grades.
const (
	GradeDemo       Grade = "demo"
	GradeProduction Grade = "production"
)

// Compression of a file as it is offered for download.
type Compression string

// The compressions.
const (
	Plain Compression = ""
	Bzip2 Compression = "bz2"
)

// Manifest lists the models that the product can use.
type Manifest struct {
	Schema int     `json:"schema"`
	Models []Model `json:"models"`
}

// Model is one version of one model.
type Model struct {
	ID            string         `json:"id"`
	Kind          Kind           `json:"kind"`
	Engine        Engine         `json:"engine"`
	Version       string         `json:"version"`
	Grade         Grade          `json:"grade"`
	Files         []File         `json:"files"`
	Input         *Input         `json:"input,omitempty"`
	Normalisation *Normalisation `json:"normalisation,omitempty"`
	Alignment     Alignment      `json:"alignment"`
	// Metric, Threshold (in the metric's unit) and Dim are of encoders only.
	Metric    vision.Metric `json:"metric,omitempty"`
	Threshold float64       `json:"threshold,omitempty"`
	Dim       int           `json:"dim,omitempty"`
	Notes     string        `json:"notes,omitempty"`
}

// File is one file of a model.
type File struct {
	Name string `json:"name"`
	// Size in bytes, unpacked. Zero only for files of the system.
	Size int64 `json:"size,omitempty"`
	// One of the two, but for files of the system. GitBlob is the SHA-1 of
	// "blob SIZE\0" and the bytes: what a git repository calls the file.
	SHA256  string `json:"sha256,omitempty"`
	GitBlob string `json:"git_blob_sha1,omitempty"`
	// Compression is that of the file at URL. URL may be empty: the file is then
	// built in, of the system, or installed from a folder.
	Compression Compression `json:"compression,omitempty"`
	URL         string      `json:"url,omitempty"`
	// Package is the system package that brings the file, if one does.
	Package string `json:"package,omitempty"`
	// Crop is the part of the picture that this file's network takes: the face's
	// box about its centre, so many times its size. Zero where it does not apply.
	Crop    float64 `json:"crop,omitempty"`
	Licence string  `json:"licence"`
	Origin  string  `json:"origin"`
}

// Input is the picture that a network takes.
type Input struct {
	Width  int    `json:"width"`
	Height int    `json:"height"`
	Colour string `json:"colour"` // "rgb", "bgr" or "gray"
	Layout string `json:"layout"` // "nchw", or "chip" for dlib's own
	// Pad is how the picture is made to fit: "stretch", "letterbox" or "align".
	Pad string `json:"pad"`
}

// Normalisation of a pixel v of 0..255: (v*Scale - Mean) / Std.
type Normalisation struct {
	Scale float64    `json:"scale"`
	Mean  [3]float32 `json:"mean"`
	Std   [3]float32 `json:"std"`
}

// Parse reads a manifest. It is strict: what it does not know, it refuses.
func Parse(data []byte) (Manifest, error) {
	if len(data) > MaxManifestBytes {
		return Manifest{}, fmt.Errorf("%w: %d bytes, at most %d", ErrManifest, len(data), MaxManifestBytes)
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	var m Manifest
	if err := dec.Decode(&m); err != nil {
		return Manifest{}, fmt.Errorf("%w: %w", ErrManifest, err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return Manifest{}, fmt.Errorf("%w: more than one value", ErrManifest)
	}
	if err := m.check(); err != nil {
		return Manifest{}, fmt.Errorf("%w: %w", ErrManifest, err)
	}
	return m, nil
}

// Model finds a model by its id.
func (m Manifest) Model(id string) (Model, bool) {
	for _, x := range m.Models {
		if x.ID == id {
			return x, true
		}
	}
	return Model{}, false
}

// EncoderSpec is what an encoder's code must know of the model.
func (m Model) EncoderSpec() vision.EncoderSpec {
	s := vision.EncoderSpec{
		Ref:       domain.EncoderRef{Name: m.ID, Version: m.Version},
		Metric:    m.Metric,
		Threshold: m.Threshold,
		Dim:       m.Dim,
		Std:       [3]float32{1, 1, 1},
		Demo:      m.Grade == GradeDemo,
	}
	if m.Input != nil {
		s.Side = m.Input.Width
	}
	if n := m.Normalisation; n != nil {
		s.Mean, s.Std = n.Mean, n.Std
	}
	return s
}

var (
	idPattern   = regexp.MustCompile(`^[a-z0-9][a-z0-9_.-]{0,63}$`)
	namePattern = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$`)
	hexPattern  = regexp.MustCompile(`^[0-9a-f]+$`)
)

func (m Manifest) check() error {
	switch {
	case m.Schema != 1:
		return fmt.Errorf("schema %d, known is 1", m.Schema)
	case len(m.Models) == 0:
		return errors.New("no models")
	case len(m.Models) > maxModels:
		return fmt.Errorf("%d models, at most %d", len(m.Models), maxModels)
	}
	seen := map[string]bool{}
	for _, x := range m.Models {
		if !idPattern.MatchString(x.ID) {
			return fmt.Errorf("model id %.80q", x.ID)
		}
		if seen[x.ID] {
			return fmt.Errorf("model %s: twice", x.ID)
		}
		seen[x.ID] = true
		if err := x.check(); err != nil {
			return fmt.Errorf("model %s: %w", x.ID, err)
		}
	}
	return nil
}

func (m Model) check() error {
	if !idPattern.MatchString(m.Version) {
		return fmt.Errorf("version %.80q", m.Version)
	}
	if err := oneOf("kind", m.Kind, KindDetector, KindEncoder, KindLiveness, KindLandmarks); err != nil {
		return err
	}
	if err := oneOf("engine", m.Engine, EngineOpenCV, EngineDlib, EngineHaar); err != nil {
		return err
	}
	if err := oneOf("grade", m.Grade, GradeDemo, GradeProduction); err != nil {
		return err
	}
	if err := oneOf("alignment", m.Alignment, AlignNone, AlignArc112, AlignDlib); err != nil {
		return err
	}
	if len(m.Notes) > maxText {
		return fmt.Errorf("notes of %d bytes, at most %d", len(m.Notes), maxText)
	}
	if len(m.Files) == 0 || len(m.Files) > maxFiles {
		return fmt.Errorf("%d files, at least 1 and at most %d", len(m.Files), maxFiles)
	}
	names := map[string]bool{}
	for _, f := range m.Files {
		if err := f.check(); err != nil {
			return fmt.Errorf("file %.80q: %w", f.Name, err)
		}
		if fold := strings.ToLower(f.Name); names[fold] {
			return fmt.Errorf("file %s: twice", f.Name)
		} else {
			names[fold] = true
		}
	}
	if m.Input != nil {
		if err := m.Input.check(); err != nil {
			return fmt.Errorf("input: %w", err)
		}
	} else if m.Engine == EngineOpenCV {
		return errors.New("input is missing")
	}
	if n := m.Normalisation; n != nil {
		if err := n.check(); err != nil {
			return fmt.Errorf("normalisation: %w", err)
		}
	}
	return m.checkEncoder()
}

// checkEncoder holds what EncoderSpec promises.
func (m Model) checkEncoder() error {
	if m.Kind != KindEncoder {
		if m.Metric != "" || m.Threshold != 0 || m.Dim != 0 {
			return fmt.Errorf("metric, threshold and dim are of encoders, not of a %s", m.Kind)
		}
		return nil
	}
	if err := oneOf("metric", m.Metric, vision.Euclidean, vision.CosineDistance); err != nil {
		return err
	}
	// Both distances of unit vectors end at 2; ours are shorter than that.
	if !(m.Threshold > 0 && m.Threshold < 2) {
		return fmt.Errorf("threshold %v is not between 0 and 2", m.Threshold)
	}
	if m.Dim < 1 || m.Dim > maxDim {
		return fmt.Errorf("dim %d is not within 1..%d", m.Dim, maxDim)
	}
	if m.Input == nil || m.Input.Width != m.Input.Height {
		return errors.New("an encoder's input is a square")
	}
	if m.Input.Colour != "rgb" {
		return fmt.Errorf("an encoder's input is rgb, not %q", m.Input.Colour)
	}
	if n := m.Normalisation; n != nil && math.Abs(n.Scale*255-1) > 1e-6 {
		return fmt.Errorf("an encoder's scale is 1/255, not %v", n.Scale)
	}
	return nil
}

func (f File) check() error {
	if !namePattern.MatchString(f.Name) || strings.Contains(f.Name, "..") {
		return errors.New("the name is letters, digits, dot, dash and underscore, with no path")
	}
	if f.Size < 0 || f.Size > MaxFileBytes {
		return fmt.Errorf("size %d is not within 0..%d", f.Size, MaxFileBytes)
	}
	for what, s := range map[string]string{"licence": f.Licence, "origin": f.Origin, "url": f.URL, "package": f.Package} {
		if len(s) > maxText {
			return fmt.Errorf("%s of %d bytes, at most %d", what, len(s), maxText)
		}
	}
	if f.Crop != 0 && !(f.Crop >= 1 && f.Crop <= 10) {
		return fmt.Errorf("crop %v is not within 1..10", f.Crop)
	}
	if f.Licence == "" || f.Origin == "" {
		return errors.New("licence and origin are needed")
	}
	if err := oneOf("compression", f.Compression, Plain, Bzip2); err != nil {
		return err
	}
	switch {
	case f.SHA256 != "" && f.GitBlob != "":
		return errors.New("sha256 and git_blob_sha1: only one")
	case f.SHA256 != "" && (len(f.SHA256) != 64 || !hexPattern.MatchString(f.SHA256)):
		return errors.New("sha256 is 64 lower-case hex digits")
	case f.GitBlob != "" && (len(f.GitBlob) != 40 || !hexPattern.MatchString(f.GitBlob)):
		return errors.New("git_blob_sha1 is 40 lower-case hex digits")
	}
	if f.Package != "" {
		if f.URL != "" {
			return errors.New("a file of a system package has no url")
		}
		return nil
	}
	if f.SHA256 == "" && f.GitBlob == "" {
		return errors.New("sha256 or git_blob_sha1 is needed")
	}
	if f.Size == 0 {
		return errors.New("size is needed")
	}
	if f.URL != "" {
		return checkURL(f.URL)
	}
	return nil
}

// checkURL wants https, but from this machine itself.
func checkURL(s string) error {
	u, err := url.Parse(s)
	if err != nil {
		return errors.New("url is not an address")
	}
	if u.Host == "" || u.User != nil {
		return errors.New("url needs a host, and no credentials")
	}
	if u.Scheme == "https" {
		return nil
	}
	if ip := net.ParseIP(u.Hostname()); u.Scheme == "http" && ip != nil && ip.IsLoopback() {
		return nil
	}
	return fmt.Errorf("url is https, not %.20q", u.Scheme)
}

func (i Input) check() error {
	if i.Width < 1 || i.Width > maxSide || i.Height < 1 || i.Height > maxSide {
		return fmt.Errorf("%dx%d is not within 1..%d", i.Width, i.Height, maxSide)
	}
	if err := oneOf("colour", i.Colour, "rgb", "bgr", "gray"); err != nil {
		return err
	}
	if err := oneOf("layout", i.Layout, "nchw", "chip"); err != nil {
		return err
	}
	return oneOf("pad", i.Pad, "stretch", "letterbox", "align")
}

func (n Normalisation) check() error {
	if !(n.Scale > 0 && n.Scale <= 1) {
		return fmt.Errorf("scale %v is not within 0..1", n.Scale)
	}
	for c := range 3 {
		// A NaN fails both comparisons.
		if !(n.Std[c] > 0 && n.Std[c] <= 255) || !(n.Mean[c] >= -255 && n.Mean[c] <= 255) {
			return fmt.Errorf("channel %d: mean %v, std %v", c, n.Mean[c], n.Std[c])
		}
	}
	return nil
}

func oneOf[T ~string](what string, v T, known ...T) error {
	for _, k := range known {
		if v == k {
			return nil
		}
	}
	return fmt.Errorf("%s %.40q is not one of %q", what, string(v), known)
}
