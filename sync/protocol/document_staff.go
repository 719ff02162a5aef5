package protocol

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"strings"
	"time"

	"agentid/app/domain"
)

// StaffAccount is the account of a member of staff at the kiosks of a site: its
// ref is their id, a UUID. How they prove who they are does not travel: with a
// one-time code they set a PIN of their own, at each kiosk.
type StaffAccount struct {
	Login string      `json:"login"` // as domain.CleanLogin gives it
	Name  string      `json:"name"`
	Role  domain.Role `json:"role"`
	// Branches are those whose kiosks have the account; none for all.
	Branches []string   `json:"branches,omitempty"`
	Closed   bool       `json:"closed,omitempty"`
	Code     *StaffCode `json:"code,omitempty"`
}

// StaffCode is a one-time code as it is published: of 128 bits, a plain hash
// tells nothing of it.
type StaffCode struct {
	Hash    string    `json:"hash"` // StaffCodeHash, in hex
	Expires time.Time `json:"expires"`
}

const maxBranches = 200

// ParseStaff reads an account.
func ParseStaff(ref, content string) (a StaffAccount, err error) {
	if !ValidID(ref) {
		return a, contentf("ref: want the member's id, a uuid in lower case")
	}
	if err := DecodeStrict([]byte(content), MaxSmall, &a); err != nil {
		return StaffAccount{}, inContent(err)
	}
	if login, err := domain.CleanLogin(a.Login); err != nil || login != a.Login {
		return a, contentf("login: want %d to %d lower-case letters or digits", domain.MinLogin, domain.MaxLogin)
	}
	if name, err := domain.CleanName(a.Name); err != nil || name != a.Name {
		return a, contentf("name: want the name of a person, with single spaces")
	}
	if !a.Role.Valid() {
		return a, contentf("role: want staff, admin or auditor")
	}
	if len(a.Branches) > maxBranches {
		return a, contentf("branches: at most %d", maxBranches)
	}
	for _, b := range a.Branches {
		if strings.TrimSpace(b) != b || b == "" || strings.Contains(b, "\n") {
			return a, contentf("branches: want names as kiosks were enrolled with")
		}
		if err := labels(b); err != nil {
			return a, err
		}
	}
	if c := a.Code; c != nil && (a.Closed || !ValidHash(c.Hash) || !validTime(c.Expires)) {
		return a, contentf("code: want a hash in hex and a time, of an account that is open")
	}
	return a, nil
}

// At tells whether the account is to be at the kiosks of a branch.
func (a StaffAccount) At(branch string) bool {
	if a.Closed {
		return false
	}
	for _, b := range a.Branches {
		if b == branch {
			return true
		}
	}
	return len(a.Branches) == 0
}

const (
	staffCodeBytes = 16 // 128 bits
	staffCodeGroup = 4
)

var staffCodeEncoding = base32.StdEncoding.WithPadding(base32.NoPadding)

// staffCodeReader takes a code as people type it. The digits that base32 lacks
// are the letters that look like them.
var staffCodeReader = strings.NewReplacer("-", "", " ", "", "0", "O", "1", "I", "8", "B")

// NewStaffCode makes a one-time code for a member of staff, to be told to them
// alone, and what is published of it.
func NewStaffCode(id domain.StaffID) (code, hash string) {
	raw := make([]byte, staffCodeBytes)
	rand.Read(raw)
	plain := staffCodeEncoding.EncodeToString(raw)
	var b strings.Builder
	for len(plain) > staffCodeGroup {
		b.WriteString(plain[:staffCodeGroup] + "-")
		plain = plain[staffCodeGroup:]
	}
	return b.String() + plain, hex.EncodeToString(staffCodeHash(id, raw))
}

// StaffCodeHash is what a code is compared by; nil for what is none. It is of
// one member: the code of one opens nothing of another.
func StaffCodeHash(id domain.StaffID, code string) []byte {
	if len(code) > MaxLabel {
		return nil
	}
	raw, err := staffCodeEncoding.DecodeString(staffCodeReader.Replace(strings.ToUpper(code)))
	if err != nil || len(raw) != staffCodeBytes {
		return nil
	}
	return staffCodeHash(id, raw)
}

func staffCodeHash(id domain.StaffID, raw []byte) []byte {
	sum := sha256.Sum256([]byte("agentid staff code v1\n" + string(id) + "\n" + string(raw)))
	return sum[:]
}

// HashBytes are the bytes of a hash in hex; nil for what is none.
func HashBytes(hash string) []byte {
	b, err := hex.DecodeString(hash)
	if err != nil || !ValidHash(hash) {
		return nil
	}
	return b
}
