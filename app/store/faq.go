package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"unicode/utf8"

	"agentid/app/domain"
)

var _ domain.FAQBook = (*Store)(nil)

func faqEditPlace(e domain.FAQEdit) place {
	return place{"faq_edits", "content", string(e.Lang), e.Topic}
}
func faqSetPlace(l domain.Lang) place { return place{"faq_sets", "content", string(l)} }

// FAQEdits implements domain.FAQBook.
func (s *Store) FAQEdits(ctx context.Context) ([]domain.FAQEdit, error) {
	list, err := s.faqEdits(ctx)
	return list, wrap("faq edits", err)
}

func (s *Store) faqEdits(ctx context.Context) ([]domain.FAQEdit, error) {
	rows, err := s.r.QueryContext(ctx, "SELECT lang, topic, version, content, base, at FROM faq_edits ORDER BY at, topic, lang")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []domain.FAQEdit
	for rows.Next() {
		var e domain.FAQEdit
		var sealed []byte
		var at int64
		if err := rows.Scan(&e.Lang, &e.Topic, &e.Version, &sealed, &e.Base, &at); err != nil {
			return nil, err
		}
		plain, err := s.snapshots.open(sealed, faqEditPlace(e))
		e.Text, e.At, e.Damaged = string(plain), fromMicros(at), err != nil // the others hold all the same
		list = append(list, e)
	}
	return list, rows.Err()
}

// SaveFAQEdit implements domain.FAQBook. A zero At is now. Errors: ErrInvalid,
// domain.ErrEdited.
func (s *Store) SaveFAQEdit(ctx context.Context, e domain.FAQEdit) (domain.FAQEdit, error) {
	var err error
	if e.At, err = s.moment(e.At); err == nil {
		err = checkFAQ(e.Lang, e.Text, domain.MaxFAQText)
	}
	if err == nil && (e.Topic == "" || e.Version < 0) {
		err = fmt.Errorf("%w: edit without a topic", ErrInvalid)
	}
	if err == nil {
		err = checkLabels(e.Topic, e.Base)
	}
	if err != nil {
		return e, wrap("save faq edit", err)
	}
	err = transact(ctx, s.w, func(tx *sql.Tx) error {
		var last int64
		err := tx.QueryRowContext(ctx, "SELECT version FROM faq_edits WHERE lang = ? AND topic = ?", e.Lang, e.Topic).Scan(&last)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if last != e.Version {
			return domain.ErrEdited
		}
		var n int
		if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM faq_edits").Scan(&n); err != nil {
			return err
		}
		if last == 0 && n >= domain.MaxFAQEdits {
			return fmt.Errorf("%w: more than %d edits", ErrInvalid, domain.MaxFAQEdits)
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO faq_edits (lang, topic, version, content, base, at) VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT (lang, topic) DO UPDATE SET version = excluded.version, content = excluded.content, base = excluded.base, at = excluded.at`,
			e.Lang, e.Topic, last+1, s.snapshots.seal([]byte(e.Text), faqEditPlace(e)), e.Base, micros(e.At))
		return err
	})
	if err != nil {
		return e, wrap("save faq edit", err)
	}
	e.Version++
	return e, nil
}

// checkFAQ holds for texts of questions and answers.
func checkFAQ(l domain.Lang, text string, most int) error {
	if text == "" || len(text) > most || !utf8.ValidString(text) {
		return fmt.Errorf("%w: questions and answers of %d bytes, want text of at most %d", ErrInvalid, len(text), most)
	}
	if l == "" {
		return fmt.Errorf("%w: questions and answers without a language", ErrInvalid)
	}
	return checkLabels(string(l))
}

// DropFAQEdit implements domain.FAQBook.
func (s *Store) DropFAQEdit(ctx context.Context, topic string, langs ...domain.Lang) error {
	return wrap("drop faq edit", transact(ctx, s.w, func(tx *sql.Tx) error {
		if len(langs) == 0 {
			n, err := changed(ctx, tx, "DELETE FROM faq_edits WHERE topic = ?", topic)
			if err == nil && n == 0 {
				err = domain.ErrNotFound
			}
			return err
		}
		gone := 0
		for _, l := range langs {
			n, err := changed(ctx, tx, "DELETE FROM faq_edits WHERE topic = ? AND lang = ?", topic, l)
			if err != nil {
				return err
			}
			gone += n
		}
		if gone == 0 {
			return domain.ErrNotFound
		}
		return nil
	}))
}

// FAQSets implements domain.FAQBook.
func (s *Store) FAQSets(ctx context.Context) ([]domain.FAQSet, error) {
	list, err := s.faqSets(ctx)
	return list, wrap("faq sets", err)
}

func (s *Store) faqSets(ctx context.Context) ([]domain.FAQSet, error) {
	rows, err := s.r.QueryContext(ctx, "SELECT lang, version, content, at FROM faq_sets ORDER BY lang")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []domain.FAQSet
	for rows.Next() {
		var set domain.FAQSet
		var sealed []byte
		var at int64
		if err := rows.Scan(&set.Lang, &set.Version, &sealed, &at); err != nil {
			return nil, err
		}
		plain, err := s.snapshots.open(sealed, faqSetPlace(set.Lang))
		set.Text, set.At, set.Damaged = string(plain), fromMicros(at), err != nil
		list = append(list, set)
	}
	return list, rows.Err()
}

// KeepFAQSet implements domain.FAQBook.
func (s *Store) KeepFAQSet(ctx context.Context, set domain.FAQSet) error {
	err := checkFAQ(set.Lang, set.Text, maxDocument)
	if err != nil {
		return wrap("keep faq set", err)
	}
	_, err = s.w.ExecContext(ctx, `INSERT INTO faq_sets (lang, version, content, at) VALUES (?, ?, ?, ?)
		ON CONFLICT (lang) DO UPDATE SET version = excluded.version, content = excluded.content, at = excluded.at`,
		set.Lang, set.Version, s.snapshots.seal([]byte(set.Text), faqSetPlace(set.Lang)), micros(set.At))
	return wrap("keep faq set", err)
}

// DropFAQSet implements domain.FAQBook.
func (s *Store) DropFAQSet(ctx context.Context, l domain.Lang) error {
	_, err := s.w.ExecContext(ctx, "DELETE FROM faq_sets WHERE lang = ?", l)
	return wrap("drop faq set", err)
}
