package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"agentid/app/domain"
)

// SyncCursor is where the last page that was applied ended, "" before the first.
func (s *Store) SyncCursor(ctx context.Context) (string, error) {
	var c string
	err := s.r.QueryRowContext(ctx, "SELECT cursor FROM sync_state").Scan(&c)
	return c, wrap("sync cursor", err)
}

// ApplyPage takes over what the centre decided, and the cursor, in one
// transaction; a page applied twice changes nothing more. What makes no sense
// is skipped and named. The rules where both ends changed something:
//
//   - Erasure wins: somebody who was erased, here or there, is not taken again.
//   - A field that was changed here and has not been told yet stays, and will be
//     told: the centre settles it in the order in which it hears.
//   - A template withdrawn here does not come back; a revoked badge stays so; a
//     consent taken back, here or there, stays so, and a face goes with its consent.
//
// Those who are to be erased are unreadable with the commit; what is left of
// them goes after it, now or at the next page or Open. domain.ErrCursor where
// the page does not begin at SyncCursor.
func (s *Store) ApplyPage(ctx context.Context, p domain.CentrePage) (domain.Applied, error) {
	defer s.useKeys()()
	if err := s.resumeErasures(ctx); err != nil {
		return domain.Applied{}, wrap("apply page", err)
	}
	var done domain.Applied
	var erased []domain.PersonID
	var pictures []string
	err := s.sealing(ctx, func(tx *sql.Tx) error {
		done, erased, pictures = domain.Applied{}, nil, nil
		var cursor string
		if err := tx.QueryRowContext(ctx, "SELECT cursor FROM sync_state").Scan(&cursor); err != nil {
			return err
		}
		if cursor != p.From {
			return domain.ErrCursor
		}
		if p.Reset && (cursor != "" || p.Site != "") {
			if err := s.tellAgain(ctx, tx); err != nil {
				return err
			}
		}
		if _, err := tx.ExecContext(ctx, "UPDATE sync_state SET applying = 1, joined = 1, cursor = ?", p.Cursor); err != nil {
			return err
		}
		a := applier{s, tx, &done, &erased, &pictures}
		for i, c := range p.Changes {
			if err := a.guarded(ctx, c); err != nil {
				return fmt.Errorf("change %d: %w", i, err)
			}
		}
		if p.Site != "" {
			if err := a.settleAt(ctx, p.Site); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, "UPDATE sync_state SET applying = 0")
		return err
	})
	if err != nil {
		return domain.Applied{}, wrap("apply page", s.orRotated(ctx, err))
	}
	// A crash here leaves files without a row, which Sweep removes.
	if _, err := s.removeFiles(ctx, pictures); err != nil {
		return done, wrap("apply page", err)
	}
	for _, id := range erased {
		if _, err := s.finishErasure(ctx, id); err != nil {
			return done, wrap("apply page: key is destroyed, rest to be finished", err)
		}
	}
	if len(erased)+done.Gone > 0 {
		return done, wrap("apply page", s.truncateLog(ctx))
	}
	return done, nil
}

// applier applies the changes of one page in its transaction.
type applier struct {
	*Store
	tx       *sql.Tx
	done     *domain.Applied
	erased   *[]domain.PersonID // to be finished after the commit
	pictures *[]string          // whose files go after it
}

// errSkip says why a change is not taken.
type errSkip string

func (e errSkip) Error() string { return string(e) }

// errNotKept says that a change is none of this kiosk's business, which is
// nothing to tell staff.
var errNotKept = errors.New("not kept here")

// guarded applies a change whole or not at all. One that makes no sense is no
// reason to refuse those behind it.
func (a applier) guarded(ctx context.Context, c domain.CentreChange) error {
	if _, err := a.tx.ExecContext(ctx, "SAVEPOINT change"); err != nil {
		return err
	}
	ref, err := a.apply(ctx, c)
	if errors.Is(err, errNotKept) {
		err = nil
	}
	if err == nil {
		_, err := a.tx.ExecContext(ctx, "RELEASE change")
		return err
	}
	var skip errSkip
	if !errors.As(err, &skip) && !senseless(err) {
		return err
	}
	a.done.Skipped = append(a.done.Skipped, fmt.Sprintf("%s: %v", clip(ref, maxLabel), err))
	_, err = a.tx.ExecContext(ctx, "ROLLBACK TO change; RELEASE change")
	return err
}

