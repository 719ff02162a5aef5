package opencv

/*
#cgo CXXFLAGS: -std=c++17 -O2
#cgo pkg-config: opencv4
#include <stdlib.h>
#include "guard.h"
*/
import "C"

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"io"
	"os"
	"unsafe"
)

// maxModelBytes bounds what is read as a model.
const maxModelBytes = 256 << 20

// errClosed says that a detector or encoder is used after its Close.
var errClosed = errors.New("closed")

// SetThreads sets how many threads OpenCV may use, in the whole process (0
// leaves it as it is), and returns how many it uses. More than the number of
// cores slows it down.
func SetThreads(n int) int { return int(C.agentid_threads(C.int(n))) }

// hush keeps OpenCV from writing to the standard error.
func hush() { C.agentid_hush() }

// cString is the text before the first 0.
func cString(b []byte) string {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		b = b[:i]
	}
	return string(bytes.ToValidUTF8(b, []byte("?")))
}

type errBuf [C.AGENTID_ERR]byte

func (e *errBuf) ptr() *C.char { return (*C.char)(unsafe.Pointer(&e[0])) }

func (e *errBuf) err() error { return fmt.Errorf("opencv: %s", cString(e[:])) }

// picture is a part of an image for C; r lies inside of it and is not empty.
func picture(img *image.RGBA, r image.Rectangle) C.agentid_picture {
	return C.agentid_picture{
		pix: (*C.uint8_t)(unsafe.Pointer(&img.Pix[img.PixOffset(r.Min.X, r.Min.Y)])),
		w:   C.int(r.Dx()), h: C.int(r.Dy()), stride: C.int(img.Stride),
	}
}

// fit is the size of w x h reduced so that its longer side is at most side, and
// the factor. Nothing is enlarged.
func fit(w, h, side int) (fw, fh int, scale float64) {
	if max(w, h) <= side {
		return w, h, 1
	}
	scale = float64(side) / float64(max(w, h))
	return max(1, int(float64(w)*scale)), max(1, int(float64(h)*scale)), scale
}

// net is a neural net with one square input of three channels. It is not safe
// for concurrent use.
type net struct {
	c     *C.agentid_net
	side  int
	out   []float32 // of the last run, all outputs
	parts []int     // how many of them belong to each output
}

// openNet loads an ONNX file and runs it once. Without names the net must have
// one output.
func openNet(path string, side int, names ...string) (*net, error) {
	model, err := readModel(path)
	if err != nil {
		return nil, err
	}
	var list []byte
	for _, n := range names {
		list = append(append(list, n...), 0)
	}
	list = append(list, 0)
	lens := make([]C.int, max(1, len(names)))
	var msg errBuf
	c := C.agentid_net_open((*C.uint8_t)(unsafe.Pointer(&model[0])), C.size_t(len(model)), C.int(side),
		(*C.char)(unsafe.Pointer(&list[0])), C.int(len(names)), &lens[0], msg.ptr())
	if c == nil {
		return nil, fmt.Errorf("load %s: %w", path, msg.err())
	}
	n := &net{c: c, side: side}
	var total int
	for _, l := range lens {
		n.parts = append(n.parts, int(l))
		total += int(l)
	}
	n.out = make([]float32, total)
	return n, nil
}

func readModel(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open model: %w", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxModelBytes+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read model: %w", err)
	case len(b) == 0:
		return nil, fmt.Errorf("read model: %s is empty", path)
	case len(b) > maxModelBytes:
		return nil, fmt.Errorf("read model: %s is over %d MB", path, maxModelBytes>>20)
	}
	return b, nil
}

// input is where the net reads: three planes of side x side.
func (n *net) input() []float32 {
	return unsafe.Slice((*float32)(unsafe.Pointer(C.agentid_net_input(n.c))), 3*n.side*n.side)
}

// put fills the input with r of the image, reduced to w x h, as BGR in 0..255.
func (n *net) put(img *image.RGBA, r image.Rectangle, w, h int) error {
	var msg errBuf
	if C.agentid_net_put(n.c, picture(img, r), C.int(w), C.int(h), msg.ptr()) != 0 {
		return msg.err()
	}
	return nil
}

// run fills n.out.
func (n *net) run() error {
	var msg errBuf
	if C.agentid_net_run(n.c, (*C.float)(unsafe.Pointer(&n.out[0])), C.int(len(n.out)), msg.ptr()) != 0 {
		return msg.err()
	}
	return nil
}

func (n *net) close() {
	C.agentid_net_close(n.c)
	n.c = nil
}
