package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"github.com/jackc/pgx/v5"

	"agentid/app/domain"
	"agentid/sync/protocol"
)

// person adds a person, or changes the fields that are told of. Fields are
// settled one by one, in the order in which they arrive here.
func (in *batch) person(ctx context.Context, tx pgx.Tx, p *protocol.Person) (*refusal, error) {
	var site string
	err := tx.QueryRow(ctx, "SELECT site FROM people WHERE id = $1 FOR UPDATE", string(p.ID)).Scan(&site)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return nil, err
	}
	if site != "" && site != in.kiosk.Site {
		return &refusal{why: protocol.RejectSite}, nil
	}
	granted, err := standing(ctx, tx, p.ID)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(granted, domain.PurposeData) {
		return &refusal{protocol.RejectConsent, "no consent to keep their data has arrived: send it first"}, nil
	}
	if len(p.Templates) > 0 && !slices.Contains(granted, domain.PurposeFace) {
		return &refusal{protocol.RejectConsent, "no consent to keep their face stands"}, nil
	}
	var foreign, kept int
	ids := make([]string, len(p.Templates))
	for i, t := range p.Templates {
		ids[i] = t.ID
	}
	err = tx.QueryRow(ctx, `SELECT count(*) FILTER (WHERE person <> $1 AND id = ANY($2::uuid[])), count(*) FILTER (WHERE person = $1 AND NOT id = ANY($3::uuid[]))
		FROM templates WHERE person = $1 OR id = ANY($2::uuid[])`, string(p.ID), ids, append(slices.Clone(ids), p.Dropped...)).Scan(&foreign, &kept)
	if err != nil {
		return nil, err
	}
	if foreign > 0 || kept+len(ids) > protocol.MaxTemplates {
		return &refusal{protocol.RejectBody, "a template is another person's, or there are too many"}, nil
	}
	if p.Fields == nil {
		p.Fields = map[string]protocol.Field{}
	}
	_, err = tx.Exec(ctx, `INSERT INTO people AS p (id, site, version, created_at, updated_at, device, key_id, fields, document_tag, second_factor)
		VALUES ($1, $2, 1, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (id) DO UPDATE SET version = p.version + 1, updated_at = excluded.updated_at, device = excluded.device,
			key_id = excluded.key_id, fields = p.fields || excluded.fields,
			document_tag = coalesce(excluded.document_tag, p.document_tag), second_factor = p.second_factor OR excluded.second_factor`,
		string(p.ID), in.kiosk.Site, p.CreatedAt, in.now, in.kiosk.Device, p.KeyID, p.Fields, hashOrNull(p.DocumentTag), p.SecondFactor)
	if err != nil {
		return nil, err
	}
	if len(p.Dropped) > 0 {
		if _, err := tx.Exec(ctx, "DELETE FROM templates WHERE person = $1 AND id = ANY($2::uuid[])", string(p.ID), p.Dropped); err != nil {
			return nil, err
		}
	}
	for _, t := range p.Templates {
		_, err := tx.Exec(ctx, `INSERT INTO templates (id, person, encoder, encoder_version, quality, created_at, sealed)
			VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING`,
			t.ID, string(p.ID), t.Encoder.Name, t.Encoder.Version, t.Quality, t.CreatedAt, t.Sealed)
		if err != nil {
			return nil, err
		}
	}
	if p.DocumentTag != "" {
		if err := in.sameDocument(ctx, tx, p); err != nil {
			return nil, err
		}
	}
	return nil, in.tell(ctx, tx, protocol.ChangePerson, string(p.ID), nil)
}

// sameDocument raises an alarm where two branches, each offline, registered one
// document. Staff decide; both stay until then.
func (in *batch) sameDocument(ctx context.Context, tx pgx.Tx, p *protocol.Person) error {
	rows, err := tx.Query(ctx, "SELECT id::text FROM people WHERE site = $1 AND document_tag = $2 AND id <> $3 LIMIT 10",
		in.kiosk.Site, hashOrNull(p.DocumentTag), string(p.ID))
	if err != nil {
		return err
	}
	others, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(others) == 0 {
		return err
	}
	return in.alarm(ctx, tx, "same_document", map[string]any{"person": p.ID, "others": others}, append([]string{string(p.ID)}, others...)...)
}

// standing are the purposes that somebody has granted and not taken back.
func standing(ctx context.Context, tx pgx.Tx, id domain.PersonID) ([]domain.Purpose, error) {
	rows, err := tx.Query(ctx, "SELECT DISTINCT unnest(granted) FROM consents WHERE person = $1", string(id))
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[domain.Purpose])
}

