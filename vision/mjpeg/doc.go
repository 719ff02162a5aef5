// Package mjpeg is the client of an ESP32-CAM: it reads the multipart stream
// of JPEGs that such a camera serves and sets its picture size, quality and
// light.
//
// What comes from the camera is not trusted. Headers, parts and pictures have
// caps; nothing is allocated because a number in the stream says so; a stream
// that stands still, or drips, ends with an error. What can be skipped is
// skipped and counted; what cannot ends Run, and vision.Supervise starts again.
//
// Memory: one window of about 2 MB for each connection, and one exact copy of
// each good JPEG, handed over in its Frame. Nothing is queued here.
package mjpeg
