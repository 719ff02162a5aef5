// Package dlib is dlib's face recognition, through go-face, behind the
// interfaces of vision: the HOG detector with its landmarks, and the 128-D
// encoder.
//
// go-face offers one call only, JPEG in, all faces found and encoded out. So
// the encoder gives it a small JPEG of the one face, cut from the picture at
// the size that its detector likes, and not the whole frame; see encode.go. It
// is also why Detect costs more than HOG alone.
//
// go-face compiles dlib with -march=native: a program built on one machine may
// meet an illegal instruction on an older one. Build for the kiosk on the
// kiosk's kind of machine (or set CGO_CXXFLAGS=-march=x86-64-v2). Its BLAS
// comes from libblas and libcblas, in Debian from libatlas-base-dev.
package dlib
