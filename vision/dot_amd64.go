package vision

import "golang.org/x/sys/cpu"

var hasFMA = cpu.X86.HasAVX2 && cpu.X86.HasFMA

// dotRows fills out with the dot product of each of the rows and q.
func dotRows(rows, q, out []float32) {
	if hasFMA && len(q)%32 == 0 && len(q) > 0 && len(out) > 0 {
		_ = rows[len(out)*len(q)-1]
		dotFMA(&rows[0], &q[0], &out[0], len(q), len(out))
		return
	}
	dotGeneric(rows, q, out)
}

// dotFMA needs n to be a positive multiple of 32 and count to be positive.
//
//go:noescape
func dotFMA(rows, q, out *float32, n, count int)
