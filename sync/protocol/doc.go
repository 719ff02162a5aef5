// Package protocol is what a kiosk and the centre say to each other: versioned
// wire types, their limits, and the rules that both ends keep. It does no
// network and no storage.
//
// # Requests
//
//	POST /v1/enrolments              EnrolRequest   → EnrolAnswer     (one-time code)
//	POST /v1/token                   form, RFC 7523 → Token           (signed assertion)
//	POST /v1/batches                 gzip Batch     → BatchAnswer
//	POST /v1/snapshots               TicketRequest  → Ticket
//	POST /v1/snapshots/commit        Commit         → CommitAnswer
//	GET  /v1/changes?cursor=&limit=&wait=           → Page            (long-poll)
//	GET  /.well-known/jwks.json                     → JWKS
//
// Every request carries HeaderVersion with the version it is written in, and
// every answer carries HeaderVersion, HeaderMin and HeaderMax of the centre. A
// version outside the centre's range is refused whole (CodeVersion): nothing
// of the request has had an effect. A kiosk speaks the highest version that
// both have (Choose). A field is added only with a new version: every end
// refuses fields that it does not know.
//
// # Up
//
// An Item is named by device, kind and id, and is immutable: what changes (a
// person, a consent) is told again under another id (DerivedID of its ref and
// version). The centre answers for each item of a batch, in order:
//
//	stored     it is on disk at the centre, with its effect
//	duplicate  it was already; the body is the same (BodyHash)
//	conflict   it was already, with another body; the first stays, an alarm is raised
//	rejected   it will never be taken; Reason says why
//
// stored and duplicate are done; conflict and rejected go to the dead letters.
// Only the answer for an item may do that. A problem about the whole request
// never does: Problem.Advice tells whether to renew the token, wait, send the
// items in smaller batches, or stop. A kind that a centre does not know is
// rejected item by item, never dropped in silence.
//
// What a kiosk's outbox holds maps to items so: an event row is a KindEvent
// whose id is the event's and whose body is the event as the store gives it; an
// erasure row is a KindTombstone whose id is the receipt's. See EventItem and
// TombstoneItem.
//
// # Pictures
//
// Events go before pictures. For a picture the kiosk asks for a Ticket with its
// SHA-256, size and type, puts the bytes to the ticket's URL with exactly the
// ticket's headers (checksum and If-None-Match: *), and commits. 412 from the
// store means that the object is there: commit. The centre verifies the object
// before a row refers to it.
//
// # Down
//
// A Page holds what changed in the kiosk's site since a cursor, in the centre's
// order; the kiosk applies it and keeps the page's cursor in one transaction.
// A change replaces what was known under its kind and ref, so applying a page
// twice is harmless. Page.Reset tells to forget the cursor's past: the centre
// was restored, and the page begins from nothing. A tombstone always wins:
// nothing of that person is kept or taken again, whatever comes later.
//
// Consents come down as they stand, merged by one rule (Consent.Merge): taken
// back wins. Keys that badges are verified with (TrustedKey) are told of by the
// kiosk that holds them; those of a kiosk that was revoked stay good for badges
// issued before, as the site's own list of badges has them, and for no other.
// When somebody was last seen in the site comes down by the day (Seen).
//
// A kiosk passes over kinds of change that it does not know. One that knows more
// kinds than it did, as after an upgrade, reads everything from the beginning, once.
//
// Fields of people travel sealed under the site's key (SiteKey), which a kiosk
// gets sealed to its own exchange key; see seal.go.
package protocol
