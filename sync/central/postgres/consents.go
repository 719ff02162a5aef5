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

// consentState is what consents.told holds of one whose present state was told.
const consentState = "md5(body::text || withdrawn::text)"

// tellChunk is of how many consents one transaction tells.
const tellChunk = 500

// TellConsents tells the kiosks of consents whose present state they were not told:
// an instance of a release of before took it in. It tells how many there were.
func (db *DB) TellConsents(ctx context.Context) (told int, err error) {
	for {
		// A full look, ahead of all locks.
		rows, err := db.pool.Query(ctx, "SELECT id, site FROM consents WHERE told IS DISTINCT FROM "+consentState+" ORDER BY site, at, id LIMIT $1", tellChunk)
		if err != nil {
			return told, wrap("tell consents", err)
		}
		bySite := map[string][][16]byte{}
		n := 0
		var id [16]byte
		var site string
		_, err = pgx.ForEachRow(rows, []any{&id, &site}, func() error {
			bySite[site] = append(bySite[site], id)
			n++
			return nil
		})
		if err != nil {
			return told, wrap("tell consents", err)
		}
		some := 0
		for site, ids := range bySite {
			m, err := db.tellConsents(ctx, site, ids)
			if some += m; err != nil {
				return told + some, wrap("tell consents", err)
			}
		}
		if told += some; n < tellChunk || some == 0 {
			return told, nil
		}
	}
}

func (db *DB) tellConsents(ctx context.Context, site string, ids [][16]byte) (n int, err error) {
	err = db.tx(ctx, func(tx pgx.Tx) error {
		n = 0
		// Whoever is being erased is gone before this begins, or after it ends.
		if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock_shared($1)", lockErasure); err != nil {
			return err
		}
		// The site's row ahead of theirs: who has one of theirs and waits for this is
		// passed over, and tells of it.
		if _, err := tx.Exec(ctx, "SELECT 1 FROM sites WHERE id = $1 FOR UPDATE", site); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, "UPDATE consents SET told = "+consentState+" WHERE id IN (SELECT id FROM consents WHERE id = ANY($1) AND told IS DISTINCT FROM "+
			consentState+" ORDER BY id FOR UPDATE SKIP LOCKED) RETURNING id::text", ids)
		if err != nil {
			return err
		}
		list, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil || len(list) == 0 {
			return err
		}
		n = len(list)
		if err := tellMany(ctx, tx, site, protocol.ChangeConsent, list, db.now()); err != nil {
			return err
		}
		return ring(ctx, tx, map[string]bool{site: true})
	})
	return n, err
}
