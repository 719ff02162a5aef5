// Package client speaks to the centre over HTTPS: it enrols a kiosk by a
// one-time code, keeps the kiosk's keys, buys access tokens with signed
// assertions (RFC 7523), and carries batches, pictures and changes. It is the
// outbox.Centre of a kiosk; what to send, and when again, is sync/outbox's.
//
// What it promises:
//
//   - The kiosk's keys are made here and never leave: the file that holds them is
//     its owner's alone, lies outside the data folder, and is written whole or not
//     at all. An enrolment that was cut short is finished by the same code.
//   - A token is held in memory, never on disk. A 401 buys one new token and
//     tries once more. The signed assertion goes by the centre's time where this
//     machine's clock is off, and Skew tells by how much.
//   - Each request has an end: its time-out grows with what it carries. Every
//     answer is read up to its limit, decompressed or not, and no redirect is
//     followed. An answer that does not speak the protocol, as of a portal that
//     wants a login, is an error and never an answer.
//   - The centre is trusted by the system's authorities, or by the ones of a
//     file alone; plain HTTP is spoken to this machine only.
//   - All that is sent and received counts for one bandwidth cap.
package client
