package vision

import "agentid/app/domain"

// EncoderSpec is what a model's manifest says about an encoder: all that code
// must know of it, so that a better model is a new file and no new code.
type EncoderSpec struct {
	Ref       domain.EncoderRef
	Metric    Metric
	Threshold float64 // in Metric's unit
	Dim       int     // of the vector
	Side      int     // pixels of the square input
	// Mean and Std normalise RGB in 0..1: (v - Mean) / Std.
	Mean, Std [3]float32
	// Demo marks a model that is good for trying the product only.
	Demo bool
}
