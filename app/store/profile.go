package store

import (
	"context"
	"database/sql"
	"errors"

	"agentid/app/domain"
)

// Profile implements domain.Registry: as of one moment. Somebody who was never
// registered, but only added, has a profile without document and consent.
func (s *Store) Profile(ctx context.Context, id domain.PersonID) (domain.Profile, error) {
	defer s.useKeys()()
	p, err := s.profile(ctx, id)
	if err != nil {
		return domain.Profile{}, wrap("profile of "+clip(string(id), 36), s.orRotated(ctx, err))
	}
	return p, nil
}

func (s *Store) profile(ctx context.Context, id domain.PersonID) (p domain.Profile, err error) {
	tx, err := s.r.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return p, err
	}
	defer tx.Rollback()
	return s.profileOf(ctx, tx, id)
}

func (s *Store) profileOf(ctx context.Context, q queryer, id domain.PersonID) (p domain.Profile, err error) {
	if p.Person, err = s.person(ctx, q, id); err != nil {
		return p, err
	}
	if p.Document, p.Contact, err = s.openFields(ctx, q, id); err != nil {
		return p, err
	}
	if p.Consents, err = consentsOf(ctx, q, id); err != nil {
		return p, err
	}
	if p.Badges, err = badges(ctx, q, "person = ?", id); err != nil {
		return p, err
	}
	err = q.QueryRowContext(ctx, `SELECT
		EXISTS (SELECT 1 FROM pins WHERE person = ?1),
		EXISTS (SELECT 1 FROM templates WHERE person = ?1),
		EXISTS (SELECT 1 FROM second_factor WHERE person = ?1)`, id).Scan(&p.HasPIN, &p.HasFace, &p.SecondFactor)
	return p, err
}

// openFields opens the document and the contact; empty for one without.
func (s *Store) openFields(ctx context.Context, q queryer, id domain.PersonID) (document, contact string, err error) {
	var wrapped, doc, con []byte
	err = q.QueryRowContext(ctx, `SELECT p.wrapped_key, f.document, f.contact FROM profiles f
		JOIN people p ON p.id = f.person WHERE f.person = ? AND p.wrapped_key IS NOT NULL`, id).Scan(&wrapped, &doc, &con)
	if errors.Is(err, sql.ErrNoRows) {
		return "", "", nil
	}
	if err != nil {
		return "", "", err
	}
	data, err := s.personBox(string(id), wrapped)
	if err != nil {
		return "", "", err
	}
	if doc, err = data.open(doc, documentPlace(string(id))); err != nil {
		return "", "", wrap("document", err)
	}
	if con, err = data.open(con, contactPlace(string(id))); err != nil {
		return "", "", wrap("contact", err)
	}
	return string(doc), string(con), nil
}

// ByDocument implements domain.Registry; domain.ErrNotFound where nobody has
// the document, domain.ErrDocument where it is none.
func (s *Store) ByDocument(ctx context.Context, document string) (domain.PersonID, error) {
	defer s.useKeys()()
	document, err := domain.CleanDocument(document)
	if err != nil {
		return "", wrap("look up document", err)
	}
	// Under another key nothing would be found: that is not "nobody".
	if err := s.keys.current(ctx, s.r); err != nil {
		return "", wrap("look up document", err)
	}
	id, err := byDocumentHash(ctx, s.r, s.keys.documentHash(document))
	return id, wrap("look up document", err)
}

func byDocumentHash(ctx context.Context, q queryer, hash []byte) (id domain.PersonID, err error) {
	err = q.QueryRowContext(ctx, `SELECT person FROM profiles JOIN people ON id = person
		WHERE document_hash = ? AND wrapped_key IS NOT NULL`, hash).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		err = domain.ErrNotFound
	}
	return id, err
}

// NeedSecondFactor implements domain.Registry; once is enough.
func (s *Store) NeedSecondFactor(ctx context.Context, id domain.PersonID) error {
	defer s.useKeys()()
	return wrap("mark for second factor", s.sealing(ctx, func(tx *sql.Tx) error {
		if err := checkAlive(ctx, tx, id); err != nil {
			return err
		}
		n, err := changed(ctx, tx, "INSERT INTO second_factor (person, at) VALUES (?, ?) ON CONFLICT (person) DO NOTHING",
			id, micros(s.clock.Now()))
		if err != nil || n == 0 {
			return err
		}
		return s.audit(ctx, tx, domain.AuditSecondFactor, domain.TargetPerson, string(id))
	}))
}
