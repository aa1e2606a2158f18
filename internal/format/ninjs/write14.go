package ninjs

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"jisr/internal/format/loss"
	"jisr/internal/news"
)

// WriteAs writes the item as a version of ninjs that a receiver can read: "3.0",
// as Write does, or "1.4", the last version of which the whole industry has
// readers. 1.4 has no place for much of an item: the losses name, by JSON pointer,
// what it lacks. Its URIs of concepts are split into scheme and code, which Read
// joins again.
//
// An error is of kind Invalid, or TooLarge if the result is over
// news.MaxContent.
func WriteAs(it *news.Item, version string) ([]byte, []loss.Loss, error) {
	switch version {
	case standardVersion:
		data, err := Write(it)
		return data, nil, err
	case "1.4":
	default:
		return nil, nil, news.Errorf(news.Invalid, "version", "ninjs %s is not written: use %s or 1.4", short(version), standardVersion)
	}
	uri := asURI(it.URI)
	if uri == "" {
		return nil, nil, news.Errorf(news.Invalid, "uri", "%q is not a URI with a scheme such as urn:, tag: or https:", short(it.URI))
	}
	w := &writer14{writer: writer{buf: make([]byte, 0, sizeHint(it))}}
	w.open('{')
	w.buf = append(w.buf, `"$standard":{"name":"ninjs","version":"1.4","schema":"http://www.iptc.org/std/ninjs/ninjs-schema_1.4.json"}`...)
	w.item("", it, uri)
	w.close('}')
	if w.err != nil {
		return nil, nil, w.err
	}
	if len(w.buf) > news.MaxContent {
		return nil, nil, news.Errorf(news.TooLarge, "", "%d bytes are more than the %d allowed for one item", len(w.buf), news.MaxContent)
	}
	return w.buf, w.losses.All(""), nil
}

// writer14 writes ninjs 1.4.
type writer14 struct {
	writer
	losses loss.List
}

func (w *writer14) lose(path, reason string) { w.losses.Add(path, reason) }

// member starts a member whose name is not ours and needs escapes.
func (w *writer14) member(name string) {
	w.comma()
	w.quote(name, name)
	w.buf = append(w.buf, ':')
}

// item writes the members of an item. at is its JSON pointer in the losses.
func (w *writer14) item(at string, it *news.Item, uri string) {
	w.text("uri", uri)
	if uri != it.URI {
		w.lose(at+"/uri", "written as "+uri+", because a URI has no such letters, or must be one")
	}
	w.itemType14(at, it.Type)
	switch it.Representation {
	case "":
	case "full":
		w.text("representationtype", "complete")
	case "partial":
		w.text("representationtype", "incomplete")
	default:
		w.lose(at+"/representation", "it is neither full nor partial")
	}
	w.mimeType(at, it)
	for _, f := range [...]struct{ name, value string }{
		{"profile", it.Profile}, {"version", it.Version}, {"title", it.Title}, {"slugline", it.Slugline}, {"byline", it.By}, {"located", it.Located},
		{"language", it.Language}, {"ednote", it.EdNote}, {"usageterms", it.UsageTerms}, {"copyrightholder", it.CopyrightHolder}, {"copyrightnotice", it.CopyrightNotice},
	} {
		w.text(f.name, f.value)
	}
	w.urgency(it.Urgency)
	w.status14(it.PubStatus)
	for _, f := range [...]struct {
		name string
		at   time.Time
	}{
		{"firstcreated", it.FirstCreated}, {"versioncreated", it.VersionCreated}, {"contentcreated", it.ContentCreated}, {"embargoed", it.Embargoed}, {"expires", it.Expires},
	} {
		w.time(f.name, f.at)
	}
	w.headlines(at, it)
	w.texts(at+"/descriptions", "description_", it.Descriptions)
	w.bodies(at, it)
	w.concepts14(at, it)
	w.rights14(at, it.Rights)
	w.renditions14(at, it.Renditions)
	w.associations14(at, it, uri)
	w.altIDs14(at, it)
	w.trust(at, it.TrustIndicators)
	w.missing(at, it)
}

