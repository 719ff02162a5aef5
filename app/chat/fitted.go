package chat

// Written by: go test ./app/chat -run TestFit -fit

var fitted = tuning{
	rank: [signals]float64{
		sigLinear:   5.381,
		sigBM25:     4.449,
		sigPhrasing: 0.881,
		sigSecond:   5.568,
		sigLetters:  1.557,
		sigGrams:    9.235,
		sigCover:    4.015,
	},
	confidence: [evidences]float64{
		evOne:         -6.205,
		evShare:       1.092,
		evMargin:      3.404,
		evPhrasing:    0.152,
		evGrams:       -0.423,
		evCover:       0.583,
		evBM25:        1.444,
		evLinear:      1.587,
		evUnknown:     -0.220,
		evLetters:     1.036,
		evForeign:     -1.638,
		evCommon:      0.000,
		evWords:       2.603,
		evTyped:       1.340,
		evMass:        0.554,
		evLong:        1.724,
		evOutLinear:   -1.576,
		evOutLetters:  -0.441,
		evOutPhrasing: 0.347,
		evOutGrams:    -2.449,
	},
	sure:   0.35,
	unsure: 0.02,
}
