package ninjs

import (
	"strings"
	"testing"
)

// TestSchemasOfAllVersions has, in the manner of IPTC's own test suite, what
// must pass and what must fail under the schema of a version. For a failure,
// want is the pointer of the first problem.
func TestSchemasOfAllVersions(t *testing.T) {
	tests := []struct{ version, source, want string }{
		// 1.x
		{"1.0", `{"uri":"test10"}`, "pass"},
		{"1.0", `{"uri":"u","versioncreated":"Last Tuesday"}`, "pass"},
		{"1.0", `{"uri":"u","type":"composite","mimetype":"text/html","representationtype":"incomplete","body_new_kind":"b"}`, "pass"},
		{"1.0", `{"uri":"u","person":[{}],"renditions":{},"associations":{"a":{"uri":"v","headline":"H"}}}`, "pass"},
		{"1.0", `{"uri":"u","type":"component"}`, "/type"},
		{"1.0", `{"uri":"u","infosource":[]}`, "/infosource"},
		{"1.0", `{"uri":"u","urgency":4}`, "/urgency"},
		{"1.0", `{"uri":"u","pubstatus":"commissioned"}`, "/pubstatus"},
		{"1.0", `{"uri":"u","profile":1}`, "/profile"},
		{"1.0", `{"uri":"u","person":"P"}`, "/person"},
		{"1.0", `{"uri":"u","person":[{"literal":"x"}]}`, "/person/0/literal"},
		{"1.0", "{\"uri\":\"u\",\"body_text\":\"a\nb\"}", "/body_text"},
		{"1.0", `{"headline":"H"}`, ""},
		{"1.1", `{"uri":"u","urgency":9,"usageterms":"t","place":[{"geometry_geojson":{"type":"Point"}}]}`, "pass"},
		{"1.1", `{"uri":"u","description_*&^%":"d"}`, "/description_*&^%"},
		{"1.1", `{"uri":"u","place":[{"geometry_geojson":"x"}]}`, "/place/0/geometry_geojson"},
		{"1.2", `{"uri":"u","type":"component","title":"T","firstcreated":"2026-01-01T00:00:00Z","infosource":[{"rel":"r"}]}`, "pass"},
		{"1.2", `{"uri":"u","title":1}`, "/title"},
		{"1.2", `{"uri":"u","headline_x":"h"}`, "/headline_x"},
		{"1.3", `{"uri":"u","headline_x":"h","altids":{"a":1},"$standard":{"version":"1.3"},"genre":[{"code":"c"}]}`, "pass"},
		{"1.3", `{"uri":"u","standard":{}}`, "/standard"},
		{"1.4", `{"uri":"u","contentcreated":{"start":"2022-04-21"}}`, "/contentcreated"},
		{"1.4", `{"uri":"u","rightsinfo":{"linkedrights":"http://x.example/"}}`, "pass"},
		{"1.4", `{"uri":"u","rightsinfo":{"linkedrights":"http://x.example/","encodedrights":"x"}}`, "/rightsinfo"},
		{"1.4", `{"uri":"u","rightsinfo":{"langid":"http://x.example/"}}`, "/rightsinfo"},
		{"1.5", `{"uri":"u","person":[{"contactinfo":[{"value":"v"}]}],"subject":[{"relevance":100}]}`, "pass"},
		{"1.5", `{"uri":"u","person":[{"contactinfo":[{"type":"t"}]}]}`, "/person/0/contactinfo/0"},
		{"1.8", `{"uri":"u","contentdigitised":"2020-01-01T00:00:00Z","digitalsourcetype":{"uri":"http://x.example/"},"renditions":{"a":{"extensions":{"k":"v"}}}}`, "pass"},
		{"1.8", `{"uri":"u","renditions":{"a":{"extensions":{"k":1}}}}`, "/renditions/a/extensions"},
		{"1.8", `{"uri":"u","urgency":0}`, "/urgency"},
		// 2.x
		{"2.0", `{"uri":"u","headlines":[{"value":"H"}],"associations":[{"name":"n","uri":"v","type":"graphic"}]}`, "pass"},
		{"2.0", `{"uri":"u","places":[{"type":"Feature","properties":null,"geometry":{"type":"Point","coordinates":[1,2]}}]}`, "pass"},
		{"2.0", `{"uri":"u","places":[{"name":"P","geojson":{"coordinates":[35,39]}}]}`, "/places/0/geojson"},
		{"2.0", `{"uri":"u","associations":[{"name":"n","uri":"v","i_can_put_anything":"x"}]}`, "/associations/0/i_can_put_anything"},
		{"2.0", `{"uri":"u","associations":[{"name":"n","renditions":[{"name":"r","mimetype":"image/png"}]}]}`, "pass"},
		{"2.1", `{"uri":"u","associations":[{"name":"n"}]}`, "/associations/0"},
		{"2.1", `{"uri":"u","associations":[{"name":"n","uri":"v","renditions":[{"name":"r","mimetype":"image/png"}]}]}`, "/associations/0/renditions/0/mimetype"},
		{"2.0", `{"uri":"u","headlines":[{"role":"main"}]}`, "/headlines/0"},
		{"2.0", `{"uri":"u","headline":"H"}`, "/headline"},
		{"2.0", `{"uri":"u","renditions":[{"href":"http://x.example/"}]}`, "/renditions/0"},
		{"2.0", `{"uri":"u","renditions":[{"name":"n","mimetype":"image/png"}]}`, "/renditions/0/mimetype"},
		{"2.0", `{"uri":"u","expires":"2026-01-01T00:00:00Z"}`, "/expires"},
		{"2.0", `{"uri":"u","representationtype":"complete"}`, "/representationtype"},
		{"2.1", `{"uri":"u","expires":"2026-01-01T00:00:00Z","people":[{"contactinfo":[{"value":"v"}]}]}`, "pass"},
		{"2.2", `{"uri":"u","digitalsourcetype":{"uri":"http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture"},"urgency":1}`, "pass"},
		{"2.2", `{"uri":"u","digitalsourcetype":"digitalCapture"}`, "/digitalsourcetype"},
		{"2.2", `{"uri":"u","type":"event"}`, "/type"},
		{"2.4", `{"uri":"u","contentdigitised":{}}`, "/contentdigitised"},
		// 3.x
		{"3.0", `{"uri":"urn:x:1","urgency":9,"embargoedUntil":"2026-01-01T00:00:00Z"}`, "pass"},
		{"3.0", `{"uri":"urn:x:1","places":[{"name":"P","geoJSON":{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,0]]]}}]}`, "pass"},
		{"3.0", `{"uri":"urn:x:1","associations":[{"name":"n","rel":"r","uri":"urn:x:2","associations":[{"name":"m","uri":"urn:x:3"}]}]}`, "pass"},
		{"3.0", `{"uri":"urn:x:1","type":"event","eventDetails":{"dates":{"startDate":"2026-01-01T00:00:00Z","endDate":"2026-01-02T00:00:00Z","recurrence":{"recurrenceRules":[{"frequency":"yearly"}]}}}}`, "pass"},
		{"3.0", `{"uri":"urn:x:1","type":"planning","plannedCoverage":[{"uri":"urn:x:2","type":"picture","audiences":[{"audience":"a","significance":8}],"itemCount":{"rangeFrom":1}}]}`, "pass"},
		{"3.0", `{"uri":"urn:x:1","i_am":"unknown"}`, "/i_am"},
		{"3.0", `{"uri":"urn:x:1","embargoed":"2026-01-01T00:00:00Z"}`, "/embargoed"},
		{"3.0", `{"uri":"urn:x:1","urgency":0.1}`, "/urgency"},
		{"3.0", `{"uri":"urn:x:1","urgency":10}`, "/urgency"},
		{"3.0", `{"title":"T"}`, ""},
		{"3.0", `{"uri":"urn:x:1","associations":[{"name":"n"}]}`, "/associations/0"},
		{"3.0", `{"uri":"urn:x:1","associations":[{"uri":"urn:x:2"}]}`, "/associations/0"},
		{"3.0", `{"uri":"urn:x:1","associations":[{"name":"n","uri":"urn:x:2","people":[{"shoe":1}]}]}`, "/associations/0/people/0/shoe"},
		{"3.0", `{"uri":"urn:x:1","name":"n"}`, "/name"},
		{"3.0", `{"uri":"urn:x:1","title":null}`, "/title"},
		{"3.0", `{"uri":"urn:x:1","eventDetails":{"dates":{"startDate":"2026-01-01T00:00:00Z","expectedStartDate":"2026"}}}`, "/eventDetails/dates"},
		{"3.0", `{"uri":"urn:x:1","eventDetails":{"dates":{"expectedStartDate":"2026-13"}}}`, "/eventDetails/dates/expectedStartDate"},
		{"3.0", `{"uri":"urn:x:1","eventDetails":{"dates":{"expectedStartDate":"2026-11-31T10:00:00.5-04:00"}}}`, "pass"},
		{"3.0", `{"uri":"urn:x:1","plannedCoverage":[{"urgency":0}]}`, "/plannedCoverage/0/urgency"},
		{"3.0", `{"uri":"urn:x:1","people":[{"contactInfo":[{"value":"v","address":{}}]}]}`, "/people/0/contactInfo/0"},
		{"3.0", `{"uri":"urn:x:1","subjects":[{"relevance":101}]}`, "/subjects/0/relevance"},
		{"3.0", `{"uri":"urn:x:1","bodies":[{"value":"v","wordCount":1.5}]}`, "/bodies/0/wordCount"},
		{"3.0", `{"uri":"urn:x:1","renditions":[{"name":"n","digest":"d"}]}`, "/renditions/0/digest"},
		{"3.0", `{"uri":"urn:x:1","digitalSourceType":{}}`, "/digitalSourceType"},
		{"3.0", `{"uri":"urn:x:1","places":[{"geoJSON":{"type":"Point","coordinates":["dog","cat"]}}]}`, "/places/0/geoJSON"},
		{"3.0", `["urn:x:1"]`, ""},
		{"3.0", `{"uri":"urn:x:1","uri":"urn:x:2"}`, "pass"},
		{"3.0", `{"uri":"urn:x:1","uri":7}`, "/uri"},
		{"3.1", `{"uri":"urn:x:1","digitalSourceType":{"name":"n"}}`, "pass"},
		{"3.3", `{"uri":"urn:x:1","contentDigitised":"2020-01-01T00:00:00Z","renditions":[{"name":"n","resources":[{"role":"r"}],"extensions":{"a:b":"c"}}]}`, "pass"},
		{"3.3", `{"uri":"urn:x:1","renditions":[{"name":"n","extensions":{"a:b":["c"]}}]}`, "/renditions/0/extensions"},
		{"4.0", `{"uri":"urn:x:1"}`, "/standard/version"},
		{"3.9", `{"uri":"urn:x:1"}`, "/standard/version"},
		{"", `{"uri":"urn:x:1"}`, "/standard/version"},
	}
	for _, tt := range tests {
		problems := ValidateAs([]byte(tt.source), tt.version)
		switch {
		case tt.want == "pass" && !Valid(problems):
			t.Errorf("%s %s\n\tmust pass but has %v", tt.version, tt.source, problems)
		case tt.want != "pass" && Valid(problems):
			t.Errorf("%s %s\n\tmust fail but passes", tt.version, tt.source)
		case tt.want != "pass" && problems[firstFault(problems)].Pointer != tt.want:
			t.Errorf("%s %s\n\tmust fail at %q but fails at %v", tt.version, tt.source, tt.want, problems)
		}
	}
}

