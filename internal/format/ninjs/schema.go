package ninjs

import "maps"

// The rules here state what the schemas of the versions state, no more. A later
// minor version only adds to an earlier one, so a rule asks for the minor from
// which it holds.

// lastMinor is the last minor version of each major one that is published.
func lastMinor(major byte) int {
	switch major {
	case '1':
		return 8
	case '2':
		return 4
	case '3':
		return 3
	}
	return -1
}

// schemaOf returns the rule for a whole item of the version, nil if there is no
// such version.
func schemaOf(version string) *rule {
	if version == "" {
		return nil
	}
	major, last := version[0], lastMinor(version[0])
	minor := last
	switch {
	case last < 0:
		return nil
	case len(version) == 1:
	case len(version) >= 3 && version[1] == '.' && version[2] >= '0' && version[2] <= '9' && (len(version) == 3 || version[3] == '.'):
		minor = int(version[2] - '0')
	default:
		return nil
	}
	if minor > last {
		return nil
	}
	switch major {
	case '1':
		return item1(minor)
	case '2':
		return item2(minor)
	}
	return item3(minor)
}

func text() *rule     { return &rule{kind: "string"} }
func uriText() *rule  { return &rule{kind: "string", format: "uri"} }
func dateTime() *rule { return &rule{kind: "string", format: "date-time"} }
func num() *rule      { return &rule{kind: "number"} }
func whole() *rule    { return &rule{kind: "integer"} }
func within(a, b int) *rule {
	return &rule{kind: "integer", bounded: true, min: float64(a), max: float64(b)}
}
func oneOf(v ...string) *rule { return &rule{kind: "string", enum: v} }
func listOf(r *rule) *rule    { return &rule{kind: "array", items: r} }
func object(m map[string]*rule, required ...string) *rule {
	return &rule{kind: "object", members: m, required: required}
}

// texts returns a member rule for each name.
func texts(names ...string) map[string]*rule {
	m := make(map[string]*rule, len(names))
	for _, name := range names {
		m[name] = text()
	}
	return m
}

// with adds members to m and returns it.
func with(m map[string]*rule, more map[string]*rule) map[string]*rule {
	maps.Copy(m, more)
	return m
}

// itemTypes3 are the types of 3.x; the first seven are those of 1.2 and 2.x.
var itemTypes3 = []string{"text", "audio", "video", "picture", "graphic", "composite", "component", "event", "planning"}

func pubStatuses() *rule { return oneOf("usable", "withheld", "canceled") }

// item3 is the schema of 3.x as published.
func item3(minor int) *rule {
	contacts := listOf(contactRule("postalCode"))
	organisation := object(with(texts("name", "rel", "literal"), map[string]*rule{
		"uri": uriText(), "contactInfo": contacts,
		"symbols": listOf(object(with(texts("exchange", "symbol"), map[string]*rule{"symbolType": uriText()}))),
	}))
	rendition := rendition3(minor)
	m := with(texts("profile", "version", "copyrightHolder", "copyrightNotice", "usageTerms", "edNote", "language", "title", "by", "slugline", "located"), map[string]*rule{
		"uri": uriText(), "type": oneOf(itemTypes3...), "representationType": oneOf("full", "partial"),
		"firstCreated": dateTime(), "versionCreated": dateTime(), "contentCreated": dateTime(), "embargoedUntil": dateTime(), "expires": dateTime(),
		"pubStatus": pubStatuses(), "urgency": within(1, 9),
		"descriptions":  listOf(object(texts("role", "contentType", "value"), "value")),
		"headlines":     listOf(object(texts("role", "contentType", "value"), "value")),
		"bodies":        listOf(object(with(texts("role", "contentType", "value"), map[string]*rule{"charCount": whole(), "wordCount": whole()}), "value")),
		"people":        listOf(object(with(texts("name", "rel", "literal"), map[string]*rule{"uri": uriText(), "contactInfo": contacts}))),
		"organisations": listOf(organisation),
		"places": listOf(object(with(texts("name", "rel", "literal"), map[string]*rule{
			"uri": uriText(), "contactInfo": contacts, "geoJSON": {kind: "object", open: true, test: testGeoJSON}}))),
		"subjects":        listOf(subjectRule()),
		"events":          listOf(object(with(texts("id", "name", "rel", "literal"), map[string]*rule{"uri": uriText()}))),
		"objects":         listOf(object(with(texts("name", "rel", "literal"), map[string]*rule{"uri": uriText()}))),
		"infoSources":     listOf(object(with(texts("name", "role", "literal"), map[string]*rule{"uri": uriText(), "contactInfo": contacts}))),
		"genres":          listOf(object(texts("name", "uri", "literal"))),
		"altIds":          listOf(object(texts("role", "value"))),
		"trustIndicators": listOf(object(with(texts("title"), map[string]*rule{"role": uriText(), "href": uriText()}))),
		"standard":        standardRule(),
		"rightsInfo":      rightsRule("langId", "linkedRights", "encodedRights"),
		"renditions":      listOf(rendition),
		"eventDetails": object(map[string]*rule{
			"eventStatus": uriText(), "plannedCoverageStatus": uriText(), "dates": datesRule(), "organiser": organisation}),
		"plannedCoverage": listOf(coverage3(rendition)),
	})
	if minor >= 1 {
		m["digitalSourceType"] = object(with(texts("name", "literal"), map[string]*rule{"uri": uriText()}))
	}
	if minor >= 2 {
		m["contentDigitised"] = dateTime()
	}
	return withAssociations(m, "rel")
}

