package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"agentid/app/domain"
	"agentid/app/store/storetest"
)

// auditFaults tells what is found, as "fault@seq", or fails.
func auditFaults(t *testing.T, s *Store) (list []string) {
	t.Helper()
	r, err := s.VerifyAudit(t.Context())
	must(t, err)
	for _, p := range r.First {
		list = append(list, fmt.Sprintf("%s@%d", p.Fault, p.Seq))
	}
	if int64(len(list)) != r.Faults || r.Sound() != (list == nil) {
		t.Errorf("report %+v", r)
	}
	return list
}

// audited makes a store with n entries.
func audited(t *testing.T, n int) *Store {
	t.Helper()
	s, clock := newTest(t)
	ctx := domain.WithActor(t.Context(), domain.StaffActor(storetest.Staff(1)))
	for i := range n {
		_, err := s.AppendAudit(ctx, domain.AuditEntry{
			Action: domain.AuditExported, Target: domain.AuditTarget{Kind: "event", ID: storetest.ID(i)},
			Detail: map[string]string{"rows": fmt.Sprint(i), "kind": "all"},
		})
		must(t, err)
		clock.Advance(time.Second)
	}
	return s
}

// open lets raw SQL at the log, as it lets whoever has the file.
const openAudit = "DROP TRIGGER audit_not_edited; DROP TRIGGER audit_not_removed; DROP TRIGGER audit_at_its_end; "

// rehash is what a forger does who knows how the chain is made.
func rehash(t *testing.T, s *Store) {
	t.Helper()
	var list []domain.AuditEntry
	must(t, s.eachAudit(t.Context(), s.r, "ORDER BY seq", nil, func(e domain.AuditEntry, err error) error {
		list = append(list, e)
		return err
	}))
	var prev domain.AuditHash
	for _, e := range list {
		e.Prev = prev
		e.Hash = e.Sum()
		prev = e.Hash
		_, err := s.w.Exec("UPDATE audit SET prev = ?, hash = ? WHERE seq = ?", e.Prev[:], e.Hash[:], e.Seq)
		must(t, err)
	}
}

