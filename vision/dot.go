package vision

// dotGeneric fills out with the dot product of each row and q. Four sums let
// the processor overlap the additions.
func dotGeneric(rows, q, out []float32) {
	n := len(q)
	for i := range out {
		row := rows[i*n : (i+1)*n : (i+1)*n]
		var a, b, c, d float32
		j := 0
		for ; j+4 <= n; j += 4 {
			a += row[j] * q[j]
			b += row[j+1] * q[j+1]
			c += row[j+2] * q[j+2]
			d += row[j+3] * q[j+3]
		}
		for ; j < n; j++ {
			a += row[j] * q[j]
		}
		out[i] = (a + b) + (c + d)
	}
}
