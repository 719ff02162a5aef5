// Package opencv is OpenCV behind the interfaces of vision: a JPEG decoder
// (libjpeg-turbo), the Haar and YuNet detectors, encoders in ONNX form, and
// webcams, RTSP and video files as a source (gocv).
//
// Nets, cascades and JPEG run in C++ of this package (guard.cpp, jpeg.c) and
// not through gocv, for two reasons. A C++ exception that reaches Go ends the
// process, gocv lets them through, and files from outside cause them; here each
// is caught and becomes an error. And gocv's ForwardLayers loses memory with
// every call, while its Forward runs the net once for every output. So one
// call goes in with pixels and comes out with numbers, and no Mat lives in Go.
//
// A model file is believed as far as its hash has been checked (vision/models
// does): garbage is an error, but OpenCV's importer was not written against
// malice.
package opencv
