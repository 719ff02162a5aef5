package main

import (
	"context"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"agentid/app/domain"
	"agentid/app/store"
)

func staffCommand(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use: "staff", Short: "Add, list and close the accounts of staff",
		Long: "Add, list and close the accounts of staff. PINs are read from the terminal, unseen, or from standard input;\n" +
			"never from the command line, which others can see.",
	}
	cmd.AddCommand(staffAddCommand(c), staffListCommand(c), staffPINCommand(c), staffCloseCommand(c), staffSetupCommand(c))
	return cmd
}

// staffLine is an account as the commands print it.
type staffLine struct {
	ID        domain.StaffID `json:"id"`
	Login     string         `json:"login"`
	Name      string         `json:"name"`
	Role      domain.Role    `json:"role"`
	CreatedAt time.Time      `json:"created_at"`
	ClosedAt  time.Time      `json:"closed_at,omitzero"`
}

func staffLineOf(s domain.Staff) staffLine {
	return staffLine{s.ID, s.Login, s.Name, s.Role, s.CreatedAt, s.Disabled}
}

func staffAddCommand(c *cli) *cobra.Command {
	var asJSON bool
	var role string
	cmd := &cobra.Command{
		Use:   "add LOGIN NAME",
		Short: "Add an account; its PIN is asked for",
		Args:  cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			s := domain.Staff{ID: domain.StaffID(newID()), Name: args[1], Role: domain.Role(role), CreatedAt: c.clock.Now()}
			if !s.Role.Valid() {
				return usageError{fmt.Errorf("--role %q: want one of %v", role, domain.Roles())}
			}
			var err error
			if s.Login, err = domain.CleanLogin(args[0]); err != nil { // before a PIN is typed
				return usageError{err}
			}
			pin, err := c.newPIN(ctx)
			if err != nil {
				return err
			}
			return c.withStore(ctx, func(st *store.Store) error {
				if err := st.AddStaff(ctx, s, pin); err != nil {
					return err
				}
				if asJSON {
					return writeJSON(c.out, staffLineOf(s))
				}
				fmt.Fprintf(c.out, "added %s (%s), %s\n", s.Login, s.ID, s.Role)
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().StringVar(&role, "role", string(domain.RoleStaff), "staff, admin or auditor")
	return cmd
}

func staffListCommand(c *cli) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List all accounts, the closed ones too",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			return c.withStore(ctx, func(st *store.Store) error {
				list, err := st.Staff(ctx)
				if err != nil {
					return err
				}
				lines := []staffLine{}
				for _, s := range list {
					lines = append(lines, staffLineOf(s))
				}
				if asJSON {
					return writeJSON(c.out, lines)
				}
				w := tabwriter.NewWriter(c.out, 0, 4, 2, ' ', 0)
				fmt.Fprintln(w, "LOGIN\tROLE\tSTATE\tNAME")
				for _, l := range lines {
					state := "open"
					if !l.ClosedAt.IsZero() {
						state = "closed " + l.ClosedAt.Local().Format(time.DateOnly)
					}
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", l.Login, l.Role, state, l.Name)
				}
				return w.Flush()
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// staffByLogin finds an account by what people call it.
func staffByLogin(ctx context.Context, book domain.StaffBook, login string) (domain.Staff, error) {
	login, err := domain.CleanLogin(login)
	if err != nil {
		return domain.Staff{}, usageError{err}
	}
	list, err := book.Staff(ctx)
	if err != nil {
		return domain.Staff{}, err
	}
	for _, s := range list {
		if s.Login == login {
			return s, nil
		}
	}
	return domain.Staff{}, fmt.Errorf("account %s: %w", login, domain.ErrNotFound)
}

func staffSetupCommand(c *cli) *cobra.Command {
	return &cobra.Command{
		Use:   "setup-code",
		Short: "Make a code for the first administrator, to be typed at the kiosk",
		Long: "Make a code with which the first administrator is made at the kiosk, within an hour. It takes the place of an earlier\n" +
			"one. Where there is an administrator already, none is made: they make the other accounts.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.withStore(cmd.Context(), func(st *store.Store) error {
				code, err := newSetupCode(cmd.Context(), st)
				if err != nil {
					return err
				}
				_, err = fmt.Fprintln(c.out, code)
				return err
			})
		},
	}
}

func staffPINCommand(c *cli) *cobra.Command {
	return &cobra.Command{
		Use:   "pin LOGIN",
		Short: "Give an account another PIN, and open its attempts again",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			return c.withStore(ctx, func(st *store.Store) error {
				s, err := staffByLogin(ctx, st, args[0])
				if err != nil {
					return err
				}
				pin, err := c.newPIN(ctx)
				if err != nil {
					return err
				}
				if err := st.SetStaffPIN(ctx, s.ID, pin); err != nil {
					return err
				}
				if err := st.Clear(ctx, domain.SubjectStaff(s.ID)); err != nil {
					return fmt.Errorf("the pin is set; attempts stay closed: %w", err)
				}
				fmt.Fprintf(c.out, "%s has another PIN\n", s.Login)
				return nil
			})
		},
	}
}

func staffCloseCommand(c *cli) *cobra.Command {
	return &cobra.Command{
		Use:   "close LOGIN",
		Short: "Close an account for good",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			return c.withStore(ctx, func(st *store.Store) error {
				s, err := staffByLogin(ctx, st, args[0])
				if err != nil {
					return err
				}
				if err := st.CloseStaff(ctx, s.ID, c.clock.Now()); err != nil {
					return err
				}
				fmt.Fprintf(c.out, "%s is closed\n", s.Login)
				return nil
			})
		},
	}
}
