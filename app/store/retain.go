package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"agentid/app/domain"
)

// RetentionPolicy is how long what may be kept. Zero keeps for ever.
type RetentionPolicy struct {
	UnseenPeople time.Duration // since a person was last seen, or enrolled
	Snapshots    time.Duration // since a picture was taken
	Chats        time.Duration // since a question was asked, or a case opened
}

// RetentionReport says what a run of Retain has erased.
type RetentionReport struct {
	People    int `json:"people"`
	Snapshots int `json:"snapshots"`
	Chats     int `json:"chats"` // exchanges and cases
}

// signsOfLife are the reasons of events that show that a person was here. A
// wrong face or PIN shows only that somebody had their badge.
const signsOfLife = "'" + string(domain.ReasonRecognised) + "', '" + string(domain.ReasonEnrolled) + "', '" +
	string(domain.ReasonRegistered) + "', '" + string(domain.ReasonWithoutFace) + "', '" +
	string(domain.ReasonBadgeIssued) + "', '" + string(domain.ReasonPINSet) + "', '" + string(domain.ReasonConsentGiven) + "', '" +
	string(domain.ReasonValidatedFace) + "', '" + string(domain.ReasonValidatedPIN) + "', '" +
	string(domain.ReasonValidatedStaff) + "', '" + string(domain.ReasonValidatedFacePIN) + "', '" +
	string(domain.ReasonValidatedAll) + "'"

// unseenSince lists people with no sign of life since a time, its parameter. A
// recognition that was said to be wrong is none. Under a centre, only those whom
// this kiosk took in: an erasure is for every kiosk, and others may see daily
// whom this one never does.
const unseenSince = `SELECT p.id FROM people p
	WHERE p.wrapped_key IS NOT NULL AND p.created_at < ?1
	AND ((SELECT cursor FROM sync_state) = '' OR EXISTS (
		SELECT 1 FROM audit a WHERE a.target_kind = '` + domain.TargetPerson + `' AND a.target = p.id
		AND a.action IN ('` + string(domain.AuditRegistered) + `', '` + string(domain.AuditPersonAdded) + `')))
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
	if p.UnseenPeople < 0 || p.Snapshots < 0 || p.Chats < 0 {
		return r, fmt.Errorf("%w: negative time of retention", ErrInvalid)
	}
	now := s.now()
	if p.UnseenPeople > 0 {
		if r.People, err = s.eraseUnseen(ctx, now, now.Add(-p.UnseenPeople)); err != nil {
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

func (s *Store) eraseUnseen(ctx context.Context, now, since time.Time) (n int, err error) {
	ids, err := texts(ctx, s.r, unseenSince, micros(since))
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	for _, id := range ids {
		gone := false
		err := s.sealing(ctx, func(tx *sql.Tx) error {
			// They may have come back since we looked.
			still, err := texts(ctx, tx, unseenSince+" AND p.id = ?2", micros(since), id)
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
