package postgres

import (
	"errors"
	"io"
	"net"
)

// isNetwork tells whether an error is a broken connection's.
func isNetwork(err error) bool {
	var n net.Error
	return errors.As(err, &n) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed)
}
