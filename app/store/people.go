package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"agentid/app/domain"
)

// MaxTemplates is the most templates a person may have.
const MaxTemplates = 256

// AddPerson implements domain.People. The id is a canonical UUID of the
// caller; a template without an id or a time gets one; a zero CreatedAt is
// now, a zero Version is 1. Errors: ErrExists, ErrInvalid, domain.ErrName.
func (s *Store) AddPerson(ctx context.Context, p domain.Person, ts []domain.Template) error {
	defer s.useKeys()()
	sealed, err := s.sealPerson(p, ts)
	if err != nil {
		return wrap("add person", err)
	}
	return wrap("add person", s.sealing(ctx, func(tx *sql.Tx) error {
		if err := sealed.insert(ctx, tx); err != nil {
			return err
		}
		return s.audit(ctx, tx, domain.AuditPersonAdded, domain.TargetPerson, sealed.id)
	}))
}

// sealedPerson is a new person, checked and sealed, under a key of their own.
type sealedPerson struct {
	id            string
	wrapped, name []byte
	created       time.Time
	version       int64
	data          box   // seals what else is theirs
	buckets       []int // of the name
	templates     []templateRow
}

func (s *Store) sealPerson(p domain.Person, ts []domain.Template) (n sealedPerson, err error) {
	n = sealedPerson{id: string(p.ID), version: p.Version}
	if err := checkUUID("person id", n.id); err != nil {
		return n, err
	}
	name, err := domain.CleanName(p.Name)
	if err != nil {
		return n, err
	}
	if n.version == 0 {
		n.version = 1
	}
	if n.version < 0 {
		return n, fmt.Errorf("%w: version %d", ErrInvalid, n.version)
	}
	if n.created, err = s.moment(p.CreatedAt); err != nil {
		return n, err
	}
	key := newKey()
	if n.data, err = newBox(key); err != nil {
		return n, err
	}
	n.wrapped = s.keys.master.seal(key, personKeyPlace(n.id))
	n.name = n.data.seal([]byte(name), namePlace(n.id))
	n.buckets = s.keys.nameBuckets(name)
	n.templates, err = s.sealTemplates(n.data, p.ID, ts)
	return n, err
}

func (n sealedPerson) insert(ctx context.Context, tx *sql.Tx) error {
	_, err := tx.ExecContext(ctx,
		"INSERT INTO people (id, wrapped_key, name, created_at, version) VALUES (?, ?, ?, ?, ?)",
		n.id, n.wrapped, n.name, micros(n.created), n.version)
	if err != nil {
		return err
	}
	if err := insertNameIndex(ctx, tx, n.id, n.buckets); err != nil {
		return err
	}
	return insertTemplates(ctx, tx, n.templates)
}

// Person implements domain.People. One who was erased is not found.
func (s *Store) Person(ctx context.Context, id domain.PersonID) (domain.Person, error) {
	defer s.useKeys()()
	p, err := s.person(ctx, s.r, id)
	return p, wrap("person "+clip(string(id), 36), err)
}

func (s *Store) person(ctx context.Context, q queryer, id domain.PersonID) (domain.Person, error) {
	people, err := s.people(ctx, q, "WHERE wrapped_key IS NOT NULL AND id = ?", id)
	if err == nil && len(people) == 0 {
		err = domain.ErrNotFound
	}
	if err != nil {
		return domain.Person{}, s.orRotated(ctx, err)
	}
	return people[0], nil
}

// People implements domain.People, in the order in which they were created.
func (s *Store) People(ctx context.Context) ([]domain.Person, error) {
	defer s.useKeys()()
	people, err := s.people(ctx, s.r, "WHERE wrapped_key IS NOT NULL ORDER BY created_at, id")
	return people, wrap("people", s.orRotated(ctx, err))
}

