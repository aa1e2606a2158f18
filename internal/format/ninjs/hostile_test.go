package ninjs

import (
	"encoding/json"
	"errors"
	"runtime"
	"strings"
	"testing"

	"jisr/internal/news"
)

type rawJSON = json.RawMessage

// TestReadSaysWhatIsWrongAndWhere has the JSON pointer that each fault must be
// reported at.
func TestReadSaysWhatIsWrongAndWhere(t *testing.T) {
	long := strings.Repeat("9", 400)
	tests := []struct {
		name, source, field, message string
		kind                         news.Kind
	}{
		{"empty", "", "", "empty", news.Invalid},
		{"white space", " \n", "", "empty", news.Invalid},
		{"array", `[{"uri":"urn:x:1"}]`, "", "expected a JSON object but found an array", news.Invalid},
		{"no JSON", "<newsItem/>", "", "line 1, column 1", news.Invalid},
		{"cut short", `{"uri":"urn:x:1","headlines":[{"va`, "", "ends in line 1, column 35 before", news.Invalid},
		{"cut inside UTF-8", "{\"uri\":\"urn:x:1\",\"title\":\"\xd8", "", "ends in line", news.Invalid},
		{"two items", "{\"uri\":\"urn:x:1\"}\n{\"uri\":\"urn:x:2\"}", "", "something follows the item in line 2", news.Invalid},
		{"syntax", "{\"uri\":\"urn:x:1\",\n \"title\":tru}", "/title", "line 2", news.Invalid},
		{"no uri", `{"headlines":[]}`, "/uri", "no uri", news.Invalid},
		{"null uri", `{"uri":null}`, "/uri", "no uri", news.Invalid},
		{"wrong type", `{"uri":7}`, "/uri", "expected a string but found a number", news.Invalid},
		{"wrong type deep", `{"uri":"urn:x:1","people":[{},{"name":["A"]}]}`, "/people/1/name", "expected a string but found an array", news.Invalid},
		{"list wanted", `{"uri":"urn:x:1","subjects":"x"}`, "/subjects", "expected an array", news.Invalid},
		{"object wanted", `{"uri":"urn:x:1","subjects":["x"]}`, "/subjects/0", "expected an object", news.Invalid},
		{"wrong in association", `{"uri":"urn:x:1","associations":[{"name":"a","renditions":[{"width":"wide"}]}]}`, "/associations/0/renditions/0/width", "expected a number", news.Invalid},
		{"wrong in 1.x association", `{"uri":"urn:x:1","associations":{"a/b":{"headline":1}}}`, "/associations/a~1b/headline", "expected a string", news.Invalid},
		{"unknown type", `{"uri":"urn:x:1","type":"hologram"}`, "/type", "hologram", news.Invalid},
		{"unknown status", `{"uri":"urn:x:1","pubStatus":"maybe"}`, "/pubStatus", "maybe", news.Invalid},
		{"urgency 0", `{"uri":"urn:x:1","urgency":0}`, "/urgency", "1 (highest) to 9", news.Invalid},
		{"urgency 10", `{"uri":"urn:x:1","urgency":10}`, "/urgency", "1 (highest) to 9", news.Invalid},
		{"urgency 0.1", `{"uri":"urn:x:1","urgency":0.1}`, "/urgency", "1 (highest) to 9", news.Invalid},
		{"embargo that is no time", `{"uri":"urn:x:1","embargoed":"tomorrow"}`, "/embargoed", "tomorrow", news.Invalid},
		{"expiry that is no time", `{"uri":"urn:x:1","expires":"soon"}`, "/expires", "soon", news.Invalid},
		{"huge number", `{"uri":"urn:x:1","renditions":[{"name":"m","sizeInBytes":` + long + `}]}`, "/renditions/0/sizeInBytes", "too large", news.Invalid},
		{"huge exponent", `{"uri":"urn:x:1","renditions":[{"name":"m","duration":1e999}]}`, "/renditions/0/duration", "too large", news.Invalid},
		{"over 2^53", `{"uri":"urn:x:1","bodies":[{"value":"","charCount":9007199254740993}]}`, "/bodies/0/charCount", "too large", news.Invalid},
		{"duplicate name", `{"uri":"urn:x:1","uri":"urn:x:2"}`, "/uri", "given twice", news.Invalid},
		{"duplicate name deep", `{"uri":"urn:x:1","x":{"a":1,"a":2}}`, "/x/a", "given twice", news.Invalid},
		{"duplicate by escape", `{"uri":"urn:x:1","\u0075ri":"urn:x:2"}`, "/uri", "given twice", news.Invalid},
		{"two spellings", `{"uri":"urn:x:1","embargoed":"2026-01-01T00:00:00Z","embargoedUntil":"2027-01-01T00:00:00Z"}`, "/embargoedUntil", "given twice", news.Invalid},
		{"invalid UTF-8", "{\"uri\":\"urn:x:1\",\"title\":\"\xff\"}", "/title", "UTF-8", news.Invalid},
		{"lone surrogate", `{"uri":"urn:x:1","title":"\ud83d"}`, "/title", "line 1", news.Invalid},
		{"surrogates reversed", `{"uri":"urn:x:1","title":"\ude00\ud83d"}`, "/title", "line 1", news.Invalid},
		{"unpaired in unknown", `{"uri":"urn:x:1","x":{"y":"\udc00"}}`, "/x/y", "line 1", news.Invalid},
		{"control character", "{\"uri\":\"urn:x:1\",\"title\":\"a\nb\"}", "/title", "line 1", news.Invalid},
		{"deep and broken", strings.Repeat(`{"a":`, 20000), "", "", news.Invalid},
		{"deep unknown", `{"uri":"urn:x:1","x":` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + "}", "", "", news.Invalid},
		{"rather deep unknown", `{"uri":"urn:x:1","x":` + strings.Repeat("[", 65) + strings.Repeat("]", 65) + "}", "/x", "nested more than 64", news.Invalid},
		{"deep associations", `{"uri":"urn:x:1"` + strings.Repeat(`,"associations":[{"uri":"urn:x:2"`, 20) + strings.Repeat("}]", 20) + "}", "", "nested more than 8", news.Invalid},
		{"long list", `{"uri":"urn:x:1","subjects":[{}` + strings.Repeat(",{}", news.MaxList) + "]}", "/subjects/1999", "more than the 2000", news.TooLarge},
		{"too large", `{"uri":"urn:x:1","title":"` + strings.Repeat("x", news.MaxContent) + `"}`, "", "more than the 4194304", news.TooLarge},
		{"more is not JSON", `{"uri":"urn:x:1","descriptions":[{"role":"jisr:more","contentType":"application/json","value":"parts"}]}`, "/descriptions/0", "not a JSON object", news.Invalid},
		{"more is cut", `{"uri":"urn:x:1","descriptions":[{},{"role":"jisr:more","contentType":"application/json","value":"{\"parts\":[{"}]}`, "/descriptions/1/value", "", news.Invalid},
		{"more amends nothing", `{"uri":"urn:x:1","descriptions":[{"role":"jisr:more","contentType":"application/json","value":"{\"bodies\":{\"3\":{}}}"}]}`, "/descriptions/0/value/bodies/3", "no entry", news.Invalid},
		{"more twice", `{"uri":"urn:x:1","descriptions":[{"role":"jisr:more","contentType":"application/json","value":"{}"},{"role":"jisr:more","contentType":"application/json","value":"{}"}]}`, "/descriptions", "keep one", news.Invalid},
		{"more wrong type", `{"uri":"urn:x:1","associations":[{"uri":"urn:x:2","descriptions":[{"role":"jisr:more","contentType":"application/json","value":"{\"parts\":[{\"id\":1}]}"}]}]}`, "/associations/0/descriptions/0/value/parts/0/id", "expected a string", news.Invalid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			it, _, err := Read([]byte(tt.source))
			var e *news.Error
			if !errors.As(err, &e) {
				t.Fatalf("Read = %v, %v; want a news.Error", it, err)
			}
			if e.Kind != tt.kind {
				t.Errorf("kind = %q, want %q", e.Kind, tt.kind)
			}
			if tt.field != "" && !strings.HasPrefix(e.Field, tt.field) {
				t.Errorf("field = %q, want %q (%v)", e.Field, tt.field, err)
			}
			if !strings.Contains(err.Error(), tt.message) {
				t.Errorf("message = %q, want %q in it", err, tt.message)
			}
			if len(err.Error()) > 2000 {
				t.Errorf("the message has %d bytes", len(err.Error()))
			}
		})
	}
}

