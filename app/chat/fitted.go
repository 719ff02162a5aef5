package chat

// Written by: go test ./app/chat -run TestFit -fit

var fitted = tuning{
	rank: [signals]float64{
		sigLinear:   3.428,
		sigBM25:     4.408,
		sigPhrasing: 0.605,
		sigSecond:   3.658,
		sigLetters:  3.723,
		sigGrams:    7.432,
		sigCover:    4.446,
	},
	confidence: [evidences]float64{
		evOne:         -5.253,
		evShare:       0.883,
		evMargin:      3.124,
		evPhrasing:    -0.355,
		evGrams:       -0.474,
		evCover:       -0.475,
		evBM25:        1.224,
		evLinear:      1.216,
		evUnknown:     -0.116,
		evLetters:     1.980,
		evForeign:     -1.161,
		evCommon:      0.000,
		evWords:       2.741,
		evTyped:       0.631,
		evMass:        -0.443,
		evLong:        0.311,
		evOutLinear:   -1.918,
		evOutLetters:  -0.857,
		evOutPhrasing: -0.598,
		evOutGrams:    -1.287,
	},
	sure:   0.38,
	unsure: 0.02,
}
