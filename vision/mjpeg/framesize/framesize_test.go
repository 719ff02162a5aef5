package framesize

import "testing"

func TestNumbersOfTheFirmwares(t *testing.T) {
	for _, c := range []struct {
		n    Numbering
		name string
		want int
	}{
		{N2020, "qvga", 5}, {N2020, "vga", 8}, {N2020, "svga", 9}, {N2020, "xga", 10}, {N2020, "uxga", 13},
		{N2019, "qvga", 4}, {N2019, "VGA", 6}, {N2019, "svga", 7}, {N2019, "uxga", 10},
		{N2024, "qvga", 6}, {N2024, "vga", 10}, {N2024, "svga", 11}, {N2024, "uxga", 15},
	} {
		if got, ok := c.n.Number(c.name); !ok || got != c.want {
			t.Errorf("%s %s is %d, %v; want %d", c.n, c.name, got, ok, c.want)
		}
	}
}

func TestEveryNumberRoundTrips(t *testing.T) {
	for _, n := range Numberings() {
		seen := 0
		for i := 0; ; i++ {
			s, ok := n.Size(i)
			if !ok {
				break
			}
			seen++
			if got, ok := n.Number(s.Name); !ok || got != i {
				t.Errorf("%s: number %d is %s, which is number %d, %v", n, i, s.Name, got, ok)
			}
			if s.X < 96 || s.Y < 96 {
				t.Errorf("%s: %s has size %v", n, s.Name, s.Point)
			}
		}
		if seen != len(n.names()) {
			t.Errorf("%s: %d of %d names are known sizes", n, seen, len(n.names()))
		}
	}
}

func TestWhatIsNotThere(t *testing.T) {
	if _, ok := N2020.Size(-1); ok {
		t.Error("-1 is a size")
	}
	if _, ok := N2020.Size(14); ok {
		t.Error("14 is a size of the OV2640")
	}
	if _, ok := N2019.Number("hd"); ok {
		t.Error("the first firmwares had no hd")
	}
	if _, ok := Numbering("1999").Number("vga"); ok {
		t.Error("an unknown numbering knows vga")
	}
}
