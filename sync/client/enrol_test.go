package client_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"agentid/app/store/storetest"
	"agentid/sync/client"
	"agentid/sync/outbox"
	"agentid/sync/protocol"
)

func enrolOptions(t *testing.T, c *centre) client.Options {
	dir := t.TempDir()
	return client.Options{
		URL: c.srv.URL, CAFile: c.caFile, KeyFile: filepath.Join(dir, "keys", "centre.json"), DataDir: filepath.Join(dir, "data"),
		DeviceID: storetest.ID(7), Timeout: time.Second,
	}
}

func TestEnrol(t *testing.T) {
	c := newCentre(t, true)
	o := enrolOptions(t, c)
	_, err := client.Open(o)
	wantErr(t, err, client.ErrNotEnrolled)
	// As people type it.
	m, err := client.Enrol(t.Context(), o, " "+strings.ToLower(c.code)+" ", "Centro 1")
	must(t, err)
	if m.SiteID != site || m.Branch != "Centro" || m.URL != c.srv.URL {
		t.Errorf("membership %+v", m)
	}
	info, err := os.Stat(o.KeyFile)
	if must(t, err); info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
	if files, _ := os.ReadDir(filepath.Dir(o.KeyFile)); len(files) != 1 {
		t.Errorf("%d files beside the keys", len(files)-1)
	}
	cl, err := client.Open(o)
	must(t, err)
	// The site's key is there without the network.
	c.srv.CloseClientConnections()
	key, err := cl.SiteKey(t.Context(), "")
	must(t, err)
	if got, err := key.OpenField("p", "name", c.site.SealField("p", "name", "Lucía")); got != "Lucía" || err != nil {
		t.Errorf("%q, %v", got, err)
	}

	other := o
	other.DeviceID = storetest.ID(8)
	_, err = client.Open(other)
	wantErr(t, err, client.ErrOtherDevice)
	inside := o
	inside.DataDir = filepath.Dir(o.KeyFile)
	_, err = client.Open(inside)
	wantErr(t, err, client.ErrKeyExposed)
	_, err = client.Enrol(t.Context(), inside, c.code, "")
	wantErr(t, err, client.ErrKeyExposed)
	must(t, os.Chmod(o.KeyFile, 0o644))
	_, err = client.Open(o)
	wantErr(t, err, client.ErrKeyExposed)
	must(t, os.Chmod(o.KeyFile, 0o600))
	must(t, os.WriteFile(o.KeyFile, []byte(`{"format":1}`), 0o600))
	_, err = client.Open(o)
	wantErr(t, err, client.ErrKeyFile)
}

func wantErr(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("got error %v, want %v", err, want)
	}
}

// Cut short anywhere, an enrolment is finished by the same code; and what was
// there before stays until it is.
func TestEnrolCutShort(t *testing.T) {
	c := newCentre(t, false)
	o := enrolOptions(t, c)
	for _, f := range []fault{resetBefore, resetAfter, timeoutAfter, portal, status503} {
		c.faults("/v1/enrolments", f)
		if _, err := client.Enrol(t.Context(), o, c.code, ""); err == nil {
			t.Errorf("%s: enrolled", f)
		}
		_, err := client.Open(o)
		wantErr(t, err, client.ErrNotEnrolled)
	}
	// The centre took the keys of the second attempt, and takes no others.
	_, err := client.Enrol(t.Context(), o, c.code, "")
	must(t, err)
	before, err := os.ReadFile(o.KeyFile)
	must(t, err)

	var r *outbox.Refusal
	if _, err := client.Enrol(t.Context(), o, protocol.NewCode(), ""); !errors.As(err, &r) || r.Problem.Code != protocol.CodeCode {
		t.Errorf("wrong code: %v", err)
	}
	if after, err := os.ReadFile(o.KeyFile); err != nil || !slices.Equal(before, after) {
		t.Errorf("a wrong code cost the membership: %v", err)
	}
	_, err = client.Enrol(t.Context(), o, "no code", "")
	wantErr(t, err, protocol.ErrContent)
}

// Somebody else's centre is not spoken to.
func TestEnrolTrust(t *testing.T) {
	c, other := newCentre(t, true), newCentre(t, true)
	o := enrolOptions(t, c)
	for name, spoil := range map[string]func(*client.Options){
		"system's authorities": func(o *client.Options) { o.CAFile = "" },
		"another authority": func(o *client.Options) {
			o.CAFile = filepath.Join(t.TempDir(), "ca.pem")
			must(t, os.WriteFile(o.CAFile, []byte(strangeCA), 0o600))
		},
		"no authority": func(o *client.Options) { o.CAFile = o.KeyFile + "x" },
		"no address":   func(o *client.Options) { o.URL = "" },
		"clear text":   func(o *client.Options) { o.URL = "http://centre.example.org" },
		"password":     func(o *client.Options) { o.URL = "https://a:b@centre.example.org" },
		"query":        func(o *client.Options) { o.URL += "?x=1" },
		"a file":       func(o *client.Options) { o.URL = "file:///etc/passwd" },
	} {
		spoiled := o
		spoil(&spoiled)
		if _, err := client.Enrol(t.Context(), spoiled, c.code, ""); err == nil {
			t.Errorf("%s: enrolled", name)
		}
	}
	if n := c.asked("/v1/enrolments") + other.asked("/v1/enrolments"); n != 0 {
		t.Errorf("the code was sent %d times", n)
	}
}

// strangeCA is a certificate that vouches for nothing here.
const strangeCA = `-----BEGIN CERTIFICATE-----
MIIBszCCAVmgAwIBAgIUCCjmLWn4NVzDO3MgSmMm6n5GQ2EwCgYIKoZIzj0EAwIw
LzEtMCsGA1UEAwwkbm90IGEgcmVhbCBjZXJ0aWZpY2F0ZSBvZiBhbnlib2R5IGhl
-----END CERTIFICATE-----
`

// A key of the site that is not known is bought with a token, once.
func TestSiteKeyRotates(t *testing.T) {
	c := newCentre(t, false)
	o := enrolOptions(t, c)
	_, err := client.Enrol(t.Context(), o, c.code, "")
	must(t, err)
	cl, err := client.Open(o)
	must(t, err)
	k2, err := protocol.NewSiteKey(site, "k2", slices.Repeat([]byte{7}, 32))
	must(t, err)
	for range 3 {
		_, err = cl.SiteKey(t.Context(), "k2")
		wantErr(t, err, outbox.ErrNoSiteKey)
	}
	if n := c.asked("/v1/token"); n != 1 {
		t.Errorf("asked %d times for a key that there is not", n)
	}
	c.with(func() { c.keys = []*protocol.SiteKey{k2, c.site} })
	cl, err = client.Open(o)
	must(t, err)
	for id, want := range map[string]string{"k2": "k2", "k1": "k1"} {
		if k, err := cl.SiteKey(t.Context(), id); err != nil || k.ID != want {
			t.Errorf("key %q: %v, %v", id, k, err)
		}
	}
	// Kept, for a start without the network.
	cl, err = client.Open(o)
	must(t, err)
	if k, err := cl.SiteKey(t.Context(), ""); err != nil || k.ID != "k2" {
		t.Errorf("newest: %v, %v", k, err)
	}
}
