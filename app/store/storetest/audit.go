package storetest

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"agentid/app/domain"
)

func auditComesBack(t *testing.T, f *fixture) {
	if r, err := f.VerifyAudit(t.Context()); err != nil || !r.Sound() || r.Entries != 0 {
		t.Errorf("empty: %+v, %v", r, err)
	}
	ctx := domain.WithActor(t.Context(), domain.StaffActor(Staff(3)))
	first, err := f.AppendAudit(ctx, domain.AuditEntry{
		Action: domain.AuditExported, Target: domain.AuditTarget{Kind: domain.TargetEvent},
		Detail: map[string]string{"rows": "17", "kind": "validation"}, Seq: 99, DeviceID: "another", Hash: domain.AuditHash{1},
	})
	must(t, err)
	want := domain.AuditEntry{
		Seq: 1, DeviceID: first.DeviceID, At: Start, Actor: string(Staff(3).ID), Role: domain.RoleStaff,
		Action: domain.AuditExported, Target: domain.AuditTarget{Kind: domain.TargetEvent},
		Detail: map[string]string{"rows": "17", "kind": "validation"}, Hash: first.Sum(),
	}
	if !reflect.DeepEqual(first, want) || first.DeviceID == "another" {
		t.Errorf("appended %+v, want %+v", first, want)
	}
	// One who is named is not taken for the context's.
	second, err := f.AppendAudit(ctx, domain.AuditEntry{Actor: domain.ActorVisitor, Action: domain.AuditRefused, At: Start.Add(-time.Hour)})
	if must(t, err); second.Prev != first.Hash || second.Role != "" || second.Seq != 2 || !second.At.Equal(Start.Add(-time.Hour)) {
		t.Errorf("second %+v", second)
	}
	f.Subject = f.reopen()
	third, err := f.AppendAudit(t.Context(), domain.AuditEntry{Action: domain.AuditKioskLeft})
	if must(t, err); third.Prev != second.Hash || third.Actor != domain.ActorSystem {
		t.Errorf("after a restart: %+v", third)
	}
	list, err := f.Audit(t.Context(), domain.AuditFilter{}, 0, 10)
	if must(t, err); !reflect.DeepEqual(list, []domain.AuditEntry{third, second, first}) {
		t.Errorf("list %+v", list)
	}
	r, err := f.VerifyAudit(t.Context())
	if must(t, err); !r.Sound() || r.Entries != 3 || r.Seq != 3 || r.Hash != third.Hash {
		t.Errorf("report %+v", r)
	}
}

func auditRefused(t *testing.T, f *fixture) {
	for name, e := range map[string]domain.AuditEntry{
		"no action": {},
		"a name":    {Action: domain.AuditViewed, Target: domain.AuditTarget{Kind: "person", ID: "Ana Ruiz"}},
		"a text":    {Action: domain.AuditViewed, Detail: map[string]string{"note": "she said so"}},
		"a token":   {Action: domain.AuditViewed, Detail: map[string]string{"token": strings.Repeat("A", 65)}},
		"no year":   {Action: domain.AuditViewed, At: Start.AddDate(10_000, 0, 0)},
	} {
		if got, err := f.AppendAudit(t.Context(), e); !errors.Is(err, domain.ErrRefused) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	if r, err := f.VerifyAudit(t.Context()); err != nil || r.Entries != 0 || !r.Sound() {
		t.Errorf("%+v, %v", r, err)
	}
}

func auditPages(t *testing.T, f *fixture) {
	const total = 60
	var wg sync.WaitGroup
	for n := range total { // at once: the chain has one end
		wg.Go(func() {
			e := domain.AuditEntry{
				Actor: string(Staff(n % 3).ID), Action: domain.AuditViewed,
				Target: domain.AuditTarget{Kind: domain.TargetPerson, ID: ID(n % 5)}, At: Start.Add(time.Duration(n) * time.Minute),
			}
			if n%2 == 0 {
				e.Action = domain.AuditExported
			}
			if _, err := f.AppendAudit(t.Context(), e); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, tt := range []struct {
		filter domain.AuditFilter
		want   int
	}{
		{domain.AuditFilter{}, 60},
		{domain.AuditFilter{Actor: string(Staff(1).ID)}, 20},
		{domain.AuditFilter{Action: domain.AuditExported}, 30},
		{domain.AuditFilter{Target: domain.AuditTarget{Kind: domain.TargetPerson}}, 60},
		{domain.AuditFilter{Target: domain.AuditTarget{Kind: domain.TargetPerson, ID: ID(4)}}, 12},
		{domain.AuditFilter{Target: domain.AuditTarget{Kind: domain.TargetStaff, ID: ID(4)}}, 0},
		{domain.AuditFilter{From: Start.Add(10 * time.Minute), To: Start.Add(20 * time.Minute)}, 10},
		{domain.AuditFilter{Action: domain.AuditExported, Actor: string(Staff(0).ID), Target: domain.AuditTarget{Kind: "person", ID: ID(0)}}, 2},
	} {
		var before, last uint64
		n := 0
		for last = total + 1; ; {
			page, err := f.Audit(t.Context(), tt.filter, before, 7)
			must(t, err)
			for _, e := range page {
				if e.Seq >= last {
					t.Fatalf("%+v: seq %d after %d", tt.filter, e.Seq, last)
				}
				last = e.Seq
				n++
			}
			if len(page) < 7 {
				break
			}
			before = last
		}
		if n != tt.want {
			t.Errorf("%s: %d entries, want %d", fmt.Sprintf("%+v", tt.filter), n, tt.want)
		}
	}
	if r, err := f.VerifyAudit(t.Context()); err != nil || !r.Sound() || r.Entries != total {
		t.Errorf("%+v, %v", r, err)
	}
}
