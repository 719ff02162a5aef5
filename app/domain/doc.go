// Package domain holds what Agent ID is about: people, templates, faces in
// front of the camera, decisions and events, and the rules they keep.
//
// It depends on the standard library alone. Every other package may import
// it; it imports none of ours.
package domain
