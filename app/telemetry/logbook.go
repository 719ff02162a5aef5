package telemetry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// ErrNoLine says that a line of the log is no more, or never was.
var ErrNoLine = errors.New("no such line in the log")

// Bounds of what is read of a log.
const (
	maxLogPage  = 500
	maxLogLine  = 16 << 10 // bytes; a longer one is told as one that cannot be read
	maxLogScan  = 8 << 20  // bytes read for one page, whatever is looked for
	maxLogAttrs = 64
	maxLogText  = 2000 // runes, of a message or a value
)

// Line is one line of the log.
type Line struct {
	ID      string // where it is, to come back to it and to go on from it
	At      time.Time
	Level   slog.Level
	Message string
	Attrs   []LineAttr
	Foreign bool // not written by our logger: what it says is not shown
}

// LineAttr is an attribute; those of groups have the group's name before theirs.
type LineAttr struct{ Key, Value string }

// LineQuery asks for lines, the newest first.
type LineQuery struct {
	Least  slog.Level
	Before string // the ID of a line, or LinePage.Next; "" for the newest
	Limit  int    // 1 to 500
}

// LinePage is some lines of the log.
type LinePage struct {
	Lines []Line
	Next  string // "" at the end; there may be more where Lines has none
}

// Logbook is a log that can be read.
type Logbook interface {
	Lines(ctx context.Context, q LineQuery) (LinePage, error)
	// Line is one line: ErrNoLine.
	Line(ctx context.Context, id string) (Line, error)
}

// parseLine reads a line that our logger wrote. The guard looks at it again:
// others may have written into the file.
func parseLine(b []byte) Line {
	l := Line{Foreign: true}
	if len(b) > maxLogLine {
		return l
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return l
	}
	out := Line{}
	if err := out.object(d, nil); err != nil || d.More() {
		return l
	}
	if out.At.IsZero() {
		return l
	}
	return out
}

// object reads the rest of an object, whose opening brace is read.
func (l *Line) object(d *json.Decoder, groups []string) error {
	if len(groups) > 8 {
		return errors.New("too deep")
	}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return err
		}
		key, ok := t.(string)
		if !ok {
			return errors.New("no key")
		}
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return err
		}
		if err := l.take(groups, key, raw); err != nil {
			return err
		}
	}
	_, err := d.Token() // the closing brace
	return err
}

func (l *Line) take(groups []string, key string, raw json.RawMessage) error {
	var text string
	isText := json.Unmarshal(raw, &text) == nil && len(raw) > 0 && raw[0] == '"'
	if len(groups) == 0 && isText {
		switch key {
		case slog.TimeKey:
			at, err := time.Parse(time.RFC3339Nano, text)
			l.At = at
			return err
		case slog.LevelKey:
			return l.Level.UnmarshalText([]byte(text))
		case slog.MessageKey:
			l.Message = clipText(scrub(text))
			return nil
		}
	}
	if len(raw) > 0 && raw[0] == '{' {
		d := json.NewDecoder(bytes.NewReader(raw))
		d.UseNumber()
		if _, err := d.Token(); err != nil {
			return err
		}
		return l.object(d, append(groups[:len(groups):len(groups)], key))
	}
	if len(l.Attrs) == maxLogAttrs {
		return nil
	}
	value := string(raw)
	switch {
	case isText && isPrivate(groups, key):
		value = Redacted
	case isText:
		value = scrub(text)
	case len(raw) > 0 && raw[0] == '[': // the guard writes none
		value = Redacted
	}
	l.Attrs = append(l.Attrs, LineAttr{clipText(strings.Join(append(groups[:len(groups):len(groups)], key), ".")), clipText(value)})
	return nil
}

// clipText bounds a text, and leaves out what is no text.
func clipText(s string) string {
	s = strings.ToValidUTF8(s, "")
	if utf8.RuneCountInString(s) > maxLogText {
		return string([]rune(s)[:maxLogText]) + "…"
	}
	return s
}

