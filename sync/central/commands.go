package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"agentid/app/domain"
	"agentid/sync/central/blob"
	"agentid/sync/central/eraser"
	"agentid/sync/central/postgres"
	"agentid/sync/central/secret"
	"agentid/sync/protocol"
)

func migrateCommand(s *settings) *cobra.Command {
	return &cobra.Command{Use: "migrate", Short: "Bring the database up to this program, and make the master key where there is none", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if s.dsn == "" {
				return errNoDSN
			}
			ctx := cmd.Context()
			store, err := secret.Open(ctx, s.secrets)
			if err != nil {
				return err
			}
			have, want, err := postgres.Schema(ctx, s.dsn)
			if err != nil {
				return err
			}
			// A database that is in use has its key somewhere: another would be of no use.
			if have == 0 {
				if err := store.Create(ctx); err != nil {
					return err
				}
			}
			if err := postgres.Migrate(ctx, s.dsn); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "schema %d (was %d); master key in %s: keep a copy of it away from the database\n", want, have, store)
			return nil
		}}
}

// replicaLate is how far behind a replica may be before the doctor minds.
const replicaLate = time.Minute

func doctorCommand(s *settings) *cobra.Command {
	return &cobra.Command{Use: "doctor", Short: "Check everything that the centre needs", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return doctor(cmd.Context(), s, cmd.OutOrStdout()) }}
}

func doctor(ctx context.Context, s *settings, out io.Writer) error {
	bad := 0
	check := func(what string, f func() (string, error)) {
		said, err := f()
		if err != nil {
			bad++
			fmt.Fprintf(out, "BAD  %s: %v\n", what, err)
			return
		}
		fmt.Fprintf(out, "ok   %s: %s\n", what, said)
	}
	check("master key", func() (string, error) {
		store, err := secret.Open(ctx, s.secrets)
		if err != nil {
			return "", err
		}
		keys, err := s.masters(ctx)
		if err == nil && len(keys) > 1 {
			err = errors.New("its rotation was begun and did not end: run central keys master again")
		}
		return fmt.Sprintf("it is there, in %s", store), err
	})
	var db *postgres.DB
	check("database", func() (_ string, err error) {
		if db, err = s.open(ctx, slog.New(slog.DiscardHandler)); err != nil {
			return "", err
		}
		return db.Describe(ctx)
	})
	if db != nil {
		defer db.Close()
	}
	if db != nil && s.replica != "" {
		check("replica", func() (string, error) {
			at, err := db.Replica(ctx)
			if err != nil {
				return "", fmt.Errorf("%w (reports are read from the database itself meanwhile, where it does not answer)", err)
			}
			if at.Behind > replicaLate {
				return "", fmt.Errorf("it is %s behind", at.Behind.Round(time.Second))
			}
			return fmt.Sprintf("it follows, %s and %d bytes of log behind", at.Behind.Round(time.Millisecond), at.Bytes), nil
		})
	}
	check("object store", func() (string, error) {
		b, err := blob.NewS3(ctx, s.s3)
		if err != nil {
			return "", err
		}
		const key = "doctor/probe.json"
		if err := b.Ready(ctx); err != nil {
			return "", err
		}
		if err := b.Write(ctx, blob.BucketDetection, key, []byte("{}")); err != nil {
			return "", err
		}
		n, err := b.Erase(ctx, blob.BucketDetection, key)
		if err == nil && n == 0 {
			err = errors.New("what was written has no version to delete")
		}
		return "both buckets are there, and take and delete", err
	})
	if bad > 0 {
		return fmt.Errorf("%d checks failed", bad)
	}
	return nil
}

func adminCommand(s *settings) *cobra.Command {
	cmd := &cobra.Command{Use: "admin", Short: "Administrators"}
	var role string
	create := &cobra.Command{Use: "create NAME", Short: "Make an administrator; prints their token, once", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if role != string(postgres.RoleAdmin) && role != string(postgres.RoleAuditor) {
				return fmt.Errorf("role %q: want admin or auditor", role)
			}
			return s.with(cmd.Context(), func(db *postgres.DB) error {
				_, token, err := db.CreateAdmin(cmd.Context(), args[0], postgres.Role(role))
				if err == nil {
					fmt.Fprintln(cmd.OutOrStdout(), token)
				}
				return err
			})
		}}
	create.Flags().StringVar(&role, "role", string(postgres.RoleAdmin), "admin, or auditor who may only read")
	closing := &cobra.Command{Use: "close NAME", Short: "End an administrator's account", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.with(cmd.Context(), func(db *postgres.DB) error { return db.CloseAdmin(cmd.Context(), args[0]) })
		}}
	cmd.AddCommand(create, closing)
	return cmd
}

func siteCommand(s *settings) *cobra.Command {
	cmd := &cobra.Command{Use: "site", Short: "Sites: circles of branches that share people"}
	cmd.AddCommand(&cobra.Command{Use: "add ID NAME", Short: "Make a site with its key, or rename it", Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.with(cmd.Context(), func(db *postgres.DB) error { return db.AddSite(cmd.Context(), args[0], args[1]) })
		}})
	return cmd
}

