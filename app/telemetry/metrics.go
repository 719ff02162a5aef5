package telemetry

import (
	"net/http"
	"runtime/debug"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"agentid/app/domain"
)

const namespace = "agentid"

// Metrics are those of one kiosk, on a registry of their own. They implement
// vision.Meter. Safe for concurrent use; no label takes a value from outside.
type Metrics struct {
	registry *prometheus.Registry
	gauges   *reported

	decoded, detected, encoded prometheus.Histogram
	encodeErrors               prometheus.Counter
	facesDetected              prometheus.Counter
	faces                      *prometheus.GaugeVec
	decisions                  *prometheus.CounterVec
	decisionLatency            prometheus.Histogram
	frameToEvent               prometheus.Histogram
	events                     prometheus.Counter
	pending                    prometheus.Gauge
}

// NewMetrics makes the metrics, of the system's clock.
func NewMetrics() *Metrics { return NewMetricsAt(domain.SystemClock{}) }

// NewMetricsAt makes the metrics, of a given clock.
func NewMetricsAt(clock domain.Clock) *Metrics {
	// From a millisecond to four seconds: a step of the pipeline.
	step := prometheus.ExponentialBuckets(0.001, 2, 13)
	histogram := func(subsystem, name, help string, buckets []float64) prometheus.Histogram {
		return prometheus.NewHistogram(prometheus.HistogramOpts{Namespace: namespace, Subsystem: subsystem, Name: name, Help: help, Buckets: buckets})
	}
	counter := func(subsystem, name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Namespace: namespace, Subsystem: subsystem, Name: name, Help: help})
	}
	latency := []float64{.05, .1, .15, .2, .25, .3, .4, .5, .75, 1, 1.5, 2, 3, 5, 10}
	m := &Metrics{
		registry:     prometheus.NewRegistry(),
		gauges:       &reported{clock: clock, dropped: map[string]uint64{}},
		decoded:      histogram("pipeline", "decode_seconds", "Time to decode a camera frame.", step),
		detected:     histogram("pipeline", "detect_seconds", "Time to find the faces of a frame.", step),
		encoded:      histogram("pipeline", "encode_seconds", "Time to encode a face.", step),
		encodeErrors: counter("pipeline", "encode_errors_total", "Faces that could not be encoded."),

		facesDetected: counter("pipeline", "faces_detected_total", "Faces found in frames."),
		faces: prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: namespace, Subsystem: "pipeline", Name: "tracks",
			Help: "Faces in view now, by what is known of them."}, []string{"state"}),
		decisions: prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: "decisions_total",
			Help: "Decisions about faces, by reason; repeat tells those of a visit decided before."}, []string{"reason", "repeat"}),
		decisionLatency: histogram("", "decision_latency_seconds", "From the arrival of the frame that decided to the decision.", latency),
		frameToEvent:    histogram("", "frame_to_event_seconds", "From the arrival of the frame that decided to the event on disk.", latency),
		events:          counter("", "events_recorded_total", "Events committed to disk."),
		pending: prometheus.NewGauge(prometheus.GaugeOpts{Namespace: namespace, Subsystem: "outbox", Name: "pending",
			Help: "Events that await sync."}),
	}
	// A series that is there from the start, at 0, can be alarmed on.
	for _, s := range faceStates {
		m.faces.WithLabelValues(string(s))
	}
	for _, r := range reasons {
		for _, repeat := range []string{"false", "true"} {
			m.decisions.WithLabelValues(string(r), repeat)
		}
	}
	m.registry.MustRegister(
		m.gauges, m.decoded, m.detected, m.encoded, m.encodeErrors, m.facesDetected, m.faces, m.decisions,
		m.decisionLatency, m.frameToEvent, m.events, m.pending, buildInfo(),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return m
}

var faceStates = []domain.FaceState{domain.FaceSeen, domain.FaceReading, domain.FaceKnown, domain.FaceUnknown}

var reasons = []domain.Reason{
	domain.ReasonRecognised, domain.ReasonUnknown, domain.ReasonNoFace, domain.ReasonTooSmall, domain.ReasonTooDark,
	domain.ReasonTooBlurred, domain.ReasonSeveralFaces, domain.ReasonUndecided, reasonOther,
}

// reasonOther counts decisions of a reason that this list does not know.
const reasonOther domain.Reason = "other"

// buildInfo is a series whose labels say what program this is.
func buildInfo() prometheus.Collector {
	labels := prometheus.Labels{"version": "unknown", "revision": "unknown", "go": "unknown"}
	if info, ok := debug.ReadBuildInfo(); ok {
		labels["version"], labels["go"] = info.Main.Version, info.GoVersion
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				labels["revision"] = s.Value
			}
		}
	}
	g := prometheus.NewGauge(prometheus.GaugeOpts{Namespace: namespace, Name: "build_info", Help: "Always 1; the labels tell the build.", ConstLabels: labels})
	g.Set(1)
	return g
}

// Handler serves the metrics in Prometheus' format.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: 10 * time.Second})
}

// Gatherer gives the metrics as values.
func (m *Metrics) Gatherer() prometheus.Gatherer { return m.registry }

// Camera reports the camera's condition.
func (m *Metrics) Camera(h domain.CameraHealth) { m.gauges.camera(h) }

// Pictures reports how many pictures the screen has shown and dropped since start.
func (m *Metrics) Pictures(shown, dropped uint64) { m.gauges.pictures(shown, dropped) }

// Dropped reports the frames replaced unseen before a stage since start.
func (m *Metrics) Dropped(stage string, total uint64) { m.gauges.drop(stage, total) }

// Decoded reports a decoded frame.
func (m *Metrics) Decoded(d time.Duration) { m.decoded.Observe(d.Seconds()) }

// Detected reports a search for faces.
func (m *Metrics) Detected(d time.Duration, faces int) {
	m.detected.Observe(d.Seconds())
	m.facesDetected.Add(float64(max(faces, 0)))
}

// Encoded reports an encoded face, or one that could not be.
func (m *Metrics) Encoded(d time.Duration, err error) {
	m.encoded.Observe(d.Seconds())
	if err != nil {
		m.encodeErrors.Inc()
	}
}

// Scene reports the faces in view.
func (m *Metrics) Scene(s domain.Scene) {
	n := map[domain.FaceState]int{}
	for _, f := range s.Faces {
		n[f.State]++
	}
	for _, state := range faceStates {
		m.faces.WithLabelValues(string(state)).Set(float64(n[state]))
	}
}

// Decision reports a decision.
func (m *Metrics) Decision(d domain.Decision) {
	reason := reasonOther
	for _, r := range reasons {
		if d.Reason == r {
			reason = r
		}
	}
	repeat := "false"
	if d.Repeat {
		repeat = "true"
	}
	m.decisions.WithLabelValues(string(reason), repeat).Inc()
	if d.Latency > 0 {
		m.decisionLatency.Observe(d.Latency.Seconds())
	}
}

// EventRecorded reports an event that is on disk.
func (m *Metrics) EventRecorded() { m.events.Inc() }

// FrameToEvent reports how long after its frame an event was on disk.
func (m *Metrics) FrameToEvent(d time.Duration) { m.frameToEvent.Observe(d.Seconds()) }

// Pending reports how many events await sync.
func (m *Metrics) Pending(n int) { m.pending.Set(float64(n)) }
