package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"agentid/app/domain"
	"agentid/sync/protocol"
)

// readConsents reads the bodies of consents as they stand.
func (db *DB) readConsents(ctx context.Context, ids []string, into map[string]any) error {
	if len(ids) == 0 {
		return nil
	}
	rows, err := db.pool.Query(ctx, "SELECT body, withdrawn, at FROM consents WHERE id = ANY($1::uuid[])", ids)
	if err != nil {
		return err
	}
	_, err = pgx.CollectRows(rows, func(r pgx.CollectableRow) (struct{}, error) {
		c := &protocol.Consent{}
		var gone []domain.Purpose
		var at time.Time
		if err := r.Scan(c, &gone, &at); err != nil {
			return struct{}{}, err
		}
		// A release of before kept that it was taken back, and not always when.
		for _, p := range gone {
			c.Merge(&protocol.Consent{Withdrawn: []protocol.Withdrawal{{Purpose: p, At: at}}})
		}
		into[string(protocol.ChangeConsent)+c.ID] = c
		return struct{}{}, nil
	})
	return err
}
