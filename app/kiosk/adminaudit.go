package kiosk

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"agentid/app/domain"
)

var auditDeeds = map[string]deed{
	"audit.verify": {by: readers, do: auditVerify},
	"audit.export": {by: readers, do: auditExport},
}

// auditActions are those that one looks for.
var auditActions = []domain.AuditAction{
	domain.AuditSignedIn, domain.AuditSignInFailed, domain.AuditNotAllowed, domain.AuditViewed, domain.AuditCorrected,
	domain.AuditConfirmed, domain.AuditErased, domain.AuditBadgeIssued, domain.AuditBadgeRevoked, domain.AuditStaffAdded,
	domain.AuditStaffRole, domain.AuditStaffClosed, domain.AuditConfigChanged, domain.AuditCameraChanged, domain.AuditSearched, domain.AuditOffline, domain.AuditFAQChanged,
	domain.AuditCaseChanged, domain.AuditRequeued, domain.AuditExported, domain.AuditKioskLeft,
}

// maxActors bounds the accounts that the filter offers.
const maxActors = 30

// auditFilter is what the page's filters choose.
func (c call) auditFilter() domain.AuditFilter {
	return domain.AuditFilter{
		Actor: c.at.filter["actor"], Action: domain.AuditAction(c.at.filter["action"]), From: since(c.at.filter["period"], c.clock.Now()),
	}
}

// showAudit lists who did what, and shows one entry.
func showAudit(ctx context.Context, c call) (leaf, error) {
	who, list, err := c.actors(ctx)
	if err != nil {
		return leaf{}, err
	}
	if c.at.row != "" {
		d, err := c.auditDetail(ctx, who)
		return leaf{detail: d}, err
	}
	entries, err := c.ports.Audit.Audit(ctx, c.auditFilter(), seqOf(c.at.cursor()), c.rows+1)
	if err != nil {
		return leaf{}, err
	}
	t := &Table{
		Columns: []Column{
			right(column("seq", 1)), column("at", 3), column("actor", 3), column("action", 4), minor(column("target", 3)), minor(column("detail", 4)),
		},
		Empty: words("empty.audit"), Total: -1,
		Do: []AdminButton{
			{ID: "audit.verify", Label: words("do.audit_verify"), Icon: "check", Main: true},
			{ID: "audit.export", Label: words("do.export"), Icon: "download"},
		},
	}
	actions := []string{""}
	for _, a := range auditActions {
		actions = append(actions, string(a))
	}
	action := choice("action", c.at.filter["action"], actions...)
	for i, a := range actions[1:] {
		action.Options[i+1].Label = words("action." + a)
	}
	actor := choice("actor", c.at.filter["actor"], "", domain.ActorSystem, domain.ActorVisitor, domain.ActorCentre)
	for _, s := range list[:min(len(list), maxActors)] {
		actor.Options = append(actor.Options, Option{Value: string(s.ID), Label: plain(s.Login)})
	}
	t.Filters = []Choice{action, actor, choice("period", c.at.filter["period"], "", "today", "week", "month")}
	var next string
	if len(entries) > c.rows {
		entries = entries[:c.rows]
		next = cursorOf(entries[c.rows-1].Seq)
	}
	for _, e := range entries {
		t.Rows = append(t.Rows, Row{ID: cursorOf(e.Seq), Cells: []Cell{
			cellCount(int(e.Seq)), cellTime(e.At), cellWords(who.of(e.Actor)), actionCell(e.Action), targetCell(e.Target, who), cellText(detailText(e.Detail)),
		}})
	}
	t.From, t.To = c.at.from+min(1, len(t.Rows)), c.at.from+len(t.Rows)
	return leaf{table: t, next: next}, nil
}

// actorNames are what accounts are called.
type actorNames map[string]string

// actors are the accounts of staff, by id, the newest first in the list.
func (c call) actors(ctx context.Context) (actorNames, []domain.Staff, error) {
	list, err := c.flows.Staff.Staff(ctx)
	if err != nil {
		return nil, nil, err
	}
	names := actorNames{}
	for _, s := range list {
		names[string(s.ID)] = s.Login
	}
	slices.Reverse(list)
	return names, list, nil
}

// of names whoever acted.
func (n actorNames) of(id string) Words {
	switch id {
	case domain.ActorSystem, domain.ActorVisitor, domain.ActorCentre:
		return words("filter_actor." + id)
	}
	if login, ok := n[id]; ok {
		return plain(login)
	}
	return plain(short(id))
}