// Ring is a log in memory: its last lines, no more than RingLines and RingBytes.
// It is a writer for NewLogger, which writes a line at a time.
type Ring struct {
	mu    sync.Mutex
	lines [][]byte
	first uint64 // the number of lines[0], from 1 on
	bytes int
}

// What a Ring holds at most.
const (
	RingLines = 1000
	RingBytes = 1 << 20
)

// NewRing makes an empty one.
func NewRing() *Ring { return &Ring{first: 1} }

// Write implements io.Writer. It never fails.
func (r *Ring) Write(p []byte) (int, error) {
	line := bytes.Clone(bytes.TrimRight(p[:min(len(p), maxLogLine+1)], "\n"))
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines = append(r.lines, line)
	r.bytes += len(line)
	drop := 0
	for len(r.lines)-drop > RingLines || r.bytes > RingBytes {
		r.bytes -= len(r.lines[drop])
		drop++
	}
	clear(r.lines[:drop])
	r.lines, r.first = r.lines[drop:], r.first+uint64(drop)
	return len(p), nil
}

// Len is how many lines it holds.
func (r *Ring) Len() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.lines)
}

// Lines implements Logbook.
func (r *Ring) Lines(_ context.Context, q LineQuery) (LinePage, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	last := r.first + uint64(len(r.lines)) // one after the newest
	if q.Before != "" {
		n, err := strconv.ParseUint(q.Before, 10, 64)
		if err != nil {
			return LinePage{}, ErrNoLine
		}
		last = min(last, n)
	}
	p := newLinePager(q)
	for n := last; n > r.first; {
		n--
		if !p.take(strconv.FormatUint(n, 10), r.lines[n-r.first]) {
			break
		}
	}
	return p.page, nil
}

// Line implements Logbook.
func (r *Ring) Line(_ context.Context, id string) (Line, error) {
	n, err := strconv.ParseUint(id, 10, 64)
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil || n < r.first || n-r.first >= uint64(len(r.lines)) {
		return Line{}, ErrNoLine
	}
	l := parseLine(r.lines[n-r.first])
	l.ID = id
	return l, nil
}

// linePager gathers a page of lines that come from the newest to the oldest.
type linePager struct {
	q    LineQuery
	page LinePage
}

func newLinePager(q LineQuery) *linePager {
	q.Limit = min(max(q.Limit, 1), maxLogPage)
	return &linePager{q: q}
}

// take takes a line, and tells whether it wants another.
func (p *linePager) take(id string, raw []byte) bool {
	l := parseLine(raw)
	if l.Foreign && p.q.Least > slog.LevelDebug || !l.Foreign && l.Level < p.q.Least {
		return true
	}
	if len(p.page.Lines) == p.q.Limit { // there is one more
		p.page.Next = p.page.Lines[p.q.Limit-1].ID
		return false
	}
	l.ID = id
	p.page.Lines = append(p.page.Lines, l)
	return true
}

// LogFile reads the log of a file, and before it that of the file that it was
// rotated to (".1").
type LogFile struct{ Path string }

// segment is one of the files, open.
type segment struct {
	*os.File
	id   string // tells it from the other, after a rotation too
	size int64
}

// open gives the files that there are, the newest first.
func (f LogFile) open() (list []segment, err error) {
	for _, path := range []string{f.Path, f.Path + ".1"} {
		info, err := os.Stat(path)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err == nil && !info.Mode().IsRegular() {
			err = errors.New("not a regular file")
		}
		var file *os.File
		if err == nil {
			file, err = os.Open(path)
		}
		if err != nil {
			closeAll(list)
			return nil, fmt.Errorf("log: %w", err)
		}
		if info, err = file.Stat(); err != nil {
			file.Close()
			closeAll(list)
			return nil, fmt.Errorf("log: %w", err)
		}
		list = append(list, segment{File: file, id: fileID(info), size: info.Size()})
	}
	return list, nil
}

func closeAll(list []segment) {
	for _, s := range list {
		s.Close() // only read
	}
}

