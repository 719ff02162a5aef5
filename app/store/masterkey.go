package store

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"agentid/app/domain/keyplace"
)

// Where a master key may come from, besides a file.
const (
	// KeyEnv holds the key itself, in base64.
	KeyEnv = "AGENTID_MASTER_KEY"
	// KeyCredential is the name of the systemd credential
	// (LoadCredentialEncrypted=agentid-master-key:…).
	KeyCredential = "agentid-master-key"

	credentialsEnv = "CREDENTIALS_DIRECTORY"
	maxKeyFile     = 4 << 10
)

// MasterKey wraps the keys of all people. It prints as its source only.
type MasterKey struct {
	key    [keySize]byte
	set    bool
	source string
	// file is where the key was read from, and next the key beside it that an
	// interrupted rotation left; see RotateKeyFile.
	file string
	next *MasterKey
}

// NewMasterKey makes a key of 32 bytes.
func NewMasterKey(raw []byte) (MasterKey, error) {
	return masterKey(raw, "memory")
}

// GenerateMasterKey makes a random key that is kept nowhere, for a trial.
func GenerateMasterKey() MasterKey {
	k, _ := masterKey(newKey(), "memory") // newKey gives the right size
	return k
}

func masterKey(raw []byte, source string) (MasterKey, error) {
	if len(raw) != keySize {
		return MasterKey{}, fmt.Errorf("%w: master key of %d bytes, want %d", ErrInvalid, len(raw), keySize)
	}
	k := MasterKey{key: [keySize]byte(raw), set: true, source: source}
	if k.key == [keySize]byte{} {
		return MasterKey{}, fmt.Errorf("%w: master key of zeros", ErrInvalid)
	}
	return k, nil
}

// Source says where the key came from, for the doctor.
func (k MasterKey) Source() string { return k.source }

// Format keeps the key out of every log and error, whatever the verb.
func (k MasterKey) Format(f fmt.State, _ rune) { io.WriteString(f, "master key ("+k.source+")") }

// MarshalText keeps it out of JSON and slog as well.
func (k MasterKey) MarshalText() ([]byte, error) { return fmt.Append(nil, k), nil }

// KeyOptions says where to look for the master key.
type KeyOptions struct {
	// File holds the key in base64. It must be readable by its owner alone and
	// lie outside DataDir. "" for none.
	File string
	// DataDir is the store's folder.
	DataDir string
	// Create allows a new key to be made in File where it is absent and
	// DataDir has no database yet.
	Create bool
	// Getenv is os.Getenv if nil.
	Getenv func(string) string
}

// LoadMasterKey takes the systemd credential if there is one, else the
// environment, else the file. Errors: ErrNoKey, ErrKeyExposed, ErrInvalid.
func LoadMasterKey(o KeyOptions) (MasterKey, error) {
	if o.Getenv == nil {
		o.Getenv = os.Getenv
	}
	if dir := o.Getenv(credentialsEnv); dir != "" {
		// systemd itself guards who may read a credential.
		k, err := readKey(filepath.Join(dir, KeyCredential), "systemd credential", nil)
		if !errors.Is(err, fs.ErrNotExist) {
			return k, err
		}
	}
	if s := o.Getenv(KeyEnv); s != "" {
		raw, err := parseKey([]byte(s))
		if err != nil {
			return MasterKey{}, fmt.Errorf("master key in %s: %w", KeyEnv, err)
		}
		return masterKey(raw, "environment")
	}
	if o.File == "" {
		return MasterKey{}, fmt.Errorf("%w: no credential, no %s, no file", ErrNoKey, KeyEnv)
	}
	if err := outside(o.File, o.DataDir); err != nil {
		return MasterKey{}, err
	}
	source := "file " + o.File
	k, err := readKey(o.File, source, ownerOnly)
	if err == nil {
		return withNext(k, o.File)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return k, err
	}
	if !o.Create {
		return MasterKey{}, fmt.Errorf("%w: %s is absent", ErrNoKey, o.File)
	}
	if _, err := os.Stat(filepath.Join(o.DataDir, databaseName)); err == nil {
		return MasterKey{}, fmt.Errorf("%w: %s is absent, and a new key would not open the database in %s", ErrNoKey, o.File, o.DataDir)
	}
	if err := createKey(o.File); err != nil {
		return MasterKey{}, fmt.Errorf("make master key: %w", err)
	}
	return readKey(o.File, source, ownerOnly)
}

// outside refuses a key that would be copied along with the data it protects.
func outside(file, dir string) error {
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

// readKey reads a key file after guard, if any, has looked at what was opened.
func readKey(path, source string, guard func(fs.FileInfo) error) (MasterKey, error) {
	f, err := os.Open(path)
	if err != nil {
		return MasterKey{}, fmt.Errorf("read master key: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return MasterKey{}, fmt.Errorf("read master key: %w", err)
	}
	if !info.Mode().IsRegular() {
		return MasterKey{}, fmt.Errorf("%w: %s is no regular file", ErrInvalid, path)
	}
	if guard != nil {
		if err := guard(info); err != nil {
			return MasterKey{}, fmt.Errorf("%s: %w", path, err)
		}
	}
	b, err := io.ReadAll(io.LimitReader(f, maxKeyFile+1))
	if err != nil {
		return MasterKey{}, fmt.Errorf("read master key: %w", err)
	}
	raw, err := parseKey(b)
	if err != nil {
		return MasterKey{}, fmt.Errorf("%s: %w", path, err)
	}
	return masterKey(raw, source)
}

// parseKey takes a key as 32 raw bytes or as base64 with white space around.
func parseKey(b []byte) ([]byte, error) {
	if len(b) == keySize {
		return b, nil
	}
	if len(b) > maxKeyFile {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrInvalid, maxKeyFile)
	}
	s := strings.TrimRight(strings.TrimSpace(string(b)), "=")
	raw, err := base64.RawStdEncoding.DecodeString(s)
	if err != nil {
		return nil, fmt.Errorf("%w: not base64", ErrInvalid) // the cause would quote the key
	}
	if len(raw) != keySize {
		return nil, fmt.Errorf("%w: %d bytes, want %d", ErrInvalid, len(raw), keySize)
	}
	return raw, nil
}

// createKey puts a new key at path, whole and durable. Where another process
// was faster, its key stands.
func createKey(path string) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	tmp, err := writeTemp(dir, []byte(base64.StdEncoding.EncodeToString(newKey())+"\n"))
	if err != nil {
		return err
	}
	defer os.Remove(tmp)
	if err := os.Link(tmp, path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncDir(dir)
}
