// Package screens holds what stands between the header and the state bar in
// each state of the kiosk, and both of those. Each screen is one layout that
// re-flows by theme.Shape; none scrolls.
//
// A screen is built for one state, language and size, shows a kiosk.View by
// Update, and calls kiosk.Commands back. All of it belongs to Fyne's goroutine.
package screens
