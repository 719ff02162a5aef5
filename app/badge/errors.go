package badge

import (
	"errors"

	"agentid/app/domain"
)

// Errors of tokens. The first ones say what is wrong with what was shown.
var (
	ErrMalformed     = errors.New("not a token of ours")
	ErrVersion       = errors.New("token of an unknown version")
	ErrKind          = errors.New("token of another kind")
	ErrUnknownIssuer = errors.New("token of an unknown issuer")
	ErrForged        = errors.New("token with a false signature")
	ErrNotYetValid   = errors.New("token not valid yet")
	ErrExpired       = errors.New("token expired")

	// ErrInvalid says that something cannot be put into a token or on a card.
	ErrInvalid = errors.New("invalid value")
)

// Reason is why a badge was refused, as the event records it. It is
// ReasonBadgeUnknown for what is no badge of ours at all.
func Reason(err error) domain.Reason {
	switch {
	case err == nil:
		return ""
	case errors.Is(err, ErrForged):
		return domain.ReasonBadgeForged
	case errors.Is(err, ErrExpired):
		return domain.ReasonBadgeExpired
	case errors.Is(err, ErrNotYetValid):
		return domain.ReasonBadgeNotYet
	}
	return domain.ReasonBadgeUnknown
}
