package protocol

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"time"
)

// ValidID tells whether s is a UUID in its canonical text form.
func ValidID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		switch i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
				return false
			}
		}
	}
	return true
}

func validOrNone(s string) bool { return s == "" || ValidID(s) }

// ValidHash tells whether s is a SHA-256 in lower-case hex.
func ValidHash(s string) bool {
	if len(s) != 2*sha256.Size {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// DerivedID names one state of something that changes: the same ref and
// version always give the same id (a UUID of version 8).
func DerivedID(kind Kind, ref string, version int64) string {
	sum := sha256.Sum256([]byte("agentid item\n" + string(kind) + "\n" + ref + "\n" + strconv.FormatInt(version, 10)))
	u := sum[:16]
	u[6] = u[6]&0x0f | 0x80
	u[8] = u[8]&0x3f | 0x80
	t := hex.EncodeToString(u)
	return t[:8] + "-" + t[8:12] + "-" + t[12:16] + "-" + t[16:20] + "-" + t[20:]
}

// The moments that something may claim to be of: clocks of new machines stand
// anywhere, but not everywhere.
var (
	earliest = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	latest   = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)
)

func validTime(t time.Time) bool { return !t.Before(earliest) && t.Before(latest) }
