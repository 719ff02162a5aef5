package vision

import (
	"slices"
	"testing"

	"agentid/app/domain"
)

func TestNear(t *testing.T) {
	g := NewGallery(domain.EncoderRef{Name: "test", Version: "1"}, Euclidean, 2)
	for id, rows := range map[domain.PersonID][][]float32{
		"a": {{0, 0}, {10, 0}}, "b": {{0, 0.5}}, "c": {{10, 0.3}, {90, 90}}, "d": {{5, 5}}, "gone": {{0, 0}}, "e": {{0, 0.5}},
	} {
		if err := g.Add(id, rows...); err != nil {
			t.Fatal(err)
		}
	}
	g.Remove("gone")
	near := func(id domain.PersonID, within float64) (out []domain.PersonID) {
		for _, n := range g.Near(id, within) {
			out = append(out, n.Person)
		}
		return out
	}
	for _, c := range []struct {
		of     domain.PersonID
		within float64
		want   []domain.PersonID
	}{
		{"a", 0.6, []domain.PersonID{"c", "b", "e"}}, {"a", 0.4, []domain.PersonID{"c"}}, {"a", 0.1, nil}, {"b", 0.1, []domain.PersonID{"e"}},
		{"d", 1, nil}, {"gone", 100, nil}, {"nobody", 100, nil}, {"a", 100, []domain.PersonID{"c", "b", "e", "d"}},
	} {
		if got := near(c.of, c.within); !slices.Equal(got, c.want) {
			t.Errorf("near %s within %v: %v, want %v", c.of, c.within, got, c.want)
		}
	}
	// Of many templates some are compared, from all over them.
	var many [][]float32
	for i := range 100 {
		many = append(many, []float32{1000 + float32(i), 0})
	}
	if err := g.Add("many", many...); err != nil {
		t.Fatal(err)
	}
	if err := g.Add("twin", []float32{1050, 0}); err != nil {
		t.Fatal(err)
	}
	if got := near("many", 13); !slices.Equal(got, []domain.PersonID{"twin"}) {
		t.Errorf("near many: %v", got)
	}
}
