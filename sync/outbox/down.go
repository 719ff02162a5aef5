package outbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"agentid/app/domain"
	"agentid/sync/protocol"
)

// emptyEvery bounds how often a centre that answers at once, with nothing, is
// asked: a long-poll that does not wait is no reason to spin.
const emptyEvery = time.Second

// follow applies what the centre decides, until ctx ends.
func (o *Outbox) follow(ctx context.Context) {
	b := backoff{base: o.o.BackoffBase, most: o.o.BackoffMost}
	for ctx.Err() == nil {
		asked := o.o.Clock.Now()
		n, more, err := o.page(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			if o.pause(ctx, o.failed(err, "following", &b), o.down) {
				b.reset()
			}
		default:
			b.reset()
			if n == 0 && !more {
				o.pause(ctx, emptyEvery-o.o.Clock.Now().Sub(asked), o.down)
			}
		}
	}
}

// page asks for one page and applies it. more says that another waits.
func (o *Outbox) page(ctx context.Context) (n int, more bool, err error) {
	cursor, err := o.o.Applier.SyncCursor(ctx)
	if err != nil {
		return 0, false, local(err)
	}
	if cursor == "" {
		if err := o.knowKinds(ctx); err != nil { // there is nothing to begin anew
			return 0, false, err
		}
	}
	wait := o.o.Wait
	if o.Status().State != StateOnline || !o.known {
		wait = 0 // to hear at once that there is a centre; it may have nothing to tell for long
	}
	page, err := o.o.Centre.Changes(ctx, cursor, protocol.MaxChanges, wait)
	if err != nil {
		return 0, false, err
	}
	o.heard()
	if len(page.Changes) > 0 || page.Cursor != cursor || page.Reset {
		again, err := o.apply(ctx, cursor, page)
		if err != nil || again {
			return 0, again, err
		}
	}
	return o.caughtUp(ctx, page)
}

// caughtUp notes how far this kiosk has come with a page. Which kinds it takes
// is noted after the first: had the centre lost its past meanwhile, it was the
// cursor of then that showed it.
func (o *Outbox) caughtUp(ctx context.Context, page protocol.Page) (n int, more bool, err error) {
	if !o.known {
		return len(page.Changes), true, o.knowKinds(ctx)
	}
	if !page.More {
		if err := o.o.Applier.HeardAll(ctx); err != nil {
			return 0, false, local(err)
		}
	}
	return len(page.Changes), page.More, nil
}

func (o *Outbox) knowKinds(ctx context.Context) error {
	if o.known {
		return nil
	}
	var kinds []string
	for _, k := range protocol.ChangeKinds() {
		kinds = append(kinds, string(k))
	}
	if err := o.o.Applier.KnowKinds(ctx, kinds); err != nil {
		return local(err)
	}
	o.known = true
	return nil
}

// apply has a page applied; again says that another process was faster.
func (o *Outbox) apply(ctx context.Context, cursor string, page protocol.Page) (again bool, err error) {
	p := domain.CentrePage{From: cursor, Cursor: page.Cursor, Reset: page.Reset}
	var notes []string
	for _, c := range page.Changes {
		change, err := o.open(ctx, c)
		var skip errSkip
		switch {
		case errors.As(err, &skip):
			notes = append(notes, fmt.Sprintf("%s %s: %v", clip(string(c.Kind), 32), clip(c.Ref, 64), skip))
		case err != nil:
			return false, err
		default:
			p.Changes = append(p.Changes, change)
		}
	}
	return o.take(ctx, p, notes)
}

// take applies a page; again says that another process was faster.
func (o *Outbox) take(ctx context.Context, p domain.CentrePage, notes []string) (again bool, err error) {
	applied, err := o.o.Applier.ApplyPage(ctx, p)
	if errors.Is(err, domain.ErrCursor) {
		return true, nil
	}
	if err != nil {
		return false, local(err)
	}
	notes = append(notes, applied.Skipped...)
	for _, n := range notes {
		o.o.Log.Warn("change of the centre was not taken", slog.String("what", n))
	}
	o.change(func(st *Status) {
		st.Applied += uint64(len(p.Changes))
		st.note(notes...)
	})
	if o.o.OnApplied != nil {
		applied.Skipped = slices.Clone(notes)
		o.o.OnApplied(applied)
	}
	if p.Reset {
		o.wake.ring()
	}
	return false, nil
}

// moveIn has a kiosk that has come to another site leave the one before, ahead of
// all that it tells and hears here; false at the end of ctx.
func (o *Outbox) moveIn(ctx context.Context) bool {
	b := backoff{base: o.o.BackoffBase, most: o.o.BackoffMost}
	for ctx.Err() == nil {
		page, leaves, err := o.o.Applier.Leaving(ctx, o.o.Centre.Site())
		if err == nil && !leaves {
			return true
		}
		if err == nil {
			o.o.Log.Info("leaving the site of before", slog.Int("changes", len(page.Changes)))
			_, err = o.take(ctx, page, nil)
		}
		if err != nil && ctx.Err() == nil {
			o.pause(ctx, o.failed(local(err), "moving in", &b), o.down)
		}
	}
	return false
}

// errSkip says why a change is passed over.
type errSkip struct{ error }

