// Package store keeps what the kiosk knows, on its own disk: people and their
// templates, their identities (document, contact, consents, badges, PIN),
// events and their snapshots, what still has to be told to the centre, the
// accounts of staff, the audit, and settings. It implements domain.People,
// domain.Events, domain.Settings, domain.Registry, domain.StaffBook,
// domain.FirstRun, domain.AuditLog, domain.ChatLog, domain.CaseBook and domain.FAQBook on one SQLite database and a folder of
// picture files.
//
//	<dir>/agentid.db            the database, in WAL mode, synchronous=FULL
//	<dir>/snapshots/ab/abcd….jpg  sealed pictures, named by the SHA-256 of the picture
//
// What it promises:
//
//   - A method that changes something and returns nil has it on disk. One that
//     returns an error has changed nothing, unless its comment says otherwise.
//   - Events are numbered without gaps, and each has its outbox row.
//   - A snapshot row that is not marked as dropped has its file: the file is
//     durable before the transaction that names it, and files are removed only
//     under the database's write lock.
//   - Names, documents, contacts, PINs and templates are AES-256-GCM under a
//     key of that person, which is wrapped by the master key; pictures are under
//     a key of the device. The master key is never in the folder.
//     EraseIdentity destroys a person's key first.
//   - A document is found by its HMAC under a key derived from the master key;
//     a PIN is mixed with a pepper that the master key wraps, then hashed with
//     argon2id. A stolen folder does not even let one try numbers.
//   - A failed PIN is counted before it is compared. Locks outlive a restart,
//     and a clock that is set back opens none early.
//   - What the centre is to be told is noticed in the transaction of the change
//     (DueNotices and the methods beside it are the sync's drain), and what the
//     centre decides is applied whole, with the sync's cursor (ApplyPage).
//   - RotateMasterKey replaces the master key whole or not at all.
//   - What was said in a case is sealed under a key of the case, which is wrapped
//     likewise; questions of visitors are kept as they come, masked.
//   - Names of staff and their PINs are sealed likewise, bound to login and role;
//     logins are plain. A login that there is not costs and answers as one that
//     there is.
//   - What changes people, badges, PINs, consents, keys and staff is audited in
//     its own transaction. The audit is a chain of hashes, its end under a MAC
//     whose key hangs on the master key: VerifyAudit finds any edit, removal,
//     insertion or reorder by who has the file alone.
//
// What it does not: events, consents, badges, the audit and settings are plain
// text, so only ids, labels and figures belong in them; the audit does not find
// that the whole file was replaced by an older copy; a picture is found by the person
// of its events, so those of somebody who was not recognised end by
// DropSnapshots or Retain alone; a backup keeps whoever is erased after it; and
// a clock that is set ahead opens a lock, and makes Retain erase, early.
//
// Times are kept to the microsecond, in UTC. Several processes may have one
// folder open (the kiosk, and a command line beside it).
package store
