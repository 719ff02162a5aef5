// Package device behaves as an ESP32-CAM on the network: the AI-Thinker board
// with the CameraWebServer firmware, its stream on one port, /capture, /status
// and /control on another, one streaming client at a time. It shows what a
// Drawer draws, a folder of JPEGs or a video.
//
// It can also misbehave as such boards do, and worse, on request: see Fault.
// Tests and the demo run it in their own process, over loopback.
package device