// TestEveryTruncationIsRefused cuts a file at each byte.
func TestEveryTruncationIsRefused(t *testing.T) {
	data := mustWrite(t, mustRead(t, testFile(t, "picture_ru_3.0-draft.json")))
	for n := range data {
		if it, _, err := Read(data[:n]); err == nil || it != nil {
			t.Fatalf("cut at byte %d of %d: no error", n, len(data))
		}
	}
}

// TestHostileFileCannotFillMemory reads files as large as allowed that are
// made of the entries that cost most.
func TestHostileFileCannotFillMemory(t *testing.T) {
	fill := func(before, entry, after string) []byte {
		n := (news.MaxContent - len(before) - len(after)) / len(entry)
		return []byte(before + strings.TrimSuffix(strings.Repeat(entry, n), ",") + after)
	}
	for name, source := range map[string][]byte{
		"associations": fill(`{"uri":"urn:x:1","associations":[`, `{"associations":[{},{},{}]},`, "]}"),
		"contacts":     fill(`{"uri":"urn:x:1","people":[`, `{"contactInfo":[{},{},{},{},{},{},{},{}]},`, "]}"),
		"by name":      fill(`{"uri":"urn:x:1","renditions":{"a":{},`, `"b":{},`, "}}"),
		"unknown":      fill(`{"uri":"urn:x:1","x":[`, `{},`, "]}"),
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, _, err := Read(source)
			runtime.ReadMemStats(&after)
			if grown := after.TotalAlloc - before.TotalAlloc; grown > 64<<20 {
				t.Errorf("allocated %d MB (%v)", grown>>20, err)
			}
			if name != "unknown" && err == nil {
				t.Error("no error")
			}
		})
	}
}

