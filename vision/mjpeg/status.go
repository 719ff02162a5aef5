package mjpeg

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// maxStatus bounds the answer of /status; a real one is under 2 KB.
const maxStatus = 16 << 10

// Status is what a camera tells about its settings.
type Status struct {
	FrameSize int // a number whose meaning depends on the firmware
	Quality   int // 4..63, lower is better
	// LED is 0..255; -1 where the board has no light or the firmware no control of it.
	LED int
	// All has every number of the answer, by the firmware's name.
	All map[string]int
}

// parseStatus reads the answer of /status. Values that are not whole numbers
// are left out.
func parseStatus(b []byte) (Status, error) {
	if len(b) > maxStatus {
		return Status{}, fmt.Errorf("camera status of more than %d bytes", maxStatus)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var raw map[string]any
	if err := d.Decode(&raw); err != nil {
		return Status{}, errors.New("camera status is not JSON")
	}
	s := Status{LED: -1, All: make(map[string]int, len(raw))}
	for k, v := range raw {
		if n, ok := v.(json.Number); ok {
			if i, err := n.Int64(); err == nil && i == int64(int32(i)) {
				s.All[k] = int(i)
			}
		}
	}
	var ok bool
	if s.FrameSize, ok = s.All["framesize"]; !ok {
		return Status{}, errors.New("camera status has no framesize")
	}
	if s.Quality, ok = s.All["quality"]; !ok {
		return Status{}, errors.New("camera status has no quality")
	}
	if led, ok := s.All["led_intensity"]; ok {
		s.LED = led
	}
	return s, nil
}
