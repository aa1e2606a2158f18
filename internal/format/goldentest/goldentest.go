// Package goldentest compares what a format reader makes of its sample files
// with golden files: the items, the losses and the refusals.
package goldentest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"jisr/internal/format/loss"
	"jisr/internal/news"
)

// Format is the reader under test.
type Format struct {
	Pattern string // of the sample files
	Fewest  int    // how many there must be
	Detect  func(head []byte) bool
	Read    func(data []byte) ([]*news.Item, []loss.Loss, error)
}

// Check reads each sample file and compares the result with the golden file
// beside it; with update it writes the golden file. Every item must be one that
// the house accepts.
func (f Format) Check(t *testing.T, update bool) {
	t.Helper()
	files, err := filepath.Glob(f.Pattern)
	if err != nil || len(files) < f.Fewest {
		t.Fatalf("%d sample files, err %v: want %d or more", len(files), err, f.Fewest)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			data := File(t, file)
			if !f.Detect(data[:min(len(data), 4096)]) {
				t.Error("the file is not detected")
			}
			items, losses, err := f.Read(data)
			report := map[string]any{"losses": lines(losses)}
			if err != nil {
				report["error"] = err.Error()
				if len(items) == 0 {
					t.Error(err)
				}
			}
			var dumps []any
			for _, it := range items {
				if err := it.Validate(time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)); err != nil {
					t.Errorf("%s does not hold what the house asks of an item: %v", it.URI, err)
				}
				dumps = append(dumps, dump(t, it))
			}
			report["items"] = dumps
			Compare(t, strings.TrimSuffix(file, filepath.Ext(file))+".golden", encode(t, report), update)
		})
	}
}

// Compare compares bytes with a golden file; with update it writes the file.
func Compare(t *testing.T, golden string, got []byte, update bool) {
	t.Helper()
	if update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want := File(t, golden); !bytes.Equal(got, want) {
		t.Errorf("differs from %s; run with -update and look at the difference\ngot:\n%s", golden, got)
	}
}

func lines(losses []loss.Loss) []string {
	out := []string{}
	for _, l := range losses {
		out = append(out, l.String())
	}
	return out
}

// File returns the content of a test file.
func File(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// Seed adds the sample files to a fuzz target.
func Seed(f *testing.F, pattern string) {
	files, err := filepath.Glob(pattern)
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		f.Add(File(f, file))
	}
}

// Sound fails the test if the result of a reader breaks what every reader
// promises: an item or an error with a kind, bounded losses, items that can be
// stored.
func Sound(t *testing.T, items []*news.Item, losses []loss.Loss, err error) {
	t.Helper()
	if err == nil && len(items) == 0 {
		t.Error("neither an item nor a reason")
	}
	if err != nil && news.KindOf(err) == "" {
		t.Errorf("an error without a kind: %v", err)
	}
	if len(losses) > 1001 {
		t.Errorf("%d losses", len(losses))
	}
	for _, it := range items {
		if it.URI == "" {
			t.Error("an item without identity")
		}
		if _, err := json.Marshal(it); err != nil {
			t.Errorf("%s: %v", it.URI, err)
		}
		for _, b := range it.Bodies {
			if !utf8.ValidString(b.Value) {
				t.Errorf("%s: the body is not UTF-8", it.URI)
			}
		}
	}
}

// dump returns the item as JSON values without the empty ones.
func dump(t *testing.T, it *news.Item) any {
	t.Helper()
	data, err := json.Marshal(it)
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	return prune(v)
}

// prune removes empty values from objects; nil means that nothing is left.
func prune(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			if x = prune(x); x == nil {
				delete(v, k)
			} else {
				v[k] = x
			}
		}
		if len(v) == 0 {
			return nil
		}
	case []any:
		if len(v) == 0 {
			return nil
		}
		for i, x := range v {
			if _, isObject := x.(map[string]any); isObject {
				v[i] = prune(x)
			}
		}
	case string:
		if v == "" || v == "0001-01-01T00:00:00Z" {
			return nil
		}
	case float64:
		if v == 0 {
			return nil
		}
	}
	return v
}

func encode(t *testing.T, v any) []byte {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Diff returns the fields in which two items differ, or "".
func Diff(before, after *news.Item) string {
	return changes(before, after, func(string) bool { return true })
}

// Unreported returns the fields that changed between writing and reading without
// a loss that says so. at is the JSON pointer of the item in the losses.
func Unreported(before, after *news.Item, losses []loss.Loss, at string) string {
	return changes(before, after, func(field string) bool { return !reported(losses, at+pointer(field)) })
}

// changes describes the fields that differ and that matter.
func changes(before, after *news.Item, matters func(field string) bool) string {
	var out strings.Builder
	b, a := reflect.ValueOf(*before), reflect.ValueOf(*after)
	for i := range b.NumField() {
		name := b.Type().Field(i).Name
		x, _ := json.Marshal(b.Field(i).Interface())
		y, _ := json.Marshal(a.Field(i).Interface())
		if !bytes.Equal(x, y) && matters(name) {
			fmt.Fprintf(&out, "%s\n  before %s\n  after  %s\n", name, x, y)
		}
	}
	return out.String()
}

func reported(losses []loss.Loss, path string) bool {
	for _, l := range losses {
		if l.Path == path || strings.HasPrefix(l.Path, path+"/") {
			return true
		}
	}
	return false
}

// pointer returns the JSON pointer of a field of an item.
func pointer(field string) string {
	switch field {
	case "URI":
		return "/uri"
	case "AltIDs":
		return "/altIds"
	case "Rights":
		return "/rightsInfo"
	}
	return "/" + strings.ToLower(field[:1]) + field[1:]
}
