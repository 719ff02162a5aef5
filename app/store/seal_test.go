package store

import (
	"bytes"
	"errors"
	"math"
	"slices"
	"testing"
)

func testBox(t testing.TB) box {
	t.Helper()
	k, err := testKey(t).keyring()
	must(t, err)
	return k.master
}

func TestSealOpensInItsPlaceOnly(t *testing.T) {
	b := testBox(t)
	plain := []byte("0.12 0.34")
	at := vectorPlace("person", "template", "dlib", "1")
	sealed := b.seal(plain, at)
	if bytes.Contains(sealed, plain) {
		t.Fatal("not sealed")
	}
	if bytes.Equal(sealed, b.seal(plain, at)) {
		t.Error("the nonce is not random")
	}
	got, err := b.open(sealed, at)
	must(t, err)
	if !bytes.Equal(got, plain) {
		t.Errorf("opened to %q", got)
	}
	for name, elsewhere := range map[string]place{
		"another person":   vectorPlace("nosrep", "template", "dlib", "1"),
		"another template": vectorPlace("person", "other", "dlib", "1"),
		"another encoder":  vectorPlace("person", "template", "onnx", "1"),
		"another version":  vectorPlace("person", "template", "dlib", "2"),
		"shifted border":   vectorPlace("person", "template", "dlib1", ""),
		"another column":   namePlace("person"),
		"nowhere":          nil,
	} {
		if _, err := b.open(sealed, elsewhere); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: got %v, want ErrCorrupt", name, err)
		}
	}
	other, err := GenerateMasterKey().keyring()
	must(t, err)
	if _, err := other.master.open(sealed, at); !errors.Is(err, ErrCorrupt) {
		t.Errorf("another key: got %v, want ErrCorrupt", err)
	}
	// Whatever bit changes, and wherever it is cut, it does not open.
	for i := range sealed {
		broken := slices.Clone(sealed)
		broken[i] ^= 1 << (i % 8)
		if _, err := b.open(broken, at); !errors.Is(err, ErrCorrupt) {
			t.Errorf("bit of byte %d changed: got %v, want ErrCorrupt", i, err)
		}
		if _, err := b.open(sealed[:i], at); !errors.Is(err, ErrCorrupt) {
			t.Errorf("cut to %d bytes: got %v, want ErrCorrupt", i, err)
		}
	}
}

func TestVectorComesBack(t *testing.T) {
	for _, v := range [][]float32{
		{0}, {1, -1, math.MaxFloat32, -math.SmallestNonzeroFloat32}, make([]float32, MaxVector),
	} {
		b, err := encodeVector(v)
		must(t, err)
		got, err := decodeVector(b)
		must(t, err)
		if !slices.Equal(got, v) {
			t.Errorf("%d components came back as %d others", len(v), len(got))
		}
	}
	for name, v := range map[string][]float32{
		"empty": nil, "too long": make([]float32, MaxVector+1),
		"NaN": {0, float32(math.NaN())}, "infinite": {float32(math.Inf(-1))},
	} {
		if _, err := encodeVector(v); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: got %v, want ErrInvalid", name, err)
		}
	}
}

// FuzzOpen gives blobs as a damaged or hostile disk would.
func FuzzOpen(f *testing.F) {
	b := testBox(f)
	at := namePlace("p")
	f.Add([]byte{})
	f.Add([]byte{formatV1})
	f.Add(b.seal(nil, at))
	f.Add(b.seal([]byte("name"), at)[:20])
	f.Fuzz(func(t *testing.T, blob []byte) {
		plain, err := b.open(blob, at)
		if err != nil {
			if !errors.Is(err, ErrCorrupt) || plain != nil {
				t.Errorf("got %q and %v, want nothing and ErrCorrupt", plain, err)
			}
			return
		}
		if len(plain) != len(blob)-1-b.aead.Overhead() {
			t.Errorf("%d bytes from %d", len(plain), len(blob))
		}
	})
}

// FuzzDecodeVector: what decodes encodes to the same bytes.
func FuzzDecodeVector(f *testing.F) {
	ok, err := encodeVector([]float32{1, 2, 3})
	must(f, err)
	f.Add(ok)
	f.Add([]byte{})
	f.Add([]byte{255, 255})
	f.Add([]byte{1, 0, 0, 0, 0xc0, 0x7f}) // NaN
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := decodeVector(b)
		if err != nil {
			if !errors.Is(err, ErrCorrupt) || v != nil {
				t.Errorf("got %v and %v, want nothing and ErrCorrupt", v, err)
			}
			return
		}
		again, err := encodeVector(v)
		must(t, err)
		if !bytes.Equal(again, b) {
			t.Errorf("%x decodes, and encodes to %x", b, again)
		}
	})
}
