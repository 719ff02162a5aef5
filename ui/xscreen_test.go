package ui

import (
	"bufio"
	"encoding/binary"
	"errors"
	"image"
	"image/png"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// startXvfb starts a screen of that size for this test alone, and gives its
// display.
func startXvfb(t *testing.T, size string) string {
	t.Helper()
	r, wr, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cmd := exec.Command("Xvfb", "-displayfd", "3", "-screen", "0", size+"x24", "-nolisten", "tcp", "-noreset")
	cmd.ExtraFiles = []*os.File{wr}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	wr.Close()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // so that it takes its socket with it
		_ = cmd.Wait()
	})
	number, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		t.Fatal("Xvfb did not start: ", err)
	}
	return ":" + strings.TrimSpace(number)
}

// xScreen reads what an X screen shows. It speaks just enough of the protocol:
// a tool started for each look would be slower than what it is to measure.
type xScreen struct {
	t    *testing.T
	conn net.Conn
	root uint32
	size image.Point
}

func openScreen(t *testing.T, display string) *xScreen {
	t.Helper()
	conn, err := net.Dial("unix", "/tmp/.X11-unix/X"+strings.TrimPrefix(display, ":"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	s := &xScreen{t: t, conn: conn}
	// Little endian, protocol 11.0, no authorisation.
	if _, err := conn.Write([]byte{'l', 0, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0}); err != nil {
		t.Fatal(err)
	}
	head := s.read(8)
	if head[0] != 1 {
		t.Fatal("the screen refuses: ", head)
	}
	body := s.read(4 * int(binary.LittleEndian.Uint16(head[6:])))
	vendor, formats := int(binary.LittleEndian.Uint16(body[16:])), int(body[21])
	first := body[32+(vendor+3)/4*4+8*formats:]
	s.root = binary.LittleEndian.Uint32(first)
	s.size = image.Pt(int(binary.LittleEndian.Uint16(first[20:])), int(binary.LittleEndian.Uint16(first[22:])))
	return s
}

func (s *xScreen) read(n int) []byte {
	s.t.Helper()
	b := make([]byte, n)
	if _, err := io.ReadFull(s.conn, b); err != nil {
		s.t.Fatal("reading the screen: ", err)
	}
	return b
}

// part is what is shown at x, y in w by h: four bytes a pixel, blue first.
func (s *xScreen) part(at [4]float32) []byte {
	s.t.Helper()
	r := image.Rect(int(at[0]), int(at[1]), int(at[0]+at[2]), int(at[1]+at[3])).Intersect(image.Rectangle{Max: s.size})
	if r.Empty() {
		s.t.Fatal(errors.New("nothing of it is on the screen"))
	}
	const getImage, zPixmap = 73, 2
	q := binary.LittleEndian.AppendUint16([]byte{getImage, zPixmap}, 5)
	q = binary.LittleEndian.AppendUint32(q, s.root)
	for _, v := range []int{r.Min.X, r.Min.Y, r.Dx(), r.Dy()} {
		q = binary.LittleEndian.AppendUint16(q, uint16(v))
	}
	q = binary.LittleEndian.AppendUint32(q, 0xffffffff)
	if _, err := s.conn.Write(q); err != nil {
		s.t.Fatal(err)
	}
	head := s.read(32)
	if head[0] != 1 {
		s.t.Fatal("the screen gives no picture: ", head)
	}
	return s.read(4 * int(binary.LittleEndian.Uint32(head[4:])))
}

// painted tells that something is drawn there.
func (s *xScreen) painted(at [4]float32) bool {
	b := s.part(at)
	for i := 4; i < len(b); i += 4 {
		if b[i] != b[0] || b[i+1] != b[1] || b[i+2] != b[2] {
			return true
		}
	}
	return false
}

// shot leaves a picture of the screen in the folder named by AGENTID_SHOTS.
func shot(t *testing.T, s *xScreen, name string) {
	t.Helper()
	dir := os.Getenv("AGENTID_SHOTS")
	if dir == "" {
		return
	}
	b := s.part([4]float32{0, 0, float32(s.size.X), float32(s.size.Y)})
	img := image.NewRGBA(image.Rectangle{Max: s.size})
	for i := 0; i+3 < len(b) && i+3 < len(img.Pix); i += 4 {
		img.Pix[i], img.Pix[i+1], img.Pix[i+2], img.Pix[i+3] = b[i+2], b[i+1], b[i], 0xff
	}
	f, err := os.Create(filepath.Join(dir, name+".png"))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(png.Encode(f, img), f.Close()); err != nil {
		t.Fatal(err)
	}
}
