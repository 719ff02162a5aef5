//go:build !unix

package telemetry

import "io/fs"

// fileID cannot name a file here: a rotation is not seen.
func fileID(fs.FileInfo) string { return "0" }
