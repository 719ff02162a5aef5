package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"runtime"
	"strings"

	"agentid/app/kiosk"
	"agentid/assets"
	"agentid/vision"
	"agentid/vision/dlib"
	"agentid/vision/models"
	"agentid/vision/opencv"
)

// engine is what finds and recognises faces: chosen from what is installed.
type engine struct {
	decoder  vision.Decoder
	detector vision.Detector
	encoder  vision.Encoder // nil where none could be opened
	spec     vision.EncoderSpec
	// marks finds landmarks where the detector gives none; nil where it does.
	marks   vision.Landmarker
	passive vision.PassiveLiveness // nil where it is not asked for, or not there
	notes   []string               // what staff should know of the choice
	closers []func() error
}

// engineChoice is what the configuration asks for; "auto" takes the best installed.
type engineChoice struct {
	Detector, Encoder string
	ModelsDir         string // searched first
	ModelsPath        string // the environment's list, searched next
	UserDir           string // the user's data folder
	CacheDir          string // where built-in models are unpacked
	Threshold         float64
	MinFace           int  // pixels; 0 takes the gate's
	Passive           bool // open the passive check of liveness, where it is installed
}

// Model ids of the manifest that the choice knows by role.
const (
	modelBuiltin    = "agentid_resnet_half_v0"
	modelDlib       = "dlib_resnet_v1"
	modelFive       = "dlib_landmarks_5"
	modelSixtyEight = "dlib_landmarks_68"
	modelONNX       = "mobilefacenet_128"
	modelYuNet      = "yunet_n_320"
	modelMMOD       = "mmod_human_face_detector"
	modelLiveness   = "minifasnet"
)

// newFinder searches models in the order flag, environment, user's folder, built-in.
func newFinder(modelsDir, modelsPath, userDir string) (*models.Finder, error) {
	m, err := models.Parse(assets.ModelManifest())
	if err != nil {
		return nil, fmt.Errorf("built-in model manifest: %w", err)
	}
	return &models.Finder{
		Manifest: m, Builtin: assets.BuiltinModels(), SystemDirs: models.DebianDirs(),
		Dirs: models.SearchDirs(modelsDir, modelsPath, userDir),
	}, nil
}

// openEngine opens a detector, which it must, and an encoder, which it may
// lack: then the error tells why, and the engine still finds faces.
func openEngine(ctx context.Context, c engineChoice, log *slog.Logger) (*engine, error) {
	f, err := newFinder(c.ModelsDir, c.ModelsPath, c.UserDir)
	if err != nil {
		return nil, err
	}
	// One core is left to the screen and the camera.
	opencv.SetThreads(max(1, runtime.NumCPU()-1))
	e := &engine{decoder: opencv.Decoder{}}
	o := opener{ctx: ctx, c: c, f: f, e: e}
	encErr := o.encoder()
	if err := o.detector(); err != nil {
		return nil, errors.Join(err, e.Close())
	}
	o.landmarks()
	if c.Passive {
		o.passive()
	}
	attrs := []any{slog.String("detector", e.detector.Name())}
	if e.encoder != nil {
		attrs = append(attrs, slog.String("encoder", e.encoder.Ref().String()), slog.Float64("threshold", e.encoder.Threshold()))
	}
	log.Info("recognition engine", attrs...)
	for _, n := range e.notes {
		log.Warn("recognition engine", slog.String("note", n))
	}
	return e, encErr
}

// opener holds what opening an engine needs to hand round.
type opener struct {
	ctx   context.Context
	c     engineChoice
	f     *models.Finder
	e     *engine
	yunet *opencv.YuNet
	dlib  *dlib.Engine
}

func (o *opener) onClose(c func() error) { o.e.closers = append(o.e.closers, c) }

// path is a model's file on disk, unpacked if it is built in.
func (o *opener) path(id, file string) (string, models.Model, error) {
	found, err := o.f.Find(o.ctx, id)
	if err != nil {
		return "", models.Model{}, err
	}
	ff := found.Files[0]
	if file != "" {
		var ok bool
		if ff, ok = found.File(file); !ok {
			return "", models.Model{}, fmt.Errorf("model %s has no file %s", id, file)
		}
	}
	p, err := ff.OnDisk(o.ctx, filepath.Join(o.c.CacheDir, "models"))
	return p, found.Model, err
}

func (o *opener) openYuNet() error {
	if o.yunet != nil {
		return nil
	}
	p, _, err := o.path(modelYuNet, "")
	if err != nil {
		return err
	}
	if o.yunet, err = opencv.NewYuNet(p, opencv.YuNetOptions{}); err != nil {
		return err
	}
	o.onClose(o.yunet.Close)
	return nil
}

func (o *opener) encoder() error {
	switch want := strings.ToLower(o.c.Encoder); want {
	case "", "auto":
		if o.opened(modelONNX, o.onnx(modelONNX)) || o.opened(modelDlib, o.openDlib(modelDlib)) {
			return nil
		}
		return o.openDlib(modelBuiltin)
	case "onnx":
		return o.onnx(modelONNX)
	case "dlib":
		if o.opened(modelDlib, o.openDlib(modelDlib)) {
			return nil
		}
		return o.openDlib(modelBuiltin)
	default:
		m, ok := o.f.Manifest.Model(want)
		switch {
		case !ok || m.Kind != models.KindEncoder:
			return fmt.Errorf("%w: encoder %q", models.ErrUnknownModel, o.c.Encoder)
		case m.Engine == models.EngineDlib:
			return o.openDlib(want)
		}
		return o.onnx(want)
	}
}

