package client

import (
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"agentid/app/domain/keyplace"
	"agentid/sync/protocol"
)

// What can be wrong with a kiosk's keys, for errors.Is.
var (
	// ErrNotEnrolled: this kiosk belongs to no centre yet.
	ErrNotEnrolled = errors.New("this kiosk is not enrolled")
	// ErrKeyExposed: others could read the keys, or copy them along with the data.
	ErrKeyExposed = errors.New("key file of the centre is exposed")
	// ErrKeyFile: the file holds no keys.
	ErrKeyFile = errors.New("invalid key file of the centre")
	// ErrOtherDevice: the keys are of another kiosk.
	ErrOtherDevice = errors.New("key file belongs to another device")
)

const (
	keyFormat  = 1
	maxKeyFile = 256 << 10
	nextSuffix = ".next"
)

// Membership is where a kiosk belongs.
type Membership struct {
	URL      string    `json:"url"` // at which it enrolled
	SiteID   string    `json:"site_id"`
	SiteName string    `json:"site_name"`
	Branch   string    `json:"branch"`
	Audience string    `json:"audience"`
	JoinedAt time.Time `json:"joined_at"`
	// SiteKeys are sealed to the kiosk, the newest first.
	SiteKeys []protocol.SealedKey `json:"site_keys"`
	// Keys are what the centre signs with.
	Keys protocol.JWKS `json:"keys"`
}

// identity is what a key file holds.
type identity struct {
	Format     int         `json:"format"`
	DeviceID   string      `json:"device_id"`
	Signing    []byte      `json:"signing_key"`  // Ed25519 seed
	Exchange   []byte      `json:"exchange_key"` // X25519
	Membership *Membership `json:"membership,omitempty"`

	signing  ed25519.PrivateKey
	exchange *ecdh.PrivateKey
}

// String keeps the keys out of every log.
func (i *identity) String() string { return "keys of kiosk " + i.DeviceID }

// GoString does as String.
func (i *identity) GoString() string { return i.String() }

func newIdentity(device string) (*identity, error) {
	_, signing, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make signing key: %w", err)
	}
	exchange, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make exchange key: %w", err)
	}
	return &identity{
		Format: keyFormat, DeviceID: device, Signing: signing.Seed(), Exchange: exchange.Bytes(),
		signing: signing, exchange: exchange,
	}, nil
}

// parseIdentity reads a key file's content. No error quotes it.
func parseIdentity(b []byte) (*identity, error) {
	if len(b) > maxKeyFile {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrKeyFile, maxKeyFile)
	}
	i := new(identity)
	if err := protocol.DecodeStrict(b, maxKeyFile, i); err != nil {
		return nil, fmt.Errorf("%w: no such JSON", ErrKeyFile)
	}
	if i.Format != keyFormat || !protocol.ValidID(i.DeviceID) || len(i.Signing) != ed25519.SeedSize {
		return nil, fmt.Errorf("%w: format, device or signing key", ErrKeyFile)
	}
	var err error
	if i.exchange, err = ecdh.X25519().NewPrivateKey(i.Exchange); err != nil {
		return nil, fmt.Errorf("%w: exchange key", ErrKeyFile)
	}
	i.signing = ed25519.NewKeyFromSeed(i.Signing)
	if m := i.Membership; m != nil && (m.SiteID == "" || m.Audience == "") {
		return nil, fmt.Errorf("%w: membership without site or audience", ErrKeyFile)
	}
	return i, nil
}

// readIdentity reads a key file that is its owner's alone and lies outside
// dataDir. fs.ErrNotExist where there is none.
func readIdentity(path, dataDir string) (*identity, error) {
	if err := outside(path, dataDir); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_RDONLY|nonBlock, 0)
	if err != nil {
		return nil, fmt.Errorf("read key file: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("read key file: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%w: %s is no regular file", ErrKeyFile, path)
	}
	if err := ownerOnly(info); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	b, err := io.ReadAll(io.LimitReader(f, maxKeyFile+1))
	if err != nil {
		return nil, fmt.Errorf("read key file: %w", err)
	}
	i, err := parseIdentity(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return i, nil
}

// write puts the keys at path, whole and durable.
func (i *identity) write(path string) (err error) {
	b, err := json.MarshalIndent(i, "", "  ")
	if err != nil {
		return fmt.Errorf("write key file: %w", err)
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("write key file: %w", err)
	}
	f, err := os.CreateTemp(dir, ".centre-*") // mode 0600
	if err != nil {
		return fmt.Errorf("write key file: %w", err)
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	if _, err = f.Write(append(b, '\n')); err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err == nil {
		err = syncDir(dir)
	}
	if err != nil {
		return fmt.Errorf("write key file: %w", err)
	}
	return nil
}

// syncDir makes the names in dir durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if e := d.Close(); err == nil {
		err = e
	}
	return err
}

// outside refuses keys that would be copied along with the data.
func outside(file, dir string) error {
	if file == "" {
		return fmt.Errorf("%w: no file is named", ErrKeyFile)
	}
	if dir == "" {
		return nil
	}
	in, err := keyplace.Within(file, dir)
	if err != nil {
		return err
	}
	if in {
		return fmt.Errorf("%w: %s lies in the data folder", ErrKeyExposed, file)
	}
	return nil
}
