package store

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"agentid/app/domain"
)

// auditKeyInfo names the key of the audit's head, for HKDF.
const auditKeyInfo = "agentid audit head v1"

const auditColumns = "seq, at, actor, role, action, target_kind, target, detail, prev, hash"

// auditHead is the record of the last entry.
type auditHead struct {
	seq    uint64
	hash   domain.AuditHash
	broken uint64
}

// mac is what only who has the master key can make of a head.
func (k keyring) mac(device string, h auditHead) []byte {
	m := hmac.New(sha256.New, k.audit)
	m.Write(place{"audit_head", device, fmt.Sprint(h.seq), h.hash.String(), fmt.Sprint(h.broken)}.bytes())
	return m.Sum(nil)
}

// readHead gives the head; good is false where it is forged or gone.
func (s *Store) readHead(ctx context.Context, q queryer) (h auditHead, good bool, err error) {
	var hash, mac []byte
	var seq, broken int64
	err = q.QueryRowContext(ctx, "SELECT seq, hash, broken, mac FROM audit_head").Scan(&seq, &hash, &broken, &mac)
	if errors.Is(err, sql.ErrNoRows) {
		return h, false, nil
	}
	if err != nil || seq < 0 || broken < 0 || len(hash) != len(h.hash) {
		return h, false, err
	}
	h = auditHead{seq: uint64(seq), hash: domain.AuditHash(hash), broken: uint64(broken)}
	return h, hmac.Equal(mac, s.keys.mac(s.device, h)), nil
}

