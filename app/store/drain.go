package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"agentid/app/domain"
)

// What the centre is to be told stands in two tables: outbox has what happened
// (events, erasures), notices has things whose present state is to be told
// (consents, people, badges, pictures) and what others made. The methods of
// this file and of drainmark.go are both tables' one reader: the sync's drain.

// maxDrain bounds the notices of one call.
const maxDrain = 1000

// DueNotices lists up to n notices of a lane that are due, in the order in
// which to send them. It reserves none: there is one drain for a store.
func (s *Store) DueNotices(ctx context.Context, lane domain.Lane, n int) ([]domain.Notice, error) {
	defer s.useKeys()()
	n = max(0, min(n, maxDrain))
	var list []domain.Notice
	var err error
	switch lane {
	case domain.LaneErasures:
		list, err = s.dueErasures(ctx, n)
	case domain.LaneEvents:
		list, err = s.dueEvents(ctx, n)
	case domain.LanePeople:
		list, err = s.dueOfPeople(ctx, n)
	case domain.LaneRest:
		if list, err = s.dueMade(ctx, n); err == nil {
			var some []domain.Notice
			some, err = s.dueReadings(ctx, n-len(list))
			list = append(list, some...)
		}
	case domain.LaneKeys:
		list, err = s.dueKeys(ctx, n)
	}
	return list, wrap("due notices", s.orRotated(ctx, err))
}

// dueOfPeople lists consents, then people, then badges. People are looked for
// first: of somebody who is registered between two looks the consent goes ahead or
// with them, for a centre refuses whoever comes without.
func (s *Store) dueOfPeople(ctx context.Context, n int) ([]domain.Notice, error) {
	people, err := s.duePeople(ctx, n)
	if err != nil {
		return nil, err
	}
	list, err := s.dueConsents(ctx, n)
	if err != nil {
		return nil, err
	}
	list = append(list, people[:min(len(people), max(0, n-len(list)))]...)
	badges, err := s.dueBadges(ctx, n-len(list))
	return append(list, badges...), err
}

