package opencv

/*
#cgo LDFLAGS: -ljpeg
#include "jpeg.h"
*/
import "C"

import (
	"fmt"
	"image"
	"unsafe"

	"agentid/vision"
)

// errLen bounds a message from C.
const errLen = 256

// Decoder decodes JPEG with libjpeg-turbo, the library that OpenCV reads JPEG
// with, straight into the picture's own pixels: no Mat, no BGR on the way. An
// orientation in the metadata is not followed, as encoders that are given the
// JPEG do not follow it either. The zero value is ready and safe for concurrent
// use.
type Decoder struct{}

var _ vision.Decoder = Decoder{}

// Decode implements vision.Decoder. A picture without its end marker is
// accepted, one with missing or damaged pixels is not.
func (Decoder) Decode(jpeg []byte, dst *image.RGBA) (*image.RGBA, error) {
	info, err := vision.CheckJPEG(jpeg)
	if err != nil {
		return nil, err
	}
	if info.Components == 4 { // CMYK, which libjpeg does not turn into RGB
		return vision.GoDecoder{}.Decode(jpeg, dst)
	}
	dst = vision.FitRGBA(dst, info.Width, info.Height)
	var msg [errLen]byte
	if C.agentid_jpeg_rgba((*C.uint8_t)(unsafe.Pointer(&jpeg[0])), C.size_t(len(jpeg)),
		(*C.uint8_t)(unsafe.Pointer(&dst.Pix[0])), C.int(info.Width), C.int(info.Height),
		(*C.char)(unsafe.Pointer(&msg[0])), errLen) != 0 {
		return nil, fmt.Errorf("%w: %s", vision.ErrPicture, cString(msg[:]))
	}
	return dst, nil
}
