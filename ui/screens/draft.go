package screens

// Drafter is a body with something in it that the machine has not been told:
// what is being written, or which page is open. When a body is built anew for
// the same page, as in another language, it goes on from there.
type Drafter interface {
	Draft() any
	// Restore takes what Draft of a body of the same kind gave; anything else
	// is ignored.
	Restore(draft any)
}
