package kiosk

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"agentid/app/domain"
)

// logTable is a page of the program's log, the newest first.
func (c call) logTable(ctx context.Context, least LogLevel) (*Table, string, error) {
	page, err := c.ports.System.Log(ctx, LogQuery{Least: least, Before: c.at.cursor(), Limit: c.rows})
	if errors.Is(err, domain.ErrNotFound) { // that part of the log is no more
		return &Table{Empty: words("empty.log_gone")}, "", nil
	}
	if err != nil {
		return nil, "", err
	}
	t := &Table{
		Columns: []Column{column("at", 3), column("level", 2), column("message", 5), minor(column("detail", 6))},
		Empty:   words("empty.log"), Total: -1,
	}
	if page.Next != "" {
		t.Empty = words("empty.search_on")
	}
	for _, x := range page.Lines {
		t.Rows = append(t.Rows, Row{ID: x.ID, Cells: []Cell{cellTime(x.At), levelCell(x), messageCell(x), cellText(attrsText(x.Attrs))}})
	}
	t.From, t.To = c.at.from+min(1, len(t.Rows)), c.at.from+len(t.Rows)
	return t, page.Next, nil
}

// logDetail is one line with all that it says.
func (c call) logDetail(ctx context.Context, id string) (*Detail, error) {
	x, err := c.ports.System.LogLine(ctx, id)
	if err != nil {
		return nil, err
	}
	d := &Detail{ID: id, Title: messageCell(x).Words, Fields: []DetailField{field("level", levelCell(x))}}
	if !x.At.IsZero() {
		d.Fields = append(d.Fields, field("at", cellTime(x.At)))
	}
	for _, a := range x.Attrs {
		d.Fields = append(d.Fields, DetailField{Label: plain(a.Key), Value: cellText(a.Value)})
	}
	return d, nil
}

func levelCell(x LogLine) Cell {
	if x.Foreign {
		return cellText("")
	}
	c := cellKey("level." + string(x.Level))
	switch x.Level {
	case LogWarn:
		c.Tone = ToneWarn
	case LogError:
		c.Tone = ToneStop
	}
	return c
}

func messageCell(x LogLine) Cell {
	if x.Foreign {
		return cellKey("log.foreign")
	}
	return cellText(x.Message)
}

func attrsText(list []LogAttr) string {
	var parts []string
	for _, a := range list {
		parts = append(parts, a.Key+"="+a.Value)
	}
	return strings.Join(parts, " ")
}

// logFigures say what of the log there is to read.
func logFigures(s SystemInfo) []Figure {
	list := []Figure{figure("log", logPlace(s)), figure("started", cellAge(s.Started))}
	if s.LogFile != "" {
		list = append(list, figure("log_size", logSize(s)))
	}
	return list
}

func logPlace(s SystemInfo) Cell {
	if s.LogFile != "" {
		return cellText(s.LogFile)
	}
	return cellWords(words("log.memory", "Count", strconv.Itoa(s.LogMemory)))
}

// logSize is empty for a log in memory.
func logSize(s SystemInfo) Cell {
	if s.LogFile == "" {
		return cellText("")
	}
	return cellBytes(s.LogBytes)
}
