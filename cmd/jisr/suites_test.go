package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"
)

// TestIPTCSuitesComeOutRight checks the files of IPTC's validation suites as
// jisr convert --check does. The suites are IPTC's, so they are not kept here.
func TestIPTCSuitesComeOutRight(t *testing.T) {
	root := os.Getenv("JISR_IPTC_SUITES")
	if root == "" {
		t.Skip("not run: scripts/iptcsuites.sh fetches IPTC's suites and runs this test; or name a folder with clones of iptc/newsinjson and iptc/newsml-g2 in JISR_IPTC_SUITES")
	}
	right, all := map[string]int{}, map[string]int{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		suite, valid, ok := suiteOf(path)
		if err != nil || d.IsDir() || !ok {
			return err
		}
		all[suite]++
		line := (&app{}).checkFile(path, suiteVersion(path))
		if isValid := len(line.Problems) == 0; isValid == valid {
			right[suite]++
		} else {
			t.Errorf("%s: valid %v, expected %v: %v", path, isValid, valid, line.Problems)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 {
		t.Fatalf("there is no suite below %s: it should hold clones of iptc/newsinjson and iptc/newsml-g2", root)
	}
	var suites []string
	for suite := range all {
		suites = append(suites, suite)
	}
	sort.Strings(suites)
	for _, suite := range suites {
		t.Logf("%s: %d of %d right", suite, right[suite], all[suite])
	}
}

// suiteOf returns the suite that a file belongs to and whether it must be valid; ok
// is false for files beside the suites: those of versions in development, which no
// published rules describe, and the listing that is only a sketch.
func suiteOf(path string) (suite string, valid, ok bool) {
	name, verdict := filepath.Base(path), filepath.Base(filepath.Dir(path))
	format := map[string]string{".json": "ninjs", ".xml": "NewsML-G2"}[filepath.Ext(name)]
	switch {
	case format == "" || strings.HasPrefix(name, "."):
		return "", false, false
	case suiteVersion(path) != "":
		return format + " " + suiteVersion(path) + " " + verdict, verdict == "should_pass", true
	case strings.HasPrefix(name, "LISTING") && !strings.Contains(name, "24_News_Message") && !strings.Contains(name, "24 News Message"):
		return format + " listings", true, true
	}
	return "", false, false
}

// TestASuiteFileIsCheckedAgainstItsSuitesVersion: the place in a suite counts, and
// a folder elsewhere does not.
func TestASuiteFileIsCheckedAgainstItsSuitesVersion(t *testing.T) {
	for path, want := range map[string]string{
		"/s/1.3/should_pass/a.json":   "1.3",
		"/s/2.30/should_fail/a.xml":   "2.30",
		"/s/1.x_dev/should_pass/a.js": "",
		"/s/1.3/a.json":               "",
		"a.json":                      "",
	} {
		if got := suiteVersion(path); got != want {
			t.Errorf("%s: %q", path, got)
		}
	}
	dir := filepath.Join(t.TempDir(), "1.1", "should_fail")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "component.json")
	if err := os.WriteFile(file, []byte(`{"uri":"urn:x:1","headline":"H","type":"component"}`), 0o644); err != nil {
		t.Fatal(err)
	}
	if line := (&app{}).checkFile(file, suiteVersion(file)); len(line.Problems) != 1 || line.CheckedAs != "1.1" {
		t.Errorf("%+v", line)
	}
	if line := (&app{}).checkFile(file, ""); len(line.Problems) != 0 {
		t.Errorf("1.2 has the type: %+v", line)
	}
}
