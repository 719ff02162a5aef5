package faq

import (
	"slices"

	"agentid/app/domain"
)

// Set is the entries of one language.
type Set struct {
	Lang    domain.Lang
	Name    string // of the file, for messages
	Entries []Entry
}

// Check tells what is wrong between entries: ids that are there twice or only
// in one language, relations to nothing, a question that two topics claim.
// The same takes a question to the form in which it is compared.
func Check(same func(string) string, sets ...Set) error {
	var ps Problems
	all := make([]map[string]Entry, len(sets))
	for i, s := range sets {
		all[i] = make(map[string]Entry, len(s.Entries))
		for _, e := range s.Entries {
			if _, ok := all[i][e.ID]; ok {
				ps.add(s.Name, e.Line, faultAgainSet, e.ID)
			}
			all[i][e.ID] = e
		}
	}
	for i, s := range sets {
		claimed := map[string]Entry{}
		lines := map[string]int{}
		for _, e := range s.Entries {
			for _, id := range e.Related {
				if id == e.ID {
					ps.add(s.Name, max(e.alsoL, e.Line), faultSelf, e.ID)
				} else if _, ok := all[i][id]; !ok {
					ps.add(s.Name, max(e.alsoL, e.Line), faultRelated, e.ID, id)
				}
			}
			for k, q := range e.Questions() {
				form := same(q)
				if first, ok := claimed[form]; ok && first.ID != e.ID {
					ps.add(s.Name, e.lineOf(k), faultSame, q, first.ID, lines[form])
					continue
				}
				claimed[form], lines[form] = e, e.lineOf(k)
			}
			for j := range sets {
				if j == i {
					continue
				}
				other, ok := all[j][e.ID]
				switch {
				case !ok:
					ps.add(sets[j].Name, 0, faultMissing, e.ID, s.Name)
				case j < i: // told once
				case other.Category != e.Category:
					ps.add(sets[j].Name, other.Line, faultDiffers, e.ID, "category", s.Name)
				case other.Urgent != e.Urgent:
					ps.add(sets[j].Name, other.Line, faultDiffers, e.ID, "urgent", s.Name)
				}
			}
		}
	}
	slices.SortStableFunc(ps, func(a, b Problem) int {
		if a.File != b.File {
			return 0
		}
		return a.Line - b.Line
	})
	return ps.err()
}
