package telemetry_test

import (
	"errors"
	"image"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"

	"agentid/app/domain"
	"agentid/app/domain/domaintest"
	"agentid/app/telemetry"
	"agentid/vision"
)

var _ vision.Meter = (*telemetry.Metrics)(nil)

// values gathers all series of ours by name and labels; of a histogram the
// count, and the sum as NAME_sum.
func values(t *testing.T, m *telemetry.Metrics) map[string]float64 {
	t.Helper()
	families, err := m.Gatherer().Gather()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]float64{}
	for _, f := range families {
		for _, x := range f.GetMetric() {
			var labels []string
			for _, l := range x.GetLabel() {
				labels = append(labels, l.GetName()+"="+l.GetValue())
			}
			name := f.GetName()
			if len(labels) > 0 && name != "agentid_build_info" {
				name += "{" + strings.Join(labels, ",") + "}"
			}
			switch f.GetType() {
			case dto.MetricType_COUNTER:
				out[name] = x.GetCounter().GetValue()
			case dto.MetricType_GAUGE:
				out[name] = x.GetGauge().GetValue()
			case dto.MetricType_HISTOGRAM:
				out[name] = float64(x.GetHistogram().GetSampleCount())
				out[name+"_sum"] = x.GetHistogram().GetSampleSum()
			}
		}
	}
	return out
}

func check(t *testing.T, got, want map[string]float64) {
	t.Helper()
	for _, k := range slices.Sorted(maps.Keys(want)) {
		if v, ok := got[k]; !ok || v < want[k]-1e-9 || v > want[k]+1e-9 {
			t.Errorf("%s is %v (there: %v), expected %v", k, v, ok, want[k])
		}
	}
}

func TestMetricsTellWhatWasReported(t *testing.T) {
	clock := domaintest.NewClock(time.Unix(1e9, 0))
	m := telemetry.NewMetricsAt(clock)
	m.Camera(domain.CameraHealth{State: domain.CameraLive, FPS: 24.5, Age: 40 * time.Millisecond, Size: image.Pt(640, 480),
		Frames: 100, BadFrames: 3, Dropped: 7, Reconnects: 2})
	m.Decoded(2 * time.Millisecond)
	m.Detected(30*time.Millisecond, 2)
	m.Detected(10*time.Millisecond, 1)
	m.Encoded(55*time.Millisecond, nil)
	m.Encoded(5*time.Millisecond, errors.New("no face there"))
	m.Dropped("detect", 9)
	m.Dropped("detect", 12)
	m.Scene(domain.Scene{Faces: []domain.SceneFace{{State: domain.FaceKnown}, {State: domain.FaceSeen}, {State: domain.FaceSeen}}})
	m.Decision(domain.Decision{Reason: domain.ReasonRecognised, Latency: 200 * time.Millisecond})
	m.Decision(domain.Decision{Reason: domain.ReasonRecognised, Repeat: true})
	m.Decision(domain.Decision{Reason: "made up by somebody"})
	m.EventRecorded()
	m.FrameToEvent(250 * time.Millisecond)
	m.Pending(12)
	m.Pictures(1000, 20)
	clock.Advance(2 * time.Second)

	check(t, values(t, m), map[string]float64{
		"agentid_camera_up":                                          1,
		"agentid_camera_frames_total":                                100,
		"agentid_camera_bad_frames_total":                            3,
		"agentid_camera_dropped_frames_total":                        7,
		"agentid_camera_reconnects_total":                            2,
		"agentid_camera_fps":                                         24.5,
		"agentid_camera_width_pixels":                                640,
		"agentid_camera_height_pixels":                               480,
		"agentid_camera_frame_age_seconds":                           2.04, // and it ages on
		"agentid_pipeline_decode_seconds":                            1,
		"agentid_pipeline_detect_seconds":                            2,
		"agentid_pipeline_detect_seconds_sum":                        0.04,
		"agentid_pipeline_encode_seconds":                            2,
		"agentid_pipeline_encode_errors_total":                       1,
		"agentid_pipeline_faces_detected_total":                      3,
		"agentid_pipeline_queue_dropped_total{stage=detect}":         12,
		"agentid_pipeline_tracks{state=known}":                       1,
		"agentid_pipeline_tracks{state=seen}":                        2,
		"agentid_pipeline_tracks{state=reading}":                     0,
		"agentid_decisions_total{reason=recognised,repeat=false}":    1,
		"agentid_decisions_total{reason=recognised,repeat=true}":     1,
		"agentid_decisions_total{reason=other,repeat=false}":         1,
		"agentid_decisions_total{reason=several_faces,repeat=false}": 0,
		"agentid_decision_latency_seconds":                           1,
		"agentid_decision_latency_seconds_sum":                       0.2,
		"agentid_frame_to_event_seconds_sum":                         0.25,
		"agentid_events_recorded_total":                              1,
		"agentid_outbox_pending":                                     12,
		"agentid_ui_pictures_shown_total":                            1000,
		"agentid_ui_pictures_dropped_total":                          20,
		"agentid_build_info":                                         1,
	})
	// Faces that left are counted no more.
	m.Scene(domain.Scene{})
	m.Camera(domain.CameraHealth{State: domain.CameraLost, Frames: 100})
	check(t, values(t, m), map[string]float64{"agentid_pipeline_tracks{state=seen}": 0, "agentid_camera_up": 0})
}

func TestMetricsBeforeAnythingHappened(t *testing.T) {
	got := values(t, telemetry.NewMetrics())
	check(t, got, map[string]float64{"agentid_camera_up": 0, "agentid_camera_frames_total": 0, "agentid_decisions_total{reason=unknown,repeat=false}": 0})
	if _, ok := got["agentid_camera_frame_age_seconds"]; ok {
		t.Error("a frame that never came has an age")
	}
}

func TestMetricsBoundTheirLabels(t *testing.T) {
	m := telemetry.NewMetrics()
	for i := range 1000 {
		m.Dropped(strings.Repeat("x", i+1), 1)
		m.Decision(domain.Decision{Reason: domain.Reason(strings.Repeat("y", i+1))})
	}
	if n := len(values(t, m)); n > 200 {
		t.Errorf("%d series", n)
	}
}
