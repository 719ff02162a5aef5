package outbox

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"agentid/app/domain"
	"agentid/app/domain/domaintest"
	"agentid/sync/protocol"
)

var start = time.Date(2026, 3, 14, 9, 0, 0, 0, time.UTC)

// lanes is a queue with so many notices in each lane.
type lanes struct {
	Queue
	waits [domain.LaneRest + 1]int
	asked int
	keys  int
}

func (q *lanes) WaitingNotices(context.Context) (domain.Waiting, error) { return domain.Waiting{}, nil }

func (q *lanes) DueNotices(_ context.Context, lane domain.Lane, n int) ([]domain.Notice, error) {
	if lane == domain.LaneKeys {
		list := make([]domain.Notice, min(n, q.keys))
		for i := range list {
			list[i].Key = domain.NoticeKey{Kind: domain.NoticeBadgeKey, Row: int64(i)}
		}
		return list, nil
	}
	q.asked++
	kinds := []domain.NoticeKind{domain.NoticeErasure, domain.NoticeEvent, domain.NoticePerson, "health"}
	list := make([]domain.Notice, min(n, q.waits[lane]))
	for i := range list {
		list[i].Key = domain.NoticeKey{Kind: kinds[lane], Row: int64(i)}
	}
	return list, nil
}

// Each lane has its share, what one leaves the others take, and nobody gets
// what another has already.
func TestCompose(t *testing.T) {
	for _, tt := range []struct {
		limit       int
		waits, want [4]int
	}{
		{100, [4]int{0, 0, 0, 0}, [4]int{0, 0, 0, 0}},
		{100, [4]int{0, 500, 0, 0}, [4]int{0, 100, 0, 0}},
		{100, [4]int{0, 500, 500, 500}, [4]int{0, 63, 25, 12}},
		{100, [4]int{20, 500, 500, 500}, [4]int{20, 50, 20, 10}},
		{100, [4]int{200, 500, 500, 500}, [4]int{100, 0, 0, 0}},
		{100, [4]int{0, 10, 500, 3}, [4]int{0, 10, 87, 3}},
		{100, [4]int{0, 0, 500, 500}, [4]int{0, 0, 88, 12}},
		{100, [4]int{0, 0, 5, 500}, [4]int{0, 0, 5, 95}},
		{100, [4]int{1, 2, 3, 4}, [4]int{1, 2, 3, 4}},
	} {
		q := &lanes{waits: tt.waits}
		o := New(Options{Queue: q, BatchItems: tt.limit})
		list, err := o.compose(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var got [4]int
		seen := map[domain.NoticeKey]bool{}
		for _, n := range list {
			if seen[n.Key] {
				t.Errorf("%+v: %+v twice", tt, n.Key)
			}
			seen[n.Key] = true
			got[slices.Index([]domain.NoticeKind{domain.NoticeErasure, domain.NoticeEvent, domain.NoticePerson, "health"}, n.Key.Kind)]++
		}
		if got != tt.want {
			t.Errorf("limit %d of %v: %v, want %v", tt.limit, tt.waits, got, tt.want)
		}
	}
}

// version is a centre that takes badge keys, or is of before them, or is not there.
type version struct {
	mute
	takes bool
	err   error
}

func (v *version) Takes(context.Context, protocol.Kind) (bool, error) { return v.takes, v.err }

// Keys go before what they signed, to a centre that takes them; one that does not is
// told the rest, and trouble of asking it is no trouble of this disk.
func TestComposeKeys(t *testing.T) {
	down := errors.New("no route")
	for _, tt := range []struct {
		centre version
		keys   int
		want   int
		err    error
	}{
		{version{takes: true}, 2, 2, nil}, {version{}, 2, 0, nil}, {version{err: down}, 2, 0, down}, {version{err: down}, 0, 0, nil},
	} {
		o := New(Options{Queue: &lanes{waits: [4]int{1, 5, 0, 0}, keys: tt.keys}, Centre: &tt.centre, BatchItems: 4})
		list, err := o.compose(t.Context())
		if tt.err != nil {
			var mine localError
			if _, err := o.round(t.Context()); !errors.Is(err, tt.err) || errors.As(err, &mine) {
				t.Errorf("%+v: %v", tt, err)
			}
			continue
		}
		got := 0
		for i, n := range list {
			if n.Key.Kind == domain.NoticeBadgeKey {
				got++
				if i == 0 || i > tt.keys {
					t.Errorf("%+v: a key is the %dth of %d", tt, i, len(list))
				}
			}
		}
		if err != nil || got != tt.want || len(list) != 4 {
			t.Errorf("%+v: %d keys of %d, %v", tt, got, len(list), err)
		}
	}
}

// Where the centre takes no more erasures for a while, they wait, and nothing else does.
func TestErasuresWait(t *testing.T) {
	clock := domaintest.NewClock(start)
	o := New(Options{Queue: &lanes{waits: [4]int{3, 500, 0, 0}}, Centre: &version{}, Clock: clock, BatchItems: 100})
	first := func() domain.NoticeKind {
		t.Helper()
		list, err := o.compose(t.Context())
		if err != nil || len(list) != 100 {
			t.Fatalf("%d, %v", len(list), err)
		}
		return list[0].Key.Kind
	}
	many := &Refusal{Problem: protocol.NewProblem(429, protocol.CodeErasures, ""), RetryAfter: 10 * time.Minute}
	event := []letter{{item: protocol.Item{Kind: protocol.KindEvent}}}
	if err := o.untold(t.Context(), event, many); !errors.Is(err, many) || first() != domain.NoticeErasure {
		t.Errorf("of a batch without any: %v", err)
	}
	if err := o.untold(t.Context(), append([]letter{{item: protocol.Item{Kind: protocol.KindTombstone}}}, event...), many); err != nil {
		t.Error(err)
	}
	if got := first(); got != domain.NoticeEvent {
		t.Errorf("first is %s", got)
	}
	clock.Advance(10 * time.Minute)
	if got := first(); got != domain.NoticeErasure {
		t.Errorf("after the wait first is %s", got)
	}
}

// However small a batch, every lane comes to its turn.
func TestComposeSmall(t *testing.T) {
	for limit := 1; limit < 10; limit++ {
		o := New(Options{Queue: &lanes{waits: [4]int{0, 1000, 1000, 1000}}, BatchItems: limit})
		got := map[domain.NoticeKind]int{}
		for range 16 {
			list, err := o.compose(t.Context())
			if err != nil || len(list) != limit {
				t.Fatalf("limit %d: %d, %v", limit, len(list), err)
			}
			for _, n := range list {
				got[n.Key.Kind]++
			}
		}
		for _, k := range []domain.NoticeKind{domain.NoticeEvent, domain.NoticePerson, "health"} {
			if got[k] == 0 {
				t.Errorf("limit %d: %s starves: %v", limit, k, got)
			}
		}
	}
}

func TestBackoff(t *testing.T) {
	for range 50 {
		b := backoff{base: time.Second, most: time.Minute}
		low, high := time.Hour, time.Duration(0)
		for i := range 40 {
			d := b.next(0)
			if most := min(time.Minute, time.Second<<min(i, 20)) + time.Second/10; d < time.Second/10 || d > most {
				t.Fatalf("failure %d: %v, at most %v", i, d, most)
			}
			low, high = min(low, d), max(high, d)
		}
		if high < 10*time.Second || low > 20*time.Second {
			t.Errorf("between %v and %v: no jitter", low, high)
		}
	}
	b := backoff{base: time.Second, most: time.Minute}
	if d := b.next(40 * time.Second); d < 40*time.Second || d > 52*time.Second {
		t.Errorf("told 40 s: %v", d)
	}
	if d := b.next(1000 * time.Hour); d < maxRetryAfter || d > maxRetryAfter+time.Minute {
		t.Errorf("told 1000 h: %v", d)
	}
}

func refusal(status int, code protocol.Code) error {
	return fmt.Errorf("doing: %w", &Refusal{Problem: protocol.NewProblem(status, code, "")})
}

func TestJudge(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want State
	}{
		{errors.New("connection refused"), StateOffline},
		{refusal(503, protocol.CodeUnavailable), StateOffline},
		{refusal(403, protocol.CodeRevoked), StateRevoked},
		{refusal(400, protocol.CodeVersion), StateIncompatible},
		{fmt.Errorf("x: %w", protocol.ErrVersion), StateIncompatible},
		{refusal(404, protocol.CodeUnknown), StateRefused},
		{refusal(403, protocol.CodeOther), StateOffline}, // a proxy's
		{refusal(403, protocol.CodeForbidden), StateRefused},
	} {
		if v := judge(tt.err); v.state != tt.want {
			t.Errorf("%v: %s, want %s", tt.err, v.state, tt.want)
		}
	}
	// One that was revoked is not merely offline when the line fails.
	o := New(Options{Queue: &lanes{}, Centre: &mute{}, Clock: domaintest.NewClock(start)})
	b := backoff{base: time.Second, most: time.Second}
	if d := o.failed(refusal(403, protocol.CodeRevoked), "telling", &b); d < o.o.StopEvery/2 {
		t.Errorf("revoked, and asked again after %v", d)
	}
	o.failed(errors.New("no route"), "telling", &b)
	if st := o.Status(); st.State != StateRevoked || st.RetryAt.IsZero() {
		t.Errorf("%+v", st)
	}
	o.heard()
	if st := o.Status(); st.State != StateOnline || st.LastError != "" || !st.LastSuccess.Equal(start) {
		t.Errorf("%+v", st)
	}
}