func (w *writer14) status14(s news.PubStatus) {
	switch s {
	case "", news.Usable, news.Withheld, news.Canceled:
		w.text("pubstatus", string(s))
	default:
		w.fail(news.Errorf(news.Invalid, "pubStatus", "%q is not usable, withheld or canceled", short(string(s))))
	}
}

func (w *writer14) itemType14(at string, t news.Type) {
	switch t {
	case news.Event, news.Planning:
		w.lose(at+"/type", "1.4 has no events and plans")
	default:
		w.itemType(t)
	}
}

// mimeType writes what 1.x says of the whole item.
func (w *writer14) mimeType(at string, it *news.Item) {
	for _, a := range it.AltIDs {
		if a.Role == roleMimeType {
			w.text("mimetype", a.Value)
			return
		}
	}
}

// isSuffix reports whether a role can stand in a name such as body_role.
func isSuffix(role string) bool {
	for i := range len(role) {
		if c := role[i]; c != '_' && !isAlphanumeric(c) {
			return false
		}
	}
	return role != "" && role != "text" && role != "html" && role != "xhtml"
}

func (w *writer14) headlines(at string, it *news.Item) {
	seen := map[string]bool{}
	for i, h := range it.Headlines {
		path := fmt.Sprintf("%s/headlines/%d", at, i)
		name := "headline"
		switch {
		case h.Role == "" || h.Role == "main" && !seen[name]:
			if h.Role != "" {
				w.lose(path+"/role", "the main headline has no role")
			}
		case isSuffix(h.Role):
			name = "headline_" + h.Role
		default:
			w.lose(path, "the role cannot be part of a name, as 1.4 has it")
			continue
		}
		if seen[name] {
			w.lose(path, "a second headline of one role has no place")
			continue
		}
		seen[name] = true
		if h.ContentType != "" || h.Language != "" || h.CharCount != 0 || h.WordCount != 0 {
			w.lose(path, "type, language and counts of a headline are not written")
		}
		w.member(name)
		w.quote(name, h.Value)
	}
}

// texts writes descriptions or bodies, whose format or role is in their name.
func (w *writer14) texts(path, prefix string, texts []news.Words) {
	seen := map[string]bool{}
	for i, t := range texts {
		path := path + "/" + strconv.Itoa(i)
		suffix := ""
		switch {
		case t.Role == "" && (t.ContentType == "" || t.ContentType == "text/plain"):
			suffix = "text"
		case t.Role == "" && t.ContentType == "text/html":
			suffix = "html"
		case t.Role == "" && t.ContentType == "application/xhtml+xml":
			suffix = "xhtml"
		case isSuffix(t.Role):
			suffix = t.Role
			if t.ContentType != "" {
				w.lose(path+"/contentType", "a text with a role has no type")
			}
		default:
			w.lose(path, "the role or type cannot be part of a name, as 1.4 has it")
			continue
		}
		if seen[suffix] {
			w.lose(path, "a second text of one role and type has no place")
			continue
		}
		seen[suffix] = true
		if t.Language != "" {
			w.lose(path+"/language", "a text has no language of its own")
		}
		w.member(prefix + suffix)
		w.quote(prefix+suffix, t.Value)
	}
}

func (w *writer14) bodies(at string, it *news.Item) {
	w.texts(at+"/bodies", "body_", it.Bodies)
	for i, b := range it.Bodies {
		if i == 0 {
			w.integer("charcount", b.CharCount)
			w.integer("wordcount", b.WordCount)
		} else if b.CharCount != 0 || b.WordCount != 0 {
			w.lose(fmt.Sprintf("%s/bodies/%d", at, i), "only the first body has counts")
		}
	}
	for i, d := range it.Descriptions {
		if d.CharCount != 0 || d.WordCount != 0 {
			w.lose(fmt.Sprintf("%s/descriptions/%d", at, i), "descriptions have no counts")
		}
	}
}

