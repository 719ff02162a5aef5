package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/draw"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"agentid/app/config"
	"agentid/app/domain"
	"agentid/app/kiosk"
	"agentid/app/store"
	"agentid/vision/opencv"
)

// adminPorts are what the admin tab works with in a running kiosk.
func (p *program) adminPorts() *kiosk.AdminPorts {
	return &kiosk.AdminPorts{
		Audit: p.store, FirstRun: p.store, Directory: p.store, History: p.store, Names: p.store, Cases: p.store,
		Pictures: pictures{p.store}, Templates: faceTemplates{p}, Exports: exports{dir: p.c.exportDir()}, StaffCards: p.cards,
		Merger: merger{p.store, p.reg}, Lookalikes: lookalikes{p}, FAQ: faqDesk{p.faq, p.store, &gapBoard{}}, Codes: staffCodes{p.store},
		Sync: syncDesk{p}, Cameras: cameraDesk{p}, Recognition: recognitionDesk{p}, System: systemDesk{p}, Config: configDesk{p},
	}
}

// sayFirstRun writes the code that makes the first administrator on the
// console, while there is none: who can read it is who set this machine up.
func (p *program) sayFirstRun(ctx context.Context) {
	code, err := newSetupCode(ctx, p.store)
	switch {
	case errors.Is(err, domain.ErrSetupDone):
	case err != nil:
		p.c.log.Error("no set-up code", slog.String("error", err.Error()))
	default:
		// Never into the log, which others read.
		fmt.Fprintf(p.c.errOut, "\nThere is no administrator yet. Make the first one at the kiosk with this code, within %s:\n\n    %s\n\n", domain.SetupLasts, code)
	}
}

// newSetupCode makes a code; domain.ErrSetupDone where there is an administrator.
func newSetupCode(ctx context.Context, first domain.FirstRun) (string, error) {
	needed, err := first.NeedsSetup(ctx)
	if err == nil && !needed {
		err = domain.ErrSetupDone
	}
	if err != nil {
		return "", err
	}
	return first.NewSetupCode(ctx)
}

// pictures opens the pictures of events.
type pictures struct {
	store interface {
		Snapshot(ctx context.Context, hash string) ([]byte, error)
	}
}

// EventPicture implements kiosk.Pictures.
func (p pictures) EventPicture(ctx context.Context, hash string) (*image.RGBA, error) {
	b, err := p.store.Snapshot(ctx, hash)
	if err != nil {
		return nil, err
	}
	img, err := opencv.Decoder{}.Decode(b, nil)
	if err != nil {
		return nil, fmt.Errorf("picture: %w", err)
	}
	return img, nil
}

// faceTemplates tells of templates of the encoder that is in use.
type faceTemplates struct{ p *program }

// TemplatesOf implements kiosk.Templates.
func (t faceTemplates) TemplatesOf(ctx context.Context, id domain.PersonID) ([]kiosk.TemplateInfo, error) {
	e := t.p.engine.Load()
	if e == nil || e.encoder == nil {
		return nil, nil
	}
	list, err := t.p.store.PersonTemplates(ctx, id, e.encoder.Ref())
	if err != nil {
		return nil, err
	}
	var out []kiosk.TemplateInfo
	for _, x := range list {
		out = append(out, kiosk.TemplateInfo{Encoder: x.Encoder, Quality: x.Quality, CreatedAt: x.CreatedAt})
	}
	return out, nil
}

// exports writes files into a folder.
type exports struct{ dir string }

// exportDir is where lists are exported to.
func (c *cli) exportDir() string {
	if c.cfg.Export.Dir != "" {
		return c.cfg.Export.Dir
	}
	return filepath.Join(c.cfg.StateDir(), "export")
}

// Export implements kiosk.Exports.
func (x exports) Export(_ context.Context, name string, write func(io.Writer) error) (string, error) {
	if name != filepath.Base(name) {
		return "", fmt.Errorf("export: %q is no name of a file", name)
	}
	if err := os.MkdirAll(x.dir, 0o700); err != nil {
		return "", err
	}
	path := filepath.Join(x.dir, name)
	tmp, err := os.CreateTemp(x.dir, ".export-*") // 0600
	if err != nil {
		return "", err
	}
	defer os.Remove(tmp.Name())
	err = write(tmp)
	if err == nil {
		err = tmp.Sync()
	}
	if err = errors.Join(err, tmp.Close()); err != nil {
		return "", err
	}
	if err := os.Link(tmp.Name(), path); errors.Is(err, os.ErrExist) {
		return "", fmt.Errorf("export: %w", store.ErrExists)
	} else if err != nil { // a stick with a file system that has no links
		return path, os.Rename(tmp.Name(), path)
	}
	return path, nil
}

// rates keeps the frames a second of the last minutes.
type rates struct {
	mu     sync.Mutex
	values []float64
	last   time.Time
}

const (
	rateStep = 10 * time.Second
	maxRates = 61 // ten minutes
)

// add takes a reading, one every rateStep.
func (r *rates) add(fps float64, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now.Sub(r.last) < rateStep && now.After(r.last) {
		return
	}
	r.last = now
	r.values = append(r.values, fps)
	if n := len(r.values) - maxRates; n > 0 {
		r.values = slices.Delete(r.values, 0, n)
	}
}

// clear forgets them: they are another camera's.
func (r *rates) clear() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.values, r.last = nil, time.Time{}
}

func (r *rates) list() []float64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.values)
}

// glimpse hands the next picture to whoever waits for one.
type glimpse struct {
	mu   sync.Mutex
	want []chan *image.RGBA
}

// give copies a picture for those who wait.
func (g *glimpse) give(pic domain.Picture) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, c := range g.want {
		src := pic.RGBA()
		img := image.NewRGBA(image.Rect(0, 0, src.Rect.Dx(), src.Rect.Dy()))
		draw.Draw(img, img.Rect, src, src.Rect.Min, draw.Src)
		c <- img
	}
	g.want = nil
}

// next waits for a picture.
func (g *glimpse) next(ctx context.Context) (*image.RGBA, error) {
	c := make(chan *image.RGBA, 1)
	g.mu.Lock()
	g.want = append(g.want, c)
	g.mu.Unlock()
	select {
	case img := <-c:
		return img, nil
	case <-ctx.Done():
		g.mu.Lock()
		defer g.mu.Unlock()
		g.want = slices.DeleteFunc(g.want, func(x chan *image.RGBA) bool { return x == c })
		return nil, kiosk.ErrNoEye
	}
}

// config is the configuration as it is now.
func (p *program) config() config.Config {
	p.cfgMu.Lock()
	defer p.cfgMu.Unlock()
	return p.cfg
}
