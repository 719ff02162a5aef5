package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"

	"agentid/app/domain"
)

func documentOfCentre(kind, ref string) place { return place{"centre_documents", "content", kind, ref} }

func (a applier) document(ctx context.Context, d domain.Document) error {
	if d.Kind == "" || d.Ref == "" || d.Version < 1 || len(d.Content) > maxDocument {
		return fmt.Errorf("%w: document without kind, ref or version, or too long", ErrInvalid)
	}
	if err := checkLabels(d.Kind, d.Ref, d.ContentType); err != nil {
		return err
	}
	at, err := a.moment(d.At)
	if err != nil {
		return err
	}
	again, err := a.hasDocument(ctx, d) // told again, it is no news
	if err != nil {
		return err
	}
	if d.Kind == domain.DocumentCaseAnswer {
		if err := a.answers(ctx, d, again); err != nil {
			return err
		}
	}
	_, err = a.tx.ExecContext(ctx, `INSERT INTO centre_documents (kind, ref, version, content_type, content, at) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (kind, ref) DO UPDATE SET version = excluded.version, content_type = excluded.content_type,
			content = excluded.content, at = excluded.at`,
		d.Kind, d.Ref, d.Version, d.ContentType, a.snapshots.seal([]byte(d.Content), documentOfCentre(d.Kind, d.Ref)), micros(at))
	if err != nil {
		return err
	}
	a.done.Documents++
	if again {
		return nil
	}
	return a.auditDocument(ctx, domain.AuditDocument, d)
}

// hasDocument tells whether a document is here, in that version and those words: a
// centre that was restored may give a version's number to others.
func (a applier) hasDocument(ctx context.Context, d domain.Document) (bool, error) {
	var version int64
	var sealed []byte
	err := a.tx.QueryRowContext(ctx, "SELECT version, content FROM centre_documents WHERE kind = ? AND ref = ?", d.Kind, d.Ref).Scan(&version, &sealed)
	if errors.Is(err, sql.ErrNoRows) || err == nil && version != d.Version {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	plain, err := a.snapshots.open(sealed, documentOfCentre(d.Kind, d.Ref))
	return err == nil && string(plain) == d.Content, nil // one that does not open is replaced
}

func (a applier) goneDocument(ctx context.Context, d domain.Document) error {
	n, err := changed(ctx, a.tx, "DELETE FROM centre_documents WHERE kind = ? AND ref = ?", d.Kind, d.Ref)
	a.done.Gone++
	if err != nil || n == 0 {
		return err
	}
	return a.auditDocument(ctx, domain.AuditDocumentGone, d)
}

// auditDocument notes that the centre changed how this kiosk is set, or what is
// asked by. Its accounts and answers are audited as what they are.
func (a applier) auditDocument(ctx context.Context, did domain.AuditAction, d domain.Document) error {
	if d.Kind != domain.DocumentConfig && d.Kind != domain.DocumentConsentText {
		return nil
	}
	ref := d.Kind + "/" + d.Ref
	if !domain.IsAuditLabel(ref) {
		ref = d.Kind
	}
	var details []string
	if d.Version > 0 {
		details = []string{"version", strconv.FormatInt(d.Version, 10)}
	}
	return a.audit(domain.WithActor(ctx, domain.Actor{ID: domain.ActorCentre}), a.tx, did, domain.TargetDocument, ref, details...)
}

// answers notes that a case is answered. The answer to a case that is not here
// is not kept: it is of another kiosk, or its person is erased.
func (a applier) answers(ctx context.Context, d domain.Document, again bool) error {
	var here bool
	err := a.tx.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM cases WHERE id = ?)", d.Ref).Scan(&here)
	switch {
	case err != nil:
		return err
	case !here:
		return errNotKept
	case again:
		return nil
	}
	if _, err := a.tx.ExecContext(ctx, "UPDATE cases SET told_at = NULL WHERE id = ?", d.Ref); err != nil { // of another answer
		return err
	}
	return a.audit(domain.WithActor(ctx, domain.Actor{ID: domain.ActorCentre}), a.tx, domain.AuditCaseChanged, domain.TargetCase, d.Ref, "to", "answered")
}

// CentreDocuments lists what the centre has published of a kind, by ref.
func (s *Store) CentreDocuments(ctx context.Context, kind string) ([]domain.Document, error) {
	list, err := s.centreDocuments(ctx, "kind = ? ORDER BY ref", kind)
	return list, wrap("documents of the centre", err)
}

// CentreDocument is one of them; domain.ErrNotFound where there is none.
func (s *Store) CentreDocument(ctx context.Context, kind, ref string) (domain.Document, error) {
	list, err := s.centreDocuments(ctx, "kind = ? AND ref = ?", kind, ref)
	if err == nil && len(list) == 0 {
		err = domain.ErrNotFound
	}
	if err != nil {
		return domain.Document{}, wrap("document of the centre", err)
	}
	return list[0], nil
}

func (s *Store) centreDocuments(ctx context.Context, where string, args ...any) ([]domain.Document, error) {
	rows, err := s.r.QueryContext(ctx, "SELECT kind, ref, version, content_type, content, at FROM centre_documents WHERE "+where, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []domain.Document
	for rows.Next() {
		var d domain.Document
		var sealed []byte
		var at int64
		if err := rows.Scan(&d.Kind, &d.Ref, &d.Version, &d.ContentType, &sealed, &at); err != nil {
			return nil, err
		}
		plain, err := s.snapshots.open(sealed, documentOfCentre(d.Kind, d.Ref))
		if err != nil {
			return nil, err
		}
		d.Content, d.At = string(plain), fromMicros(at)
		list = append(list, d)
	}
	return list, rows.Err()
}
