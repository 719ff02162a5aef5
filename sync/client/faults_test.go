package client_test

import (
	"testing"

	"agentid/sync/outbox"
)

// Whatever the network and the centre do, once they are well everything has
// been told, has one effect, and nothing has died.
func TestFaultMatrix(t *testing.T) {
	for path, faults := range map[string][]fault{
		"/v1/batches": {
			status500, status429, status503, proxy502, portal, redirect, timeoutAfter, resetBefore, resetAfter, slow,
			token401, reordered, otherBatch, tooLarge, malformed, proxy400,
		},
		"/v1/token":            {status500, status429, resetBefore, proxy502, portal},
		"/v1/snapshots":        {status500, token401, resetAfter, portal},
		"/objects":             {status500, resetBefore, resetAfter},
		"/v1/snapshots/commit": {status500, resetBefore, resetAfter, timeoutAfter},
		"/v1/changes":          {status500, slow, resetBefore, token401, portal},
	} {
		for _, f := range faults {
			t.Run(path+" "+string(f), func(t *testing.T) {
				t.Parallel()
				c := newCentre(t, f == resetAfter || f == status500)
				k := newKiosk(t, c)
				must(t, k.Enrol(t.Context(), enrolment(1)))
				k.record(20)
				c.faults(path, f, f)
				st := k.run(func(st outbox.Status) bool { return told(st) && c.left(path) == 0 })
				if st.Waiting.Dead != 0 {
					dead, _ := k.DeadNotices(t.Context(), 0)
					t.Errorf("%+v dead", dead)
				}
				c.check(k)
			})
		}
	}
}

// left is how many faults of a path are still to come.
func (c *centre) left(path string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.script[path])
}
