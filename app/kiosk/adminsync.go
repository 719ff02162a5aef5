package kiosk

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"agentid/app/domain"
)

var syncDeeds = map[string]deed{
	"sync.retry":   {by: admins, about: domain.TargetOutbox, do: retryNotice},
	"sync.offline": {by: admins, about: domain.TargetDevice, do: switchSync},
}

// maxDead bounds the dead letters that are listed.
const maxDead = 500

// showSync shows how the sync stands, and what the centre refused.
func showSync(ctx context.Context, c call) (leaf, error) {
	if c.ports.Sync == nil {
		return leaf{}, errNotHere
	}
	s, err := c.ports.Sync.Sync(ctx)
	if err != nil {
		return leaf{}, err
	}
	dead, err := c.ports.Sync.Dead(ctx, maxDead)
	if err != nil {
		return leaf{}, err
	}
	if c.at.row != "" {
		d, err := deadDetail(c.at.row, dead)
		return leaf{detail: d}, err
	}
	l := leaf{figures: []Figure{
		figure("sync", syncState(s)), figure("pending", cellCount(s.Waiting.Notices)), figure("pictures", cellCount(s.Waiting.Pictures)),
		figure("oldest", cellAge(s.Waiting.Oldest)), figure("last_success", cellAge(s.LastSuccess)), figure("dead", failedCell(s.Waiting.Dead)),
	}}
	if s.LastError != "" {
		l.figures = append(l.figures, figure("last_error", toned(cellText(s.LastError), ToneWarn)))
	}
	if !s.RetryAt.IsZero() {
		l.figures = append(l.figures, figure("retry_at", cellTime(s.RetryAt)))
	}
	if off := s.Skew.Abs().Seconds(); off > 1 {
		cell := Cell{Kind: CellNumber, Number: s.Skew.Seconds()}
		if off > 60 {
			cell.Tone = ToneStop
		}
		l.figures = append(l.figures, figure("skew", cell))
	}
	l.table = &Table{
		Columns: []Column{column("dead", 3), column("target", 3), column("since", 3), right(minor(column("attempts", 2))), column("why", 6)},
		Empty:   words("empty.dead"),
	}
	l.table.Filters = []Choice{choice("sync_list", cmp.Or(c.at.filter["sync_list"], "dead"), "dead", "notes")}
	if s.Switch {
		label := "do.offline"
		if s.Offline {
			label = "do.online"
		}
		l.table.Do = append(l.table.Do, AdminButton{ID: "sync.offline", Label: words(label), Icon: "retry"})
	}
	if c.at.filter["sync_list"] == "notes" {
		l.table.Columns, l.table.Empty = []Column{column("what", 1)}, words("empty.sync_notes")
		newest := slices.Clone(s.Notes)
		slices.Reverse(newest)
		l.next = paged(c, l.table, newest, func(n string) Row { return Row{Cells: []Cell{cellText(n)}} })
		return l, nil
	}
	l.next = paged(c, l.table, dead, func(d domain.DeadNotice) Row {
		return Row{ID: noticeID(d.Key), Cells: []Cell{
			cellKey("notice." + string(d.Key.Kind)), cellText(short(d.Ref)), cellTime(d.Since), cellCount(d.Attempts), cellText(d.Why),
		}}
	})
	return l, nil
}

func syncState(s SyncInfo) Cell {
	c := cellKey("sync_state." + s.State)
	switch {
	case s.Offline:
		return toned(cellKey("sync_state.held"), ToneWarn)
	case s.State == "online":
		c.Tone = ToneOK
	case s.State == "offline", s.State == "connecting":
		c.Tone = ToneWarn
	case s.State != "not_configured":
		c.Tone = ToneStop
	}
	return c
}

// noticeID and noticeKey write a notice as a row: kind/row/version.
func noticeID(k domain.NoticeKey) string {
	return fmt.Sprintf("%s/%d/%d", k.Kind, k.Row, k.Version)
}

func noticeKey(id string) (domain.NoticeKey, error) {
	parts := strings.Split(id, "/")
	if len(parts) != 3 {
		return domain.NoticeKey{}, domain.ErrNotFound
	}
	row, err := strconv.ParseInt(parts[1], 10, 64)
	version, verr := strconv.ParseInt(parts[2], 10, 64)
	if err != nil || verr != nil {
		return domain.NoticeKey{}, domain.ErrNotFound
	}
	return domain.NoticeKey{Kind: domain.NoticeKind(parts[0]), Row: row, Version: version}, nil
}

func deadDetail(id string, dead []domain.DeadNotice) (*Detail, error) {
	for _, d := range dead {
		if noticeID(d.Key) != id {
			continue
		}
		out := &Detail{ID: id, Title: words("notice." + string(d.Key.Kind)), Fields: []DetailField{
			field("target_id", cellText(d.Ref)), field("since", cellTime(d.Since)), field("attempts", cellCount(d.Attempts)), field("why", cellText(d.Why)),
		}}
		out.Do = []AdminButton{{ID: "sync.retry", Label: words("do.retry"), Icon: "retry", Main: true}}
		return out, nil
	}
	return nil, domain.ErrNotFound
}

// retryNotice has a dead letter told again; the store audits it.
func retryNotice(ctx context.Context, c call) (outcome, error) {
	if c.ports.Sync == nil {
		return outcome{}, errNotHere
	}
	key, err := noticeKey(c.row)
	if err != nil {
		return outcome{}, err
	}
	if err := c.ports.Sync.Retry(ctx, key); err != nil {
		return outcome{}, err
	}
	out := said("said.retried")
	out.leave = true
	return out, nil
}

// switchSync holds the sync back, or lets it go on.
func switchSync(ctx context.Context, c call) (outcome, error) {
	if c.ports.Sync == nil {
		return outcome{}, errNotHere
	}
	s, err := c.ports.Sync.Sync(ctx)
	if err != nil {
		return outcome{}, err
	}
	if !s.Switch {
		return outcome{}, errNotHere
	}
	to := !s.Offline
	if err := c.note(ctx, domain.AuditOffline, domain.TargetDevice, "", "offline", strconv.FormatBool(to)); err != nil {
		return outcome{}, err
	}
	if err := c.ports.Sync.SetOffline(ctx, to); err != nil {
		return outcome{}, err
	}
	if to {
		return outcome{said: words("said.offline"), tone: ToneWarn}, nil
	}
	return said("said.online"), nil
}
