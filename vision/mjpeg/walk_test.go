package mjpeg

import (
	"bytes"
	"image"
	"image/jpeg"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestWalkFindsTheTrueEnd(t *testing.T) {
	plain := picture(t, 64, 48, 30, 1)
	thumb := picture(t, 16, 16, 0, 2)
	for _, c := range []struct {
		name string
		jpg  []byte
	}{
		{"plain", plain},
		{"noisy", picture(t, 160, 120, 200, 3)},
		{"thumbnail", withSegment(plain, 0xE1, append([]byte("Exif\x00\x00"), thumb...))},
		{"end marker in a comment", withSegment(plain, 0xFE, []byte("\xFF\xD9\r\n--frame\r\n\xFF\xD8"))},
		{"fill bytes", slices.Concat(plain[:2], []byte{0xFF, 0xFF}, plain[2:])},
	} {
		t.Run(c.name, func(t *testing.T) {
			stream := append(slices.Clone(c.jpg), "\r\n--frame\r\n\xFF\xD8\xFF\xD9"...)
			var k walker
			if v := k.walk(stream); v != walkEnd || k.pos != len(c.jpg) {
				t.Errorf("whole: verdict %d at %d, want the end at %d", v, k.pos, len(c.jpg))
			}
			if k.size.X == 0 || k.size.X != k.size.Y*4/3 {
				t.Errorf("size %v", k.size)
			}

			var slow walker // the same, byte by byte
			for n := range len(c.jpg) {
				if v := slow.walk(stream[:n]); v != walkMore {
					t.Fatalf("verdict %d with %d of %d bytes", v, n, len(c.jpg))
				}
			}
			if v := slow.walk(stream[:len(c.jpg)]); v != walkEnd || slow != k {
				t.Errorf("byte by byte: verdict %d, %+v, want %+v", v, slow, k)
			}
		})
	}
}

func TestWalkKnowsTheSizeFirst(t *testing.T) {
	bomb := withSize(t, picture(t, 64, 48, 0, 1), 65535, 65535)
	var k walker
	k.walk(bomb[:bytes.Index(bomb, []byte{0xFF, mSOS})])
	if k.size != image.Pt(65535, 65535) {
		t.Errorf("size %v before the scan", k.size)
	}
	if err := acceptable(k.size); err == nil {
		t.Error("65535x65535 is acceptable")
	}
}

func TestWalkRefuses(t *testing.T) {
	plain := picture(t, 64, 48, 30, 1)
	sof := bytes.Index(plain, []byte{0xFF, mSOF0})
	sos := bytes.Index(plain, []byte{0xFF, mSOS})
	patch := func(at int, b ...byte) []byte {
		p := bytes.Clone(plain)
		copy(p[at:], b)
		return p
	}
	for _, c := range []struct {
		name string
		jpg  []byte
	}{
		{"text", []byte("<html>busy</html>")},
		{"no scan", []byte{0xFF, mSOI, 0xFF, mEOI}},
		{"scan before frame", slices.Concat(plain[:2], plain[sos:])},
		{"two frames", slices.Concat(plain[:sos], plain[sof:])},
		{"arithmetic coding", patch(sof+1, 0xC9)},
		{"segment of length 1", patch(2, 0xFF, 0xDB, 0, 1)},
		{"garbage between segments", patch(2, 'x')},
		{"picture within the scan", slices.Concat(plain[:len(plain)-9], plain)},
		{"restart outside a scan", slices.Concat(plain[:2], []byte{0xFF, mRST0}, plain[2:])},
		{"reserved marker", slices.Concat(plain[:2], []byte{0xFF, 0x02}, plain[2:])},
	} {
		t.Run(c.name, func(t *testing.T) {
			var k walker
			if v := k.walk(c.jpg); v != walkBad {
				t.Errorf("verdict %d at %d of %d", v, k.pos, len(c.jpg))
			}
		})
	}
}

// Pictures that other programs made, some with thumbnails and comments.
func TestWalkRealPictures(t *testing.T) {
	root := os.Getenv("AGENTID_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared")
	}
	root = filepath.Join(root, "faces")
	if _, err := os.Stat(root); err != nil {
		t.Skip("skipped: ../shared/faces is absent")
	}
	const most = 500
	seen := 0
	err := filepath.WalkDir(root, func(name string, e fs.DirEntry, err error) error {
		ext := strings.ToLower(filepath.Ext(name))
		if err != nil || e.IsDir() || ext != ".jpg" && ext != ".jpeg" {
			return err
		}
		b, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		cfg, err := jpeg.DecodeConfig(bytes.NewReader(b))
		if err != nil {
			return nil // not what this is about
		}
		var k walker
		if v := k.walk(b); v != walkEnd || k.size != image.Pt(cfg.Width, cfg.Height) {
			t.Errorf("%s: verdict %d at %d of %d, size %v of %dx%d", name, v, k.pos, len(b), k.size, cfg.Width, cfg.Height)
		}
		if seen++; seen == most {
			return fs.SkipAll
		}
		return nil
	})
	if err != nil || seen == 0 {
		t.Fatalf("%d pictures, %v", seen, err)
	}
	t.Logf("%d pictures", seen)
}
