package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"agentid/app/domain"
	"agentid/app/store"
)

// errUnsound makes the exit status 1; what was found is printed already.
var errUnsound = errors.New("the audit is not as it was written")

func auditCommand(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use: "audit", Short: "List, verify and export who did what at this kiosk",
		Long: "List, verify and export who did what at this kiosk. Entries hold ids and labels: no names, no pictures, no codes.",
	}
	cmd.AddCommand(auditListCommand(c), auditVerifyCommand(c), auditExportCommand(c))
	return cmd
}

// auditChoice are the flags that choose entries.
type auditChoice struct {
	actor, action, target string
	days                  int
}

func (a *auditChoice) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&a.actor, "actor", "", "only by this account's id, or system, or visitor")
	f.StringVar(&a.action, "action", "", "only this (signed_in, not_allowed, person_erased, ...)")
	f.StringVar(&a.target, "target", "", "only about this: a kind, or kind:id")
	f.IntVar(&a.days, "days", 0, "only of so many days (0: all)")
}

func (a auditChoice) filter(now time.Time) (domain.AuditFilter, error) {
	if a.days < 0 {
		return domain.AuditFilter{}, usageError{fmt.Errorf("--days %d: at least 0", a.days)}
	}
	f := domain.AuditFilter{Actor: a.actor, Action: domain.AuditAction(a.action)}
	f.Target.Kind, f.Target.ID, _ = strings.Cut(a.target, ":")
	if a.days > 0 {
		f.From = now.AddDate(0, 0, -a.days)
	}
	return f, nil
}

// eachAudit calls fn for entries, the newest first, at most limit of them (0:
// all).
func eachAudit(ctx context.Context, log domain.AuditLog, f domain.AuditFilter, limit int, fn func(domain.AuditEntry) error) error {
	var before uint64
	for n := 0; limit == 0 || n < limit; {
		page := store.MaxLimit
		if limit > 0 {
			page = min(page, limit-n)
		}
		list, err := log.Audit(ctx, f, before, page)
		if err != nil {
			return err
		}
		for _, e := range list {
			if err := fn(e); err != nil {
				return err
			}
			before = e.Seq
		}
		if n += len(list); len(list) < page {
			return nil
		}
	}
	return nil
}

func auditListCommand(c *cli) *cobra.Command {
	var asJSON bool
	var limit int
	var which auditChoice
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the newest entries, oldest first",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if limit < 1 {
				return usageError{fmt.Errorf("--limit %d: at least 1", limit)}
			}
			f, err := which.filter(c.clock.Now())
			if err != nil {
				return err
			}
			ctx := cmd.Context()
			return c.withStore(ctx, func(st *store.Store) error {
				var list []domain.AuditEntry
				err := eachAudit(ctx, st, f, limit, func(e domain.AuditEntry) error {
					list = append(list, e)
					return nil
				})
				if err != nil {
					return err
				}
				for _, e := range slices.Backward(list) {
					if asJSON {
						if err := writeJSONLine(c.out, e); err != nil {
							return err
						}
						continue
					}
					fmt.Fprintf(c.out, "%6d  %s  %-36s  %-22s %s %s\n", e.Seq, e.At.Local().Format(time.DateTime), e.Actor, e.Action, auditTarget(e.Target), auditDetail(e.Detail))
				}
				return nil
			})
		},
	}
	which.flags(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object a line")
	cmd.Flags().IntVar(&limit, "limit", 100, "how many, the newest")
	return cmd
}

func auditTarget(t domain.AuditTarget) string {
	if t.ID == "" {
		return t.Kind
	}
	return t.Kind + ":" + t.ID
}

func auditDetail(d map[string]string) string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(d)) {
		parts = append(parts, k+"="+d[k])
	}
	return strings.Join(parts, " ")
}

func auditVerifyCommand(c *cli) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Read the whole chain: has anything been edited, removed, added or reordered?",
		Long: "Read the whole chain of hashes. Exit status 0 when it is sound, 1 when not: then each fault is listed. Keep the last\n" +
			"number and hash elsewhere: an earlier copy of the whole database is found by them alone.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			return c.withStore(ctx, func(st *store.Store) error {
				r, err := st.VerifyAudit(ctx)
				if err != nil {
					return err
				}
				if asJSON {
					err = writeJSON(c.out, r)
				} else {
					err = tellAudit(c.out, r)
				}
				if err == nil && !r.Sound() {
					err = errUnsound
				}
				return err
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func tellAudit(w io.Writer, r domain.AuditReport) error {
	if r.Sound() {
		_, err := fmt.Fprintf(w, "sound: %d entries, the last is %d, %s\n", r.Entries, r.Seq, r.Hash)
		return err
	}
	fmt.Fprintf(w, "%d faults in %d entries:\n", r.Faults, r.Entries)
	for _, p := range r.First {
		fmt.Fprintf(w, "%6d  %s\n", p.Seq, p.Fault)
	}
	return nil
}

func auditExportCommand(c *cli) *cobra.Command {
	var which auditChoice
	cmd := &cobra.Command{
		Use:   "export FILE.csv",
		Short: "Write the entries to a new CSV file, newest first; that they were is audited",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			f, err := which.filter(c.clock.Now())
			if err != nil {
				return err
			}
			ctx := cmd.Context()
			return c.withStore(ctx, func(st *store.Store) error {
				_, err := st.AppendAudit(ctx, domain.AuditEntry{
					Action: domain.AuditExported, Target: domain.AuditTarget{Kind: "list", ID: "audit"}, Detail: map[string]string{"by": "command"},
				})
				if err != nil {
					return err
				}
				return writeAudit(ctx, st, f, args[0])
			})
		},
	}
	which.flags(cmd)
	return cmd
}

// writeAudit writes a file for its owner alone, whole or not at all. Entries
// are made of labels, of which those that begin like a formula are quoted.
func writeAudit(ctx context.Context, log domain.AuditLog, f domain.AuditFilter, path string) (err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err = errors.Join(err, file.Close()); err != nil {
			err = errors.Join(err, os.Remove(path))
		}
	}()
	w := csv.NewWriter(file)
	w.UseCRLF = true
	row := func(cells ...string) error {
		for i, cell := range cells {
			if cell != "" && strings.ContainsRune("=+-@", rune(cell[0])) {
				cells[i] = "'" + cell
			}
		}
		return w.Write(cells)
	}
	if err := row("seq", "at", "actor", "role", "action", "target_kind", "target_id", "detail", "prev", "hash"); err != nil {
		return err
	}
	err = eachAudit(ctx, log, f, 0, func(e domain.AuditEntry) error {
		return row(strconv.FormatUint(e.Seq, 10), e.At.UTC().Format(time.RFC3339Nano), e.Actor, string(e.Role), string(e.Action),
			e.Target.Kind, e.Target.ID, auditDetail(e.Detail), e.Prev.String(), e.Hash.String())
	})
	w.Flush()
	return errors.Join(err, w.Error(), file.Sync())
}
