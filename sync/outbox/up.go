package outbox

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"time"

	"agentid/app/domain"
	"agentid/sync/protocol"
)

// countEvery bounds how often what waits is counted while it is drained.
const countEvery = time.Second

// pruneEvery is how often what was sent long ago is forgotten.
const pruneEvery = 6 * time.Hour

// drain tells the centre what waits, until ctx ends.
func (o *Outbox) drain(ctx context.Context) {
	b := backoff{base: o.o.BackoffBase, most: o.o.BackoffMost}
	for ctx.Err() == nil {
		more, err := o.round(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			o.count(ctx)
			if o.pause(ctx, o.failed(err, "telling", &b), o.retry) {
				b.reset()
			}
		case more:
			b.reset()
		default:
			b.reset()
			o.count(ctx)
			o.prune(ctx)
			o.idle(ctx)
		}
	}
}

// idle waits for something to do.
func (o *Outbox) idle(ctx context.Context) {
	t := o.o.Clock.NewTimer(o.o.Poll)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-o.wake:
	case <-o.retry:
	case <-t.C():
	}
}

// count counts what waits.
func (o *Outbox) count(ctx context.Context) {
	o.counted = o.o.Clock.Now()
	w, err := o.o.Queue.WaitingNotices(ctx)
	if err != nil {
		if ctx.Err() == nil {
			o.o.Log.Error("waiting notices not counted", slog.String("error", err.Error()))
		}
		return
	}
	o.change(func(st *Status) { st.Waiting = w })
}

func (o *Outbox) prune(ctx context.Context) {
	now := o.o.Clock.Now()
	if now.Sub(o.pruned) < pruneEvery {
		return
	}
	o.pruned = now
	if _, err := o.o.Queue.PruneNotices(ctx); err != nil && ctx.Err() == nil {
		o.o.Log.Error("sent notices not pruned", slog.String("error", err.Error()))
	}
}

// round tells one batch, and then one picture, or more where no batch waits.
// more says that there may be more to tell at once.
func (o *Outbox) round(ctx context.Context) (more bool, err error) {
	if o.o.Centre == nil {
		return false, nil
	}
	if o.o.Clock.Now().Sub(o.counted) >= countEvery {
		o.count(ctx)
	}
	notices, err := o.compose(ctx)
	var theirs asked
	if errors.As(err, &theirs) {
		return false, theirs.error
	}
	if err != nil {
		return false, local(err)
	}
	pictures := picturesIdle
	if len(notices) > 0 {
		pictures = 1
		if err := o.tell(ctx, notices); err != nil {
			return false, err
		}
	}
	told, err := o.tellPictures(ctx, pictures)
	return len(notices) > 0 || told, err
}

// compose takes a batch's worth of notices: erasures and keys before all, then people
// and the rest up to a share, events for what is left, and whatever waits where
// events leave room.
func (o *Outbox) compose(ctx context.Context) ([]domain.Notice, error) {
	var batch []domain.Notice
	var err error
	if !o.o.Clock.Now().Before(o.erasures) {
		if batch, err = o.o.Queue.DueNotices(ctx, domain.LaneErasures, o.limit); err != nil {
			return nil, err
		}
	}
	keys, err := o.keys(ctx, o.limit-len(batch))
	if err != nil {
		return nil, err
	}
	batch = append(batch, keys...)
	room := o.limit - len(batch)
	share := func(lane domain.Lane, n int) (got []domain.Notice, err error) {
		if n <= 0 {
			return nil, nil
		}
		return o.o.Queue.DueNotices(ctx, lane, n)
	}
	people, rest := room/4, room/8
	if room < 8 {
		// Too small for shares: the lanes take turns at the first place.
		o.turn++
		people, rest = 0, 0
		switch o.turn % 4 {
		case 1:
			people = room
		case 3:
			rest = room
		}
	}
	var lanes [domain.LaneRest + 1][]domain.Notice
	for _, l := range []struct {
		lane domain.Lane
		n    func() int
	}{
		{domain.LanePeople, func() int { return people }},
		{domain.LaneRest, func() int { return rest }},
		{domain.LaneEvents, func() int { return room }},
		{domain.LanePeople, func() int { return room + len(lanes[domain.LanePeople]) }},
		{domain.LaneRest, func() int { return room + len(lanes[domain.LaneRest]) }},
	} {
		had := len(lanes[l.lane])
		if room <= 0 || l.n() <= had {
			continue
		}
		got, err := share(l.lane, min(l.n(), room+had))
		if err != nil {
			return nil, err
		}
		lanes[l.lane] = got
		room -= len(got) - had
	}
	for _, lane := range []domain.Lane{domain.LaneEvents, domain.LanePeople, domain.LaneRest} {
		batch = append(batch, lanes[lane]...)
	}
	return batch, nil
}

// keys are the notices of badge keys: none to a centre that would refuse them.
func (o *Outbox) keys(ctx context.Context, n int) ([]domain.Notice, error) {
	if n <= 0 {
		return nil, nil
	}
	list, err := o.o.Queue.DueNotices(ctx, domain.LaneKeys, n)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	takes, err := o.o.Centre.Takes(ctx, protocol.KindBadgeKey)
	if err != nil {
		return nil, asked{err}
	}
	if !takes {
		return nil, nil
	}
	return list, nil
}

