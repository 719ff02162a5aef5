package mjpeg

import (
	"bytes"
	"errors"
	"fmt"
	"image/jpeg"

	"agentid/vision"
)

// Once a camera has shown that the end-of-image marker is all that its
// pictures lack, decoding every one of them twice would be waste: after
// trustAfter good repairs in a row only one in trustAfter is checked.
const trustAfter = 25

// repairer gives back the end-of-image marker to pictures that came without.
//
// The rule: a picture is repaired if its markers are sound up to the delimiter
// that cut it and all of it decodes; otherwise rows are missing, and a face cut
// in two is worth less than no face.
type repairer struct{ good int }

// mend returns a repaired copy.
func (r *repairer) mend(cut []byte) ([]byte, error) {
	whole := make([]byte, 0, len(cut)+2)
	whole = append(append(whole, cut...), 0xFF, mEOI)
	if r.good < trustAfter || r.good%trustAfter == 0 {
		// The check bounds what decoding may cost: pixels, and scans over them.
		_, err := vision.CheckJPEG(whole)
		if err == nil {
			_, err = jpeg.Decode(bytes.NewReader(whole))
		}
		if err != nil {
			r.good = 0
			var format jpeg.FormatError
			if errors.As(err, &format) {
				return nil, fmt.Errorf("%w: %s", errCut, string(format))
			}
			return nil, errCut
		}
	}
	r.good++
	return whole, nil
}
