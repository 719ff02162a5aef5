package screens

import (
	"math"
	"strconv"
	"strings"
	"time"

	"agentid/app/kiosk"
	"agentid/assets"
	"agentid/ui/widgets"
)

// words are a text of the admin tab. One that no language knows is shown as the
// last part of its key: staff see what is meant, and nothing stops.
func (e Env) words(w kiosk.Words) string {
	if w.Key == "" {
		return w.Plain
	}
	key, lang := "admin."+w.Key, string(e.Lang)
	s := key
	if n, err := strconv.Atoi(w.Values["Number"]); err == nil && len(w.Values) == 1 {
		s = e.Texts.Count(lang, key, n)
	}
	if s == key {
		s = e.Texts.SayWith(lang, key, assets.Values(w.Values))
	}
	if s != key {
		return s
	}
	return strings.ReplaceAll(w.Key[strings.LastIndexByte(w.Key, '.')+1:], "_", " ")
}

// ui is what the screen itself says.
func (e Env) ui(key string) string { return e.say("admin.ui." + key) }

// tone of staff's words as a widget's.
func tone(t kiosk.Tone) widgets.Tone {
	switch t {
	case kiosk.ToneOK:
		return widgets.ToneOK
	case kiosk.ToneWarn:
		return widgets.ToneWarn
	case kiosk.ToneStop:
		return widgets.ToneStop
	case kiosk.ToneInfo:
		return widgets.ToneInfo
	}
	return widgets.ToneQuiet
}

// cell writes a value for a table, shortly.
func (e Env) cell(c kiosk.Cell) widgets.TableCell {
	return widgets.TableCell{Words: e.value(c, false), Tone: tone(c.Tone), Picture: c.Picture}
}

// none stands where there is no value.
const none = "—"

// told is a value, or that there is none.
func (e Env) told(c kiosk.Cell, whole bool) string {
	if s := e.value(c, whole); s != "" {
		return s
	}
	return none
}

// value writes a value as the language does; whole says that there is room for
// a date in full.
func (e Env) value(c kiosk.Cell, whole bool) string {
	switch c.Kind {
	case kiosk.CellTime:
		return e.moment(c.Time, whole)
	case kiosk.CellDay:
		return e.day(c.Time, whole)
	case kiosk.CellAge:
		return e.age(c.Time)
	case kiosk.CellNumber:
		return e.number(c.Number, c.Digits)
	case kiosk.CellPercent:
		s := e.number(100*c.Number, c.Digits)
		if s == none {
			return s
		}
		if e.Lang == "en" {
			return s + "%"
		}
		return s + "\u202f%"
	case kiosk.CellBytes:
		return e.bytes(c.Number)
	case kiosk.CellPicture:
		return ""
	}
	return e.words(c.Words)
}

// number writes v with so many digits after the point.
func (e Env) number(v float64, digits int) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return none
	}
	digits = min(max(digits, 0), 6)
	if math.Abs(v) >= 1e15 {
		return strconv.FormatFloat(v, 'g', 4, 64)
	}
	s := strconv.FormatFloat(math.Abs(v), 'f', digits, 64)
	whole, rest, _ := strings.Cut(s, ".")
	n, err := strconv.Atoi(whole)
	if err != nil {
		return s
	}
	out := assets.Number(string(e.Lang), n)
	if rest != "" {
		point := ","
		if e.Lang == "en" {
			point = "."
		}
		out += point + rest
	}
	if v < 0 && strings.Trim(s, "0.") != "" {
		out = "-" + out
	}
	return out
}

func (e Env) bytes(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return none
	}
	units := []string{"B", "kB", "MB", "GB", "TB", "PB"}
	i := 0
	for ; math.Abs(v) >= 999.5 && i < len(units)-1; i++ {
		v /= 1000
	}
	digits := 0
	if i > 0 && math.Abs(v) < 99.95 {
		digits = 1
	}
	return e.number(v, digits) + "\u00a0" + units[i]
}

// here is t in the kiosk's own time.
func (e Env) here(t time.Time) time.Time { return t.In(e.Now().Location()) }

