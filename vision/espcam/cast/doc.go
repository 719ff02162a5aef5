// Package cast draws synthetic people for the simulated ESP32-CAM, so that the
// product can be shown and tested with no real person's picture.
//
// A Person is a set of drawable parameters. The head is a relief (a height for
// each point of the face) with a painted skin: its slopes give the light, its
// hollows the soft shadows, and its depth the parallax when the head turns. A
// relief is lit once into a texture; a frame only bends that texture to the
// pose, so drawing keeps up with a live stream. A Script says who walks in,
// stops, blinks, turns and leaves; everything is a function of time and seed,
// so the same moment is always the same picture.
//
// The package is pure Go and imports nothing of the product.
package cast
