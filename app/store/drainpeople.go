package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"agentid/app/domain"
)

// maxNewsTemplates bounds the templates of one notice, each way; what is over
// follows in the next.
const maxNewsTemplates = 32

func (s *Store) duePeople(ctx context.Context, n int) ([]domain.Notice, error) {
	rows, err := s.dueRows(ctx, domain.NoticePerson, n)
	if err != nil {
		return nil, err
	}
	var list []domain.Notice
	for _, r := range rows {
		if r.Item == "" {
			news, err := s.personNews(ctx, r)
			if errors.Is(err, domain.ErrNotFound) {
				continue // erased or changed meanwhile
			}
			if errors.Is(s.orRotated(ctx, err), ErrCorrupt) {
				if err := s.damaged(ctx, r.Key); err != nil {
					return nil, err
				}
				continue
			}
			if err != nil {
				return nil, err
			}
			r.Person = news
		}
		list = append(list, r.Notice)
	}
	return list, nil
}

// damaged gives up a notice whose matter cannot be read any more: staff sees
// it, and it holds nothing up.
func (s *Store) damaged(ctx context.Context, key domain.NoticeKey) error {
	return s.SettleNotices(ctx, []domain.Settlement{{Key: key, Why: "damaged on this kiosk's disk"}})
}

// personNews reads what of a person is to be told, as of one moment: that of
// the notice's version, or else domain.ErrNotFound.
func (s *Store) personNews(ctx context.Context, r notice) (*domain.PersonNews, error) {
	tx, err := s.r.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, err
	}
	defer tx.Rollback()
	var version int64
	err = tx.QueryRowContext(ctx, "SELECT version FROM notices WHERE id = ?", r.Key.Row).Scan(&version)
	if errors.Is(err, sql.ErrNoRows) || err == nil && version != r.Key.Version {
		return nil, domain.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	id := domain.PersonID(r.ref)
	news := &domain.PersonNews{Changed: map[domain.PersonField]time.Time{}}
	if news.Person, err = s.person(ctx, tx, id); err != nil {
		return nil, err
	}
	if news.Document, news.Contact, err = s.openFields(ctx, tx, id); err != nil {
		return nil, err
	}
	err = tx.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM second_factor WHERE person = ?)", id).Scan(&news.SecondFactor)
	if err != nil {
		return nil, err
	}
	added, err := changesOf(ctx, tx, id, news)
	if err != nil {
		return nil, err
	}
	news.Templates, err = s.templatesOf(ctx, tx, id, added)
	return news, err
}

// changesOf fills in what has changed, and gives the ids of new templates.
func changesOf(ctx context.Context, q queryer, id domain.PersonID, news *domain.PersonNews) (added map[string]bool, err error) {
	rows, err := q.QueryContext(ctx, "SELECT seq, what, ref, at FROM person_changes WHERE person = ? ORDER BY seq", id)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	added = map[string]bool{}
	for rows.Next() {
		var seq, at int64
		var what, ref string
		if err := rows.Scan(&seq, &what, &ref, &at); err != nil {
			return nil, err
		}
		switch what {
		case "template":
			if len(added) == maxNewsTemplates {
				return added, nil
			}
			added[ref] = true
		case "dropped":
			if len(news.Dropped) == maxNewsTemplates {
				return added, nil
			}
			news.Dropped = append(news.Dropped, ref)
		default:
			switch f := domain.PersonField(ref); f {
			case domain.FieldName, domain.FieldDocument, domain.FieldContact:
				news.Changed[f] = fromMicros(at)
			}
		}
		news.UpTo = seq
	}
	return added, rows.Err()
}

// templatesOf opens the templates of a person that are wanted.
func (s *Store) templatesOf(ctx context.Context, q queryer, id domain.PersonID, wanted map[string]bool) ([]domain.Template, error) {
	if len(wanted) == 0 {
		return nil, nil
	}
	rows, err := q.QueryContext(ctx, `SELECT t.id, t.encoder, t.encoder_version, t.vector, t.quality, t.created_at, p.wrapped_key
		FROM templates t JOIN people p ON p.id = t.person WHERE t.person = ? ORDER BY t.rowid`, id)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var ts []domain.Template
	for rows.Next() {
		t := domain.Template{PersonID: id}
		var sealed, wrapped []byte
		var created int64
		if err := rows.Scan(&t.ID, &t.Encoder.Name, &t.Encoder.Version, &sealed, &t.Quality, &created, &wrapped); err != nil {
			return nil, err
		}
		if !wanted[t.ID] {
			continue
		}
		data, err := s.personBox(string(id), wrapped)
		if err != nil {
			return nil, err
		}
		plain, err := data.open(sealed, vectorPlace(string(id), t.ID, t.Encoder.Name, t.Encoder.Version))
		if err != nil {
			return nil, wrap("template "+t.ID, err)
		}
		if t.Vector, err = decodeVector(plain); err != nil {
			return nil, wrap("template "+t.ID, err)
		}
		t.CreatedAt = fromMicros(created)
		ts = append(ts, t)
	}
	return ts, rows.Err()
}
