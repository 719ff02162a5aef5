package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"agentid/sync/protocol"
)

// Alarms about a kiosk's audit.
const (
	// alarmAuditBehind: its log ends before where it once ended. Somebody cut it
	// off, or put an older copy of the whole database in its place.
	alarmAuditBehind = "audit_behind"
	// alarmAuditChanged: an entry is another than it once was.
	alarmAuditChanged = "audit_changed"
)

// auditHeads compares the heads of a batch, told for the first time or again, with
// those that the kiosk told before. A kiosk tells them one after the other: what is
// lower than the highest was not overtaken on its way.
func (in *batch) auditHeads(ctx context.Context, tx pgx.Tx, list []*taken) error {
	highest := map[string]*protocol.AuditHead{}
	for _, t := range list {
		h, ok := t.body.(*protocol.AuditHead)
		if !ok {
			continue
		}
		if err := in.sameEntry(ctx, tx, h); err != nil {
			return err
		}
		if was := highest[h.Chain]; was == nil || h.Seq > was.Seq {
			highest[h.Chain] = h
		}
	}
	for chain, h := range highest {
		var known int64
		err := tx.QueryRow(ctx, `SELECT coalesce(max((body ->> 'seq')::bigint), 0) FROM items
			WHERE device = $1 AND kind = 'audit_head' AND body ->> 'chain' = $2`, in.kiosk.Device, chain).Scan(&known)
		if err != nil {
			return err
		}
		if known <= int64(h.Seq) {
			continue
		}
		if err := in.alarmOnce(ctx, tx, alarmAuditBehind, map[string]any{"chain": chain, "seq": h.Seq, "known": known}); err != nil {
			return err
		}
	}
	return nil
}

// sameEntry holds an entry to what was told of it before.
func (in *batch) sameEntry(ctx context.Context, tx pgx.Tx, h *protocol.AuditHead) error {
	var other bool
	err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM items WHERE device = $1 AND kind = 'audit_head'
		AND body ->> 'chain' = $2 AND (body ->> 'seq')::bigint = $3 AND body ->> 'hash' <> $4)`,
		in.kiosk.Device, h.Chain, int64(h.Seq), h.Hash).Scan(&other)
	if err != nil || !other {
		return err
	}
	return in.alarmOnce(ctx, tx, alarmAuditChanged, map[string]any{"chain": h.Chain, "seq": h.Seq, "hash": h.Hash})
}

// alarmOnce raises an alarm that has not been raised of this kiosk before.
func (in *batch) alarmOnce(ctx context.Context, tx pgx.Tx, kind string, detail map[string]any) error {
	var raised bool
	err := tx.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM alarms WHERE device = $1 AND kind = $2 AND detail = $3)",
		in.kiosk.Device, kind, detail).Scan(&raised)
	if err != nil || raised {
		return err
	}
	return in.alarm(ctx, tx, kind, detail)
}
