// Package kiosk holds what the kiosk does, without a screen: a named state
// machine with a time-out on every state, and the use cases behind its
// buttons. It knows no Fyne, no SQL and no cgo.
package kiosk
