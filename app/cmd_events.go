package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"agentid/app/domain"
	"agentid/app/store"
)

func eventsCommand(c *cli) *cobra.Command {
	var asJSON bool
	var limit int
	var kind, reason string
	cmd := &cobra.Command{
		Use:   "events",
		Short: "List what was recorded at this kiosk, oldest first",
		Long: "List the newest events of this kiosk, oldest first. With --json, one JSON object a line.\n" +
			"Events hold ids and figures, no names.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if limit < 1 {
				return fmt.Errorf("--limit %d: at least 1", limit)
			}
			ctx := cmd.Context()
			st, err := c.openStore(ctx)
			if err != nil {
				return err
			}
			defer st.Close()
			var list []domain.Event
			f := store.Filter{Kind: domain.EventKind(kind), Reason: domain.Reason(reason)}
			for len(list) < limit {
				f.Limit = min(limit-len(list), store.MaxLimit)
				page, err := st.EventsQuery(ctx, f)
				if err != nil {
					return err
				}
				list = append(list, page...)
				if len(page) < f.Limit {
					break
				}
				f.BeforeSeq = page[len(page)-1].Seq
			}
			slices.Reverse(list)
			for _, e := range list {
				if asJSON {
					if err := writeJSONLine(c.out, e); err != nil {
						return err
					}
					continue
				}
				fmt.Fprintf(c.out, "%6d  %s  %-12s %-16s %s\n", e.Seq, e.At.Local().Format(time.DateTime), e.Kind, e.Reason, e.Person)
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.BoolVar(&asJSON, "json", false, "one JSON object a line")
	f.IntVar(&limit, "limit", 100, "how many, the newest")
	f.StringVar(&kind, "kind", "", "only this kind (recognition, correction, camera, enrolment)")
	f.StringVar(&reason, "reason", "", "only this reason (recognised, unknown, too_dark, ...)")
	return cmd
}
