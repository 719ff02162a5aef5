package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/spf13/cobra"

	"agentid/app/domain"
	"agentid/sync/central/api"
	"agentid/sync/central/blob"
	"agentid/sync/central/eraser"
	"agentid/sync/central/hooks"
	"agentid/sync/central/postgres"
)

// grace is how long requests may take to end once the program is to end.
const grace = 20 * time.Second

func serveCommand(s *settings) *cobra.Command {
	cmd := &cobra.Command{Use: "serve", Short: "Answer kiosks and administrators", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return serve(cmd.Context(), s) }}
	s.serving(cmd.Flags())
	return cmd
}

// Little is live here and much is made and dropped: the collector may let more
// gather than Go's 100%, which saves a fifth of the processor time of a batch, as
// long as memory is not short.
const (
	collectAt = 400
	memory    = 1 << 30
)

// collect sets the collector, unless the environment does.
func collect() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(collectAt)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memory)
	}
}

func serve(ctx context.Context, s *settings) error {
	collect()
	log, err := s.log()
	if err != nil {
		return err
	}
	if !strings.HasPrefix(s.audience, "https://") && !strings.HasPrefix(s.audience, "http://") {
		return errors.New("no audience: set --audience to the centre's public address")
	}
	trusted, err := networks("trusted proxy", s.trusted)
	if err != nil {
		return err
	}
	allowed, err := networks("webhook network", s.hooks)
	if err != nil {
		return err
	}
	tls, err := s.tls()
	if err != nil {
		return err
	}
	db, err := s.open(ctx, log)
	if err != nil {
		return err
	}
	defer db.Close()
	store, err := blob.NewS3(ctx, s.s3)
	if err != nil {
		return err
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	db.Register(registry)
	worker := eraser.New(db, store, domain.SystemClock{}, log)
	server := api.New(api.Options{DB: db, Blob: store, Audience: s.audience, Clock: domain.SystemClock{}, Log: log, Metrics: registry, Trusted: trusted,
		Limits: api.Limits{KioskPerSecond: s.kiosks, UserPerSecond: s.users, AddressPerSecond: s.addr, Batches: int(s.conns)}, Wake: worker.Wake})

	listener, err := net.Listen("tcp", s.listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	main := &http.Server{Handler: server.Handler(), TLSConfig: tls, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug)}
	work, stop := context.WithCancelCause(context.WithoutCancel(ctx))
	defer stop(nil)
	started := 0
	ended := make(chan error, 8)
	start := func(name string, f func() error) {
		started++
		go func() {
			err := f()
			if work.Err() == nil && !errors.Is(err, http.ErrServerClosed) {
				stop(fmt.Errorf("%s ended: %w", name, err))
			}
			ended <- err
		}()
	}
	start("server", func() error {
		if tls == nil {
			return main.Serve(listener)
		}
		return main.ServeTLS(listener, "", "")
	})
	start("listener for changes", func() error { return db.Listen(work) })
	start("eraser", func() error {
		if err := makeBuckets(work, store, log); err != nil {
			return err
		}
		return worker.Run(work)
	})
	start("webhooks", func() error { return hooks.New(db, domain.SystemClock{}, log, allowed).Run(work) })
	start("retention", func() error { return retain(work, db, s, log) })
	start("last sights", func() error { return sights(work, db, log) })
	start("consents", func() error { return consents(work, db, log) })
	var ops *http.Server
	if s.metrics != "" {
		mux := http.NewServeMux()
		mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
		ops = &http.Server{Addr: s.metrics, Handler: mux, ReadHeaderTimeout: 5 * time.Second, WriteTimeout: 30 * time.Second}
		start("metrics", ops.ListenAndServe)
	}
	log.Info("serving", "version", version, "listen", listener.Addr().String(), "tls", tls != nil, "audience", s.audience)

	select {
	case <-ctx.Done():
		log.Info("ending")
	case <-work.Done():
	}
	// Who waits for changes is answered; whoever is being served is served.
	server.Close()
	shut, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	err = main.Shutdown(shut)
	if ops != nil {
		err = errors.Join(err, ops.Close())
	}
	cause := context.Cause(work)
	stop(nil)
	for range started {
		<-ended
	}
	if cause != nil {
		return cause
	}
	return err
}

// makeBuckets makes the buckets, once the store answers. Only the eraser waits
// for it: events are taken without, pictures wait at the kiosks.
func makeBuckets(ctx context.Context, store *blob.S3, log *slog.Logger) error {
	for wait := time.Second; ; wait = min(2*wait, time.Minute) {
		err := store.MakeBuckets(ctx)
		if err == nil {
			return nil
		}
		log.Warn("object store is not ready", "error", err)
		t := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			t.Stop()
			return ctx.Err()
		case <-t.C:
		}
	}
}

// retain removes what is too old, hourly.
func retain(ctx context.Context, db *postgres.DB, s *settings, log *slog.Logger) error {
	for {
		r, err := db.Retain(ctx, postgres.Retention{Events: s.events, Readings: s.readings})
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			log.Warn("retention goes on later", "error", err)
		case r != postgres.Retained{}:
			log.Info("retention", "partitions", r.Partitions, "events", r.Events, "items", r.Items, "objects", r.Objects)
		}
		t := time.NewTimer(time.Hour)
		select {
		case <-ctx.Done():
			t.Stop()
			return ctx.Err()
		case <-t.C:
		}
	}
}