// concepts14 writes the lists of concepts.
func (w *writer14) concepts14(at string, it *news.Item) {
	for _, l := range [...]struct {
		name, path string
		list       []news.Concept
		allowed    fields
	}{
		{"person", "/people", it.People, fieldRel}, {"organisation", "/organisations", it.Organisations, fieldRel | fieldSymbols},
		{"place", "/places", it.Places, fieldRel | fieldGeoJSON}, {"subject", "/subjects", it.Subjects, fieldRel}, {"event", "/events", it.Events, fieldRel},
		{"object", "/objects", it.Objects, fieldRel}, {"infosource", "/infoSources", it.InfoSources, fieldRole},
	} {
		array(&w.writer, l.name, l.list, func(c *news.Concept) { w.concept14(at+l.path, c, l.allowed) })
	}
	w.genres14(at, it)
}

// genres14 writes the genres, before them what travels as a genre in 3.0 too: the
// digital source type, the signals, and types that ninjs does not have. Genres
// that Read would take for those are not written.
func (w *writer14) genres14(at string, it *news.Item) {
	var genres []func()
	uri := func(uri string) { genres = append(genres, func() { w.text("scheme", uri) }) }
	mark := func(name, code string) {
		genres = append(genres, func() { w.text("name", name); w.text("code", code) })
	}
	switch it.Type {
	case news.Programme:
		mark("programme", markProgram)
	case news.Data:
		mark("data", markData)
	}
	switch {
	case isDigitalSourceType(it.DigitalSourceType):
		uri(it.DigitalSourceType)
	case it.DigitalSourceType != "":
		w.lose(at+"/digitalSourceType", "it is not one of IPTC's")
	}
	for _, s := range it.Signals {
		if !isSignal(s.URI) || !isZero(s, news.Concept{URI: s.URI}) {
			w.lose(at+"/signals", "only IPTC's signals are written, and of them only the code")
		}
		if isSignal(s.URI) {
			uri(s.URI)
		}
	}
	for i := range it.Genres {
		g := &it.Genres[i]
		if isDigitalSourceType(g.URI) || isSignal(g.URI) || g.Literal == markData || g.Literal == markProgram {
			w.lose(at+"/genres", "a genre that could be taken for a source type or signal is not written")
			continue
		}
		genres = append(genres, func() { w.concept14(at+"/genres", g, 0) })
	}
	array(&w.writer, "genre", genres, func(put *func()) { (*put)() })
}

func (w *writer14) concept14(path string, c *news.Concept, allowed fields) {
	w.text("name", c.Name)
	rel := c.Rel
	if allowed&fieldRole != 0 {
		rel = c.Role
	} else if c.Role != "" {
		w.lose(path, "the role of a concept is not written")
	}
	switch {
	case allowed&(fieldRel|fieldRole) != 0:
		w.text("rel", rel)
		if allowed&fieldRole != 0 && c.Rel != "" {
			w.lose(path, "the relation of a source is not written")
		}
	case rel != "":
		w.lose(path, "the relation of a concept is not written")
	}
	w.code14(path, c)
	w.symbols14(path, c.Symbols, allowed&fieldSymbols != 0)
	if len(c.GeoJSON) > 0 {
		if allowed&fieldGeoJSON != 0 && jsontext.Value(c.GeoJSON).Kind() == '{' {
			w.raw("geometry_geojson", c.GeoJSON)
		} else {
			w.lose(path, "the shape of a concept is not written")
		}
	}
	if c.ID != "" || c.Creator != "" || c.Relevance != nil || c.Confidence != nil || len(c.Names) > 0 || len(c.Contacts) > 0 || len(c.Broader) > 0 {
		w.lose(path, "id, creator, relevance, further names, contacts and broader concepts are not written")
	}
}

// code14 writes a URI as scheme and code.
func (w *writer14) code14(path string, c *news.Concept) {
	scheme, code := "", c.Literal
	if c.URI != "" {
		i := strings.LastIndexAny(c.URI, "/#") + 1
		if i == 0 || i == len(c.URI) || asURI(c.URI[:i]) == "" {
			i = len(c.URI) // a URN is a scheme without codes
		}
		scheme, code = c.URI[:i], c.URI[i:]
		if asURI(scheme) != scheme {
			w.lose(path, "a URI that is none, or has letters that a URI has not, is not written")
			scheme, code = "", c.Literal
		} else if c.Literal != "" && c.Literal != code {
			w.lose(path, "the literal of a concept that has a URI is not written")
		}
	}
	w.text("scheme", scheme)
	w.text("code", code)
}