// senseless tells a change that will never be taken from a store that cannot
// take it now.
func senseless(err error) bool {
	for _, e := range []error{ErrInvalid, domain.ErrName, domain.ErrDocument, domain.ErrContact} {
		if errors.Is(err, e) {
			return true
		}
	}
	return kindOf(err) == ErrExists
}

func (a applier) apply(ctx context.Context, c domain.CentreChange) (ref string, err error) {
	switch {
	case c.Person != nil:
		return "person " + string(c.Person.Person.ID), a.person(ctx, *c.Person)
	case c.Badge != nil:
		return "badge " + string(c.Badge.ID), a.badge(ctx, *c.Badge)
	case c.Erasure != nil:
		return "erasure of " + string(c.Erasure.Person), a.erase(ctx, *c.Erasure)
	case c.Document != nil:
		return c.Document.Kind + " " + c.Document.Ref, a.document(ctx, *c.Document)
	case c.Consent != nil:
		return "consent " + c.Consent.ID, a.consent(ctx, *c.Consent)
	case c.BadgeKey != nil:
		return "badge key " + string(c.BadgeKey.ID), a.badgeKey(ctx, *c.BadgeKey)
	case c.Seen != nil:
		return "last sight of " + string(c.Seen.Person), a.seen(ctx, *c.Seen)
	case c.GoneConsent != "":
		return "consent " + c.GoneConsent, a.gone(ctx, []statement{
			{"DELETE FROM consents WHERE id = ?", []any{c.GoneConsent}},
			{"DELETE FROM parked_consents WHERE id = ?", []any{c.GoneConsent}},
		})
	case c.GoneBadgeKey != "":
		return "badge key " + string(c.GoneBadgeKey), a.goneBadgeKey(ctx, c.GoneBadgeKey)
	case c.GonePerson != "":
		return "person " + string(c.GonePerson), a.forget(ctx, c.GonePerson)
	case c.GoneBadge != "":
		return "badge " + string(c.GoneBadge), a.gone(ctx, []statement{
			{"DELETE FROM badges WHERE id = ?", []any{c.GoneBadge}},
			{"DELETE FROM parked_badges WHERE id = ?", []any{c.GoneBadge}},
		})
	case c.GoneDocument != nil:
		return c.GoneDocument.Kind + " " + c.GoneDocument.Ref, a.goneDocument(ctx, *c.GoneDocument)
	}
	return "", errSkip("nothing in it")
}

func (a applier) gone(ctx context.Context, list []statement) error {
	a.done.Gone++
	return execAll(ctx, a.tx, list)
}

// forget removes somebody who is no more of this site, with their pictures: not
// erased, they may come back. Of one who was erased, the tombstone follows.
func (a applier) forget(ctx context.Context, id domain.PersonID) error {
	if known, alive, err := a.known(ctx, id); err != nil || !known || !alive {
		return err
	}
	pictures, err := a.dropPicturesOf(ctx, a.tx, id)
	if err != nil {
		return err
	}
	*a.pictures = append(*a.pictures, pictures...)
	list := []statement{{"UPDATE people SET wrapped_key = NULL, name = NULL WHERE id = ?", []any{id}}}
	for _, table := range []string{"templates", "consents", "profiles", "pins", "second_factor", "badges", "name_index", "cases"} {
		list = append(list, statement{"DELETE FROM " + table + " WHERE person = ?", []any{id}})
	}
	return a.gone(ctx, append(list,
		statement{"DELETE FROM merges WHERE keep = ?", []any{id}},
		statement{"DELETE FROM attempts WHERE subject = ?", []any{domain.SubjectPerson(id)}},
		statement{"DELETE FROM merges WHERE keep = ?", []any{id}},
		statement{"DELETE FROM people WHERE id = ?", []any{id}}))
}

// known tells whether somebody was ever here, and is.
func (a applier) known(ctx context.Context, id domain.PersonID) (known, alive bool, err error) {
	err = a.tx.QueryRowContext(ctx, "SELECT wrapped_key IS NOT NULL FROM people WHERE id = ?", id).Scan(&alive)
	if errors.Is(err, sql.ErrNoRows) {
		return false, false, nil
	}
	return err == nil, alive, err
}

