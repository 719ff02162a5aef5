package protocol

import (
	"math"
	"time"

	"agentid/app/domain"
)

// Exchange is one question at the kiosk's chat and what came of it. It names
// nobody; the question is stripped of numbers and addresses by the kiosk.
type Exchange struct {
	At       time.Time   `json:"at"`
	Lang     domain.Lang `json:"lang"`
	Question string      `json:"question"`
	Entry    string      `json:"entry,omitempty"` // id of the FAQ entry that answered
	Score    float64     `json:"score,omitempty"`
	Outcome  string      `json:"outcome"`           // answered, chosen, suggested, unanswered, handed_off, talk
	Helpful  *bool       `json:"helpful,omitempty"` // what the visitor said of it
	Took     int64       `json:"took_us,omitempty"`
}

// Subject implements Body.
func (x *Exchange) Subject() domain.PersonID { return "" }

// Check implements Body.
func (x *Exchange) Check() error {
	if !validTime(x.At) || x.Lang == "" || x.Outcome == "" || x.Took < 0 || x.Took >= maxExact {
		return contentf("exchange without language or outcome, or at no possible time")
	}
	if err := text(x.Question, MaxText); err != nil {
		return err
	}
	return labels(string(x.Lang), x.Entry, x.Outcome)
}

// Case is a visitor's matter handed to a person, or its change. The item's id
// is DerivedID(KindCase, id, version).
type Case struct {
	ID       string          `json:"id"`
	Version  int64           `json:"version"`
	OpenedAt time.Time       `json:"opened_at"`
	Lang     domain.Lang     `json:"lang"`
	Person   domain.PersonID `json:"person_id,omitempty"`
	Topic    string          `json:"topic,omitempty"`
	Question string          `json:"question"`
	State    string          `json:"state"` // open, taken, closed
	KeyID    string          `json:"key_id,omitempty"`
	// Contact is where to answer, sealed under the site key: SiteKey.SealField
	// of the case's id and FieldContact.
	Contact []byte `json:"contact,omitempty"`
}

// Subject implements Body.
func (c *Case) Subject() domain.PersonID { return c.Person }

// Check implements Body.
func (c *Case) Check() error {
	switch {
	case !ValidID(c.ID) || c.Person != "" && !ValidID(string(c.Person)):
		return contentf("case or person id is no canonical uuid")
	case c.Version < 1 || c.Version >= maxExact || !validTime(c.OpenedAt) || c.Lang == "" || c.State == "":
		return contentf("case without version, language or state, or at no possible time")
	case len(c.Contact) > 0 && (len(c.Contact) < minSealed || len(c.Contact) > MaxSealed || c.KeyID == ""):
		return contentf("contact of an impossible size, or without key")
	}
	if err := text(c.Question, MaxText); err != nil {
		return err
	}
	return labels(string(c.Lang), c.Topic, c.State, c.KeyID)
}

// ChainAudit names the chain of a kiosk's audit.
const ChainAudit = "audit"

// AuditHead is the newest link of a hash chain that the kiosk keeps: once the
// centre has it, what lies behind it cannot be rewritten unseen. The item's id
// is DerivedID(KindAuditHead, device id + "/" + chain, seq).
type AuditHead struct {
	Chain string    `json:"chain"`
	Seq   uint64    `json:"seq"`
	Hash  string    `json:"hash"` // SHA-256, hex
	At    time.Time `json:"at"`
}

// Subject implements Body.
func (a *AuditHead) Subject() domain.PersonID { return "" }

// Check implements Body.
func (a *AuditHead) Check() error {
	if a.Chain == "" || a.Seq == 0 || a.Seq >= maxExact || !ValidHash(a.Hash) || !validTime(a.At) {
		return contentf("invalid audit head")
	}
	return labels(a.Chain)
}

// Reading is one value of a sensor.
type Reading struct {
	At     time.Time `json:"at"`
	Sensor string    `json:"sensor"`
	Metric string    `json:"metric"` // "temperature"
	Unit   string    `json:"unit,omitempty"`
	Value  float64   `json:"value"`
}

// Sensor is a handful of readings.
type Sensor struct {
	Readings []Reading `json:"readings"`
}

// Subject implements Body.
func (s *Sensor) Subject() domain.PersonID { return "" }

// Check implements Body.
func (s *Sensor) Check() error {
	if n := len(s.Readings); n == 0 || n > MaxReadings {
		return contentf("%d readings, want 1 to %d", n, MaxReadings)
	}
	for _, r := range s.Readings {
		if r.Sensor == "" || r.Metric == "" || !validTime(r.At) {
			return contentf("reading without sensor or metric, or at no possible time")
		}
		if err := labels(r.Sensor, r.Metric, r.Unit); err != nil {
			return err
		}
	}
	return nil
}

// Health is how a kiosk is.
type Health struct {
	At        time.Time `json:"at"`
	Version   string    `json:"version"` // of the program
	UptimeS   int64     `json:"uptime_s"`
	Camera    string    `json:"camera,omitempty"` // domain.CameraState
	FPS       float64   `json:"fps,omitempty"`
	Pending   int64     `json:"pending"`
	Dead      int64     `json:"dead"`
	OldestS   int64     `json:"oldest_s,omitempty"` // age of the oldest pending row
	DiskFree  int64     `json:"disk_free,omitempty"`
	DBBytes   int64     `json:"db_bytes,omitempty"`
	People    int64     `json:"people,omitempty"`
	SkewMS    int64     `json:"skew_ms,omitempty"` // its clock less the centre's
	Degraded  []string  `json:"degraded,omitempty"`
	Engine    string    `json:"engine,omitempty"`
	LastError string    `json:"last_error,omitempty"`
}

// Subject implements Body.
func (h *Health) Subject() domain.PersonID { return "" }

// Check implements Body.
func (h *Health) Check() error {
	if !validTime(h.At) || h.Version == "" || len(h.Degraded) > MaxFields {
		return contentf("health without version, or at no possible time")
	}
	for _, n := range []int64{h.UptimeS, h.Pending, h.Dead, h.OldestS, h.DiskFree, h.DBBytes, h.People, h.SkewMS} {
		if n >= maxExact || n <= -maxExact {
			return contentf("impossible figure")
		}
	}
	if math.IsNaN(h.FPS) {
		return contentf("impossible figure")
	}
	if err := text(h.LastError, MaxText); err != nil {
		return err
	}
	return labels(append([]string{h.Version, h.Camera, h.Engine}, h.Degraded...)...)
}