// withAssociations closes an item of 2.x or 3.x: its associations are items
// that have a name, and the further members.
func withAssociations(m map[string]*rule, further ...string) *rule {
	association := object(with(maps.Clone(m), texts(append(further, "name")...)), "name", "uri")
	list := listOf(association)
	m["associations"], association.members["associations"] = list, list
	return object(m, "uri")
}

func rendition3(minor int) *rule {
	m := with(texts("name", "contentType", "title", "format", "aspectRatio", "videoCodec", "transportProtocol", "bitrate"), map[string]*rule{
		"href": uriText(), "width": whole(), "height": whole(), "sizeInBytes": whole(), "duration": num(), "frameRate": num(),
		"poi": object(map[string]*rule{"x": whole(), "y": whole()}), "scanType": oneOf("progressive", "interlaced"),
	})
	if minor >= 2 {
		m["resources"] = listOf(object(texts("role", "title", "language", "contentType")))
	}
	if minor >= 3 {
		m["extensions"] = stringMap()
	}
	return object(m, "name")
}

// stringMap is an object of any names with text values.
func stringMap() *rule {
	return &rule{kind: "object", open: true, test: func(value any) string {
		for _, v := range value.(map[string]any) {
			if _, ok := v.(string); !ok {
				return "every value here must be a string"
			}
		}
		return ""
	}}
}

func subjectRule() *rule {
	return object(with(texts("name", "rel", "literal", "creator"), map[string]*rule{
		"uri": uriText(), "relevance": within(0, 100), "confidence": within(0, 100)}))
}

func coverage3(rendition *rule) *rule {
	m := with(texts("title", "edNote", "language"), map[string]*rule{
		"uri": uriText(), "pubStatus": pubStatuses(), "type": oneOf(itemTypes3...), "dates": datesRule(),
		"urgency": within(1, 9), "wordCount": whole(), "renditions": listOf(rendition),
		"itemCount": object(map[string]*rule{"rangeFrom": whole(), "rangeTo": whole()}),
	})
	for _, name := range []string{"commissioned", "audiences", "exclAudience"} {
		m[name] = coverageExtraRule(name)
	}
	return object(m)
}

// coverageExtraRule returns the rule for the members of a planned coverage that
// no field of ours names, nil for others.
func coverageExtraRule(name string) *rule {
	switch name {
	case "commissioned":
		return object(map[string]*rule{"by": text(), "on": dateTime(), "references": listOf(object(texts("name", "value")))})
	case "audiences":
		return listOf(object(map[string]*rule{"audience": text(), "significance": whole()}))
	case "exclAudience":
		return listOf(text())
	}
	return nil
}

func datesRule() *rule {
	truncated := &rule{kind: "string", test: func(value any) string {
		if !isTruncatedDate(value.(string)) {
			return "expected a year, month, day or date-time, such as 2026, 2026-03, 2026-03-01"
		}
		return ""
	}}
	r := object(map[string]*rule{
		"startDate": dateTime(), "endDate": dateTime(), "expectedStartDate": truncated, "expectedEndDate": truncated,
		"expectedDuration": text(), "recurrence": recurrenceRule(),
	})
	r.test = func(value any) string {
		d := value.(map[string]any)
		exactlyOne := func(a, b string) bool { _, hasA := d[a]; _, hasB := d[b]; return hasA != hasB }
		if exactlyOne("startDate", "expectedStartDate") || exactlyOne("endDate", "expectedEndDate") {
			return ""
		}
		return "give the start once, as startDate or as expectedStartDate, or the end so"
	}
	return r
}

// recurrenceRule is the schema's, in which recurrenceDates has to be an array
// and a string at once, so that nothing fits it.
func recurrenceRule() *rule {
	return object(map[string]*rule{
		"recurrenceDates": {test: func(any) string {
			return "no value satisfies the schema's rule for recurrenceDates: use recurrenceRules"
		}},
		"recurrenceRules": listOf(object(map[string]*rule{
			"frequency": oneOf("secondly", "minutely", "hourly", "daily", "weekly", "monthly", "yearly"),
			"interval":  whole(), "until": dateTime(), "count": whole(),
		})),
	})
}

func contactRule(postalCode string) *rule {
	r := object(with(texts("type", "role", "lang", "name", "value"), map[string]*rule{
		"address": object(with(texts("locality", "area", postalCode, "country"), map[string]*rule{"lines": listOf(text())})),
	}))
	r.test = testOneOf("value", "address")
	return r
}

func standardRule() *rule {
	return object(map[string]*rule{"name": text(), "version": text(), "schema": uriText()})
}

func rightsRule(langID, linked, encoded string) *rule {
	r := object(map[string]*rule{langID: uriText(), linked: uriText(), encoded: text()})
	r.test = testOneOf(linked, encoded)
	return r
}

// testOneOf asks for one of two members, and not both.
func testOneOf(a, b string) func(any) string {
	return func(value any) string {
		v := value.(map[string]any)
		_, hasA := v[a]
		_, hasB := v[b]
		if hasA == hasB {
			return "give either “" + a + "” or “" + b + "”"
		}
		return ""
	}
}
