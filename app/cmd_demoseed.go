package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"image/jpeg"
	"math/big"
	mrand "math/rand/v2"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"agentid/app/domain"
	"agentid/app/store"
	"agentid/assets"
	"agentid/vision/espcam/cast"
)

// Limits of a seed.
const (
	maxSeedPeople = 100_000
	maxSeedEvents = 1_000_000
	seedDays      = 14
)

func demoSeedCommand(c *cli) *cobra.Command {
	var people, events int
	cmd := &cobra.Command{
		Use:   "demo-seed",
		Short: "Fill the demo's own data with an invented, busy branch",
		Long: "Fill the demo's own data with an invented branch: people, two weeks of visits, badges, cases, staff. It works on the\n" +
			"demo alone, whose folder is its own. The accounts' PINs are drawn by lot and printed once.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case !c.cfg.Demo:
				return usageError{errors.New("this kiosk has a camera: invented people do not belong among its own; add --demo")}
			case people < 1 || people > maxSeedPeople:
				return usageError{fmt.Errorf("--people %d: want 1 to %d", people, maxSeedPeople)}
			case events < 0 || events > maxSeedEvents:
				return usageError{fmt.Errorf("--events %d: want at most %d", events, maxSeedEvents)}
			}
			return c.withStore(cmd.Context(), func(st *store.Store) error {
				// The key comes before the first badge: later none may be made.
				if _, err := c.openBadges(cmd.Context(), st); err != nil {
					return err
				}
				s := seeder{c: c, st: st, r: mrand.New(mrand.NewPCG(1, 2)), now: c.clock.Now()}
				return s.all(cmd.Context(), people, events)
			})
		},
	}
	cmd.Flags().IntVar(&people, "people", 120, "how many people")
	cmd.Flags().IntVar(&events, "events", 3000, "about how many events")
	return cmd
}

// seeder invents a branch. What it draws is the same each time, but for PINs
// and ids.
type seeder struct {
	c      *cli
	st     *store.Store
	r      *mrand.Rand
	now    time.Time
	people []domain.Person
	badges map[domain.PersonID]domain.BadgeID
	staff  []domain.Staff
}

