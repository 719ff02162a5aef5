package postgres

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"agentid/app/domain"
	"agentid/sync/protocol"
)

// Taking items in holds this lock shared, erasing somebody holds it alone: an
// item about them is either there to be erased, or finds the tombstone.
const lockErasure = 0x61676964_65726173

// maxSkew is how far a kiosk's clock may be off before its events are marked.
const maxSkew = time.Minute

const eventColumns = `device, id, seq, site, kind, reason, at, received_at, skewed, person, erased, about, distance, second,
	threshold, metric, votes, frames, quality, encoder, encoder_version, detector, snapshot, badge, liveness, liveness_reason, staff, body_hash`

const itemColumns = "device, kind, id, site, received_at, person, body_hash, body"

// stage gives a connection the tables that items are copied into before they
// are merged. They are empty again after each commit.
func stage(ctx context.Context, c *pgx.Conn) error {
	_, err := c.Exec(ctx, `CREATE TEMP TABLE IF NOT EXISTS stage_events (LIKE events) ON COMMIT DELETE ROWS;
		CREATE TEMP TABLE IF NOT EXISTS stage_items (LIKE items) ON COMMIT DELETE ROWS`)
	// A database that has not been migrated is told of by check.
	if err != nil && strings.Contains(err.Error(), "42P01") {
		return nil
	}
	return err
}

// taken is an item on its way in.
type taken struct {
	answer *protocol.Answer
	item   *protocol.Item
	id     uuid.UUID
	hash   [sha256.Size]byte
	body   protocol.Body
	before *taken // the same item, earlier in the batch
}

func (t *taken) reject(why protocol.Reject, detail string) {
	t.answer.Status, t.answer.Reason = protocol.StatusRejected, why
	t.answer.Detail = detail[:min(len(detail), protocol.MaxDetail)]
}

func (t *taken) conflict() {
	t.answer.Status, t.answer.Reason = protocol.StatusConflict, protocol.RejectSame
}

// batch is one batch on its way in.
type batch struct {
	db     *DB
	kiosk  Kiosk
	now    time.Time
	skewed bool
	erased map[domain.PersonID]bool
	sites  map[string]bool // that have changes to be told of
}

// Ingest takes a batch in: all of its items that can be taken, with their
// effects, in one transaction. It answers for each, in order. With an error
// nothing was taken; a *TooManyErasures is one. The batch has been through protocol.DecodeBatch.
func (db *DB) Ingest(ctx context.Context, k Kiosk, b protocol.Batch) ([]protocol.Answer, error) {
	in := &batch{db: db, kiosk: k, now: db.now()}
	skew := b.SentAt.Sub(in.now)
	in.skewed = skew.Abs() > maxSkew
	first := make([]protocol.Answer, len(b.Items))
	all := make([]taken, len(b.Items))
	var months []uuid.UUID
	for i := range b.Items {
		t := &all[i]
		t.item, t.answer = &b.Items[i], &first[i]
		t.answer.Kind, t.answer.ID = t.item.Kind, t.item.ID
		in.read(t)
		if t.answer.Status == "" && t.item.Kind == protocol.KindEvent {
			months = append(months, t.id)
		}
	}
	repeated(all)
	if err := db.needMonths(ctx, months); err != nil {
		return nil, err
	}
	var answers []protocol.Answer
	err := db.tx(ctx, func(tx pgx.Tx) error {
		// From the start where it is begun anew.
		answers = append([]protocol.Answer(nil), first...)
		for i := range all {
			all[i].answer = &answers[i]
		}
		in.sites = map[string]bool{}
		err := in.take(ctx, tx, all, skew)
		followFirst(all)
		return err
	})
	var many *TooManyErasures
	if errors.As(err, &many) {
		err = errors.Join(err, raise(ctx, db.pool, k, in.now, "many_erasures", map[string]any{"most": maxErasures}))
	}
	return answers, wrap("ingest", err)
}

// read checks an item by itself.
func (in *batch) read(t *taken) {
	body, err := protocol.CheckedBody(*t.item)
	if errors.Is(err, protocol.ErrUnknownKind) {
		t.reject(protocol.RejectKind, "this centre takes no such kind")
		return
	}
	if err == nil {
		t.hash, err = protocol.BodyHash(t.item.Body)
	}
	if err == nil {
		t.id, err = uuid.Parse(t.item.ID)
	}
	if err != nil {
		t.reject(protocol.RejectBody, formOf(err))
		return
	}
	t.body = body
	switch b := body.(type) {
	case *protocol.Event:
		if string(b.ID) != t.item.ID {
			t.reject(protocol.RejectBody, "the item's id is not the event's")
		} else if b.DeviceID != in.kiosk.Device {
			t.reject(protocol.RejectDevice, "the event is another device's")
		}
	case *protocol.BadgeKey:
		if b.DeviceID != in.kiosk.Device {
			t.reject(protocol.RejectDevice, "the key is another device's")
		}
	case *protocol.Tombstone:
		if b.Receipt.ID != t.item.ID {
			t.reject(protocol.RejectBody, "the item's id is not the receipt's")
		}
	}
}

