package device

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// jpegs encodes n pictures that differ.
func jpegs(t testing.TB, n, w, h int) [][]byte {
	t.Helper()
	var out [][]byte
	for i := range n {
		img := image.NewRGBA(image.Rect(0, 0, w, h))
		for p := 0; p < len(img.Pix); p += 4 {
			img.SetRGBA(p/4%w, p/4/w, color.RGBA{uint8(p), uint8(40 * i), uint8(p >> 8), 255})
		}
		var b bytes.Buffer
		if err := jpeg.Encode(&b, img, nil); err != nil {
			t.Fatal(err)
		}
		out = append(out, b.Bytes())
	}
	return out
}

func writeJPEGs(t testing.TB, dir string, n, w, h int) [][]byte {
	t.Helper()
	all := jpegs(t, n, w, h)
	for i, b := range all {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%03d.jpg", i)), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// chunk is a RIFF chunk; list one that holds others.
func chunk(id string, body []byte) []byte {
	b := binary.LittleEndian.AppendUint32([]byte(id), uint32(len(body)))
	b = append(b, body...)
	if len(body)%2 == 1 {
		b = append(b, 0)
	}
	return b
}

func list(id, kind string, chunks ...[]byte) []byte {
	return chunk(id, append([]byte(kind), slices.Concat(chunks...)...))
}

// aviOf builds a Motion JPEG file: an audio stream first, then the video.
func aviOf(usPerFrame uint32, codec string, movi ...[]byte) []byte {
	avih := binary.LittleEndian.AppendUint32(nil, usPerFrame)
	strf := append(make([]byte, 16), codec...)
	return list("RIFF", "AVI ",
		list("LIST", "hdrl",
			chunk("avih", append(avih, make([]byte, 52)...)),
			list("LIST", "strl", chunk("strh", []byte("auds\x00\x00\x00\x00")), chunk("strf", make([]byte, 18))),
			list("LIST", "strl", chunk("strh", []byte("vidsMJPG")), chunk("strf", append(strf, make([]byte, 20)...)))),
		chunk("JUNK", make([]byte, 7)),
		list("LIST", "movi", movi...))
}

func TestAVI(t *testing.T) {
	pics := jpegs(t, 3, 48, 32)
	file := aviOf(50_000, "MJPG",
		chunk("00wb", []byte("sound")),
		chunk("01dc", pics[0]),
		list("LIST", "rec ", chunk("01dc", pics[1]), chunk("00wb", nil)),
		chunk("01dc", nil), // the picture before it, again
		chunk("ix01", make([]byte, 24)),
		chunk("01db", pics[2]))
	file = append(file, list("RIFF", "AVIX", list("LIST", "movi", chunk("01dc", pics[0])))...)

	a, err := openAVI(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	if a.fps != 20 {
		t.Errorf("%v pictures a second, want 20", a.fps)
	}
	want := [][]byte{pics[0], pics[1], pics[1], pics[2], pics[0]}
	if len(a.frames) != len(want) {
		t.Fatalf("%d pictures, want %d", len(a.frames), len(want))
	}
	for i := range want {
		if got, err := a.picture(i); err != nil || !bytes.Equal(got, want[i]) {
			t.Errorf("picture %d: %d bytes, want %d; %v", i, len(got), len(want[i]), err)
		}
	}

	// A recording that was cut off plays as far as it goes.
	cut := file[:bytes.Index(file, pics[2])+20]
	if a, err = openAVI(bytes.NewReader(cut), int64(len(cut))); err != nil || len(a.frames) != 3 {
		t.Errorf("cut file: %v", err)
	}
}

func TestAVIRefuses(t *testing.T) {
	pic := jpegs(t, 1, 16, 16)[0]
	deep := chunk("01dc", pic)
	for range 10 {
		deep = list("LIST", "rec ", deep)
	}
	for name, file := range map[string][]byte{
		"empty":       nil,
		"text":        []byte("not a video, but long enough"),
		"wave":        list("RIFF", "WAVE"),
		"no streams":  list("RIFF", "AVI ", list("LIST", "movi", chunk("00dc", pic))),
		"no pictures": aviOf(40_000, "MJPG"),
		"other codec": aviOf(40_000, "H264", chunk("01dc", pic)),
		"too deep":    aviOf(40_000, "MJPG", deep),
	} {
		if _, err := openAVI(bytes.NewReader(file), int64(len(file))); !errors.Is(err, errAVI) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Motion JPEG leaves the Huffman tables out; a still must have them.
func TestTablesAreGivenBack(t *testing.T) {
	pic := jpegs(t, 1, 48, 32)[0]
	dht, _ := segments(pic)
	if len(dht) < 400 {
		t.Fatalf("%d bytes of tables", len(dht))
	}
	bare := bytes.Clone(pic)
	for {
		i := bytes.Index(bare, []byte{0xFF, 0xC4})
		if i < 0 {
			break
		}
		bare = slices.Delete(bare, i, i+2+int(binary.BigEndian.Uint16(bare[i+2:])))
	}
	if _, err := jpeg.Decode(bytes.NewReader(bare)); err == nil {
		t.Fatal("the bare picture decodes already")
	}
	whole, err := withTables(bare)
	if err != nil {
		t.Fatal(err)
	}
	got, want := decode(t, whole), decode(t, pic)
	if got.Bounds() != want.Bounds() || got.At(5, 5) != want.At(5, 5) {
		t.Error("the picture changed")
	}
	if same, err := withTables(pic); err != nil || !bytes.Equal(same, pic) {
		t.Errorf("a picture with tables was changed: %v", err)
	}
}

func TestVideoPlaysAtItsOwnRate(t *testing.T) {
	pics := jpegs(t, 2, 48, 32)
	name := filepath.Join(t.TempDir(), "film.avi")
	if err := os.WriteFile(name, aviOf(100_000, "MJPG", chunk("01dc", pics[0]), chunk("01dc", pics[1])), 0o600); err != nil {
		t.Fatal(err)
	}
	v, err := OpenVideo(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	for ms, want := range map[int]int{0: 0, 99: 0, 101: 1, 201: 0, 350: 1} {
		got, err := v.Picture(time.Duration(ms)*time.Millisecond, Settings{})
		if err != nil || !bytes.Equal(got, pics[want]) {
			t.Errorf("at %d ms: not picture %d; %v", ms, want, err)
		}
	}
	if err := v.Close(); err != nil {
		t.Error(err)
	}
	if _, err := v.Picture(0, Settings{}); err == nil {
		t.Error("a closed video plays on")
	}
}

// Whatever converts is called ffmpeg: here a script that copies.
func TestVideoIsConverted(t *testing.T) {
	dir := t.TempDir()
	avi, mp4 := filepath.Join(dir, "film.avi"), filepath.Join(dir, "film.mp4")
	if err := os.WriteFile(avi, aviOf(100_000, "MJPG", chunk("01dc", jpegs(t, 1, 16, 16)[0])), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(mp4, []byte("0000ftypisom-and-so-on"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", filepath.Join(dir, "bin"))
	t.Setenv("TMPDIR", dir)
	if _, err := OpenVideo(t.Context(), mp4); !errors.Is(err, errAVI) || !strings.Contains(err.Error(), "not installed") {
		t.Errorf("without ffmpeg: %v", err)
	}
	if err := os.Mkdir(filepath.Join(dir, "bin"), 0o700); err != nil {
		t.Fatal(err)
	}
	install := func(script string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, "bin", "ffmpeg"), []byte("#!/bin/sh\n"+script), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	install("for last; do :; done; /bin/cat " + avi + " > \"${last#file:}\"\n")
	v, err := OpenVideo(t.Context(), mp4)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := v.Picture(0, Settings{}); err != nil || len(b) == 0 {
		t.Errorf("%d bytes, %v", len(b), err)
	}
	if err := v.Close(); err != nil {
		t.Error(err)
	}

	install("echo no such stream >&2; exit 1\n")
	if _, err := OpenVideo(t.Context(), mp4); err == nil || !strings.Contains(err.Error(), "no such stream") {
		t.Errorf("ffmpeg that fails: %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "espcam-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// The real ffmpeg understands the arguments.
func TestFFmpeg(t *testing.T) {
	ffmpeg, err := exec.LookPath("ffmpeg")
	if err != nil {
		t.Skip("skipped: ffmpeg is absent")
	}
	mp4 := filepath.Join(t.TempDir(), "film.mkv")
	if out, err := exec.Command(ffmpeg, "-loglevel", "error", "-f", "lavfi", "-i", "testsrc=duration=1:size=64x48:rate=5", "-c:v", "ffv1", mp4).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	v, err := OpenVideo(t.Context(), mp4)
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	b, err := v.Picture(time.Second/2, Settings{})
	if err != nil {
		t.Fatal(err)
	}
	if size := decode(t, b).Bounds().Size(); size != image.Pt(64, 48) {
		t.Errorf("picture of %v", size)
	}
}

func FuzzAVI(f *testing.F) {
	pics := jpegs(f, 2, 16, 16)
	f.Add(aviOf(40_000, "MJPG", chunk("01dc", pics[0]), list("LIST", "rec ", chunk("01dc", pics[1]))))
	f.Add(aviOf(0, "MJPG", chunk("01dc", nil), chunk("01dc", []byte{0xFF, 0xD8, 0xFF, 0xC4})))
	f.Add(list("RIFF", "AVI ", list("LIST", "movi")))
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := openAVI(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		if !(a.fps > 0 && a.fps <= 1000) || len(a.frames) == 0 {
			t.Fatalf("%v pictures a second, %d pictures", a.fps, len(a.frames))
		}
		for i, s := range a.frames {
			if s.at < 0 || s.at+int64(s.len) > int64(len(b)) {
				t.Fatalf("picture %d lies at %+v of %d", i, s, len(b))
			}
		}
		if p, err := a.picture(0); err == nil && len(p) > len(b)+1024 {
			t.Fatalf("picture of %d bytes out of %d", len(p), len(b))
		}
	})
}
