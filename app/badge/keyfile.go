package badge

import (
	"bufio"
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"agentid/app/domain"
	"agentid/app/domain/keyplace"
)

// Errors of the key file.
var (
	// ErrNoKey says that there is no key file and none may be made.
	ErrNoKey = errors.New("no issuer key")
	// ErrKeyExposed says that others could read the key, or copy it along with
	// the data.
	ErrKeyExposed = errors.New("issuer key exposed")
)

const (
	keyHeader     = "agentid-issuer-key-1"
	retiredHeader = "agentid-retired-keys-1"
	retiredSuffix = ".retired"
	maxKeyFile    = 4 << 10
	maxRetired    = 1 << 20
)

// KeyFile is where this kiosk's issuer key lies. The seed is in File, for its
// owner alone; the public halves of the keys that were used before are beside
// it, in File.retired, one a line, with when they were retired. Their seeds
// are gone: they only verify. To distrust one of them, delete its line.
type KeyFile struct {
	File string
	// DataDir is the store's folder: the key must lie outside it.
	DataDir string
	// Create allows a key to be made where there is none: for as long as no badge
	// was issued. Later an absent file is a loss to be told, not to be covered by
	// a key that knows none of the badges in people's pockets.
	Create bool
}

// Keys are this kiosk's own keys.
type Keys struct {
	Issuer  *Issuer
	Retired []Retired
}

// Retired is a key that was used before.
type Retired struct {
	Public ed25519.PublicKey
	At     time.Time
}

// Public lists all keys to verify with, the present one first.
func (k Keys) Public() []ed25519.PublicKey {
	out := []ed25519.PublicKey{k.Issuer.Public()}
	for _, r := range k.Retired {
		out = append(out, r.Public)
	}
	return out
}

// Open reads the keys, and makes one at first use where that is allowed.
func (f KeyFile) Open() (Keys, error) {
	if err := f.outside(); err != nil {
		return Keys{}, err
	}
	issuer, err := f.read()
	if errors.Is(err, fs.ErrNotExist) {
		if !f.Create {
			return Keys{}, fmt.Errorf("%w: %s is absent", ErrNoKey, f.File)
		}
		if err := f.write(false); err != nil {
			return Keys{}, fmt.Errorf("make issuer key: %w", err)
		}
		issuer, err = f.read()
	}
	if err != nil {
		return Keys{}, fmt.Errorf("read issuer key: %w", err)
	}
	retired, err := f.retired()
	if err != nil {
		return Keys{}, fmt.Errorf("read retired keys: %w", err)
	}
	return Keys{Issuer: issuer, Retired: retired}, nil
}

// Rotate retires the key and makes a new one. What the old one signed stays
// valid. The old key is written down as retired before the new one takes its
// place: a crash between the two loses nothing.
func (f KeyFile) Rotate(clock domain.Clock) (Keys, error) {
	if err := f.outside(); err != nil {
		return Keys{}, err
	}
	unlock, err := lockDir(filepath.Dir(f.File))
	if err != nil {
		return Keys{}, fmt.Errorf("rotate issuer key: %w", err)
	}
	defer unlock()
	f.Create = false
	old, err := f.Open()
	if err != nil {
		return Keys{}, err
	}
	if err := f.retire(old, clock.Now()); err != nil {
		return Keys{}, fmt.Errorf("retire issuer key: %w", err)
	}
	if err := f.write(true); err != nil {
		return Keys{}, fmt.Errorf("make issuer key: %w", err)
	}
	return f.Open()
}

func (f KeyFile) read() (*Issuer, error) {
	b, err := readFile(f.File, maxKeyFile, ownerOnly)
	if err != nil {
		return nil, err
	}
	lines := strings.Fields(string(b))
	if len(lines) != 2 || lines[0] != keyHeader {
		return nil, fmt.Errorf("%w: %s is no issuer key", ErrInvalid, f.File)
	}
	// The cause of a failure would quote the key.
	seed, err := base64.StdEncoding.Strict().DecodeString(lines[1])
	if err != nil || len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("%w: %s holds no seed", ErrInvalid, f.File)
	}
	return NewIssuer(seed)
}

// write puts a new seed into the file. Without over, a file that is there by
// then stays: another process was faster.
func (f KeyFile) write(over bool) error {
	dir := filepath.Dir(f.File)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	seed := make([]byte, ed25519.SeedSize)
	rand.Read(seed) // never fails
	tmp, err := writeTemp(dir, []byte(keyHeader+"\n"+base64.StdEncoding.EncodeToString(seed)+"\n"))
	if err != nil {
		return err
	}
	defer os.Remove(tmp) // gone already where it was renamed
	if over {
		err = os.Rename(tmp, f.File)
	} else if err = os.Link(tmp, f.File); errors.Is(err, fs.ErrExist) {
		err = nil
	}
	if err != nil {
		return err
	}
	return syncDir(dir)
}

