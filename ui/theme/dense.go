package theme

// Dense is the style for staff, who sit before the screen and read tables:
// smaller type, closer together, what is touched 48 high and what matters most
// 64. Colours and shape stay.
func (s Style) Dense() Style {
	k := s.Scale
	if k <= 0 {
		k = 1
	}
	px := func(v float32) float32 { return float32(int(v*k + 0.5)) }
	m := Metrics{
		Shape: s.Shape, Scale: s.Scale,
		Greeting: px(32), Title: px(26), Body: px(18), Label: px(17), Small: px(16),
		Margin: px(16), Gap: px(12), Pad: px(16), Target: px(48), Button: px(64),
		Radius: px(12), Corner: px(10), Icon: px(22), Stroke: px(3), BarLine: px(24),
	}
	if s.Shape == Compact {
		m.Greeting, m.Title, m.Body, m.Label = 24, 20, 17, 16
		m.Margin, m.Gap, m.Pad, m.Button, m.Icon = 8, 8, 12, 56, 20
	}
	s.Metrics = m
	return s
}
