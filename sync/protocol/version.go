package protocol

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
)

// The versions that this build speaks. The second has the keys of badges, up
// and down, and consents and last sights, down.
const (
	MinVersion = 1
	MaxVersion = 2
)

// Headers of the negotiation.
const (
	HeaderVersion = "Agentid-Protocol"
	HeaderMin     = "Agentid-Protocol-Min"
	HeaderMax     = "Agentid-Protocol-Max"
)

// ErrVersion says that two ends have no version in common.
var ErrVersion = errors.New("no protocol version in common")

// ParseVersion reads the version of a request or an answer.
func ParseVersion(h http.Header) (int, error) { return headerVersion(h, HeaderVersion) }

// Offered reads the range that an answer offers.
func Offered(h http.Header) (lowest, highest int, err error) {
	if lowest, err = headerVersion(h, HeaderMin); err != nil {
		return 0, 0, err
	}
	if highest, err = headerVersion(h, HeaderMax); err != nil {
		return 0, 0, err
	}
	if lowest > highest {
		return 0, 0, fmt.Errorf("%w: range %d to %d", ErrVersion, lowest, highest)
	}
	return lowest, highest, nil
}

// Choose is the highest version that this build and the other end both speak.
func Choose(lowest, highest int) (int, error) {
	v := min(MaxVersion, highest)
	if v < max(MinVersion, lowest) {
		return 0, fmt.Errorf("%w: ours %d to %d, theirs %d to %d", ErrVersion, MinVersion, MaxVersion, lowest, highest)
	}
	return v, nil
}

// SinceVersion is the version that a kind of item came with. A centre of before
// would refuse it for good: a kiosk keeps it back.
func SinceVersion(k Kind) int {
	if k == KindBadgeKey {
		return 2
	}
	return 1
}

// Speaks tells whether this build speaks version v.
func Speaks(v int) bool { return v >= MinVersion && v <= MaxVersion }

// Offer writes the range of this build into the headers of an answer.
func Offer(h http.Header, version int) {
	h.Set(HeaderVersion, strconv.Itoa(version))
	h.Set(HeaderMin, strconv.Itoa(MinVersion))
	h.Set(HeaderMax, strconv.Itoa(MaxVersion))
}

func headerVersion(h http.Header, name string) (int, error) {
	vs := h.Values(name)
	if len(vs) != 1 || len(vs[0]) > 6 {
		return 0, fmt.Errorf("%w: want one %s header", ErrVersion, name)
	}
	n, err := strconv.ParseUint(vs[0], 10, 16)
	if err != nil || n == 0 || strconv.FormatUint(n, 10) != vs[0] {
		return 0, fmt.Errorf("%w: %s is no version", ErrVersion, name)
	}
	return int(n), nil
}