// open turns a change into what the store takes. An error that is no errSkip
// stops the page.
func (o *Outbox) open(ctx context.Context, c protocol.Change) (out domain.CentreChange, err error) {
	body, err := protocol.DecodeChange(c)
	if errors.Is(err, protocol.ErrUnknownKind) || err == nil && c.Gone && !slices.Contains(protocol.ChangeKinds(), c.Kind) {
		return out, errSkip{errors.New("this program knows no such kind")}
	}
	if err != nil {
		return out, errSkip{err}
	}
	if c.Gone {
		return gone(c)
	}
	switch b := body.(type) {
	case *protocol.Person:
		if string(b.ID) != c.Ref {
			return out, errSkip{errors.New("it is of somebody else")}
		}
		key, err := o.o.Centre.SiteKey(ctx, b.KeyID)
		if errors.Is(err, ErrNoSiteKey) {
			return out, errSkip{err}
		}
		if err != nil {
			return out, err
		}
		out.Person, err = openPerson(b, append([]*protocol.SiteKey{key}, o.o.Centre.SiteKeys()...))
		if err != nil {
			return out, errSkip{err}
		}
	case *protocol.Badge:
		if string(b.ID) != c.Ref {
			return out, errSkip{errors.New("it is another badge")}
		}
		out.Badge = &domain.Badge{
			ID: b.ID, Person: b.Person, NotBefore: b.NotBefore, Expires: b.Expires, Templates: b.Templates,
			RevokedAt: b.RevokedAt, Revoked: b.Revoked,
		}
	case *protocol.Consent:
		if b.ID != c.Ref {
			return out, errSkip{errors.New("it is another consent")}
		}
		out.Consent = consentOf(b)
	case *protocol.TrustedKey:
		if string(b.ID) != c.Ref {
			return out, errSkip{errors.New("it is another key")}
		}
		out.BadgeKey = &domain.BadgeKey{ID: b.ID, DeviceID: b.DeviceID, Public: b.PublicKey, RetiredAt: b.RetiredAt, RevokedAt: b.RevokedAt}
	case *protocol.Seen:
		until, err := b.Until()
		if err != nil || string(b.Person) != c.Ref {
			return out, errSkip{errors.New("it is of somebody else")}
		}
		out.Seen = &domain.RemoteSeen{Person: b.Person, Until: until}
	case *protocol.Erased:
		out.Erasure = &domain.RemoteErasure{Person: b.Person, Why: b.Why, At: b.At}
	case *protocol.Document:
		// What a centre published that knows no formats, or newer ones, is not
		// taken, and what was there before stays.
		if err := protocol.CheckDocument(c.Kind, c.Ref, b.ContentType, b.Content); err != nil {
			return out, errSkip{err}
		}
		out.Document = &domain.Document{
			Kind: string(c.Kind), Ref: c.Ref, Version: b.Version, ContentType: b.ContentType, Content: b.Content, At: c.At,
		}
	default:
		return out, errSkip{errors.New("this program knows no such kind")}
	}
	return out, nil
}

func gone(c protocol.Change) (out domain.CentreChange, err error) {
	switch c.Kind {
	case protocol.ChangeTombstone:
		return out, errSkip{errors.New("an erasure is not taken back")}
	case protocol.ChangeSeen:
		return out, errSkip{errors.New("nobody was seen never again")}
	case protocol.ChangePerson, protocol.ChangeBadge, protocol.ChangeConsent:
		if !protocol.ValidID(c.Ref) {
			return out, errSkip{errors.New("ref is no canonical uuid")}
		}
		switch c.Kind {
		case protocol.ChangePerson:
			out.GonePerson = domain.PersonID(c.Ref)
		case protocol.ChangeBadge:
			out.GoneBadge = domain.BadgeID(c.Ref)
		default:
			out.GoneConsent = c.Ref
		}
	case protocol.ChangeBadgeKey:
		out.GoneBadgeKey = domain.BadgeKeyID(c.Ref)
	default:
		out.GoneDocument = &domain.Document{Kind: string(c.Kind), Ref: c.Ref}
	}
	return out, nil
}

// consentOf is a consent as the store has it.
func consentOf(w *protocol.Consent) *domain.Consent {
	c := &domain.Consent{
		ID: w.ID, Person: w.Person, Version: w.Version, TextSHA256: w.TextSHA256, Lang: w.Lang,
		Granted: w.Granted, Refused: w.Refused, Method: w.Method, DeviceID: w.DeviceID, At: w.At,
	}
	for _, x := range w.Withdrawn {
		c.Withdrawn = append(c.Withdrawn, domain.Withdrawal(x))
	}
	return c
}

// openPerson opens what the centre has of a person: all of it, or it is no
// person. The first key is the one they were last told under: what was told
// before a change of key is under one of the others.
func openPerson(p *protocol.Person, keys []*protocol.SiteKey) (*domain.RemotePerson, error) {
	out := &domain.RemotePerson{
		Person:       domain.Person{ID: p.ID, CreatedAt: p.CreatedAt, Version: p.Version},
		SecondFactor: p.SecondFactor,
	}
	for name, to := range map[string]*string{
		protocol.FieldName: &out.Person.Name, protocol.FieldDocument: &out.Document, protocol.FieldContact: &out.Contact,
	} {
		f, ok := p.Fields[name]
		if !ok {
			continue
		}
		err := withAny(keys, func(k *protocol.SiteKey) (err error) {
			*to, err = k.OpenField(string(p.ID), name, f.Sealed)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	for _, t := range p.Templates {
		d := domain.Template{ID: t.ID, PersonID: p.ID, Encoder: t.Encoder, Quality: t.Quality, CreatedAt: t.CreatedAt}
		err := withAny(keys, func(k *protocol.SiteKey) (err error) {
			d.Vector, err = k.OpenVector(p.ID, t)
			return err
		})
		if err != nil {
			return nil, err
		}
		out.Templates = append(out.Templates, d)
	}
	return out, nil
}

// withAny tries the keys until one opens.
func withAny(keys []*protocol.SiteKey, open func(*protocol.SiteKey) error) error {
	err := protocol.ErrSealed
	for _, k := range keys {
		if err = open(k); !errors.Is(err, protocol.ErrSealed) {
			return err
		}
	}
	return err
}
