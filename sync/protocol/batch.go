package protocol

import (
	"encoding/json"
	"fmt"
	"time"
)

// Kind is what an item is about.
type Kind string

// The kinds that go up, in the order in which a kiosk should send them.
const (
	KindTombstone Kind = "tombstone"
	KindEvent     Kind = "event"
	KindConsent   Kind = "consent"
	KindPerson    Kind = "person"
	KindBadgeKey  Kind = "badge_key"
	KindBadge     Kind = "badge"
	KindCase      Kind = "case"
	KindExchange  Kind = "exchange"
	KindAuditHead Kind = "audit_head"
	KindHealth    Kind = "health"
	KindSensor    Kind = "sensor"
)

// Kinds lists the kinds of this version, in the order in which to send them:
// a consent before the person that needs it, a key before what it signed.
func Kinds() []Kind {
	return []Kind{KindTombstone, KindEvent, KindConsent, KindPerson, KindBadgeKey, KindBadge, KindCase,
		KindExchange, KindAuditHead, KindHealth, KindSensor}
}

// MaxItems bounds the items of a batch.
const MaxItems = 1000

// maxKind bounds the name of a kind, known or not.
const maxKind = 32

// Item is one thing that a kiosk tells the centre.
type Item struct {
	Kind Kind            `json:"kind"`
	ID   string          `json:"id"`
	Body json.RawMessage `json:"body"`
}

// Batch is what a kiosk sends at once; it is sent as gzip.
type Batch struct {
	ID       string    `json:"id"` // made anew for each attempt; only for logs
	DeviceID string    `json:"device_id"`
	SentAt   time.Time `json:"sent_at"` // by the kiosk's clock
	Items    []Item    `json:"items"`
}

// EncodeBatch checks a batch and writes it as it is sent.
func EncodeBatch(b Batch) ([]byte, error) {
	if err := b.check(); err != nil {
		return nil, err
	}
	plain, err := json.Marshal(b)
	if err != nil {
		return nil, fmt.Errorf("encode batch: %w", err)
	}
	if len(plain) > MaxBatchPlain {
		return nil, fmt.Errorf("%w: batch of %d bytes, at most %d", ErrTooLarge, len(plain), MaxBatchPlain)
	}
	z, err := Gzip(plain)
	if err != nil {
		return nil, err
	}
	if len(z) > MaxBatchGzip {
		return nil, fmt.Errorf("%w: batch of %d bytes as gzip, at most %d", ErrTooLarge, len(z), MaxBatchGzip)
	}
	return z, nil
}

// DecodeBatch reads a batch after gunzip. The bodies of its items are checked
// for form only: what they hold is each item's own matter. They may lie in
// plain, which is not to be changed while they are in use.
func DecodeBatch(plain []byte) (Batch, error) {
	if len(plain) > MaxBatchPlain {
		return Batch{}, fmt.Errorf("decode batch: %w: %d bytes, at most %d", ErrTooLarge, len(plain), MaxBatchPlain)
	}
	b, ok := fastBatch(plain)
	if !ok {
		b = Batch{}
		if err := DecodeStrict(plain, MaxBatchPlain, &b); err != nil {
			return Batch{}, fmt.Errorf("decode batch: %w", err)
		}
	}
	if err := b.check(); err != nil {
		return Batch{}, fmt.Errorf("decode batch: %w", err)
	}
	return b, nil
}

func (b Batch) check() error {
	if !ValidID(b.ID) || !ValidID(b.DeviceID) {
		return contentf("batch or device id is no canonical uuid")
	}
	if !validTime(b.SentAt) {
		return contentf("sent at no possible time")
	}
	if len(b.Items) == 0 || len(b.Items) > MaxItems {
		return contentf("%d items, want 1 to %d", len(b.Items), MaxItems)
	}
	for i, it := range b.Items {
		if !ValidID(it.ID) {
			return contentf("item %d: id is no canonical uuid", i)
		}
		if n := len(it.Kind); n == 0 || n > maxKind || !plainName(string(it.Kind)) {
			return contentf("item %d: no kind", i)
		}
		if len(it.Body) == 0 || it.Body[0] != '{' {
			return contentf("item %d: body is no object", i)
		}
		if len(it.Body) > MaxItem {
			return fmt.Errorf("%w: item %d: body of %d bytes, at most %d", ErrTooLarge, i, len(it.Body), MaxItem)
		}
	}
	return nil
}

// Status is what became of an item.
type Status string

// The answers for an item; see the package comment.
const (
	StatusStored    Status = "stored"
	StatusDuplicate Status = "duplicate"
	StatusConflict  Status = "conflict"
	StatusRejected  Status = "rejected"
)

// Done tells whether the centre has the item.
func (s Status) Done() bool { return s == StatusStored || s == StatusDuplicate }

// Reject says why an item will never be taken.
type Reject string

// The reasons of a rejection, and of a conflict.
const (
	RejectKind    Reject = "unknown_kind"
	RejectBody    Reject = "invalid_body"
	RejectDevice  Reject = "other_device" // it says that another device made it
	RejectErased  Reject = "erased"       // about somebody who has been erased
	RejectExpired Reject = "expired"      // older than what the centre keeps
	RejectSite    Reject = "other_site"   // about somebody of another site
	RejectConsent Reject = "no_consent"   // about somebody who did not consent to it
	RejectSame    Reject = "same_id"      // conflict: the id is taken by another body
)

// Answer is what became of one item.
type Answer struct {
	Kind   Kind   `json:"kind"`
	ID     string `json:"id"`
	Status Status `json:"status"`
	Reason Reject `json:"reason,omitempty"`
	Detail string `json:"detail,omitempty"` // for staff; about form, never of what the body holds
}

// MaxDetail bounds Answer.Detail, in bytes.
const MaxDetail = 200

// BatchAnswer answers a batch: one Answer for each item, in the batch's order.
type BatchAnswer struct {
	BatchID    string    `json:"batch_id"`
	ReceivedAt time.Time `json:"received_at"` // by the centre's clock
	Answers    []Answer  `json:"answers"`
}

// DecodeBatchAnswer reads the answer to a batch, and holds it to be one.
func DecodeBatchAnswer(src []byte, sent Batch) (BatchAnswer, error) {
	var a BatchAnswer
	if err := DecodeStrict(src, MaxBatchPlain, &a); err != nil {
		return BatchAnswer{}, fmt.Errorf("decode answer: %w", err)
	}
	if a.BatchID != sent.ID || len(a.Answers) != len(sent.Items) {
		return BatchAnswer{}, contentf("answer of another batch")
	}
	for i, r := range a.Answers {
		if r.ID != sent.Items[i].ID || r.Kind != sent.Items[i].Kind {
			return BatchAnswer{}, contentf("answer %d is for another item", i)
		}
		switch r.Status {
		case StatusStored, StatusDuplicate, StatusConflict, StatusRejected:
		default:
			return BatchAnswer{}, contentf("answer %d has no known status", i)
		}
		if len(r.Detail) > 2*MaxDetail || len(r.Reason) > maxKind {
			return BatchAnswer{}, contentf("answer %d is too long", i)
		}
	}
	return a, nil
}
