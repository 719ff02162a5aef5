// Package secret keeps the centre's master key, and wraps with it what the
// database holds: the keys of sites, the keys that tokens are signed with and
// the secrets of webhooks. The key lies in a folder, in AWS Secrets Manager, or
// in a file that only AWS KMS opens. What is read of it stays in memory; no
// error and no log line holds any of it.
package secret

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
)

// KeySize is of the master key, in bytes.
const KeySize = 32

// Errors of a store.
var (
	// ErrAbsent says that a store has no such key.
	ErrAbsent = errors.New("no such secret")
	// ErrDenied says that this program may not use the store.
	ErrDenied = errors.New("access denied")
	// ErrUnavailable says that a store does not answer; later it may.
	ErrUnavailable = errors.New("secret store unavailable")
)

// Store keeps the master key and, while it is being rotated, the one that is to
// follow it.
type Store interface {
	// Master gives the master key, or ErrAbsent.
	Master(ctx context.Context) ([]byte, error)
	// Create makes a master key of random bytes, unless there is one.
	Create(ctx context.Context) error
	// Next gives the key that is to follow, or ErrAbsent.
	Next(ctx context.Context) ([]byte, error)
	// Prepare makes the key that is to follow, unless there is one.
	Prepare(ctx context.Context) error
	// Promote makes the key that is to follow the master key, and keeps the one
	// before; ErrAbsent where none is to follow.
	Promote(ctx context.Context) error
	// String says where the key is, for staff.
	String() string
}

// Open gives the store that where names: a folder, "aws-sm:NAME" or
// "aws-kms:KEY?blob=/path". Both take region= and endpoint=, of KMS also
// context=, the name of the centre that the key is bound to. It asks no network.
func Open(ctx context.Context, where string) (Store, error) {
	scheme, rest, _ := strings.Cut(where, ":")
	switch scheme {
	case "aws-sm", "aws-kms":
	default:
		if where == "" {
			return nil, errors.New("no place for the master key: set --secrets")
		}
		return Dir(where), nil
	}
	name, query, _ := strings.Cut(rest, "?")
	q, err := url.ParseQuery(query)
	if err != nil {
		return nil, fmt.Errorf("secrets %s: what follows ? is no query", scheme)
	}
	o := aws{name: name, region: q.Get("region"), endpoint: q.Get("endpoint")}
	for k, v := range q {
		known := k == "region" || k == "endpoint" || scheme == "aws-kms" && (k == "blob" || k == "context")
		if !known || len(v) != 1 || v[0] == "" {
			return nil, fmt.Errorf("secrets %s: %q is not to be there, or not so", scheme, k)
		}
	}
	if name == "" {
		return nil, fmt.Errorf("secrets %s: want a name behind the colon", scheme)
	}
	if err := safe(o.endpoint); err != nil {
		return nil, fmt.Errorf("secrets %s: %w", scheme, err)
	}
	if scheme == "aws-sm" {
		return newManager(ctx, o)
	}
	if q.Get("blob") == "" {
		return nil, errors.New("secrets aws-kms: want ?blob=/path, the file of the wrapped key")
	}
	return newKMS(ctx, o, q.Get("blob"), q.Get("context"))
}

// safe refuses an endpoint over which the key would travel in the clear.
func safe(endpoint string) error {
	if endpoint == "" {
		return nil
	}
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" {
		return errors.New("endpoint is no address, as https://host")
	}
	host, err := netip.ParseAddr(u.Hostname())
	if u.Scheme != "https" && !(u.Scheme == "http" && (u.Hostname() == "localhost" || err == nil && host.IsLoopback())) {
		return errors.New("endpoint: want https, the key travels over it")
	}
	return nil
}

// sized holds a key to its length.
func sized(key []byte, where string) ([]byte, error) {
	if len(key) != KeySize {
		return nil, fmt.Errorf("master key in %s has %d bytes, want %d", where, len(key), KeySize)
	}
	return key, nil
}