func (s *seeder) all(ctx context.Context, people, events int) error {
	for _, step := range []func() error{
		func() error { return s.accounts(ctx) },
		func() error { return s.enrol(ctx, people) },
		func() error { return s.visits(ctx, events) },
		func() error { return s.cases(ctx) },
		func() error { return s.refused(ctx) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(s.c.out, "%d people and %d days of visits in %s\n", len(s.people), seedDays, s.c.cfg.StateDir())
	return err
}

// accounts makes one account of each role.
func (s *seeder) accounts(ctx context.Context) error {
	have, err := s.st.Staff(ctx)
	if err != nil {
		return err
	}
	for _, m := range []domain.Staff{
		{Login: "clara", Name: "Clara Paz", Role: domain.RoleAdmin}, {Login: "ana", Name: "Ana Ruiz", Role: domain.RoleStaff},
		{Login: "blas", Name: "Blas Ortiz", Role: domain.RoleAuditor},
	} {
		if i := slices.IndexFunc(have, func(h domain.Staff) bool { return h.Login == m.Login }); i >= 0 {
			s.staff = append(s.staff, have[i])
			continue
		}
		pin, err := drawnPIN()
		if err != nil {
			return err
		}
		m.ID = domain.StaffID(newID())
		if err := s.st.AddStaff(ctx, m, pin); err != nil {
			return err
		}
		s.staff = append(s.staff, m)
		fmt.Fprintf(s.c.out, "%s (%s), PIN %s\n", m.Login, m.Role, pin)
	}
	return nil
}

// drawnPIN is one that may be chosen.
func drawnPIN() (string, error) {
	for {
		n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
		if err != nil {
			return "", err
		}
		if pin := fmt.Sprintf("%06d", n); domain.CheckPIN(pin) == nil {
			return pin, nil
		}
	}
}

var (
	seedGiven = []string{
		"Lucía", "Mateo", "Sofía", "Benjamín", "Valentina", "Joaquín", "Emilia", "Tomás", "Martina", "Felipe", "Julieta", "Nicolás",
		"Camila", "Bruno", "Renata", "Lautaro", "Abril", "Ignacio", "Pilar", "Ramiro", "Elena", "Hugo", "Irene", "Óscar",
	}
	seedFamily = []string{
		"Vega", "Rojas", "Fernández", "Quiroga", "Salinas", "Ibáñez", "Paredes", "Luna", "Castro", "Méndez", "Ferreyra", "Domínguez",
		"Acosta", "Núñez", "Bustos", "Ojeda", "Molina", "Ponce", "Aguirre", "Sosa",
	}
)

// enrol makes people with consent and badge; their faces are not kept.
func (s *seeder) enrol(ctx context.Context, n int) error {
	s.badges = map[domain.PersonID]domain.BadgeID{}
	text, err := assets.Consent(assets.ConsentVersion, assets.DefaultLang)
	if err != nil {
		return err
	}
	for i := range n {
		at := s.now.Add(-time.Duration(s.r.IntN(300)) * 24 * time.Hour)
		p := domain.Person{ID: domain.PersonID(newID()), CreatedAt: at}
		p.Name = fmt.Sprintf("%s %s", seedGiven[i%len(seedGiven)], seedFamily[(i/len(seedGiven)*7+i)%len(seedFamily)])
		badge := s.c.newBadge(p.ID, 1)
		badge.NotBefore, badge.Expires = at.UTC().Truncate(time.Second), at.UTC().Truncate(time.Second).Add(s.c.badgeValidity())
		e := domain.Enrolment{
			Person: p, Document: fmt.Sprintf("%d", 20_000_000+s.r.IntN(29_000_000)), Contact: fmt.Sprintf("persona%d@correo.example", i), Badge: badge,
			Consent: domain.Consent{
				ID: newID(), Person: p.ID, Version: assets.ConsentVersion, TextSHA256: text.SHA256(), Lang: domain.Spanish,
				Granted: []domain.Purpose{domain.PurposeData, domain.PurposeFace}, Method: "kiosk_touch", DeviceID: s.st.DeviceID(), At: at,
			},
		}
		if i < 6 { // a PIN takes its time, so that nobody tries many
			if e.PIN, err = drawnPIN(); err != nil {
				return err
			}
		}
		err := s.st.Enrol(ctx, e)
		if errors.Is(err, domain.ErrDuplicateDocument) {
			continue
		}
		if err != nil {
			return err
		}
		s.people, s.badges[p.ID] = append(s.people, p), badge.ID
	}
	return nil
}

// hourWeights is how busy a branch is by the hour, from midnight.
var hourWeights = [24]int{8: 3, 9: 9, 10: 14, 11: 16, 12: 12, 13: 10, 14: 9, 15: 6, 16: 2}

// visits records what happened in the last days, in its order.
func (s *seeder) visits(ctx context.Context, events int) error {
	if len(s.people) == 0 {
		return nil
	}
	var times []time.Time
	total := 0
	for _, w := range hourWeights {
		total += w
	}
	for len(times) < events {
		n := s.r.IntN(total)
		hour := 0
		for ; n >= hourWeights[hour]; hour++ {
			n -= hourWeights[hour]
		}
		day := s.now.Local().AddDate(0, 0, -s.r.IntN(seedDays))
		if d := day.Weekday(); d == time.Sunday || d == time.Saturday && hour > 12 {
			continue
		}
		at := time.Date(day.Year(), day.Month(), day.Day(), hour, s.r.IntN(60), s.r.IntN(60), 0, day.Location())
		if at.Before(s.now) {
			times = append(times, at)
		}
	}
	// The last hour is busy whenever this is.
	for i := range min(events/20, 24) {
		times = append(times, s.now.Add(-time.Duration(2+i*2)*time.Minute))
	}
	slices.SortFunc(times, time.Time.Compare)
	pictures := 0
	for i, at := range times {
		if err := ctx.Err(); err != nil {
			return err
		}
		var picture []byte
		if len(times)-i <= 40 && pictures < min(12, 1+events/40) {
			var err error
			if picture, err = s.portrait(pictures); err != nil {
				return err
			}
			pictures++
		}
		if err := s.visit(ctx, at, picture); err != nil {
			return err
		}
	}
	return nil
}

// portrait draws one of the cast.
func (s *seeder) portrait(i int) ([]byte, error) {
	people := cast.Cast()
	var b bytes.Buffer
	pose := cast.Pose{X: 0.5, Y: 0.45, Scale: 0.45, Yaw: float64(i%5-2) * 0.06}
	err := jpeg.Encode(&b, people[i%len(people)].Portrait(640, 480, pose), &jpeg.Options{Quality: 85})
	return b.Bytes(), err
}

// visit is somebody at the kiosk: greeted, and perhaps validated.
func (s *seeder) visit(ctx context.Context, at time.Time, picture []byte) error {
	who := s.people[s.r.IntN(len(s.people))]
	e := domain.Event{
		Kind: domain.EventRecognition, Reason: domain.ReasonRecognised, At: at, Person: who.ID, Threshold: 0.55, Metric: "cosine_distance",
		Distance: 0.28 + 0.18*s.r.Float64(), Second: 0.66 + 0.2*s.r.Float64(), Votes: 3, Frames: 3 + s.r.IntN(3), Quality: 0.6 + 0.35*s.r.Float64(),
		Encoder: domain.EncoderRef{Name: "demo", Version: "1"}, Detector: "haar",
	}
	switch n := s.r.IntN(100); {
	case n < 14:
		e.Reason, e.Person, picture = domain.ReasonUnknown, "", nil
		e.Distance = 0.6 + 0.25*s.r.Float64()
	case n < 18:
		e.Reason, e.Person, picture = domain.ReasonUndecided, "", nil
		e.Distance = 0.5 + 0.1*s.r.Float64()
	}
	first, err := s.st.Record(ctx, e, picture)
	if err != nil || e.Person == "" || s.r.IntN(100) > 55 {
		return err
	}
	v := e
	v.Kind, v.Badge, v.At, v.Second = domain.EventValidation, s.badges[who.ID], at.Add(20*time.Second), 0
	if v.At.After(s.now) {
		return nil
	}
	switch n := s.r.IntN(100); {
	case n < 72:
		v.Reason = domain.ReasonValidatedFace
	case n < 84:
		v.Reason, v.Distance, v.Encoder, v.Metric = domain.ReasonValidatedPIN, 0, domain.EncoderRef{}, ""
	case n < 88:
		v.Reason, v.Staff = domain.ReasonValidatedStaff, s.staff[1].ID
	case n < 92:
		v.Reason, v.Distance = domain.ReasonWrongFace, 0.6+0.2*s.r.Float64()
	case n < 95:
		v.Reason = domain.ReasonWrongPIN
	case n < 97:
		v.Reason = domain.ReasonBadgeExpired
	case n < 99:
		v.Reason = domain.ReasonNotLive
	default:
		c := domain.Event{Kind: domain.EventCorrection, Reason: domain.ReasonNotMe, At: v.At, Person: who.ID, About: first.ID}
		_, err := s.st.Record(ctx, c, nil)
		return err
	}
	_, err = s.st.Record(ctx, v, nil)
	return err
}

// cases are visitors who were handed over.
func (s *seeder) cases(ctx context.Context) error {
	for i, x := range []struct {
		why  domain.CaseReason
		said []string
	}{
		{domain.CaseAsked, []string{"¿Puedo cambiar el titular de la cuenta?", "Para eso le atiende una persona."}},
		{domain.CaseLost, []string{"¿Aceptan el certificado del consulado?", "No encontré una respuesta. Le atenderá una persona."}},
		{domain.CaseDisliked, []string{"¿Cuánto tarda la tarjeta nueva?", "Entre 7 y 10 días hábiles."}},
		{domain.CaseAsked, []string{"Quiero hablar con alguien", "Le atenderá una persona."}},
	} {
		at := s.now.Add(-time.Duration(12+35*i) * time.Minute)
		k := domain.Case{ID: newID(), At: at, Kiosk: s.st.DeviceID(), Lang: domain.Spanish, Identity: domain.IdentityAnonymous, Reason: x.why}
		if i%2 == 0 && len(s.people) > i {
			k.Identity, k.Person = domain.IdentityRecognised, s.people[i].ID
		}
		for j, text := range x.said {
			k.Transcript = append(k.Transcript, domain.CaseLine{At: at.Add(time.Duration(j) * time.Second), Visitor: j == 0, Text: text})
		}
		if err := s.st.AddCase(ctx, k); err != nil {
			return err
		}
		if i == 3 {
			if err := s.st.SetCaseState(ctx, k.ID, domain.CaseTaken, s.staff[1].ID); err != nil {
				return err
			}
		}
	}
	return nil
}

// refused are messages that a centre would not take.
func (s *seeder) refused(ctx context.Context) error {
	rows, err := s.st.NextBatch(ctx, 3)
	if err != nil {
		return err
	}
	for _, r := range rows {
		if err := s.st.MarkDead(ctx, r.ID, errors.New("rejected: the badge is of another branch")); err != nil {
			return err
		}
	}
	return nil
}
