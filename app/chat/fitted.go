package chat

// Written by: go test ./app/chat -run TestFit -fit

var fitted = tuning{
	rank: [signals]float64{
		sigLinear:   3.634,
		sigBM25:     6.418,
		sigPhrasing: 0.000,
		sigSecond:   1.219,
		sigLetters:  1.453,
		sigGrams:    6.700,
		sigCover:    2.356,
	},
	confidence: [evidences]float64{
		evOne:         -5.790,
		evShare:       -0.203,
		evMargin:      1.608,
		evPhrasing:    -0.931,
		evGrams:       0.403,
		evCover:       1.460,
		evBM25:        2.316,
		evLinear:      2.346,
		evUnknown:     0.000,
		evLetters:     0.047,
		evForeign:     -1.821,
		evCommon:      0.000,
		evWords:       2.891,
		evTyped:       -0.135,
		evMass:        2.125,
		evLong:        1.351,
		evOutLinear:   -0.336,
		evOutLetters:  -0.638,
		evOutPhrasing: -0.115,
		evOutGrams:    -2.102,
	},
	sure:   0.31,
	unsure: 0.02,
}
