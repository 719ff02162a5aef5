// Package vision turns camera frames into decisions about faces: sources,
// detection, tracking, quality, encoding, matching, votes.
//
// It is pure Go. What needs OpenCV or dlib lies behind Decoder, Detector and
// Encoder in vision/opencv and vision/dlib.
package vision
