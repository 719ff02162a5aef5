package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"agentid/app/domain"
)

// How many rows a query gives: without a wish, and at most.
const (
	DefaultLimit = domain.DefaultPage
	MaxLimit     = domain.MaxPage
)

const eventColumns = `seq, id, kind, reason, at, person, about, distance, second, threshold, metric,
	votes, frames, quality, encoder, encoder_version, detector, snapshot,
	badge, liveness, liveness_reason, staff`

const insertEvent = "INSERT INTO events (" + eventColumns + `) VALUES
	(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

// eventValues are the values of eventColumns.
func eventValues(e domain.Event) []any {
	return []any{
		int64(e.Seq), e.ID, e.Kind, e.Reason, micros(e.At), orNull(string(e.Person)), orNull(string(e.About)),
		e.Distance, e.Second, e.Threshold, e.Metric, e.Votes, e.Frames, e.Quality,
		e.Encoder.Name, e.Encoder.Version, e.Detector, orNull(e.Snapshot),
		orNull(string(e.Badge)), e.Liveness, e.LivenessReason, orNull(string(e.Staff)),
	}
}

func orNull(s string) sql.NullString { return sql.NullString{String: s, Valid: s != ""} }

func (s *Store) scanEvent(rows *sql.Rows) (domain.Event, error) {
	e := domain.Event{DeviceID: s.device}
	var at int64
	var person, about, snapshot, badge, staff sql.NullString
	err := rows.Scan(&e.Seq, &e.ID, &e.Kind, &e.Reason, &at, &person, &about,
		&e.Distance, &e.Second, &e.Threshold, &e.Metric, &e.Votes, &e.Frames, &e.Quality,
		&e.Encoder.Name, &e.Encoder.Version, &e.Detector, &snapshot,
		&badge, &e.Liveness, &e.LivenessReason, &staff)
	e.At = fromMicros(at)
	e.Person, e.About, e.Snapshot = domain.PersonID(person.String), domain.EventID(about.String), snapshot.String
	e.Badge, e.Staff = domain.BadgeID(badge.String), domain.StaffID(staff.String)
	return e, err
}

// Filter chooses events.
type Filter = domain.EventFilter

// Recent implements domain.Events; for limit see Filter.
func (s *Store) Recent(ctx context.Context, before uint64, limit int) ([]domain.Event, error) {
	return s.EventsQuery(ctx, Filter{BeforeSeq: before, Limit: limit})
}

// EventsQuery implements domain.History.
func (s *Store) EventsQuery(ctx context.Context, f Filter) ([]domain.Event, error) {
	es, err := s.query(ctx, f)
	return es, wrap("query events", err)
}

func (s *Store) query(ctx context.Context, f Filter) ([]domain.Event, error) {
	query, args := eventsSQL(f)
	rows, err := s.r.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var es []domain.Event
	for rows.Next() {
		e, err := s.scanEvent(rows)
		if err != nil {
			return nil, err
		}
		es = append(es, e)
	}
	return es, rows.Err()
}

// eventsSQL gives the statement of a filter; all values are parameters. The
// indexes each give one order, so that a page costs a page however long the
// history: of the filter's equalities only the one that leaves fewest is let
// choose an index, the others (their + says so) are checked row by row.
func eventsSQL(f domain.EventFilter) (string, []any) {
	var c conditions
	for _, eq := range []struct{ column, value string }{
		{"badge", string(f.Badge)}, {"person", string(f.Person)}, {"reason", string(f.Reason)}, {"kind", string(f.Kind)},
	} {
		plus := ""
		if len(c.list) > 0 {
			plus = "+"
		}
		c.addIf(eq.value != "", plus+eq.column+" = ?", eq.value)
	}
	const cursor = "(SELECT e.at FROM events e WHERE e.seq = ?)"
	order := "seq DESC"
	before := int64(min(f.BeforeSeq, math.MaxInt64))
	to := int64(math.MaxInt64)
	if !f.To.IsZero() {
		to = micros(f.To)
	}
	timed := !f.From.IsZero() || !f.To.IsZero()
	switch {
	case !timed:
		c.addIf(before > 0, "seq < ?", before)
	case before > 0:
		// One bound from above, so that the index begins where the page does.
		c.addIf(true, "at < min(?, "+cursor+" + 1)", to, before)
		c.addIf(true, "(at < "+cursor+" OR seq < ?)", before, before)
	default:
		c.addIf(true, "at < ?", to)
	}
	if timed {
		order = "at DESC, seq DESC"
		c.addIf(!f.From.IsZero(), "at >= ?", micros(f.From))
	}
	return "SELECT " + eventColumns + " FROM events " + c.where() + " ORDER BY " + order + " LIMIT ?", append(c.args, bounded(f.Limit))
}

// conditions are those of a statement, all of which must hold.
type conditions struct {
	list []string
	args []any
}

func (c *conditions) addIf(wanted bool, cond string, args ...any) {
	if wanted {
		c.list = append(c.list, cond)
		c.args = append(c.args, args...)
	}
}

func (c *conditions) where() string {
	if len(c.list) == 0 {
		return ""
	}
	return "WHERE " + strings.Join(c.list, " AND ")
}

// bounded is how many rows a query gives: DefaultLimit without a wish, and
// MaxLimit at most.
func bounded(limit int) int {
	if limit <= 0 {
		return DefaultLimit
	}
	return min(limit, MaxLimit)
}

// Tally implements domain.History. A stretch in which nothing happened is left
// out.
func (s *Store) Tally(ctx context.Context, from, to time.Time, step time.Duration) ([]domain.EventTally, error) {
	list, err := s.tally(ctx, from, to, step)
	return list, wrap("tally events", err)
}

func (s *Store) tally(ctx context.Context, from, to time.Time, step time.Duration) ([]domain.EventTally, error) {
	if step < time.Microsecond || to.Before(from) || to.Sub(from)/step >= domain.MaxTally {
		return nil, fmt.Errorf("%w: %v by %v, want at most %d stretches", ErrInvalid, to.Sub(from), step, domain.MaxTally)
	}
	rows, err := s.r.QueryContext(ctx, `SELECT (at - ?1) / ?3, kind, reason, count(*) FROM events
		WHERE at >= ?1 AND at < ?2 GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`, micros(from), micros(to), step.Microseconds())
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []domain.EventTally
	for rows.Next() {
		var e domain.EventTally
		var n int64
		if err := rows.Scan(&n, &e.Kind, &e.Reason, &e.Count); err != nil {
			return nil, err
		}
		e.From = fromMicros(micros(from) + n*step.Microseconds())
		list = append(list, e)
	}
	return list, rows.Err()
}

// EventByID gives one event; domain.ErrNotFound where there is none. The sync
// finds by it what an outbox row refers to.
func (s *Store) EventByID(ctx context.Context, id domain.EventID) (domain.Event, error) {
	e, err := s.eventByID(ctx, id)
	return e, wrap("event "+clip(string(id), 36), err)
}

func (s *Store) eventByID(ctx context.Context, id domain.EventID) (domain.Event, error) {
	rows, err := s.r.QueryContext(ctx, "SELECT "+eventColumns+" FROM events WHERE id = ?", id)
	if err != nil {
		return domain.Event{}, err
	}
	defer rows.Close()
	if !rows.Next() {
		return domain.Event{}, orElse(rows.Err(), domain.ErrNotFound)
	}
	return s.scanEvent(rows)
}

// LastRecognition is when a person was last recognised here, by the order of
// events; false if never. A recognition that was later said to be wrong does
// not count.
func (s *Store) LastRecognition(ctx context.Context, person domain.PersonID) (time.Time, bool, error) {
	var at int64
	err := s.r.QueryRowContext(ctx, `SELECT at FROM events e
		WHERE person = ? AND kind = ? AND reason = ? AND NOT EXISTS (
			SELECT 1 FROM events c WHERE c.about = e.id AND c.kind = ?)
		ORDER BY seq DESC LIMIT 1`,
		person, domain.EventRecognition, domain.ReasonRecognised, domain.EventCorrection).Scan(&at)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return time.Time{}, false, nil
	case err != nil:
		return time.Time{}, false, wrap("last recognition", err)
	}
	return fromMicros(at), true, nil
}