func (s *Store) writeHead(ctx context.Context, tx *sql.Tx, k keyring, h auditHead) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO audit_head (one, seq, hash, broken, mac) VALUES (1, ?, ?, ?, ?)
		ON CONFLICT (one) DO UPDATE SET seq = excluded.seq, hash = excluded.hash, broken = excluded.broken, mac = excluded.mac`,
		int64(h.seq), h.hash[:], int64(h.broken), k.mac(s.device, h))
	return err
}

// startAudit makes the head of an empty log.
func (s *Store) startAudit(ctx context.Context, tx *sql.Tx) error {
	return wrap("start audit", s.writeHead(ctx, tx, s.keys, auditHead{}))
}

// AppendAudit implements domain.AuditLog.
func (s *Store) AppendAudit(ctx context.Context, e domain.AuditEntry) (domain.AuditEntry, error) {
	defer s.useKeys()()
	err := s.sealing(ctx, func(tx *sql.Tx) (err error) {
		e, err = s.appendAudit(ctx, tx, e)
		return err
	})
	if err != nil {
		return domain.AuditEntry{}, wrap("append to the audit", err)
	}
	return e, nil
}

// audit notes what is done in a transaction, in the name of the context's
// actor. Details are pairs of a key and a value.
func (s *Store) audit(ctx context.Context, tx *sql.Tx, action domain.AuditAction, kind, target string, details ...string) error {
	e := domain.AuditEntry{Action: action, Target: domain.AuditTarget{Kind: kind, ID: target}}
	return s.auditEntry(ctx, tx, e, details...)
}

func (s *Store) auditEntry(ctx context.Context, tx *sql.Tx, e domain.AuditEntry, details ...string) error {
	for i := 0; i+1 < len(details); i += 2 {
		if e.Detail == nil {
			e.Detail = make(map[string]string)
		}
		e.Detail[details[i]] = details[i+1]
	}
	_, err := s.appendAudit(ctx, tx, e)
	return wrap("audit", err)
}

// labelOf is a reason as a detail; one that is no label is told as that.
func labelOf(why domain.Reason) string {
	if domain.IsAuditLabel(string(why)) {
		return string(why)
	}
	return "other"
}

// appendAudit links an entry to the last one. A log that is found broken is
// added to all the same, for what is done must be audited; but the head keeps
// where that was, so that a later entry does not cover it up.
func (s *Store) appendAudit(ctx context.Context, tx *sql.Tx, e domain.AuditEntry) (_ domain.AuditEntry, err error) {
	if e.Actor == "" {
		a := domain.ActorOf(ctx)
		e.Actor, e.Role = a.ID, a.Role
	}
	if e.At, err = s.moment(e.At); err != nil {
		return e, err
	}
	if err := e.Check(); err != nil {
		return e, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	head, good, err := s.readHead(ctx, tx)
	if err != nil {
		return e, err
	}
	last, err := lastAudit(ctx, tx)
	if err != nil {
		return e, err
	}
	next := auditHead{seq: max(head.seq, last.seq) + 1, broken: head.broken}
	if !good {
		next.broken = 0 // of the forger's
	}
	if broken := !good || last != (auditHead{seq: head.seq, hash: head.hash}); broken && next.broken == 0 {
		next.broken = next.seq
	}
	e.Seq, e.DeviceID, e.Prev = next.seq, s.device, last.hash
	e.Hash = e.Sum()
	next.hash = e.Hash
	detail, err := encodeDetail(e.Detail)
	if err != nil {
		return e, err
	}
	_, err = tx.ExecContext(ctx, "INSERT INTO audit ("+auditColumns+") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		int64(e.Seq), micros(e.At), e.Actor, e.Role, e.Action, e.Target.Kind, e.Target.ID, detail, e.Prev[:], e.Hash[:])
	if err != nil {
		return e, err
	}
	return e, s.writeHead(ctx, tx, s.keys, next)
}

// lastAudit is the last entry there is, as a head; the zero value for none.
func lastAudit(ctx context.Context, q queryer) (h auditHead, err error) {
	var hash []byte
	err = q.QueryRowContext(ctx, "SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1").Scan(&h.seq, &hash)
	if errors.Is(err, sql.ErrNoRows) {
		return h, nil
	}
	copy(h.hash[:], hash)
	return h, err
}

// Audit implements domain.AuditLog; for limit see Filter.
func (s *Store) Audit(ctx context.Context, f domain.AuditFilter, before uint64, limit int) ([]domain.AuditEntry, error) {
	var c conditions
	c.addIf(f.Actor != "", "actor = ?", f.Actor)
	c.addIf(f.Action != "", "action = ?", f.Action)
	c.addIf(f.Target.Kind != "", "target_kind = ?", f.Target.Kind)
	c.addIf(f.Target.ID != "", "target = ?", f.Target.ID)
	c.addIf(!f.From.IsZero(), "at >= ?", micros(f.From))
	c.addIf(!f.To.IsZero(), "at < ?", micros(f.To))
	c.addIf(before > 0, "seq < ?", int64(min(before, math.MaxInt64)))
	var list []domain.AuditEntry
	err := s.eachAudit(ctx, s.r, c.where()+" ORDER BY seq DESC LIMIT ?", append(c.args, bounded(limit)),
		func(e domain.AuditEntry, err error) error {
			list = append(list, e) // damaged or not: it is shown
			return nil
		})
	return list, wrap("query audit", err)
}

// errUnreadable says that an entry is not as any was written.
var errUnreadable = errors.New("unreadable entry")

// eachAudit gives entry after entry; one whose detail is no longer JSON comes
// with errUnreadable.
func (s *Store) eachAudit(ctx context.Context, q queryer, where string, args []any, fn func(domain.AuditEntry, error) error) error {
	rows, err := q.QueryContext(ctx, "SELECT "+auditColumns+" FROM audit "+where, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		e := domain.AuditEntry{DeviceID: s.device}
		var at int64
		var detail string
		var prev, hash []byte
		err := rows.Scan(&e.Seq, &at, &e.Actor, &e.Role, &e.Action, &e.Target.Kind, &e.Target.ID, &detail, &prev, &hash)
		if err != nil {
			return err
		}
		e.At = fromMicros(at)
		copy(e.Prev[:], prev)
		copy(e.Hash[:], hash)
		e.Detail, err = decodeDetail(detail)
		if err := fn(e, err); err != nil {
			return err
		}
	}
	return rows.Err()
}

// encodeDetail gives the one form in which details are stored: by key.
func encodeDetail(d map[string]string) (string, error) {
	if len(d) == 0 {
		return "{}", nil
	}
	b, err := json.Marshal(d)
	return string(b), err
}

// decodeDetail refuses what encodeDetail would have written otherwise.
func decodeDetail(text string) (d map[string]string, err error) {
	if text == "{}" {
		return nil, nil
	}
	if json.Unmarshal([]byte(text), &d) != nil {
		return nil, errUnreadable
	}
	if again, err := encodeDetail(d); err != nil || again != text {
		return d, errUnreadable
	}
	return d, nil
}

// VerifyAudit implements domain.AuditLog: as of one moment. It finds whatever
// was done to the file since an entry was appended, but for one thing: putting
// the whole of an earlier copy in its place. For that the last Seq and Hash
// must be known elsewhere.
func (s *Store) VerifyAudit(ctx context.Context) (domain.AuditReport, error) {
	defer s.useKeys()()
	r, err := s.verifyAudit(ctx)
	return r, wrap("verify audit", err)
}

func (s *Store) verifyAudit(ctx context.Context) (r domain.AuditReport, err error) {
	tx, err := s.r.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return r, err
	}
	defer tx.Rollback()
	// Under another key every head looks forged: that is no finding.
	if err := s.keys.current(ctx, tx); err != nil {
		return r, err
	}
	found := func(seq uint64, f domain.AuditFault) {
		if r.Faults++; len(r.First) < domain.MaxAuditProblems {
			r.First = append(r.First, domain.AuditProblem{Seq: seq, Fault: f})
		}
	}
	var last auditHead
	err = s.eachAudit(ctx, tx, "ORDER BY seq", nil, func(e domain.AuditEntry, bad error) error {
		r.Entries++
		switch {
		case bad != nil || e.Hash != e.Sum():
			found(e.Seq, domain.FaultEdited)
		case e.Seq != last.seq+1:
			found(e.Seq, domain.FaultMissing)
		case e.Prev != last.hash:
			found(e.Seq, domain.FaultUnlinked)
		}
		last = auditHead{seq: e.Seq, hash: e.Hash}
		return nil
	})
	if err != nil {
		return r, err
	}
	head, good, err := s.readHead(ctx, tx)
	if err != nil {
		return r, err
	}
	r.Seq, r.Hash = head.seq, head.hash
	switch {
	case !good:
		found(head.seq, domain.FaultHead)
	case last != auditHead{seq: head.seq, hash: head.hash}:
		found(head.seq, domain.FaultTail)
	}
	if good && head.broken > 0 {
		found(head.broken, domain.FaultEarlier)
	}
	return r, nil
}
