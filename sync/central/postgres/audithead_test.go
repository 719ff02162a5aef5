package postgres

import (
	"strings"
	"testing"
	"time"

	"agentid/sync/protocol"
)

// headOf is the head of a kiosk's audit, as the kiosk tells it.
func headOf(t testing.TB, k Kiosk, seq uint64, hash string) protocol.Item {
	t.Helper()
	return item(t, protocol.KindAuditHead, protocol.DerivedID(protocol.KindAuditHead, k.Device+"/"+protocol.ChainAudit, int64(seq)),
		&protocol.AuditHead{Chain: protocol.ChainAudit, Seq: seq, Hash: hash, At: start.Add(time.Duration(seq) * time.Minute)})
}

// A kiosk whose database was replaced by an older copy is found by the head of its
// audit: when it tells an old one, a lower new one, or another of a known number.
func TestAuditHeadsGoOn(t *testing.T) {
	db, _ := newDB(t)
	a, b := enrol(t, db, "norte"), enrol(t, db, "norte")
	hash := func(c string) string { return strings.Repeat(c, 64) }
	alarms := func(k Kiosk, want string) {
		t.Helper()
		got := one[string](t, db, `SELECT coalesce(string_agg(concat(kind, ' ', detail ->> 'seq'), ', ' ORDER BY id), '') FROM alarms
			WHERE kind LIKE 'audit_%' AND device = $1`, k.Device)
		if got != want {
			t.Errorf("alarms %q, want %q", got, want)
		}
	}
	// Lost answers, heads that were passed over, two at once, and a last one that is
	// told again at each start are nothing to look at.
	for _, batch := range [][]protocol.Item{
		{headOf(t, a, 3, hash("a"))}, {headOf(t, a, 9, hash("b"))}, {headOf(t, a, 20, hash("c")), headOf(t, a, 15, hash("d"))}, {headOf(t, a, 20, hash("c"))},
	} {
		send(t, db, a, batch[:1]...)
		send(t, db, a, batch...)
		send(t, db, a, batch...)
	}
	alarms(a, "")
	send(t, db, b, headOf(t, b, 1, hash("e")))

	old := headOf(t, a, 9, hash("b"))
	if got := said(send(t, db, a, old)) + said(send(t, db, a, old)); got != " duplicate duplicate" {
		t.Error(got)
	}
	alarms(a, "audit_behind 9") // once
	if got := said(send(t, db, a, headOf(t, a, 12, hash("f")))); got != " stored" {
		t.Error(got)
	}
	if got := said(send(t, db, a, headOf(t, a, 20, hash("0")))); !strings.HasPrefix(got, " conflict") {
		t.Error(got)
	}
	alarms(a, "audit_behind 9, audit_behind 12, audit_changed 20")
	if n := one[int64](t, db, "SELECT (detail ->> 'known')::bigint FROM alarms WHERE kind = 'audit_behind' ORDER BY id LIMIT 1"); n != 20 {
		t.Errorf("known up to %d", n)
	}
	alarms(b, "")
}