// mute is a centre that is never asked anything.
type mute struct{ Centre }

func (*mute) Site() string                { return "centre norte" }
func (*mute) Skew() (time.Duration, bool) { return 0, false }
func (*mute) DeviceID() string            { return "01950000-0000-7000-8000-000000000001" }

// A wait ends by time, by a bell, by a change of the network and by the end.
func TestPause(t *testing.T) {
	clock := domaintest.NewClock(start)
	network := make(chan string, 1)
	network <- "a"
	o := New(Options{Queue: &lanes{}, Clock: clock, Network: func() string { n := <-network; network <- n; return n }})
	pause := func(ctx context.Context, d time.Duration) <-chan bool {
		done := make(chan bool, 1)
		go func() { done <- o.pause(ctx, d, o.retry) }()
		clock.AwaitTimers(1)
		return done
	}
	done := pause(t.Context(), 2*time.Second)
	clock.Advance(2 * time.Second)
	if <-done {
		t.Error("the network has not changed")
	}
	done = pause(t.Context(), time.Hour)
	o.Retry()
	if <-done {
		t.Error("the network has not changed")
	}
	done = pause(t.Context(), time.Hour)
	<-network
	network <- "b"
	clock.Advance(networkEvery)
	if !<-done {
		t.Error("the network has changed")
	}
	ctx, cancel := context.WithCancel(t.Context())
	done = pause(ctx, time.Hour)
	cancel()
	if <-done {
		t.Error("it ended")
	}
}