func (w *writer14) symbols14(path string, symbols []news.Symbol, allowed bool) {
	var tickers []news.Symbol
	for _, s := range symbols {
		if !allowed || s.Symbol != "" || s.SymbolType != "" {
			w.lose(path, "only the tickers of organisations are written")
		}
		if allowed && (s.Ticker != "" || s.Exchange != "") {
			tickers = append(tickers, s)
		}
	}
	array(&w.writer, "symbols", tickers, func(s *news.Symbol) {
		w.text("ticker", s.Ticker)
		w.text("exchange", s.Exchange)
	})
}

func (w *writer14) rights14(at string, r *news.Rights) {
	if r == nil {
		return
	}
	linked := asURI(r.LinkedRights)
	if linked != r.LinkedRights || linked != "" && r.EncodedRights != "" || linked == "" && r.EncodedRights == "" || asURI(r.LangID) != r.LangID {
		w.lose(at+"/rightsInfo", "rights are a link or an expression, and a link and a language are URIs")
	}
	if linked == "" && r.EncodedRights == "" {
		return
	}
	w.writer.rights14(r, linked)
}

// rights14 writes the members that 1.4 and 3.0 have under other names.
func (w *writer) rights14(r *news.Rights, linked string) {
	w.object("rightsinfo", func() {
		w.text("langid", asURI(r.LangID))
		if linked != "" {
			w.text("linkedrights", linked)
		} else {
			w.text("encodedrights", r.EncodedRights)
		}
	})
}

// unique returns a name that the object does not have yet, and that 1.4 takes for
// one: it begins with a letter of ASCII, a digit or an underscore.
func unique(name, instead string, taken map[string]bool) string {
	if name == "" || name[0] != '_' && !isAlphanumeric(name[0]) {
		name = instead
	}
	out := name
	for i := 2; taken[out]; i++ {
		out = name + "-" + strconv.Itoa(i)
	}
	taken[out] = true
	return out
}

func (w *writer14) renditions14(at string, renditions []news.Rendition) {
	if len(renditions) == 0 {
		return
	}
	w.key("renditions")
	w.open('{')
	taken := map[string]bool{}
	for i := range renditions {
		r := &renditions[i]
		path := fmt.Sprintf("%s/renditions/%d", at, i)
		name := unique(r.Name, "rendition-"+strconv.Itoa(i+1), taken)
		if name != r.Name {
			w.lose(path+"/name", "written as "+name+", because names stand once and begin with a letter of ASCII")
		}
		w.member(name)
		w.open('{')
		href := asURI(r.Href)
		w.text("href", href)
		w.text("mimetype", r.ContentType)
		w.text("title", r.Title)
		w.integer("width", r.Width)
		w.integer("height", r.Height)
		w.integer("sizeinbytes", int(r.SizeInBytes))
		if !math.IsInf(r.Duration, 0) && !math.IsNaN(r.Duration) {
			w.number("duration", r.Duration)
		}
		w.text("format", r.Format)
		w.close('}')
		if href != r.Href {
			w.lose(path+"/href", "only an address that is a URI is written")
		}
		rest := *r
		rest.Name, rest.Href, rest.ContentType, rest.Title, rest.Format = "", "", "", "", ""
		rest.Width, rest.Height, rest.SizeInBytes, rest.Duration = 0, 0, 0, 0
		if !isZero(rest, news.Rendition{}) {
			w.lose(path, "only address, type, title, size, duration and format of a rendition are written")
		}
	}
	w.close('}')
}

// isZero reports whether two values have the same JSON.
func isZero(a, zero any) bool {
	x, err1 := json.Marshal(a)
	y, err2 := json.Marshal(zero)
	return err1 == nil && err2 == nil && string(x) == string(y)
}

