package device

import (
	"crypto/subtle"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"time"
)

// controls is the control port.
func (d *Device) controls() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", d.index)
	mux.HandleFunc("GET /status", d.status)
	mux.HandleFunc("GET /control", d.control)
	mux.HandleFunc("GET /capture", d.capture)
	if d.o.Faults {
		mux.HandleFunc("GET /fault", d.fault)
	}
	return mux
}

// authorised asks for the password, where there is one.
func (d *Device) authorised(next http.Handler) http.Handler {
	if d.o.User == "" {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		okUser := subtle.ConstantTimeCompare([]byte(user), []byte(d.o.User))
		okPassword := subtle.ConstantTimeCompare([]byte(password), []byte(d.o.Password))
		if okUser&okPassword != 1 {
			w.Header().Set("WWW-Authenticate", `Basic realm="ESP32-CAM"`)
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (d *Device) index(w http.ResponseWriter, _ *http.Request) {
	fmt.Fprintf(w, "ESP32-CAM (simulated)\n\nstream   %s\ncapture  /capture\nstatus   /status\ncontrol  /control?var=framesize&val=8\n", d.StreamURL())
	if d.o.Faults {
		fmt.Fprintf(w, "fault    /fault?kind=stall&val=1, kinds: %v\n", Faults())
	}
}

func (d *Device) status(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Access-Control-Allow-Origin", "*")
	fmt.Fprint(w, d.sensor.status())
}

func (d *Device) control(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if !q.Has("var") || !q.Has("val") {
		http.Error(w, "This URI does not exist", http.StatusNotFound)
		return
	}
	v, err := strconv.Atoi(q.Get("val"))
	if err != nil || !d.sensor.set(q.Get("var"), v) {
		http.Error(w, "Server has encountered an unexpected error", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Access-Control-Allow-Origin", "*")
}

func (d *Device) capture(w http.ResponseWriter, _ *http.Request) {
	jpeg, at, err := d.take()
	if err != nil {
		d.o.Log.Error("camera has no picture", slog.String("error", err.Error()))
		http.Error(w, "Server has encountered an unexpected error", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "image/jpeg")
	h.Set("Content-Length", strconv.Itoa(len(jpeg)))
	h.Set("Content-Disposition", "inline; filename=capture.jpg")
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("X-Timestamp", timestamp(at))
	w.Write(jpeg)
}

func (d *Device) fault(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	val := 0
	if q.Has("val") {
		v, err := strconv.Atoi(q.Get("val"))
		if err != nil {
			http.Error(w, "val is not a number", http.StatusBadRequest)
			return
		}
		val = v
	}
	if err := d.SetFault(Fault(q.Get("kind")), val); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	d.o.Log.Info("camera fault set", slog.String("kind", q.Get("kind")), slog.Int("val", val))
}

// take takes a picture.
func (d *Device) take() (jpeg []byte, at time.Duration, err error) {
	d.taking.Lock()
	defer d.taking.Unlock()
	at = d.o.Clock.Now().Sub(d.start)
	jpeg, err = d.o.Content.Picture(at, d.sensor.settings())
	return jpeg, at, err
}

func timestamp(at time.Duration) string {
	return fmt.Sprintf("%d.%06d", at/time.Second, at%time.Second/time.Microsecond)
}
