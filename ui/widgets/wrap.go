package widgets

import "strings"

const ellipsis = "…"

// wrapped is a text broken into lines that all fit.
type wrapped struct {
	lines []string
	size  float32 // of the type; smaller than asked for where a word was too long
	width float32 // of the longest line
}

// wrapText breaks s into at most maxLines lines (0: any number) no wider than
// width. Where one word alone is too wide, or the lines are too many, the type
// shrinks, but not under least; then words are broken, and what is still over
// ends in an ellipsis.
func wrapText(s string, width, size, least float32, maxLines int, measure func(string, float32) float32) wrapped {
	for {
		w, whole := wrapAt(s, width, size, min(least, size), maxLines, measure)
		if whole || w.size <= least {
			return w
		}
		size = max(least, w.size-2)
	}
}

// wrapAt is wrapText without shrinking for the number of lines; whole tells
// that nothing was left out.
func wrapAt(s string, width, size, least float32, maxLines int, measure func(string, float32) float32) (w wrapped, whole bool) {
	words := strings.Fields(s)
	if len(words) == 0 || width <= 0 {
		return wrapped{size: size}, true
	}
	var widest string
	var widestWidth float32
	for _, w := range words {
		if ww := measure(w, size); ww > widestWidth {
			widest, widestWidth = w, ww
		}
	}
	for widestWidth > width && size > least {
		size = max(least, float32(int(size*width/widestWidth)))
		if ww := measure(widest, size); ww < widestWidth {
			widestWidth = ww
		} else {
			break
		}
	}
	fits := func(line string) bool { return measure(line, size) <= width }

	var lines []string
	line := ""
	for _, w := range words {
		next := w
		if line != "" {
			next = line + " " + w
		}
		if fits(next) {
			line = next
			continue
		}
		if line != "" {
			lines = append(lines, line)
		}
		for !fits(w) {
			head, tail := breakWord(w, fits)
			if tail == "" {
				break
			}
			lines, w = append(lines, head), tail
		}
		line = w
	}
	lines = append(lines, line)

	whole = maxLines <= 0 || len(lines) <= maxLines
	if !whole {
		lines = lines[:maxLines]
		lines[maxLines-1] = cut(lines[maxLines-1], fits)
	}
	out := wrapped{lines: lines, size: size}
	for _, l := range lines {
		out.width = max(out.width, measure(l, size))
	}
	return out, whole
}

// breakWord gives the longest head of w that fits, at least one character.
func breakWord(w string, fits func(string) bool) (head, tail string) {
	r := []rune(w)
	n := 1
	for n < len(r) && fits(string(r[:n+1])) {
		n++
	}
	return string(r[:n]), string(r[n:])
}

// cut shortens line until it fits with an ellipsis at its end.
func cut(line string, fits func(string) bool) string {
	r := []rune(line)
	for len(r) > 0 && !fits(string(r)+ellipsis) {
		r = r[:len(r)-1]
	}
	return strings.TrimRight(string(r), " ,.;:") + ellipsis
}
