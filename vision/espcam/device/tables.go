package device

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/jpeg"
	"slices"
	"sync"
)

// withTables gives a JPEG the standard Huffman tables if it has none: Motion
// JPEG leaves them out, since everybody knows them.
func withTables(b []byte) ([]byte, error) {
	has, scan := segments(b)
	if has != nil || scan < 0 {
		return b, nil
	}
	tables, err := standardTables()
	if err != nil {
		return nil, err
	}
	return slices.Concat(b[:scan], tables, b[scan:]), nil
}

// standardTables are the tables of JPEG's annex K, as image/jpeg writes them.
var standardTables = sync.OnceValues(func() ([]byte, error) {
	var w bytes.Buffer
	if err := jpeg.Encode(&w, image.NewRGBA(image.Rect(0, 0, 16, 16)), nil); err != nil {
		return nil, err
	}
	dht, _ := segments(w.Bytes())
	if dht == nil {
		return nil, errors.New("no Huffman tables to borrow")
	}
	return dht, nil
})

// segments finds the Huffman tables of a JPEG (all their segments, nil: none)
// and where its first scan header begins (-1: nowhere).
func segments(b []byte) (dht []byte, scan int) {
	for i := 2; i+4 <= len(b) && b[i] == 0xFF; {
		n := 2 + int(binary.BigEndian.Uint16(b[i+2:]))
		switch b[i+1] {
		case 0xDA:
			return dht, i
		case 0xC4:
			if i+n <= len(b) {
				dht = append(dht, b[i:i+n]...)
			}
		}
		i += n
	}
	return dht, -1
}