func TestSettlements(t *testing.T) {
	sent := make([]letter, 5)
	for i := range sent {
		sent[i].key.Row = int64(i)
	}
	list, refused := settlements(sent, []protocol.Answer{
		{Status: protocol.StatusStored}, {Status: protocol.StatusDuplicate},
		{Status: protocol.StatusConflict, Reason: protocol.RejectSame},
		{Status: protocol.StatusRejected, Reason: protocol.RejectConsent, Detail: "none"},
		{Status: protocol.StatusRejected, Reason: protocol.RejectErased},
	})
	want := []domain.Settlement{
		{Key: sent[0].key, Done: true}, {Key: sent[1].key, Done: true}, {Key: sent[2].key, Why: "conflict: same_id"},
		{Key: sent[3].key, Why: "rejected: no_consent none"}, {Key: sent[4].key, Done: true},
	}
	if !slices.Equal(list, want) || refused != 2 {
		t.Errorf("%+v, %d refused", list, refused)
	}
}

// What can never be told is refused here, with a reason, and what was made
// before is sent as it was.
func TestItems(t *testing.T) {
	o := New(Options{Queue: &lanes{}, Centre: &mute{}})
	id := "01950000-0000-7000-8000-000000000009"
	for name, n := range map[string]domain.Notice{
		"nothing":         {},
		"event of 1970":   {Event: &domain.Event{ID: domain.EventID(id), Seq: 1, DeviceID: id, Kind: "x", Reason: "y", At: time.Unix(0, 0)}},
		"unknown kind":    {Key: domain.NoticeKey{Kind: "tomorrow"}, Item: id, Body: []byte(`{}`)},
		"broken body":     {Key: domain.NoticeKey{Kind: "health"}, Item: id, Body: []byte(`{"at":`)},
		"badge of nobody": {Badge: &domain.Badge{ID: domain.BadgeID(id)}},
	} {
		var unmade errUnmade
		if it, err := o.item(t.Context(), n); !errors.As(err, &unmade) {
			t.Errorf("%s: %+v, %v", name, it, err)
		}
	}
	body := []byte(`{ "at":"2026-03-14T09:00:00Z","version":"1","uptime_s":1,"pending":0,"dead":0}`)
	it, err := o.item(t.Context(), domain.Notice{Key: domain.NoticeKey{Kind: "health"}, Item: id, Body: body})
	if err != nil || it.ID != id || string(it.Body) != string(body) || it.Kind != protocol.KindHealth {
		t.Errorf("%+v, %v", it, err)
	}
}

