package api

import (
	"bytes"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"agentid/app/domain"
	"agentid/sync/central/blob"
	"agentid/sync/central/eraser"
	"agentid/sync/central/s3test"
	"agentid/sync/protocol"
)

// onS3 is a centre over a real object store.
func onS3(t *testing.T) (*centre, *blob.S3) {
	t.Helper()
	store, err := blob.NewS3(t.Context(), blob.Options{Endpoint: s3test.New(t).URL, Region: s3test.Region, AccessKey: s3test.AccessKey, SecretKey: s3test.SecretKey})
	must(t, err)
	must(t, store.MakeBuckets(t.Context()))
	c := newCentre(t, func(o *Options) { o.Blob = store })
	c.eraser = eraser.New(c.db, store, c.clock, slog.New(slog.DiscardHandler))
	return c, store
}

// put uses a ticket.
func put(t *testing.T, k protocol.Ticket, picture []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, k.URL, bytes.NewReader(picture))
	must(t, err)
	for name, v := range k.Headers {
		req.Header.Set(name, v)
	}
	res, err := http.DefaultClient.Do(req)
	must(t, err)
	if res.Body.Close(); res.StatusCode != http.StatusOK {
		t.Fatalf("put: %d", res.StatusCode)
	}
}

// TestPutAfterErasure: a ticket of before the erasure still has a picture put
// after it, and after the first was deleted; it goes all the same, and until it
// cannot come any more the erasure is not reported as complete. It is on record
// from the start.
func TestPutAfterErasure(t *testing.T) {
	for name, committed := range map[string]bool{"never put before": false, "put and committed before": true} {
		t.Run(name, func(t *testing.T) {
			c, store := onS3(t)
			d := c.enrolled()
			picture := []byte("\xff\xd8 a picture")
			r := protocol.TicketRequest{SHA256: hexSum(picture), Size: int64(len(picture)), Type: "image/jpeg", Purpose: protocol.PurposeDetection, Event: domain.EventID(testID(1))}
			person := domain.PersonID(testID(1000))
			d.send(d.event(1, person))
			var k protocol.Ticket
			if status := c.ask("POST", "/v1/snapshots", d.token, r, &k); status != 200 {
				t.Fatal(status)
			}
			if committed {
				put(t, k, picture)
				if status := c.ask("POST", "/v1/snapshots/commit", d.token, r, nil); status != 200 {
					t.Fatal(status)
				}
			}
			if status := c.ask("POST", "/v1/admin/people/"+string(person)+"/erase", c.admin, Why{"asked by letter"}, nil); status != 202 {
				t.Fatal(status)
			}
			d.changes(d.changes("", "").Cursor, "")
			must(t, c.eraser.Once(t.Context()))
			if _, err := store.Read(t.Context(), blob.BucketFacial, "erasures/"+string(person)+".json"); err != nil {
				t.Errorf("not on record: %v", err)
			}
			put(t, k, picture)
			there := func() bool {
				t.Helper()
				_, err := store.Stat(t.Context(), blob.BucketDetection, "norte/"+r.SHA256[:2]+"/"+r.SHA256)
				return err == nil
			}
			complete := func() bool {
				t.Helper()
				report, err := c.db.ErasureReport(t.Context(), person)
				must(t, err)
				return report.Complete
			}
			for range 5 {
				must(t, c.eraser.Once(t.Context()))
				if there() && complete() {
					t.Fatal("complete with the picture there")
				}
				c.clock.Advance(16 * time.Minute)
			}
			must(t, c.eraser.Once(t.Context()))
			if there() || !complete() {
				t.Errorf("in the end the picture is there: %v, complete: %v", there(), complete())
			}
		})
	}
}

// TestPutAfterConsentIsTakenBack: so with whoever takes back that their face is kept.
func TestPutAfterConsentIsTakenBack(t *testing.T) {
	c, store := onS3(t)
	d := c.enrolled()
	person := domain.PersonID(testID(1000))
	consent := domain.Consent{ID: testID(1001), Person: person, Version: "1", TextSHA256: hexSum(nil), Lang: "es",
		Granted: []domain.Purpose{domain.PurposeData, domain.PurposeFace}, Method: "kiosk_touch", DeviceID: d.id, At: start}
	given, err := protocol.ConsentItem(consent)
	must(t, err)
	consent.Withdrawn = []domain.Withdrawal{{Purpose: domain.PurposeFace, At: start}}
	taken, err := protocol.ConsentItem(consent)
	must(t, err)
	if got := d.send(given); got != "stored" {
		t.Fatal(got)
	}
	picture := []byte("\xff\xd8 a face")
	r := protocol.TicketRequest{SHA256: hexSum(picture), Size: int64(len(picture)), Type: "image/jpeg", Purpose: protocol.PurposeFacial, Person: person}
	var k protocol.Ticket
	if status := c.ask("POST", "/v1/snapshots", d.token, r, &k); status != 200 {
		t.Fatal(status)
	}
	if got := d.send(taken); got != "stored" {
		t.Fatal(got)
	}
	must(t, c.eraser.Once(t.Context()))
	put(t, k, picture)
	if status, body, _ := c.raw("POST", "/v1/snapshots/commit", d.token, r); status != 409 || code(t, body) != protocol.CodeNoObject {
		t.Errorf("committed: %d %s", status, body)
	}
	c.clock.Advance(blob.TicketLife + time.Hour)
	must(t, c.eraser.Once(t.Context()))
	if o, err := store.Stat(t.Context(), blob.BucketFacial, "norte/"+r.SHA256[:2]+"/"+r.SHA256); err == nil {
		t.Errorf("the picture stays: %+v", o)
	}
}
