package device

import (
	"fmt"
	"image"
	"strconv"
	"strings"
	"sync"

	"agentid/vision/mjpeg/framesize"
)

// Settings are what of the sensor's registers shows in the picture.
type Settings struct {
	Size    image.Point
	Resized bool // somebody asked for Size; else recorded pictures go out as they are
	Quality int  // the sensor's scale, 4 (best) to 63
	Mirror  bool // left and right
	Flip    bool // up and down
	Light   int  // brightness and LED together, in steps of the 0..255 of a colour
	Bars    bool // a test card in place of the picture
}

// plain tells that a recorded picture can go out as it is.
func (s Settings) plain() bool {
	return !s.Resized && !s.Mirror && !s.Flip && s.Light == 0 && !s.Bars
}

// register is one variable of /control, in the order of /status.
type register struct {
	name               string
	initial, low, high int
	fixed              bool // told, not set
}

// registers are those of an OV2640 with a light.
var registers = [...]register{
	{name: "0xd3", initial: 8, fixed: true}, {name: "0x111", fixed: true}, {name: "0x132", initial: 9, fixed: true},
	{name: "xclk", initial: 20, fixed: true}, {name: "pixformat", initial: 3, fixed: true},
	{name: "framesize", high: 99}, // its range depends on the numbering
	{name: "quality", initial: 10, low: 4, high: 63},
	{name: "brightness", low: -2, high: 2}, {name: "contrast", low: -2, high: 2},
	{name: "saturation", low: -2, high: 2}, {name: "sharpness", low: -2, high: 2},
	{name: "special_effect", high: 6}, {name: "wb_mode", high: 4},
	{name: "awb", initial: 1, high: 1}, {name: "awb_gain", initial: 1, high: 1},
	{name: "aec", initial: 1, high: 1}, {name: "aec2", high: 1}, {name: "ae_level", low: -2, high: 2}, {name: "aec_value", initial: 168, high: 1200},
	{name: "agc", initial: 1, high: 1}, {name: "agc_gain", high: 30}, {name: "gainceiling", high: 6},
	{name: "bpc", high: 1}, {name: "wpc", initial: 1, high: 1}, {name: "raw_gma", initial: 1, high: 1}, {name: "lenc", initial: 1, high: 1},
	{name: "hmirror", high: 1}, {name: "vflip", high: 1}, {name: "dcw", initial: 1, high: 1}, {name: "colorbar", high: 1},
	{name: "led_intensity", high: 255},
}

// sensor holds the registers. It is safe for concurrent use.
type sensor struct {
	numbering framesize.Numbering
	boot      map[string]int // what differs from the initial values after power on

	mu      sync.Mutex
	val     map[string]int
	resized bool
}

// newSensor checks the settings at boot: a frame size by name (empty: vga, and
// recorded pictures keep theirs) and a quality (0: the firmware's own).
func newSensor(n framesize.Numbering, size string, quality int) (*sensor, error) {
	if n == "" {
		n = framesize.N2020
	}
	s := &sensor{numbering: n, boot: map[string]int{}, resized: size != ""}
	if size == "" {
		size = "vga"
	}
	num, ok := n.Number(size)
	if !ok {
		return nil, fmt.Errorf("frame size %q is not one of numbering %q", size, n)
	}
	s.boot["framesize"] = num
	if quality != 0 {
		s.boot["quality"] = quality
	}
	resized := s.resized
	s.reset()
	for name, v := range s.boot {
		if !s.set(name, v) {
			return nil, fmt.Errorf("%s %d is out of range", name, v)
		}
	}
	s.resized = resized
	return s, nil
}

// reset is power on.
func (s *sensor) reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.val = make(map[string]int, len(registers))
	for _, r := range registers {
		s.val[r.name] = r.initial
	}
	for name, v := range s.boot {
		s.val[name] = v
	}
}

// set writes a register; false where there is none or it refuses the value.
func (s *sensor) set(name string, v int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range registers {
		if r.name != name {
			continue
		}
		if r.fixed || v < r.low || v > r.high {
			return false
		}
		if name == "framesize" {
			if _, ok := s.numbering.Size(v); !ok {
				return false
			}
			s.resized = true
		}
		s.val[name] = v
		return true
	}
	return false
}

// status is the JSON of /status.
func (s *sensor) status() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var b strings.Builder
	for i, r := range registers {
		b.WriteString(map[bool]string{true: "{", false: ","}[i == 0])
		b.WriteString(strconv.Quote(r.name) + ":" + strconv.Itoa(s.val[r.name]))
	}
	return b.String() + "}"
}

// settings is what the registers mean for the picture.
func (s *sensor) settings() Settings {
	s.mu.Lock()
	defer s.mu.Unlock()
	size, _ := s.numbering.Size(s.val["framesize"])
	return Settings{
		Size:    size.Point,
		Resized: s.resized,
		Quality: s.val["quality"],
		Mirror:  s.val["hmirror"] == 1,
		Flip:    s.val["vflip"] == 1,
		Light:   s.val["brightness"]*20 + s.val["led_intensity"]/8,
		Bars:    s.val["colorbar"] == 1,
	}
}