// FuzzOpen: whatever a centre publishes, a kiosk takes it or passes it over.
func FuzzOpen(f *testing.F) {
	f.Add("person", "01950000-0000-7000-8000-000000000009", false, []byte(`{"id":"01950000-0000-7000-8000-000000000009","version":1,"created_at":"2026-03-14T09:00:00Z","key_id":"k1"}`))
	f.Add("tombstone", "01950000-0000-7000-8000-000000000009", false, []byte(`{"person_id":"01950000-0000-7000-8000-000000000009","why":"x","at":"2026-03-14T09:00:00Z"}`))
	f.Add("badge", "x", true, []byte(nil))
	f.Add("faq", "es", false, []byte(`{"version":1,"content_type":"text/plain","sha256":"","content":""}`))
	key, err := protocol.NewSiteKey("norte", "k1", slices.Repeat([]byte{1}, 32))
	if err != nil {
		f.Fatal(err)
	}
	o := New(Options{Queue: &lanes{}, Centre: &keyed{key: key}})
	f.Fuzz(func(t *testing.T, kind, ref string, gone bool, body []byte) {
		if gone {
			body = nil
		}
		c, err := o.open(t.Context(), protocol.Change{Seq: 1, Kind: protocol.ChangeKind(kind), Ref: ref, Gone: gone, At: start, Body: body})
		var skip errSkip
		if err != nil && !errors.As(err, &skip) {
			t.Fatalf("%s %s stops the page: %v", kind, ref, err)
		}
		if err == nil && c == (domain.CentreChange{}) {
			t.Fatalf("%s %s is taken for nothing", kind, ref)
		}
	})
}

type keyed struct {
	mute
	key *protocol.SiteKey
}

func (k *keyed) SiteKey(_ context.Context, id string) (*protocol.SiteKey, error) {
	if id == "" || id == k.key.ID {
		return k.key, nil
	}
	return nil, ErrNoSiteKey
}

func (k *keyed) SiteKeys() []*protocol.SiteKey { return []*protocol.SiteKey{k.key} }

