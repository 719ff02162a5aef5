package theme

import (
	"image/color"
	"math"
)

// Palette is a colour for every role. Light and dark have the same roles, so
// no widget ever asks which of the two it is drawn in.
type Palette struct {
	Ink     color.NRGBA // text
	Paper   color.NRGBA // the ground
	Surface color.NRGBA // cards and buttons
	Line    color.NRGBA // hairlines
	Muted   color.NRGBA // less important text, a face that is only seen

	Brand        color.NRGBA // the primary action, a face being read
	BrandPressed color.NRGBA
	OnBrand      color.NRGBA // text on either
	Pressed      color.NRGBA // a surface under the finger

	Accent color.NRGBA // never text: the ring of somebody unknown, the seal
	OK     color.NRGBA
	Warn   color.NRGBA // as text on Surface only: on Paper it falls short of 4.5:1
	Stop   color.NRGBA

	// OKCard, WarnCard and StopCard are whole cards that are read from across
	// the room, OnCard is text on them. The same in both themes.
	OKCard, WarnCard, StopCard, OnCard color.NRGBA

	// Scrim lies under what stands on the picture; OnScrim is text on it. The
	// picture is as bright in the dark theme, so these are the same in both.
	Scrim, OnScrim color.NRGBA
	// RingOK, RingBrand and RingMuted are the roles on the picture: lighter, as
	// they stand beside Scrim and not on Paper.
	RingOK, RingBrand, RingMuted color.NRGBA
}

func rgb(v uint32) color.NRGBA {
	return color.NRGBA{R: uint8(v >> 16), G: uint8(v >> 8), B: uint8(v), A: 0xff}
}

func common(p Palette) Palette {
	p.OKCard, p.WarnCard, p.StopCard, p.OnCard = rgb(0x14532d), rgb(0x6b3a04), rgb(0x7f1d18), rgb(0xffffff)
	p.Scrim, p.OnScrim = color.NRGBA{R: 0x0e, G: 0x17, B: 0x2b, A: 0xe6}, rgb(0xffffff)
	p.RingOK, p.RingBrand, p.RingMuted = rgb(0x4cd08a), rgb(0x38c6c0), rgb(0xd5dae3)
	return p
}

// Light is the palette of a lit lobby.
func Light() Palette {
	return common(Palette{
		Ink: rgb(0x14213d), Paper: rgb(0xfafaf7), Surface: rgb(0xffffff), Line: rgb(0xe3e4e0), Muted: rgb(0x5b6475),
		Brand: rgb(0x0b6e6e), BrandPressed: rgb(0x095858), OnBrand: rgb(0xffffff), Pressed: rgb(0xe6f0ef),
		Accent: rgb(0xf2a541), OK: rgb(0x1e7f4f), Warn: rgb(0xb45f06), Stop: rgb(0xb3261e),
	})
}

// Dark is the palette of a dim lobby.
func Dark() Palette {
	return common(Palette{
		Ink: rgb(0xf1f3f7), Paper: rgb(0x0f1623), Surface: rgb(0x192334), Line: rgb(0x324058), Muted: rgb(0xa9b3c4),
		Brand: rgb(0x4fc4bd), BrandPressed: rgb(0x3aa8a1), OnBrand: rgb(0x06201f), Pressed: rgb(0x24334a),
		Accent: rgb(0xf2a541), OK: rgb(0x63cf98), Warn: rgb(0xf0a458), Stop: rgb(0xff8b80),
	})
}

// Contrast is the WCAG ratio of two opaque colours, 1 to 21.
func Contrast(a, b color.NRGBA) float64 {
	la, lb := luminance(a), luminance(b)
	if la < lb {
		la, lb = lb, la
	}
	return (la + 0.05) / (lb + 0.05)
}

func luminance(c color.NRGBA) float64 {
	lin := func(v uint8) float64 {
		s := float64(v) / 255
		if s <= 0.04045 {
			return s / 12.92
		}
		return math.Pow((s+0.055)/1.055, 2.4)
	}
	return 0.2126*lin(c.R) + 0.7152*lin(c.G) + 0.0722*lin(c.B)
}

// Fade is c with its opacity multiplied by f, 0 to 1.
func Fade(c color.NRGBA, f float32) color.NRGBA {
	f = min(max(f, 0), 1)
	c.A = uint8(float32(c.A)*f + 0.5)
	return c
}
