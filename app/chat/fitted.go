package chat

// Written by: go test ./app/chat -run TestFit -fit

var fitted = tuning{
	rank: [signals]float64{
		sigLinear:   2.358,
		sigBM25:     9.864,
		sigPhrasing: 0.000,
		sigSecond:   1.017,
		sigLetters:  4.501,
		sigGrams:    5.046,
		sigCover:    3.834,
	},
	confidence: [evidences]float64{
		evOne:         -4.352,
		evShare:       0.043,
		evMargin:      2.952,
		evPhrasing:    -2.468,
		evGrams:       0.106,
		evCover:       0.955,
		evBM25:        2.832,
		evLinear:      1.647,
		evUnknown:     0.000,
		evLetters:     1.153,
		evForeign:     -1.881,
		evCommon:      -0.874,
		evWords:       2.050,
		evTyped:       0.230,
		evMass:        1.086,
		evLong:        0.245,
		evOutLinear:   -0.625,
		evOutLetters:  -1.179,
		evOutPhrasing: -0.213,
		evOutGrams:    -1.796,
	},
	sure:   0.23,
	unsure: 0.02,
}