// Told under one key and then, in part, under another, a person still opens.
func TestOpenAcrossKeys(t *testing.T) {
	id := domain.PersonID("01950000-0000-7000-8000-000000000009")
	var keys []*protocol.SiteKey
	for i := range 3 {
		k, err := protocol.NewSiteKey("norte", fmt.Sprint("k", i), slices.Repeat([]byte{byte(i + 1)}, 32))
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, k)
	}
	tmpl := domain.Template{ID: string(id), PersonID: id, Encoder: domain.EncoderRef{Name: "dlib", Version: "1"}, Vector: []float32{1, 2}}
	sealed, err := keys[0].SealVector(tmpl)
	if err != nil {
		t.Fatal(err)
	}
	p := &protocol.Person{
		ID: id, KeyID: "k1",
		Fields: map[string]protocol.Field{
			protocol.FieldName:     {Sealed: keys[1].SealField(string(id), protocol.FieldName, "Lucía")},
			protocol.FieldDocument: {Sealed: keys[0].SealField(string(id), protocol.FieldDocument, "DNI1")},
		},
		Templates: []protocol.Template{{ID: string(id), Encoder: tmpl.Encoder, Sealed: sealed}},
	}
	got, err := openPerson(p, []*protocol.SiteKey{keys[1], keys[0]})
	if err != nil || got.Person.Name != "Lucía" || got.Document != "DNI1" || !slices.Equal(got.Templates[0].Vector, tmpl.Vector) {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := openPerson(p, keys[1:]); !errors.Is(err, protocol.ErrSealed) {
		t.Errorf("without the first key: %v", err)
	}
}

// keeper is a queue that keeps what it is told to, but for one that has changed.
type keeper struct {
	lanes
	kept    []domain.MadeNotice
	changed int64
}

func (q *keeper) KeepNotices(_ context.Context, made []domain.MadeNotice) (stands []bool, err error) {
	for _, m := range made {
		q.kept = append(q.kept, m)
		stands = append(stands, m.Key.Row != q.changed)
	}
	return stands, nil
}

// What could be made otherwise the next time is kept before it is sent; what
// was kept goes as it was; what changed meanwhile does not go.
func TestLetters(t *testing.T) {
	key, err := protocol.NewSiteKey("norte", "k1", slices.Repeat([]byte{1}, 32))
	if err != nil {
		t.Fatal(err)
	}
	q := &keeper{changed: 2}
	o := New(Options{Queue: q, Centre: &keyed{key: key}})
	id := "01950000-0000-7000-8000-00000000000"
	person := func(n int64) domain.Notice {
		return domain.Notice{
			Key:    domain.NoticeKey{Kind: domain.NoticePerson, Row: n, Version: 1},
			Person: &domain.PersonNews{Person: domain.Person{ID: domain.PersonID(fmt.Sprint(id, n)), CreatedAt: start}, UpTo: 7},
		}
	}
	exchange := domain.Notice{
		Key:      domain.NoticeKey{Kind: domain.NoticeExchange, Row: 3, Version: 1},
		Exchange: &domain.Exchange{ID: id + "3", At: start, Lang: domain.Spanish, Outcome: domain.ExchangeAnswered},
	}
	first, err := o.letters(t.Context(), []domain.Notice{person(1), person(2), exchange})
	if err != nil || len(first) != 2 || first[0].key.Row != 1 || first[1].key.Row != 3 || len(q.kept) != 3 || q.kept[0].UpTo != 7 {
		t.Fatalf("%+v, %v; kept %+v", first, err, q.kept)
	}
	// Rated after it was sent: it is the same when it is sent again.
	exchange.Exchange.Feedback = "helpful"
	exchange.Item, exchange.Body = q.kept[2].Item, q.kept[2].Body
	again, err := o.letters(t.Context(), []domain.Notice{exchange})
	if err != nil || len(again) != 1 || string(again[0].item.Body) != string(first[1].item.Body) || len(q.kept) != 3 {
		t.Errorf("%+v, %v; kept %d", again, err, len(q.kept))
	}
}
