// Package archtest keeps the floors of docs/architecture.md: which room may use
// which.
package archtest

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "jisr/"

// floors lists the rooms from the ground up. A room may use rooms of lower
// floors, and nothing of its own floor or above but what uses adds.
var floors = []struct {
	name  string
	rooms []string
}{
	{"language", []string{"internal/news"}},
	{"ground", []string{"internal/db", "internal/fetch", "internal/blob"}},
	{"record", []string{"internal/ledger"}}, // below the services: what follows the journal needs it
	{"services", []string{"internal/search", "internal/media", "internal/jobs", "internal/format", "internal/vocab"}},
	{"capabilities", []string{"internal/newsroom", "internal/exchange", "internal/ingest", "internal/deliver",
		"internal/verify", "internal/accord", "internal/people", "internal/translate", "internal/insight"}},
	{"faces", []string{"internal/web", "internal/api"}},
	{"house", []string{"internal/node"}},
	{"door", []string{"cmd/jisr", "internal/bench"}},
}

// uses are the exceptions that the architecture names.
var uses = map[string][]string{
	"internal/ingest": {"internal/newsroom"},
	"internal/vocab":  {"internal/search", "internal/format"},
	"internal/media":  {"internal/format"},
}

func allowed(from, to string) bool {
	if from == to || slices.Contains(uses[from], to) {
		return true
	}
	return floorOf(to) < floorOf(from)
}

// roomOf returns the room that a package of ours belongs to.
func roomOf(pkg string) string {
	for _, f := range floors {
		for _, r := range f.rooms {
			if pkg == r || strings.HasPrefix(pkg, r+"/") {
				return r
			}
		}
	}
	return ""
}

func floorOf(room string) int {
	return slices.IndexFunc(floors, func(f struct {
		name  string
		rooms []string
	}) bool {
		return slices.Contains(f.rooms, room)
	})
}

func TestRoomsUseOnlyLowerFloors(t *testing.T) {
	for _, p := range packages(t) {
		pkg := strings.TrimPrefix(p.ImportPath, module)
		if pkg == "internal/archtest" || strings.HasSuffix(pkg, "test") {
			continue // test helpers stand outside the house
		}
		from := roomOf(pkg)
		if from == "" {
			t.Errorf("%s belongs to no room of docs/architecture.md", pkg)
			continue
		}
		for _, i := range p.Imports {
			target, ours := strings.CutPrefix(i, module)
			if !ours {
				continue
			}
			to := roomOf(target)
			if strings.HasSuffix(target, "test") && from == "internal/bench" {
				continue
			}
			if to == "" || !allowed(from, to) {
				t.Errorf("%s may not use %s: %s lies on the floor of the %s, %s on that of the %s",
					pkg, target, from, floors[floorOf(from)].name, to, floors[max(0, floorOf(to))].name)
			}
		}
	}
}

func TestLanguageOfTheHouseDoesNoIO(t *testing.T) {
	for _, p := range packages(t) {
		if p.ImportPath != module+"internal/news" {
			continue
		}
		for _, forbidden := range []string{"os", "net", "net/http", "database/sql", "io/fs"} {
			if slices.Contains(p.Imports, forbidden) {
				t.Errorf("internal/news uses %s", forbidden)
			}
		}
		return
	}
	t.Error("internal/news was not found")
}

// pkg is what `go list` says of a package.
type pkg struct {
	ImportPath string
	Imports    []string
}

func packages(t *testing.T) []pkg {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", module+"...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []pkg
	dec := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p pkg
		err := dec.Decode(&p)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}
