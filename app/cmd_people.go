package main

import (
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"agentid/app/domain"
	"agentid/app/store"
)

func peopleCommand(c *cli) *cobra.Command {
	cmd := &cobra.Command{Use: "people", Short: "List, show and forget people"}
	cmd.AddCommand(peopleListCommand(c), peopleShowCommand(c), peopleForgetCommand(c))
	return cmd
}

// personLine is a person in a list.
type personLine struct {
	ID        domain.PersonID `json:"id"`
	Name      string          `json:"name"`
	CreatedAt time.Time       `json:"created_at"`
}

func peopleListCommand(c *cli) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the people that this kiosk knows",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			return c.withStore(ctx, func(st *store.Store) error {
				people, err := st.People(ctx)
				if err != nil {
					return err
				}
				lines := []personLine{}
				for _, p := range people {
					lines = append(lines, personLine{p.ID, p.Name, p.CreatedAt})
				}
				if asJSON {
					return writeJSON(c.out, lines)
				}
				w := tabwriter.NewWriter(c.out, 0, 4, 2, ' ', 0)
				fmt.Fprintln(w, "PERSON\tSINCE\tNAME")
				for _, l := range lines {
					fmt.Fprintf(w, "%s\t%s\t%s\n", l.ID, l.CreatedAt.Local().Format(time.DateOnly), l.Name)
				}
				return w.Flush()
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// personRecord is all that is kept of a person but the template, which says
// nothing to anybody: what they may ask to see.
type personRecord struct {
	personLine
	Document     string          `json:"document,omitempty"`
	Contact      string          `json:"contact,omitempty"`
	HasFace      bool            `json:"has_face"`
	HasPIN       bool            `json:"has_pin"`
	SecondFactor bool            `json:"second_factor"`
	LastSeen     time.Time       `json:"last_recognised,omitzero"`
	Consents     []consentRecord `json:"consents"`
	Badges       []badgeLine     `json:"badges"`
}

// consentRecord is a consent as it was given.
type consentRecord struct {
	ID          string           `json:"id"`
	Version     string           `json:"version"`
	Lang        domain.Lang      `json:"lang"`
	Granted     []domain.Purpose `json:"granted"`
	Refused     []domain.Purpose `json:"refused,omitempty"`
	At          time.Time        `json:"at"`
	WithdrawnAt time.Time        `json:"withdrawn_at,omitzero"`
}

func peopleShowCommand(c *cli) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show PERSON",
		Short: "Show all that is kept of a person",
		Long:  "Show all that is kept of a person, as they may ask to see it. It is their personal data: mind who looks on.",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			return c.withStore(ctx, func(st *store.Store) error {
				p, err := st.Profile(ctx, domain.PersonID(args[0]))
				if err != nil {
					return err
				}
				seen, _, err := st.LastRecognition(ctx, p.Person.ID)
				if err != nil {
					return err
				}
				r := recordOf(p, c.clock.Now())
				r.LastSeen = seen
				if asJSON {
					return writeJSON(c.out, r)
				}
				r.print(c)
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func recordOf(p domain.Profile, now time.Time) personRecord {
	r := personRecord{
		personLine: personLine{p.Person.ID, p.Person.Name, p.Person.CreatedAt}, Document: p.Document, Contact: p.Contact,
		HasFace: p.HasFace, HasPIN: p.HasPIN, SecondFactor: p.SecondFactor, Consents: []consentRecord{}, Badges: []badgeLine{},
	}
	for _, k := range p.Consents {
		r.Consents = append(r.Consents, consentRecord{k.ID, k.Version, k.Lang, k.Granted, k.Refused, k.At, k.WithdrawnAt})
	}
	for _, b := range p.Badges {
		r.Badges = append(r.Badges, lineOf(b, now))
	}
	return r
}

func (r personRecord) print(c *cli) {
	yes := map[bool]string{true: "yes", false: "no"}
	fmt.Fprintf(c.out, "person    %s\nname      %s\ndocument  %s\ncontact   %s\nsince     %s\n", r.ID, r.Name, r.Document, r.Contact,
		r.CreatedAt.Local().Format(time.DateTime))
	if !r.LastSeen.IsZero() {
		fmt.Fprintf(c.out, "seen      %s\n", r.LastSeen.Local().Format(time.DateTime))
	}
	fmt.Fprintf(c.out, "face      %s\npin       %s\nsecond    %s\n", yes[r.HasFace], yes[r.HasPIN], yes[r.SecondFactor])
	for _, k := range r.Consents {
		state := "stands"
		if !k.WithdrawnAt.IsZero() {
			state = "withdrawn " + k.WithdrawnAt.Local().Format(time.DateTime)
		}
		fmt.Fprintf(c.out, "consent   %s, text %s (%s), to %v, not to %v, %s\n", k.At.Local().Format(time.DateTime), k.Version, k.Lang, k.Granted, k.Refused, state)
	}
	for _, b := range r.Badges {
		fmt.Fprintf(c.out, "badge     %s, %s, until %s\n", b.ID, b.Status, b.Expires.Local().Format(time.DateOnly))
	}
}

// errNotSure asks for the word that makes it meant.
var errNotSure = errors.New("this cannot be undone: add --yes")

func peopleForgetCommand(c *cli) *cobra.Command {
	var sure bool
	cmd := &cobra.Command{
		Use:   "forget PERSON",
		Short: "Erase a person, and print the receipt as JSON",
		Long: "Erase a person: their key first, then templates, pictures, consents, badges and what waits for the centre.\n" +
			"It cannot be undone. The receipt, in JSON, says what was erased; asked again, it is the same.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !sure {
				return usageError{errNotSure}
			}
			ctx := cmd.Context()
			return c.withStore(ctx, func(st *store.Store) error {
				r, err := c.registry(st).EraseIdentity(ctx, domain.PersonID(args[0]), domain.ReasonErasedByStaff, c.clock.Now())
				if err != nil {
					return err
				}
				return writeJSON(c.out, r)
			})
		},
	}
	cmd.Flags().BoolVar(&sure, "yes", false, "it is meant")
	return cmd
}
