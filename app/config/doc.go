// Package config reads the kiosk's one configuration: from a TOML file, the
// environment and flags, in rising order of precedence over the defaults.
//
// It is strict: a key that it does not know, or a value that cannot be right,
// stops the program, and the error says which key, what is wrong with the
// value, how to mend it and where it was written, in Spanish or English.
// Secrets, such as the credentials in a camera's address, are never printed.
package config
