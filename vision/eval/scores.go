package eval

import (
	"bufio"
	"encoding/csv"
	"io"
	"strconv"
)

// Scores are the comparisons of a run.
type Scores struct {
	Single  Pairs // one picture with one template
	Nearest Pairs // one picture with the nearest of several
	people  []string
}

func names(s Set) []string {
	var out []string
	for _, p := range s.People {
		out = append(out, p.Name)
	}
	return out
}

// WriteCSV writes every comparison, nearest first, with the names of the
// people's folders: check, kind, distance, claimed, probe.
func (s Scores) WriteCSV(w io.Writer) error {
	b := bufio.NewWriter(w)
	c := csv.NewWriter(b)
	if err := c.Write([]string{"check", "kind", "distance", "claimed", "probe"}); err != nil {
		return err
	}
	for _, set := range []struct {
		check, kind string
		pairs       []Pair
	}{
		{"one_template", "genuine", s.Single.Genuine}, {"one_template", "impostor", s.Single.Impostor},
		{"nearest_of_several", "genuine", s.Nearest.Genuine}, {"nearest_of_several", "impostor", s.Nearest.Impostor},
	} {
		for _, p := range set.pairs {
			d := strconv.FormatFloat(p.Distance, 'f', 6, 64)
			if err := c.Write([]string{set.check, set.kind, d, s.name(p.A), s.name(p.B)}); err != nil {
				return err
			}
		}
	}
	c.Flush()
	if err := c.Error(); err != nil {
		return err
	}
	return b.Flush()
}

func (s Scores) name(person int) string {
	if person < 0 || person >= len(s.people) {
		return ""
	}
	return s.people[person]
}
