package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"agentid/app/domain"
)

// RetentionPolicy is how long what may be kept. Zero keeps for ever.
type RetentionPolicy struct {
	UnseenPeople time.Duration // since a person was last seen, or enrolled
	Snapshots    time.Duration // since a picture was taken
	Chats        time.Duration // since a question was asked, or a case opened
	// Heard is how long ago a centre may last have been heard for people to be
	// judged, on a kiosk that was ever under one; zero: whenever.
	Heard time.Duration
}

// RetentionReport says what a run of Retain has erased.
type RetentionReport struct {
	People    int `json:"people"`
	Snapshots int `json:"snapshots"`
	Chats     int `json:"chats"` // exchanges and cases
	// Unheard: the centre was not heard of late, and so nobody was judged.
	Unheard bool `json:"unheard,omitempty"`
}

// signsOfLife are domain.SignsOfLife, for a query.
var signsOfLife = func() string {
	var list []string
	for _, r := range domain.SignsOfLife() {
		list = append(list, "'"+string(r)+"'")
	}
	return strings.Join(list, ", ")
}()

// unseenSince lists people with no sign of life since a time, its first parameter. A
// recognition that was said to be wrong is none. Under a centre, only those whom
// this kiosk took in, and whom no kiosk of the site has seen: an erasure is for
// every kiosk, and others may see daily whom this one never does. So nobody is
// judged either while the centre was not heard since the second parameter.
var unseenSince = `SELECT p.id FROM people p
	WHERE p.wrapped_key IS NOT NULL AND p.created_at < ?1
	AND (NOT (SELECT joined FROM sync_state) OR (SELECT heard_at FROM sync_state) >= ?2 AND ` + registeredHere + `)
	AND NOT EXISTS (SELECT 1 FROM centre_seen s WHERE s.person = p.id AND s.until > ?1)
	AND NOT EXISTS (
		SELECT 1 FROM events e WHERE e.person IN (SELECT p.id UNION ALL SELECT m.gone FROM merges m WHERE m.keep = p.id) AND e.at >= ?1 AND e.reason IN (` + signsOfLife + `)
		AND NOT EXISTS (SELECT 1 FROM events c WHERE c.about = e.id AND c.kind = '` + string(domain.EventCorrection) + `'))`

// Retain erases the people who were not seen for the policy's time, each with
// a receipt and an event, and the pictures older than theirs, whether or not
// the centre has them, with an event for each batch, and what was asked. It may be run at any time
// and be cut short: what the report says is done, and the next run does the
// rest. It goes by the clock: run it only once that is known to be right. Its
// errors are those of EraseIdentity.
func (s *Store) Retain(ctx context.Context, p RetentionPolicy) (RetentionReport, error) {
	defer s.useKeys()()
	r, err := s.retain(ctx, p)
	return r, wrap("retain", err)
}

func (s *Store) retain(ctx context.Context, p RetentionPolicy) (r RetentionReport, err error) {
	if p.UnseenPeople < 0 || p.Snapshots < 0 || p.Chats < 0 || p.Heard < 0 {
		return r, fmt.Errorf("%w: negative time of retention", ErrInvalid)
	}
	now := s.now()
	if p.UnseenPeople > 0 {
		heard := int64(0)
		if p.Heard > 0 {
			heard = micros(now.Add(-p.Heard))
		}
		err := s.r.QueryRowContext(ctx, "SELECT joined AND heard_at < ? FROM sync_state", heard).Scan(&r.Unheard)
		if err != nil {
			return r, err
		}
		if r.People, err = s.eraseUnseen(ctx, now, now.Add(-p.UnseenPeople), heard); err != nil {
			return r, err
		}
	}
	if p.Snapshots > 0 {
		if r.Snapshots, err = s.dropBefore(ctx, now.Add(-p.Snapshots), true); err != nil {
			return r, err
		}
	}
	if p.Chats > 0 {
		if r.Chats, err = s.dropChats(ctx, now.Add(-p.Chats)); err != nil {
			return r, err
		}
	}
	return r, nil
}

func (s *Store) eraseUnseen(ctx context.Context, now, since time.Time, heard int64) (n int, err error) {
	ids, err := texts(ctx, s.r, unseenSince, micros(since), heard)
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	for _, id := range ids {
		gone := false
		err := s.sealing(ctx, func(tx *sql.Tx) error {
			// They may have come back since we looked.
			still, err := texts(ctx, tx, unseenSince+" AND p.id = ?3", micros(since), heard, id)
			if err != nil || len(still) == 0 {
				return err
			}
			gone = true
			return s.destroyKey(ctx, tx, domain.PersonID(id), domain.ReasonErasedUnseen, now)
		})
		if err == nil && gone {
			n++
			_, err = s.finishErasure(ctx, domain.PersonID(id))
		}
		if err != nil {
			return n, err
		}
	}
	if n == 0 {
		return 0, nil
	}
	return n, s.truncateLog(ctx)
}
