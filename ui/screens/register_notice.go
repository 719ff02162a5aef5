package screens

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"agentid/app/domain"
	"agentid/assets"
	"agentid/ui/theme"
	"agentid/ui/widgets"
)

// Notice is what RegisterNotice shows, word for word.
type Notice struct {
	Text assets.ConsentText
	Page int // where to begin
}

// NoticeActions is what comes of RegisterNotice.
type NoticeActions struct {
	Language       func(domain.Lang)
	Continue, Back func()
}

// RegisterNotice asks for the language and says what is done with the data:
// all on one page, or on as many as the screen needs.
type RegisterNotice struct {
	wizardPage
	env      Env
	frame    *frame
	on       NoticeActions
	page     int
	pages    int
	question *widgets.Text
	langs    []*widgets.Button
	title    *widgets.Text
	at       *widgets.Text // which page
	cards    []noticeCard
	next     *widgets.Button // to the next page
	done     *widgets.Button
}

type noticeCard struct {
	ground        *canvas.Rectangle
	heading, text *widgets.Text
}

// NewRegisterNotice makes the page.
func NewRegisterNotice(e Env, v Notice, on NoticeActions) *RegisterNotice {
	st := e.Style
	r := &RegisterNotice{
		env: e, on: on, page: v.Page, frame: newFrame(e, StepNotice),
		question: widgets.NewText(e.say("register_notice.language"), st.Body, st.Ink, true),
		title:    widgets.NewText(v.Text.Title, st.Title, st.Ink, true),
		at:       widgets.NewText("", st.Label, st.Muted, false),
	}
	r.frame.back(r.goBack, nil)
	r.title.MaxLines = 1
	objs := []fyne.CanvasObject{r.question, r.title, r.at}
	for _, l := range []struct {
		lang domain.Lang
		key  string
	}{{domain.Spanish, "register_notice.spanish"}, {domain.English, "register_notice.english"}} {
		icon := assets.IconRadio
		if l.lang == e.Lang {
			icon = assets.IconRadioOn
		}
		b := e.button(widgets.Secondary, icon, l.key, func() {
			if on.Language != nil {
				on.Language(l.lang)
			}
		})
		b.SetSelected(l.lang == e.Lang)
		r.langs = append(r.langs, b)
		objs = append(objs, b)
	}
	for _, s := range v.Text.Sections {
		c := noticeCard{
			ground:  widgets.NewCard(st),
			heading: widgets.NewText(s.Heading, st.Body, st.Brand, true),
			text:    widgets.NewText(s.Text, st.Body, st.Ink, false),
		}
		r.cards = append(r.cards, c)
		objs = append(objs, c.ground, c.heading, c.text)
	}
	r.done = e.button(widgets.Primary, "", "register.continue", doing(on.Continue))
	r.next = e.button(widgets.Primary, assets.IconArrow, "register_notice.more", func() { r.turn(r.page + 1) })
	r.frame.right = []*widgets.Button{r.done}
	r.Flow = widgets.NewFlow(r.put, nil, append(r.frame.objects(), append(objs, r.next)...)...)
	return r
}

// Pages is on how many pages the notice stands.
func (r *RegisterNotice) Pages() int { return r.pages }

// Draft implements Drafter.
func (r *RegisterNotice) Draft() any { return r.page }

// Restore implements Drafter.
func (r *RegisterNotice) Restore(draft any) {
	if page, ok := draft.(int); ok {
		r.turn(page)
	}
}

func (r *RegisterNotice) turn(to int) {
	r.page = to
	r.Again()
}

func (r *RegisterNotice) goBack() {
	if r.page > 0 {
		r.turn(r.page - 1)
		return
	}
	doing(r.on.Back)()
}

// cardHeight is how high a card of that width is.
func (r *RegisterNotice) cardHeight(c noticeCard, width float32) float32 {
	room := width - 2*r.pad()
	return c.heading.HeightFor(room) + c.text.HeightFor(room) + 2*r.pad()
}

func (r *RegisterNotice) pad() float32 {
	if r.env.Style.Shape == theme.Tall {
		return r.env.Style.Pad
	}
	return r.env.Style.Gap
}

