// Package ui is the kiosk's window. It shows what the kiosk's state machine
// says (kiosk.Screen) and calls back what the visitor did (kiosk.Commands).
// It decides nothing: it knows neither cameras nor the store.
package ui