func kioskCommand(s *settings) *cobra.Command {
	cmd := &cobra.Command{Use: "kiosk", Short: "Kiosks"}
	var site, branch, why string
	code := &cobra.Command{Use: "code", Short: "Print a one-time enrolment code, good for ten minutes", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return s.with(cmd.Context(), func(db *postgres.DB) error {
				c, expires, err := db.NewCode(cmd.Context(), site, branch, "command line")
				if err == nil {
					fmt.Fprintln(cmd.OutOrStdout(), c)
					fmt.Fprintf(cmd.ErrOrStderr(), "for branch %q of site %q, until %s\n", branch, site, expires.Local().Format(time.TimeOnly))
				}
				return err
			})
		}}
	code.Flags().StringVar(&site, "site", "", "the site that the kiosk joins")
	code.Flags().StringVar(&branch, "branch", "", "the branch that it stands in")
	_ = code.MarkFlagRequired("site")
	_ = code.MarkFlagRequired("branch")
	list := &cobra.Command{Use: "list", Short: "List the kiosks", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return s.with(cmd.Context(), func(db *postgres.DB) error { return listKiosks(cmd.Context(), db, cmd.OutOrStdout()) })
		}}
	revoke := &cobra.Command{Use: "revoke DEVICE", Short: "End the trust in a kiosk", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.with(cmd.Context(), func(db *postgres.DB) error { return db.RevokeKiosk(cmd.Context(), args[0], why) })
		}}
	revoke.Flags().StringVar(&why, "why", "revoked at the command line", "the reason, for the record")
	cmd.AddCommand(code, list, revoke)
	return cmd
}

func listKiosks(ctx context.Context, db *postgres.DB, out io.Writer) error {
	list, err := db.Kiosks(ctx)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "DEVICE\tSITE\tBRANCH\tNAME\tLAST SEEN\tCLOCK OFF\tSTATE")
	for _, k := range list {
		seen, state := "never", "trusted"
		if !k.SeenAt.IsZero() {
			seen = k.SeenAt.Local().Format(time.DateTime)
		}
		if k.RevokedAt != nil {
			state = "revoked: " + k.RevokedWhy
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", k.Device, k.Site, k.Branch, k.Name, seen, time.Duration(k.SkewMS)*time.Millisecond, state)
	}
	return w.Flush()
}

func keysCommand(s *settings) *cobra.Command {
	cmd := &cobra.Command{Use: "keys", Short: "Keys"}
	cmd.AddCommand(
		&cobra.Command{Use: "rotate", Short: "Sign with a new key from now on; the one before stays live until the next rotation", Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error {
				return s.with(cmd.Context(), func(db *postgres.DB) error { return db.RotateSigningKey(cmd.Context()) })
			}},
		&cobra.Command{Use: "site SITE", Short: "Give a site a new key; kiosks get it with their next token", Args: cobra.ExactArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error {
				return s.with(cmd.Context(), func(db *postgres.DB) error { return db.RotateSiteKey(cmd.Context(), args[0]) })
			}},
		&cobra.Command{Use: "master", Short: "Rotate the master key: wrap every key anew; run it again where it did not end", Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error {
				return s.with(cmd.Context(), func(db *postgres.DB) error { return rotateMaster(cmd.Context(), s, db, cmd.OutOrStdout()) })
			}})
	return cmd
}

// rotateMaster puts a new key beside the old one, has the database wrapped by it,
// then lets it take the old one's place. Wherever that ends, the key that the
// database is wrapped by is one of the two.
func rotateMaster(ctx context.Context, s *settings, db *postgres.DB, out io.Writer) error {
	store, err := secret.Open(ctx, s.secrets)
	if err != nil {
		return err
	}
	if err := store.Prepare(ctx); err != nil {
		return err
	}
	next, err := store.Next(ctx)
	if err != nil {
		return err
	}
	n, err := db.Rewrap(ctx, next)
	if err != nil {
		return err
	}
	if err := store.Promote(ctx); err != nil {
		return fmt.Errorf("%w; the database is wrapped by the next key: run this again", err)
	}
	fmt.Fprintf(out, "%d keys wrapped anew; the master key is in %s. Copy it away from the database; backups made before open with the key before\n", n, store)
	return nil
}

func restoredCommand(s *settings) *cobra.Command {
	return &cobra.Command{Use: "restored", Short: "After a backup was restored: erase again who was erased since, and have kiosks read anew", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return s.with(cmd.Context(), func(db *postgres.DB) error {
				b, err := blob.NewS3(cmd.Context(), s.s3)
				if err != nil {
					return err
				}
				e := eraser.New(db, b, domain.SystemClock{}, slog.New(slog.DiscardHandler))
				n, err := e.Replay(cmd.Context())
				if err == nil {
					err = db.Restored(cmd.Context())
				}
				if err == nil {
					err = e.Once(cmd.Context())
				}
				if err == nil {
					fmt.Fprintf(cmd.OutOrStdout(), "%d people erased again; kiosks read anew\n", n)
				}
				return err
			})
		}}
}

func staffCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "staff", Short: "Staff of the branches"}
	var lasts time.Duration
	code := &cobra.Command{Use: "code ID", Short: "Print a one-time code for a member of staff, and what to publish of it", Args: cobra.ExactArgs(1),
		Long: "Print a one-time code for the member of staff of that id (a UUID), with which they set a PIN of their own at a kiosk,\n" +
			"and the \"code\" to publish in their staff document. The code is kept nowhere: tell it to the member alone.",
		RunE: func(cmd *cobra.Command, args []string) error {
			if !protocol.ValidID(args[0]) {
				return fmt.Errorf("%q is no uuid in lower case", args[0])
			}
			if lasts <= 0 {
				return fmt.Errorf("--lasts %v: want more", lasts)
			}
			code, hash := protocol.NewStaffCode(domain.StaffID(args[0]))
			published, err := json.Marshal(protocol.StaffCode{Hash: hash, Expires: domain.SystemClock{}.Now().Add(lasts).UTC().Truncate(time.Second)})
			if err == nil {
				fmt.Fprintf(cmd.ErrOrStderr(), "for the member alone: %s\n", code)
				fmt.Fprintln(cmd.OutOrStdout(), string(published))
			}
			return err
		}}
	code.Flags().DurationVar(&lasts, "lasts", 7*24*time.Hour, "how long the code may be used")
	cmd.AddCommand(code)
	return cmd
}
