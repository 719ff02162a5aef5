package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"agentid/app/domain"
)

const (
	// maxSearchText bounds what is searched for, in bytes.
	maxSearchText = 200
	// searchBatch is how many candidates are read at once, and maxSearched how
	// many a search opens before it answers with what it has.
	searchBatch = 256
	maxSearched = 4096
)

// CountPeople implements domain.Directory.
func (s *Store) CountPeople(ctx context.Context) (n int, err error) {
	err = s.r.QueryRowContext(ctx, "SELECT count(*) FROM people WHERE wrapped_key IS NOT NULL").Scan(&n)
	return n, wrap("count people", err)
}

// FindPeople implements domain.Directory.
func (s *Store) FindPeople(ctx context.Context, q domain.PeopleQuery) (domain.PeoplePage, error) {
	defer s.useKeys()()
	// Under another key nothing would be found: that is not "nobody".
	err := s.keys.current(ctx, s.r)
	var page domain.PeoplePage
	if err == nil {
		page, err = s.findPeople(ctx, q)
	}
	if err != nil {
		return domain.PeoplePage{}, wrap("find people", s.orRotated(ctx, err))
	}
	return page, nil
}

func (s *Store) findPeople(ctx context.Context, q domain.PeopleQuery) (page domain.PeoplePage, err error) {
	tx, err := s.r.BeginTx(ctx, &sql.TxOptions{ReadOnly: true}) // a page as of one moment
	if err != nil {
		return page, err
	}
	defer tx.Rollback()
	text := clip(strings.TrimSpace(q.Text), maxSearchText)
	if document, err := domain.CleanDocument(text); err == nil {
		id, err := byDocumentHash(ctx, tx, s.keys.documentHash(document))
		if err == nil && (q.Before == "" || id < q.Before) {
			p, err := s.person(ctx, tx, id)
			if err != nil {
				return page, err
			}
			page.People = []domain.PersonEntry{{Person: p}}
			return page, s.completeEntries(ctx, tx, page.People)
		}
		if err != nil && !errors.Is(err, domain.ErrNotFound) {
			return page, err
		}
	}
	sought := words(text)
	if text != "" && len(sought) == 0 {
		return page, nil // nothing but signs: nobody is called that
	}
	limit := bounded(q.Limit)
	buckets := s.keys.searchBuckets(sought)
	batch := min(searchBatch, limit+1)
	before := q.Before
	for searched := 0; ; {
		where, args := candidates(buckets, before, batch)
		people, err := s.people(ctx, tx, where, args...)
		if err != nil {
			return page, err
		}
		for _, p := range people {
			before = p.ID
			if !matchesWords(p.Name, sought) {
				continue
			}
			if len(page.People) == limit {
				page.More = page.People[limit-1].ID
				return page, s.completeEntries(ctx, tx, page.People)
			}
			page.People = append(page.People, domain.PersonEntry{Person: p})
		}
		if searched += len(people); len(people) < batch {
			return page, s.completeEntries(ctx, tx, page.People)
		}
		if searched >= maxSearched && len(sought) > 0 {
			page.More = before
			return page, s.completeEntries(ctx, tx, page.People)
		}
	}
}

// candidates selects those who may match, from the index alone, newest first.
func candidates(buckets []int, before domain.PersonID, n int) (where string, args []any) {
	var join strings.Builder
	for i, b := range buckets {
		if i == 0 {
			continue // the first gives the order, the others are looked into
		}
		fmt.Fprintf(&join, " CROSS JOIN name_index n%d ON n%[1]d.person = n.person AND n%[1]d.bucket = ?", i)
		args = append(args, b)
	}
	var c conditions
	c.args = args
	id := "p.id"
	from := "SELECT p.id FROM people p "
	if len(buckets) > 0 {
		id = "n.person"
		from = "SELECT n.person FROM name_index n" + join.String() + " CROSS JOIN people p ON p.id = n.person "
		c.addIf(true, "n.bucket = ?", buckets[0])
	}
	c.addIf(before != "", id+" < ?", before)
	c.list = append(c.list, "p.wrapped_key IS NOT NULL")
	return "WHERE id IN (" + from + c.where() + " ORDER BY " + id + " DESC LIMIT ?) ORDER BY id DESC", append(c.args, n)
}

// completeEntries says of each person on a page what a list shows beside the name.
func (s *Store) completeEntries(ctx context.Context, q queryer, list []domain.PersonEntry) error {
	now := micros(s.clock.Now())
	for i := range list {
		p := &list[i]
		err := q.QueryRowContext(ctx, `SELECT
			EXISTS (SELECT 1 FROM templates WHERE person = ?1),
			EXISTS (SELECT 1 FROM pins WHERE person = ?1),
			(SELECT count(*) FROM badges WHERE person = ?1 AND revoked_at IS NULL AND expires > ?2),
			EXISTS (SELECT 1 FROM second_factor WHERE person = ?1)`, p.ID, now).
			Scan(&p.HasFace, &p.HasPIN, &p.Badges, &p.SecondFactor)
		if err != nil {
			return err
		}
	}
	return nil
}
