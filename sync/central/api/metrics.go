package api

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"agentid/sync/protocol"
)

type metrics struct {
	requests *prometheus.CounterVec
	took     *prometheus.HistogramVec
	items    *prometheus.CounterVec
	waiting  prometheus.Gauge
}

func newMetrics(to prometheus.Registerer) *metrics {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "agentid_central_requests_total", Help: "Requests by route and status."}, []string{"method", "route", "status"}),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "agentid_central_request_seconds", Help: "How long requests took.",
			Buckets: []float64{.002, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10, 60}}, []string{"route"}),
		items:   prometheus.NewCounterVec(prometheus.CounterOpts{Name: "agentid_central_items_total", Help: "Items of batches by kind and answer."}, []string{"kind", "status"}),
		waiting: prometheus.NewGauge(prometheus.GaugeOpts{Name: "agentid_central_waiting_kiosks", Help: "Kiosks that wait for changes."}),
	}
	if to != nil {
		to.MustRegister(m.requests, m.took, m.items, m.waiting)
	}
	return m
}

func (m *metrics) request(rt route, status int, took time.Duration) {
	m.requests.WithLabelValues(rt.method, rt.path, strconv.Itoa(status)).Inc()
	m.took.WithLabelValues(rt.path).Observe(took.Seconds())
}

func (m *metrics) answered(as []protocol.Answer) {
	type pair struct {
		kind   protocol.Kind
		status protocol.Status
	}
	n := map[pair]int{}
	for _, a := range as {
		if a.Reason == protocol.RejectKind {
			a.Kind = "unknown" // whatever a kiosk sends is no label
		}
		n[pair{a.Kind, a.Status}]++
	}
	for p, count := range n {
		m.items.WithLabelValues(string(p.kind), string(p.status)).Add(float64(count))
	}
}
