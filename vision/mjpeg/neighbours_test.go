package mjpeg

import (
	"net/netip"
	"testing"
)

func TestNeighbours(t *testing.T) {
	for name, c := range map[string]struct {
		own         []string
		n           int
		first, last string
	}{
		"a /24":              {[]string{"192.168.1.40/24"}, 253, "192.168.1.1", "192.168.1.254"},
		"a wider network":    {[]string{"10.1.2.3/8"}, 253, "10.1.2.1", "10.1.2.254"},
		"a narrower one":     {[]string{"192.168.1.40/28"}, 13, "192.168.1.33", "192.168.1.46"},
		"link-local":         {[]string{"169.254.7.9/16"}, 253, "169.254.7.1", "169.254.7.254"},
		"two of three":       {[]string{"192.168.1.40/24", "10.0.0.2/24", "10.0.1.2/24"}, 506, "192.168.1.1", "10.0.0.254"},
		"one network twice":  {[]string{"192.168.1.40/24", "192.168.1.41/24"}, 252, "192.168.1.1", "192.168.1.254"},
		"public":             {[]string{"203.0.113.9/24", "100.64.1.1/24"}, 0, "", ""},
		"loopback, IPv6":     {[]string{"127.0.0.1/8", "fe80::1/64", "fd00::1/64"}, 0, "", ""},
		"a point to a point": {[]string{"10.8.0.1/32", "10.8.0.1/31"}, 0, "", ""},
		"nothing":            {nil, 0, "", ""},
	} {
		var own []netip.Prefix
		for _, s := range c.own {
			own = append(own, netip.MustParsePrefix(s))
		}
		got := neighbours(own)
		if len(got) != c.n || c.n > 0 && (got[0].String() != c.first || got[c.n-1].String() != c.last) {
			t.Errorf("%s: %d, %v", name, len(got), got)
		}
		for _, a := range got {
			if !near(a) {
				t.Errorf("%s: %s is not near", name, a)
			}
		}
	}
}
