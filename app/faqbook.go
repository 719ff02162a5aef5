package main

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"agentid/app/chat"
	"agentid/app/chat/faq"
	"agentid/app/domain"
)

// faqSettles is how long after the last change everything is learnt anew.
const faqSettles = 5 * time.Second

// faqInForce is what the kiosk answers with. It does not change.
type faqInForce struct {
	layers faqLayers
	engine *chat.Engine
	whole  bool // the engine learnt all of it together
}

// faqBook is the questions and answers of a running kiosk. Whoever asks has
// them at once; a change makes others beside, and puts them in their place.
type faqBook struct {
	c     *cli
	store faqStore
	serve func(*chat.Engine) // from now on

	mu    sync.Mutex // one change at a time
	files map[domain.Lang]faqBase
	now   atomic.Pointer[faqInForce] // nil until open
	// drafted is the engine of the draft that was tried last.
	drafted struct {
		of     *faqInForce
		draft  faq.Entry
		lang   domain.Lang
		engine *chat.Engine
	}
	again chan struct{} // of one: there is something to learn
	late  chan struct{} // of one: the centre has published
}

func newFAQBook(c *cli, st faqStore, serve func(*chat.Engine)) *faqBook {
	return &faqBook{c: c, store: st, serve: serve, again: make(chan struct{}, 1), late: make(chan struct{}, 1)}
}

// nudge wakes who waits for something, if they do not know yet.
func nudge(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// open is what is in force, made at the first call, which takes a second or
// some. The error is of the files alone, and says what is used instead.
func (b *faqBook) open(ctx context.Context) (*faqInForce, error) {
	if f := b.now.Load(); f != nil {
		return f, nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.opened(ctx)
}

func (b *faqBook) opened(ctx context.Context) (*faqInForce, error) {
	if f := b.now.Load(); f != nil {
		return f, nil
	}
	files, refused := b.c.fileSets()
	if files == nil {
		return nil, refused
	}
	b.files = files
	y := b.c.readLayers(ctx, b.store, files, true)
	y.logRefused(b.c.log)
	e, err := engineOf(y)
	if err != nil {
		return nil, errors.Join(refused, err)
	}
	f := &faqInForce{y, e, true}
	b.now.Store(f)
	b.serve(e)
	return f, refused
}

// change puts other layers in force, at once. Under b.mu.
func (b *faqBook) change(was *faqInForce, y faqLayers, kept func() error) error {
	sets := y.sets()
	e, err := was.engine.Revise(sets[domain.Spanish], sets[domain.English])
	if err != nil {
		return err
	}
	if err := kept(); err != nil {
		return err
	}
	b.now.Store(&faqInForce{layers: y, engine: e})
	b.drafted.of, b.drafted.engine = nil, nil
	b.serve(e)
	nudge(b.again)
	return nil
}

// edit changes what is in force by what do makes of it, as it stands in the
// store: other programs may have changed it.
func (b *faqBook) edit(ctx context.Context, do func(*faqInForce) (faqLayers, func() error, error)) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	was, err := b.opened(ctx)
	if was == nil {
		return err
	}
	fresh, err := b.reread(ctx, was.layers)
	if err != nil {
		return err
	}
	if !fresh.sameEdits(was.layers) || !sameRefused(fresh, was.layers) {
		if err := b.change(was, fresh, func() error { return nil }); err != nil {
			return err
		}
		was = b.now.Load()
	}
	y, kept, err := do(was)
	if err != nil {
		return err
	}
	return b.change(was, y, kept)
}

// sameEdits tells that the branch's edits are the same.
func (y faqLayers) sameEdits(o faqLayers) bool {
	return maps.EqualFunc(y.edits, o.edits, func(a, b map[string]faqEdit) bool {
		return maps.EqualFunc(a, b, func(x, z faqEdit) bool { return x.Version == z.Version && x.Text == z.Text })
	})
}

// reread is the layers with the edits that the store has now.
func (b *faqBook) reread(ctx context.Context, y faqLayers) (faqLayers, error) {
	out := y.copied()
	out.order = nil
	for _, l := range faqLangs {
		out.edits[l] = map[string]faqEdit{}
	}
	out.refused = slices.DeleteFunc(slices.Clone(y.refused), func(r faqRefusal) bool { return r.ref == refBranch || r.topic != "" })
	return out, out.readEdits(ctx, b.store)
}

// published takes in what the centre has published: what is wrong with it is
// told at once, what is whole answers within seconds.
func (b *faqBook) published() { nudge(b.late) }

// run keeps the engine whole until ctx ends: after a change it is learnt
// anew beside the one in use.
func (b *faqBook) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-b.late:
			b.takePublished(ctx)
		case <-b.again:
			if !b.settle(ctx) {
				return
			}
			b.learn()
		}
	}
}

