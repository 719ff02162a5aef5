package blob

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"agentid/sync/central/s3test"
)

func testStore(t *testing.T) (*S3, *s3test.Server) {
	t.Helper()
	srv := s3test.New(t)
	s, err := NewS3(t.Context(), Options{Endpoint: srv.URL, Region: s3test.Region, AccessKey: s3test.AccessKey, SecretKey: s3test.SecretKey})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second finds them there
		if err := s.MakeBuckets(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return s, srv
}

func use(t *testing.T, k Ticket, body []byte, change func(http.Header)) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, k.URL, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, v := range k.Headers {
		req.Header.Set(name, v)
	}
	if change != nil {
		change(req.Header)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	said, _ := io.ReadAll(res.Body)
	if res.StatusCode >= 500 {
		t.Logf("%d %s", res.StatusCode, said)
	}
	return res.StatusCode
}

func TestTicketPutsOneObject(t *testing.T) {
	s, _ := testStore(t)
	picture := []byte("\xff\xd8 a picture")
	p := Put{Bucket: BucketDetection, Key: "norte/ab/abc", SHA256: sha256.Sum256(picture), Size: int64(len(picture)), Type: "image/jpeg"}
	k, err := s.Presign(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	if k.Headers["If-None-Match"] != "*" || k.Headers["X-Amz-Checksum-Sha256"] == "" && !strings.Contains(k.URL, "hecksum-") {
		t.Errorf("nothing in the ticket binds the object: %v", k)
	}
	if _, err := s.Stat(t.Context(), p.Bucket, p.Key); !errors.Is(err, ErrAbsent) {
		t.Errorf("before: %v", err)
	}
	if code := use(t, k, []byte("\xff\xd8 b picture"), nil); code < 400 {
		t.Errorf("another picture of that size was taken: %d", code)
	}
	if code := use(t, k, picture, func(h http.Header) { h.Set("If-None-Match", "x") }); code < 400 {
		t.Errorf("the condition could be changed: %d", code)
	}
	if code := use(t, k, picture, nil); code != http.StatusOK {
		t.Fatalf("put: %d", code)
	}
	if code := use(t, k, picture, nil); code != http.StatusPreconditionFailed {
		t.Errorf("put again: %d", code)
	}
	o, err := s.Stat(t.Context(), p.Bucket, p.Key)
	if err != nil || o != (Object{Size: p.Size, SHA256: p.SHA256, Type: p.Type}) {
		t.Errorf("%+v, %v", o, err)
	}
}

func TestEraseEveryVersion(t *testing.T) {
	s, _ := testStore(t)
	for _, content := range []string{`{"v":1}`, `{"v":2}`, `{"v":3}`} {
		if err := s.Write(t.Context(), BucketFacial, "a/1", []byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Write(t.Context(), BucketFacial, "a/12", []byte(`{}`)); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Read(t.Context(), BucketFacial, "a/1"); err != nil || string(got) != `{"v":3}` {
		t.Errorf("%s, %v", got, err)
	}
	if n, err := s.Erase(t.Context(), BucketFacial, "a/1"); n != 3 || err != nil {
		t.Errorf("%d versions erased, %v", n, err)
	}
	if n, err := s.Erase(t.Context(), BucketFacial, "a/1"); n != 0 || err != nil {
		t.Errorf("again: %d versions, %v", n, err)
	}
	if _, err := s.Read(t.Context(), BucketFacial, "a/1"); !errors.Is(err, ErrAbsent) {
		t.Errorf("after: %v", err)
	}
	var keys []string
	err := s.List(t.Context(), BucketFacial, "a/", func(key string) error { keys = append(keys, key); return nil })
	if err != nil || !slices.Equal(keys, []string{"a/12"}) {
		t.Errorf("left are %v, %v", keys, err)
	}
}

func TestStoreDown(t *testing.T) {
	s, srv := testStore(t)
	if err := s.Ready(t.Context()); err != nil {
		t.Errorf("ready: %v", err)
	}
	srv.Down()
	for name, f := range map[string]func(context.Context) error{
		"ready": s.Ready,
		"stat":  func(ctx context.Context) error { _, err := s.Stat(ctx, BucketFacial, "x"); return err },
		"erase": func(ctx context.Context) error { _, err := s.Erase(ctx, BucketFacial, "x"); return err },
		"write": func(ctx context.Context) error { return s.Write(ctx, BucketFacial, "x", nil) },
	} {
		if err := f(t.Context()); !errors.Is(err, ErrUnavailable) || errors.Is(err, ErrAbsent) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := s.Presign(t.Context(), Put{Bucket: BucketFacial, Key: "x", Size: 1, Type: "image/jpeg"}); err != nil {
		t.Errorf("a ticket needs no store: %v", err)
	}
}
