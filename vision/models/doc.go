// Package models knows the recognition models: which there are (the manifest),
// where their files lie (Finder) and how they come here (Installer).
//
// A model is only ever used after its files were verified against the manifest:
// by SHA-256, or by git blob id where that is what its origin publishes. Files
// of the system's packages are the exception: the package manager vouches for
// them.
package models
