package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestFaultsAreTested holds the table of faults in docs/CENTRAL.md to tests that
// there are.
func TestFaultsAreTested(t *testing.T) {
	doc, err := os.ReadFile("../../docs/CENTRAL.md")
	must(t, err)
	_, table, ok := strings.Cut(string(doc), "## Faults")
	table, _, end := strings.Cut(table, "\n## ")
	if !ok || !end {
		t.Fatal("no table of faults")
	}
	dirs := map[string]string{"central": ".", "api": "api", "postgres": "postgres", "eraser": "eraser", "client": "../client", "store": "../../app/store"}
	source := map[string]string{}
	for name, dir := range dirs {
		files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
		must(t, err)
		for _, f := range files {
			b, err := os.ReadFile(f)
			must(t, err)
			source[name] += string(b)
		}
	}
	named := regexp.MustCompile("`([a-z]+)\\.(Test[A-Za-z0-9]+)`")
	for _, row := range strings.Split(table, "\n") {
		if !strings.HasPrefix(row, "| ") || strings.HasPrefix(row, "| fault ") {
			continue
		}
		tests := named.FindAllStringSubmatch(row, -1)
		if len(tests) == 0 {
			t.Errorf("no test of: %s", row)
		}
		for _, m := range tests {
			if !strings.Contains(source[m[1]], "\nfunc "+m[2]+"(") {
				t.Errorf("there is no %s.%s", m[1], m[2])
			}
		}
	}
}
