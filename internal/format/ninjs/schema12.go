package ninjs

// item2 is the schema of 2.x: 3.x in lower case, without events and planning.
func item2(minor int) *rule {
	concept := func(names ...string) map[string]*rule {
		return with(texts(append(names, "literal")...), map[string]*rule{"uri": uriText()})
	}
	person, organisation, place, source := concept("name", "rel"), concept("name", "rel"), concept("name", "rel"), concept("name", "role")
	subject := object(concept("name", "rel"))
	symbol := texts("ticker", "exchange")
	place["geojson"] = &rule{kind: "object", open: true, test: testGeoJSON}
	m := with(texts("profile", "version", "copyrightholder", "copyrightnotice", "usageterms", "ednote", "language", "title", "by", "slugline", "located"), map[string]*rule{
		"uri": uriText(), "type": oneOf(itemTypes3[:7]...), "representationtype": oneOf("full", "partial"),
		"firstcreated": dateTime(), "versioncreated": dateTime(), "contentcreated": dateTime(), "embargoed": dateTime(),
		"pubstatus": pubStatuses(), "urgency": num(),
		"descriptions":    listOf(object(texts("role", "contenttype", "value"), "value")),
		"headlines":       listOf(object(texts("role", "contenttype", "value"), "value")),
		"bodies":          listOf(object(with(texts("role", "contenttype", "value"), map[string]*rule{"charcount": num(), "wordcount": num()}), "value")),
		"events":          listOf(object(concept("name", "rel"))),
		"objects":         listOf(object(concept("name", "rel"))),
		"genres":          listOf(object(concept("name"))),
		"altids":          listOf(object(texts("role", "value"))),
		"trustindicators": listOf(object(with(texts("title"), map[string]*rule{"role": uriText(), "href": uriText()}))),
		"standard":        standardRule(),
		"rightsinfo":      openRights(),
		"renditions":      listOf(rendition12("contenttype", minor, "name")),
	})
	if minor >= 1 {
		m["expires"] = dateTime()
		subject = subjectRule()
		symbol["symbol"], symbol["symboltype"] = text(), uriText()
		for _, party := range []map[string]*rule{person, organisation, place, source} {
			party["contactinfo"] = listOf(contactRule("postalcode"))
		}
	}
	if minor >= 2 {
		m["urgency"] = within(1, 9)
		m["digitalsourcetype"] = object(concept("name"))
	}
	if minor >= 3 {
		m["contentdigitised"] = dateTime()
	}
	organisation["symbols"] = listOf(object(symbol))
	places := object(place)
	if minor == 0 {
		places.instead = func(value any) bool { return testGeoJSON(value) == "" }
	}
	m["people"], m["organisations"], m["places"] = listOf(object(person)), listOf(object(organisation)), listOf(places)
	m["subjects"], m["infosources"] = listOf(subject), listOf(object(source))
	item := withAssociations(m)
	if minor == 0 {
		m["associations"] = listOf(association20(m))
	}
	return item
}

// association20 is an association of 2.0, whose schema asks for a name; the
// test suite also wants it to have properties of ninjs only, and lets their
// values be anything.
func association20(m map[string]*rule) *rule {
	members := map[string]*rule{"name": text()}
	for name := range m {
		members[name] = nil
	}
	return object(members, "name")
}

// openRights is rightsinfo before 3.0, which allows further members.
func openRights() *rule {
	r := rightsRule("langid", "linkedrights", "encodedrights")
	r.open = true
	return r
}

