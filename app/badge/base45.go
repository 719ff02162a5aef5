package badge

import "errors"

// alphabet45 is that of RFC 9285, which is the one of QR's alphanumeric mode.
const alphabet45 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"

var (
	errAlphabet = errors.New("not base45")

	// value45 is each character's value, -1 where it is none.
	value45 = func() (v [256]int16) {
		for i := range v {
			v[i] = -1
		}
		for i := range len(alphabet45) {
			v[alphabet45[i]] = int16(i)
		}
		return v
	}()
)

// len45 is how many characters n bytes become.
func len45(n int) int { return n/2*3 + n%2*2 }

// append45 appends b as base45: two bytes are three characters, least
// significant first, and a last single byte is two.
func append45(dst, b []byte) []byte {
	for ; len(b) >= 2; b = b[2:] {
		n := int(b[0])<<8 | int(b[1])
		dst = append(dst, alphabet45[n%45], alphabet45[n/45%45], alphabet45[n/(45*45)])
	}
	if len(b) == 1 {
		dst = append(dst, alphabet45[int(b[0])%45], alphabet45[int(b[0])/45])
	}
	return dst
}

// decode45 reads what append45 wrote. As every group has one value and values
// that do not fit their bytes are refused, no two texts give the same bytes.
func decode45(s string) ([]byte, error) {
	if len(s)%3 == 1 {
		return nil, errAlphabet
	}
	out := make([]byte, 0, len(s)/3*2+1)
	for ; len(s) > 0; s = s[min(3, len(s)):] {
		g := s[:min(3, len(s))]
		n, most := 0, 0xFFFF
		if len(g) == 2 {
			most = 0xFF
		}
		for i := len(g) - 1; i >= 0; i-- {
			v := value45[g[i]]
			if v < 0 {
				return nil, errAlphabet
			}
			n = n*45 + int(v)
		}
		if n > most {
			return nil, errAlphabet
		}
		if len(g) == 3 {
			out = append(out, byte(n>>8))
		}
		out = append(out, byte(n))
	}
	return out, nil
}
