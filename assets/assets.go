// Package assets holds what is embedded in the programs: icons, translations
// and the built-in model. It imports nothing of ours.
package assets
