package store

import (
	"encoding/binary"
	"fmt"
	"math"
)

// MaxVector is the most components a template may have.
const MaxVector = 4096

// encodeVector writes the number of components and each as a little-endian
// float32.
func encodeVector(v []float32) ([]byte, error) {
	if len(v) == 0 || len(v) > MaxVector {
		return nil, fmt.Errorf("%w: vector of %d components, want 1 to %d", ErrInvalid, len(v), MaxVector)
	}
	b := make([]byte, 0, 2+4*len(v))
	b = binary.LittleEndian.AppendUint16(b, uint16(len(v)))
	for i, f := range v {
		if !finite(float64(f)) {
			return nil, fmt.Errorf("%w: component %d of the vector is not finite", ErrInvalid, i)
		}
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(f))
	}
	return b, nil
}

// decodeVector reads what encodeVector wrote, and nothing else.
func decodeVector(b []byte) ([]float32, error) {
	if len(b) < 2 {
		return nil, fmt.Errorf("%w: vector of %d bytes", ErrCorrupt, len(b))
	}
	n := int(binary.LittleEndian.Uint16(b))
	b = b[2:]
	if n == 0 || n > MaxVector || len(b) != 4*n {
		return nil, fmt.Errorf("%w: vector of %d components in %d bytes", ErrCorrupt, n, len(b))
	}
	v := make([]float32, n)
	for i := range v {
		v[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
		if !finite(float64(v[i])) {
			return nil, fmt.Errorf("%w: component %d of the vector is not finite", ErrCorrupt, i)
		}
	}
	return v, nil
}

func finite(f float64) bool { return !math.IsNaN(f) && !math.IsInf(f, 0) }
