//go:build !amd64

package vision

func dotRows(rows, q, out []float32) { dotGeneric(rows, q, out) }
