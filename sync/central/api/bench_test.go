package api

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"runtime/debug"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"agentid/app/domain"
	"agentid/sync/central/pgtest"
	"agentid/sync/central/postgres"
	"agentid/sync/protocol"
)

// A full batch of recognitions, as a kiosk makes them, and a sender's share of
// them ready to be sent: what is measured is the centre, not the kiosk.
func (d *device) batches(from, n int) [][]byte {
	var out [][]byte
	for b := range n {
		items := make([]protocol.Item, protocol.MaxItems)
		for i := range items {
			seq := from + b*protocol.MaxItems + i + 1
			e := domain.Event{ID: domain.EventID(testID(seq)), Seq: uint64(seq), DeviceID: d.id, Kind: domain.EventRecognition, Reason: domain.ReasonRecognised,
				At: start.Add(time.Duration(seq) * time.Millisecond), Person: domain.PersonID(testID(1<<30 + seq%500)), Distance: 0.31 + float64(seq%100)/1000, Second: 0.72,
				Threshold: 0.6, Metric: "euclidean", Votes: 3, Frames: 4, Quality: 0.8, Encoder: domain.EncoderRef{Name: "dlib_resnet", Version: "1"}, Detector: "haar"}
			it, err := protocol.EventItem(e)
			must(d.c.t, err)
			items[i] = it
		}
		z, err := protocol.EncodeBatch(protocol.Batch{ID: uuid.NewString(), DeviceID: d.id, SentAt: start, Items: items})
		must(d.c.t, err)
		out = append(out, z)
	}
	return out
}

// BenchmarkIngest: events a second over HTTP into PostgreSQL, from kiosks at
// once, and such events as single-row inserts over the same number of
// connections, in the same run and into the same server, which is durable.
func BenchmarkIngest(b *testing.B) {
	const kiosks, each = 4, 10
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // as central serve does
	server, err := pgtest.Start(pgtest.Durable...)
	if errors.Is(err, pgtest.ErrAbsent) {
		b.Skipf("skipped: %v", err)
	}
	must(b, err)
	defer server.Close()
	must(b, server.Exec(context.Background(), "postgres", "CREATE ROLE central LOGIN", "CREATE DATABASE central OWNER central", "CREATE DATABASE singles OWNER central"))
	dsn, other := server.DSN("central", "central"), server.DSN("central", "singles")
	must(b, postgres.Migrate(context.Background(), dsn))
	must(b, postgres.Migrate(context.Background(), other))
	c := centreOn(b, dsn, func(o *Options) { o.Limits.KioskPerSecond = 1e6 })
	var rate, single float64
	var cpu time.Duration
	events := 0
	for b.Loop() {
		var wg sync.WaitGroup
		var sets [kiosks][][]byte
		var ds [kiosks]*device
		for k := range kiosks {
			ds[k] = c.enrolled()
			sets[k] = ds[k].batches(0, each)
		}
		began, before := time.Now(), processor(b)
		for k := range kiosks {
			wg.Add(1)
			go func() {
				defer wg.Done()
				for _, z := range sets[k] {
					req, err := http.NewRequest("POST", c.http.URL+"/v1/batches", bytes.NewReader(z))
					if err != nil {
						b.Error(err)
						return
					}
					req.Header = http.Header{"Content-Type": {"application/json"}, "Content-Encoding": {"gzip"}, protocol.HeaderVersion: {"1"}, "Authorization": {"Bearer " + ds[k].token}}
					res, err := http.DefaultClient.Do(req)
					if err != nil {
						b.Error(err)
						return
					}
					body, err := io.ReadAll(res.Body)
					res.Body.Close()
					if err != nil || res.StatusCode != 200 || bytes.Count(body, []byte(`"stored"`)) != protocol.MaxItems {
						b.Errorf("%d %.200s %v", res.StatusCode, body, err)
						return
					}
				}
			}()
		}
		wg.Wait()
		cpu += processor(b) - before
		events += kiosks * each * protocol.MaxItems
		rate = max(rate, kiosks*each*protocol.MaxItems/time.Since(began).Seconds())
	}
	for range 3 { // of these too the best
		single = max(single, singles(b, other, kiosks, 1000))
	}
	b.ReportMetric(rate, "events/s")
	b.ReportMetric(float64(cpu.Nanoseconds())/float64(events), "cpu-ns/event") // of this process: sending and the centre, not PostgreSQL
	b.ReportMetric(single, "singles/s")
	b.ReportMetric(rate/single, "times")
	b.ReportMetric(0, "ns/op")
}

// processor is how much processor time this process has used: a figure that other
// work on the machine moves little.
func processor(b *testing.B) time.Duration {
	var u syscall.Rusage
	must(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// singles is how many events a second go in one INSERT and one commit each.
func singles(b *testing.B, dsn string, connections, each int) float64 {
	ctx := context.Background()
	var conns []*pgx.Conn
	for range connections {
		conn, err := pgx.Connect(ctx, dsn)
		must(b, err)
		defer conn.Close(ctx)
		conns = append(conns, conn)
	}
	began := time.Now()
	var wg sync.WaitGroup
	for _, conn := range conns {
		wg.Add(1)
		go func() {
			defer wg.Done()
			device := uuid.New()
			for i := range each {
				_, err := conn.Exec(ctx, `INSERT INTO events (device, id, seq, site, kind, reason, at, received_at, skewed, person, distance, second, threshold, metric, votes, frames,
					quality, encoder, encoder_version, detector, liveness, liveness_reason, body_hash)
					VALUES ($1, $2, $3, 'norte', 'recognition', 'recognised', $4, $4, false, $5, 0.3, 0.7, 0.6, 'euclidean', 3, 4, 0.8, 'dlib_resnet', '1', 'haar', 0, '', $6)
					ON CONFLICT (device, id) DO NOTHING`, [16]byte(device), testID(i+1), i+1, start, testID(1<<30+i%500), make([]byte, 32))
				if err != nil {
					b.Error(err)
					return
				}
			}
		}()
	}
	wg.Wait()
	return float64(connections*each) / time.Since(began).Seconds()
}
