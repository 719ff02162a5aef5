package vision

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// maxScans bounds the passes over one picture. A progressive JPEG has about
// ten; a hostile one has thousands, each as dear as a whole picture.
const maxScans = 100

// JPEGInfo is what the header of a JPEG says.
type JPEGInfo struct {
	Width, Height int
	Components    int // 1 grey, 3 colour, 4 CMYK
	Progressive   bool
}

// CheckJPEG reads the header of a JPEG without decoding it, and refuses with
// ErrPicture what no decoder should be given: bytes that are no JPEG, sizes
// over MaxPixels or MaxSide, coding other than baseline or progressive Huffman
// of 8 bits, more passes than any honest picture has.
//
// It is stricter than decoders are about what may stand between segments, so
// what it says of the size holds for whichever decoder comes after it.
func CheckJPEG(b []byte) (JPEGInfo, error) {
	info, err := jpegHeader(b)
	if err != nil {
		return JPEGInfo{}, fmt.Errorf("%w: %s", ErrPicture, err)
	}
	return info, nil
}

type jpegError string

func (e jpegError) Error() string { return string(e) }

// Markers of a JPEG.
const (
	markerSOI  = 0xD8
	markerEOI  = 0xD9
	markerSOS  = 0xDA
	markerSOF0 = 0xC0 // baseline
	markerSOF1 = 0xC1 // extended sequential
	markerSOF2 = 0xC2 // progressive
	markerDHT  = 0xC4
	markerJPG  = 0xC8
	markerDAC  = 0xCC
)

func jpegHeader(b []byte) (JPEGInfo, error) {
	if len(b) < 4 || b[0] != 0xFF || b[1] != markerSOI {
		return JPEGInfo{}, jpegError("not a JPEG")
	}
	var info JPEGInfo
	for rest := b[2:]; ; {
		marker, body, tail, err := jpegSegment(rest)
		if err != nil {
			return JPEGInfo{}, err
		}
		switch {
		case marker >= markerSOF0 && marker <= markerSOF2:
			if info.Width != 0 {
				return JPEGInfo{}, jpegError("two frame headers")
			}
			if info, err = jpegFrame(body); err != nil {
				return JPEGInfo{}, err
			}
			info.Progressive = marker == markerSOF2
		case marker > markerSOF2 && marker <= 0xCF && marker != markerDHT && marker != markerJPG && marker != markerDAC:
			return JPEGInfo{}, jpegError("neither baseline nor progressive")
		case marker == markerSOS:
			if info.Width == 0 {
				return JPEGInfo{}, jpegError("a scan before the frame header")
			}
			if bytes.Count(b, []byte{0xFF, markerSOS}) > maxScans {
				return JPEGInfo{}, jpegError("too many scans")
			}
			return info, nil
		}
		rest = tail
	}
}

// jpegSegment splits off the first marker segment.
func jpegSegment(b []byte) (marker byte, body, tail []byte, err error) {
	i := 0
	for i < len(b) && b[i] == 0xFF { // any number of fill bytes
		i++
	}
	if i == 0 || i >= len(b) {
		return 0, nil, nil, jpegError("no marker where one should be")
	}
	marker, b = b[i], b[i+1:]
	if marker == 0 || marker == 0x01 || marker >= 0xD0 && marker <= markerEOI {
		return 0, nil, nil, jpegError("a marker that has no place in a header")
	}
	if len(b) < 2 {
		return 0, nil, nil, jpegError("cut off in its header")
	}
	n := int(binary.BigEndian.Uint16(b))
	if n < 2 || n > len(b) {
		return 0, nil, nil, jpegError("cut off in its header")
	}
	return marker, b[2:n], b[n:], nil
}

// jpegFrame reads the body of a frame header (SOF).
func jpegFrame(b []byte) (JPEGInfo, error) {
	if len(b) < 6 {
		return JPEGInfo{}, jpegError("frame header too short")
	}
	info := JPEGInfo{
		Height:     int(binary.BigEndian.Uint16(b[1:])),
		Width:      int(binary.BigEndian.Uint16(b[3:])),
		Components: int(b[5]),
	}
	switch {
	case b[0] != 8:
		return JPEGInfo{}, jpegError("not 8 bits a sample")
	case info.Width == 0 || info.Height == 0:
		return JPEGInfo{}, jpegError("no size")
	case info.Width > MaxSide || info.Height > MaxSide || info.Width*info.Height > MaxPixels:
		return JPEGInfo{}, jpegError(fmt.Sprintf("%dx%d is too large", info.Width, info.Height))
	case info.Components != 1 && info.Components != 3 && info.Components != 4:
		return JPEGInfo{}, jpegError("unknown number of components")
	case len(b) != 6+3*info.Components:
		return JPEGInfo{}, jpegError("frame header of the wrong length")
	}
	for c := range info.Components {
		h, v := b[6+3*c+1]>>4, b[6+3*c+1]&15
		if h < 1 || h > 4 || v < 1 || v > 4 {
			return JPEGInfo{}, jpegError("impossible sampling")
		}
	}
	return info, nil
}
