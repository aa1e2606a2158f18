package mail_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"jisr/internal/format/loss"
	"jisr/internal/format/mail"
	"jisr/internal/format/ninjs"
	"jisr/internal/format/picture"
	"jisr/internal/news"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func samples(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/*.eml")
	if err != nil || len(files) < 9 {
		t.Fatalf("%d sample files, err %v", len(files), err)
	}
	return files
}

func readFile(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// nested knows ninjs and pictures.
func nested(data []byte, name string) ([]*news.Item, []loss.Loss) {
	switch {
	case picture.Detect(data):
		if it, losses, err := picture.Read(data); err == nil {
			return []*news.Item{it}, losses
		}
	case ninjs.Detect(data):
		if it, losses, err := ninjs.Read(data); err == nil {
			return []*news.Item{it}, losses
		}
	}
	return nil, nil
}

// TestMailsReadAsTheirGoldenFilesSay keeps what each mail becomes.
func TestMailsReadAsTheirGoldenFilesSay(t *testing.T) {
	for _, file := range samples(t) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			data := readFile(t, file)
			if !mail.Detect(data[:min(len(data), 4096)]) {
				t.Error("the file is not detected")
			}
			res, losses, err := mail.Read(data, nested)
			if err != nil {
				t.Fatal(err)
			}
			for _, it := range res.Items {
				if err := it.Validate(time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)); err != nil {
					t.Errorf("%s does not hold what the house asks of an item: %v", it.URI, err)
				}
			}
			report := []string{}
			for _, l := range losses {
				report = append(report, l.String())
			}
			for i := range res.Attachments {
				res.Attachments[i].Bytes = nil
			}
			got := encode(t, map[string]any{"items": dump(t, res.Items), "attachments": dump(t, res.Attachments), "losses": report})
			golden := strings.TrimSuffix(file, ".eml") + ".golden"
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

// TestEveryRenditionWithADigestHasItsBytes: what an item names, the caller can store.
func TestEveryRenditionWithADigestHasItsBytes(t *testing.T) {
	for _, file := range samples(t) {
		res, _, err := mail.Read(readFile(t, file), nested)
		if err != nil {
			t.Fatal(err)
		}
		stored := map[string]bool{}
		for _, a := range res.Attachments {
			stored[a.Digest] = len(a.Bytes) > 0
		}
		for _, it := range res.Items {
			for _, d := range it.Digests() {
				if !stored[d] {
					t.Errorf("%s: %s is in no attachment", file, d)
				}
			}
		}
	}
}

func dump(t *testing.T, v any) any {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var out any
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatal(err)
	}
	return prune(out)
}

// prune removes empty values; nil means that nothing is left.
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
		for i := range v {
			v[i] = prune(v[i])
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

func BenchmarkRead(b *testing.B) {
	data := readFile(b, "testdata/correspondent-koi8-ru.eml")
	for b.Loop() {
		if _, _, err := mail.Read(data, nil); err != nil {
			b.Fatal(err)
		}
	}
}
