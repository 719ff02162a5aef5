// Package eval measures how well a detector and an encoder tell people apart,
// on a folder of pictures of known people. Words and figures are those of
// ISO/IEC 19795-1: FMR is the part of impostor pairs taken for one person, FNMR
// the part of genuine pairs taken for two, at one threshold.
//
// Pictures in which no face is found make no pairs. They count in the detection
// rate, and in FNMR "with failures" where a pair that needs them is refused.
package eval
