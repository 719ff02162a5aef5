package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"agentid/app/badge"
	"agentid/app/domain"
	"agentid/app/store"
	"agentid/assets"
)

func badgesCommand(c *cli) *cobra.Command {
	cmd := &cobra.Command{Use: "badges", Short: "List, show, renew and revoke badges"}
	cmd.AddCommand(badgesListCommand(c), badgesShowCommand(c), badgesRenewCommand(c), badgesRevokeCommand(c))
	return cmd
}

// badgeLine is a badge as the commands print it; no name is in it.
type badgeLine struct {
	ID        domain.BadgeID  `json:"id"`
	Person    domain.PersonID `json:"person_id"`
	Status    string          `json:"status"`
	NotBefore time.Time       `json:"not_before"`
	Expires   time.Time       `json:"expires"`
	RevokedAt time.Time       `json:"revoked_at,omitzero"`
	Revoked   domain.Reason   `json:"revoked,omitempty"`
}

func lineOf(b domain.Badge, now time.Time) badgeLine {
	l := badgeLine{ID: b.ID, Person: b.Person, Status: "valid", NotBefore: b.NotBefore, Expires: b.Expires, RevokedAt: b.RevokedAt, Revoked: b.Revoked}
	switch {
	case !b.RevokedAt.IsZero():
		l.Status = "revoked"
	case !now.Before(b.Expires):
		l.Status = "expired"
	case now.Before(b.NotBefore):
		l.Status = "not yet valid"
	}
	return l
}

func (l badgeLine) print(c *cli) {
	fmt.Fprintf(c.out, "badge    %s\nperson   %s\nstatus   %s\nvalid    %s to %s\n", l.ID, l.Person, l.Status,
		l.NotBefore.Local().Format(time.DateTime), l.Expires.Local().Format(time.DateTime))
	if l.Status == "revoked" {
		fmt.Fprintf(c.out, "revoked  %s, %s\n", l.RevokedAt.Local().Format(time.DateTime), l.Revoked)
	}
}

// withStore runs a command's work on the store.
func (c *cli) withStore(ctx context.Context, do func(*store.Store) error) error {
	st, err := c.openStore(ctx)
	if err != nil {
		return err
	}
	return errors.Join(do(st), st.Close())
}

