package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"agentid/app/domain"
	"agentid/sync/central/blob"
	"agentid/sync/protocol"
)

// Errors of pictures.
var (
	// ErrErased: it is about somebody who has been erased.
	ErrErased = errors.New("erased")
	// ErrNoEvent: the event has not arrived yet.
	ErrNoEvent = errors.New("the event has not arrived yet")
	// ErrDoomed: what was put there is being deleted; it is to be put anew, later.
	ErrDoomed = errors.New("the picture is being deleted")
)

// Place is where a picture of a kiosk is kept: by its content.
func Place(k Kiosk, r protocol.TicketRequest) (bucket, key string) {
	return blob.Bucket(r.Purpose), k.Site + "/" + r.SHA256[:2] + "/" + r.SHA256
}

func subject(r protocol.TicketRequest) string {
	if r.Event != "" {
		return string(r.Event)
	}
	return string(r.Person)
}

// Ticket notes that a picture may be on its way until expires. stored tells
// that it is here already. ErrErased, ErrNoEvent.
func (db *DB) Ticket(ctx context.Context, k Kiosk, r protocol.TicketRequest, expires time.Time) (stored bool, err error) {
	bucket, key := Place(k, r)
	err = db.tx(ctx, func(tx pgx.Tx) error {
		person, err := db.pictured(ctx, tx, k, r)
		if err != nil {
			return err
		}
		err = tx.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM objects WHERE bucket = $1 AND key = $2 AND device = $3 AND subject = $4)",
			bucket, key, k.Device, subject(r)).Scan(&stored)
		if err != nil || stored {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO tickets (bucket, key, device, subject, person, expires_at) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (bucket, key, device, subject) DO UPDATE SET expires_at = greatest(tickets.expires_at, excluded.expires_at)`,
			bucket, key, k.Device, subject(r), orNull(person), expires)
		return err
	})
	return stored, wrap("ticket", err)
}

// Generation is to be asked for before an object is verified: Commit compares it.
func (db *DB) Generation(ctx context.Context, bucket, key string) (n int64, err error) {
	err = db.pool.QueryRow(ctx, "SELECT coalesce((SELECT generation FROM doomed WHERE bucket = $1 AND key = $2), 0)", bucket, key).Scan(&n)
	return n, wrap("read generation", err)
}

// Commit refers to a picture whose object has been verified, and was of that
// generation before it was. ErrErased, ErrNoEvent, ErrDoomed.
func (db *DB) Commit(ctx context.Context, k Kiosk, r protocol.TicketRequest, generation int64) error {
	bucket, key := Place(k, r)
	return wrap("commit picture", db.tx(ctx, func(tx pgx.Tx) error {
		person, err := db.pictured(ctx, tx, k, r)
		if err != nil {
			return err
		}
		// First, for who sweeps tickets that are over waits for it, or has doomed the
		// object.
		_, err = tx.Exec(ctx, "DELETE FROM tickets WHERE bucket = $1 AND key = $2 AND device = $3 AND subject = $4", bucket, key, k.Device, subject(r))
		if err != nil {
			return err
		}
		// An object that is being deleted, or was since it was verified, is not one to
		// refer to.
		var doomed bool
		err = tx.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM doomed WHERE bucket = $1 AND key = $2 AND (versions IS NULL OR generation <> $3))",
			bucket, key, generation).Scan(&doomed)
		if err != nil {
			return err
		}
		if doomed {
			return ErrDoomed
		}
		_, err = tx.Exec(ctx, `INSERT INTO objects (bucket, key, device, subject, site, sha256, size, type, event, person, at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING`,
			bucket, key, k.Device, subject(r), k.Site, hashOrNull(r.SHA256), r.Size, r.Type, orNull(string(r.Event)), orNull(person), db.now())
		return err
	}))
}

// DoomTicket has a picture deleted that was put, but may not stay. Its ticket stays
// until it is over: it may have another put.
func (db *DB) DoomTicket(ctx context.Context, k Kiosk, r protocol.TicketRequest) error {
	bucket, key := Place(k, r)
	return wrap("doom picture", db.tx(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "INSERT INTO doomed (bucket, key) SELECT $1, $2 WHERE NOT EXISTS (SELECT 1 FROM objects WHERE bucket = $1 AND key = $2)"+onDoomed,
			bucket, key)
		return err
	}))
}

// pictured is whom a picture shows, as far as is known; it holds lockErasure
// shared until the commit.
func (db *DB) pictured(ctx context.Context, tx pgx.Tx, k Kiosk, r protocol.TicketRequest) (string, error) {
	if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock_shared($1)", lockErasure); err != nil {
		return "", err
	}
	person, gone := string(r.Person), false
	if r.Event != "" {
		var of string
		err := tx.QueryRow(ctx, "SELECT coalesce(person::text, ''), erased FROM events WHERE device = $1 AND id = $2", k.Device, string(r.Event)).Scan(&of, &gone)
		if errors.Is(err, pgx.ErrNoRows) {
			return "", ErrNoEvent
		}
		if err != nil {
			return "", err
		}
		if person == "" {
			person = of
		}
	}
	if gone {
		return "", ErrErased
	}
	if person == "" {
		return "", nil
	}
	dead, err := erasedAmong(ctx, tx, []domain.PersonID{domain.PersonID(person)})
	if err != nil {
		return "", err
	}
	if dead[domain.PersonID(person)] {
		return "", ErrErased
	}
	return person, nil
}