// asked is trouble of asking the centre, in the midst of our own work.
type asked struct{ error }

func (e asked) Unwrap() error { return e.error }

// tell sends one batch and settles what is answered.
func (o *Outbox) tell(ctx context.Context, notices []domain.Notice) error {
	letters, err := o.letters(ctx, notices)
	if err != nil || len(letters) == 0 {
		return err
	}
	letters = o.fit(letters)
	batch := protocol.Batch{ID: newID(o.o.Clock.Now()), DeviceID: o.o.Centre.DeviceID(), SentAt: o.now()}
	for _, l := range letters {
		batch.Items = append(batch.Items, l.item)
	}
	answer, err := o.o.Centre.SendBatch(ctx, batch)
	if err != nil {
		return o.untold(ctx, letters, err)
	}
	list, refused := settlements(letters, answer.Answers)
	if err := o.o.Queue.SettleNotices(ctx, list); err != nil {
		// The centre has them; they will be sent again, and answered as duplicates.
		return local(fmt.Errorf("settle: %w", err))
	}
	if refused > 0 {
		o.o.Log.Error("centre refused notices for good", slog.Int("refused", refused), slog.Int("of", len(list)))
	}
	if refused < len(list) {
		o.lone = 0
	}
	o.limit = min(o.o.BatchItems, 2*o.limit)
	o.heard()
	o.change(func(st *Status) { st.Sent += uint64(len(list) - refused) })
	return nil
}

// now is the time by this machine's clock; by the centre's, where this one has
// none, as on a board without a battery before the network has set it.
func (o *Outbox) now() time.Time {
	now := o.o.Clock.Now()
	if skew, known := o.o.Centre.Skew(); known && now.Year() < 2001 {
		now = now.Add(-skew)
	}
	return now
}

// fit cuts a batch to its bytes, and puts it in the order of the protocol's
// kinds.
func (o *Outbox) fit(letters []letter) []letter {
	bytes := 0
	for i, l := range letters {
		bytes += len(l.item.Body) + 100
		if bytes > o.o.BatchBytes && i > 0 {
			letters = letters[:i]
			break
		}
	}
	rank := map[protocol.Kind]int{}
	for i, k := range protocol.Kinds() {
		rank[k] = i
	}
	slices.SortStableFunc(letters, func(a, b letter) int { return rank[a.item.Kind] - rank[b.item.Kind] })
	return letters
}

// maxLone is how many items may be refused alone, one after the other, before
// it is the centre that is suspected.
const maxLone = 3

// untold deals with a batch that was refused whole. What it returns is to be
// waited for.
func (o *Outbox) untold(ctx context.Context, letters []letter, err error) error {
	if errors.Is(err, ErrOlderCentre) {
		return nil // the next batch is without
	}
	half := max(1, len(letters)/2)
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) {
		o.limit = half // a slow line: what is smaller gets through
		return err
	}
	var r *Refusal
	if errors.As(err, &r) && r.Problem.Code == protocol.CodeErasures && letters[0].item.Kind == protocol.KindTombstone {
		// They wait, and nothing else does.
		wait := min(max(r.RetryAfter, time.Minute), maxRetryAfter)
		o.erasures = o.o.Clock.Now().Add(wait)
		o.o.Log.Warn("the centre takes no more erasures for a while", slog.Duration("wait", wait))
		return nil
	}
	split := errors.Is(err, protocol.ErrTooLarge)
	if errors.As(err, &r) {
		a := r.Problem.Advice()
		split = a == protocol.AdviceSplit || a == protocol.AdviceGive
	}
	if !split {
		return err
	}
	if len(letters) > 1 {
		o.limit = half
		return nil
	}
	why := clip(err.Error(), 2*protocol.MaxDetail)
	l := letters[0]
	if r != nil && r.Problem.Code == protocol.CodeOther || o.lone >= maxLone {
		// A proxy's word, or a centre that takes nothing at all: no item is to
		// die of that, nor to hold up the others.
		if perr := o.o.Queue.PostponeNotice(ctx, l.key, why, o.o.Clock.Now().Add(postponed(l.attempts))); perr != nil {
			return local(perr)
		}
		return err
	}
	o.lone++
	o.o.Log.Error("centre refused a notice for good", slog.String("kind", string(l.key.Kind)), slog.String("why", why))
	return local(o.o.Queue.SettleNotices(ctx, []domain.Settlement{{Key: l.key, Why: why}}))
}

// postponed is how long one notice is put off after so many attempts.
func postponed(attempts int) time.Duration {
	return min(time.Hour, time.Minute<<min(attempts, 10))
}

// newID makes a UUIDv7.
func newID(t time.Time) string {
	var u [16]byte
	rand.Read(u[:])
	ms := uint64(t.UnixMilli())
	for i := range 6 {
		u[i] = byte(ms >> (40 - 8*i))
	}
	u[6] = u[6]&0x0f | 0x70
	u[8] = u[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:])
}