func firstFault(problems []Problem) int {
	for i, p := range problems {
		if !p.Advice {
			return i
		}
	}
	return 0
}

func TestMemberGivenTwiceIsAdvice(t *testing.T) {
	problems := ValidateAs([]byte(`{"uri":"urn:x:1","type":"text","type":"picture"}`), "3.0")
	if len(problems) != 1 || problems[0].Pointer != "/type" || !problems[0].Advice {
		t.Errorf("%v", problems)
	}
}

func TestFormatsAreAdvice(t *testing.T) {
	problems := ValidateAs([]byte(`{"uri":"relative","versionCreated":"Last Tuesday","expires":"2026-01-01T00:00:00","embargoedUntil":"2026-01-01T00:00:00.5+03:00"}`), "3.0")
	var at []string
	for _, p := range problems {
		at = append(at, p.Pointer)
		if !p.Advice {
			t.Errorf("%v is more than advice", p)
		}
	}
	if got := strings.Join(at, " "); got != "/expires /uri /versionCreated" {
		t.Errorf("advice at %s", got)
	}
}

func TestValidateUsesTheVersionThatTheFileDeclares(t *testing.T) {
	lower := `"uri":"urn:x:1","pubstatus":"usable"}`
	for source, valid := range map[string]bool{
		`{"standard":{"name":"ninjs","version":"2.1"},` + lower:  true,
		`{"$standard":{"name":"ninjs","version":"1.3"},` + lower: true,
		`{"standard":{"name":"ninjs","version":"3.0"},` + lower:  false,
		`{` + lower: true,
		`{"uri":"urn:x:1","representationtype":"complete"}`: true,
		`{"uri":"urn:x:1","pubStatus":"usable"}`:            true,
		// Names inside can tell the dialect, too.
		`{"uri":"urn:x:1","renditions":[{"name":"n","contenttype":"image/png","sizeinbytes":7}]}`: true,
		`{"uri":"urn:x:1","renditions":[{"name":"n","contenttype":"image/png","sizeInBytes":7}]}`: false,
		// A declaration that contradicts itself does not count.
		`{"standard":{"schema":"http://www.iptc.org/std/ninjs/ninjs-schema_1.3.json"},"uri":"urn:x:1"}`: true,
		`{"$standard":{"name":"ninjs","version":"3.0"},"uri":"urn:x:1","headline":"H"}`:                 true,
	} {
		if problems := Validate([]byte(source)); Valid(problems) != valid {
			t.Errorf("%s: %v", source, problems)
		}
	}
}

func TestReportOnHostileFileIsShort(t *testing.T) {
	source := `{"uri":"urn:x:1","subjects":[` + strings.TrimSuffix(strings.Repeat("1,", 100_000), ",") + "]}"
	if n := len(Validate([]byte(source))); n != maxProblems {
		t.Errorf("%d problems", n)
	}
	deep := `{"uri":"urn:x:1","associations":` + strings.Repeat(`[{"associations":`, 4000) + "1" + strings.Repeat("}]", 4000) + "}"
	if n := len(Validate([]byte(deep))); n == 0 || n > maxProblems {
		t.Errorf("%d problems", n)
	}
}
