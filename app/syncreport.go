package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"agentid/app/domain"
	"agentid/app/store"
	"agentid/sync/client"
	"agentid/sync/outbox"
)

// syncPath is where a running kiosk tells how its sync stands, beside its health.
const syncPath = "/sync"

// syncReport is how the sync stands: figures and ids, nothing of anybody.
type syncReport struct {
	Device   string       `json:"device_id"`
	Centre   string       `json:"centre,omitempty"`
	State    outbox.State `json:"state"`
	Mend     string       `json:"mend,omitempty"`
	Site     string       `json:"site,omitempty"`
	SiteName string       `json:"site_name,omitempty"`
	Branch   string       `json:"branch,omitempty"`
	JoinedAt time.Time    `json:"joined_at,omitzero"`

	Waiting  int       `json:"waiting"`
	Pictures int       `json:"pictures_waiting"`
	Dead     int       `json:"dead_letters"`
	Oldest   time.Time `json:"oldest,omitzero"`

	LastSuccess  time.Time `json:"last_success,omitzero"`
	LastError    string    `json:"last_error,omitempty"`
	PictureError string    `json:"picture_error,omitempty"`
	RetryAt      time.Time `json:"retry_at,omitzero"`
	// ClockSkew is this machine's clock less the centre's, in seconds.
	ClockSkew float64 `json:"clock_skew_s,omitempty"`
	ClockOff  bool    `json:"clock_off,omitempty"`
	Sent      uint64  `json:"sent_since_start"`
	Applied   uint64  `json:"applied_since_start"`
	// NotTaken are the last changes of the centre that were passed over, and why.
	NotTaken []string `json:"not_taken,omitempty"`
	// AuditSeq and AuditHash are where the audit ended when the centre was last told
	// of it, since the start.
	AuditSeq  uint64 `json:"audit_seq,omitempty"`
	AuditHash string `json:"audit_hash,omitempty"`
}

func newSyncReport(device, centre string, st outbox.Status, m client.Membership) syncReport {
	return syncReport{
		Device: device, Centre: centre, State: st.State, Mend: centreMend(st.State),
		Site: m.SiteID, SiteName: m.SiteName, Branch: m.Branch, JoinedAt: m.JoinedAt,
		LastSuccess: st.LastSuccess, LastError: st.LastError, PictureError: st.PictureError, RetryAt: st.RetryAt,
		ClockSkew: st.Skew.Seconds(), ClockOff: st.ClockOff(), Sent: st.Sent, Applied: st.Applied, NotTaken: st.Notes,
	}
}

func (r *syncReport) count(w domain.Waiting) {
	r.Waiting, r.Pictures, r.Dead, r.Oldest = w.Notices, w.Pictures, w.Dead, w.Oldest
}

// sentence tells the report in one line.
func (r syncReport) sentence() string {
	parts := []string{strings.ReplaceAll(string(r.State), "_", " ")}
	if r.Site != "" {
		parts = append(parts, fmt.Sprintf("site %s, branch %s", r.Site, r.Branch))
	}
	if r.State != outbox.StateNotConfigured {
		parts = append(parts, fmt.Sprintf("%d waiting, %d pictures, %d dead letters", r.Waiting, r.Pictures, r.Dead))
	}
	if r.ClockOff {
		parts = append(parts, fmt.Sprintf("this clock is off by %s", time.Duration(r.ClockSkew*float64(time.Second)).Round(time.Second)))
	}
	if r.State != outbox.StateOnline && r.LastError != "" {
		parts = append(parts, r.LastError)
	}
	return strings.Join(parts, "; ")
}

// syncReport is how the sync of the running kiosk stands.
func (p *program) syncReport() syncReport {
	st, member := p.link.now()
	r := newSyncReport(p.store.DeviceID(), p.c.cfg.Centre.URL, st, member)
	r.NotTaken = append(slices.Clone(r.NotTaken), p.faq.notes(domain.English)...)
	if h := p.reports.told(); h.Seq > 0 {
		r.AuditSeq, r.AuditHash = h.Seq, h.Hash.String()
	}
	r.count(st.Waiting)
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if w, err := p.store.WaitingNotices(ctx); err == nil { // newer than the last round's
		r.count(w)
	}
	return r
}

