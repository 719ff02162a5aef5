package protocol

import (
	"fmt"
	"net/http"
	"time"
)

// ContentProblem is the media type of a Problem (RFC 9457).
const ContentProblem = "application/problem+json"

// Code is what kind of problem it is, for programs.
type Code string

// The codes of problems.
const (
	CodeVersion      Code = "protocol_version"
	CodeMalformed    Code = "malformed"     // no JSON, no gzip, unknown fields
	CodeTooLarge     Code = "too_large"     // send less at once
	CodeMediaType    Code = "media_type"    //
	CodeUnauthorised Code = "unauthorised"  // no token, or one that is over: renew it
	CodeInvalidGrant Code = "invalid_grant" // the assertion is not taken
	CodeClock        Code = "clock"         // the assertion's times are off; ServerTime tells the right one
	CodeRevoked      Code = "revoked"       // this kiosk is no more trusted; it keeps its data
	CodeUnknown      Code = "unknown_kiosk" // never enrolled here
	CodeForbidden    Code = "forbidden"
	CodeCode         Code = "enrolment_code" // wrong, used or over
	CodeNotFound     Code = "not_found"
	CodeMethod       Code = "method"
	CodeConflict     Code = "conflict"
	CodeNoObject     Code = "no_object"    // committed before it was put
	CodeWrongObject  Code = "wrong_object" // what was put is not what was announced
	CodeErased       Code = "erased"       // about somebody who has been erased: give it up
	CodeRateLimited  Code = "rate_limited" // wait RetryAfter
	CodeErasures     Code = "erasures"     // too many of them: send what else there is, and them after RetryAfter
	CodeUnavailable  Code = "unavailable"  // the centre lacks its database or object store
	CodeInternal     Code = "internal"     //
	CodeDocument     Code = "document"     // it is not what its kind is to be; the detail says what is wrong
	CodeBadRequest   Code = "bad_request"  // a query or a form is not what it should be
	CodeTimeout      Code = "timeout"      // the request took too long to arrive
	CodeOther        Code = ""             // not from the centre: a proxy's answer
)

// Problem is why a request was refused whole.
type Problem struct {
	Type       string    `json:"type"` // "about:blank"
	Title      string    `json:"title"`
	Status     int       `json:"status"`
	Code       Code      `json:"code"`
	Detail     string    `json:"detail,omitempty"`
	RequestID  string    `json:"request_id,omitempty"`
	ServerTime time.Time `json:"server_time,omitzero"`
	// OAuth is the error of RFC 6749, of answers to /v1/token.
	OAuth string `json:"error,omitempty"`
}

// NewProblem makes a problem of a status and a code.
func NewProblem(status int, code Code, detail string) *Problem {
	return &Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Code: code, Detail: detail}
}

func (p *Problem) Error() string {
	return fmt.Sprintf("%d %s (%s): %s", p.Status, p.Title, p.Code, p.Detail)
}

// DecodeProblem reads a problem of an answer with the given status. What is
// none, as from a proxy, gives a problem of that status with CodeOther.
func DecodeProblem(status int, src []byte) *Problem {
	var p Problem
	if err := DecodeStrict(src, MaxSmall, &p); err != nil || p.Status != status ||
		text(p.Detail, MaxText) != nil || labels(p.Title, string(p.Code), p.RequestID) != nil {
		return &Problem{Type: "about:blank", Title: http.StatusText(status), Status: status}
	}
	return &p
}

// Advice is what a kiosk is to do about a problem.
type Advice string

// The advice.
const (
	AdviceRetry Advice = "retry" // later, with jitter, and not before Retry-After
	AdviceRenew Advice = "renew" // get a token, then once more
	AdviceSplit Advice = "split" // send fewer items; one alone that is refused is dead
	AdviceStop  Advice = "stop"  // until staff or an update changes something; look again seldom
	AdviceGive  Advice = "give"  // this one thing up for good
)

// Advice tells what to do about p. None of it makes an item dead but
// AdviceSplit at an item alone, and AdviceGive.
func (p *Problem) Advice() Advice {
	switch p.Code {
	case CodeVersion, CodeRevoked, CodeUnknown, CodeForbidden, CodeCode, CodeInvalidGrant:
		return AdviceStop
	case CodeUnauthorised:
		return AdviceRenew
	case CodeErased, CodeWrongObject:
		return AdviceGive
	case CodeMalformed, CodeTooLarge, CodeBadRequest:
		return AdviceSplit
	case CodeNoObject, CodeRateLimited, CodeErasures, CodeUnavailable, CodeInternal, CodeTimeout, CodeClock:
		return AdviceRetry
	}
	switch p.Status {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		return AdviceSplit
	case http.StatusUnauthorized:
		return AdviceRenew
	}
	// A proxy's 403 or 404 says nothing about what the kiosk holds.
	return AdviceRetry
}