// consent keeps a consent, merged with what is known of it (protocol.Consent.Merge),
// and tells the site of what is new.
func (in *batch) consent(ctx context.Context, tx pgx.Tx, c *protocol.Consent) (*refusal, error) {
	var person string
	known := &protocol.Consent{}
	var before []string
	err := tx.QueryRow(ctx, "SELECT person::text, withdrawn, body FROM consents WHERE id = $1 FOR UPDATE", c.ID).Scan(&person, &before, known)
	fresh := errors.Is(err, pgx.ErrNoRows)
	switch {
	case err == nil && person != string(c.Person):
		return &refusal{protocol.RejectBody, "the consent is another person's"}, nil
	case err != nil && !fresh:
		return nil, err
	}
	if refused, err := in.otherSite(ctx, tx, c.Person); err != nil || refused != nil {
		return refused, err
	}
	if fresh {
		known = c
	} else if !known.Merge(c) {
		return nil, nil
	}
	var stands []string
	gone := slices.Clone(before)
	for _, w := range known.Withdrawn {
		if !slices.Contains(gone, string(w.Purpose)) {
			gone = append(gone, string(w.Purpose))
		}
	}
	for _, p := range known.Granted {
		if !slices.Contains(gone, string(p)) {
			stands = append(stands, string(p))
		}
	}
	body, err := json.Marshal(known)
	if err != nil {
		return nil, err
	}
	_, err = tx.Exec(ctx, `INSERT INTO consents (id, person, site, at, granted, withdrawn, body, told)
		VALUES ($1, $2, $3, $4, $5, $6, $7::jsonb, md5($7::jsonb::text || $6::text[]::text))
		ON CONFLICT (id) DO UPDATE SET granted = excluded.granted, withdrawn = excluded.withdrawn, body = excluded.body, told = excluded.told`,
		c.ID, string(c.Person), in.kiosk.Site, known.At, some(stands), some(gone), string(body))
	if err != nil {
		return nil, err
	}
	if err := in.tell(ctx, tx, protocol.ChangeConsent, c.ID, nil); err != nil || len(gone) == len(before) {
		return nil, err
	}
	granted, err := standing(ctx, tx, c.Person)
	if err != nil || slices.Contains(granted, domain.PurposeFace) {
		return nil, err
	}
	return nil, in.forgetFace(ctx, tx, c.Person)
}

// forgetFace removes the templates and the facial images of somebody who has
// taken back that consent.
func (in *batch) forgetFace(ctx context.Context, tx pgx.Tx, id domain.PersonID) error {
	tag, err := tx.Exec(ctx, "DELETE FROM templates WHERE person = $1", string(id))
	if err != nil {
		return err
	}
	if _, err := doom(ctx, tx, string(id), "o.person = $1"); err != nil {
		return err
	}
	if tag.RowsAffected() == 0 {
		return nil
	}
	if _, err := tx.Exec(ctx, "UPDATE people SET version = version + 1, updated_at = $2 WHERE id = $1", string(id), in.now); err != nil {
		return err
	}
	return in.tell(ctx, tx, protocol.ChangePerson, string(id), nil)
}

// badge keeps a badge. Revoked it stays.
func (in *batch) badge(ctx context.Context, tx pgx.Tx, b *protocol.Badge) (*refusal, error) {
	var person string
	err := tx.QueryRow(ctx, "SELECT person::text FROM badges WHERE id = $1 FOR UPDATE", string(b.ID)).Scan(&person)
	switch {
	case err == nil && person != string(b.Person):
		return &refusal{protocol.RejectBody, "the badge is another person's"}, nil
	case err != nil && !errors.Is(err, pgx.ErrNoRows):
		return nil, err
	}
	if refused, err := in.otherSite(ctx, tx, b.Person); err != nil || refused != nil {
		return refused, err
	}
	var revoked any
	if !b.RevokedAt.IsZero() {
		revoked = b.RevokedAt
	}
	_, err = tx.Exec(ctx, `INSERT INTO badges AS b (id, person, site, not_before, expires, templates, revoked_at, revoked)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (id) DO UPDATE SET revoked = CASE WHEN b.revoked_at IS NULL THEN excluded.revoked ELSE b.revoked END,
			revoked_at = coalesce(b.revoked_at, excluded.revoked_at)`,
		string(b.ID), string(b.Person), in.kiosk.Site, b.NotBefore, b.Expires, b.Templates, revoked, string(b.Revoked))
	if err != nil {
		return nil, err
	}
	return nil, in.tell(ctx, tx, protocol.ChangeBadge, string(b.ID), nil)
}

// otherSite refuses what is about a person of another site.
func (in *batch) otherSite(ctx context.Context, tx pgx.Tx, id domain.PersonID) (*refusal, error) {
	var other bool
	err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM people WHERE id = $1 AND site <> $2)
		OR EXISTS (SELECT 1 FROM consents WHERE person = $1 AND site <> $2)`, string(id), in.kiosk.Site).Scan(&other)
	if err != nil || !other {
		return nil, err
	}
	return &refusal{why: protocol.RejectSite}, nil
}

// tombstone erases somebody whom a kiosk has erased.
func (in *batch) tombstone(ctx context.Context, tx pgx.Tx, t *protocol.Tombstone) (*refusal, error) {
	if refused, err := in.otherSite(ctx, tx, t.Person); err != nil || refused != nil {
		return refused, err
	}
	receipt, err := json.Marshal(t.Receipt)
	if err != nil {
		return nil, err
	}
	_, err = erase(ctx, tx, erasure{
		person: t.Person, id: t.Receipt.ID, site: in.kiosk.Site, why: t.Receipt.Why, at: in.now, askedBy: in.kiosk.Device, receipt: receipt,
	})
	if in.erased == nil {
		in.erased = map[domain.PersonID]bool{}
	}
	in.erased[t.Person] = true // for what follows in this batch
	return nil, err
}

func (in *batch) tell(ctx context.Context, tx pgx.Tx, kind protocol.ChangeKind, ref string, body []byte) error {
	in.sites[in.kiosk.Site] = true
	return tell(ctx, tx, in.kiosk.Site, kind, ref, in.now, false, body)
}

// some is a list that is not NULL.
func some(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
