package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"agentid/app/domain"
	"agentid/sync/central/blob"
	"agentid/sync/central/postgres"
	"agentid/sync/central/secret"
)

// settings are what flags and environment say.
type settings struct {
	dsn, replica string
	conns        int32
	secrets      string

	s3       blob.Options
	logLevel string
	logJSON  bool

	listen, metrics  string
	audience         string
	cert, key, auto  string
	plain            bool
	trusted, hooks   []string
	kiosks           float64
	users, addr      float64
	events, readings time.Duration
}

// flags are those that every command has.
func (s *settings) flags(f *pflag.FlagSet) {
	f.StringVar(&s.dsn, "dsn", "", "PostgreSQL, as postgres://user@host/db or host=... dbname=...")
	f.StringVar(&s.replica, "replica-dsn", "", "a replica of it, for reports")
	f.Int32Var(&s.conns, "conns", 16, "connections to it, at most")
	f.StringVar(&s.secrets, "secrets", "/var/lib/agentid-central/secrets", "where the master key is: a folder, aws-sm:NAME, or aws-kms:KEY?blob=/path (both also &region=, &endpoint=)")
	f.StringVar(&s.s3.Endpoint, "s3-endpoint", "", "object store; empty: Amazon S3")
	f.StringVar(&s.s3.Public, "s3-public", "", "where kiosks reach it, if elsewhere")
	f.StringVar(&s.s3.Region, "s3-region", "us-east-1", "its region")
	f.StringVar(&s.s3.AccessKey, "s3-access-key", "", "its key; empty: where AWS programs look")
	f.StringVar(&s.s3.SecretKey, "s3-secret-key", "", "its secret key (better by the environment)")
	f.StringVar(&s.logLevel, "log-level", "info", "debug, info, warn or error")
	f.BoolVar(&s.logJSON, "log-json", false, "log as JSON")
}

// serving are those of serve.
func (s *settings) serving(f *pflag.FlagSet) {
	f.StringVar(&s.listen, "listen", "127.0.0.1:8443", "where to listen")
	f.StringVar(&s.metrics, "metrics-listen", "", "where to serve Prometheus; empty: nowhere")
	f.StringVar(&s.audience, "audience", "", "the centre's public name, as https://central.example.org; never change it once kiosks are enrolled")
	f.StringVar(&s.cert, "tls-cert", "", "certificate (PEM); read anew when it changes")
	f.StringVar(&s.key, "tls-key", "", "its key (PEM)")
	f.StringVar(&s.auto, "tls-self-signed", "", "folder to keep a self-signed certificate in, for trials")
	f.BoolVar(&s.plain, "plain", false, "no TLS: a proxy in front of it ends it")
	f.StringSliceVar(&s.trusted, "trusted-proxy", nil, "proxies whose X-Forwarded-For is believed, as 10.0.0.0/8")
	f.StringSliceVar(&s.hooks, "webhook-network", nil, "networks of your own that webhooks may reach, as 10.2.0.0/16; otherwise only the public internet")
	f.Float64Var(&s.kiosks, "kiosk-rate", 20, "requests a second of one kiosk")
	f.Float64Var(&s.users, "user-rate", 10, "requests a second of one administrator")
	f.Float64Var(&s.addr, "address-rate", 2, "enrolments, tokens and wrong administrators' tokens a second of one address")
	f.DurationVar(&s.events, "keep-events", 0, "how long events are kept; 0: for ever")
	f.DurationVar(&s.readings, "keep-readings", 90*24*time.Hour, "how long sensor and health readings are kept; 0: for ever")
}

func (s *settings) log() (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(s.logLevel)); err != nil {
		return nil, fmt.Errorf("log level %q: want debug, info, warn or error", s.logLevel)
	}
	o := &slog.HandlerOptions{Level: level}
	if s.logJSON {
		return slog.New(slog.NewJSONHandler(os.Stderr, o)), nil
	}
	return slog.New(slog.NewTextHandler(os.Stderr, o)), nil
}

// masters reads the master key and, where a rotation is under way, the next one.
func (s *settings) masters(ctx context.Context) ([][]byte, error) {
	store, err := secret.Open(ctx, s.secrets)
	if err != nil {
		return nil, err
	}
	key, err := store.Master(ctx)
	if errors.Is(err, secret.ErrAbsent) {
		err = fmt.Errorf("%w: run central migrate, or bring back the one that the database was made with", err)
	}
	if err != nil {
		return nil, fmt.Errorf("master key: %w", err)
	}
	next, err := store.Next(ctx)
	if errors.Is(err, secret.ErrAbsent) {
		return [][]byte{key}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("next master key: %w", err)
	}
	return [][]byte{key, next}, nil
}

var errNoDSN = errors.New("no database: set --dsn or " + envPrefix + "DSN")

func (s *settings) open(ctx context.Context, log *slog.Logger) (*postgres.DB, error) {
	if s.dsn == "" {
		return nil, errNoDSN
	}
	return postgres.Open(ctx, postgres.Options{DSN: s.dsn, Replica: s.replica, Conns: s.conns, Keys: s.masters, Clock: domain.SystemClock{}, Log: log})
}

// with opens the database for a command that only needs that.
func (s *settings) with(ctx context.Context, f func(*postgres.DB) error) error {
	log, err := s.log()
	if err != nil {
		return err
	}
	db, err := s.open(ctx, log)
	if err != nil {
		return err
	}
	defer db.Close()
	return f(db)
}

// networks reads addresses and networks.
func networks(what string, list []string) (out []netip.Prefix, err error) {
	for _, t := range list {
		if !strings.Contains(t, "/") {
			a, err := netip.ParseAddr(t)
			if err != nil {
				return nil, fmt.Errorf("%s %q is no address", what, t)
			}
			out = append(out, netip.PrefixFrom(a, a.BitLen()))
			continue
		}
		p, err := netip.ParsePrefix(t)
		if err != nil {
			return nil, fmt.Errorf("%s %q is no network", what, t)
		}
		out = append(out, p)
	}
	return out, nil
}
