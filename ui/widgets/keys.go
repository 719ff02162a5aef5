package widgets

import (
	"slices"
	"unicode"
)

// Keys names what a keyboard is for.
type Keys int

// The kinds of keyboard.
const (
	KeysText     Keys = iota // letters, digits on top
	KeysName                 // letters with capitals by themselves, accents on top
	KeysDocument             // capitals and digits
	KeysEmail                // an e-mail address or a phone number
	KeysPhone                // digits and +
	KeysDigits               // digits
	KeysPIN                  // digits alone, without a way to hide them
	KeysLogin                // small letters and digits
	KeysAny                  // anything: letters, with digits, accents and marks on top
	KeysNumber               // digits, a point and a minus
)

// topRows are the top rows of KeysAny, after the accents: what prose needs, and
// what addresses need.
const (
	proseMarks = "¿?¡!:;/()-"
	otherMarks = "@#&+=*_\"%$"
)

// anyRow is the top row of KeysAny at a layer; what stands on the key that
// leads to it.
func anyRow(lang string, layer int) (row, face string) {
	switch layer % anyLayers {
	case 1:
		return accents(lang), "áéí"
	case 2:
		return proseMarks, "¿?:"
	case 3:
		return otherMarks, "@#&"
	}
	return digits, "123"
}

const anyLayers = 4

// keyKind is what a key does.
type keyKind int

const (
	keyType      keyKind = iota // types its text
	keySpace                    // types a space
	keyBackspace                // takes back, again and again while it is held
	keyShift
	keyRow   // exchanges digits and accents in the top row
	keyEnter // to the next field, or done
	keyHide
	keyNone // a gap
)

// keyDef is one key: what it types in small letters, and how wide it is in
// units of an ordinary key.
type keyDef struct {
	kind  keyKind
	text  string
	width float32
}

// keyboardDef is one keyboard. All its rows are equally wide.
type keyboardDef struct {
	rows   [][]keyDef
	upper  bool // types capitals only
	shifts bool // has a shift key
	narrow bool // a numeric pad: not as wide as the screen
}

const digits = "1234567890"

// accents are what the top row offers beside digits: first what Spanish needs,
// then its neighbours'. A Spanish keyboard has its ñ where it always is.
func accents(lang string) string {
	if lang == "es" {
		return "áéíóúüàèòç"
	}
	return "áéíóúüñçàè"
}

// capitals tells whether words begin with a capital by themselves.
func (k Keys) capitals() bool { return k == KeysName }

// keyboardFor gives the keyboard of a kind in a language; letters says that
// the top row has the accents.
func keyboardFor(k Keys, lang string, letters bool) keyboardDef {
	back := key(keyBackspace, "", 1.5)
	switch k {
	case KeysDocument:
		return keyboardDef{upper: true, rows: [][]keyDef{
			plainKeys(digits), plainKeys("qwertyuiop"), plainKeys("asdfghjkl-"),
			slices.Concat(key(keyType, "/", 1.5), plainKeys("zxcvbnm"), back),
			{{keyHide, "", 2}, {keyType, ".", 1.5}, {keySpace, " ", 4}, {keyEnter, "", 2.5}},
		}}
	case KeysEmail:
		return keyboardDef{rows: [][]keyDef{
			plainKeys(digits), plainKeys("qwertyuiop"), plainKeys("asdfghjkl+"),
			slices.Concat(key(keyType, "_", 1.5), plainKeys("zxcvbnm"), back),
			{{keyHide, "", 2}, {keyType, "@", 1.5}, {keyType, ".", 1}, {keyType, "-", 1}, {keyType, ".com", 2}, {keyEnter, "", 2.5}},
		}}
	case KeysLogin:
		gap := key(keyNone, "", 1)
		return keyboardDef{rows: [][]keyDef{
			plainKeys(digits), plainKeys("qwertyuiop"), slices.Concat(plainKeys("asdfghjkl"), gap),
			slices.Concat(key(keyNone, "", 1.5), plainKeys("zxcvbnm"), back),
			{{keyHide, "", 2}, {keyNone, "", 5.5}, {keyEnter, "", 2.5}},
		}}
	case KeysPhone, KeysDigits, KeysNumber:
		dash, plus := key(keyType, "-", 1), key(keyType, "+", 1)
		switch k {
		case KeysDigits:
			dash, plus = key(keyNone, "", 1), key(keyNone, "", 1)
		case KeysNumber:
			dash, plus = key(keyType, ".", 1), key(keyType, "-", 1)
		}
		return keyboardDef{narrow: true, rows: [][]keyDef{
			slices.Concat(plainKeys("123"), key(keyBackspace, "", 1)),
			slices.Concat(plainKeys("456"), key(keyHide, "", 1)),
			slices.Concat(plainKeys("789"), dash),
			slices.Concat(plus, plainKeys("0"), key(keyEnter, "", 2)),
		}}
	case KeysPIN:
		return keyboardDef{narrow: true, rows: [][]keyDef{
			plainKeys("123"), plainKeys("456"), plainKeys("789"),
			{{keyBackspace, "", 1}, {keyType, "0", 1}, {keyEnter, "", 1}},
		}}
	}
	top := digits
	if letters {
		top = accents(lang)
	}
	home, dash, mark := "asdfghjklñ", "-", "'"
	if lang != "es" {
		home, mark = "asdfghjkl'", "."
	}
	if k == KeysText || k == KeysAny {
		dash, mark = ",", "."
	}
	return keyboardDef{shifts: true, rows: [][]keyDef{
		plainKeys(top), plainKeys("qwertyuiop"), plainKeys(home),
		slices.Concat(key(keyShift, "", 1.5), plainKeys("zxcvbnm"), back),
		{{keyHide, "", 1.5}, {keyRow, "", 1.5}, {keyType, dash, 1}, {keySpace, " ", 2.5}, {keyType, mark, 1}, {keyEnter, "", 2.5}},
	}}
}

// plainKeys makes an ordinary key of each character.
func plainKeys(s string) (out []keyDef) {
	for _, r := range s {
		out = append(out, keyDef{keyType, string(r), 1})
	}
	return out
}

// key is a row of one key.
func key(k keyKind, text string, width float32) []keyDef { return []keyDef{{k, text, width}} }

// capital gives the capital of a key that types one letter, and anything else
// as it is.
func capital(s string) string {
	r := []rune(s)
	if len(r) != 1 {
		return s
	}
	return string(unicode.ToUpper(r[0]))
}

// shiftState is how letters come out.
type shiftState int

const (
	shiftOff  shiftState = iota
	shiftOnce            // one capital, then small again
	shiftLock            // capitals until it is touched again
)

// touched is the state after the shift key: off, one capital, capitals, off. A
// capital that was offered by itself is declined by the first touch.
func (s shiftState) touched(offered bool) shiftState {
	switch {
	case s == shiftOff:
		return shiftOnce
	case s == shiftOnce && !offered:
		return shiftLock
	}
	return shiftOff
}

// startsWord tells whether a name that reads before goes on with a capital.
func startsWord(before string) bool {
	r := []rune(before)
	if len(r) == 0 {
		return true
	}
	switch r[len(r)-1] {
	case ' ', '-', '\'', '’':
		return true
	}
	return false
}
