//go:build matprofile

package opencv

import (
	"context"
	"errors"
	"testing"

	"gocv.io/x/gocv"

	"agentid/vision"
)

// gocv counts its open Mats under this tag; the capture is all that uses them.
func TestMatsClosed(t *testing.T) {
	path := video(t, 20)
	before := gocv.MatProfile.Count()
	c, err := NewCapture(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Run(context.Background(), func(vision.Frame) {}); !errors.Is(err, ErrEnded) {
		t.Fatal(err)
	}
	if n := gocv.MatProfile.Count() - before; n != 0 {
		t.Errorf("%d Mats left open", n)
	}
}
