package theme

import (
	"image/color"

	"fyne.io/fyne/v2"
	fynetheme "fyne.io/fyne/v2/theme"
)

// Style is everything a widget must know of how it looks.
type Style struct {
	Palette
	Metrics
}

// Theme is the palette as Fyne asks for it: what Fyne paints by itself (the
// window's ground, the focus) then fits ours. It does not follow the desktop's
// light or dark setting: a kiosk's is a matter of its lobby.
type Theme struct {
	palette Palette
	base    fyne.Theme
}

// New makes a theme of the palette.
func New(p Palette) *Theme { return &Theme{palette: p, base: fynetheme.DefaultTheme()} }

// Palette is the theme's own.
func (t *Theme) Palette() Palette { return t.palette }

// Color implements fyne.Theme.
func (t *Theme) Color(name fyne.ThemeColorName, _ fyne.ThemeVariant) color.Color {
	p := t.palette
	switch name {
	case fynetheme.ColorNameBackground, fynetheme.ColorNameHeaderBackground:
		return p.Paper
	case fynetheme.ColorNameForeground:
		return p.Ink
	case fynetheme.ColorNameButton, fynetheme.ColorNameInputBackground, fynetheme.ColorNameMenuBackground,
		fynetheme.ColorNameOverlayBackground:
		return p.Surface
	case fynetheme.ColorNamePrimary, fynetheme.ColorNameFocus, fynetheme.ColorNameHyperlink:
		return p.Brand
	case fynetheme.ColorNameForegroundOnPrimary:
		return p.OnBrand
	case fynetheme.ColorNamePressed, fynetheme.ColorNameHover, fynetheme.ColorNameSelection:
		return p.Pressed
	case fynetheme.ColorNameSeparator, fynetheme.ColorNameInputBorder:
		return p.Line
	case fynetheme.ColorNamePlaceHolder, fynetheme.ColorNameDisabled:
		return p.Muted
	case fynetheme.ColorNameSuccess:
		return p.OK
	case fynetheme.ColorNameWarning:
		return p.Warn
	case fynetheme.ColorNameError:
		return p.Stop
	}
	variant := fynetheme.VariantLight
	if luminance(p.Paper) < 0.5 {
		variant = fynetheme.VariantDark
	}
	return t.base.Color(name, variant)
}

// Font implements fyne.Theme: Noto Sans, as Fyne bundles it.
func (t *Theme) Font(s fyne.TextStyle) fyne.Resource { return t.base.Font(s) }

// Icon implements fyne.Theme.
func (t *Theme) Icon(n fyne.ThemeIconName) fyne.Resource { return t.base.Icon(n) }

// Size implements fyne.Theme.
func (t *Theme) Size(n fyne.ThemeSizeName) float32 {
	switch n {
	case fynetheme.SizeNameText:
		return 20
	case fynetheme.SizeNameCaptionText:
		return 16
	case fynetheme.SizeNameSubHeadingText:
		return 24
	case fynetheme.SizeNameHeadingText:
		return 36
	case fynetheme.SizeNamePadding:
		return 8
	case fynetheme.SizeNameInputRadius, fynetheme.SizeNameButtonRadius, fynetheme.SizeNameSelectionRadius:
		return 16
	}
	return t.base.Size(n)
}
