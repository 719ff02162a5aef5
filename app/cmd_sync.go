package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"agentid/app/domain"
	"agentid/app/store"
	"agentid/sync/client"
	"agentid/sync/outbox"
	"agentid/sync/protocol"
)

func syncCommand(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use: "sync", Short: "Join this kiosk to its centre, and see how the sync stands",
		Long: "Join this kiosk to the centre of centre.url, see how the sync stands, and look at what the centre refused.\n" +
			"A kiosk without a centre works all the same; what it has to tell waits.",
	}
	cmd.AddCommand(syncEnrolCommand(c), syncStatusCommand(c), syncDeadCommand(c))
	return cmd
}

func syncEnrolCommand(c *cli) *cobra.Command {
	var address, name string
	cmd := &cobra.Command{
		Use:   "enrol CODE",
		Short: "Join the centre with a one-time code",
		Long: "Join the centre with a one-time code (of `central kiosk code`, good for ten minutes). The kiosk's keys are made\n" +
			"here and never leave: they go to centre.key_file. CODE may be - to read it from standard input. A kiosk that runs\n" +
			"goes on with the new keys within seconds. Cut short, it is finished by the same code.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			configured := c.cfg.Centre.URL
			if address != "" {
				c.cfg.Centre.URL = address
			}
			if c.cfg.Centre.URL == "" {
				return usageError{errNoCentre}
			}
			code := args[0]
			if code == "-" {
				var err error
				if code, err = readLine(c.in); err != nil {
					return err
				}
			}
			if name == "" {
				name = strings.TrimSpace(c.cfg.Site.Organisation + " " + c.cfg.Site.Branch)
			}
			return c.withStore(ctx, func(st *store.Store) error {
				m, err := c.enrol(ctx, st.DeviceID(), code, name)
				if err != nil {
					return err
				}
				fmt.Fprintf(c.out, "joined    %s (%s), branch %s\nkeys      %s: keep it out of backups of the data\n", m.SiteID, m.SiteName, m.Branch, c.cfg.Centre.KeyFile)
				if configured == "" {
					fmt.Fprintf(c.out, "next      set centre.url to %q (AGENTID_CENTRE_URL), and start the kiosk again\n", c.cfg.Centre.URL)
				}
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&address, "url", "", "the centre's address; centre.url where it is not given")
	cmd.Flags().StringVar(&name, "name", "", "what staff call this kiosk; organisation and branch where it is not given")
	return cmd
}

// errOthersKeys keeps the demo, say, from taking the place of the kiosk itself.
var errOthersKeys = errors.New("centre.key_file has the keys of another kiosk: name another file")

// enrol joins the centre. Keys of another device are not written over.
func (c *cli) enrol(ctx context.Context, device, code, name string) (client.Membership, error) {
	o := c.centreOptions(device)
	if _, err := client.Open(o); errors.Is(err, client.ErrOtherDevice) {
		return client.Membership{}, fmt.Errorf("%w: %w", errOthersKeys, err)
	}
	if _, err := protocol.CleanCode(code); err != nil {
		return client.Membership{}, usageError{fmt.Errorf("no enrolment code: %w", err)}
	}
	m, err := client.Enrol(ctx, o, code, name)
	var r *outbox.Refusal
	if errors.As(err, &r) && r.Problem.Code == protocol.CodeCode {
		err = fmt.Errorf("the code is wrong, used or over: ask for another: %w", err)
	}
	return m, err
}

func syncStatusCommand(c *cli) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Tell how the sync stands: as the running kiosk says, or as the centre answers now",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			return c.withStore(ctx, func(st *store.Store) error {
				r, err := c.syncStatus(ctx, st)
				if err != nil {
					return err
				}
				if asJSON {
					return writeJSON(c.out, r)
				}
				r.print(c.out)
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (r syncReport) print(w io.Writer) {
	line := func(label, format string, args ...any) {
		fmt.Fprintf(w, "%-9s "+format+"\n", append([]any{label}, args...)...)
	}
	at := func(t time.Time) string { return t.Local().Format(time.DateTime) }
	line("state", "%s", strings.ReplaceAll(string(r.State), "_", " "))
	if r.Mend != "" {
		line("", "→ %s", r.Mend)
	}
	line("device", "%s", r.Device)
	if r.Centre != "" {
		line("centre", "%s", r.Centre)
	}
	if r.Site != "" {
		line("site", "%s (%s), branch %s, since %s", r.Site, r.SiteName, r.Branch, at(r.JoinedAt))
	}
	line("waiting", "%d, and %d pictures", r.Waiting, r.Pictures)
	if !r.Oldest.IsZero() {
		line("oldest", "%s", at(r.Oldest))
	}
	line("refused", "%d", r.Dead)
	if !r.LastSuccess.IsZero() {
		line("heard", "%s", at(r.LastSuccess))
	}
	if r.AuditSeq > 0 {
		line("audit", "told up to entry %d, %s", r.AuditSeq, r.AuditHash)
	}
	if r.LastError != "" {
		line("error", "%s", r.LastError)
	}
	if r.PictureError != "" {
		line("pictures", "%s", r.PictureError)
	}
	if r.ClockOff {
		line("clock", "off by %s: set it", time.Duration(r.ClockSkew*float64(time.Second)).Round(time.Second))
	}
	for _, n := range r.NotTaken {
		line("not taken", "%s", n)
	}
}

// deadLetter is what the centre refused for good, as the commands print it.
type deadLetter struct {
	ID       string            `json:"id"`
	Kind     domain.NoticeKind `json:"kind"`
	Ref      string            `json:"ref"`
	Since    time.Time         `json:"since"`
	Attempts int               `json:"attempts"`
	Why      string            `json:"why"`
}

// letterID names a dead letter on the command line.
func letterID(k domain.NoticeKey) string { return string(k.Kind) + "-" + strconv.FormatInt(k.Row, 10) }

func syncDeadCommand(c *cli) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "dead-letters",
		Short: "List what the centre refused for good, and why",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			return c.withStore(ctx, func(st *store.Store) error {
				list, err := st.DeadNotices(ctx, store.MaxLimit)
				if err != nil {
					return err
				}
				letters := []deadLetter{}
				for _, d := range list {
					letters = append(letters, deadLetter{letterID(d.Key), d.Key.Kind, d.Ref, d.Since, d.Attempts, d.Why})
				}
				if asJSON {
					return writeJSON(c.out, letters)
				}
				w := tabwriter.NewWriter(c.out, 0, 4, 2, ' ', 0)
				fmt.Fprintln(w, "ID\tSINCE\tTRIES\tABOUT\tWHY")
				for _, l := range letters {
					fmt.Fprintf(w, "%s\t%s\t%d\t%s\t%s\n", l.ID, l.Since.Local().Format(time.DateTime), l.Attempts, l.Ref, l.Why)
				}
				return w.Flush()
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.AddCommand(&cobra.Command{
		Use:   "retry ID|all",
		Short: "Have one dead letter, or all, told again",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			return c.withStore(ctx, func(st *store.Store) error {
				n, err := retryDead(ctx, st, args[0])
				if err == nil {
					fmt.Fprintf(c.out, "%d to be told again\n", n)
				}
				return err
			})
		},
	})
	return cmd
}

// deadQueue is what of the store keeps dead letters.
type deadQueue interface {
	DeadNotices(ctx context.Context, limit int) ([]domain.DeadNotice, error)
	RequeueNotice(ctx context.Context, key domain.NoticeKey) error
}

// retryDead has one dead letter told again, or, with "all", as many as there
// are. It tells how many.
func retryDead(ctx context.Context, q deadQueue, id string) (n int, err error) {
	told := map[domain.NoticeKey]bool{} // a kiosk that runs may have one refused again meanwhile
	for {
		list, err := q.DeadNotices(ctx, store.MaxLimit)
		if err != nil {
			return n, err
		}
		found := n
		for _, d := range list {
			if told[d.Key] || id != "all" && letterID(d.Key) != id {
				continue
			}
			told[d.Key] = true
			err := q.RequeueNotice(ctx, d.Key)
			if errors.Is(err, domain.ErrNotFound) {
				continue // told again, or erased, meanwhile
			}
			if err != nil {
				return n, err
			}
			n++
		}
		if id != "all" && n == 0 {
			return 0, fmt.Errorf("dead letter %q: %w", id, domain.ErrNotFound)
		}
		if id != "all" || n == found {
			return n, nil
		}
	}
}
