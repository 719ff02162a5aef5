package opencv

import (
	"errors"
	"fmt"

	"gocv.io/x/gocv"
)

// net is a neural net with one square input of three channels and one output.
// It is not safe for concurrent use.
type net struct {
	net    gocv.Net
	in     *planes
	output string    // the layer that gives the output
	out    []float32 // of the last run
}

var errOutput = errors.New("opencv: an output changed its shape")

// openNet loads an ONNX file twice: first where what OpenCV throws is caught, and
// runs it there, then, the same bytes, with gocv.
func openNet(path string, side int) (*net, error) {
	model, err := readFile(path, maxModelBytes)
	if err != nil {
		return nil, fmt.Errorf("open model: %w", err)
	}
	probe, err := openMany(model, side)
	if err != nil {
		return nil, fmt.Errorf("load %s: %w", path, err)
	}
	n := &net{out: make([]float32, len(probe.out))}
	probe.close()
	if n.in, err = newPlanes(side); err != nil {
		return nil, fmt.Errorf("load %s: %w", path, err)
	}
	if n.net, err = gocv.ReadNetFromONNXBytes(model); err != nil {
		n.in.close()
		return nil, fmt.Errorf("load %s: opencv: %w", path, err)
	}
	if err := errors.Join(n.net.SetPreferableBackend(gocv.NetBackendOpenCV), n.net.SetPreferableTarget(gocv.NetTargetCPU)); err != nil {
		n.close()
		return nil, fmt.Errorf("load %s: opencv: %w", path, err)
	}
	last := n.net.GetLayer(n.net.GetUnconnectedOutLayers()[0]) // the probe saw that there is one
	defer last.Close()
	n.output = last.GetName()
	return n, nil
}

// input is where the net reads: three planes of side x side.
func (n *net) input() []float32 { return n.in.floats }

// run fills n.out.
func (n *net) run() error {
	n.net.SetInput(n.in.mat, "")
	m := n.net.Forward(n.output) // the net's own memory
	defer m.Close()
	if m.Type() != gocv.MatTypeCV32F || m.Total() != len(n.out) {
		return errOutput
	}
	v, err := m.DataPtrFloat32()
	if err != nil {
		return fmt.Errorf("opencv: %w", err)
	}
	copy(n.out, v)
	return nil
}

func (n *net) close() {
	n.in.close()
	n.net.Close()
}