// actionTone marks what is worth a look.
func actionCell(a domain.AuditAction) Cell {
	c := cellKey("action." + string(a))
	switch a {
	case domain.AuditSignInFailed, domain.AuditNotAllowed:
		c.Tone = ToneStop
	case domain.AuditErased, domain.AuditStaffClosed, domain.AuditKioskLeft, domain.AuditConfigChanged, domain.AuditExported:
		c.Tone = ToneWarn
	}
	return c
}

func targetCell(t domain.AuditTarget, who actorNames) Cell {
	switch {
	case t.Kind == "":
		return cellText("")
	case t.ID == "":
		return cellKey("target." + t.Kind)
	case t.Kind == domain.TargetStaff:
		return cellWords(who.of(t.ID))
	}
	return cellWords(words("target_one."+t.Kind, "ID", short(t.ID)))
}

// detailText writes details as they are: labels.
func detailText(d map[string]string) string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(d)) {
		parts = append(parts, k+"="+d[k])
	}
	return strings.Join(parts, " ")
}

func (c call) auditDetail(ctx context.Context, who actorNames) (*Detail, error) {
	seq := seqOf(c.at.row)
	list, err := c.ports.Audit.Audit(ctx, domain.AuditFilter{}, seq+1, 1)
	if err != nil {
		return nil, err
	}
	if seq == 0 || len(list) == 0 || list[0].Seq != seq {
		return nil, domain.ErrNotFound
	}
	e := list[0]
	d := &Detail{ID: c.at.row, Title: words("action." + string(e.Action)), Fields: []DetailField{
		field("seq", cellCount(int(e.Seq))), field("at", cellTime(e.At)), field("actor", cellWords(who.of(e.Actor))),
	}}
	if e.Role != "" {
		d.Fields = append(d.Fields, field("role", cellKey("role."+string(e.Role))))
	}
	if e.Target.Kind != "" {
		d.Fields = append(d.Fields, field("target", targetCell(e.Target, who)), field("target_id", cellText(e.Target.ID)))
	}
	for _, k := range slices.Sorted(maps.Keys(e.Detail)) {
		d.Fields = append(d.Fields, DetailField{Label: plain(k), Value: cellText(e.Detail[k])})
	}
	d.Fields = append(d.Fields, field("prev_sum", cellText(e.Prev.String())), field("sum", cellText(e.Hash.String())))
	return d, nil
}

// auditVerify reads the whole chain, and says what is wrong with it.
func auditVerify(ctx context.Context, c call) (outcome, error) {
	started := c.clock.Now()
	r, err := c.ports.Audit.VerifyAudit(ctx)
	if err != nil {
		return outcome{}, err
	}
	d := &Detail{Title: words("report.audit"), Fields: []DetailField{
		field("entries", cellCount(int(r.Entries))), field("last", cellCount(int(r.Seq))), field("sum", cellText(r.Hash.String())),
		field("took", Cell{Kind: CellNumber, Number: c.clock.Now().Sub(started).Seconds(), Digits: 1}),
	}}
	if r.Sound() {
		out := said("said.audit_sound", "Count", strconv.FormatInt(r.Entries, 10))
		out.detail = d
		return out, nil
	}
	t := Table{Columns: []Column{right(column("seq", 1)), column("fault", 5)}, Total: int(r.Faults), From: 1, To: len(r.First)}
	for _, p := range r.First {
		t.Rows = append(t.Rows, Row{Cells: []Cell{cellCount(int(p.Seq)), toned(cellKey("fault."+string(p.Fault)), ToneStop)}})
	}
	d.Tables = []Table{t}
	out := said("said.audit_broken", "Count", strconv.FormatInt(r.Faults, 10))
	out.tone, out.detail = ToneStop, d
	return out, nil
}

func auditExport(ctx context.Context, c call) (outcome, error) {
	heading := []string{"seq", "at", "actor", "role", "action", "target_kind", "target_id", "detail", "prev", "hash"}
	filter := c.auditFilter()
	return c.export(ctx, "audit", heading, func(f *csvFile) error {
		var before uint64
		for n := 0; n < maxExport; {
			list, err := c.ports.Audit.Audit(ctx, filter, before, domain.MaxPage)
			if err != nil {
				return err
			}
			for _, e := range list {
				f.row(cursorOf(e.Seq), e.At.UTC().Format(time.RFC3339Nano), e.Actor, string(e.Role), string(e.Action),
					e.Target.Kind, e.Target.ID, detailText(e.Detail), e.Prev.String(), e.Hash.String())
				before = e.Seq
			}
			if n += len(list); len(list) < domain.MaxPage {
				return nil
			}
		}
		return nil
	})
}
