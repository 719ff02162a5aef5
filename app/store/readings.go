package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"agentid/app/domain"
)

// What a kiosk tells of itself is made all day, whether the centre hears it or
// not. Little of it is kept while it waits: a year offline fills no disk.
const (
	// maxHealth is a day, and an hour more, at one in each healthSlot.
	maxHealth  = 300
	healthSlot = 5 * time.Minute
	// maxHeads bounds the heads of the audit that wait. The first are worth most:
	// a log that was put back to an older one is known by the head it began with.
	maxHeads = 50
)

// telemetry lists the kinds that are readings, for SQL.
const telemetry = "'audit_head', 'health', 'sensor'"

// anyReading stands for all of them, in dueRows.
const anyReading domain.NoticeKind = "*"

// nextHead holds the heads of the audit to one at a time, in their order: a head
// that the centre hears after a later one is an alarm there.
const nextHead = `(kind <> 'audit_head' OR id = (SELECT min(id) FROM notices WHERE kind = 'audit_head' AND state = 'pending'))`

// dueReadings are the last of their lane: no visitor's case waits behind them.
func (s *Store) dueReadings(ctx context.Context, n int) ([]domain.Notice, error) {
	rows, err := s.dueRows(ctx, anyReading, n)
	list := make([]domain.Notice, len(rows))
	for i, r := range rows {
		list[i] = r.Notice
	}
	return list, err
}

// makeRoom has room for one more notice of a kind that others make, or says
// ErrFull.
func (s *Store) makeRoom(ctx context.Context, tx *sql.Tx, kind domain.NoticeKind) error {
	most, end := maxMade, ""
	switch kind {
	case domain.NoticeHealth:
		most, end = maxHealth, "ASC"
		// Of a few minutes one is enough, the last.
		from := s.clock.Now().Truncate(healthSlot)
		_, err := tx.ExecContext(ctx, "DELETE FROM notices WHERE kind = ? AND state = 'pending' AND created_at >= ? AND created_at < ?",
			kind, micros(from), micros(from.Add(healthSlot)))
		if err != nil {
			return err
		}
	case domain.NoticeSensor:
		end = "ASC"
	case domain.NoticeAuditHead:
		most, end = maxHeads, "DESC"
	}
	var n int
	err := tx.QueryRowContext(ctx, "SELECT count(*) FROM notices WHERE state = 'pending' AND kind = ?", kind).Scan(&n)
	switch {
	case err != nil || n < most:
		return err
	case end == "":
		return fmt.Errorf("%w: %d of kind %s", ErrFull, n, kind)
	}
	_, err = tx.ExecContext(ctx, `DELETE FROM notices WHERE id IN (SELECT id FROM notices
		WHERE state = 'pending' AND kind = ? ORDER BY id `+end+` LIMIT ?)`, kind, n-most+1)
	return err
}

// forgotten tells whether nothing is left of a notice that has ended. A head of
// the audit that the centre refuses stays, for staff to see: it says that this is
// not the log that the centre knew.
func forgotten(end domain.Settlement) bool {
	switch end.Key.Kind {
	case domain.NoticeHealth, domain.NoticeSensor:
		return true
	case domain.NoticeAuditHead:
		return end.Done
	}
	return false
}

// Waits tells whether something that was made to be told still waits.
func (s *Store) Waits(ctx context.Context, kind domain.NoticeKind, item string) (bool, error) {
	var n int
	err := s.r.QueryRowContext(ctx, "SELECT count(*) FROM notices WHERE kind = ? AND ref = ? AND state = 'pending'", kind, item).Scan(&n)
	return n > 0, wrap("look for a notice", err)
}
