package chat

// tuning is what is fitted on the development questions.
type tuning struct {
	rank         [signals]float64
	confidence   [evidences]float64
	sure, unsure float64
}
