package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"agentid/app/domain"
)

// exchangeWait is how long the centre is not told of an exchange, as the
// visitor may still say whether the answer helped: it is told once, whole.
const exchangeWait = 10 * time.Minute

// AddExchange implements domain.ChatLog. A zero At is now. Errors: ErrInvalid,
// ErrExists.
func (s *Store) AddExchange(ctx context.Context, e domain.Exchange) error {
	return wrap("add exchange", s.addExchange(ctx, e))
}

func (s *Store) addExchange(ctx context.Context, e domain.Exchange) error {
	var err error
	if e.At, err = s.moment(e.At); err != nil {
		return err
	}
	if err := checkExchange(e); err != nil {
		return err
	}
	if e.Suggestions == nil {
		e.Suggestions = []string{}
	}
	suggestions, err := json.Marshal(e.Suggestions)
	if err != nil {
		return err
	}
	now := s.clock.Now()
	return transact(ctx, s.w, func(tx *sql.Tx) error {
		return execAll(ctx, tx, []statement{
			{`INSERT INTO exchanges (id, at, lang, question, topic, confidence, suggestions, outcome, feedback)
				VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
				[]any{e.ID, micros(e.At), e.Lang, e.Question, e.Topic, e.Confidence, string(suggestions), e.Outcome, e.Feedback}},
			{"INSERT INTO notices (kind, ref, created_at, next_at) VALUES (?, ?, ?, ?)",
				[]any{domain.NoticeExchange, e.ID, micros(now), micros(now.Add(exchangeWait))}},
		})
	})
}

func checkExchange(e domain.Exchange) error {
	if err := checkUUID("exchange id", e.ID); err != nil {
		return err
	}
	if e.Lang == "" || e.Outcome == "" || len(e.Suggestions) > domain.MaxSuggestions {
		return fmt.Errorf("%w: exchange without language or outcome, or with too many suggestions", ErrInvalid)
	}
	if !(e.Confidence >= 0 && e.Confidence <= 1) {
		return fmt.Errorf("%w: confidence %v", ErrInvalid, e.Confidence)
	}
	if err := checkFeedback(e.Feedback); err != nil {
		return err
	}
	if err := checkSpoken(e.Question); err != nil {
		return err
	}
	return checkLabels(append([]string{string(e.Lang), string(e.Outcome), e.Topic}, e.Suggestions...)...)
}

// checkSpoken holds for everything that was said.
func checkSpoken(text string) error {
	if len(text) > domain.MaxExchangeText || !utf8.ValidString(text) {
		return fmt.Errorf("%w: %d bytes were said, want text of at most %d", ErrInvalid, len(text), domain.MaxExchangeText)
	}
	return nil
}

func checkFeedback(f domain.Feedback) error {
	if !slices.Contains([]domain.Feedback{domain.NoFeedback, domain.Liked, domain.Disliked}, f) {
		return fmt.Errorf("%w: feedback %q", ErrInvalid, clip(string(f), maxLabel))
	}
	return nil
}

// RateExchange implements domain.ChatLog. The centre is told at once: there is
// nothing more to come.
func (s *Store) RateExchange(ctx context.Context, id string, f domain.Feedback) error {
	if err := checkFeedback(f); err != nil {
		return wrap("rate exchange", err)
	}
	return wrap("rate exchange", transact(ctx, s.w, func(tx *sql.Tx) error {
		if err := markOne(ctx, tx, "UPDATE exchanges SET feedback = ? WHERE id = ?", f, id); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "UPDATE notices SET next_at = 0 WHERE kind = ? AND ref = ? AND state = 'pending' AND attempts = 0",
			domain.NoticeExchange, id)
		return err
	}))
}

const exchangeColumns = "id, at, lang, question, topic, confidence, suggestions, outcome, feedback"

// Exchanges implements domain.ChatLog. A limit of 0 or less is DefaultLimit;
// unlike other lists it goes up to MaxExchanges.
func (s *Store) Exchanges(ctx context.Context, since time.Time, limit int) ([]domain.Exchange, error) {
	if limit <= 0 {
		limit = DefaultLimit
	}
	from := int64(0)
	if !since.IsZero() {
		from = micros(since)
	}
	list, err := s.exchanges(ctx, "WHERE at >= ? ORDER BY at DESC, id DESC LIMIT ?", from, min(limit, MaxExchanges))
	slices.Reverse(list)
	return list, wrap("exchanges", err)
}

// MaxExchanges bounds a list of exchanges.
const MaxExchanges = 20_000

func (s *Store) exchanges(ctx context.Context, where string, args ...any) ([]domain.Exchange, error) {
	rows, err := s.r.QueryContext(ctx, "SELECT "+exchangeColumns+" FROM exchanges "+where, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []domain.Exchange
	for rows.Next() {
		var e domain.Exchange
		var at int64
		var suggestions string
		err := rows.Scan(&e.ID, &at, &e.Lang, &e.Question, &e.Topic, &e.Confidence, &suggestions, &e.Outcome, &e.Feedback)
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal([]byte(suggestions), &e.Suggestions); err != nil {
			return nil, fmt.Errorf("%w: suggestions of exchange %s", ErrCorrupt, e.ID)
		}
		if len(e.Suggestions) == 0 {
			e.Suggestions = nil
		}
		e.At = fromMicros(at)
		list = append(list, e)
	}
	return list, rows.Err()
}

// dueChat fills in what exchanges and cases that are due are about. One that
// went meanwhile is left out, as its notice went with it.
func (s *Store) dueChat(ctx context.Context, rows []notice) ([]domain.Notice, error) {
	list := make([]domain.Notice, 0, len(rows))
	for _, r := range rows {
		switch r.Key.Kind {
		case domain.NoticeExchange:
			found, err := s.exchanges(ctx, "WHERE id = ?", r.ref)
			if err != nil {
				return nil, err
			}
			if len(found) == 0 {
				continue
			}
			r.Exchange = &found[0]
		case domain.NoticeCase:
			found, err := s.cases(ctx, s.r, true, "WHERE id = ?", r.ref)
			if err != nil {
				return nil, err
			}
			if len(found) == 0 {
				continue
			}
			r.Case = &found[0]
		}
		list = append(list, r.Notice)
	}
	return list, nil
}

// dropChats erases the exchanges and the cases that are older than a time. A
// case that nobody closed goes as well: what was said there may not be kept for
// ever because somebody forgot it.
func (s *Store) dropChats(ctx context.Context, before time.Time) (n int, err error) {
	err = transact(ctx, s.w, func(tx *sql.Tx) error {
		for _, table := range []string{"exchanges", "cases"} {
			gone, err := changed(ctx, tx, "DELETE FROM "+table+" WHERE at < ?", micros(before))
			if err != nil {
				return err
			}
			n += gone
		}
		return nil
	})
	if err != nil || n == 0 {
		return 0, err
	}
	return n, s.truncateLog(ctx)
}