func (s *Store) people(ctx context.Context, q queryer, where string, args ...any) ([]domain.Person, error) {
	rows, err := q.QueryContext(ctx, "SELECT id, wrapped_key, name, created_at, version FROM people "+where, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var people []domain.Person
	for rows.Next() {
		var p domain.Person
		var wrapped, name []byte
		var created int64
		if err := rows.Scan(&p.ID, &wrapped, &name, &created, &p.Version); err != nil {
			return nil, err
		}
		data, err := s.personBox(string(p.ID), wrapped)
		if err != nil {
			return nil, err
		}
		plain, err := data.open(name, namePlace(string(p.ID)))
		if err != nil {
			return nil, fmt.Errorf("name of %s: %w", p.ID, err)
		}
		p.Name, p.CreatedAt = string(plain), fromMicros(created)
		people = append(people, p)
	}
	return people, rows.Err()
}

// RenamePerson changes the name, and with it the version.
// Errors: domain.ErrNotFound, domain.ErrName.
func (s *Store) RenamePerson(ctx context.Context, id domain.PersonID, name string) error {
	name, err := domain.CleanName(name)
	if err != nil {
		return wrap("rename person", err)
	}
	defer s.useKeys()()
	return wrap("rename person", s.changePerson(ctx, id, domain.AuditPersonRenamed, func(tx *sql.Tx, data box) error {
		_, err := tx.ExecContext(ctx, "UPDATE people SET name = ? WHERE id = ?",
			data.seal([]byte(name), namePlace(string(id))), id)
		if err != nil {
			return err
		}
		return replaceNameIndex(ctx, tx, string(id), s.keys.nameBuckets(name))
	}))
}

// AddTemplates gives a person more templates, all or none. Errors:
// domain.ErrNotFound, ErrExists, ErrInvalid, and domain.ErrNoConsent for one
// who was asked and whose consent to it does not stand.
func (s *Store) AddTemplates(ctx context.Context, id domain.PersonID, ts []domain.Template) error {
	if len(ts) == 0 {
		return nil
	}
	defer s.useKeys()()
	return wrap("add templates", s.changePerson(ctx, id, domain.AuditTemplatesAdded, func(tx *sql.Tx, data box) error {
		if err := mayKeepFace(ctx, tx, id); err != nil {
			return err
		}
		rows, err := s.sealTemplates(data, id, ts)
		if err != nil {
			return err
		}
		return insertTemplates(ctx, tx, rows)
	}))
}

// changePerson runs fn with the person's own box, counts the version up, and
// audits it.
func (s *Store) changePerson(ctx context.Context, id domain.PersonID, as domain.AuditAction, fn func(*sql.Tx, box) error) error {
	return s.sealing(ctx, func(tx *sql.Tx) error {
		var wrapped []byte
		err := tx.QueryRowContext(ctx,
			"UPDATE people SET version = version + 1 WHERE id = ? AND wrapped_key IS NOT NULL RETURNING wrapped_key",
			id).Scan(&wrapped)
		if errors.Is(err, sql.ErrNoRows) {
			return domain.ErrNotFound
		}
		if err != nil {
			return err
		}
		data, err := s.personBox(string(id), wrapped)
		if err != nil {
			return err
		}
		if err := fn(tx, data); err != nil {
			return err
		}
		return s.audit(ctx, tx, as, domain.TargetPerson, string(id))
	})
}

// personBox unwraps a person's data key.
func (s *Store) personBox(id string, wrapped []byte) (box, error) {
	key, err := s.keys.master.open(wrapped, personKeyPlace(id))
	if err != nil {
		return box{}, fmt.Errorf("key of %s: %w", id, err)
	}
	return newBox(key)
}

// templateRow is a template as its table has it.
type templateRow struct {
	id, person, encoder, version string
	vector                       []byte // sealed
	quality                      float64
	created                      time.Time
}

// sealTemplates checks the templates of one person and seals their vectors.
func (s *Store) sealTemplates(data box, person domain.PersonID, ts []domain.Template) ([]templateRow, error) {
	if len(ts) > MaxTemplates {
		return nil, fmt.Errorf("%w: %d templates, at most %d", ErrInvalid, len(ts), MaxTemplates)
	}
	rows := make([]templateRow, len(ts))
	for i, t := range ts {
		if t.PersonID != "" && t.PersonID != person {
			return nil, fmt.Errorf("%w: template %d is of another person", ErrInvalid, i)
		}
		created, err := s.moment(t.CreatedAt)
		if err != nil {
			return nil, err
		}
		if t.ID == "" {
			t.ID = newID(created)
		}
		if err := checkUUID("template id", t.ID); err != nil {
			return nil, err
		}
		if err := checkLabels(t.Encoder.Name, t.Encoder.Version); err != nil {
			return nil, err
		}
		if t.Encoder.Name == "" || t.Encoder.Version == "" {
			return nil, fmt.Errorf("%w: template %d names no encoder", ErrInvalid, i)
		}
		if !(t.Quality >= 0 && t.Quality <= 1) {
			return nil, fmt.Errorf("%w: quality %v", ErrInvalid, t.Quality)
		}
		plain, err := encodeVector(t.Vector)
		if err != nil {
			return nil, fmt.Errorf("template %d: %w", i, err)
		}
		at := vectorPlace(string(person), t.ID, t.Encoder.Name, t.Encoder.Version)
		rows[i] = templateRow{
			id: t.ID, person: string(person), encoder: t.Encoder.Name, version: t.Encoder.Version,
			vector: data.seal(plain, at), quality: t.Quality, created: created,
		}
	}
	return rows, nil
}

func insertTemplates(ctx context.Context, tx *sql.Tx, rows []templateRow) error {
	if len(rows) == 0 {
		return nil
	}
	for _, r := range rows {
		_, err := tx.ExecContext(ctx, `INSERT INTO templates
			(id, person, encoder, encoder_version, vector, quality, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)`,
			r.id, r.person, r.encoder, r.version, r.vector, r.quality, micros(r.created))
		if err != nil {
			return err
		}
	}
	var n int
	err := tx.QueryRowContext(ctx, "SELECT count(*) FROM templates WHERE person = ?", rows[0].person).Scan(&n)
	if err == nil && n > MaxTemplates {
		err = fmt.Errorf("%w: %d templates, at most %d", ErrInvalid, n, MaxTemplates)
	}
	return err
}

// Templates implements domain.People, in the order in which they were added.
// One that does not open fails the whole: a gallery that silently lacks
// somebody would call them unknown.
func (s *Store) Templates(ctx context.Context, enc domain.EncoderRef) ([]domain.Template, error) {
	defer s.useKeys()()
	ts, err := s.templates(ctx, enc, "")
	return ts, wrap("templates of "+clip(enc.String(), 2*maxLabel), s.orRotated(ctx, err))
}

// PersonTemplates lists one person's templates of one encoder, none for
// somebody who is not here: what a 1:1 comparison needs, without opening those
// of everybody else.
func (s *Store) PersonTemplates(ctx context.Context, id domain.PersonID, enc domain.EncoderRef) ([]domain.Template, error) {
	if id == "" {
		return nil, nil
	}
	defer s.useKeys()()
	ts, err := s.templates(ctx, enc, id)
	return ts, wrap("templates of a person", s.orRotated(ctx, err))
}

// templates lists those of one person, or of everybody where of is empty.
func (s *Store) templates(ctx context.Context, enc domain.EncoderRef, of domain.PersonID) ([]domain.Template, error) {
	where, args := "", []any{enc.Name, enc.Version}
	if of != "" {
		where, args = "AND t.person = ?", append(args, of)
	}
	rows, err := s.r.QueryContext(ctx, `SELECT t.id, t.person, t.vector, t.quality, t.created_at, p.wrapped_key
		FROM templates t JOIN people p ON p.id = t.person
		WHERE t.encoder = ? AND t.encoder_version = ? AND p.wrapped_key IS NOT NULL `+where+`
		ORDER BY t.rowid`, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	boxes := make(map[domain.PersonID]box)
	var ts []domain.Template
	for rows.Next() {
		t := domain.Template{Encoder: enc}
		var sealed, wrapped sql.RawBytes // valid until the next row: opened at once
		var created int64
		if err := rows.Scan(&t.ID, &t.PersonID, &sealed, &t.Quality, &created, &wrapped); err != nil {
			return nil, err
		}
		data, ok := boxes[t.PersonID]
		if !ok {
			if data, err = s.personBox(string(t.PersonID), wrapped); err != nil {
				return nil, err
			}
			boxes[t.PersonID] = data
		}
		plain, err := data.open(sealed, vectorPlace(string(t.PersonID), t.ID, enc.Name, enc.Version))
		if err != nil {
			return nil, fmt.Errorf("template %s: %w", t.ID, err)
		}
		if t.Vector, err = decodeVector(plain); err != nil {
			return nil, fmt.Errorf("template %s: %w", t.ID, err)
		}
		t.CreatedAt = fromMicros(created)
		ts = append(ts, t)
	}
	return ts, rows.Err()
}
