// Package outbox is the kiosk's half of the sync: it drains what the store has
// for the centre, and has the store apply what the centre decided. It knows
// neither SQL nor HTTP: a Queue and an Applier (the store) are on one side of
// it, a Centre (sync/client) on the other.
//
// What it promises:
//
//   - A notice ends only by the centre's answer for it: stored and duplicate are
//     done, conflict and rejected go to the dead letters, which staff can see
//     and try again. (Of somebody erased at the centre there is nothing to try
//     again: that is done.) A dead letter never blocks what is behind it.
//   - It may be killed at any point. What was sent and not marked is sent again,
//     byte for byte, and answered as a duplicate. What the centre decided is
//     applied with the cursor, in one transaction.
//   - Erasures go first, then events, then consents, people and badges, then the
//     rest; pictures follow their events. No lane starves: each has a share of
//     every batch, and a picture goes after each batch.
//   - Memory is bounded by one batch and one picture, whatever waits.
//   - Trouble of the network or the centre (5xx, 429, time-outs) waits, with full
//     jitter and not before Retry-After; a network that has come back is tried
//     at once. Trouble of one item never counts for another. A centre that wants
//     this kiosk no more (revoked) or speaks no version of ours is asked again
//     seldom; the data stays here, and Status says so.
//   - Erasures wait by themselves where the centre takes no more of them for a while.
//   - Pictures wait by themselves: with the object store down, events go on.
package outbox
