package postgres

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"agentid/app/domain"
	"agentid/sync/protocol"
)

// channel is what a site's changes are announced on, by its id.
const channel = "agentid_changes"

// maxPage is about how much of bodies a page may hold, in bytes.
const maxPage = 4 << 20

// tell adds a change to a site, in place of what was told under its kind and
// ref before. The site's row is locked until the commit.
func tell(ctx context.Context, tx pgx.Tx, site string, kind protocol.ChangeKind, ref string, at time.Time, gone bool, body []byte) error {
	var b any
	if body != nil {
		b = string(body)
	}
	tag, err := tx.Exec(ctx, `WITH s AS (UPDATE sites SET feed_seq = feed_seq + 1 WHERE id = $1 RETURNING feed_seq)
		INSERT INTO changes (site, seq, kind, ref, at, gone, body) SELECT $1, feed_seq, $2, $3, $4, $5, $6::jsonb FROM s
		ON CONFLICT (site, kind, ref) DO UPDATE SET seq = excluded.seq, at = excluded.at, gone = excluded.gone, body = excluded.body`,
		site, string(kind), ref, at, gone, b)
	if err == nil && tag.RowsAffected() == 0 {
		err = fmt.Errorf("site: %w", domain.ErrNotFound)
	}
	return err
}

// tellMany adds changes of a kind to a site as tell does, whose bodies are read
// from elsewhere.
func tellMany(ctx context.Context, tx pgx.Tx, site string, kind protocol.ChangeKind, refs []string, at time.Time) error {
	_, err := tx.Exec(ctx, `WITH s AS (UPDATE sites SET feed_seq = feed_seq + cardinality($2::text[]) WHERE id = $1 RETURNING feed_seq - cardinality($2::text[]) AS before)
		INSERT INTO changes (site, seq, kind, ref, at) SELECT $1, s.before + p.n, $3, p.ref, $4 FROM s, unnest($2::text[]) WITH ORDINALITY p (ref, n)
		ON CONFLICT (site, kind, ref) DO UPDATE SET seq = excluded.seq, at = excluded.at, gone = false, body = NULL`,
		site, refs, string(kind), at)
	return err
}

// ring announces changes; whoever waits hears of it at the commit.
func ring(ctx context.Context, tx pgx.Tx, sites map[string]bool) error {
	for s := range sites {
		if _, err := tx.Exec(ctx, "SELECT pg_notify($1, $2)", channel, s); err != nil {
			return err
		}
	}
	return nil
}

// ErrFixedText says that a text of consent was published before, and does not
// change: consents are to its words.
var ErrFixedText = errors.New("another text of that version was published")

// Publish tells the kiosks of a site of a document, in place of the one of that
// kind and ref before. It returns the document as it is told. ErrFixedText;
// domain.ErrNotFound for an answer to no case of the site.
func (db *DB) Publish(ctx context.Context, site string, kind protocol.ChangeKind, ref, contentType, content string) (protocol.Document, error) {
	var doc protocol.Document
	err := db.tx(ctx, func(tx pgx.Tx) error {
		// An answer is either there to go with its person, or finds them erased.
		if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock_shared($1)", lockErasure); err != nil {
			return err
		}
		// Its number is its version: one that grows, also for what was taken back,
		// or went, and comes again.
		var seq int64
		err := tx.QueryRow(ctx, "SELECT feed_seq FROM sites WHERE id = $1 FOR UPDATE", site).Scan(&seq)
		if errors.Is(err, pgx.ErrNoRows) {
			err = fmt.Errorf("site: %w", domain.ErrNotFound)
		}
		if err != nil {
			return err
		}
		doc = protocol.NewDocument(seq+1, contentType, content)
		if err := doc.Check(); err != nil {
			return err
		}
		if err := mayPublish(ctx, tx, site, kind, ref, doc); err != nil {
			return err
		}
		body, err := json.Marshal(doc)
		if err != nil {
			return err
		}
		if err := tell(ctx, tx, site, kind, ref, db.now(), false, body); err != nil {
			return err
		}
		return ring(ctx, tx, map[string]bool{site: true})
	})
	return doc, wrap("publish", err)
}

// mayPublish holds a document to what was told before.
func mayPublish(ctx context.Context, tx pgx.Tx, site string, kind protocol.ChangeKind, ref string, doc protocol.Document) error {
	ok, refused := true, error(nil)
	var err error
	switch kind {
	case protocol.ChangeConsentText: // one that was taken back does not come again as another
		refused = ErrFixedText
		err = tx.QueryRow(ctx, `SELECT NOT EXISTS (SELECT 1 FROM changes WHERE site = $1 AND kind = $2 AND ref = $3
			AND (gone OR body ->> 'sha256' <> $4))`, site, string(kind), ref, doc.SHA256).Scan(&ok)
	case protocol.ChangeCaseAnswer: // that of somebody erased is none
		refused = domain.ErrNotFound
		err = tx.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM items WHERE kind = $1 AND site = $2 AND body ->> 'id' = $3)",
			string(protocol.KindCase), site, ref).Scan(&ok)
	}
	if err == nil && !ok {
		err = refused
	}
	return err
}

