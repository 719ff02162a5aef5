package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"agentid/app/domain"
)

// Enrol implements domain.Registry. The person's id, the badge's and all of
// the consent are the caller's: a receipt and a printed badge speak of them.
// Contact, PIN and badge may be empty. Besides the contract's errors:
// ErrInvalid, ErrExists (of the person, consent or badge), domain.ErrName,
// ErrDocument, ErrContact, ErrPIN, ErrWeakPIN.
func (s *Store) Enrol(ctx context.Context, e domain.Enrolment) error {
	defer s.useKeys()()
	return wrap("enrol", s.enrol(ctx, e))
}

func (s *Store) enrol(ctx context.Context, e domain.Enrolment) error {
	document, contact, err := cleanFields(e.Document, e.Contact)
	if err != nil {
		return err
	}
	id := e.Person.ID
	if err := checkEnrolment(&e); err != nil {
		return err
	}
	person, err := s.sealPerson(e.Person, e.Templates)
	if err != nil {
		return err
	}
	hash := s.keys.documentHash(document)
	taken := func(q queryer) error {
		_, err := byDocumentHash(ctx, q, hash)
		if errors.Is(err, domain.ErrNotFound) {
			return nil
		}
		return orElse(err, domain.ErrDuplicateDocument)
	}
	// Most duplicates are told before the slow hash; the rest by the transaction.
	if err := taken(s.r); err != nil {
		return err
	}
	var pin pinRecord
	if e.PIN != "" {
		if pin, err = s.hashPIN(ctx, string(id), e.PIN); err != nil {
			return err
		}
	}
	return s.sealing(ctx, func(tx *sql.Tx) error {
		if err := taken(tx); err != nil {
			return err
		}
		if err := person.insert(ctx, tx); err != nil {
			return err
		}
		err := execAll(ctx, tx, []statement{
			// Of one whose erasure is to be finished: nobody's any more.
			{"DELETE FROM profiles WHERE document_hash = ?", []any{hash}},
			{"INSERT INTO profiles (person, document, document_hash, contact) VALUES (?, ?, ?, ?)", []any{
				id, person.data.seal([]byte(document), documentPlace(person.id)), hash,
				person.data.seal([]byte(contact), contactPlace(person.id))}},
		})
		if err != nil {
			return err
		}
		if e.PIN != "" {
			if err := putPIN(ctx, tx, person.data, id, pin); err != nil {
				return err
			}
		}
		if err := insertConsent(ctx, tx, e.Consent); err != nil {
			return err
		}
		why := domain.ReasonRegistered
		if len(e.Templates) == 0 {
			why = domain.ReasonWithoutFace
		}
		if err := s.note(ctx, tx, domain.Event{Kind: domain.EventRegistration, Reason: why, Person: id}); err != nil {
			return err
		}
		if err := s.audit(ctx, tx, domain.AuditRegistered, domain.TargetPerson, string(id)); err != nil {
			return err
		}
		if e.Badge.ID == "" {
			return nil
		}
		return s.issue(ctx, tx, e.Badge)
	})
}

func cleanFields(document, contact string) (string, string, error) {
	document, err := domain.CleanDocument(document)
	if err == nil && contact != "" {
		contact, err = domain.CleanContact(contact)
	}
	return document, contact, err
}

// checkEnrolment checks that the parts are one person's and that there is
// consent to keep them. Consent and badge take the person's id where they have
// none.
func checkEnrolment(e *domain.Enrolment) error {
	for _, of := range []*domain.PersonID{&e.Consent.Person, &e.Badge.Person} {
		if *of == "" {
			*of = e.Person.ID
		}
		if *of != e.Person.ID {
			return fmt.Errorf("%w: consent or badge is of another person", ErrInvalid)
		}
	}
	if err := checkConsent(e.Consent); err != nil {
		return err
	}
	switch {
	case !e.Consent.Allows(domain.PurposeData):
		return fmt.Errorf("%w: %s", domain.ErrNoConsent, domain.PurposeData)
	case len(e.Templates) > 0 && !e.Consent.Allows(domain.PurposeFace):
		return fmt.Errorf("%w: %s", domain.ErrNoConsent, domain.PurposeFace)
	case e.Badge.ID == "":
		return nil
	}
	return checkBadge(e.Badge)
}