// Whatever is done to the file, the audit says so.
func TestAuditFindsForgery(t *testing.T) {
	const swap = `CREATE TEMP TABLE x AS SELECT * FROM audit WHERE seq IN (4, 5);
		DELETE FROM audit WHERE seq IN (4, 5);
		INSERT INTO audit SELECT 9 - seq, at, actor, role, action, target_kind, target, detail, %s FROM x o`
	for name, tt := range map[string]struct {
		sql    string
		rehash bool
		want   []string
	}{
		"nothing":         {"SELECT 1", false, nil},
		"actor":           {"UPDATE audit SET actor = 'visitor' WHERE seq = 3", false, []string{"edited@3"}},
		"role":            {"UPDATE audit SET role = 'auditor' WHERE seq = 3", false, []string{"edited@3"}},
		"action":          {"UPDATE audit SET action = 'viewed' WHERE seq = 3", false, []string{"edited@3"}},
		"target":          {"UPDATE audit SET target = 'x' WHERE seq = 1", false, []string{"edited@1"}},
		"kind":            {"UPDATE audit SET target_kind = 'staff' WHERE seq = 8", false, []string{"edited@8"}},
		"time":            {"UPDATE audit SET at = at + 1 WHERE seq = 2", false, []string{"edited@2"}},
		"detail":          {`UPDATE audit SET detail = replace(detail, 'all', 'one') WHERE seq = 3`, false, []string{"edited@3"}},
		"same detail":     {`UPDATE audit SET detail = detail || ' ' WHERE seq = 3`, false, []string{"edited@3"}},
		"key twice":       {`UPDATE audit SET detail = '{"rows":"9",' || substr(detail, 2) WHERE seq = 3`, false, []string{"edited@3"}},
		"no json":         {`UPDATE audit SET detail = '{' WHERE seq = 3`, false, []string{"edited@3"}},
		"hash":            {"UPDATE audit SET hash = zeroblob(32) WHERE seq = 3", false, []string{"edited@3", "unlinked@4"}},
		"prev":            {"UPDATE audit SET prev = zeroblob(32) WHERE seq = 3", false, []string{"edited@3"}},
		"all edited":      {"UPDATE audit SET actor = 'system'", false, []string{"edited@1", "edited@2", "edited@3", "edited@4", "edited@5", "edited@6", "edited@7", "edited@8"}},
		"edit, rehashed":  {"UPDATE audit SET actor = 'visitor' WHERE seq = 3", true, []string{"tail@8"}},
		"removed":         {"DELETE FROM audit WHERE seq = 4", false, []string{"missing@5"}},
		"first removed":   {"DELETE FROM audit WHERE seq = 1", false, []string{"missing@2"}},
		"some removed":    {"DELETE FROM audit WHERE seq IN (3, 4, 6)", false, []string{"missing@5", "missing@7"}},
		"removed, closed": {"DELETE FROM audit WHERE seq = 4; UPDATE audit SET seq = seq - 1 WHERE seq > 4", true, []string{"tail@8"}},
		"tail removed":    {"DELETE FROM audit WHERE seq > 6", false, []string{"tail@8"}},
		"last removed":    {"DELETE FROM audit WHERE seq = 8", false, []string{"tail@8"}},
		"all removed":     {"DELETE FROM audit", false, []string{"tail@8"}},
		"tail and head": {`DELETE FROM audit WHERE seq > 6;
			UPDATE audit_head SET seq = 6, hash = (SELECT hash FROM audit WHERE seq = 6)`, false, []string{"head@6"}},
		"rehashed with head": {"UPDATE audit SET actor = 'visitor' WHERE seq = 8; UPDATE audit_head SET seq = 8", true, []string{"tail@8"}},
		"head removed":       {"DELETE FROM audit_head", false, []string{"head@0"}},
		"all and head":       {"DELETE FROM audit; DELETE FROM audit_head", false, []string{"head@0"}},
		"head's mac":         {"UPDATE audit_head SET mac = zeroblob(32)", false, []string{"head@8"}},
		"head's break":       {"UPDATE audit_head SET broken = 2", false, []string{"head@8"}},
		"head too long":      {"UPDATE audit_head SET hash = zeroblob(33)", false, []string{"head@0"}},
		"reordered":          {fmt.Sprintf(swap, "prev, hash"), false, []string{"edited@4", "edited@5", "unlinked@6"}},
		"reordered, its hash kept": {
			fmt.Sprintf(swap, "(SELECT prev FROM x p WHERE p.seq = 9 - o.seq), (SELECT hash FROM x p WHERE p.seq = 9 - o.seq)"),
			false, []string{"edited@4", "edited@5"}},
		"reordered, rehashed": {fmt.Sprintf(swap, "prev, hash"), true, []string{"tail@8"}},
		"one put in":          {"INSERT INTO audit SELECT 9, at, actor, role, action, target_kind, target, detail, prev, hash FROM audit WHERE seq = 8", true, []string{"tail@8"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := audited(t, 8)
			mustExec(t, s, openAudit+tt.sql)
			if tt.rehash {
				rehash(t, s)
			}
			if got := auditFaults(t, s); !slices.Equal(got, tt.want) {
				t.Fatalf("found %q, want %q", got, tt.want)
			}
			// What is appended and done afterwards covers nothing up, nor does a
			// restart or another key.
			for range 3 {
				_, err := s.AppendAudit(t.Context(), domain.AuditEntry{Action: domain.AuditViewed})
				must(t, err)
			}
			must(t, s.RotateMasterKey(t.Context(), GenerateMasterKey()))
			must(t, s.RotateMasterKey(t.Context(), testKey(t)))
			must(t, s.Close())
			s = openTest(t, s.dir, nil)
			if got := auditFaults(t, s); (got == nil) != (tt.want == nil) {
				t.Errorf("afterwards found %q", got)
			}
		})
	}
}

// While the store guards it, nothing but an append gets through.
func TestAuditIsAppendOnly(t *testing.T) {
	s := audited(t, 3)
	for _, raw := range []string{
		"UPDATE audit SET actor = 'x' WHERE seq = 2", "DELETE FROM audit WHERE seq = 3", "DELETE FROM audit",
		"INSERT OR REPLACE INTO audit SELECT * FROM audit WHERE seq = 2",
		"INSERT INTO audit SELECT 0, at, actor, role, action, target_kind, target, detail, prev, hash FROM audit WHERE seq = 2",
		"UPDATE OR REPLACE audit SET seq = 1 WHERE seq = 2",
	} {
		if _, err := s.w.Exec(raw); err == nil {
			t.Errorf("%s: went through", raw)
		}
	}
	if got := auditFaults(t, s); got != nil {
		t.Errorf("found %q", got)
	}
}

func lastEntry(t *testing.T, s *Store) domain.AuditEntry {
	t.Helper()
	list, err := s.Audit(t.Context(), domain.AuditFilter{}, 0, 1)
	must(t, err)
	if len(list) == 0 {
		return domain.AuditEntry{}
	}
	return list[0]
}

