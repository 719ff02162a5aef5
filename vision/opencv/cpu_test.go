package opencv

import (
	"syscall"
	"testing"
	"time"
)

// benchCPU runs f and reports the CPU time of all threads besides the wall
// time, which a busy machine stretches.
func benchCPU(b *testing.B, f func()) {
	b.Helper()
	start := cpuTime(b)
	for b.Loop() {
		f()
	}
	b.ReportMetric(float64((cpuTime(b)-start).Microseconds())/1000/float64(b.N), "cpu-ms/op")
}

func cpuTime(tb testing.TB) time.Duration {
	tb.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
