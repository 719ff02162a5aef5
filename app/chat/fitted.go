package chat

// Written by: go test ./app/chat -run TestFit -fit

var fitted = tuning{
	rank: [signals]float64{
		sigLinear:   4.470,
		sigBM25:     5.716,
		sigPhrasing: 0.409,
		sigSecond:   0.000,
		sigLetters:  2.661,
		sigGrams:    5.700,
		sigCover:    1.442,
	},
	confidence: [evidences]float64{
		evOne:         -5.129,
		evShare:       0.399,
		evMargin:      1.346,
		evPhrasing:    -0.662,
		evGrams:       0.471,
		evCover:       0.889,
		evBM25:        1.539,
		evLinear:      1.616,
		evUnknown:     0.000,
		evLetters:     0.089,
		evForeign:     -1.682,
		evCommon:      -0.245,
		evWords:       2.710,
		evTyped:       -0.596,
		evMass:        1.363,
		evLong:        0.655,
		evOutLinear:   -0.804,
		evOutLetters:  -0.887,
		evOutPhrasing: -0.099,
		evOutGrams:    -1.731,
	},
	sure:   0.35,
	unsure: 0.02,
}
