package kiosk

import (
	"strconv"
	"strings"
	"time"

	"agentid/app/domain"
)

// words are a text by its key, and its values in pairs: name, value.
func words(key string, pairs ...string) Words {
	w := Words{Key: key}
	for i := 0; i+1 < len(pairs); i += 2 {
		if w.Values == nil {
			w.Values = map[string]string{}
		}
		w.Values[pairs[i]] = pairs[i+1]
	}
	return w
}

// plain is what people wrote, and ids.
func plain(s string) Words { return Words{Plain: s} }

func cellWords(w Words) Cell  { return Cell{Kind: CellWords, Words: w} }
func cellText(s string) Cell  { return cellWords(plain(s)) }
func cellKey(key string) Cell { return cellWords(words(key)) }

// cellTime and cellDay are empty for no time.
func cellTime(t time.Time) Cell { return timed(CellTime, t) }
func cellDay(t time.Time) Cell  { return timed(CellDay, t) }
func cellAge(t time.Time) Cell  { return timed(CellAge, t) }

func timed(k CellKind, t time.Time) Cell {
	if t.IsZero() {
		return cellText("")
	}
	return Cell{Kind: k, Time: t}
}

func cellCount(n int) Cell { return Cell{Kind: CellNumber, Number: float64(n)} }
func cellBytes(n int64) Cell {
	return Cell{Kind: CellBytes, Number: float64(n)}
}

// cellScore is a distance, empty where there is none.
func cellScore(d float64) Cell {
	if d == 0 {
		return cellText("")
	}
	return Cell{Kind: CellNumber, Number: d, Digits: 3}
}

func cellPercent(f float64) Cell { return Cell{Kind: CellPercent, Number: f} }

// cellYes is a yes or a no.
func cellYes(yes bool) Cell {
	if yes {
		return toned(cellKey("yes"), ToneOK)
	}
	return cellKey("no")
}

func toned(c Cell, t Tone) Cell {
	c.Tone = t
	return c
}

func column(key string, share float64) Column {
	return Column{Label: words("col." + key), Share: share}
}
func minor(c Column) Column { c.Minor = true; return c }
func right(c Column) Column { c.Right = true; return c }

func field(key string, value Cell) DetailField {
	return DetailField{Label: words("col." + key), Value: value}
}

func figure(key string, value Cell) Figure {
	return Figure{Label: words("figure." + key), Value: value}
}

// choice is a filter whose texts are under its id.
func choice(id, value string, values ...string) Choice {
	c := Choice{ID: id, Label: words("filter." + id), Value: value}
	for _, v := range values {
		name := v
		if name == "" {
			name = "all"
		}
		c.Options = append(c.Options, Option{Value: v, Label: words("filter_" + id + "." + name)})
	}
	return c
}

// short is enough of an id to tell it from others on a screen.
func short(id string) string {
	const most = 8
	if len(id) <= most {
		return id
	}
	return "…" + id[len(id)-most:]
}

// masked keeps the ends of a contact, to be compared and not copied.
func masked(s string) string {
	r := []rune(s)
	if len(r) == 0 {
		return ""
	}
	if len(r) <= 4 {
		return "…"
	}
	return string(r[:2]) + "…" + string(r[len(r)-2:])
}

// clipped bounds what comes from the screen.
func clipped(s string, most int) string {
	s = strings.ToValidUTF8(strings.TrimSpace(s), "")
	if r := []rune(s); len(r) > most {
		return string(r[:most])
	}
	return s
}

// cursorOf and seqOf write the place in a list that is ordered by a sequence.
func cursorOf(seq uint64) string { return strconv.FormatUint(seq, 10) }

func seqOf(cursor string) uint64 {
	n, err := strconv.ParseUint(cursor, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// since is the beginning of a period that a filter names; zero for all time.
func since(period string, now time.Time) time.Time {
	switch period {
	case "today":
		return dayOf(now)
	case "week":
		return dayOf(now).AddDate(0, 0, -6)
	case "month":
		return dayOf(now).AddDate(0, 0, -29)
	}
	return time.Time{}
}

// dayOf is the local midnight before a time.
func dayOf(t time.Time) time.Time {
	t = t.Local()
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, t.Location())
}

// reasonTone tells a reason's weight beside its words.
func reasonTone(r domain.Reason) Tone {
	switch r {
	case domain.ReasonRecognised, domain.ReasonRegistered, domain.ReasonWithoutFace, domain.ReasonEnrolled, domain.ReasonCameraReturned:
		return ToneOK
	case domain.ReasonWrongFace, domain.ReasonNotLive, domain.ReasonBadgeForged, domain.ReasonLocked, domain.ReasonStaffRefused, domain.ReasonStaffWrongPIN:
		return ToneStop
	case domain.ReasonUnknown, domain.ReasonUndecided, domain.ReasonNotMe, domain.ReasonWrongPIN, domain.ReasonDuplicateFace,
		domain.ReasonDuplicateDocument, domain.ReasonCameraLost, domain.ReasonBadgeExpired, domain.ReasonBadgeRevoked, domain.ReasonBadgeUnknown:
		return ToneWarn
	}
	if validated(r) {
		return ToneOK
	}
	return ToneNone
}

// validated tells that a reason says who somebody is.
func validated(r domain.Reason) bool {
	switch r {
	case domain.ReasonValidatedFace, domain.ReasonValidatedPIN, domain.ReasonValidatedStaff, domain.ReasonValidatedFacePIN, domain.ReasonValidatedAll:
		return true
	}
	return false
}