// opened tells whether a model that may be absent is open. Staff hear of one that
// is there and cannot be used: the next best is another gallery.
func (o *opener) opened(id string, err error) bool {
	if err != nil && (errors.Is(err, models.ErrCorrupt) || !errors.Is(err, models.ErrNotInstalled)) {
		o.e.notes = append(o.e.notes, fmt.Sprintf("%s was passed over: %v", id, err))
	}
	return err == nil
}

// onnx opens an ONNX encoder; its alignment needs YuNet's five points.
func (o *opener) onnx(id string) error {
	p, m, err := o.path(id, "")
	if err != nil {
		return err
	}
	if err := o.openYuNet(); err != nil {
		return fmt.Errorf("encoder %s needs the points of a detector: %w", id, err)
	}
	spec := o.spec(m)
	enc, err := opencv.NewONNXEncoder(p, spec, o.yunet)
	if err != nil {
		return err
	}
	o.e.encoder, o.e.spec = enc, spec
	o.onClose(enc.Close)
	return nil
}

// openDlib opens a net of go-face's form, with landmarks.
func (o *opener) openDlib(id string) error {
	dir, m, err := o.dlibFolder(id)
	if err != nil {
		return err
	}
	spec := o.spec(m)
	eng, err := dlib.Open(dir, spec)
	if err != nil {
		return err
	}
	o.dlib, o.e.encoder, o.e.spec = eng, eng, spec
	o.onClose(eng.Close)
	return nil
}

// dlibFolder lays out the three files that go-face opens.
func (o *opener) dlibFolder(id string) (dir string, m models.Model, err error) {
	net, m, err := o.path(id, "")
	if err != nil {
		return "", m, err
	}
	points, _, err := o.path(modelFive, "")
	if err != nil {
		var err68 error
		if points, _, err68 = o.path(modelSixtyEight, ""); err68 != nil {
			return "", m, fmt.Errorf("landmarks: %w", err68)
		}
		o.e.notes = append(o.e.notes, "dlib's 68-point landmarks exclude commercial use: install "+modelFive)
	}
	// go-face opens a CNN detector at start; the empty one of ours is enough.
	mmod, _, err := o.path(modelMMOD, "")
	if err != nil {
		if mmod, _, err = o.path(modelBuiltin, "mmod_empty.dat"); err != nil {
			return "", m, err
		}
	}
	dir, err = dlib.Prepare(filepath.Join(o.c.CacheDir, "go-face", id), dlib.Parts{Net: net, Landmarks: points, MMOD: mmod})
	return dir, m, err
}

func (o *opener) spec(m models.Model) vision.EncoderSpec {
	s := m.EncoderSpec()
	if o.c.Threshold > 0 {
		s.Threshold = o.c.Threshold
	}
	if s.Demo {
		o.e.notes = append(o.e.notes, "demo grade encoder: install a better one before decisions that matter")
	}
	return s
}

func (o *opener) detector() error {
	switch strings.ToLower(o.c.Detector) {
	case "", "auto":
		if o.opened(modelYuNet, o.openYuNet()) {
			o.e.detector = o.yunet
			return nil
		}
		return o.haar()
	case "yunet":
		if err := o.openYuNet(); err != nil {
			return err
		}
		o.e.detector = o.yunet
		return nil
	case "haar":
		return o.haar()
	case "hog":
		if o.dlib == nil { // HOG comes with go-face, whatever encodes, or nothing
			enc, spec, notes := o.e.encoder, o.e.spec, o.e.notes
			if err := o.openDlib(modelBuiltin); err != nil {
				return err
			}
			o.e.encoder, o.e.spec, o.e.notes = enc, spec, notes
		}
		o.e.detector = o.dlib.Detector()
		return nil
	}
	return fmt.Errorf("%w: detector %q", models.ErrUnknownModel, o.c.Detector)
}

func (o *opener) haar() error {
	p, err := opencv.FindHaar()
	if err != nil {
		return err
	}
	// Smaller faces than the gate lets through are looked for, so that there is
	// somebody to ask closer, but not much smaller: they cost most of the time.
	least := o.c.MinFace
	if least == 0 {
		least = vision.DefaultGate().MinFace
	}
	h, err := opencv.NewHaar(p, opencv.HaarOptions{MinFace: least * 3 / 4})
	if err != nil {
		return err
	}
	o.e.detector = h
	o.onClose(h.Close)
	return nil
}

// Name of the encoder for the state bar, "" without one.
func (e *engine) Name() string {
	if e == nil || e.encoder == nil {
		return ""
	}
	return e.encoder.Ref().Name
}

// Grade of the encoder.
func (e *engine) Grade() kiosk.Grade {
	switch {
	case e == nil || e.encoder == nil:
		return kiosk.GradeNone
	case e.spec.Demo:
		return kiosk.GradeDemo
	}
	return kiosk.GradeProduction
}

// Close frees the engine, in the reverse order of opening.
func (e *engine) Close() error {
	var errs []error
	for i := len(e.closers) - 1; i >= 0; i-- {
		errs = append(errs, e.closers[i]())
	}
	e.closers = nil
	return errors.Join(errs...)
}
