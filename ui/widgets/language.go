package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"agentid/ui/theme"
)

// Choice is one of a LanguageSwitch: the code it stands for and its word.
type Choice struct{ Code, Words string }

// LanguageSwitch offers the languages side by side, the one that holds in bold
// with a bar under it.
type LanguageSwitch struct {
	*Flow
	OnChosen func(code string)

	style   theme.Style
	choices []Choice
	buttons []*Button
	bar     *canvas.Rectangle
	current string
}

// NewLanguageSwitch makes one of the choices.
func NewLanguageSwitch(st theme.Style, choices []Choice, pressed func()) *LanguageSwitch {
	s := &LanguageSwitch{style: st, choices: choices, bar: canvas.NewRectangle(st.Brand)}
	s.bar.CornerRadius = 2
	s.Flow = NewFlow(s.put, s.least)
	for _, c := range choices {
		b := NewButton(st, Plain, "", c.Words, func() {
			if s.OnChosen != nil {
				s.OnChosen(c.Code)
			}
		})
		b.OnPressed = pressed
		s.buttons = append(s.buttons, b)
		s.box.Add(b)
	}
	s.box.Add(s.bar)
	return s
}

// SetCurrent marks the language that holds.
func (s *LanguageSwitch) SetCurrent(code string) {
	if code == s.current {
		return
	}
	s.current = code
	for i, c := range s.choices {
		s.buttons[i].SetSelected(c.Code == code)
	}
	s.Again()
}

func (s *LanguageSwitch) put(size fyne.Size) {
	t := s.style.Target
	s.bar.Hide()
	for i, b := range s.buttons {
		x := float32(i) * (t + s.style.Gap)
		b.Move(fyne.NewPos(x, 0))
		b.Resize(fyne.NewSize(t, size.Height))
		if s.choices[i].Code == s.current {
			s.bar.Move(fyne.NewPos(x+t/4, size.Height-12))
			s.bar.Resize(fyne.NewSize(t/2, 4))
			s.bar.Show()
		}
	}
}

func (s *LanguageSwitch) least() fyne.Size {
	n := float32(len(s.buttons))
	return fyne.NewSize(n*s.style.Target+(n-1)*s.style.Gap, s.style.Target)
}
