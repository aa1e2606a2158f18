package agencyjson_test

import (
	"flag"
	"strings"
	"testing"

	"jisr/internal/format/agencyjson"
	"jisr/internal/format/goldentest"
	"jisr/internal/news"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func detect(head []byte) bool { return agencyjson.Detect(head) != "" }

func TestFilesReadAsTheirGoldenFilesSay(t *testing.T) {
	goldentest.Format{Pattern: "testdata/*.json", Fewest: 3, Detect: detect, Read: agencyjson.Read}.Check(t, *update)
}

func TestDetectDoesNotTakeOtherJSON(t *testing.T) {
	for head, want := range map[string]string{
		`{"api_version":"1.1","data":{"item":{`:                        agencyjson.AP, // cut off
		`{"api_version":"1.1","data":[]}`:                              "",
		`{"data":{"api_version":"1.1"}}`:                               "",
		`{"uri":"urn:x:1","body_text":"\"api_version\" and \"data\""}`: "",
		`{"total":1,"item":[{"uri":"urn:x:1"`:                          agencyjson.LDRS,
		`{"total":1,"item":{}}`:                                        "",
		`{"uri":"urn:x:1","total":1,"items":[]}`:                       "",
		`[{"api_version":"1.1","data":{}}]`:                            "",
		``:                                                             "",
	} {
		if got := agencyjson.Detect([]byte(head)); got != want {
			t.Errorf("%s: %q, want %q", head, got, want)
		}
	}
}

func TestTheKeyOfTheOneWhoAskedIsNoPartOfTheIdentity(t *testing.T) {
	read := func(uri string) string {
		items, _, err := agencyjson.Read([]byte(`{"api_version":"1.1","data":{"item":{"uri":"` + uri + `","version":1,"type":"text"}}}`))
		if err != nil {
			t.Fatal(err)
		}
		return items[0].URI
	}
	if a, b := read("https://x.example/content/1?qt=a"), read("https://x.example/content/1?qt=b"); a != b || strings.Contains(a, "?") {
		t.Errorf("%s and %s", a, b)
	}
}

func TestHostileOrBrokenFilesAreRefusedWithAReason(t *testing.T) {
	ap := func(item string) string { return `{"api_version":"1.1","data":{"item":` + item + `}}` }
	for _, c := range []struct {
		name, data string
		kind       news.Kind
		says       string
	}{
		{"another", `{"uri":"urn:x:1"}`, news.Invalid, "neither"},
		{"no items", `{"api_version":"1.1","data":{}}`, news.Invalid, "holds no items"},
		{"no object", ap(`[1]`), news.Invalid, "/data/item: the item is empty or no object"},
		{"no identity", ap(`{"type":"text"}`), news.Invalid, "/data/item: "},
		{"a wrong type", ap(`{"uri":"urn:x:1","type":7}`), news.Invalid, "type"},
		{"an embargo that is no date", ap(`{"uri":"urn:x:1","type":"text","embargoed":"soon"}`), news.Invalid, "embargoed"},
		{"an LDRS embargo that is no date", `{"total":1,"item":[{"uri":"urn:x:1","type":"story","embargotime":"soon"}]}`, news.Invalid, "embargoed"},
		{"cut off", `{"api_version":"1.1","data":{"item":{"uri":"urn:x`, news.Invalid, "not JSON"},
		{"given twice", ap(`{"uri":"urn:x:1","pubstatus":"usable","pubstatus":"canceled"}`), news.Invalid, "duplicate"},
		{"too deep", ap(strings.Repeat(`{"uri":"urn:x:1","associations":{"a":`, 20_000)), news.Invalid, "not JSON"},
		{"too large", strings.Repeat(" ", agencyjson.MaxSize+1), news.TooLarge, "16777216 allowed"},
		{"too many", `{"total":1,"item":[` + strings.Repeat(`{},`, agencyjson.MaxItems) + `{}]}`, news.TooLarge, "1000 items"},
	} {
		items, _, err := agencyjson.Read([]byte(c.data))
		if news.KindOf(err) != c.kind || !strings.Contains(err.Error(), c.says) || len(items) > 0 {
			t.Errorf("%s: %.200v", c.name, err)
		}
	}
}

func TestOneBrokenItemCostsItselfOnly(t *testing.T) {
	items, _, err := agencyjson.Read([]byte(`{"total":2,"item":[{"type":"story"},{"uri":"urn:x:2","type":"story"}]}`))
	if len(items) != 1 || items[0].URI != "urn:x:2" || err == nil || !strings.Contains(err.Error(), "/item/0") {
		t.Errorf("%v, %v", items, err)
	}
}

func FuzzRead(f *testing.F) {
	goldentest.Seed(f, "testdata/*.json")
	f.Fuzz(func(t *testing.T, data []byte) {
		items, losses, err := agencyjson.Read(data)
		goldentest.Sound(t, items, losses, err)
	})
}
