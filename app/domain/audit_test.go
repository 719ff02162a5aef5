package domain

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

func auditEntry() AuditEntry {
	return AuditEntry{
		Seq: 7, DeviceID: "d", At: time.UnixMicro(1_700_000_000_000_001), Actor: "a", Role: RoleAdmin, Action: "did",
		Target: AuditTarget{"person", "p"}, Detail: map[string]string{"k": "v", "l": "w"}, Prev: AuditHash{1},
	}
}

// Whatever is changed in an entry, its sum is another.
func TestAuditSum(t *testing.T) {
	changes := map[string]func(*AuditEntry){
		"nothing":   func(*AuditEntry) {},
		"hash":      func(e *AuditEntry) { e.Hash[0]++ }, // which is no part of itself
		"seq":       func(e *AuditEntry) { e.Seq++ },
		"device":    func(e *AuditEntry) { e.DeviceID = "e" },
		"at":        func(e *AuditEntry) { e.At = e.At.Add(time.Microsecond) },
		"actor":     func(e *AuditEntry) { e.Actor = "b" },
		"role":      func(e *AuditEntry) { e.Role = RoleStaff },
		"action":    func(e *AuditEntry) { e.Action = "done" },
		"kind":      func(e *AuditEntry) { e.Target.Kind = "badge" },
		"target":    func(e *AuditEntry) { e.Target.ID = "q" },
		"moved":     func(e *AuditEntry) { e.Target = AuditTarget{"personp", ""} },
		"value":     func(e *AuditEntry) { e.Detail["k"] = "w" },
		"key":       func(e *AuditEntry) { delete(e.Detail, "k"); e.Detail["j"] = "v" },
		"no detail": func(e *AuditEntry) { e.Detail = nil },
		"run on":    func(e *AuditEntry) { e.Detail = map[string]string{"k": "v1l", "1w": ""} },
		"prev":      func(e *AuditEntry) { e.Prev[31]++ },
	}
	sums := make(map[AuditHash]string)
	for name, change := range changes {
		e := auditEntry()
		change(&e)
		if name == "hash" {
			if e.Sum() != auditEntry().Sum() {
				t.Error("the hash is in its own sum")
			}
			continue
		}
		if other, ok := sums[e.Sum()]; ok {
			t.Errorf("%s and %s have one sum", name, other)
		}
		sums[e.Sum()] = name
	}
	// A chain that was written must verify for ever: this sum may not change.
	if got, want := auditEntry().Sum().String(), "30653dc22ac0fd7085faed58b751dd7b4a2df577a12e69c25a36f0acae2cb602"; got != want {
		t.Errorf("sum %s, want %s", got, want)
	}
}

func TestAuditCheck(t *testing.T) {
	many := make(map[string]string)
	for n := range MaxAuditDetail + 1 {
		many[fmt.Sprint("k", n)] = ""
	}
	for name, tt := range map[string]struct {
		spoil func(*AuditEntry)
		ok    bool
	}{
		"as it is":  {func(*AuditEntry) {}, true},
		"no detail": {func(e *AuditEntry) { e.Detail, e.Target, e.Role = nil, AuditTarget{}, "" }, true},
		"long":      {func(e *AuditEntry) { e.Detail["k"] = strings.Repeat("x", MaxAuditLabel) }, true},
		"no actor":  {func(e *AuditEntry) { e.Actor = "" }, false},
		"no action": {func(e *AuditEntry) { e.Action = "" }, false},
		"too long":  {func(e *AuditEntry) { e.Detail["k"] = strings.Repeat("x", MaxAuditLabel+1) }, false},
		"a name":    {func(e *AuditEntry) { e.Detail["k"] = "Ana Ruiz" }, false},
		"an e-mail": {func(e *AuditEntry) { e.Target.ID = "ana@example.org" }, false},
		"an accent": {func(e *AuditEntry) { e.Actor = "Núria" }, false},
		"not text":  {func(e *AuditEntry) { e.Action = "\xff" }, false},
		"odd key":   {func(e *AuditEntry) { e.Detail["a b"] = "v" }, false},
		"no key":    {func(e *AuditEntry) { e.Detail[""] = "v" }, false},
		"too many":  {func(e *AuditEntry) { e.Detail = many }, false},
	} {
		e := auditEntry()
		tt.spoil(&e)
		if err := e.Check(); (err == nil) != tt.ok || err != nil && !errors.Is(err, ErrAudit) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestActorOf(t *testing.T) {
	if a := ActorOf(t.Context()); a != (Actor{ID: ActorSystem}) {
		t.Errorf("nobody: %+v", a)
	}
	want := StaffActor(Staff{ID: "x", Role: RoleAuditor})
	if a := ActorOf(WithActor(t.Context(), want)); a != want {
		t.Errorf("got %+v", a)
	}
	if a := ActorOf(WithActor(t.Context(), Actor{Role: RoleAdmin})); a != (Actor{ID: ActorSystem}) {
		t.Errorf("a role of nobody: %+v", a)
	}
}

func TestAuditJSON(t *testing.T) {
	b, err := json.Marshal(auditEntry())
	if err != nil || !strings.Contains(string(b), `"prev":"01`+strings.Repeat("00", 31)+`"`) {
		t.Errorf("%s, %v", b, err)
	}
	var e AuditEntry
	if err := json.Unmarshal(b, &e); err != nil || e.Sum() != auditEntry().Sum() {
		t.Errorf("%+v, %v", e, err)
	}
	for _, bad := range []string{`""`, `"01"`, `"` + strings.Repeat("zz", 32) + `"`} {
		if err := json.Unmarshal([]byte(bad), new(AuditHash)); !errors.Is(err, ErrAudit) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}
