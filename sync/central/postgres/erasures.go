package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"agentid/sync/protocol"
)

// maxErasures is how many people a kiosk may have erased within erasuresTime.
// Each erasure holds up the whole centre for a moment and is told to many: no kiosk
// is to have much of that. A branch that erases more, because it keeps people for a
// shorter time from now on, tells of the rest later. A whole batch fits.
const (
	maxErasures  = 2 * protocol.MaxItems
	erasuresTime = time.Hour
)

// TooManyErasures says that a kiosk has had too many people erased of late: nothing
// of its batch was taken, and it may come again after Wait.
type TooManyErasures struct{ Wait time.Duration }

func (e *TooManyErasures) Error() string {
	return fmt.Sprintf("more than %d erasures of one kiosk within %v", maxErasures, erasuresTime)
}

// newErasures tells whether a batch's tombstones are to erase anybody, for which
// lockErasure is needed alone: those that were taken before do not, and those of
// people of another site it refuses. *TooManyErasures.
func (in *batch) newErasures(ctx context.Context, tx pgx.Tx, stones []*taken) (bool, error) {
	if len(stones) == 0 {
		return false, nil
	}
	ids, people := make([]string, len(stones)), make([]string, len(stones))
	for i, t := range stones {
		ids[i], people[i] = t.item.ID, string(t.body.Subject())
	}
	rows, err := tx.Query(ctx, `SELECT EXISTS (SELECT 1 FROM items i WHERE i.device = $1 AND i.kind = $2 AND i.id = x.id),
			EXISTS (SELECT 1 FROM people p WHERE p.id = x.person AND p.site <> $3) OR EXISTS (SELECT 1 FROM consents c WHERE c.person = x.person AND c.site <> $3)
		FROM unnest($4::uuid[], $5::uuid[]) WITH ORDINALITY x (id, person, n) ORDER BY n`,
		in.kiosk.Device, string(protocol.KindTombstone), in.kiosk.Site, ids, people)
	if err != nil {
		return false, err
	}
	fresh, i := 0, 0
	var there, other bool
	_, err = pgx.ForEachRow(rows, []any{&there, &other}, func() error {
		switch {
		case there:
		case other:
			stones[i].reject(protocol.RejectSite, "")
		default:
			fresh++
		}
		i++
		return nil
	})
	if err != nil || fresh == 0 {
		return false, err
	}
	// The newest of those that must be over before these may come.
	var last time.Time
	err = tx.QueryRow(ctx, `SELECT received_at FROM items WHERE device = $1 AND kind = $2 AND received_at > $3 ORDER BY received_at DESC OFFSET $4 LIMIT 1`,
		in.kiosk.Device, string(protocol.KindTombstone), in.now.Add(-erasuresTime), maxErasures-fresh).Scan(&last)
	if errors.Is(err, pgx.ErrNoRows) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	return false, &TooManyErasures{last.Add(erasuresTime).Sub(in.now)}
}
