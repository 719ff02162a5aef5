package store

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"unicode/utf8"

	"agentid/app/domain"
)

const (
	// maxAlike bounds the names that are opened to be compared: those that share
	// the most beginnings of words.
	maxAlike = 256
	// leastAlike is how alike two names are at least, to be called so.
	leastAlike = 0.5
)

// SimilarNames implements domain.Merger. Who shares no beginning of a word is not
// found: the index of names has no more of them.
func (s *Store) SimilarNames(ctx context.Context, id domain.PersonID, limit int) ([]domain.NamedPerson, error) {
	defer s.useKeys()()
	list, err := s.similarNames(ctx, id)
	if err != nil {
		return nil, wrap("similar names", s.orRotated(ctx, err))
	}
	return list[:min(len(list), bounded(limit))], nil
}

func (s *Store) similarNames(ctx context.Context, id domain.PersonID) ([]domain.NamedPerson, error) {
	p, err := s.person(ctx, s.r, id)
	if err != nil {
		return nil, err
	}
	buckets, err := json.Marshal(s.keys.nameBuckets(p.Name))
	if err != nil {
		return nil, err
	}
	others, err := s.people(ctx, s.r, `WHERE wrapped_key IS NOT NULL AND id IN (
		SELECT person FROM name_index WHERE bucket IN (SELECT value FROM json_each(?1)) AND person <> ?2
		GROUP BY person ORDER BY count(*) DESC, person DESC LIMIT ?3)`, string(buckets), id, maxAlike)
	if err != nil {
		return nil, err
	}
	mine := words(p.Name)
	var list []domain.NamedPerson
	for _, o := range others {
		if a := alike(mine, words(o.Name)); a >= leastAlike {
			list = append(list, domain.NamedPerson{Person: o, Alike: a})
		}
	}
	slices.SortStableFunc(list, func(a, b domain.NamedPerson) int {
		return cmp.Or(cmp.Compare(b.Alike, a.Alike), cmp.Compare(b.ID, a.ID))
	})
	return list, nil
}

// alike tells how much of two names is the same, word by word in any order: 1 for
// the same words. A word with one letter other, more or less is nearly the same.
// Of a single word in common nothing is said: half a town is called María.
func alike(a, b []string) float64 {
	rest := slices.Clone(b)
	var sum float64
	common := 0
	for _, w := range a {
		best, at := 0.0, -1
		for i, o := range rest {
			if same := sameWord(w, o); same > best {
				best, at = same, i
			}
		}
		if at >= 0 {
			rest = slices.Delete(rest, at, at+1)
			sum += best
			common++
		}
	}
	if common == 0 || common < min(2, max(len(a), len(b))) {
		return 0
	}
	return 2 * sum / float64(len(a)+len(b))
}

// sameWord is 1 for the same word, less for one slip of the finger, 0 otherwise.
func sameWord(a, b string) float64 {
	switch {
	case a == b:
		return 1
	case min(utf8.RuneCountInString(a), utf8.RuneCountInString(b)) >= 4 && oneSlip([]rune(a), []rune(b)):
		return 0.9
	}
	return 0
}

// oneSlip tells that a letter was changed, added, left out, or two were swapped.
func oneSlip(a, b []rune) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(b)-len(a) > 1 {
		return false
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	if len(a) < len(b) {
		return slices.Equal(a[i:], b[i+1:])
	}
	if slices.Equal(a[i+1:], b[i+1:]) {
		return true
	}
	return i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && slices.Equal(a[i+2:], b[i+2:])
}