func (p *program) serveSync(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	// A client that goes away while reading is its own affair.
	_ = json.NewEncoder(w).Encode(p.syncReport())
}

// maxReport bounds what is read of a running kiosk's answer.
const maxReport = 1 << 16

// runningSync asks the kiosk on this machine, if this one runs, how its sync
// stands. A kiosk with another database is not asked.
func (c *cli) runningSync(ctx context.Context, device string) (r syncReport, ok bool) {
	if c.cfg.Telemetry.Addr == "" {
		return r, false
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+c.cfg.Telemetry.Addr+syncPath, nil)
	if err != nil {
		return r, false
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return r, false
	}
	defer resp.Body.Close()
	err = json.NewDecoder(io.LimitReader(resp.Body, maxReport)).Decode(&r)
	return r, err == nil && resp.StatusCode == http.StatusOK && r.Device == device
}

// probeTimeout is how long the centre may take to answer a command.
const probeTimeout = 15 * time.Second

// syncStatus tells how the sync stands: as the running kiosk says, or else as
// the centre answers now.
func (c *cli) syncStatus(ctx context.Context, st *store.Store) (syncReport, error) {
	waiting, err := st.WaitingNotices(ctx)
	if err != nil {
		return syncReport{}, err
	}
	r, runs := c.runningSync(ctx, st.DeviceID())
	if !runs {
		status, member := outbox.Status{State: stateHeld}, client.Membership{}
		if c.cfg.Centre.URL == "" || !heldIn(ctx, st) { // held, nothing leaves this machine
			status, member = c.probe(ctx, st)
		}
		r = newSyncReport(st.DeviceID(), c.cfg.Centre.URL, status, member)
	}
	r.count(waiting)
	return r, nil
}

// probe asks the centre whether this kiosk is welcome. It changes nothing.
func (c *cli) probe(ctx context.Context, st *store.Store) (s outbox.Status, m client.Membership) {
	if c.cfg.Centre.URL == "" {
		return outbox.Status{State: outbox.StateNotConfigured}, m
	}
	centre, err := client.Open(c.centreOptions(st.DeviceID()))
	if err != nil {
		return outbox.Status{State: closedState(err), LastError: err.Error()}, m
	}
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	cursor, err := st.SyncCursor(ctx)
	if err == nil {
		_, err = centre.Changes(ctx, cursor, 1, 0)
	}
	s.State = outbox.StateOnline
	if err != nil {
		s.State, s.LastError = outbox.StateOf(err), err.Error()
	}
	s.Skew, s.SkewKnown = centre.Skew()
	return s, centre.Membership()
}

// checkCentre tells whether what happens here reaches the centre. Without it a
// kiosk works all the same.
func (c *cli) checkCentre(ctx context.Context) []finding {
	f := finding{Check: "centre", Verdict: good}
	switch {
	case c.cfg.Centre.URL == "":
		f.Detail = "none configured: this kiosk works alone"
		return []finding{f}
	case !exists(databaseOf(c.cfg)):
		f.Verdict, f.Detail, f.Mend = warn, "not enrolled", centreMend(stateNotEnrolled)
		return []finding{f}
	}
	var r syncReport
	err := c.withStore(ctx, func(st *store.Store) (err error) {
		r, err = c.syncStatus(ctx, st)
		return err
	})
	if err != nil {
		f.Verdict, f.Detail = warn, err.Error()
		return []finding{f}
	}
	f.Detail, f.Mend = r.sentence(), r.Mend
	switch {
	case r.State != outbox.StateOnline:
		f.Verdict = warn
	case r.ClockOff:
		f.Verdict, f.Mend = warn, "set the clock: the centre's differs by more than a minute"
	case r.Dead > 0:
		f.Verdict, f.Mend = warn, "see what the centre refused: `agentid sync dead-letters`"
	}
	return []finding{f}
}
