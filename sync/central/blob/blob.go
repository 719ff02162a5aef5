// Package blob keeps pictures in an object store: kiosks put them there by
// presigned requests, the centre verifies them and, on erasure, deletes every
// version of them.
package blob

import (
	"context"
	"errors"
	"time"

	"agentid/sync/protocol"
)

// Errors of a store.
var (
	// ErrAbsent: there is no such object.
	ErrAbsent = errors.New("no such object")
	// ErrUnavailable: the store does not answer, or not sensibly; later it may.
	ErrUnavailable = errors.New("object store unavailable")
)

// The buckets.
const (
	BucketFacial    = "facial-images"
	BucketDetection = "detection-snapshots"
)

// Bucket is where pictures of a purpose are kept.
func Bucket(p protocol.Purpose) string {
	if p == protocol.PurposeFacial {
		return BucketFacial
	}
	return BucketDetection
}

// Object is what a store knows of one of its objects.
type Object struct {
	Size   int64
	SHA256 [32]byte // as the store computed it when it was put
	Type   string
}

// Put is one object to be put.
type Put struct {
	Bucket, Key string
	SHA256      [32]byte
	Size        int64
	Type        string
}

// Ticket is a request that puts one object, and no other, until Expires.
type Ticket struct {
	URL     string
	Headers map[string]string
	Expires time.Time
}

// Store is an object store.
type Store interface {
	// Presign makes a ticket for an object that must not exist yet. It asks
	// no network.
	Presign(ctx context.Context, p Put) (Ticket, error)
	// Stat tells what is kept under a key, or ErrAbsent.
	Stat(ctx context.Context, bucket, key string) (Object, error)
	// Erase deletes every version of an object, and tells how many there were.
	// One that is not there has none.
	Erase(ctx context.Context, bucket, key string) (versions int, err error)
	// Write puts a small object of the centre's own, over any that is there.
	Write(ctx context.Context, bucket, key string, content []byte) error
	// Read gives a small object, or ErrAbsent.
	Read(ctx context.Context, bucket, key string) ([]byte, error)
	// List calls with every key that begins with prefix, in order.
	List(ctx context.Context, bucket, prefix string, with func(key string) error) error
	// Ready tells whether the buckets can be reached.
	Ready(ctx context.Context) error
}