// Unpublish takes a document back. domain.ErrNotFound where there is none.
func (db *DB) Unpublish(ctx context.Context, site string, kind protocol.ChangeKind, ref string) error {
	return wrap("take back", db.tx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SELECT 1 FROM sites WHERE id = $1 FOR UPDATE", site); err != nil {
			return err
		}
		var there bool
		err := tx.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM changes WHERE site = $1 AND kind = $2 AND ref = $3 AND NOT gone)",
			site, string(kind), ref).Scan(&there)
		if err == nil && !there {
			err = domain.ErrNotFound
		}
		if err != nil {
			return err
		}
		if err := tell(ctx, tx, site, kind, ref, db.now(), true, nil); err != nil {
			return err
		}
		return ring(ctx, tx, map[string]bool{site: true})
	}))
}

// Changes gives what a kiosk has not seen yet, from its cursor on. It notes how
// far the kiosk has come.
func (db *DB) Changes(ctx context.Context, k Kiosk, cursor string, limit int) (protocol.Page, error) {
	page, err := db.changes(ctx, k, cursor, max(1, min(limit, protocol.MaxChanges)))
	return page, wrap("read changes", err)
}

func (db *DB) changes(ctx context.Context, k Kiosk, cursor string, limit int) (page protocol.Page, err error) {
	var epoch string
	var newest int64
	var alone bool
	err = db.pool.QueryRow(ctx, "SELECT m.epoch, s.feed_seq, (SELECT count(*) FROM sites) = 1 FROM meta m, sites s WHERE s.id = $1", k.Site).
		Scan(&epoch, &newest, &alone)
	if err != nil {
		return page, err
	}
	history := epoch + "." + cursorSite(k.Site) + "."
	after, ok := parseCursor(cursor, history)
	if !ok && alone { // one of the release before is of the only site that there is
		after, ok = parseCursor(cursor, epoch+".")
	}
	if page.Reset = !ok || after > newest; page.Reset {
		after = 0
	} else if after != k.CursorSeq {
		_, err := db.pool.Exec(ctx, "UPDATE kiosks SET cursor_seq = $2, cursor_at = $3 WHERE device = $1", k.Device, after, db.now())
		if err != nil {
			return page, err
		}
	}
	page.Reset = page.Reset && cursor != ""
	rows, err := db.pool.Query(ctx, `SELECT seq, kind, ref, at, gone, body FROM changes
		WHERE site = $1 AND seq > $2 ORDER BY seq LIMIT $3`, k.Site, after, limit+1)
	if err != nil {
		return page, err
	}
	list, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (c protocol.Change, err error) {
		var body []byte
		err = r.Scan(&c.Seq, &c.Kind, &c.Ref, &c.At, &c.Gone, &body)
		c.Body = body
		return c, err
	})
	if err != nil {
		return page, err
	}
	if page.More = len(list) > limit; page.More {
		list = list[:limit]
	}
	if err := db.fill(ctx, k.Site, list); err != nil {
		return page, err
	}
	page.Changes = list
	size := 0
	for i := range list {
		if size += len(list[i].Body); size > maxPage && i > 0 {
			page.Changes, page.More = list[:i], true
			break
		}
	}
	if n := len(page.Changes); n > 0 {
		after = int64(page.Changes[n-1].Seq)
	} else {
		page.Changes = []protocol.Change{}
	}
	page.Cursor = history + strconv.FormatInt(after, 10)
	return page, nil
}

// cursorSite stands in a cursor for its site: numbers are of a site each, and a
// kiosk that has gone to another may have kept its cursor.
func cursorSite(site string) string {
	sum := sha256.Sum256([]byte(site))
	return hex.EncodeToString(sum[:6])
}

// parseCursor reads a cursor of a history of changes.
func parseCursor(cursor, history string) (int64, bool) {
	seq, ok := strings.CutPrefix(cursor, history)
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseInt(seq, 10, 64)
	return n, err == nil && n >= 0
}

// fill reads the bodies that changes of a site do not hold themselves. What has
// been removed meanwhile is gone.
func (db *DB) fill(ctx context.Context, site string, list []protocol.Change) error {
	refs := map[protocol.ChangeKind][]string{}
	for _, c := range list {
		if !c.Gone && c.Body == nil {
			refs[c.Kind] = append(refs[c.Kind], c.Ref)
		}
	}
	bodies := map[string]any{}
	for _, read := range []func() error{
		func() error { return db.readPeople(ctx, refs[protocol.ChangePerson], bodies) },
		func() error { return db.readBadges(ctx, refs[protocol.ChangeBadge], bodies) },
		func() error { return db.readConsents(ctx, refs[protocol.ChangeConsent], bodies) },
		func() error { return db.readKeys(ctx, site, refs[protocol.ChangeBadgeKey], bodies) },
		func() error { return db.readSeen(ctx, refs[protocol.ChangeSeen], bodies) },
	} {
		if err := read(); err != nil {
			return err
		}
	}
	for i := range list {
		c := &list[i]
		if c.Gone || c.Body != nil {
			continue
		}
		b, ok := bodies[string(c.Kind)+c.Ref]
		if !ok {
			c.Gone = true
			continue
		}
		raw, err := json.Marshal(b)
		if err != nil {
			return err
		}
		c.Body = raw
	}
	return nil
}

