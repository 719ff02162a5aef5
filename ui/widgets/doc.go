// Package widgets holds the kiosk's own widgets: what they look like comes in
// a theme.Style, what they mean is the caller's. They show and call back; none
// of them knows a state of the kiosk.
//
// All of it belongs to Fyne's goroutine: call nothing here from another one.
package widgets