func badgesListCommand(c *cli) *cobra.Command {
	var asJSON, all bool
	cmd := &cobra.Command{
		Use:   "list [PERSON]",
		Short: "List the badges that hold, of everybody or of one person",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			return c.withStore(ctx, func(st *store.Store) error {
				var ids []domain.PersonID
				if len(args) == 1 {
					ids = append(ids, domain.PersonID(args[0]))
				} else {
					people, err := st.People(ctx)
					if err != nil {
						return err
					}
					for _, p := range people {
						ids = append(ids, p.ID)
					}
				}
				lines := []badgeLine{}
				for _, id := range ids {
					p, err := st.Profile(ctx, id)
					if errors.Is(err, domain.ErrNotFound) && len(args) == 0 { // erased meanwhile
						continue
					}
					if err != nil {
						return err
					}
					for _, b := range p.Badges {
						if l := lineOf(b, c.clock.Now()); all || l.Status == "valid" {
							lines = append(lines, l)
						}
					}
				}
				if asJSON {
					return writeJSON(c.out, lines)
				}
				w := tabwriter.NewWriter(c.out, 0, 4, 2, ' ', 0)
				fmt.Fprintln(w, "BADGE\tPERSON\tEXPIRES\tSTATUS")
				for _, l := range lines {
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", l.ID, l.Person, l.Expires.Local().Format(time.DateOnly), l.Status)
				}
				return w.Flush()
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().BoolVar(&all, "all", false, "those that hold no more, too")
	return cmd
}

// cardFiles are where a badge is written.
type cardFiles struct{ pdf, png, lang string }

func (f *cardFiles) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.pdf, "pdf", "", "write the card to this file")
	cmd.Flags().StringVar(&f.png, "png", "", "write the code to this file")
	cmd.Flags().StringVar(&f.lang, "card-lang", "", "language of the card, es or en (the kiosk's)")
}

// write writes what is asked for. It replaces no file.
func (f cardFiles) write(ctx context.Context, c *cli, st *store.Store, b domain.Badge) error {
	if f.pdf == "" && f.png == "" {
		return nil
	}
	desk, err := c.openBadges(ctx, st)
	if err != nil {
		return err
	}
	if f.png != "" {
		token, err := desk.token(b)
		if err != nil {
			return err
		}
		code, err := badge.NewCode(token)
		if err != nil {
			return err
		}
		png, err := code.PNG(636)
		if err != nil {
			return err
		}
		if err := writeNew(f.png, png); err != nil {
			return err
		}
	}
	if f.pdf == "" {
		return nil
	}
	p, err := st.Person(ctx, b.Person)
	if err != nil {
		return err
	}
	texts, err := assets.LoadTexts()
	if err != nil {
		return err
	}
	lang := domain.Lang(f.lang)
	if lang == "" {
		lang = c.cfg.Lang
	}
	pdf, err := c.cardMaker(desk, c.cfg.Site.Organisation, texts).pdf(b, p.Name, lang)
	if err != nil {
		return err
	}
	return writeNew(f.pdf, pdf)
}

// writeNew writes a file for its owner alone, whole or not at all.
func writeNew(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}

func badgesShowCommand(c *cli) *cobra.Command {
	var asJSON bool
	var files cardFiles
	cmd := &cobra.Command{
		Use:   "show BADGE",
		Short: "Show a badge, by its id or by the text of its code",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			return c.withStore(ctx, func(st *store.Store) error {
				id := domain.BadgeID(args[0])
				if strings.HasPrefix(args[0], tokenPrefix) {
					desk, err := c.openBadges(ctx, st)
					if err != nil {
						return err
					}
					t, err := desk.Read(args[0])
					if err != nil && t.Badge == "" {
						return err
					}
					id = t.Badge
				}
				b, err := st.Badge(ctx, id)
				if err != nil {
					return err
				}
				if err := files.write(ctx, c, st, b); err != nil {
					return err
				}
				l := lineOf(b, c.clock.Now())
				if asJSON {
					return writeJSON(c.out, l)
				}
				l.print(c)
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	files.flags(cmd)
	return cmd
}

func badgesRenewCommand(c *cli) *cobra.Command {
	var asJSON bool
	var files cardFiles
	cmd := &cobra.Command{
		Use:   "renew BADGE",
		Short: "Issue a new badge to the same person, and revoke this one",
		Long: "Issue a new badge to the same person, valid for badge.valid_days from now, and revoke this one.\n" +
			"Without --pdf or --png the card is written to badge.pdf_dir, or to the current folder.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			return c.withStore(ctx, func(st *store.Store) error {
				old, err := st.Badge(ctx, domain.BadgeID(args[0]))
				if err != nil {
					return err
				}
				fresh := c.newBadge(old.Person, old.Templates)
				if files.pdf == "" && files.png == "" {
					dir := "."
					if f, ok := c.cardFolder(); ok {
						dir = f.Dir
						if err := os.MkdirAll(dir, 0o700); err != nil {
							return err
						}
					}
					files.pdf = filepath.Join(dir, cardPrefix+string(fresh.ID)+cardSuffix)
				}
				// The card first: nobody is left without a badge that holds.
				if err := files.write(ctx, c, st, fresh); err != nil {
					return err
				}
				if err := st.IssueBadge(ctx, fresh); err != nil {
					return errors.Join(err, files.discard())
				}
				if err := st.RevokeBadge(ctx, old.ID, domain.ReasonBadgeRenewed, c.clock.Now()); err != nil {
					return fmt.Errorf("the new badge is %s; the old one holds still: %w", fresh.ID, err)
				}
				if f, ok := c.cardFolder(); ok {
					if err := f.Remove(old.ID); err != nil {
						return err
					}
				}
				l := lineOf(fresh, c.clock.Now())
				if asJSON {
					return writeJSON(c.out, l)
				}
				l.print(c)
				for _, file := range []string{files.pdf, files.png} {
					if file != "" {
						fmt.Fprintf(c.out, "written  %s\n", file)
					}
				}
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	files.flags(cmd)
	return cmd
}

// discard removes what was written of a badge that was not issued.
func (f cardFiles) discard() error {
	var errs []error
	for _, file := range []string{f.pdf, f.png} {
		if file != "" {
			errs = append(errs, os.Remove(file))
		}
	}
	return errors.Join(errs...)
}

func badgesRevokeCommand(c *cli) *cobra.Command {
	return &cobra.Command{
		Use:   "revoke BADGE",
		Short: "Revoke a badge: it holds no more, here at once",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			return c.withStore(ctx, func(st *store.Store) error {
				id := domain.BadgeID(args[0])
				if err := st.RevokeBadge(ctx, id, domain.ReasonBadgeRevoked, c.clock.Now()); err != nil {
					return err
				}
				if f, ok := c.cardFolder(); ok {
					if err := f.Remove(id); err != nil {
						return err
					}
				}
				b, err := st.Badge(ctx, id)
				if err != nil {
					return err
				}
				lineOf(b, c.clock.Now()).print(c)
				return nil
			})
		},
	}
}