// dueErasures waits for an erasure to end: its receipt grows until then.
func (s *Store) dueErasures(ctx context.Context, n int) ([]domain.Notice, error) {
	rows, err := s.r.QueryContext(ctx, `SELECT o.id, o.attempts, o.ref FROM outbox o
		JOIN people p ON p.id = o.ref JOIN erasures e ON e.person = o.ref
		WHERE o.kind = 'erasure' AND o.state = 'pending' AND o.next_at <= ? AND p.erased_at IS NOT NULL
		ORDER BY o.id LIMIT ?`, micros(s.clock.Now()), n)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []domain.Notice
	for rows.Next() {
		o := domain.Notice{Key: domain.NoticeKey{Kind: domain.NoticeErasure, Version: 1}, Erasure: new(domain.Erasure)}
		if err := rows.Scan(&o.Key.Row, &o.Attempts, &o.Erasure.Person); err != nil {
			return nil, err
		}
		list = append(list, o)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	for _, o := range list {
		if o.Erasure.Receipt, err = receiptOf(ctx, s.r, o.Erasure.Person); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func (s *Store) dueEvents(ctx context.Context, n int) ([]domain.Notice, error) {
	rows, err := s.outboxRows(ctx, "WHERE kind = 'event' AND state = 'pending' AND next_at <= ? ORDER BY id LIMIT ?",
		micros(s.clock.Now()), n)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	ids := make([]string, len(rows))
	for i, r := range rows {
		ids[i] = r.Ref
	}
	refs, err := json.Marshal(ids)
	if err != nil {
		return nil, err
	}
	events, err := s.r.QueryContext(ctx, "SELECT "+eventColumns+" FROM events WHERE id IN (SELECT value FROM json_each(?))", string(refs))
	if err != nil {
		return nil, err
	}
	defer events.Close()
	found := make(map[string]*domain.Event, len(rows))
	for events.Next() {
		e, err := s.scanEvent(events)
		if err != nil {
			return nil, err
		}
		found[string(e.ID)] = &e
	}
	if err := events.Err(); err != nil {
		return nil, err
	}
	list := make([]domain.Notice, 0, len(rows))
	for _, r := range rows {
		n := domain.Notice{
			Key: domain.NoticeKey{Kind: domain.NoticeEvent, Row: r.ID, Version: 1}, Attempts: r.Attempts, Event: found[r.Ref],
		}
		if n.Event == nil {
			if err := s.damaged(ctx, n.Key); err != nil {
				return nil, err
			}
			continue
		}
		list = append(list, n)
	}
	return list, nil
}

// notice is a row of notices with what it is about.
type notice struct {
	domain.Notice
	ref, person string
}

// consented holds for those who agreed to their data being kept, here or at the
// branch from which the centre knows them. Of whoever was not asked, as staff's
// own enrolments, nothing leaves the kiosk until they are.
const consented = `(EXISTS (SELECT 1 FROM consents c JOIN consent_purposes p ON p.consent = c.id
	WHERE c.person = notices.ref AND p.purpose = 'data' AND p.granted AND p.withdrawn_at IS NULL)
	OR EXISTS (SELECT 1 FROM centre_people k WHERE k.person = notices.ref))`

// dueRows lists due notices of a kind, oldest first; kind "" gives those that
// others made, but for the readings.
func (s *Store) dueRows(ctx context.Context, kind domain.NoticeKind, n int) ([]notice, error) {
	if n <= 0 {
		return nil, nil
	}
	where := "kind = ?"
	switch kind {
	case "":
		where = "kind NOT IN ('consent', 'person', 'badge', 'badge_key', 'picture', " + telemetry + ") AND ? = ''"
	case anyReading:
		where = "kind IN (" + telemetry + ") AND ? <> '' AND " + nextHead
	case domain.NoticePerson:
		where += " AND " + consented
	}
	rows, err := s.r.QueryContext(ctx, `SELECT id, kind, version, attempts, ref, coalesce(person, ''), item, body
		FROM notices WHERE `+where+` AND state = 'pending' AND next_at <= ? ORDER BY id LIMIT ?`,
		kind, micros(s.clock.Now()), n)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []notice
	for rows.Next() {
		var r notice
		err := rows.Scan(&r.Key.Row, &r.Key.Kind, &r.Key.Version, &r.Attempts, &r.ref, &r.person, &r.Item, &r.Body)
		if err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, rows.Err()
}

func (s *Store) dueMade(ctx context.Context, n int) ([]domain.Notice, error) {
	rows, err := s.dueRows(ctx, "", n)
	if err != nil {
		return nil, err
	}
	return s.dueChat(ctx, rows)
}

func (s *Store) dueConsents(ctx context.Context, n int) ([]domain.Notice, error) {
	rows, err := s.dueRows(ctx, domain.NoticeConsent, n)
	if err != nil {
		return nil, err
	}
	var list []domain.Notice
	for _, r := range rows {
		all, err := consentsOf(ctx, s.r, domain.PersonID(r.person))
		if err != nil {
			return nil, err
		}
		for _, c := range all {
			if c.ID == r.ref {
				r.Consent = &c
				list = append(list, r.Notice)
			}
		}
	}
	return list, nil
}

func (s *Store) dueBadges(ctx context.Context, n int) ([]domain.Notice, error) {
	rows, err := s.dueRows(ctx, domain.NoticeBadge, n)
	if err != nil {
		return nil, err
	}
	var list []domain.Notice
	for _, r := range rows {
		found, err := badges(ctx, s.r, "id = ?", r.ref)
		if err != nil {
			return nil, err
		}
		if len(found) == 1 { // else it went meanwhile, and its notice with it
			r.Badge = &found[0]
			list = append(list, r.Notice)
		}
	}
	return list, nil
}

// duePictures looks at so many of the first pictures at once.
const pictureWindow = 64

// DuePictures lists up to n pictures whose events the centre has answered for,
// oldest first.
func (s *Store) DuePictures(ctx context.Context, n int) ([]domain.PictureNotice, error) {
	list, err := s.duePictures(ctx, max(0, min(n, pictureWindow)))
	return list, wrap("due pictures", err)
}

func (s *Store) duePictures(ctx context.Context, n int) ([]domain.PictureNotice, error) {
	rows, err := s.r.QueryContext(ctx, `SELECT w.id, w.version, w.attempts, e.id, coalesce(e.person, ''), e.snapshot, coalesce(o.state, 'sent')
		FROM (SELECT id, version, attempts, ref FROM notices
			WHERE kind = 'picture' AND state = 'pending' AND next_at <= ? ORDER BY id LIMIT ?) w
		JOIN events e ON e.id = w.ref JOIN snapshots s ON s.hash = e.snapshot
		LEFT JOIN outbox o ON o.kind = 'event' AND o.ref = e.id
		WHERE s.dropped_at IS NULL AND coalesce(o.state, 'sent') <> 'pending'
		ORDER BY w.id LIMIT ?`, micros(s.clock.Now()), pictureWindow, n)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []domain.PictureNotice
	for rows.Next() {
		p := domain.PictureNotice{Key: domain.NoticeKey{Kind: domain.NoticePicture}}
		var state OutboxState
		if err := rows.Scan(&p.Key.Row, &p.Key.Version, &p.Attempts, &p.Event, &p.Person, &p.Hash, &state); err != nil {
			return nil, err
		}
		p.Orphan = state == OutboxDead
		list = append(list, p)
	}
	return list, rows.Err()
}

// WaitingNotices counts what has still to be told, without the keys of badges
// (an old centre never takes them, and nobody can do anything about it here) and
// without readings, of which some always wait.
func (s *Store) WaitingNotices(ctx context.Context) (w domain.Waiting, err error) {
	var oldest [2]sql.NullInt64
	err = s.r.QueryRowContext(ctx, `SELECT
		(SELECT count(*) FROM outbox WHERE state = 'pending') + (SELECT count(*) FROM notices WHERE state = 'pending' AND kind NOT IN ('picture', 'badge_key', `+telemetry+`) AND (kind <> 'person' OR `+consented+`)),
		(SELECT count(*) FROM notices WHERE state = 'pending' AND kind = 'picture'),
		(SELECT count(*) FROM outbox WHERE state = 'dead') + (SELECT count(*) FROM notices WHERE state = 'dead'),
		(SELECT created_at FROM outbox WHERE state = 'pending' ORDER BY id LIMIT 1),
		(SELECT min(created_at) FROM notices WHERE state = 'pending' AND kind NOT IN ('badge_key', `+telemetry+`) AND (kind <> 'person' OR `+consented+`))`).
		Scan(&w.Notices, &w.Pictures, &w.Dead, &oldest[0], &oldest[1])
	first := int64(math.MaxInt64)
	for _, o := range oldest {
		if o.Valid {
			first = min(first, o.Int64)
		}
	}
	if first != math.MaxInt64 {
		w.Oldest = fromMicros(first)
	}
	return w, wrap("waiting notices", err)
}

// DeadNotices lists up to limit (see Filter) of what was refused for good,
// what was made last first.
func (s *Store) DeadNotices(ctx context.Context, limit int) ([]domain.DeadNotice, error) {
	if limit <= 0 {
		limit = DefaultLimit
	}
	list, err := s.deadNotices(ctx, min(limit, MaxLimit))
	return list, wrap("dead notices", err)
}

func (s *Store) deadNotices(ctx context.Context, limit int) ([]domain.DeadNotice, error) {
	rows, err := s.r.QueryContext(ctx, `SELECT id, kind, 1, ref, created_at, attempts, last_error FROM outbox WHERE state = 'dead'
		UNION ALL SELECT id, kind, version, ref, created_at, attempts, last_error FROM notices WHERE state = 'dead'
		ORDER BY created_at DESC, id DESC LIMIT ?`, limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []domain.DeadNotice
	for rows.Next() {
		var d domain.DeadNotice
		var created int64
		if err := rows.Scan(&d.Key.Row, &d.Key.Kind, &d.Key.Version, &d.Ref, &created, &d.Attempts, &d.Why); err != nil {
			return nil, err
		}
		if d.Key.Kind == domain.NoticeKind(OutboxErasure) {
			d.Key.Kind = domain.NoticeErasure
		}
		d.Since = fromMicros(created)
		list = append(list, d)
	}
	return list, rows.Err()
}

// Limits of what others have the centre told.
const (
	maxMadeBody = 256 << 10
	// maxMade bounds what waits of one kind: beyond it readings make room
	// (makeRoom), and anything else is refused.
	maxMade = 20_000
)

// Tell has the centre told of something that is ready to be sent: an item of
// the sync protocol. The same id again changes nothing. Errors: ErrInvalid,
// ErrFull.
func (s *Store) Tell(ctx context.Context, kind domain.NoticeKind, item string, person domain.PersonID, body []byte) error {
	return wrap("tell the centre", s.tell(ctx, kind, item, person, body))
}

// ErrFull: too much of a kind waits to be told.
var ErrFull = errors.New("too much waits for the centre")

func (s *Store) tell(ctx context.Context, kind domain.NoticeKind, item string, person domain.PersonID, body []byte) error {
	switch kind {
	case "", domain.NoticeErasure, domain.NoticeEvent, domain.NoticeConsent, domain.NoticePerson, domain.NoticeBadge, domain.NoticeBadgeKey, domain.NoticePicture,
		domain.NoticeExchange, domain.NoticeCase:
		return fmt.Errorf("%w: notices of kind %q are the store's own", ErrInvalid, clip(string(kind), maxLabel))
	}
	if err := checkLabels(string(kind)); err != nil {
		return err
	}
	if err := checkUUID("item id", item); err != nil {
		return err
	}
	if person != "" {
		if err := checkUUID("person id", string(person)); err != nil {
			return err
		}
	}
	if len(body) > maxMadeBody || !json.Valid(body) {
		return fmt.Errorf("%w: body of %d bytes is no JSON, or more than %d", ErrInvalid, len(body), maxMadeBody)
	}
	return transact(ctx, s.w, func(tx *sql.Tx) error {
		if person != "" {
			if err := checkAlive(ctx, tx, person); err != nil {
				return err
			}
		}
		if err := s.makeRoom(ctx, tx, kind); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO notices (kind, ref, person, created_at, item, body) VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT (kind, ref) DO NOTHING`, kind, item, orNull(string(person)), micros(s.clock.Now()), item, body)
		return err
	})
}

// noticeSince is how long what has been sent is kept, to be told again to a
// centre that has lost it.
const noticeSince = 30 * 24 * time.Hour
