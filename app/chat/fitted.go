package chat

// Written by: go test ./app/chat -run TestFit -fit

var fitted = tuning{
	rank: [signals]float64{
		sigLinear:   5.030,
		sigBM25:     2.814,
		sigPhrasing: 0.000,
		sigSecond:   4.638,
		sigLetters:  3.049,
		sigGrams:    8.618,
		sigCover:    4.067,
	},
	confidence: [evidences]float64{
		evOne:         -5.885,
		evShare:       0.845,
		evMargin:      2.734,
		evPhrasing:    -0.422,
		evGrams:       -0.623,
		evCover:       -0.516,
		evBM25:        0.533,
		evLinear:      3.439,
		evUnknown:     -0.302,
		evLetters:     2.016,
		evForeign:     -1.671,
		evCommon:      0.000,
		evWords:       2.424,
		evTyped:       0.631,
		evMass:        0.063,
		evLong:        1.338,
		evOutLinear:   -2.512,
		evOutLetters:  -0.100,
		evOutPhrasing: -0.299,
		evOutGrams:    -0.838,
	},
	sure:   0.33,
	unsure: 0.02,
}
