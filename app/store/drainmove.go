package store

import (
	"context"
	"database/sql"
	"fmt"

	"agentid/app/domain"
)

// maxLeaving bounds the people of a page that leaves a site.
const maxLeaving = 500

// registeredHere holds for people (p) whom this kiosk took in itself. That the
// centre told of them says nothing: it tells a kiosk of its own, too.
const registeredHere = `EXISTS (SELECT 1 FROM audit a WHERE a.target_kind = '` + domain.TargetPerson + `' AND a.target = p.id
	AND a.action IN ('` + string(domain.AuditRegistered) + `', '` + string(domain.AuditPersonAdded) + `'))`

// Leaving gives the page with which this kiosk leaves the site that it was of for
// another, to be applied before anything is told or heard there: what the one's
// centre published, its badge keys, and the people whom it told of, go; those who
// were registered here stay, and are told anew. Where there are many people the
// page is the first of several: ask until there is nothing to leave. The first
// site that is named is joined, and nothing is left.
func (s *Store) Leaving(ctx context.Context, site string) (page domain.CentrePage, leaves bool, err error) {
	if site == "" {
		return page, false, wrap("leave site", fmt.Errorf("%w: no site", ErrInvalid))
	}
	err = transact(ctx, s.w, func(tx *sql.Tx) error {
		page, leaves = domain.CentrePage{}, false
		var had, cursor string
		if err := tx.QueryRowContext(ctx, "SELECT site, cursor FROM sync_state").Scan(&had, &cursor); err != nil {
			return err
		}
		if had == "" {
			_, err := tx.ExecContext(ctx, "UPDATE sync_state SET site = ?", site)
			return err
		}
		if had == site {
			return nil
		}
		leaves = true
		people, err := texts(ctx, tx, `SELECT p.id FROM people p WHERE p.wrapped_key IS NOT NULL
			AND EXISTS (SELECT 1 FROM centre_people c WHERE c.person = p.id) AND NOT `+registeredHere+" ORDER BY p.id LIMIT ?", maxLeaving+1)
		if err != nil {
			return err
		}
		page = domain.CentrePage{From: cursor, Cursor: cursor}
		for _, id := range people[:min(len(people), maxLeaving)] {
			page.Changes = append(page.Changes, domain.CentreChange{GonePerson: domain.PersonID(id)})
		}
		if len(people) > maxLeaving {
			return nil
		}
		page.Cursor, page.Reset, page.Site = "", true, site
		more, err := published(ctx, tx)
		page.Changes = append(page.Changes, more...)
		return err
	})
	return page, leaves, wrap("leave site", err)
}

// published takes back all that the centre published: documents and badge keys.
func published(ctx context.Context, tx *sql.Tx) (list []domain.CentreChange, err error) {
	keys, err := texts(ctx, tx, "SELECT id FROM badge_keys ORDER BY id")
	if err != nil {
		return nil, err
	}
	for _, id := range keys {
		list = append(list, domain.CentreChange{GoneBadgeKey: domain.BadgeKeyID(id)})
	}
	rows, err := tx.QueryContext(ctx, "SELECT kind, ref FROM centre_documents ORDER BY kind, ref")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		d := &domain.Document{}
		if err := rows.Scan(&d.Kind, &d.Ref); err != nil {
			return nil, err
		}
		list = append(list, domain.CentreChange{GoneDocument: d})
	}
	return list, rows.Err()
}

// settleAt makes another site this kiosk's: what waited for people of the one
// before, and what it had heard of them, is forgotten. Its own keys are told in
// another state: a centre that both sites are of has heard of this one, at the
// other.
func (a applier) settleAt(ctx context.Context, site string) error {
	err := execAll(ctx, a.tx, []statement{
		{"UPDATE sync_state SET site = ?, heard_at = 0", []any{site}},
		{"DELETE FROM parked_badges", nil},
		{"DELETE FROM parked_consents", nil},
		{"DELETE FROM centre_people", nil},
		{"DELETE FROM centre_seen WHERE person NOT IN (SELECT id FROM people WHERE wrapped_key IS NOT NULL)", nil},
	})
	if err != nil {
		return err
	}
	keys, _, err := a.openKeys(ctx, a.tx, ownKeys)
	if err != nil {
		return err
	}
	for _, k := range keys {
		if err := a.tellKey(ctx, a.tx, k, k.Version); err != nil {
			return err
		}
	}
	return nil
}
