package mjpeg

import (
	"bytes"
	"encoding/binary"
	"image"
)

// Markers of JPEG, after the 0xFF.
const (
	mTEM  = 0x01
	mSOF0 = 0xC0 // baseline
	mSOF2 = 0xC2 // progressive
	mDHT  = 0xC4
	mJPG  = 0xC8
	mDAC  = 0xCC
	mSOF  = 0xCF // last of the frame headers
	mRST0 = 0xD0
	mRST7 = 0xD7
	mSOI  = 0xD8
	mEOI  = 0xD9
	mSOS  = 0xDA
)

type verdict int

const (
	walkMore verdict = iota // all right so far, the rest is not here yet
	walkEnd                 // pos is just after the end-of-image marker
	walkBad                 // at pos is what cannot be in a JPEG
)

// walker follows the markers of one JPEG to its true end: an end-of-image
// marker inside a thumbnail or a comment does not deceive it, and the picture's
// size is known before anybody decodes. It can be resumed: call walk again with
// the same bytes and more behind them.
type walker struct {
	pos    int
	inScan bool // between a scan header and the next marker
	size   image.Point
	framed bool // a frame header was seen
	scans  int
}

func (k *walker) walk(b []byte) verdict {
	if k.pos == 0 {
		if len(b) < 2 {
			return walkMore
		}
		if b[0] != 0xFF || b[1] != mSOI {
			return walkBad
		}
		k.pos = 2
	}
	for {
		if k.inScan {
			i := bytes.IndexByte(b[k.pos:], 0xFF)
			if i < 0 {
				k.pos = len(b)
				return walkMore
			}
			k.pos += i
		}
		if len(b)-k.pos < 2 {
			return walkMore
		}
		if b[k.pos] != 0xFF {
			return walkBad
		}
		code := b[k.pos+1]
		switch {
		case code == 0xFF: // fill byte
			k.pos++
			continue
		case code == 0 && k.inScan, code >= mRST0 && code <= mRST7 && k.inScan:
			k.pos += 2
			continue
		case code == mTEM:
			k.pos += 2
			continue
		case code == mEOI:
			if k.scans == 0 {
				return walkBad
			}
			k.pos += 2
			return walkEnd
		case code < mSOF0, code >= mRST0 && code <= mSOI:
			return walkBad
		}

		// A segment with a length.
		if len(b)-k.pos < 4 {
			return walkMore
		}
		n := int(binary.BigEndian.Uint16(b[k.pos+2:]))
		if n < 2 {
			return walkBad
		}
		seg := b[k.pos+4:]
		if len(seg) < n-2 {
			return walkMore
		}
		switch {
		case code >= mSOF0 && code <= mSOF && code != mDHT && code != mJPG && code != mDAC:
			if n < 8 || k.framed || code > mSOF2 { // hierarchical, lossless, arithmetic: no camera sends them
				return walkBad
			}
			k.framed = true
			k.size = image.Pt(int(binary.BigEndian.Uint16(seg[3:])), int(binary.BigEndian.Uint16(seg[1:])))
		case code == mSOS && !k.framed:
			return walkBad
		}
		k.pos += 2 + n
		k.inScan = code == mSOS
		if k.inScan {
			k.scans++
		}
	}
}
