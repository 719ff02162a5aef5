package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"agentid/assets"
	"agentid/ui/theme"
)

// Answer is what was answered to a question.
type Answer int

// The answers.
const (
	Unanswered Answer = iota
	Yes
	No
)

// ConsentWords are what a ConsentQuestion says, word for word.
type ConsentWords struct {
	Question, Text string
	Refused        string // what follows from No
	Accept, Refuse string
}

// ConsentQuestion asks one thing in plain words. Its two answers are equal in
// size, colour and place; the one that was given has a check in its circle and
// a thicker edge.
type ConsentQuestion struct {
	*Flow
	OnAnswer func(Answer)

	style    theme.Style
	answer   Answer
	ground   *canvas.Rectangle
	question *Text
	text     *Text
	note     *Text // what follows, or that an answer is wanted
	sign     *canvas.Image
	words    ConsentWords
	yes, no  *Button
}

// NewConsentQuestion asks; answer is what was answered before. pressed is told
// of every touch; it may be nil.
func NewConsentQuestion(st theme.Style, words ConsentWords, answer Answer, pressed func()) *ConsentQuestion {
	q := &ConsentQuestion{
		style: st, words: words,
		ground:   NewCard(st),
		question: NewText(words.Question, st.Title, st.Ink, true),
		text:     NewText(words.Text, st.Body, st.Ink, false),
		note:     NewText("", st.Label, st.Ink, true),
		sign:     NewIcon(assets.IconCheck, st.Ink, st.Icon),
	}
	q.note.Least = 16
	q.yes = NewButton(st, Secondary, assets.IconRadio, words.Accept, func() { q.choose(Yes) })
	q.no = NewButton(st, Secondary, assets.IconRadio, words.Refuse, func() { q.choose(No) })
	q.yes.OnPressed, q.no.OnPressed = pressed, pressed
	q.Flow = NewFlow(q.put, nil, q.ground, q.question, q.text, q.yes, q.no, q.sign, q.note)
	q.SetAnswer(answer)
	return q
}

// Answer is what is answered now.
func (q *ConsentQuestion) Answer() Answer { return q.answer }

// SetProblem says that an answer is wanted.
func (q *ConsentQuestion) SetProblem(words string) { q.say(problemIcon, words) }

func (q *ConsentQuestion) choose(a Answer) {
	q.SetAnswer(a)
	if q.OnAnswer != nil {
		q.OnAnswer(a)
	}
}

// SetAnswer marks what was answered; it is told to nobody.
func (q *ConsentQuestion) SetAnswer(a Answer) {
	q.answer = a
	for b, of := range map[*Button]Answer{q.yes: Yes, q.no: No} {
		icon := assets.IconRadio
		if a == of {
			icon = assets.IconRadioOn
		}
		b.SetIcon(icon)
		b.SetSelected(a == of)
	}
	if a == No {
		q.say(assets.IconPerson, q.words.Refused)
	} else {
		q.say("", "")
	}
}

func (q *ConsentQuestion) say(icon assets.Icon, words string) {
	q.note.color = q.style.Ink
	if icon == problemIcon {
		q.note.color = q.style.Stop
	}
	if icon != "" {
		setIcon(q.sign, icon, q.note.color)
	}
	q.sign.Hidden = words == ""
	q.note.SetContent(words)
	q.note.Refresh()
	q.Again()
	q.sign.Refresh()
}

func (q *ConsentQuestion) put(s fyne.Size) {
	if s.Width <= 0 {
		return
	}
	st := q.style
	Put(q.ground, 0, 0, s.Width, s.Height)
	pad := st.Pad
	x, room := pad, s.Width-2*pad
	inner := s.Height - 2*pad
	gap := st.Gap
	if st.Shape == theme.Compact {
		gap = 8
	}
	qh, th := q.question.HeightFor(room), q.text.HeightFor(room)
	noteRoom := room - st.Icon - 8
	nh := float32(0)
	if q.note.Content() != "" {
		nh = max(q.note.HeightFor(noteRoom), st.Icon)
	}
	all := qh + gap + th + gap + st.Button
	// What follows from an answer stands under it; where there is no room for
	// both, it takes the place of the explanation that led to it.
	replaced := nh > 0 && all+gap+nh > inner
	q.text.Hidden = replaced
	y := pad
	if st.Shape != theme.Compact {
		y += max(0, (inner-all-gap-max(nh, 2*lineHeight(st.Label)))/2)
	}
	Put(q.question, x, y, room, qh)
	y += qh + gap
	Put(q.text, x, y, room, th)
	putNote := func(y, h float32) {
		Put(q.sign, x, y+max(0, (h-st.Icon)/2), st.Icon, st.Icon)
		Put(q.note, x+st.Icon+8, y+max(0, (h-q.note.HeightFor(noteRoom))/2), noteRoom, q.note.HeightFor(noteRoom))
	}
	if replaced {
		putNote(y, max(nh, th))
		y += max(nh, th) + gap
	} else {
		y += th + gap
	}
	w := (room - st.Gap) / 2
	Put(q.yes, x, y, w, st.Button)
	Put(q.no, x+w+st.Gap, y, w, st.Button)
	if !replaced {
		putNote(y+st.Button+gap, nh)
	}
}
