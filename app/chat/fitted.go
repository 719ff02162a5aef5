package chat

// Written by: go test ./app/chat -run TestFit -fit

var fitted = tuning{
	rank: [signals]float64{
		sigLinear:   3.779,
		sigBM25:     7.915,
		sigPhrasing: 0.000,
		sigSecond:   2.104,
		sigGrams:    8.931,
		sigCover:    4.298,
	},
	confidence: [evidences]float64{
		evOne:      -5.043,
		evShare:    1.096,
		evMargin:   2.230,
		evPhrasing: 0.050,
		evGrams:    1.100,
		evCover:    1.071,
		evBM25:     1.139,
		evLinear:   2.328,
		evUnknown:  -0.145,
		evForeign:  -1.279,
		evWords:    1.656,
		evTyped:    0.015,
	},
	sure:   0.38,
	unsure: 0.02,
}