func TestByteOrderMarkIsIgnored(t *testing.T) {
	it := mustRead(t, []byte("\xef\xbb\xbf{\"uri\":\"urn:x:1\"}"))
	if it.URI != "urn:x:1" {
		t.Errorf("uri = %q", it.URI)
	}
	if !Detect([]byte("\xef\xbb\xbf{\"uri\":\"urn:x:1\"}")) {
		t.Error("not detected")
	}
}

func TestDetect(t *testing.T) {
	tests := []struct {
		name, head, version string
		ok                  bool
	}{
		{"minimal", `{"uri":"x"}`, "3", true},
		{"declared", `{"standard":{"name":"ninjs","version":"2.1"},"uri":"x"}`, "2.1", true},
		{"declared by schema only", `{"$standard":{"schema":"http://www.iptc.org/std/ninjs/ninjs-schema_1.3.json#"},"uri":"x"}`, "1.3", true},
		{"names of 1.x", `{"uri":"x","headline":"H"}`, "1", true},
		{"value of 1.x", `{"uri":"x","representationtype":"incomplete"}`, "1", true},
		{"shape of 1.x", `{"uri":"x","associations":{}}`, "1", true},
		{"names of 2.x", `{"uri":"x","pubstatus":"usable"}`, "2", true},
		{"cut head", `{"headlines":[{"value":"H"}],"bodies":[{"value":"long te`, "3", true},
		{"no uri yet", `{"headline":"H","byline":"B","body_te`, "1", true},
		{"package.json", `{"name":"x","version":"1.0.0","type":"module"}`, "", false},
		{"GeoJSON", `{"type":"FeatureCollection","features":[]}`, "", false},
		{"array", `[{"uri":"x"}]`, "", false},
		{"XML", `<?xml version="1.0"?>`, "", false},
		{"empty", ``, "", false},
		{"other standard", `{"standard":{"name":"iso","version":"9"}}`, "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			version, ok := Version([]byte(tt.head))
			if ok != tt.ok || ok && version != tt.version {
				t.Errorf("Version = %q, %v; want %q, %v", version, ok, tt.version, tt.ok)
			}
			if Detect([]byte(tt.head)) != tt.ok {
				t.Errorf("Detect = %v", !tt.ok)
			}
		})
	}
}

func TestTimesOfSendersAreUnderstood(t *testing.T) {
	tests := []struct {
		in, want string
		loss     bool
	}{
		{"2026-01-02T03:04:05+03:00", "2026-01-02T03:04:05+03:00", false},
		{"2026-01-02T03:04:05.250Z", "2026-01-02T03:04:05.25Z", false},
		{"2026-01-02T03:04:05+0300", "2026-01-02T03:04:05+03:00", false},
		{"20260102T030405Z", "2026-01-02T03:04:05Z", false},
		{"2026-01-02T03:04:05", "2026-01-02T03:04:05Z", true},
		{"2026-01-02", "2026-01-02T00:00:00Z", true},
		{"Last Tuesday", "", true},
	}
	for _, tt := range tests {
		it, losses, err := Read([]byte(`{"uri":"urn:x:1","versionCreated":"` + tt.in + `"}`))
		if err != nil {
			t.Errorf("%s: %v", tt.in, err)
			continue
		}
		written := string(mustWrite(t, it))
		if tt.want != "" && !strings.Contains(written, `"versionCreated":"`+tt.want+`"`) || tt.want == "" && !it.VersionCreated.IsZero() {
			t.Errorf("%s: got %s", tt.in, written)
		}
		if (len(losses) > 0) != tt.loss {
			t.Errorf("%s: losses %v", tt.in, losses)
		}
	}
}
