package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"agentid/app/domain"
)

// KnowKinds tells which kinds of change the program takes. Where one of them was
// passed over until now, as by the release before, the cursor is begun anew:
// everything is read from the beginning, which changes nothing that is here but
// for what was passed over.
func (s *Store) KnowKinds(ctx context.Context, kinds []string) error {
	kinds = slices.Sorted(slices.Values(kinds))
	list, err := json.Marshal(kinds)
	if err != nil {
		return wrap("know kinds", err)
	}
	return wrap("know kinds", transact(ctx, s.w, func(tx *sql.Tx) error {
		var had string
		if err := tx.QueryRowContext(ctx, "SELECT kinds FROM sync_state").Scan(&had); err != nil || had == string(list) {
			return err
		}
		var known []string
		if json.Unmarshal([]byte(had), &known) != nil {
			known = nil // as if it knew none
		}
		more := slices.ContainsFunc(kinds, func(k string) bool { return !slices.Contains(known, k) })
		_, err := tx.ExecContext(ctx, "UPDATE sync_state SET kinds = ?, cursor = iif(?, '', cursor)", string(list), more)
		return err
	}))
}

// heardEvery is how exactly HeardAll keeps the time.
const heardEvery = time.Hour

// HeardAll tells that the centre has nothing more to tell for now.
func (s *Store) HeardAll(ctx context.Context) error {
	now := s.clock.Now()
	var at int64
	if err := s.r.QueryRowContext(ctx, "SELECT heard_at FROM sync_state").Scan(&at); err != nil {
		return wrap("heard all", err)
	}
	if now.Sub(fromMicros(at)).Abs() < heardEvery {
		return nil
	}
	return wrap("heard all", transact(ctx, s.w, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "UPDATE sync_state SET heard_at = ?", micros(now))
		return err
	}))
}

// consent takes over a consent as the centre has it. Taken back wins, whichever
// end it came from; all else of a consent that is here stays. Who takes back their
// face elsewhere loses it here, with the pictures of them.
func (a applier) consent(ctx context.Context, c domain.Consent) error {
	if err := checkRemoteConsent(c); err != nil {
		return err
	}
	known, alive, err := a.known(ctx, c.Person)
	switch {
	case err != nil:
		return err
	case known && !alive:
		return errSkip("its giver is erased")
	case !known:
		a.done.Consents++
		return a.parkConsent(ctx, c)
	}
	if err := a.keepConsent(ctx, c); err != nil {
		return err
	}
	a.done.Consents++
	return a.facelessBy(ctx, c)
}

// checkRemoteConsent accepts what another kiosk took; what was taken back of it
// was granted.
func checkRemoteConsent(c domain.Consent) error {
	given := c
	given.Withdrawn, given.WithdrawnAt = nil, time.Time{}
	if err := checkConsentForm(given); err != nil {
		return err
	}
	if err := checkUUID("person id", string(c.Person)); err != nil {
		return err
	}
	for _, w := range c.Withdrawn {
		if !slices.Contains(c.Granted, w.Purpose) || w.At.IsZero() || w.At.Year() < 1 || w.At.Year() > 9999 {
			return fmt.Errorf("%w: withdrawal of what was not granted, or at no time", ErrInvalid)
		}
	}
	return nil
}

// keepConsent adds a consent of somebody who is here, or what was taken back of it.
func (a applier) keepConsent(ctx context.Context, c domain.Consent) error {
	var owner domain.PersonID
	err := a.tx.QueryRowContext(ctx, "SELECT person FROM consents WHERE id = ?", c.ID).Scan(&owner)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		var n int
		if err := a.tx.QueryRowContext(ctx, "SELECT count(*) FROM consents WHERE person = ?", c.Person).Scan(&n); err != nil {
			return err
		}
		if n >= MaxConsents {
			return errSkip("there are too many consents")
		}
		if err := insertConsent(ctx, a.tx, c); err != nil {
			return err
		}
	case err != nil:
		return err
	case owner != c.Person:
		return errSkip("it is somebody else's here")
	}
	for _, w := range c.Withdrawn {
		_, err := a.tx.ExecContext(ctx, `UPDATE consent_purposes SET withdrawn_at = ?
			WHERE consent = ? AND purpose = ? AND granted AND withdrawn_at IS NULL`, micros(w.At), c.ID, w.Purpose)
		if err != nil {
			return err
		}
	}
	return nil
}

