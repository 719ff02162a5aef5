// Package framesize knows the frame sizes of ESP32 cameras and the numbers
// that firmwares give them. The numbers moved twice, and no firmware says
// which ones it uses: who sets a size must look at the pictures that follow.
package framesize

import (
	"image"
	"strings"
)

// Size is one frame size.
type Size struct {
	Name string // lower case, as people type it: "vga"
	image.Point
}

// sizes are those of the OV2640, the sensor of the AI-Thinker board.
var sizes = [...]Size{
	{"96x96", image.Pt(96, 96)},
	{"qqvga", image.Pt(160, 120)},
	{"qqvga2", image.Pt(128, 160)},
	{"128x128", image.Pt(128, 128)},
	{"qcif", image.Pt(176, 144)},
	{"hqvga", image.Pt(240, 176)},
	{"240x240", image.Pt(240, 240)},
	{"qvga", image.Pt(320, 240)},
	{"320x320", image.Pt(320, 320)},
	{"cif", image.Pt(400, 296)},
	{"hvga", image.Pt(480, 320)},
	{"vga", image.Pt(640, 480)},
	{"svga", image.Pt(800, 600)},
	{"xga", image.Pt(1024, 768)},
	{"hd", image.Pt(1280, 720)},
	{"sxga", image.Pt(1280, 1024)},
	{"uxga", image.Pt(1600, 1200)},
}

// ByName finds a size; letter case does not matter.
func ByName(name string) (Size, bool) {
	for _, s := range sizes {
		if strings.EqualFold(s.Name, name) {
			return s, true
		}
	}
	return Size{}, false
}

// Numbering is how one generation of firmware counts its frame sizes.
type Numbering string

// The numberings, by the year in which they came.
const (
	N2020 Numbering = "2020" // esp32-camera 1.0 to 2.0, by far the most boards: vga is 8
	N2024 Numbering = "2024" // with 128x128 and 320x320: vga is 10
	N2019 Numbering = "2019" // the first Arduino cores: vga is 6
)

// Numberings lists all of them, the most frequent first.
func Numberings() []Numbering { return []Numbering{N2020, N2024, N2019} }

// names in the order in which the firmware counts, from 0.
func (n Numbering) names() []string {
	switch n {
	case N2019:
		return []string{"qqvga", "qqvga2", "qcif", "hqvga", "qvga", "cif", "vga", "svga", "xga", "sxga", "uxga"}
	case N2020:
		return []string{"96x96", "qqvga", "qcif", "hqvga", "240x240", "qvga", "cif", "hvga", "vga", "svga", "xga", "hd", "sxga", "uxga"}
	case N2024:
		return []string{"96x96", "qqvga", "128x128", "qcif", "hqvga", "240x240", "qvga", "320x320", "cif", "hvga", "vga", "svga", "xga", "hd", "sxga", "uxga"}
	}
	return nil
}

// Number gives the number of a size; false where this numbering lacks it.
func (n Numbering) Number(name string) (int, bool) {
	for i, s := range n.names() {
		if strings.EqualFold(s, name) {
			return i, true
		}
	}
	return 0, false
}

// Size gives the size behind a number; false where there is none.
func (n Numbering) Size(number int) (Size, bool) {
	names := n.names()
	if number < 0 || number >= len(names) {
		return Size{}, false
	}
	return ByName(names[number])
}