// associations14 writes the sources and the associations by name.
func (w *writer14) associations14(at string, it *news.Item, uri string) {
	start := len(w.buf)
	w.key("associations")
	w.open('{')
	inner := len(w.buf)
	taken := map[string]bool{}
	for i, d := range it.DerivedFrom {
		path := fmt.Sprintf("%s/derivedFrom/%d", at, i)
		name := housePrefix + string(d.Relation)
		if !isRelation(d.Relation) || asURI(d.URI) != d.URI || d.URI == "" || taken[name] {
			w.lose(path, "a second source of one relation, or one that is no URI, has no place")
			continue
		}
		if d.Origin != "" {
			w.lose(path+"/origin", "the ledger of a source is not written")
		}
		taken[name] = true
		w.member(name)
		w.open('{')
		w.text("uri", d.URI)
		w.text("version", d.Version)
		w.close('}')
	}
	for i := range it.Associations {
		a := &it.Associations[i]
		path := fmt.Sprintf("%s/associations/%d", at, i)
		name := a.Name
		if strings.HasPrefix(name, housePrefix) {
			name = ""
		}
		if name = unique(name, "association-"+strconv.Itoa(i+1), taken); name != a.Name {
			w.lose(path+"/name", "written as "+name+", because names stand once and begin with a letter of ASCII")
		}
		if a.Rel != "" {
			w.lose(path+"/rel", "the relation of an association is not written")
		}
		own := asURI(a.URI)
		if own == "" {
			base, _, _ := strings.Cut(uri, "#")
			own = base + "#association-" + strconv.Itoa(i+1)
		}
		w.member(name)
		w.open('{')
		w.item(path, a, own)
		w.close('}')
	}
	if len(w.buf) == inner {
		w.buf = w.buf[:start]
		return
	}
	w.close('}')
}

// altIDs14 writes identifiers by their role, our own lines first.
func (w *writer14) altIDs14(at string, it *news.Item) {
	start := len(w.buf)
	w.key("altids")
	w.open('{')
	inner := len(w.buf)
	taken := map[string]bool{}
	one := func(role, value string) {
		w.member(role)
		w.quote(role, value)
	}
	for _, own := range [...]news.AltID{{Role: roleDateline, Value: it.Dateline}, {Role: roleCredit, Value: it.CreditLine}, {Role: roleService, Value: it.Service}} {
		if own.Value != "" {
			taken[own.Role] = true
			one(own.Role, own.Value)
		}
	}
	for i, a := range it.AltIDs {
		path := fmt.Sprintf("%s/altIds/%d", at, i)
		switch {
		case a.Role == roleMimeType && !taken[a.Role]:
			taken[a.Role] = true // written as mimetype
		case a.Role == "" || taken[a.Role] || a.Value == "" || strings.HasPrefix(a.Role, housePrefix):
			w.lose(path, "an identifier without role or value, or a second one of a role, has no place")
		default:
			taken[a.Role] = true
			one(a.Role, a.Value)
		}
	}
	if len(w.buf) == inner {
		w.buf = w.buf[:start]
		return
	}
	w.close('}')
}

func (w *writer14) trust(at string, links []news.Link) {
	for i, l := range links {
		if asURI(l.Role) != l.Role || asURI(l.Href) != l.Href {
			w.lose(fmt.Sprintf("%s/trustIndicators/%d", at, i), "role and address are written if they are URIs")
		}
	}
	array(&w.writer, "trustindicator", links, func(l *news.Link) {
		if asURI(l.Role) == l.Role {
			w.code14(at+"/trustIndicators", &news.Concept{URI: l.Role})
		}
		w.text("title", l.Title)
		w.text("href", asURI(l.Href))
	})
}

// missing reports what 1.4 has no place for.
func (w *writer14) missing(at string, it *news.Item) {
	for _, f := range [...]struct {
		path string
		full bool
	}{
		{"/contentDigitised", !it.ContentDigitised.IsZero()}, {"/creators", len(it.Creators) > 0}, {"/audiences", len(it.Audiences) > 0}, {"/hops", len(it.Hops) > 0},
		{"/parts", len(it.Parts) > 0}, {"/eventDetails", it.EventDetails != nil}, {"/plannedCoverage", len(it.PlannedCoverage) > 0},
		{"/standard", it.Standard != nil && it.Standard.Version != "1.4"}, {"/extra", len(it.Extra) > 0},
	} {
		if f.full {
			w.lose(at+f.path, "ninjs 1.4 has no place for it")
		}
	}
}
