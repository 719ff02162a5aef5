package store

import (
	"context"
	"errors"
	"fmt"

	"agentid/app/domain"
)

// person takes somebody over as the centre has them.
func (a applier) person(ctx context.Context, r domain.RemotePerson) error {
	if err := checkUUID("person id", string(r.Person.ID)); err != nil {
		return err
	}
	if r.Document != "" || r.Contact != "" {
		var err error
		if r.Document, r.Contact, err = cleanFields(r.Document, r.Contact); err != nil {
			return err
		}
	}
	known, alive, err := a.known(ctx, r.Person.ID)
	switch {
	case err != nil:
		return err
	case known && !alive:
		return errSkip("erased here")
	case known:
		err = a.merge(ctx, r)
	default:
		err = a.add(ctx, r)
	}
	if err != nil {
		return err
	}
	a.done.People++
	_, err = a.tx.ExecContext(ctx, "INSERT INTO centre_people (person) VALUES (?) ON CONFLICT DO NOTHING", r.Person.ID)
	return err
}

// add makes somebody whom this kiosk has not seen.
func (a applier) add(ctx context.Context, r domain.RemotePerson) error {
	p, err := a.sealPerson(r.Person, r.Templates)
	if err != nil {
		return err
	}
	if err := p.insert(ctx, a.tx); err != nil {
		return err
	}
	if err := a.profile(ctx, p.data, r); err != nil {
		return err
	}
	if err := a.secondFactor(ctx, r); err != nil {
		return err
	}
	if err := a.unparkConsents(ctx, r.Person.ID); err != nil {
		return err
	}
	return a.unpark(ctx, r.Person.ID)
}

// profile keeps document and contact, unless somebody else here has the
// document: registered at two branches while one was offline, they are two
// people until staff of the centre join them.
func (a applier) profile(ctx context.Context, data box, r domain.RemotePerson) error {
	if r.Document == "" {
		return nil
	}
	id := string(r.Person.ID)
	hash := a.keys.documentHash(r.Document)
	other, err := byDocumentHash(ctx, a.tx, hash)
	if err != nil && !errors.Is(err, domain.ErrNotFound) {
		return err
	}
	if err == nil && other != r.Person.ID {
		a.done.Skipped = append(a.done.Skipped, fmt.Sprintf("document of person %s: person %s has it here", id, other))
		return nil
	}
	return execAll(ctx, a.tx, []statement{
		// Of one whose erasure is to be finished: nobody's any more.
		{"DELETE FROM profiles WHERE document_hash = ? AND person <> ?", []any{hash, id}},
		{`INSERT INTO profiles (person, document, document_hash, contact) VALUES (?, ?, ?, ?)
			ON CONFLICT (person) DO UPDATE SET document = excluded.document, document_hash = excluded.document_hash, contact = excluded.contact`,
			[]any{id, data.seal([]byte(r.Document), documentPlace(id)), hash, data.seal([]byte(r.Contact), contactPlace(id))}},
	})
}

func (a applier) secondFactor(ctx context.Context, r domain.RemotePerson) error {
	if !r.SecondFactor {
		return nil
	}
	_, err := a.tx.ExecContext(ctx, "INSERT INTO second_factor (person, at) VALUES (?, ?) ON CONFLICT (person) DO NOTHING",
		r.Person.ID, micros(a.clock.Now()))
	return err
}

// untold lists what of a person was changed here and has not been told yet.
func (a applier) untold(ctx context.Context, id domain.PersonID, what string) (map[string]bool, error) {
	refs, err := texts(ctx, a.tx, "SELECT ref FROM person_changes WHERE person = ? AND what = ?", id, what)
	set := make(map[string]bool, len(refs))
	for _, r := range refs {
		set[r] = true
	}
	return set, err
}

// merge brings somebody who is here to what the centre has, but for what was
// changed here since.
func (a applier) merge(ctx context.Context, r domain.RemotePerson) error {
	id := r.Person.ID
	was, err := a.Store.person(ctx, a.tx, id)
	if err != nil {
		return err
	}
	document, contact, err := a.openFields(ctx, a.tx, id)
	if err != nil {
		return err
	}
	mine, err := a.untold(ctx, id, "field")
	if err != nil {
		return err
	}
	var wrapped []byte
	err = a.tx.QueryRowContext(ctx, "UPDATE people SET version = max(version + 1, ?) WHERE id = ? RETURNING wrapped_key",
		r.Person.Version, id).Scan(&wrapped)
	if err != nil {
		return err
	}
	data, err := a.personBox(string(id), wrapped)
	if err != nil {
		return err
	}
	name, err := domain.CleanName(r.Person.Name)
	if err != nil {
		return err
	}
	if name != was.Name && !mine[string(domain.FieldName)] {
		_, err := a.tx.ExecContext(ctx, "UPDATE people SET name = ? WHERE id = ?", data.seal([]byte(name), namePlace(string(id))), id)
		if err != nil {
			return err
		}
		if err := replaceNameIndex(ctx, a.tx, string(id), a.keys.nameBuckets(name)); err != nil {
			return err
		}
	}
	if mine[string(domain.FieldDocument)] {
		r.Document = document
	}
	if mine[string(domain.FieldContact)] {
		r.Contact = contact
	}
	if r.Document != document || r.Contact != contact {
		if err := a.profile(ctx, data, r); err != nil {
			return err
		}
	}
	if err := a.secondFactor(ctx, r); err != nil {
		return err
	}
	return a.mergeTemplates(ctx, data, r)
}

func (a applier) mergeTemplates(ctx context.Context, data box, r domain.RemotePerson) error {
	id := r.Person.ID
	added, err := a.untold(ctx, id, "template")
	if err != nil {
		return err
	}
	dropped, err := a.untold(ctx, id, "dropped")
	if err != nil {
		return err
	}
	here, err := texts(ctx, a.tx, "SELECT id FROM templates WHERE person = ?", id)
	if err != nil {
		return err
	}
	has := make(map[string]bool, len(here))
	for _, t := range here {
		has[t] = true
	}
	theirs := make(map[string]bool, len(r.Templates))
	var fresh []domain.Template
	for _, t := range r.Templates {
		theirs[t.ID] = true
		if !has[t.ID] && !dropped[t.ID] {
			fresh = append(fresh, t)
		}
	}
	for _, t := range here {
		if theirs[t] || added[t] {
			continue
		}
		if _, err := a.tx.ExecContext(ctx, "DELETE FROM templates WHERE id = ?", t); err != nil {
			return err
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	switch err := mayKeepFace(ctx, a.tx, id); {
	case errors.Is(err, domain.ErrNoConsent):
		return nil // taken back here
	case err != nil:
		return err
	}
	rows, err := a.sealTemplates(data, id, fresh)
	if err != nil {
		return err
	}
	return insertTemplates(ctx, a.tx, rows)
}
