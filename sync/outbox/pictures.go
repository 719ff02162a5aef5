package outbox

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"agentid/app/domain"
	"agentid/sync/protocol"
)

// picturesIdle is how many pictures go in a round without a batch.
const picturesIdle = 4

// pictureState is how pictures get on: they have a wait of their own, for with
// the object store down everything else goes on.
type pictureState struct {
	backoff backoff
	until   time.Time
}

// tellPictures gives the centre up to n pictures. An error is one that counts
// for all.
func (o *Outbox) tellPictures(ctx context.Context, n int) (told bool, err error) {
	if o.o.Clock.Now().Before(o.pictures.until) {
		return false, nil
	}
	due, err := o.o.Queue.DuePictures(ctx, n)
	if err != nil {
		return false, local(err)
	}
	for _, p := range due {
		if err := o.tellPicture(ctx, p); err != nil {
			if judge(err).state.stopped() || ctx.Err() != nil {
				return told, err
			}
			var mine localError
			if errors.As(err, &mine) {
				return told, err
			}
			o.picturesWait(err)
			return told, nil
		}
		told = true
		o.pictures.backoff.reset()
		if o.Status().PictureError != "" {
			o.change(func(st *Status) { st.PictureError = "" })
		}
	}
	return told, nil
}

func (o *Outbox) picturesWait(err error) {
	wait := o.pictures.backoff.next(judge(err).after)
	o.pictures.until = o.o.Clock.Now().Add(wait)
	o.change(func(st *Status) { st.PictureError = clip(err.Error(), 300) })
	o.o.Log.Warn("pictures wait", slog.String("error", err.Error()), slog.Duration("wait", wait))
}

// tellPicture gives the centre one picture, or settles or postpones it. What it
// returns counts for the other pictures as well.
func (o *Outbox) tellPicture(ctx context.Context, p domain.PictureNotice) error {
	end := func(done bool, why string) error {
		return local(o.o.Queue.SettleNotices(ctx, []domain.Settlement{{Key: p.Key, Done: done, Why: why}}))
	}
	postpone := func(why error) error {
		return local(o.o.Queue.PostponeNotice(ctx, p.Key, clip(why.Error(), 300), o.o.Clock.Now().Add(postponed(p.Attempts))))
	}
	if p.Orphan {
		return end(false, "its event was refused")
	}
	picture, err := o.o.Queue.Snapshot(ctx, p.Hash)
	switch {
	case errors.Is(err, domain.ErrNotFound):
		return end(true, "")
	case err != nil && ctx.Err() != nil:
		return err
	case err != nil:
		o.o.Log.Error("picture not read", slog.String("error", err.Error()))
		return postpone(err)
	}
	r := protocol.TicketRequest{
		SHA256: p.Hash, Size: int64(len(picture)), Type: http.DetectContentType(picture),
		Purpose: protocol.PurposeDetection, Event: p.Event, Person: p.Person,
	}
	if err := r.Check(); err != nil {
		return end(false, "cannot be told: "+err.Error())
	}
	err = o.o.Centre.PutPicture(ctx, r, picture)
	if err == nil {
		o.heard()
		return end(true, "")
	}
	var refusal *Refusal
	if !errors.As(err, &refusal) {
		return err
	}
	switch refusal.Problem.Advice() {
	case protocol.AdviceGive:
		return end(refusal.Problem.Code == protocol.CodeErased, clip(err.Error(), 300))
	case protocol.AdviceSplit:
		if refusal.Problem.Code == protocol.CodeOther {
			return postpone(err)
		}
		return end(false, clip(err.Error(), 300))
	}
	if refusal.Problem.Code == protocol.CodeNoObject {
		return postpone(err)
	}
	return err
}
