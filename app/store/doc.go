// Package store keeps what the kiosk knows, on its own disk: people and their
// templates, events and their snapshots, what still has to be told to the
// centre, and settings. It implements domain.People, domain.Events and
// domain.Settings on one SQLite database and a folder of picture files.
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
//   - Names and templates are AES-256-GCM under a key of that person, which is
//     wrapped by the master key; pictures are under a key of the device. The
//     master key is never in the folder. Erase destroys a person's key first.
//
// What it does not: events and settings are plain text, so only ids and figures
// belong in them; a picture is found by the person of its events, so those of
// somebody who was not recognised end by DropSnapshots alone; and a backup
// keeps whoever is erased after it.
//
// Times are kept to the microsecond, in UTC. Several processes may have one
// folder open (the kiosk, and a command line beside it).
package store
