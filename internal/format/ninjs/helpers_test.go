package ninjs

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"jisr/internal/news"
)

func testFile(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func mustRead(t testing.TB, data []byte) *news.Item {
	t.Helper()
	it, _, err := Read(data)
	if err != nil {
		t.Fatalf("Read: %v\n%.600s", err, data)
	}
	return it
}

func mustWrite(t testing.TB, it *news.Item) []byte {
	t.Helper()
	data, err := Write(it)
	if err != nil {
		t.Fatalf("Write: %v", err)
	}
	return data
}

// diff names the fields in which two items differ, "" if they are the same.
func diff(a, b *news.Item) string {
	var out strings.Builder
	va, vb := reflect.ValueOf(*a), reflect.ValueOf(*b)
	for i := range va.NumField() {
		if fa, fb := va.Field(i).Interface(), vb.Field(i).Interface(); !reflect.DeepEqual(fa, fb) {
			ja, _ := json.Marshal(fa)
			jb, _ := json.Marshal(fb)
			fmt.Fprintf(&out, "%s\n  before %s\n  after  %s\n", va.Type().Field(i).Name, ja, jb)
		}
	}
	return out.String()
}