func (f KeyFile) retired() ([]Retired, error) {
	b, err := readFile(f.File+retiredSuffix, maxRetired, notForOthersToWrite)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	return parseRetired(b)
}

// parseRetired reads a header and lines of "key time"; # begins a remark.
func parseRetired(b []byte) ([]Retired, error) {
	lines := bufio.NewScanner(bytes.NewReader(b))
	if !lines.Scan() || strings.TrimSpace(lines.Text()) != retiredHeader {
		return nil, fmt.Errorf("%w: no list of retired keys", ErrInvalid)
	}
	var out []Retired
	for n := 2; lines.Scan(); n++ {
		s, _, _ := strings.Cut(lines.Text(), "#")
		w := strings.Fields(s)
		if len(w) == 0 {
			continue
		}
		if len(w) != 2 {
			return nil, fmt.Errorf("%w: line %d: want a key and a time", ErrInvalid, n)
		}
		pub, err := base64.StdEncoding.Strict().DecodeString(w[0])
		if err != nil || len(pub) != ed25519.PublicKeySize {
			return nil, fmt.Errorf("%w: line %d: no public key", ErrInvalid, n)
		}
		at, err := time.Parse(time.RFC3339, w[1])
		if err != nil {
			return nil, fmt.Errorf("%w: line %d: no time", ErrInvalid, n)
		}
		out = append(out, Retired{Public: pub, At: at})
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return out, nil
}

func (f KeyFile) retire(k Keys, now time.Time) error {
	path := f.File + retiredSuffix
	b, err := readFile(path, maxRetired, notForOthersToWrite)
	if errors.Is(err, fs.ErrNotExist) {
		b = []byte(retiredHeader + "\n")
	} else if err != nil {
		return err
	}
	if !bytes.HasSuffix(b, []byte("\n")) {
		b = append(b, '\n')
	}
	b = fmt.Appendf(b, "%s %s # %v\n", base64.StdEncoding.EncodeToString(k.Issuer.Public()), now.UTC().Format(time.RFC3339), k.Issuer.ID())
	if len(b) > maxRetired {
		return fmt.Errorf("%w: %s would exceed %d bytes", ErrInvalid, path, maxRetired)
	}
	dir := filepath.Dir(path)
	tmp, err := writeTemp(dir, b)
	if err != nil {
		return err
	}
	defer os.Remove(tmp)
	if err := os.Rename(tmp, path); err != nil {
		return err
	}
	return syncDir(dir)
}

// outside refuses a key that would be copied along with the data.
func (f KeyFile) outside() error {
	if f.File == "" {
		return fmt.Errorf("%w: no file named", ErrNoKey)
	}
	if f.DataDir == "" {
		return nil
	}
	in, err := keyplace.Within(f.File, f.DataDir)
	if err != nil {
		return err
	}
	if in {
		return fmt.Errorf("%w: %s lies in the data folder", ErrKeyExposed, f.File)
	}
	return nil
}

// readFile reads a small regular file after guard has looked at what was opened.
func readFile(path string, most int64, guard func(fs.FileInfo) error) ([]byte, error) {
	// Not to hang on a pipe: the check below is of what was opened.
	file, err := os.OpenFile(path, os.O_RDONLY|nonBlock, 0)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%w: %s is no regular file", ErrInvalid, path)
	}
	if err := guard(info); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	b, err := io.ReadAll(io.LimitReader(file, most+1))
	if err != nil {
		return nil, err
	}
	if int64(len(b)) > most {
		return nil, fmt.Errorf("%w: %s exceeds %d bytes", ErrInvalid, path, most)
	}
	return b, nil
}

// ownerOnly refuses a secret that others could read.
func ownerOnly(info fs.FileInfo) error {
	if perm := info.Mode().Perm(); perm&0o077 != 0 {
		return fmt.Errorf("%w: mode %#o, want 0600", ErrKeyExposed, perm)
	}
	return ours(info)
}

// notForOthersToWrite refuses a list into which others could put their keys.
func notForOthersToWrite(info fs.FileInfo) error {
	if perm := info.Mode().Perm(); perm&0o022 != 0 {
		return fmt.Errorf("%w: mode %#o, others may write", ErrKeyExposed, perm)
	}
	return ours(info)
}

// writeTemp leaves b, durable and for its owner alone, under a new name in dir.
func writeTemp(dir string, b []byte) (string, error) {
	file, err := os.CreateTemp(dir, ".tmp-*") // mode 0600
	if err != nil {
		return "", err
	}
	_, err = file.Write(b)
	if err == nil {
		err = file.Sync()
	}
	if e := file.Close(); err == nil {
		err = e
	}
	if err != nil {
		os.Remove(file.Name())
		return "", err
	}
	return file.Name(), nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
