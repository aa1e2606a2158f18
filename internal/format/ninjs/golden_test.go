package ninjs

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"jisr/internal/news"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestGolden reads a file of each dialect and kind and writes it as 3.0. The
// golden file has the losses, if any, after the item.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal("no test files:", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			it, losses, err := Read(testFile(t, filepath.Base(file)))
			if err != nil {
				t.Fatal(err)
			}
			written := mustWrite(t, it)
			got := append(bytes.Clone(written), '\n')
			for _, l := range losses {
				got = append(got, ("loss " + l.String() + "\n")...)
			}
			golden := strings.TrimSuffix(file, ".json") + ".golden"
			if *update {
				if err := os.WriteFile(golden, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			if problems := Validate(written); len(problems) > 0 {
				t.Errorf("the output is not valid 3.0: %v", problems)
			}
			again, losses, err := Read(written)
			if err != nil || len(losses) > 0 {
				t.Fatalf("reading the output: %v, losses %v", err, losses)
			}
			if d := diff(it, again); d != "" {
				t.Errorf("the round trip changed the item: %s", d)
			}
		})
	}
}

// TestEachVersionFillsTheSameFields reads the same facts out of three dialects.
func TestEachVersionFillsTheSameFields(t *testing.T) {
	dialects := map[string]string{
		"1.4": `{"uri":"urn:x:1","type":"text","representationtype":"complete","versioncreated":"2026-01-02T03:04:05+03:00",
			"pubstatus":"canceled","headline":"H","body_text":"B","byline":"Y","ednote":"E","wordcount":7,
			"subject":[{"name":"S","scheme":"http://cv.iptc.org/newscodes/mediatopic","code":"1"}],
			"renditions":{"main":{"href":"https://x.example/1","mimetype":"image/png"}},"altids":{"k":"v"},
			"infosource":[{"name":"I","rel":"r"}],"associations":{"pic":{"uri":"urn:x:2"}},"embargoed":"2026-01-03T00:00:00Z"}`,
		"2.1": `{"uri":"urn:x:1","type":"text","representationtype":"full","versioncreated":"2026-01-02T03:04:05+03:00",
			"pubstatus":"canceled","headlines":[{"value":"H"}],"bodies":[{"contenttype":"text/plain","value":"B","wordcount":7}],"by":"Y","ednote":"E",
			"subjects":[{"name":"S","uri":"http://cv.iptc.org/newscodes/mediatopic/1","literal":"1"}],
			"renditions":[{"name":"main","href":"https://x.example/1","contenttype":"image/png"}],"altids":[{"role":"k","value":"v"}],
			"infosources":[{"name":"I","role":"r"}],"associations":[{"name":"pic","uri":"urn:x:2"}],"embargoed":"2026-01-03T00:00:00Z"}`,
		"3.0": `{"uri":"urn:x:1","type":"text","representationType":"full","versionCreated":"2026-01-02T03:04:05+03:00",
			"pubStatus":"canceled","headlines":[{"value":"H"}],"bodies":[{"contentType":"text/plain","value":"B","wordCount":7}],"by":"Y","edNote":"E",
			"subjects":[{"name":"S","uri":"http://cv.iptc.org/newscodes/mediatopic/1","literal":"1"}],
			"renditions":[{"name":"main","href":"https://x.example/1","contentType":"image/png"}],"altIds":[{"role":"k","value":"v"}],
			"infoSources":[{"name":"I","role":"r"}],"associations":[{"name":"pic","uri":"urn:x:2"}],"embargoedUntil":"2026-01-03T00:00:00Z"}`,
	}
	zone := time.FixedZone("", 3*60*60)
	want := &news.Item{
		URI: "urn:x:1", Type: news.Text, Representation: "full", By: "Y", EdNote: "E", PubStatus: news.Canceled,
		VersionCreated: time.Date(2026, 1, 2, 3, 4, 5, 0, zone), Embargoed: time.Date(2026, 1, 3, 0, 0, 0, 0, time.UTC),
		Headlines:    []news.Words{{Value: "H"}},
		Bodies:       []news.Words{{ContentType: "text/plain", Value: "B", WordCount: 7}},
		Subjects:     []news.Concept{{Name: "S", URI: "http://cv.iptc.org/newscodes/mediatopic/1", Literal: "1"}},
		InfoSources:  []news.Concept{{Name: "I", Role: "r"}},
		AltIDs:       []news.AltID{{Role: "k", Value: "v"}},
		Renditions:   []news.Rendition{{Name: "main", Href: "https://x.example/1", ContentType: "image/png"}},
		Associations: []news.Item{{Name: "pic", URI: "urn:x:2"}},
	}
	for version, source := range dialects {
		t.Run(version, func(t *testing.T) {
			if problems := ValidateAs([]byte(source), version); len(problems) > 0 {
				t.Error("the test's source is not valid:", problems)
			}
			if v, ok := Version([]byte(source)); !ok || v != version[:1] {
				t.Errorf("Version = %q, %v", v, ok)
			}
			got, losses, err := Read([]byte(source))
			if err != nil || len(losses) > 0 {
				t.Fatal(err, losses)
			}
			if d := diff(want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestHouseFieldsTravelWhereOthersCanReadThem pins where further fields go: it
// is a promise to other nodes and to other systems.
func TestHouseFieldsTravelWhereOthersCanReadThem(t *testing.T) {
	it := &news.Item{
		URI: "urn:x:1", Type: news.Programme, Dateline: "CAIRO, March 1", CreditLine: "Ex/Wire", Service: "world",
		DigitalSourceType: "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture",
		Signals:           []news.Concept{{URI: "http://cv.iptc.org/newscodes/signal/correction"}},
		DerivedFrom:       []news.Derivation{{Relation: news.TranslationOf, URI: "urn:x:0", Version: "2", Origin: "wire.example"}},
		Bodies:            []news.Words{{Value: "б", Language: "ru"}},
		Parts:             []news.Part{{Seq: 1, Start: "00:00:01:00", Unit: "timeCode", Description: "wide"}},
		Renditions:        []news.Rendition{{Name: "main", Digest: "sha256:" + strings.Repeat("ab", 32)}},
	}
	got := string(mustWrite(t, it))
	for _, want := range []string{
		`"type":"composite"`,
		`{"name":"programme","literal":"jisr:programme"}`,
		`{"uri":"http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture"}`,
		`{"uri":"http://cv.iptc.org/newscodes/signal/correction"}`,
		`{"name":"jisr:translationOf","uri":"urn:x:0","version":"2","altIds":[{"role":"jisr:origin","value":"wire.example"}]}`,
		`{"role":"jisr:dateline","value":"CAIRO, March 1"}`,
		`{"role":"jisr:creditLine","value":"Ex/Wire"}`,
		`{"role":"jisr:service","value":"world"}`,
		`"descriptions":[{"role":"jisr:more","contentType":"application/json","value":"{\"bodies\":{\"0\":{\"language\":\"ru\"}},` +
			`\"renditions\":{\"0\":{\"digest\":\"sha256:abab`,
		`\"parts\":[{\"seq\":1,\"start\":\"00:00:01:00\",\"unit\":\"timeCode\",\"description\":\"wide\"}]`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in\n%s", want, got)
		}
	}
	if d := diff(it, mustRead(t, []byte(got))); d != "" {
		t.Errorf("the round trip changed the item: %s", d)
	}
}

// TestUnknownPropertiesSurvive keeps those of the top level in their place and
// the rest in jisr:more.
func TestUnknownPropertiesSurvive(t *testing.T) {
	source := `{"uri":"urn:x:1","x_desk":{"id": [1, 2.50]},"subjects":[{"name":"S","qualifier":"q"}],` +
		`"associations":[{"name":"a","uri":"urn:x:2","x_frame":7,"people":[{"name":"P","age":null,"shoe":44}]}]}`
	it := mustRead(t, []byte(source))
	if got := string(it.Extra["/x_desk"]); got != `{"id":[1,2.50]}` {
		t.Errorf("top level: %s", got)
	}
	if got := string(it.Extra["/subjects/0/qualifier"]); got != `"q"` {
		t.Errorf("nested: %s", got)
	}
	a := it.Associations[0]
	if string(a.Extra["/x_frame"]) != "7" || string(a.Extra["/people/0/shoe"]) != "44" || len(a.Extra) != 2 {
		t.Errorf("association: %s", a.Extra)
	}
	written := mustWrite(t, it)
	if !bytes.HasSuffix(written, []byte(`,"x_desk":{"id":[1,2.50]}}`)) {
		t.Errorf("top level not written back: %s", written)
	}
	if d := diff(it, mustRead(t, written)); d != "" {
		t.Errorf("the round trip changed the item: %s", d)
	}
	if problems := Validate(written); len(problems) != 2 || problems[1].Pointer != "/x_desk" {
		t.Errorf("only the properties of the source should be wrong: %v", problems)
	}
}

func TestWriteIsCanonical(t *testing.T) {
	it := &news.Item{URI: "urn:x:1", EdNote: "a<b>&\u2028\"\\\n\x01é"}
	first := mustWrite(t, it)
	if want := `"edNote":"a<b>&` + "\u2028" + `\"\\\n\u0001é"}`; !bytes.HasSuffix(first, []byte(want)) {
		t.Errorf("got %s", first)
	}
	for range 10 {
		it.Extra = map[string]rawJSON{"/b": rawJSON("1"), "/a": rawJSON("2"), "/c/d": rawJSON("3"), "/c/a": rawJSON("4")}
		if a, b := mustWrite(t, it), mustWrite(t, it); !bytes.Equal(a, b) {
			t.Fatalf("two writes differ:\n%s\n%s", a, b)
		}
	}
}

func TestWriteRefusesWhatCannotBeWritten(t *testing.T) {
	for name, it := range map[string]*news.Item{
		"no uri":              {},
		"relative uri":        {URI: "story-1"},
		"unknown type":        {URI: "urn:x:1", Type: "hologram"},
		"urgency 10":          {URI: "urn:x:1", Urgency: 10},
		"unknown status":      {URI: "urn:x:1", PubStatus: "maybe"},
		"not UTF-8":           {URI: "urn:x:1", Title: "\xff"},
		"not UTF-8 in more":   {URI: "urn:x:1", Parts: []news.Part{{ID: "\xff"}}},
		"year 10000":          {URI: "urn:x:1", Expires: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)},
		"extra is not JSON":   {URI: "urn:x:1", Extra: map[string]rawJSON{"/a": rawJSON("{")}},
		"reserved role":       {URI: "urn:x:1", Descriptions: []news.Words{{Role: roleMore, ContentType: typeMore}}},
		"not UTF-8 in nested": {URI: "urn:x:1", Associations: []news.Item{{URI: "urn:x:2", Headlines: []news.Words{{Value: "\xed\xa0\x80"}}}}},
	} {
		if data, err := Write(it); news.KindOf(err) != news.Invalid {
			t.Errorf("%s: %s, %v", name, data, err)
		}
	}
	big := &news.Item{URI: "urn:x:1", Bodies: []news.Words{{Value: strings.Repeat("x", news.MaxContent)}}}
	if _, err := Write(big); news.KindOf(err) != news.TooLarge {
		t.Errorf("over the limit: %v", err)
	}
}
