package chat

// Written by: go test ./app/chat -run TestFit -fit

var fitted = tuning{
	rank: [signals]float64{
		sigLinear:   4.616,
		sigBM25:     5.364,
		sigPhrasing: 0.615,
		sigSecond:   0.000,
		sigLetters:  3.109,
		sigGrams:    5.591,
		sigCover:    1.499,
	},
	confidence: [evidences]float64{
		evOne:         -5.233,
		evShare:       0.244,
		evMargin:      1.642,
		evPhrasing:    -0.624,
		evGrams:       0.331,
		evCover:       0.782,
		evBM25:        1.430,
		evLinear:      1.708,
		evUnknown:     -0.091,
		evLetters:     0.292,
		evForeign:     -1.829,
		evCommon:      -0.107,
		evWords:       2.752,
		evTyped:       -0.291,
		evMass:        1.488,
		evLong:        1.055,
		evOutLinear:   -0.795,
		evOutLetters:  -0.976,
		evOutPhrasing: -0.056,
		evOutGrams:    -1.789,
	},
	sure:   0.35,
	unsure: 0.02,
}