// formOf is what of an error may be told: what our own checks say. The text of
// encoding/json may quote a body.
func formOf(err error) string {
	if errors.Is(err, protocol.ErrContent) {
		return err.Error()
	}
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		return "a member is of another type than it should be"
	}
	if strings.Contains(err.Error(), "unknown field") {
		return "a member is not of this version"
	}
	return "the body is malformed"
}

// repeated answers for items that come twice in one batch. Those that are the same
// are done with once the first is.
func repeated(all []taken) {
	type name struct {
		kind protocol.Kind
		id   uuid.UUID
	}
	seen := make(map[name]*taken, len(all))
	for i := range all {
		t := &all[i]
		if t.answer.Status != "" {
			continue
		}
		n := name{t.item.Kind, t.id}
		switch before := seen[n]; {
		case before == nil:
			seen[n] = t
		case before.hash == t.hash:
			t.answer.Status, t.before = protocol.StatusDuplicate, before
		default:
			t.conflict()
		}
	}
}

// followFirst refuses the repetitions of items that were refused.
func followFirst(all []taken) {
	for i := range all {
		if t := &all[i]; t.before != nil && !t.before.answer.Status.Done() {
			t.answer.Status, t.answer.Reason, t.answer.Detail = t.before.answer.Status, t.before.answer.Reason, t.before.answer.Detail
		}
	}
}

// take does all of a batch that is done in its transaction.
func (in *batch) take(ctx context.Context, tx pgx.Tx, all []taken, skew time.Duration) error {
	var events, plain, special, stones []*taken
	about := map[domain.PersonID]bool{}
	for i := range all {
		t := &all[i]
		if t.answer.Status != "" {
			continue
		}
		if p := t.body.Subject(); p != "" {
			about[p] = true
		}
		switch t.item.Kind {
		case protocol.KindEvent:
			events = append(events, t)
		case protocol.KindTombstone:
			stones = append(stones, t)
			special = append(special, t)
		case protocol.KindPerson, protocol.KindConsent, protocol.KindBadge, protocol.KindBadgeKey:
			special = append(special, t)
		default:
			plain = append(plain, t)
		}
	}
	lock := "SELECT pg_advisory_xact_lock_shared($1)"
	alone, err := in.newErasures(ctx, tx, stones)
	if err != nil {
		return err
	}
	if alone {
		lock = "SELECT pg_advisory_xact_lock($1)"
	}
	if _, err := tx.Exec(ctx, lock, lockErasure); err != nil {
		return err
	}
	if in.erased, err = erasedAmong(ctx, tx, slices.Collect(maps.Keys(about))); err != nil {
		return err
	}
	if err := in.takeEvents(ctx, tx, events); err != nil {
		return fmt.Errorf("events: %w", err)
	}
	if err := in.takePlain(ctx, tx, plain); err != nil {
		return fmt.Errorf("items: %w", err)
	}
	for _, t := range special {
		if t.answer.Status != "" {
			continue
		}
		if err := in.takeSpecial(ctx, tx, t); err != nil {
			return fmt.Errorf("%s: %w", t.item.Kind, err)
		}
	}
	for i := range all {
		if t := &all[i]; t.answer.Status == protocol.StatusConflict {
			if err := in.alarm(ctx, tx, "same_id", map[string]any{"kind": t.item.Kind, "id": t.item.ID}); err != nil {
				return err
			}
		}
	}
	if in.skewed || in.now.Sub(in.kiosk.SeenAt) > 30*time.Second {
		_, err := tx.Exec(ctx, "UPDATE kiosks SET seen_at = $2, skew_ms = $3 WHERE device = $1", in.kiosk.Device, in.now, skew.Milliseconds())
		if err != nil {
			return err
		}
	}
	return ring(ctx, tx, in.sites)
}

func erasedAmong(ctx context.Context, tx pgx.Tx, people []domain.PersonID) (map[domain.PersonID]bool, error) {
	if len(people) == 0 {
		return nil, nil
	}
	rows, err := tx.Query(ctx, "SELECT person::text FROM tombstones WHERE person = ANY($1::uuid[])", people)
	if err != nil {
		return nil, err
	}
	out := map[domain.PersonID]bool{}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	for _, id := range ids {
		out[domain.PersonID(id)] = true
	}
	return out, err
}