// rendition12 is a rendition of 1.x or 2.x. step is how far it has grown: the
// minor version of 2.x, or -1 for what came before.
func rendition12(contentType string, step int, required ...string) *rule {
	m := with(texts(append([]string{contentType, "title"}, required...)...), map[string]*rule{
		"href": uriText(), "height": num(), "width": num(), "sizeinbytes": num(),
	})
	if step >= 0 {
		m["duration"], m["format"] = num(), text()
	}
	if step >= 2 {
		m = with(m, with(texts("aspectratio", "videocodec", "transportprotocol", "bitrate"), map[string]*rule{
			"framerate": num(), "scantype": oneOf("progressive", "interlaced"),
			"poi": object(map[string]*rule{"x": whole(), "y": whole()}),
		}))
	}
	if step >= 3 {
		m["resources"] = listOf(object(texts("role", "title", "language", "contenttype")))
	}
	if step >= 4 {
		m["extensions"] = stringMap()
	}
	return object(m, required...)
}

// item1 is the schema of 1.x. What corresponds to 2.0 came with 1.2 to 1.4.
func item1(minor int) *rule {
	coded := func(names ...string) map[string]*rule {
		return with(texts(append(names, "code")...), map[string]*rule{"scheme": uriText()})
	}
	person, organisation, place, source, subject := coded("name", "rel"), coded("name", "rel"), coded("name", "rel"), coded("name", "rel"), coded("name", "rel")
	symbol := texts("ticker", "exchange")
	m := with(texts("mimetype", "profile", "version", "copyrightholder", "copyrightnotice", "language", "byline", "headline", "located"), map[string]*rule{
		"uri": uriText(), "type": oneOf(itemTypes3[:6]...), "representationtype": oneOf("complete", "incomplete"),
		"versioncreated": dateTime(), "embargoed": dateTime(), "pubstatus": pubStatuses(),
		"event":  listOf(object(coded("name", "rel"))),
		"object": listOf(object(coded("name", "rel"))),
	})
	item := object(m, "uri")
	item.prefixes = map[string]*rule{"description_": text(), "body_": text()}
	places := object(place)
	if minor >= 1 {
		m["urgency"], m["usageterms"] = num(), text()
		places.prefixes = map[string]*rule{"geometry_": {kind: "object", open: true}}
	}
	if minor >= 2 {
		m["type"] = oneOf(itemTypes3[:7]...)
		m = with(m, with(texts("title", "ednote", "slugline"), map[string]*rule{
			"firstcreated": dateTime(), "charcount": num(), "wordcount": num(), "infosource": listOf(object(source)),
		}))
	}
	if minor >= 3 {
		item.prefixes["headline_"] = text()
		m = with(m, map[string]*rule{
			"altids": {kind: "object", open: true}, "$standard": standardRule(), "genre": listOf(object(coded("name"))),
			"trustindicator": listOf(object(with(coded("title"), map[string]*rule{"href": uriText()}))),
		})
	}
	if minor >= 4 {
		m["contentcreated"], m["expires"], m["rightsinfo"] = dateTime(), dateTime(), openRights()
	}
	if minor >= 5 {
		subject = with(subject, map[string]*rule{"creator": text(), "relevance": within(0, 100), "confidence": within(0, 100)})
		symbol["symbol"], symbol["symboltype"] = text(), uriText()
		for _, party := range []map[string]*rule{person, organisation, place, source} {
			party["contactinfo"] = listOf(contactRule("postalcode"))
		}
	}
	if minor >= 6 {
		m["urgency"] = within(1, 9)
		m["digitalsourcetype"] = object(with(texts("name", "literal"), map[string]*rule{"uri": uriText()}))
	}
	if minor >= 7 {
		m["contentdigitised"] = dateTime()
	}
	organisation["symbols"] = listOf(object(symbol))
	m["person"], m["organisation"], m["place"] = listOf(object(person)), listOf(object(organisation)), listOf(places)
	m["subject"] = listOf(object(subject))
	step := -1
	if minor >= 2 {
		step = max(minor-4, 0) // 1.5 grew with 2.1, 1.6 with 2.2 …
	}
	m["renditions"] = namedObjects(rendition12("mimetype", step))
	m["associations"] = namedObjects(item)
	return item
}

// namedObjects is an object whose members have free names and all keep a rule.
func namedObjects(r *rule) *rule {
	prefixes := map[string]*rule{"": r}
	return &rule{kind: "object", prefixes: prefixes}
}
