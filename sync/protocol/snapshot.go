package protocol

import (
	"time"

	"agentid/app/domain"
)

// MaxSnapshot bounds a picture, in bytes.
const MaxSnapshot = 8 << 20

// Purpose is what a picture is for; each has its own bucket.
type Purpose string

// The purposes.
const (
	PurposeDetection Purpose = "detection" // bucket detection-snapshots
	PurposeFacial    Purpose = "facial"    // bucket facial-images
)

// TicketRequest asks for a place to put a picture.
type TicketRequest struct {
	SHA256  string          `json:"sha256"` // of the bytes, hex
	Size    int64           `json:"size"`
	Type    string          `json:"type"` // image/jpeg or image/png
	Purpose Purpose         `json:"purpose"`
	Event   domain.EventID  `json:"event_id,omitempty"`  // whose picture it is
	Person  domain.PersonID `json:"person_id,omitempty"` // whom it shows, if known
}

// Check holds the request to its limits.
func (r *TicketRequest) Check() error {
	switch {
	case !ValidHash(r.SHA256):
		return contentf("no sha-256")
	case r.Size <= 0 || r.Size > MaxSnapshot:
		return contentf("picture of %d bytes, want 1 to %d", r.Size, MaxSnapshot)
	case r.Type != "image/jpeg" && r.Type != "image/png":
		return contentf("picture of another type")
	case r.Purpose != PurposeDetection && r.Purpose != PurposeFacial:
		return contentf("unknown purpose")
	case r.Event != "" && !ValidID(string(r.Event)) || r.Person != "" && !ValidID(string(r.Person)):
		return contentf("event or person id is no canonical uuid")
	case r.Event == "" && r.Person == "":
		return contentf("picture of nothing")
	}
	return nil
}

// Ticket is where to put a picture. With Stored there is nothing left to do:
// the object is there and a row refers to it.
type Ticket struct {
	Stored bool   `json:"stored"`
	URL    string `json:"url,omitempty"`
	// Headers go with the PUT exactly as they are, and no others of their names,
	// which are in lower case here.
	Headers   map[string]string `json:"headers,omitempty"`
	ExpiresAt time.Time         `json:"expires_at,omitzero"`
}

// Commit is a TicketRequest again, once the bytes are there.
type Commit = TicketRequest

// CommitAnswer says that the object has been verified and is referred to.
type CommitAnswer struct {
	Bucket string `json:"bucket"`
	Key    string `json:"key"`
}