// takePlain copies items without further effect to the stage and merges them.
func (in *batch) takePlain(ctx context.Context, tx pgx.Tx, list []*taken) error {
	kept := list[:0:0]
	for _, t := range list {
		if in.erased[t.body.Subject()] {
			t.reject(protocol.RejectErased, "")
			continue
		}
		kept = append(kept, t)
	}
	if len(kept) == 0 {
		return nil
	}
	device := orNull(in.kiosk.Device)
	_, err := tx.CopyFrom(ctx, pgx.Identifier{"stage_items"}, columns(itemColumns), pgx.CopyFromSlice(len(kept), func(i int) ([]any, error) {
		t := kept[i]
		return []any{device, string(t.item.Kind), uuidOf(t.id), in.kiosk.Site, in.now, orNull(string(t.body.Subject())), t.hash[:], string(t.item.Body)}, nil
	}))
	if err != nil {
		return err
	}
	tag, err := tx.Exec(ctx, "INSERT INTO items ("+itemColumns+") SELECT "+itemColumns+
		" FROM stage_items ORDER BY device, kind, id ON CONFLICT (device, kind, id) DO NOTHING")
	if err != nil {
		return err
	}
	err = settle(ctx, tx, kept, tag.RowsAffected(), `SELECT s.id, i.body_hash = s.body_hash FROM stage_items s
		JOIN items i ON i.device = s.device AND i.kind = s.kind AND i.id = s.id WHERE i.xmin <> pg_current_xact_id()::xid`)
	if err != nil {
		return err
	}
	return in.auditHeads(ctx, tx, kept)
}

// settle answers for merged items: before lists those that were there already,
// and whether with the same body.
func settle(ctx context.Context, tx pgx.Tx, list []*taken, stored int64, before string) error {
	for _, t := range list {
		t.answer.Status = protocol.StatusStored
	}
	if stored == int64(len(list)) {
		return nil
	}
	rows, err := tx.Query(ctx, before)
	if err != nil {
		return err
	}
	there := map[uuid.UUID]bool{}
	var id [16]byte
	var same bool
	_, err = pgx.ForEachRow(rows, []any{&id, &same}, func() error {
		there[id] = same
		return nil
	})
	if err != nil {
		return err
	}
	for _, t := range list {
		if same, ok := there[t.id]; ok && same {
			t.answer.Status = protocol.StatusDuplicate
		} else if ok {
			t.conflict()
		}
	}
	if int64(len(list)-len(there)) != stored {
		return fmt.Errorf("%d of %d items were stored, but %d were there before", stored, len(list), len(there))
	}
	return nil
}

// takeSpecial takes one item that changes more than its own row.
func (in *batch) takeSpecial(ctx context.Context, tx pgx.Tx, t *taken) error {
	subject := t.body.Subject()
	if t.item.Kind != protocol.KindTombstone && in.erased[subject] {
		t.reject(protocol.RejectErased, "")
		return nil
	}
	tag, err := tx.Exec(ctx, "INSERT INTO items ("+itemColumns+") VALUES ($1, $2, $3, $4, $5, $6, $7, NULL) ON CONFLICT DO NOTHING",
		in.kiosk.Device, string(t.item.Kind), t.item.ID, in.kiosk.Site, in.now, orNull(string(subject)), t.hash[:])
	if err != nil {
		return err
	}
	if tag.RowsAffected() == 0 {
		var hash []byte
		err := tx.QueryRow(ctx, "SELECT body_hash FROM items WHERE device = $1 AND kind = $2 AND id = $3",
			in.kiosk.Device, string(t.item.Kind), t.item.ID).Scan(&hash)
		if err != nil {
			return err
		}
		if t.answer.Status = protocol.StatusDuplicate; string(hash) != string(t.hash[:]) {
			t.conflict()
		}
		return nil
	}
	var refused *refusal
	switch b := t.body.(type) {
	case *protocol.Person:
		refused, err = in.person(ctx, tx, b)
	case *protocol.Consent:
		refused, err = in.consent(ctx, tx, b)
	case *protocol.Badge:
		refused, err = in.badge(ctx, tx, b)
	case *protocol.BadgeKey:
		refused, err = in.badgeKey(ctx, tx, b)
	case *protocol.Tombstone:
		refused, err = in.tombstone(ctx, tx, b)
	default:
		err = fmt.Errorf("no effect is known of %s", t.item.Kind)
	}
	if err != nil {
		return err
	}
	if refused == nil {
		t.answer.Status = protocol.StatusStored
		return nil
	}
	// It was not taken after all: should the reason go, it may come again.
	t.reject(refused.why, refused.detail)
	_, err = tx.Exec(ctx, "DELETE FROM items WHERE device = $1 AND kind = $2 AND id = $3", in.kiosk.Device, string(t.item.Kind), t.item.ID)
	return err
}

// refusal is why an effect is not to be; the effect has changed nothing.
type refusal struct {
	why    protocol.Reject
	detail string
}

// columns are the names of a list.
func columns(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' || r == '\t' })
}

// orNull is a UUID, or NULL for none. It has been checked.
func orNull(s string) any {
	if s == "" {
		return nil
	}
	return uuidOf(uuid.MustParse(s))
}

// uuidOf is a UUID as pgx takes it without a detour by its text.
func uuidOf(u uuid.UUID) pgtype.UUID { return pgtype.UUID{Bytes: u, Valid: true} }

// hashOrNull is a hash, or NULL for none. It has been checked.
func hashOrNull(s string) []byte {
	if s == "" {
		return nil
	}
	var out [sha256.Size]byte
	for i := range out {
		out[i] = nibble(s[2*i])<<4 | nibble(s[2*i+1])
	}
	return out[:]
}

func nibble(c byte) byte {
	if c >= 'a' {
		return c - 'a' + 10
	}
	return c - '0'
}
