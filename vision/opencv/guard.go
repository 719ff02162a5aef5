package opencv

/*
#cgo CXXFLAGS: -std=c++17 -O2
#cgo pkg-config: opencv4
#include "guard.h"
*/
import "C"

import (
	"bytes"
	"errors"
	"fmt"
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

// readFile reads a file of at most most bytes.
func readFile(path string, most int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, most+1))
	switch {
	case err != nil:
		return nil, err
	case len(b) == 0:
		return nil, fmt.Errorf("%s is empty", path)
	case int64(len(b)) > most:
		return nil, fmt.Errorf("%s is over %d MB", path, most>>20)
	}
	return b, nil
}

// manyNet is a neural net with one square input of three channels and several
// outputs. It is not safe for concurrent use.
type manyNet struct {
	c     *C.agentid_net
	side  int
	out   []float32 // of the last run, all outputs
	parts []int     // how many of them belong to each output
}

// openMany loads a net in ONNX form and runs it once. Without names the net must
// have one output.
func openMany(model []byte, side int, names ...string) (*manyNet, error) {
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
		return nil, msg.err()
	}
	n := &manyNet{c: c, side: side}
	var total int
	for _, l := range lens {
		n.parts = append(n.parts, int(l))
		total += int(l)
	}
	n.out = make([]float32, total)
	return n, nil
}

// run fills n.out from three planes of side x side.
func (n *manyNet) run(in []float32) error {
	var msg errBuf
	if len(in) != 3*n.side*n.side {
		return fmt.Errorf("opencv: input of %d numbers", len(in))
	}
	if C.agentid_net_run(n.c, (*C.float)(unsafe.Pointer(&in[0])), (*C.float)(unsafe.Pointer(&n.out[0])), C.int(len(n.out)), msg.ptr()) != 0 {
		return msg.err()
	}
	return nil
}

func (n *manyNet) close() {
	C.agentid_net_close(n.c)
	n.c = nil
}
