package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"agentid/sync/central/awstest"
	"agentid/sync/central/pgtest"
	"agentid/sync/central/secret"
)

// TestMasterKeyKept runs a centre on each kind of store: the key is made, a kiosk
// joins, the key is rotated under a program that serves, which goes on, and so
// does one that starts anew. Nothing of the key is ever said.
func TestMasterKeyKept(t *testing.T) {
	const key = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
	cloud := awstest.New(t, key)
	dir := t.TempDir()
	for name, where := range map[string]string{
		"folder":          filepath.Join(dir, "secrets"),
		"Secrets Manager": "aws-sm:banco/agentid?endpoint=" + cloud.URL,
		"KMS":             "aws-kms:" + key + "?context=banco&blob=" + filepath.Join(dir, "master.blob") + "&endpoint=" + cloud.URL,
	} {
		t.Run(name, func(t *testing.T) {
			var keys [][]byte
			remember := func() {
				t.Helper()
				store, err := secret.Open(t.Context(), where)
				must(t, err)
				k, err := store.Master(t.Context())
				must(t, err)
				keys = append(keys, k)
			}
			w := newWorld(t, pgtest.Database(t, "blank", nothing), nil, func(env map[string]string) { env["SECRETS"] = where })
			remember()
			p := w.serve("127.0.0.1:0")
			k := joinCentre(t, p.url(), w.code())
			k.mustSend(t, k.event(t, 1, ""))
			said := w.cli("keys", "master")
			remember()
			if !strings.HasPrefix(said, "2 keys wrapped anew") {
				t.Errorf("it said %q", said)
			}
			must(t, k.renew()) // with the key of the site, wrapped anew
			k.mustSend(t, k.event(t, 2, ""))
			again := w.serve("127.0.0.1:0")
			k.base = again.url()
			must(t, k.renew())

			var doctor bytes.Buffer
			if err := run(context.Background(), []string{"doctor"}, w.get, &doctor, &doctor); err == nil {
				t.Error("there is no object store, and the doctor is content")
			}
			if !strings.Contains(doctor.String(), "ok   master key") || !strings.Contains(doctor.String(), "ok   database") {
				t.Errorf("doctor: %s", doctor.String())
			}
			// Begun and not ended: it is said, serves all the same, and is ended.
			store, err := secret.Open(t.Context(), where)
			must(t, err)
			must(t, store.Prepare(t.Context()))
			doctor.Reset()
			if err := run(context.Background(), []string{"doctor"}, w.get, &doctor, &doctor); err == nil || !strings.Contains(doctor.String(), "run central keys master again") {
				t.Errorf("doctor: %s", doctor.String())
			}
			w.cli("kiosk", "list")
			w.cli("keys", "master")
			remember()
			must(t, k.renew())
			p.kill()
			again.kill()
			out := said + doctor.String() + p.said.String() + again.said.String()
			if !strings.Contains(p.said.String(), "master key read anew") {
				t.Errorf("the program that served read no other key: %s", p.said.String())
			}
			for i, key := range keys {
				if i > 0 && bytes.Equal(key, keys[i-1]) {
					t.Error("it was not rotated")
				}
				for _, spelt := range []string{string(key), hex.EncodeToString(key), base64.StdEncoding.EncodeToString(key), base64.RawURLEncoding.EncodeToString(key)} {
					if strings.Contains(out, spelt) {
						t.Errorf("the key was said")
					}
				}
			}
		})
	}

	// Another key is none of this database, and an absent one is not made anew.
	w := newWorld(t, pgtest.Database(t, "blank", nothing), nil)
	must(t, os.Rename(filepath.Join(w.env["SECRETS"], "master.key"), filepath.Join(dir, "kept")))
	for _, args := range [][]string{{"migrate"}, {"kiosk", "list"}} {
		err := run(context.Background(), args, w.get, &bytes.Buffer{}, &bytes.Buffer{})
		if args[0] == "migrate" {
			must(t, err)
		} else if err == nil || !strings.Contains(err.Error(), "bring back the one") {
			t.Errorf("%v: %v", args, err)
		}
	}
	must(t, secret.Dir(w.env["SECRETS"]).Create(t.Context()))
	if err := run(context.Background(), []string{"kiosk", "list"}, w.get, &bytes.Buffer{}, &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), "not this database's") {
		t.Errorf("another key: %v", err)
	}
	w.env["SECRETS"] = "aws-kms:nothing"
	if err := run(context.Background(), []string{"migrate"}, w.get, &bytes.Buffer{}, &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), "blob=") {
		t.Errorf("no blob: %v", err)
	}
}
