// Package opencv is OpenCV behind the interfaces of vision: a JPEG decoder
// (libjpeg-turbo), the Haar and YuNet detectors, encoders in ONNX form, and
// webcams, RTSP and video files as a source.
//
// OpenCV is reached through gocv: pictures, Haar, encoders, capture. A C++
// exception that comes through it ends the process, so nothing from outside
// meets gocv unchecked: a cascade is parsed in Go and written anew
// (cascade.go), a net is loaded and run once in guard.cpp, which turns
// exceptions into errors, before gocv loads the same bytes. The Mats of a
// detector or encoder are made once; a frame adds only headers.
//
// What is not gocv's, and why:
//   - YuNet's run (guard.cpp). It has 12 outputs: gocv's ForwardLayers loses
//     12 C strings and an array with every call, its Forward runs the net once
//     for each output.
//   - The grouping of Haar's windows (group.go), as gocv's call does not give
//     the votes, the face's score. OpenCV clips a window that reaches over
//     the edge before we see it, so with unusual options a face there may be
//     a pixel smaller than OpenCV's own.
//   - Threads and silence (guard.cpp), for which gocv v0.31.0 has no call.
//   - JPEG (jpeg.c): libjpeg straight into Go's pixels takes half the time of
//     IMDecode, and says when pixels are missing.
//
// A net is believed as far as its hash has been checked (vision/models does):
// garbage is an error, but OpenCV's importer was not written against malice.
package opencv
