package ui

import (
	"agentid/app/kiosk"
)

// Parts of pages in the words of the texts, as the use cases name them: what is
// drawn is as long as it will be.

// key is a text of the admin tab, as the use cases name it.
func key(k string, pairs ...string) kiosk.Words {
	w := kiosk.Words{Key: k, Values: map[string]string{}}
	for i := 0; i+1 < len(pairs); i += 2 {
		w.Values[pairs[i]] = pairs[i+1]
	}
	return w
}

func said(k string, t kiosk.Tone, pairs ...string) kiosk.Cell {
	return kiosk.Cell{Kind: kiosk.CellWords, Words: key(k, pairs...), Tone: t}
}

func colKey(k string, share float64) kiosk.Column {
	return kiosk.Column{Label: key("col." + k), Share: share}
}

func doKey(id, k, icon string) kiosk.AdminButton {
	return kiosk.AdminButton{ID: id, Label: key("do." + k), Icon: icon}
}

func fieldKey(k string, c kiosk.Cell) kiosk.DetailField {
	return kiosk.DetailField{Label: key("col." + k), Value: c}
}

func day(ago int) kiosk.Cell {
	return kiosk.Cell{Kind: kiosk.CellDay, Time: start.AddDate(0, 0, -ago)}
}
