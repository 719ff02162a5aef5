package chat

// Written by: go test ./app/chat -run TestFit -fit

var fitted = tuning{
	rank: [signals]float64{
		sigLinear:   4.475,
		sigBM25:     5.469,
		sigPhrasing: 0.000,
		sigSecond:   0.520,
		sigLetters:  1.636,
		sigGrams:    5.414,
		sigCover:    2.089,
	},
	confidence: [evidences]float64{
		evOne:         -6.030,
		evShare:       0.024,
		evMargin:      1.397,
		evPhrasing:    -0.994,
		evGrams:       0.474,
		evCover:       1.756,
		evBM25:        2.310,
		evLinear:      2.222,
		evUnknown:     0.000,
		evLetters:     -0.037,
		evForeign:     -1.681,
		evCommon:      0.000,
		evWords:       3.022,
		evTyped:       -0.266,
		evMass:        2.091,
		evLong:        1.131,
		evOutLinear:   -0.649,
		evOutLetters:  -0.550,
		evOutPhrasing: -0.264,
		evOutGrams:    -1.818,
	},
	sure:   0.32,
	unsure: 0.02,
}
