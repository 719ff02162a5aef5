// Package theme is how the kiosk looks: the colours by role, in light and
// dark, and the sizes that a screen of a given size calls for. A Style is both
// together, handed to every widget as a value; Theme tells Fyne the same.
package theme
