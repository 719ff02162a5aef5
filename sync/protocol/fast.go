package protocol

import (
	"math"
	"strconv"
	"time"

	"agentid/app/domain"
)

// What comes by the thousand, batches and events, is read here in one pass. Each
// function gives false for anything that is not plainly right, and the slow
// way, which it must agree with, then says what it is. Fuzz tests hold them to it.

// members reads an object and calls with each member's name, the value being
// next. No name comes twice: seen has a bit for each that known lists.
func (s *scanner) members(known func(name []byte) int, with func(member int) bool) bool {
	if s.peek() != '{' {
		return false
	}
	s.pos++
	var seen uint64
	for first := true; ; first = false {
		switch c := s.peek(); {
		case c == '}' && (first || s.src[s.pos-1] != ','):
			s.pos++
			return true
		case c != '"':
			return false
		}
		name, err := s.text()
		if err != nil {
			return false
		}
		m := known(name)
		if m < 0 || seen&(1<<m) != 0 || s.peek() != ':' {
			return false
		}
		seen |= 1 << m
		s.pos++
		s.space()
		if !with(m) {
			return false
		}
		switch s.peek() {
		case ',':
			s.pos++
			if s.peek() != '"' {
				return false
			}
		case '}':
		default:
			return false
		}
	}
}

// plainText is a string, of which there is one at pos.
func (s *scanner) plainText(to *string) bool {
	if s.peek() != '"' {
		return false
	}
	t, err := s.text()
	*to = string(t)
	return err == nil
}

func (s *scanner) plainTime(to *time.Time) bool {
	var t string
	return s.plainText(&t) && to.UnmarshalText([]byte(t)) == nil
}

// plainNumber is the text of a number that is one.
func (s *scanner) plainNumber() (string, bool) {
	start := s.pos
	if c := s.peek(); c != '-' && (c < '0' || c > '9') {
		return "", false
	}
	quiet := s.discard
	s.discard = true
	_, err := s.number(nil)
	s.discard = quiet
	return string(s.src[start:s.pos]), err == nil
}

func (s *scanner) plainFloat(to *float64) bool {
	t, ok := s.plainNumber()
	if !ok {
		return false
	}
	f, err := strconv.ParseFloat(t, 64)
	*to = f
	return err == nil
}

func (s *scanner) plainInt(to *int64) bool {
	t, ok := s.plainNumber()
	if !ok {
		return false
	}
	n, err := strconv.ParseInt(t, 10, 64)
	*to = n
	return err == nil
}

// raw is the text of any value; what it holds is checked.
func (s *scanner) raw(depth int) ([]byte, bool) {
	s.space()
	start := s.pos
	_, err := s.value(nil, depth)
	return s.src[start:s.pos:s.pos], err == nil
}

func (s *scanner) ended() bool {
	s.space()
	return s.pos == len(s.src)
}

func among(names ...string) func([]byte) int {
	return func(b []byte) int {
		for i, n := range names {
			if string(b) == n {
				return i
			}
		}
		return -1
	}
}

var (
	batchMembers   = among("id", "device_id", "sent_at", "items")
	itemMembers    = among("kind", "id", "body")
	encoderMembers = among("name", "version")
	eventMembers   = among("id", "seq", "device_id", "kind", "reason", "at", "person_id", "about", "distance", "second", "threshold",
		"metric", "votes", "frames", "quality", "encoder", "detector", "snapshot", "badge_id", "liveness", "liveness_reason", "staff_id")
)

// fastBatch reads a batch. The bodies of its items lie in src.
func fastBatch(src []byte) (b Batch, ok bool) {
	s := scanner{src: src, plainNames: true, discard: true}
	ok = s.members(batchMembers, func(m int) bool {
		switch m {
		case 0:
			return s.plainText(&b.ID)
		case 1:
			return s.plainText(&b.DeviceID)
		case 2:
			return s.plainTime(&b.SentAt)
		}
		return s.items(&b.Items)
	})
	return b, ok && s.ended()
}

func (s *scanner) items(to *[]Item) bool {
	if s.peek() != '[' {
		return false
	}
	s.pos++
	if s.peek() == ']' {
		return false // the slow way says what that is
	}
	for len(*to) <= MaxItems {
		var it Item
		ok := s.members(itemMembers, func(m int) (ok bool) {
			switch m {
			case 0:
				var kind string
				ok = s.plainText(&kind)
				it.Kind = Kind(kind)
			case 1:
				ok = s.plainText(&it.ID)
			case 2:
				it.Body, ok = s.raw(3) // within batch, items, item
			}
			return ok
		})
		if !ok {
			return false
		}
		*to = append(*to, it)
		switch s.peek() {
		case ',':
			s.pos++
		case ']':
			s.pos++
			return true
		default:
			return false
		}
	}
	return false
}

// fastEvent reads an event.
func fastEvent(src []byte) (*Event, bool) {
	s := scanner{src: src, plainNames: true, discard: true}
	e := new(Event)
	ok := s.members(eventMembers, func(m int) bool {
		var t string
		var n int64
		switch m {
		case 1:
			ok := s.plainInt(&n) && n >= 0
			e.Seq = uint64(n)
			return ok
		case 5:
			return s.plainTime(&e.At)
		case 8:
			return s.plainFloat(&e.Distance)
		case 9:
			return s.plainFloat(&e.Second)
		case 10:
			return s.plainFloat(&e.Threshold)
		case 12, 13:
			ok := s.plainInt(&n) && n >= math.MinInt32 && n <= math.MaxInt32
			if m == 12 {
				e.Votes = int(n)
			} else {
				e.Frames = int(n)
			}
			return ok
		case 14:
			return s.plainFloat(&e.Quality)
		case 15:
			return s.members(encoderMembers, func(m int) bool {
				if m == 0 {
					return s.plainText(&e.Encoder.Name)
				}
				return s.plainText(&e.Encoder.Version)
			})
		case 19:
			return s.plainFloat(&e.Liveness)
		}
		if !s.plainText(&t) {
			return false
		}
		switch m {
		case 0:
			e.ID = domain.EventID(t)
		case 2:
			e.DeviceID = t
		case 3:
			e.Kind = domain.EventKind(t)
		case 4:
			e.Reason = domain.Reason(t)
		case 6:
			e.Person = domain.PersonID(t)
		case 7:
			e.About = domain.EventID(t)
		case 11:
			e.Metric = t
		case 16:
			e.Detector = t
		case 17:
			e.Snapshot = t
		case 18:
			e.Badge = domain.BadgeID(t)
		case 20:
			e.LivenessReason = t
		case 21:
			e.Staff = domain.StaffID(t)
		}
		return true
	})
	return e, ok && s.ended()
}
