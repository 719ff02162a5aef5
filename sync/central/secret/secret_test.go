package secret

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"agentid/sync/central/awstest"
)

const keyID = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"

// stores are one of each kind, with nothing in it.
func stores(t *testing.T) map[string]Store {
	t.Helper()
	cloud := awstest.New(t, keyID)
	out := map[string]Store{}
	for name, where := range map[string]string{
		"folder":          filepath.Join(t.TempDir(), "secrets"),
		"Secrets Manager": "aws-sm:agentid/central?endpoint=" + cloud.URL,
		"KMS":             "aws-kms:" + keyID + "?blob=" + filepath.Join(t.TempDir(), "keys", "master.blob") + "&endpoint=" + cloud.URL,
	} {
		s, err := Open(t.Context(), where)
		if err != nil {
			t.Fatal(err)
		}
		out[name] = s
	}
	return out
}

// TestStores holds every kind of store to the same rules.
func TestStores(t *testing.T) {
	for name, s := range stores(t) {
		t.Run(name, func(t *testing.T) {
			ctx := t.Context()
			key := func(get func(context.Context) ([]byte, error)) []byte {
				t.Helper()
				b, err := get(ctx)
				if err != nil || len(b) != KeySize {
					t.Fatalf("%d bytes, %v", len(b), err)
				}
				return b
			}
			if _, err := s.Master(ctx); !errors.Is(err, ErrAbsent) {
				t.Errorf("before: %v", err)
			}
			if _, err := s.Next(ctx); !errors.Is(err, ErrAbsent) {
				t.Errorf("next, before: %v", err)
			}
			if err := s.Promote(ctx); !errors.Is(err, ErrAbsent) {
				t.Errorf("promote nothing: %v", err)
			}
			var first []byte
			for range 2 { // the second finds it there
				if err := s.Create(ctx); err != nil {
					t.Fatal(err)
				}
				b := key(s.Master)
				if first != nil && !bytes.Equal(b, first) {
					t.Error("made anew where one was")
				}
				first = b
			}
			var next []byte
			for range 2 {
				if err := s.Prepare(ctx); err != nil {
					t.Fatal(err)
				}
				b := key(s.Next)
				if next != nil && !bytes.Equal(b, next) || bytes.Equal(b, first) {
					t.Error("the next key was made anew, or is the first")
				}
				next = b
			}
			if !bytes.Equal(key(s.Master), first) {
				t.Error("preparing changed the master key")
			}
			if err := s.Promote(ctx); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(key(s.Master), next) {
				t.Error("the next key is not the master key")
			}
			if _, err := s.Next(ctx); !errors.Is(err, ErrAbsent) {
				t.Errorf("next, after: %v", err)
			}
			// Once more, over what the first rotation left.
			for _, f := range []func(context.Context) error{s.Prepare, s.Promote} {
				if err := f(ctx); err != nil {
					t.Fatal(err)
				}
			}
			if b := key(s.Master); bytes.Equal(b, next) || bytes.Equal(b, first) {
				t.Error("the second rotation gave a key that was")
			}
			if s.String() == "" {
				t.Error("it does not say where it is")
			}
		})
	}
}

