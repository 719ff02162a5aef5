package store

import (
	"database/sql"
	"testing"
	"time"

	"agentid/app/domain"
	"agentid/app/store/storetest"
)

// seedPeople adds n people with the given names, fast: sealed and indexed as
// AddPerson does it, but in one transaction and without the audit.
func seedPeople(t testing.TB, s *Store, n int, name func(i int) string) {
	t.Helper()
	must(t, transact(t.Context(), s.w, func(tx *sql.Tx) error {
		for i := range n {
			p := storetest.Person(i)
			p.Name = name(i)
			row, err := s.sealPerson(p, nil)
			if err != nil {
				return err
			}
			if err := row.insert(t.Context(), tx); err != nil {
				return err
			}
		}
		return nil
	}))
}

var (
	givenNames = []string{"Lucía", "Mateo", "Sofía", "Hugo", "Martina", "Leo", "María", "Daniel", "Julia", "Pablo", "Ana", "Álvaro",
		"Carmen", "José", "Valeria", "Manuel", "Noa", "Adrián", "Elena", "Iván", "Inés", "Óscar", "Rocío", "Tomás"}
	surnames = []string{"García", "González", "Rodríguez", "Fernández", "López", "Martínez", "Sánchez", "Pérez", "Gómez", "Martín",
		"Jiménez", "Hernández", "Ruiz", "Díaz", "Moreno", "Muñoz", "Álvarez", "Romero", "Gutiérrez", "Alonso", "Navarro", "Torres",
		"Domínguez", "Ramos", "Vázquez", "Ramírez", "Gil", "Serrano", "Morales", "Molina", "Blanco", "Suárez", "Castro", "Ortega",
		"Delgado", "Ortiz", "Marín", "Rubio", "Núñez", "Medina", "Sanz", "Castillo", "Iglesias", "Cortés", "Garrido", "Santos"}
)

// spanishName is the i-th of many names, common ones as often as they are: a
// surname's rank falls with the square.
func spanishName(i int) string {
	x := uint64(i)*0x9E3779B97F4A7C15 + 0x1234567
	next := func(n int) int {
		x ^= x >> 29
		x *= 0xBF58476D1CE4E5B9
		x ^= x >> 32
		return int(x % uint64(n))
	}
	pick := func() string {
		r := next(1000)
		return surnames[r*r*len(surnames)/1_000_000]
	}
	return givenNames[next(len(givenNames))] + " " + pick() + " " + pick()
}

// seedEvents adds n events, one a minute from seedStart on: recognitions of 500
// people, a third unknown, and now and then the camera.
func seedEvents(t testing.TB, s *Store, n int) {
	t.Helper()
	mustExec(t, s, "DROP TABLE IF EXISTS temp.n; CREATE TEMP TABLE n (last)")
	if _, err := s.w.Exec("INSERT INTO temp.n VALUES (?)", n); err != nil {
		t.Fatal(err)
	}
	mustExec(t, s, `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < (SELECT last FROM temp.n))
		INSERT INTO events (`+eventColumns+`)
		SELECT i, format('01950000-0000-7000-8000-%012x', i), iif(i % 97, 'recognition', 'camera'),
			CASE WHEN i % 97 = 0 THEN 'camera_lost' WHEN i % 3 THEN 'recognised' ELSE 'unknown' END,
			1700000000000000 + i * 60000000, iif(i % 3, format('01950000-0000-7000-8000-%012x', i * 7919 % 500), NULL), NULL,
			0.21, 0.48, 0.36, 'squared_euclidean', 4, 5, 0.9, 'dlib', '1', 'hog', NULL, NULL, 0, '', NULL FROM n`)
	mustExec(t, s, `INSERT INTO outbox (kind, ref, created_at, next_at, state)
		SELECT 'event', id, at, at, iif(seq <= (SELECT last FROM temp.n) - 100, 'sent', 'pending') FROM events`)
	mustExec(t, s, "UPDATE device SET next_seq = (SELECT last FROM temp.n) + 1")
	must(t, s.truncateLog(t.Context()))
}

// seedDay is the n-th day of seeded events.
func seedDay(n int) time.Time { return fromMicros(1700000000000000).AddDate(0, 0, n) }

// historyPages are pages that staff open, of a history of n seeded events.
func historyPages(n int) map[string]Filter {
	last := n / (24 * 60)
	return map[string]Filter{
		"first-page": {}, "deep-page": {BeforeSeq: uint64(n / 2)},
		"rare-kind":   {Kind: domain.EventCamera, BeforeSeq: uint64(n / 2)},
		"reason":      {Reason: domain.ReasonUnknown},
		"person":      {Person: domain.PersonID(storetest.ID(77))},
		"recent-day":  {From: seedDay(last - 1), To: seedDay(last)},
		"oldest-day":  {From: seedDay(0), To: seedDay(1)},
		"middle-deep": {From: seedDay(1), To: seedDay(last), BeforeSeq: uint64(n / 2)},
		"kind-range":  {Kind: domain.EventCamera, From: seedDay(1), To: seedDay(last / 2)},
		"all-of-it":   {Kind: domain.EventRecognition, Reason: domain.ReasonRecognised, Person: domain.PersonID(storetest.ID(77)), From: seedDay(1), To: seedDay(last)},
	}
}
