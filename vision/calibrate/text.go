package calibrate

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"agentid/vision/eval"
)

// WriteText writes the report in plain words. Settings says to write the lines
// for the configuration: of the encoder that is in use.
func (r Report) WriteText(w io.Writer, settings bool) error {
	var b strings.Builder
	f := func(format string, args ...any) { fmt.Fprintf(&b, format, args...) }
	f("%s (%s): %d events, %s to %s\n", r.Encoder, unit(r.Metric), r.Events, day(r.From), day(r.To))
	r.Greeting.write(f, "Greeting by face alone (1:N)", "recognition.threshold")
	r.Verification.write(f, "Face after a badge (1:1)", "recognition.verify_threshold")
	if o := r.LeftOut; o != (LeftOut{}) {
		f("\nLeft out, as whose face it was is not sure: %d unknown, %d revised, %d refused after a badge with nothing after it, %d without a score\n",
			o.Unknown, o.Revised, o.WrongFace, o.NoDistance)
	}
	f("\nHow far to believe this\n")
	for _, line := range r.Cautions() {
		f("- %s\n", wrap(line, 98))
	}
	if lines := r.Settings(); settings && len(lines) > 0 {
		f("\nNothing was changed. To use what is proposed, put this into agentid.toml and start the kiosk again:\n\n")
		for _, l := range lines {
			f("    %s\n", l)
		}
	} else if settings {
		f("\nNothing is proposed and nothing was changed.\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (x Finding) write(f func(string, ...any), name, setting string) {
	f("\n%s, %s\n", name, setting)
	f("  scores        %d of the same person (%d people), %d of different people\n", x.Genuine, x.People, x.Impostor)
	if x.Now != nil {
		f("  in use        %.3f\n", x.InUse)
		f(indent+"FMR  %s\n", x.Now.FMR)
		if x.SeenTo == 0 {
			f(indent+"FNMR %s\n", x.Now.FNMR)
		} else {
			f(indent + "FNMR not known: who is refused leaves no score\n")
		}
	}
	for _, p := range x.Proposals {
		head := "FMR " + percent(p.Wanted)
		if p.Missing != nil {
			f("  %-13s not proposed: %s\n", head, p.Missing.words(x))
			continue
		}
		f("  %-13s %.3f%s", head, p.At.Threshold, within(p.At.Within))
		if !p.At.Reliable {
			f(", rough: few scores stand behind it")
		}
		f("\n"+indent+"FMR  %s\n", p.At.FMR)
		switch {
		case !p.CostKnown:
			f(indent + "FNMR not known: looser than what was in use\n")
		case x.SeenTo > 0:
			f(indent+"FNMR %s, of those accepted until now\n", p.At.FNMR)
		default:
			f(indent+"FNMR %s\n", p.At.FNMR)
		}
		if p.TooDear {
			f(indent + "too dear to use: better light, pictures or model, or a second factor, would help more\n")
		}
	}
}

// indent is before what belongs to the line above.
const indent = "                "

// wrap breaks a line between words; what follows is indented by two.
func wrap(s string, width int) string {
	var b strings.Builder
	col := 0
	for i, word := range strings.Fields(s) {
		n := utf8.RuneCountInString(word)
		switch {
		case i == 0:
		case col+1+n > width:
			b.WriteString("\n  ")
			col = 0
		default:
			b.WriteByte(' ')
			col++
		}
		b.WriteString(word)
		col += n
	}
	return b.String()
}

// words say what is missing, and what could be asked for instead.
func (m Missing) words(x Finding) string {
	var parts []string
	if m.Impostor > 0 {
		parts = append(parts, fmt.Sprintf("%d more scores of different people", m.Impostor))
	}
	if m.Genuine > 0 {
		parts = append(parts, fmt.Sprintf("%d more of the same person", m.Genuine))
	}
	if m.People > 0 {
		parts = append(parts, fmt.Sprintf("%d more people", m.People))
	}
	s := "needs " + strings.Join(parts, ", ")
	if m.Days > 0 {
		days := "days"
		if m.Days == 1 {
			days = "day"
		}
		s += fmt.Sprintf(" (about %d %s more at this pace)", m.Days, days)
	}
	if m.Genuine == 0 && m.People == 0 && m.Impostor > 0 {
		s += fmt.Sprintf("; there is enough for --fmr %s", percent(roundUp(Least(x.Impostor))))
	}
	return s
}

// roundUp gives a rate with two digits, not below it.
func roundUp(f float64) float64 {
	s := strconv.FormatFloat(f, 'e', 1, 64)
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return f
	}
	if v < f {
		if v, err = strconv.ParseFloat(strconv.FormatFloat(f*1.05, 'e', 1, 64), 64); err != nil || v < f {
			return f
		}
	}
	return v
}

// Cautions say in plain words what these figures cannot show.
func (r Report) Cautions() []string {
	out := []string{
		"Only who was recognised left a score. What a stricter threshold would cost can be told; what a looser one would gain cannot, " +
			"as those whom the threshold in use refuses are not seen.",
		"A recognition that nobody contradicted is taken for right. Who was greeted by another name and said nothing counts as that person.",
		"Scores of different people are those of the second-nearest person enrolled: the nearest of all others. The more people are enrolled, the " +
			"nearer that is: calibrate again when their number has doubled. For the check after a badge, where one person is compared, it errs on the strict side.",
		"A face with two people about equally near is not decided and leaves no score, so the true FMR is somewhat higher than counted.",
		"A visit counts by its best frame; each of several frames that vote is a little worse.",
	}
	if n := r.Greeting.Corrected + r.Verification.Corrected; n > 0 {
		out = append(out, fmt.Sprintf("%d decisions were said to be wrong (\"this is not me\") and count as somebody else's. A slip of the finger among them, or a joke, "+
			"makes a proposal far too strict: look at them, with `agentid events --kind correction`.", n))
	}
	if r.LeftOut.WrongFace > r.Verification.Genuine/20 && r.LeftOut.WrongFace > 0 {
		out = append(out, fmt.Sprintf("%d faces were refused after a badge and nothing came after it. If most of them were the owners, FNMR after a badge is higher than counted.", r.LeftOut.WrongFace))
	}
	return out
}

// Settings are the lines for the configuration that would use the proposals for
// the first wanted FMR; none where nothing is proposed that could be used.
func (r Report) Settings() []string {
	var out []string
	add := func(key string, f Finding) {
		if len(f.Proposals) == 0 || f.Proposals[0].At == nil || f.Proposals[0].TooDear {
			return
		}
		line := fmt.Sprintf("%s = %.3f", key, f.Proposals[0].At.Threshold)
		if f.InUse > 0 {
			line += fmt.Sprintf("  # was %.3f", f.InUse)
		}
		out = append(out, line)
	}
	add("threshold", r.Greeting)
	add("verify_threshold", r.Verification)
	if len(out) == 0 {
		return nil
	}
	return append([]string{"[recognition]"}, out...)
}

func within(iv *eval.Interval) string {
	if iv == nil {
		return ""
	}
	return fmt.Sprintf(" (95%% %.3f to %.3f)", iv[0], iv[1])
}

// percent writes a rate as "0.1%".
func percent(f float64) string { return strconv.FormatFloat(100*f, 'g', 6, 64) + "%" }

func day(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.Local().Format(time.DateOnly)
}

// unit is a metric in words.
func unit(metric string) string { return strings.ReplaceAll(metric, "_", " ") }
