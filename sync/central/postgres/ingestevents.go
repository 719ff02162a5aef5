package postgres

import (
	"bytes"
	"context"
	"errors"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"agentid/sync/protocol"
)

// takeEvents copies events in. Most batches are new whole: those go straight to
// their table. One that has come before, whole or in part, goes by way of the
// stage and a merge. Either way it is the key that decides.
func (in *batch) takeEvents(ctx context.Context, tx pgx.Tx, list []*taken) error {
	if len(list) == 0 {
		return nil
	}
	// In the order of the key: two batches with the same events do not wait
	// for each other crosswise.
	sorted := slices.SortedFunc(slices.Values(list), func(a, b *taken) int { return bytes.Compare(a.id[:], b.id[:]) })
	straight, err := in.isNew(ctx, tx, sorted)
	if err == nil && straight {
		straight, err = in.copyEvents(ctx, tx, sorted)
	}
	if err == nil && !straight {
		err = in.mergeEvents(ctx, tx, sorted)
	}
	if err != nil {
		return err
	}
	return in.announce(ctx, tx, list)
}

// isNew guesses whether none of a batch's events is there, by three of them: a
// batch that is sent again is mostly the same batch.
func (in *batch) isNew(ctx context.Context, tx pgx.Tx, list []*taken) (bool, error) {
	var there bool
	ids := []pgtype.UUID{uuidOf(list[0].id), uuidOf(list[len(list)/2].id), uuidOf(list[len(list)-1].id)}
	err := tx.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM events WHERE device = $1 AND id = ANY($2))", orNull(in.kiosk.Device), ids).Scan(&there)
	return !there, err
}

// copyEvents stores events of which none is there; where one is, it stores none
// and says false.
func (in *batch) copyEvents(ctx context.Context, tx pgx.Tx, list []*taken) (bool, error) {
	if _, err := tx.Exec(ctx, "SAVEPOINT straight"); err != nil {
		return false, err
	}
	_, err := tx.CopyFrom(ctx, pgx.Identifier{"events"}, columns(eventColumns), in.eventRows(list))
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "23505" { // unique violation
		// Released too: what is merged is to have the transaction's own id.
		_, err = tx.Exec(ctx, "ROLLBACK TO SAVEPOINT straight; RELEASE SAVEPOINT straight")
		return false, err
	}
	if err == nil {
		_, err = tx.Exec(ctx, "RELEASE SAVEPOINT straight")
	}
	for _, t := range list {
		t.answer.Status = protocol.StatusStored
	}
	return true, err
}

// mergeEvents stores those events that are not there.
func (in *batch) mergeEvents(ctx context.Context, tx pgx.Tx, list []*taken) error {
	if _, err := tx.CopyFrom(ctx, pgx.Identifier{"stage_events"}, columns(eventColumns), in.eventRows(list)); err != nil {
		return err
	}
	tag, err := tx.Exec(ctx, "INSERT INTO events ("+eventColumns+") SELECT "+eventColumns+
		" FROM stage_events ORDER BY device, id ON CONFLICT (device, id) DO NOTHING")
	if err != nil {
		return err
	}
	return settle(ctx, tx, list, tag.RowsAffected(), `SELECT s.id, e.body_hash = s.body_hash FROM stage_events s
		JOIN events e ON e.device = s.device AND e.id = s.id WHERE e.xmin <> pg_current_xact_id()::xid`)
}

// eventRows are events as rows of eventColumns.
func (in *batch) eventRows(list []*taken) pgx.CopyFromSource {
	device := orNull(in.kiosk.Device)
	return pgx.CopyFromSlice(len(list), func(i int) ([]any, error) {
		t := list[i]
		e := t.body.(*protocol.Event)
		person, gone := e.Person, false
		if in.erased[person] {
			person, gone = "", true
		}
		return []any{device, uuidOf(t.id), int64(e.Seq), in.kiosk.Site, string(e.Kind), string(e.Reason), e.At, in.now, in.skewed,
			orNull(string(person)), gone, orNull(string(e.About)), e.Distance, e.Second, e.Threshold, e.Metric, int32(e.Votes), int32(e.Frames), e.Quality,
			e.Encoder.Name, e.Encoder.Version, e.Detector, hashOrNull(e.Snapshot), orNull(string(e.Badge)), e.Liveness, e.LivenessReason,
			orNull(string(e.Staff)), t.hash[:]}, nil
	})
}