// settle waits until nothing has changed for a while; false at the end.
func (b *faqBook) settle(ctx context.Context) bool {
	t := b.c.clock.NewTimer(faqSettles)
	defer func() { t.Stop() }()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-b.again:
			t.Stop()
			t = b.c.clock.NewTimer(faqSettles)
		case <-b.late:
			b.takePublished(ctx)
		case <-t.C():
			return true
		}
	}
}

// learn learns all that is in force together, and puts that in its place,
// unless it has changed meanwhile: then there is more to learn.
func (b *faqBook) learn() {
	f := b.now.Load()
	if f == nil || f.whole {
		return
	}
	e, err := engineOf(f.layers)
	if err != nil { // what is in force answers on
		b.c.log.Error("answers not learnt", slog.String("error", err.Error()))
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.now.Load() != f {
		nudge(b.again)
		return
	}
	b.now.Store(&faqInForce{f.layers, e, true})
	b.serve(e)
}

// takePublished puts what the centre has published in force.
func (b *faqBook) takePublished(ctx context.Context) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.now.Load() == nil { // it is read when the book is opened
		return
	}
	was := b.now.Load()
	y := b.c.readLayers(ctx, b.store, b.files, true)
	if i := slices.IndexFunc(y.refused, faqRefusal.ofStore); i >= 0 { // what is in force stays
		b.c.log.Error("answers not read", slog.String("error", y.refused[i].In(domain.English)))
		return
	}
	if sameRefused(y, was.layers) && y.sameBases(was.layers) {
		return
	}
	y.logRefused(b.c.log)
	if err := b.change(was, y, func() error { return nil }); err != nil {
		b.c.log.Error("answers of the centre not used", slog.String("error", err.Error()))
		return
	}
	for _, l := range faqLangs {
		if base := y.base[l]; base.version != was.layers.base[l].version {
			b.c.log.Info("answers of the centre", slog.String("lang", string(l)), slog.Int64("version", base.version), slog.Int("topics", len(base.entries)))
		}
	}
}

func sameRefused(a, b faqLayers) bool {
	return slices.EqualFunc(a.refused, b.refused, func(x, y faqRefusal) bool {
		return x.version == y.version && x.In(domain.English) == y.In(domain.English)
	})
}

// sameBases tells that the sets before edits are the same.
func (y faqLayers) sameBases(o faqLayers) bool {
	return maps.EqualFunc(y.base, o.base, func(a, b faqBase) bool {
		return a.origin == b.origin && a.version == b.version && a.at.Equal(b.at) && len(a.entries) == len(b.entries)
	})
}

// notes are what is not used, in a language.
func (b *faqBook) notes(l domain.Lang) (out []string) {
	f := b.now.Load()
	if f == nil {
		return nil
	}
	for _, r := range f.layers.refused {
		out = append(out, strings.ReplaceAll(r.In(l), "\n", " "))
	}
	return out
}

// draftEngine is the engine with a draft in place.
func (b *faqBook) draftEngine(f *faqInForce, l domain.Lang, e faq.Entry) (*chat.Engine, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if d := &b.drafted; d.of == f && d.lang == l && d.engine != nil && hashOf(d.draft) == hashOf(e) {
		return d.engine, nil
	}
	sets := f.layers.with(faqEdit{domain.FAQEdit{Lang: l, Topic: e.ID}, e}).sets()
	engine, err := f.engine.Revise(sets[domain.Spanish], sets[domain.English])
	if err != nil {
		return nil, err
	}
	b.drafted.of, b.drafted.lang, b.drafted.draft, b.drafted.engine = f, l, e, engine
	return engine, nil
}