// place is a line's, within the files.
func (f LogFile) place(list []segment, id string) (n int, at int64, err error) {
	file, offset, ok := strings.Cut(id, "-")
	at, perr := strconv.ParseInt(offset, 10, 64)
	if !ok || perr != nil || at < 0 {
		return 0, 0, ErrNoLine
	}
	for i, s := range list {
		if s.id == file && at <= s.size {
			return i, at, nil
		}
	}
	return 0, 0, ErrNoLine // rotated away
}

// Lines implements Logbook.
func (f LogFile) Lines(ctx context.Context, q LineQuery) (LinePage, error) {
	list, err := f.open()
	if err != nil {
		return LinePage{}, err
	}
	defer closeAll(list)
	first, end := 0, int64(-1)
	if q.Before != "" {
		if first, end, err = f.place(list, q.Before); err != nil {
			return LinePage{}, err
		}
	}
	p := newLinePager(q)
	budget := int64(maxLogScan)
	for _, s := range list[min(first, len(list)):] {
		if end < 0 {
			end = s.size
		}
		whole, stop, above := false, "", end
		at := func(offset int64) string { return fmt.Sprintf("%s-%d", s.id, offset) }
		err := linesBack(s, end, func(pos int64) bool {
			// What is no line of ours ends in no line: it may be left in its middle.
			if read := above - pos; read > maxLogLine && read >= budget {
				budget, stop = 0, at(pos)
			}
			return budget > 0 && ctx.Err() == nil
		}, func(start int64, line []byte) bool {
			id := at(start)
			budget, above = budget-(above-start), start // what was read, however long a line is
			if !p.take(id, line) {
				whole = true
				return false
			}
			stop = id
			return budget > 0 && ctx.Err() == nil
		})
		switch {
		case err != nil:
			return LinePage{}, fmt.Errorf("log: %w", err)
		case ctx.Err() != nil:
			return LinePage{}, ctx.Err()
		case whole:
			return p.page, nil
		case budget <= 0:
			p.page.Next = stop
			return p.page, nil
		}
		end = -1
	}
	return p.page, nil
}

// Line implements Logbook.
func (f LogFile) Line(_ context.Context, id string) (Line, error) {
	list, err := f.open()
	if err != nil {
		return Line{}, err
	}
	defer closeAll(list)
	n, at, err := f.place(list, id)
	if err != nil {
		return Line{}, err
	}
	b := make([]byte, maxLogLine+1)
	got, err := list[n].ReadAt(b, at)
	if err != nil && !errors.Is(err, io.EOF) {
		return Line{}, fmt.Errorf("log: %w", err)
	}
	line, _, _ := bytes.Cut(b[:got], []byte("\n"))
	if len(line) == 0 {
		return Line{}, ErrNoLine
	}
	l := parseLine(line)
	l.ID = id
	return l, nil
}

// linesBack gives the lines that end before an offset, the last one first, until
// visit is content, or more, which is asked before each block with where the one
// before began. What is too long to be a line is given cut.
func linesBack(r io.ReaderAt, end int64, more func(pos int64) bool, visit func(start int64, line []byte) bool) error {
	const block = 64 << 10
	var tail []byte // the beginning of what came after, whose own beginning is not read yet
	buf := make([]byte, block)
	for pos := end; pos > 0; {
		if !more(pos) {
			return nil
		}
		n := min(pos, block)
		pos -= n
		if got, err := r.ReadAt(buf[:n], pos); int64(got) < n {
			return errors.Join(err, io.ErrUnexpectedEOF)
		}
		b := buf[:n]
		for {
			i := bytes.LastIndexByte(b, '\n')
			if i < 0 {
				break
			}
			line := append(bytes.Clone(b[i+1:]), tail...)
			tail = nil
			if len(line) > 0 && !visit(pos+int64(i)+1, line) {
				return nil
			}
			b = b[:i]
		}
		tail = append(bytes.Clone(b), tail...)
		if len(tail) > maxLogLine+1 { // its end does not matter: it is none of ours
			tail = tail[:maxLogLine+1]
		}
	}
	if len(tail) > 0 {
		visit(0, tail)
	}
	return nil
}
