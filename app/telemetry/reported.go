package telemetry

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"agentid/app/domain"
)

// maxStages bounds the labels of the dropped frames.
const maxStages = 16

// reported are metrics whose totals others count: they are kept as they were
// last reported and told when Prometheus asks.
type reported struct {
	clock domain.Clock

	mu             sync.Mutex
	health         *domain.CameraHealth
	at             time.Time // of the report
	dropped        map[string]uint64
	shown, unshown uint64
}

func (r *reported) camera(h domain.CameraHealth) {
	r.mu.Lock()
	defer r.mu.Unlock()
	h.LastError = "" // not for metrics
	r.health, r.at = &h, r.clock.Now()
}

func (r *reported) pictures(shown, dropped uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.shown, r.unshown = shown, dropped
}

func (r *reported) drop(stage string, total uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, known := r.dropped[stage]; known || len(r.dropped) < maxStages {
		r.dropped[stage] = total
	}
}

func desc(subsystem, name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(prometheus.BuildFQName(namespace, subsystem, name), help, labels, nil)
}

var (
	cameraUp         = desc("camera", "up", "Whether pictures come.")
	cameraFrames     = desc("camera", "frames_total", "Good frames.")
	cameraBad        = desc("camera", "bad_frames_total", "Frames that were refused or could not be decoded.")
	cameraDropped    = desc("camera", "dropped_frames_total", "Good frames that a newer one replaced unseen.")
	cameraReconnects = desc("camera", "reconnects_total", "Times that the camera was connected anew.")
	cameraFPS        = desc("camera", "fps", "Frames a second over the last few seconds.")
	cameraAge        = desc("camera", "frame_age_seconds", "Age of the newest frame.")
	cameraWidth      = desc("camera", "width_pixels", "Width of the newest frame.")
	cameraHeight     = desc("camera", "height_pixels", "Height of the newest frame.")
	queueDropped     = desc("pipeline", "queue_dropped_total", "Frames replaced unseen before a stage.", "stage")
	uiShown          = desc("ui", "pictures_shown_total", "Pictures that the screen showed.")
	uiDropped        = desc("ui", "pictures_dropped_total", "Pictures that a newer one replaced before the screen showed them.")
)

// Describe implements prometheus.Collector.
func (r *reported) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		cameraUp, cameraFrames, cameraBad, cameraDropped, cameraReconnects, cameraFPS, cameraAge, cameraWidth, cameraHeight,
		queueDropped, uiShown, uiDropped,
	} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (r *reported) Collect(ch chan<- prometheus.Metric) {
	r.mu.Lock()
	defer r.mu.Unlock()
	counter := func(d *prometheus.Desc, v uint64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
	}
	gauge := func(d *prometheus.Desc, v float64) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v)
	}
	var h domain.CameraHealth
	if r.health != nil {
		h = *r.health
	}
	up := 0.0
	if h.State == domain.CameraLive {
		up = 1
	}
	gauge(cameraUp, up)
	counter(cameraFrames, h.Frames)
	counter(cameraBad, h.BadFrames)
	counter(cameraDropped, h.Dropped)
	counter(cameraReconnects, h.Reconnects)
	gauge(cameraFPS, h.FPS)
	gauge(cameraWidth, float64(h.Size.X))
	gauge(cameraHeight, float64(h.Size.Y))
	if h.Frames > 0 {
		// It has aged since the report: a reporter that hangs is seen too.
		gauge(cameraAge, (h.Age + r.clock.Now().Sub(r.at)).Seconds())
	}
	for stage, n := range r.dropped {
		counter(queueDropped, n, stage)
	}
	counter(uiShown, r.shown)
	counter(uiDropped, r.unshown)
}
