package outbox

import (
	"context"
	"errors"
	"fmt"
	"time"

	"agentid/app/domain"
	"agentid/sync/protocol"
)

// Queue is what waits for the centre.
type Queue interface {
	// DueNotices lists up to n notices of a lane that are due, in order.
	DueNotices(ctx context.Context, lane domain.Lane, n int) ([]domain.Notice, error)
	// KeepNotices stores how notices will be sent; it tells of each whether it
	// still stands.
	KeepNotices(ctx context.Context, made []domain.MadeNotice) ([]bool, error)
	// SettleNotices ends notices, all or none. What stands no more is left alone.
	SettleNotices(ctx context.Context, list []domain.Settlement) error
	PostponeNotice(ctx context.Context, key domain.NoticeKey, why string, until time.Time) error
	// DuePictures lists up to n pictures whose events have been answered for.
	DuePictures(ctx context.Context, n int) ([]domain.PictureNotice, error)
	// Snapshot gives a picture's bytes; domain.ErrNotFound where it was dropped.
	Snapshot(ctx context.Context, hash string) ([]byte, error)
	WaitingNotices(ctx context.Context) (domain.Waiting, error)
	DeadNotices(ctx context.Context, limit int) ([]domain.DeadNotice, error)
	RequeueNotice(ctx context.Context, key domain.NoticeKey) error
	// PruneNotices forgets what was sent long ago.
	PruneNotices(ctx context.Context) (int, error)
}

// Applier takes over what the centre decided.
type Applier interface {
	// SyncCursor is where the last page applied ended, "" before the first.
	SyncCursor(ctx context.Context) (string, error)
	// ApplyPage applies a page and its cursor in one transaction.
	// domain.ErrCursor where the page does not begin at SyncCursor.
	ApplyPage(ctx context.Context, p domain.CentrePage) (domain.Applied, error)
	// KnowKinds tells which kinds of change this program takes. Where one of them
	// was passed over until now, SyncCursor is "" after it: all is read anew.
	KnowKinds(ctx context.Context, kinds []string) error
	// Leaving gives the page with which the kiosk leaves the site that it was of
	// for another, if it does; asked again once that is applied, until it does not.
	Leaving(ctx context.Context, site string) (page domain.CentrePage, leaves bool, err error)
	// HeardAll tells that the centre has nothing more to tell for now.
	HeardAll(ctx context.Context) error
}

// Centre is the other end. Its errors are *Refusal where it answered, and
// anything else where it could not be reached or understood;
// protocol.ErrVersion where no version is common.
type Centre interface {
	// DeviceID is this kiosk as the centre knows it.
	DeviceID() string
	// Site names the centre and the site of it that this kiosk belongs to.
	Site() string
	// Takes tells whether the centre takes items of a kind, and asks it where it
	// has not been heard of yet.
	Takes(ctx context.Context, kind protocol.Kind) (bool, error)
	// SendBatch sends a batch; ErrOlderCentre where it turns out that the centre
	// does not take all of its kinds.
	SendBatch(ctx context.Context, b protocol.Batch) (protocol.BatchAnswer, error)
	// PutPicture returns nil once a row at the centre refers to the picture.
	PutPicture(ctx context.Context, r protocol.TicketRequest, picture []byte) error
	// Changes asks for what changed since cursor, and waits for it.
	Changes(ctx context.Context, cursor string, limit int, wait time.Duration) (protocol.Page, error)
	// SiteKey is the key of an id, the newest for "". ErrNoSiteKey where the
	// centre has given none of that id.
	SiteKey(ctx context.Context, id string) (*protocol.SiteKey, error)
	// SiteKeys are all that are known, the newest first.
	SiteKeys() []*protocol.SiteKey
	// Skew is this machine's clock less the centre's; false if not known yet.
	Skew() (time.Duration, bool)
}

// ErrNoSiteKey says that the centre has given no key of that id.
var ErrNoSiteKey = errors.New("no such site key")

// ErrOlderCentre says that nothing was sent: the centre is of before something that
// was to be.
var ErrOlderCentre = errors.New("the centre is of before a kind of this batch")

// Refusal is an answer that refuses a request whole.
type Refusal struct {
	Problem *protocol.Problem
	// RetryAfter is how long the centre asks to be left alone; 0 if it does not.
	RetryAfter time.Duration
}

func (r *Refusal) Error() string { return fmt.Sprintf("centre refuses: %v", r.Problem) }

// Unwrap gives the problem.
func (r *Refusal) Unwrap() error { return r.Problem }
