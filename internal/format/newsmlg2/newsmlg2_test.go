package newsmlg2_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"jisr/internal/format/newsmlg2"
	"jisr/internal/news"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestFilesReadAsTheirGoldenFilesSay keeps what each agency dialect becomes: the
// items, the losses and the refusals.
func TestFilesReadAsTheirGoldenFilesSay(t *testing.T) {
	files, err := filepath.Glob("testdata/*.xml")
	if err != nil || len(files) < 15 {
		t.Fatalf("%d sample files, err %v: want 15 or more", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			data := readFile(t, file)
			if !newsmlg2.Detect(data[:min(len(data), 1024)]) {
				t.Error("the file is not detected")
			}
			items, losses, err := newsmlg2.Read(data)
			if err != nil {
				t.Fatal(err)
			}
			report := []string{}
			for _, l := range losses {
				report = append(report, l.String())
			}
			var dumps []any
			for _, it := range items {
				if err := it.Validate(time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)); err != nil {
					t.Errorf("%s does not hold what the house asks of an item: %v", it.URI, err)
				}
				dumps = append(dumps, dump(t, it))
			}
			got := encode(t, map[string]any{"items": dumps, "losses": report})
			golden := strings.TrimSuffix(file, ".xml") + ".golden"
			if *update {
				if err := os.WriteFile(golden, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if want := readFile(t, golden); !bytes.Equal(got, want) {
				t.Errorf("differs from %s; run with -update and look at the difference\ngot:\n%s", golden, got)
			}
		})
	}
}

// addSamples seeds a fuzz target with the sample files.
func addSamples(f *testing.F) {
	files, err := filepath.Glob("testdata/*.xml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		f.Add(readFile(f, file))
	}
}

// storable fails the test if the item cannot be written as JSON and is not one
// that Validate refuses.
func storable(t *testing.T, it *news.Item) {
	t.Helper()
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

func readFile(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
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