// put lays out what stands on the page at hand. The language comes first; the
// sections follow, as many to a page as it holds.
func (r *RegisterNotice) put(s fyne.Size) {
	if s.Width <= 0 {
		return
	}
	in := r.frame.put(s)
	st, gap := r.env.Style, r.frame.gap()
	cols := 2
	if st.Shape == theme.Tall {
		cols = 1
	}
	w := (in.w - float32(cols-1)*gap) / float32(cols)
	var row float32 // the height of the highest card
	for _, c := range r.cards {
		row = max(row, r.cardHeight(c, w))
	}
	rows := (len(r.cards) + cols - 1) / cols
	head := r.title.HeightFor(in.w) + gap/2
	fit := func(room float32) int { return max(0, int((room-head+gap)/(row+gap))) }

	lang := r.langHeight(in.w)
	together := fit(in.h-lang-gap) >= rows // one page does
	perPage := max(1, fit(in.h))
	r.pages = 1
	if !together {
		r.pages = 1 + (rows+perPage-1)/perPage
	}
	r.page = min(max(r.page, 0), r.pages-1)

	onLang := r.page == 0
	for _, o := range append([]fyne.CanvasObject{r.question}, objects(r.langs)...) {
		setShown(o, onLang)
	}
	y := in.y
	if onLang {
		h := lang
		if !together {
			h = in.h
		}
		r.putLang(area{in.x, y, in.w, h}, together)
		y += h + gap
	}
	from, to := 0, rows
	if !together {
		from, to = (r.page-1)*perPage, r.page*perPage
	}
	text := together || !onLang
	setShown(r.title, text)
	setShown(r.at, text && !together)
	if text {
		r.at.SetContent(r.env.sayWith("register_notice.page", assets.Values{
			"N": assets.Number(string(r.env.Lang), r.page), "Total": assets.Number(string(r.env.Lang), r.pages-1),
		}))
		aw := r.at.NaturalWidth()
		widgets.Put(r.at, in.x+in.w-aw, y+(head-gap/2-r.at.HeightFor(aw))/2, aw, r.at.HeightFor(aw))
		tw := in.w
		if !together {
			tw -= aw + gap
		}
		widgets.Put(r.title, in.x, y, tw, r.title.HeightFor(tw))
		y += head
	}
	for i, c := range r.cards {
		on := text && i/cols >= from && i/cols < to
		for _, o := range []fyne.CanvasObject{c.ground, c.heading, c.text} {
			setShown(o, on)
		}
		if on {
			r.putCard(c, in.x+float32(i%cols)*(w+gap), y+float32(i/cols-from)*(row+gap), w, row)
		}
	}
	last := r.page == r.pages-1
	setShown(r.done, last)
	setShown(r.next, !last)
	nw := max(r.next.WidthFor(), 3*st.Target)
	if st.Shape == theme.Tall {
		nw = s.Width
	}
	widgets.Put(r.next, s.Width-nw, s.Height-st.Button, nw, st.Button)
}

func (r *RegisterNotice) putCard(c noticeCard, x, y, w, h float32) {
	pad := r.pad()
	widgets.Put(c.ground, x, y, w, h)
	room := w - 2*pad
	hh := c.heading.HeightFor(room)
	widgets.Put(c.heading, x+pad, y+pad, room, hh)
	widgets.Put(c.text, x+pad, y+pad+hh, room, c.text.HeightFor(room))
}

// langHeight is how high the question for the language stands, with all of
// the notice below it.
func (r *RegisterNotice) langHeight(width float32) float32 {
	st := r.env.Style
	if st.Shape == theme.Tall {
		return r.question.HeightFor(width) + st.Gap/2 + st.Button
	}
	return st.Button
}

// putLang puts the question and its answers: side by side, or, with a page to
// itself, in its middle.
func (r *RegisterNotice) putLang(a area, together bool) {
	st := r.env.Style
	n := float32(len(r.langs))
	if together && st.Shape != theme.Tall {
		w := max(r.langs[0].WidthFor(), 4*st.Target)
		x := a.x + a.w - n*w - (n-1)*st.Gap
		room := x - a.x - st.Gap
		h := r.question.HeightFor(room)
		widgets.Put(r.question, a.x, a.y+(a.h-h)/2, room, h)
		for i, b := range r.langs {
			widgets.Put(b, x+float32(i)*(w+st.Gap), a.y, w, st.Button)
		}
		return
	}
	h := r.question.HeightFor(a.w)
	y := a.y
	if !together {
		y += max(0, (a.h-h-st.Gap-st.Button)/2)
	}
	widgets.Put(r.question, a.x, y, a.w, h)
	w := (a.w - (n-1)*st.Gap) / n
	for i, b := range r.langs {
		widgets.Put(b, a.x+float32(i)*(w+st.Gap), y+h+st.Gap/2, w, st.Button)
	}
}

func objects(buttons []*widgets.Button) (out []fyne.CanvasObject) {
	for _, b := range buttons {
		out = append(out, b)
	}
	return out
}