// What cannot be audited is not done.
func TestUnauditedIsUndone(t *testing.T) {
	s, _ := newTest(t)
	must(t, s.Enrol(t.Context(), storetest.Enrolment(1)))
	mustExec(t, s, "CREATE TEMP TRIGGER full BEFORE INSERT ON main.audit BEGIN SELECT raise(ABORT, 'no room'); END")
	p := storetest.Person(1).ID
	for name, do := range map[string]func() error{
		"enrol":  func() error { return s.Enrol(t.Context(), storetest.Enrolment(2)) },
		"pin":    func() error { return s.SetPIN(t.Context(), p, "802751") },
		"revoke": func() error { return s.RevokeBadge(t.Context(), storetest.Badge(1, 0).ID, "x", time.Time{}) },
		"erase":  func() error { return eraseOne(s, p) },
		"staff":  func() error { return s.AddStaff(t.Context(), storetest.Staff(1), storetest.PIN) },
		"rotate": func() error { return s.RotateMasterKey(t.Context(), GenerateMasterKey()) },
	} {
		if err := do(); err == nil || !strings.Contains(err.Error(), "no room") {
			t.Errorf("%s: %v", name, err)
		}
	}
	mustExec(t, s, "DROP TRIGGER temp.full")
	must(t, s.CheckPIN(t.Context(), p, storetest.PIN))
	b, err := s.Badge(t.Context(), storetest.Badge(1, 0).ID)
	if must(t, err); !b.RevokedAt.IsZero() {
		t.Error("revoked")
	}
	if staff, err := s.Staff(t.Context()); len(staff) != 0 || err != nil {
		t.Errorf("staff %+v, %v", staff, err)
	}
	must(t, s.Close())
	openTest(t, s.dir, nil) // with the key of before
}

// A database of before has an audit from its first opening on, and who then
// empties it cannot have it begun anew.
func TestAuditBegins(t *testing.T) {
	dir := fixture(t, "testdata/schema4.sql")
	s := openTest(t, dir, nil)
	if got := auditFaults(t, s); got != nil {
		t.Errorf("found %q", got)
	}
	must(t, s.SetPIN(t.Context(), storetest.Person(1).ID, "802751"))
	if e := lastEntry(t, s); e.Seq != 1 {
		t.Errorf("first entry %+v", e)
	}
	mustExec(t, s, openAudit+"DELETE FROM audit; DELETE FROM audit_head")
	must(t, s.Close())
	s = openTest(t, dir, nil)
	if got := auditFaults(t, s); !slices.Equal(got, []string{"head@0"}) {
		t.Errorf("found %q", got)
	}
	must(t, s.CheckPIN(t.Context(), storetest.Person(1).ID, "802751"))
}

// Two processes append to one chain.
func TestTwoStoresOneAudit(t *testing.T) {
	a := audited(t, 2)
	b := openTest(t, a.dir, nil)
	for n := range 10 {
		s := a
		if n%2 == 0 {
			s = b
		}
		_, err := s.AppendAudit(t.Context(), domain.AuditEntry{Action: domain.AuditViewed})
		must(t, err)
	}
	if got := auditFaults(t, b); got != nil {
		t.Errorf("found %q", got)
	}
	must(t, a.RotateMasterKey(t.Context(), GenerateMasterKey()))
	_, err := b.AppendAudit(t.Context(), domain.AuditEntry{Action: domain.AuditViewed})
	wantErr(t, err, ErrWrongKey)
	_, err = b.VerifyAudit(t.Context())
	wantErr(t, err, ErrWrongKey)
	if got := auditFaults(t, a); got != nil {
		t.Errorf("found %q", got)
	}
}

func FuzzDecodeDetail(f *testing.F) {
	for _, s := range []string{"{}", `{"a":"b"}`, `{"a":"b","a":"c"}`, `{"a":1}`, "[]", "null", `{"b":"","a":""}`, `{"\u0061":"b"}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := decodeDetail(text)
		if err != nil {
			return
		}
		if again, err := encodeDetail(d); err != nil || again != text {
			t.Errorf("%q is taken, and written as %q, %v", text, again, err)
		}
	})
}

func BenchmarkAudit(b *testing.B) {
	const entries = 100_000
	s, _ := newTest(b)
	must(b, transact(b.Context(), s.w, func(tx *sql.Tx) error {
		for n := range entries {
			e := domain.AuditEntry{
				Actor: storetest.ID(n % 20), Action: domain.AuditExported, Target: domain.AuditTarget{Kind: "person", ID: storetest.ID(n % 5000)},
				Detail: map[string]string{"rows": "17"},
			}
			if _, err := s.appendAudit(context.Background(), tx, e); err != nil {
				return err
			}
		}
		return nil
	}))
	b.Run("append", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.AppendAudit(b.Context(), domain.AuditEntry{Action: domain.AuditViewed}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("page-by-target", func(b *testing.B) {
		f := domain.AuditFilter{Target: domain.AuditTarget{Kind: "person", ID: storetest.ID(77)}}
		for b.Loop() {
			if list, err := s.Audit(b.Context(), f, entries/2, 10); len(list) != 10 || err != nil {
				b.Fatal(len(list), err)
			}
		}
	})
	b.Run("verify", func(b *testing.B) {
		for b.Loop() {
			if r, err := s.VerifyAudit(b.Context()); err != nil || !r.Sound() || r.Entries < entries {
				b.Fatalf("%+v, %v", r, err)
			}
		}
	})
}
