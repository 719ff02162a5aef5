// Package telemetry is how a kiosk tells what it does: a structured log that
// keeps people's data out, Prometheus metrics of camera, pipeline, decisions
// and events, and health checks, both served on this machine alone.
package telemetry
