// Package badge makes and checks what a visitor carries: the badge, a token
// signed with Ed25519 in a QR code, and the receipt of a consent, whose code
// opens its withdrawal. It also draws them: for the screen, as PNG, and as a
// card in PDF, and hands the card to a printer.
//
// A token holds ids, times and a signature, and nothing about the person. It is
// written in base45 (RFC 9285), so that a QR code holds it in its compact
// alphanumeric mode. There is exactly one text for a token: whatever else says
// the same is refused as malformed.
//
//	AGID: base45( kind<<4|version · key id · fields · signature )
//
// A badge of staff is a kind of its own under a purpose of its own, and never
// read as a visitor's, nor a visitor's as one of staff.
//
// A badge says who it was issued to, not who holds it: whoever checks it asks
// for a face or a PIN beside it, and asks the store whether it was revoked.
package badge
