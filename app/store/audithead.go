package store

import (
	"context"
	"database/sql"
	"errors"

	"agentid/app/domain"
)

// AuditHead tells where the audit ends: its last entry as it stands there, not as
// its record has it, so that the centre sees what was cut off. Unlike VerifyAudit
// it reads no more than that.
func (s *Store) AuditHead(ctx context.Context) (domain.AuditHead, error) {
	defer s.useKeys()()
	h, err := s.lastEntry(ctx)
	return h, wrap("audit head", err)
}

func (s *Store) lastEntry(ctx context.Context) (h domain.AuditHead, err error) {
	tx, err := s.r.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return h, err
	}
	defer tx.Rollback()
	last, err := lastAudit(ctx, tx)
	if err != nil {
		return h, err
	}
	h.Seq, h.Hash = last.seq, last.hash
	if h.Seq > 0 {
		var at int64
		if err := tx.QueryRowContext(ctx, "SELECT at FROM audit WHERE seq = ?", int64(h.Seq)).Scan(&at); err != nil {
			return h, err
		}
		h.At = fromMicros(at)
	}
	record, good, err := s.readHead(ctx, tx)
	if err != nil {
		return h, err
	}
	h.Sound = good && record.broken == 0 && last == auditHead{seq: record.seq, hash: record.hash}
	// Under another key every record looks forged: that is no finding.
	if err := s.keys.current(ctx, tx); errors.Is(err, ErrWrongKey) {
		h.Sound = true
	} else if err != nil {
		return h, err
	}
	return h, nil
}