// facelessBy removes the face of somebody whose consent to it, of which this one
// was the last, is taken back.
func (a applier) facelessBy(ctx context.Context, c domain.Consent) error {
	if !slices.ContainsFunc(c.Withdrawn, func(w domain.Withdrawal) bool { return w.Purpose == domain.PurposeFace }) {
		return nil
	}
	err := mayKeepFace(ctx, a.tx, c.Person)
	if !errors.Is(err, domain.ErrNoConsent) {
		return err
	}
	templates, err := changed(ctx, a.tx, "DELETE FROM templates WHERE person = ?", c.Person)
	if err != nil {
		return err
	}
	pictures, err := a.dropPicturesOf(ctx, a.tx, c.Person)
	if err != nil || templates+len(pictures) == 0 {
		return err
	}
	*a.pictures = append(*a.pictures, pictures...)
	a.done.Faceless = append(a.done.Faceless, c.Person)
	if _, err := a.tx.ExecContext(ctx, "UPDATE people SET version = version + 1 WHERE id = ?", c.Person); err != nil {
		return err
	}
	return a.audit(ctx, a.tx, domain.AuditConsentTaken, domain.TargetPerson, string(c.Person), "purpose", string(domain.PurposeFace), "by", "centre")
}

// parkConsent keeps a consent until its giver comes down: it is told before them.
func (a applier) parkConsent(ctx context.Context, c domain.Consent) error {
	body, err := json.Marshal(c)
	if err != nil {
		return err
	}
	return execAll(ctx, a.tx, []statement{{
		"INSERT INTO parked_consents (id, person, body) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET person = excluded.person, body = excluded.body",
		[]any{c.ID, c.Person, string(body)},
	}})
}

// unparkConsents gives somebody who has come down the consents that came before.
func (a applier) unparkConsents(ctx context.Context, id domain.PersonID) error {
	bodies, err := texts(ctx, a.tx, "SELECT body FROM parked_consents WHERE person = ? ORDER BY id", id)
	if err != nil {
		return err
	}
	for _, b := range bodies {
		var c domain.Consent
		if err := json.Unmarshal([]byte(b), &c); err != nil || c.Person != id {
			a.done.Skipped = append(a.done.Skipped, fmt.Sprintf("consent of person %s: damaged", id))
			continue
		}
		var skip errSkip
		err := a.keepConsent(ctx, c)
		if errors.As(err, &skip) {
			a.done.Skipped = append(a.done.Skipped, fmt.Sprintf("consent %s: %v", c.ID, skip))
			continue
		}
		if err != nil {
			return err
		}
	}
	return execAll(ctx, a.tx, []statement{{"DELETE FROM parked_consents WHERE person = ?", []any{id}}})
}

// seen notes until when somebody counts as seen. It is never earlier than it was.
func (a applier) seen(ctx context.Context, s domain.RemoteSeen) error {
	if err := checkUUID("person id", string(s.Person)); err != nil {
		return err
	}
	until, err := a.moment(s.Until)
	if err != nil {
		return err
	}
	if known, alive, err := a.known(ctx, s.Person); err != nil || known && !alive {
		return err
	}
	a.done.Seen++
	return execAll(ctx, a.tx, []statement{{
		"INSERT INTO centre_seen AS had (person, until) VALUES (?, ?) ON CONFLICT (person) DO UPDATE SET until = max(had.until, excluded.until)",
		[]any{s.Person, micros(until)},
	}})
}
