// Package qr reads QR codes from live frames.
//
// A frame is looked at in several ways, each cheap enough to end soon: the
// whole picture, what looked like a code in it enlarged, its middle enlarged,
// and in negative. A frame has a budget of time; ways for which there was none
// left come first in the next frame. What shows in front of a camera is
// hostile until its signature says otherwise: pixels, work and payload are
// capped, and no picture makes it panic.
package qr
