package postgres

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"agentid/app/domain/domaintest"
)

// vault is where instances read the master key.
type vault struct {
	mu   sync.Mutex
	list [][]byte
	read int
}

func (v *vault) keys(context.Context) ([][]byte, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.read++
	return slices.Clone(v.list), nil
}

func (v *vault) put(list ...[]byte) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.list = list
}

// TestRewrap rotates the master key at one instance. What every key opens is as
// it was, at another instance too, and what that one seals afterwards is sealed
// by the new key.
func TestRewrap(t *testing.T) {
	dsn, clock := newDSN(t), domaintest.NewClock(start)
	first, second, third := bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32), bytes.Repeat([]byte{3}, 32)
	v := &vault{list: [][]byte{first}}
	join := func() *DB {
		db, err := Open(t.Context(), Options{DSN: dsn, Keys: v.keys, Clock: clock})
		must(t, err)
		t.Cleanup(db.Close)
		return db
	}
	a, b := join(), join()
	must(t, a.AddSite(t.Context(), "norte", "Banco Norte"))
	hook, _, err := a.AddWebhook(t.Context(), "norte", "https://example.org", []string{"recognition"})
	must(t, err)
	signing, err := a.SigningKeys(t.Context())
	must(t, err)
	site, err := a.SiteKeys(t.Context(), "norte")
	must(t, err)
	tables := one[int](t, a, "SELECT count(*) FROM information_schema.columns WHERE column_name = 'wrapped'")

	rotate := func(to []byte, want int) {
		t.Helper()
		v.put(v.list[0], to)
		n, err := a.Rewrap(t.Context(), to)
		if err != nil || n != want {
			t.Fatalf("%d keys wrapped anew, %v", n, err)
		}
		if n, err := a.Rewrap(t.Context(), to); err != nil || n != 0 {
			t.Errorf("again: %d, %v", n, err)
		}
	}
	rotate(second, 3)
	if tables != 3 {
		t.Errorf("%d tables hold what is wrapped: does Rewrap know each?", tables)
	}
	// The other instance has the first key: it reads anew, and knows all.
	got, err := b.SiteKeys(t.Context(), "norte")
	if err != nil || len(got) != 1 || got[0].ID != site[0].ID {
		t.Fatalf("%v, %v", got, err)
	}
	same, err := b.SigningKeys(t.Context())
	if err != nil || !same[0].Private.Equal(signing[0].Private) {
		t.Errorf("another signing key: %v", err)
	}
	v.put(second)
	// Once more, and the other seals before it opens anything.
	rotate(third, 3)
	must(t, b.AddSite(t.Context(), "sur", "Banco Sur"))
	v.put(third)
	if _, err := join().SiteKeys(t.Context(), "sur"); err != nil {
		t.Errorf("what was sealed after the rotation: %v", err)
	}
	reads := v.read
	if _, err := b.SiteKeys(t.Context(), "sur"); err != nil || v.read != reads {
		t.Errorf("read again without need: %v", err)
	}
	// Begun and not ended: the program starts with either key.
	v.put(first, third)
	join()
	v.put(first, second)
	if _, err := Open(t.Context(), Options{DSN: dsn, Keys: v.keys, Clock: clock}); !errors.Is(err, ErrMasterKey) {
		t.Errorf("neither key: %v", err)
	}
	// A damaged row spoils no rotation halfway, nor has the key asked for at each request.
	_, err = a.pool.Exec(t.Context(), "UPDATE webhooks SET wrapped = '\\x00' WHERE id = $1", hook.ID)
	must(t, err)
	v.put(third)
	if _, err := a.Rewrap(t.Context(), second); !errors.Is(err, ErrMasterKey) {
		t.Errorf("a damaged row: %v", err)
	}
	if _, err := join().SiteKeys(t.Context(), "norte"); err != nil {
		t.Errorf("after a rotation that failed: %v", err)
	}
	reads = v.read
	for range 3 {
		if _, err := a.Rewrap(t.Context(), second); !errors.Is(err, ErrMasterKey) {
			t.Error(err)
		}
	}
	if v.read != reads {
		t.Errorf("the key was asked for %d times more", v.read-reads)
	}
}

// TestRewrapBesideSealing: whoever seals while the key is rotated loses nothing.
func TestRewrapBesideSealing(t *testing.T) {
	dsn, clock := newDSN(t), domaintest.NewClock(start)
	keys := [][]byte{bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)}
	v := &vault{list: keys}
	open := func() *DB {
		db, err := Open(t.Context(), Options{DSN: dsn, Keys: v.keys, Clock: clock})
		must(t, err)
		t.Cleanup(db.Close)
		return db
	}
	a, b := open(), open()
	must(t, a.AddSite(t.Context(), "norte", "Banco Norte"))
	const each = 20
	errs := make(chan error, 4)
	for range 4 {
		go func() {
			var err error
			for i := 0; i < each && err == nil; i++ {
				err = b.RotateSiteKey(context.Background(), "norte")
			}
			errs <- err
		}()
	}
	_, err := a.Rewrap(t.Context(), keys[1])
	must(t, err)
	for range 4 {
		must(t, <-errs)
	}
	v.put(keys[1])
	if list, err := open().SiteKeys(t.Context(), "norte"); err != nil || len(list) != 4*each+1 {
		t.Errorf("%d keys, %v", len(list), err)
	}
}