var shortMonths = map[string][12]string{
	"es": {"ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sep", "oct", "nov", "dic"},
	"en": {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"},
}

// moment is a day and a time, of today the time alone; in full, to the second.
func (e Env) moment(t time.Time, whole bool) string {
	if t.IsZero() {
		return none
	}
	t = e.here(t)
	clock := assets.ClockTime(string(e.Lang), t)
	if whole {
		clock = t.Format("15:04:05")
		if e.Lang == "en" {
			clock = t.Format("3:04:05 PM")
		}
		return e.day(t, true) + ", " + clock
	}
	if sameDay(t, e.Now()) {
		return clock
	}
	return e.day(t, false) + " " + clock
}

// day is today, yesterday or a date.
func (e Env) day(t time.Time, whole bool) string {
	if t.IsZero() {
		return none
	}
	t, now := e.here(t), e.Now()
	if whole {
		return assets.Date(string(e.Lang), t)
	}
	switch {
	case sameDay(t, now):
		return e.ui("today")
	case sameDay(t, now.AddDate(0, 0, -1)):
		return e.ui("yesterday")
	}
	months, ok := shortMonths[string(e.Lang)]
	if !ok {
		months = shortMonths[assets.DefaultLang]
	}
	day, month := strconv.Itoa(t.Day()), months[t.Month()-1]
	out := day + " " + month
	if e.Lang == "en" {
		out = month + " " + day
	}
	if t.Year() != now.Year() {
		out += " " + strconv.Itoa(t.Year())
	}
	return out
}

func sameDay(a, b time.Time) bool {
	ay, am, ad := a.Date()
	by, bm, bd := b.Date()
	return ay == by && am == bm && ad == bd
}

// age is how long ago t was.
func (e Env) age(t time.Time) string {
	if t.IsZero() {
		return none
	}
	d := e.Now().Sub(t)
	key, n := "age_days", int(d/(24*time.Hour))
	switch {
	case d < time.Minute:
		return e.ui("age_now")
	case d < time.Hour:
		key, n = "age_minutes", int(d/time.Minute)
	case d < 48*time.Hour:
		key, n = "age_hours", int(d/time.Hour)
	}
	return e.sayWith("admin.ui."+key, assets.Values{"N": assets.Number(string(e.Lang), n)})
}

// pageIcons are the signs of the pages.
var pageIcons = map[kiosk.AdminPage]assets.Icon{
	kiosk.PageToday: assets.IconChart, kiosk.PagePeople: assets.IconPeople, kiosk.PageEvents: assets.IconList,
	kiosk.PageReview: assets.IconEye, kiosk.PageCases: assets.IconInbox, kiosk.PageFAQ: assets.IconChat,
	kiosk.PageCameras: assets.IconCamera, kiosk.PageSync: assets.IconRetry, kiosk.PageRecognition: assets.IconFace,
	kiosk.PageStaff: assets.IconIDCard, kiosk.PageAudit: assets.IconShield, kiosk.PageSystem: assets.IconGear,
}

func (e Env) pageIcon(p kiosk.AdminPage) assets.Icon {
	if i, ok := pageIcons[p]; ok {
		return i
	}
	return assets.IconList
}

func (e Env) pageName(p kiosk.AdminPage) string {
	return e.words(kiosk.Words{Key: "ui.page." + string(p)})
}

// buttonIcons are the signs that a button of the admin tab may have.
var buttonIcons = map[string]assets.Icon{
	"plus": assets.IconPlus, "trash": assets.IconErase, "check": assets.IconCheck, "cross": assets.IconCross,
	"printer": assets.IconPrinter, "retry": assets.IconRetry, "edit": assets.IconEdit, "download": assets.IconDownload,
	"user": assets.IconPerson, "camera": assets.IconCamera, "search": assets.IconSearch,
}

// adminButtons makes the buttons about a row, "" for the whole page.
func (e Env) adminButtons(list []kiosk.AdminButton, row string) (out []*widgets.Button) {
	for _, b := range list {
		kind := widgets.Secondary
		switch {
		case b.Grave:
			kind = widgets.Risky
		case b.Main:
			kind = widgets.Primary
		}
		out = append(out, e.buttonWith(kind, buttonIcons[b.Icon], e.words(b.Label), e.do(kiosk.AdminDo{ID: b.ID, Row: row})))
	}
	return out
}