func TestDir(t *testing.T) {
	d := Dir(filepath.Join(t.TempDir(), "secrets"))
	for _, f := range []func(context.Context) error{d.Create, d.Prepare, d.Promote} {
		if err := f(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(string(d), ".new*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if before, err := os.ReadFile(filepath.Join(string(d), "master.before")); err != nil || len(before) != KeySize {
		t.Errorf("the key before: %d bytes, %v", len(before), err)
	}
	path := filepath.Join(string(d), "master.key")
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Master(t.Context()); err == nil {
		t.Error("others may read it, and it is taken")
	}
	if err := errors.Join(os.Chmod(path, 0o600), os.Truncate(path, 8)); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Master(t.Context()); err == nil || errors.Is(err, ErrAbsent) {
		t.Errorf("a short key: %v", err)
	}
}

// TestBound: a blob opens by its key and for its centre alone.
func TestBound(t *testing.T) {
	cloud := awstest.New(t, keyID, "alias/other")
	blob := filepath.Join(t.TempDir(), "master.blob")
	open := func(key, more string) Store {
		t.Helper()
		s, err := Open(t.Context(), "aws-kms:"+key+"?blob="+blob+"&endpoint="+cloud.URL+more)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := open(keyID, "&context=banco-norte")
	if err := s.Create(t.Context()); err != nil {
		t.Fatal(err)
	}
	key, err := s.Master(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(blob)
	if err != nil || bytes.Contains(raw, key) {
		t.Errorf("the file holds the key, or nothing: %v", err)
	}
	for name, other := range map[string]Store{"another centre": open(keyID, ""), "another key": open("alias/other", "&context=banco-norte")} {
		if _, err := other.Master(t.Context()); err == nil || !strings.Contains(err.Error(), "of another key, or of another context") {
			t.Errorf("%s: %v", name, err)
		}
	}
	cloud.Disable(keyID)
	if _, err := s.Master(t.Context()); err == nil || !strings.Contains(err.Error(), "DisabledException") {
		t.Errorf("disabled: %v", err)
	}
	if err := os.WriteFile(blob, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Master(t.Context()); err == nil {
		t.Error("an empty blob is taken")
	}
}

// TestCloudRefuses: what goes wrong has a name, and no error holds a key.
func TestCloudRefuses(t *testing.T) {
	cloud := awstest.New(t, keyID)
	manager, err := Open(t.Context(), "aws-sm:agentid?endpoint="+cloud.URL)
	if err != nil {
		t.Fatal(err)
	}
	envelope, err := Open(t.Context(), "aws-kms:"+keyID+"?blob="+filepath.Join(t.TempDir(), "b")+"&endpoint="+cloud.URL)
	if err != nil {
		t.Fatal(err)
	}
	for operation, f := range map[string]func(context.Context) error{
		"secretsmanager:CreateSecret":         manager.Create,
		"kms:GenerateDataKeyWithoutPlaintext": envelope.Create,
	} {
		cloud.Deny(operation)
		if err := f(t.Context()); !errors.Is(err, ErrDenied) {
			t.Errorf("%s: %v", operation, err)
		}
		cloud.Deny("")
		if err := f(t.Context()); err != nil {
			t.Errorf("%s, allowed: %v", operation, err)
		}
	}
	key, err := manager.Master(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	cloud.Fail("InternalServiceError")
	before := cloud.Calls("secretsmanager:GetSecretValue")
	if _, err := manager.Master(t.Context()); err == nil || bytes.Contains([]byte(err.Error()), key) {
		t.Errorf("service down: %v", err)
	}
	if n := cloud.Calls("secretsmanager:GetSecretValue") - before; n != 3 {
		t.Errorf("asked %d times", n)
	}
	cloud.Fail("")
	cloud.Put("agentid", []byte("thirty-one bytes are not enough"))
	if _, err := manager.Master(t.Context()); err == nil || strings.Contains(err.Error(), "thirty") {
		t.Errorf("a short key: %v", err)
	}
	t.Setenv("AWS_SECRET_ACCESS_KEY", "another")
	forged, err := Open(t.Context(), "aws-sm:agentid?endpoint="+cloud.URL)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := forged.Master(t.Context()); !errors.Is(err, ErrDenied) {
		t.Errorf("signed by another: %v", err)
	}
}

func TestOpen(t *testing.T) {
	awstest.New(t)
	for where, want := range map[string]string{
		"":                                  "set --secrets",
		"aws-sm:":                           "want a name",
		"aws-sm:x?blob=/y":                  `"blob" is not to be there`,
		"aws-sm:x?region=a&region=b":        `"region" is not to be there`,
		"aws-sm:x?%zz":                      "no query",
		"aws-sm:x?endpoint=http://10.0.0.1": "want https",
		"aws-sm:x?endpoint=here":            "no address",
		"aws-kms:x":                         "want ?blob=",
		"aws-kms:x?blob=":                   `"blob" is not to be there, or not so`,
		"aws-kms:x?blob=/b&x=y":             `"x" is not to be there`,
	} {
		if _, err := Open(t.Context(), where); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", where, err)
		}
	}
	t.Setenv("AWS_REGION", "")
	if _, err := Open(t.Context(), "aws-sm:x"); err == nil || !strings.Contains(err.Error(), "no region") {
		t.Errorf("no region: %v", err)
	}
	for _, where := range []string{"/var/lib/secrets", "relative/aws-sm", "aws-sm:x?region=eu-west-1", "aws-kms:" + keyID + "?blob=/b"} {
		if _, err := Open(t.Context(), where); err != nil {
			t.Errorf("%q: %v", where, err)
		}
	}
}

func TestBox(t *testing.T) {
	box := func(b byte) *Box {
		x, err := NewBox(bytes.Repeat([]byte{b}, KeySize))
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	sealed := box(1).Seal([]byte("key"), "here")
	if got, err := box(1).Open(sealed, "here"); string(got) != "key" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	for name, f := range map[string]func() ([]byte, error){
		"other key":   func() ([]byte, error) { return box(2).Open(sealed, "here") },
		"other place": func() ([]byte, error) { return box(1).Open(sealed, "there") },
		"cut":         func() ([]byte, error) { return box(1).Open(sealed[:5], "here") },
		"changed":     func() ([]byte, error) { s := bytes.Clone(sealed); s[20] ^= 1; return box(1).Open(s, "here") },
	} {
		if got, err := f(); !errors.Is(err, ErrOpen) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if _, err := NewBox([]byte("short")); err == nil {
		t.Error("a short key is taken")
	}
}
