package client_test

import (
	"flag"
	"os"
	"testing"

	"agentid/sync/central/pgtest"
)

// Most of these tests wait, for time-outs above all: more of them run at once
// than there are cores.
func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDir); dir != "" {
		os.Exit(crashChild(dir, os.Getenv(crashURL)))
	}
	flag.Parse()
	if err := flag.Set("test.parallel", "8"); err != nil {
		panic(err)
	}
	pgtest.Main(m)
}