// erase destroys somebody's key in the page's transaction. Of one who is not
// here, it is remembered that they never will be; and what happened with them
// here loses its pictures.
func (a applier) erase(ctx context.Context, e domain.RemoteErasure) error {
	if err := checkUUID("person id", string(e.Person)); err != nil {
		return err
	}
	at, err := a.moment(e.At)
	if err != nil {
		return err
	}
	if e.Why == "" {
		return fmt.Errorf("%w: erasure without a reason", ErrInvalid)
	}
	if err := checkLabels(string(e.Why)); err != nil {
		return err
	}
	known, alive, err := a.known(ctx, e.Person)
	switch {
	case err != nil:
		return err
	case !known:
		a.done.Erased++
		var met bool
		err := a.tx.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM events WHERE person = ?)", e.Person).Scan(&met)
		if err != nil {
			return err
		}
		erased := sql.NullInt64{Int64: micros(at), Valid: !met}
		err = execAll(ctx, a.tx, []statement{
			{"INSERT INTO people (id, created_at, version, erased_at) VALUES (?, ?, 1, ?)", []any{e.Person, micros(at), erased}},
			{"DELETE FROM parked_badges WHERE person = ?", []any{e.Person}},
			{"DELETE FROM parked_consents WHERE person = ?", []any{e.Person}},
			{"DELETE FROM centre_seen WHERE person = ?", []any{e.Person}},
		})
		if err != nil || !met {
			return err
		}
		*a.erased = append(*a.erased, e.Person)
		return a.destroyKey(ctx, a.tx, e.Person, e.Why, at)
	case !alive:
		return nil
	}
	if err := a.destroyKey(ctx, a.tx, e.Person, e.Why, at); err != nil {
		return err
	}
	a.done.Erased++
	*a.erased = append(*a.erased, e.Person)
	return nil
}

// badge keeps a badge. It does not undo a revocation.
func (a applier) badge(ctx context.Context, b domain.Badge) error {
	unrevoked := b
	unrevoked.RevokedAt, unrevoked.Revoked = time.Time{}, ""
	if err := checkBadge(unrevoked); err != nil {
		return err
	}
	if err := checkUUID("person id", string(b.Person)); err != nil {
		return err
	}
	if b.RevokedAt.IsZero() != (b.Revoked == "") {
		return fmt.Errorf("%w: revocation without time or reason", ErrInvalid)
	}
	if err := checkLabels(string(b.Revoked)); err != nil {
		return err
	}
	known, alive, err := a.known(ctx, b.Person)
	if err != nil {
		return err
	}
	if known && !alive {
		return errSkip("its holder is erased")
	}
	table := "badges"
	if !known {
		table = "parked_badges"
	}
	var revoked sql.NullInt64
	if !b.RevokedAt.IsZero() {
		revoked = sql.NullInt64{Int64: micros(b.RevokedAt), Valid: true}
	}
	n, err := changed(ctx, a.tx, "INSERT INTO "+table+` AS had (id, person, not_before, expires, templates, revoked_at, revoked)
		VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET not_before = excluded.not_before, expires = excluded.expires, templates = excluded.templates,
			revoked = CASE WHEN had.revoked_at IS NULL THEN excluded.revoked ELSE had.revoked END,
			revoked_at = coalesce(had.revoked_at, excluded.revoked_at)
		WHERE had.person = excluded.person`,
		b.ID, b.Person, micros(b.NotBefore), micros(b.Expires), b.Templates, revoked, b.Revoked)
	if err != nil {
		return err
	}
	if n == 0 {
		return errSkip("it is somebody else's here")
	}
	a.done.Badges++
	return nil
}

// unpark gives somebody who has come down the badges that came before them.
func (a applier) unpark(ctx context.Context, id domain.PersonID) error {
	return execAll(ctx, a.tx, []statement{
		{`INSERT INTO badges (id, person, not_before, expires, templates, revoked_at, revoked)
			SELECT id, person, not_before, expires, templates, revoked_at, revoked FROM parked_badges WHERE person = ?
			ON CONFLICT (id) DO NOTHING`, []any{id}},
		{"DELETE FROM parked_badges WHERE person = ?", []any{id}},
	})
}

// maxDocument bounds the content of a document of the centre.
const maxDocument = 1 << 20