func (db *DB) readPeople(ctx context.Context, ids []string, into map[string]any) error {
	if len(ids) == 0 {
		return nil
	}
	rows, err := db.pool.Query(ctx, `SELECT id::text, version, created_at, key_id, fields, coalesce(encode(document_tag, 'hex'), ''), second_factor
		FROM people WHERE id = ANY($1::uuid[])`, ids)
	if err != nil {
		return err
	}
	list, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (*protocol.Person, error) {
		p := &protocol.Person{}
		err := r.Scan(&p.ID, &p.Version, &p.CreatedAt, &p.KeyID, &p.Fields, &p.DocumentTag, &p.SecondFactor)
		return p, err
	})
	if err != nil {
		return err
	}
	byID := map[domain.PersonID]*protocol.Person{}
	for _, p := range list {
		byID[p.ID] = p
		into[string(protocol.ChangePerson)+string(p.ID)] = p
	}
	rows, err = db.pool.Query(ctx, `SELECT person::text, id::text, encoder, encoder_version, quality, created_at, sealed
		FROM templates WHERE person = ANY($1::uuid[]) ORDER BY id`, ids)
	if err != nil {
		return err
	}
	var owner domain.PersonID
	var t protocol.Template
	_, err = pgx.ForEachRow(rows, []any{&owner, &t.ID, &t.Encoder.Name, &t.Encoder.Version, &t.Quality, &t.CreatedAt, &t.Sealed}, func() error {
		if p := byID[owner]; p != nil {
			one := t
			one.Sealed = append([]byte(nil), t.Sealed...)
			p.Templates = append(p.Templates, one)
		}
		return nil
	})
	return err
}

func (db *DB) readBadges(ctx context.Context, ids []string, into map[string]any) error {
	if len(ids) == 0 {
		return nil
	}
	rows, err := db.pool.Query(ctx, `SELECT id::text, person::text, not_before, expires, templates, revoked_at, revoked
		FROM badges WHERE id = ANY($1::uuid[])`, ids)
	if err != nil {
		return err
	}
	_, err = pgx.CollectRows(rows, func(r pgx.CollectableRow) (struct{}, error) {
		b := &protocol.Badge{}
		var revoked *time.Time
		err := r.Scan(&b.ID, &b.Person, &b.NotBefore, &b.Expires, &b.Templates, &revoked, &b.Revoked)
		if revoked != nil {
			b.RevokedAt = *revoked
		}
		into[string(protocol.ChangeBadge)+string(b.ID)] = b
		return struct{}{}, err
	})
	return err
}

const newEpoch = "UPDATE meta SET epoch = substr(md5(gen_random_uuid()::text), 1, 12)"

// Restored begins a new history of changes, after a backup was restored: every
// kiosk reads anew from the beginning.
func (db *DB) Restored(ctx context.Context) error {
	_, err := db.pool.Exec(ctx, newEpoch)
	return wrap("begin history", err)
}

// bell wakes who waits for changes of a site.
type bell struct {
	mu      *sync.Mutex
	waiting map[string]chan struct{}
}

func newBell() bell { return bell{&sync.Mutex{}, map[string]chan struct{}{}} }

// Changed is closed once a site has changes that it had not when it was asked
// for, and now and then without any.
func (db *DB) Changed(site string) <-chan struct{} {
	db.bell.mu.Lock()
	defer db.bell.mu.Unlock()
	c := db.bell.waiting[site]
	if c == nil {
		c = make(chan struct{})
		db.bell.waiting[site] = c
	}
	return c
}

// wake wakes who waits for a site, or for any with "".
func (b bell) wake(site string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for s, c := range b.waiting {
		if site == "" || s == site {
			close(c)
			delete(b.waiting, s)
		}
	}
}

// Listen hears of changes that any instance makes, until ctx ends. A broken
// connection is made anew; all wake then, for what was missed.
func (db *DB) Listen(ctx context.Context) error {
	for {
		err := db.listen(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		db.log.Warn("listening for changes ended", "error", err)
		t := db.clock.NewTimer(time.Second)
		select {
		case <-ctx.Done():
			t.Stop()
			return ctx.Err()
		case <-t.C():
		}
	}
}

func (db *DB) listen(ctx context.Context) error {
	cfg, err := pgx.ParseConfig(db.dsn)
	if err != nil {
		return err
	}
	cfg.ConnectTimeout = 5 * time.Second
	cfg.RuntimeParams["application_name"] = "agentid-central-listen"
	c, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return err
	}
	defer c.Close(context.WithoutCancel(ctx))
	if _, err := c.Exec(ctx, "LISTEN "+channel); err != nil {
		return err
	}
	db.bell.wake("")
	for {
		n, err := c.WaitForNotification(ctx)
		if err != nil {
			return err
		}
		db.bell.wake(n.Payload)
	}
}
