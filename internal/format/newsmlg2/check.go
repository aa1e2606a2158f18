package newsmlg2

import (
	"cmp"
	"encoding/xml"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"jisr/internal/format/charset"
	"jisr/internal/format/lexical"
	"jisr/internal/format/xmltree"
	"jisr/internal/news"
)

// Problem is a rule of the XML Schema that a file does not keep.
type Problem struct {
	Path    string // of the element: newsItem[1]/itemMeta
	Line    int    // where it begins, from 1; 0 for the file as a whole
	Message string // what is wrong and how to mend it
	// Advice marks what we cannot judge: elements that the versions known to us do
	// not have. A file with nothing worse is valid.
	Advice bool
}

// String returns the problem as one line of a report.
func (p Problem) String() string {
	s := p.Path
	if p.Line > 0 {
		s += " (line " + strconv.Itoa(p.Line) + ")"
	}
	if p.Advice {
		return s + ": (advice) " + p.Message
	}
	return s + ": " + p.Message
}

// Valid reports whether the problems are advice only.
func Valid(problems []Problem) bool {
	return !slices.ContainsFunc(problems, func(p Problem) bool { return !p.Advice })
}

// maxProblems bounds a report.
const maxProblems = 200

// Check checks a file against the rules of the schema of NewsML-G2 that concern
// what Read reads: attributes and elements that it requires, the order of
// elements, how often they may stand, and the types of codes, dates, numbers,
// language tags and ids. It does not check what stands inside inlineXML and
// rights expressions. The problems are in the order of the file; at most 200 are
// returned.
func Check(data []byte) []Problem { return CheckAs(data, "") }

// CheckAs checks a file as Check does, against the rules of a version such as
// 2.30, whatever the file declares.
func CheckAs(data []byte, version string) []Problem {
	c := &checker{ids: map[string]bool{}, version: version}
	if len(data) > MaxSize {
		return []Problem{{Message: "the file is larger than any message may be"}}
	}
	text, _, err := charset.XML(data)
	if err != nil {
		return []Problem{{Path: charset.Place, Message: err.Error()}}
	}
	p := xmltree.NewParser(string(text), form())
	items := 0
	for {
		n, err := p.Next()
		if err != nil {
			e, _ := err.(*news.Error)
			if e == nil {
				e = news.Errorf(news.Invalid, "", "%v", err)
			}
			return append(c.problems, Problem{Path: e.Field, Message: e.Message})
		}
		if n == nil {
			break
		}
		items += c.part(n, items)
	}
	if items == 0 {
		c.problems = append(c.problems, Problem{Path: p.RootName(), Message: "there is no item"})
	}
	return c.problems
}

type checker struct {
	problems []Problem
	version  string // whose rules count; "" is what each item declares
	ids      map[string]bool
	groups   map[string]bool // ids of the groups of the package
	header   bool
}

func (c *checker) report(n *xmltree.Node, format string, args ...any) {
	c.add(Problem{Path: n.Path(), Line: int(n.Row), Message: fmt.Sprintf(format, args...)})
}

func (c *checker) advise(n *xmltree.Node, format string, args ...any) {
	c.add(Problem{Path: n.Path(), Line: int(n.Row), Message: fmt.Sprintf(format, args...), Advice: true})
}

func (c *checker) add(p Problem) {
	if len(c.problems) < maxProblems {
		c.problems = append(c.problems, p)
	}
}

// part checks a message's header or an item, and returns how many items it is.
func (c *checker) part(n *xmltree.Node, before int) int {
	if n.Name == "header" {
		c.header = true
		if before > 0 {
			c.report(n, "the header stands before the items")
		}
		if sent := n.Child("sent"); sent == nil {
			c.report(n, "the element <sent> is required")
		} else if !isDateTime(sent.Line()) {
			c.report(sent, "%q is not a date and time such as 2026-01-31T09:00:00Z", sent.Line())
		}
		return 0
	}
	if !isItem(n.Name) {
		c.report(n, "the element does not belong in a newsMessage")
		return 0
	}
	if before == 0 && n.Parent != nil && !c.header {
		c.report(n.Parent, "a newsMessage begins with a <header>")
	}
	if n.Space != Namespace {
		c.report(n, "the namespace is %q; it should be %q", n.Space, Namespace)
	}
	c.root(n)
	c.groups = map[string]bool{}
	for g := range n.Child("groupSet").All("group") {
		c.groups[g.Attr("id")] = true
	}
	c.element(n)
	return 1
}

// root checks the attributes of an item.
func (c *checker) root(n *xmltree.Node) {
	if n.Attr("guid") == "" {
		c.report(n, "the attribute guid is required")
	}
	switch s := n.Attr("standard"); s {
	case "NewsML-G2", "EventsML-G2", "SportsML-G2": // the last two before 2.28
	case "":
		c.report(n, `the attribute standard is required: standard="NewsML-G2"`)
	default:
		c.report(n, "the standard is %q; it should be NewsML-G2", s)
	}
	if s := n.Attr("standardversion"); !validVersion(s) {
		c.report(n, `the attribute standardversion is required, such as 2.34; it is %q`, s)
	}
	switch n.Attr("conformance") {
	case "", "core", "power":
	default:
		c.report(n, "the conformance is core or power, not %q", n.Attr("conformance"))
	}
	if n.Child("catalogRef") == nil && n.Child("catalog") == nil && before(cmp.Or(c.version, n.Attr("standardversion")), 30) {
		c.report(n, "a <catalogRef> or <catalog> is required before 2.30")
	}
}

// before reports whether a version of the standard, such as 2.29, stands before
// 2.minor.
func before(version string, minor int) bool {
	_, m, _ := strings.Cut(version, ".")
	v, err := strconv.Atoi(m)
	return err == nil && v < minor
}

// element checks an element and those in it.
func (c *checker) element(n *xmltree.Node) {
	c.attributes(n)
	c.value(n)
	for _, name := range required(n.Name) {
		if n.Child(name) == nil && (name != "dates" || n.Parent.Name == "concept") {
			c.report(n, "the element <%s> is required", name)
		}
	}
	switch n.Name {
	case "inlineXML", "inlineData", "rightsExpressionXML", "rightsExpressionData":
		return
	case "embargoed", "itemRef", "deliveredItemRef", "link": // hints of any kind may stand in references
	}
	c.order(n)
	for k := range n.Elements() {
		if !k.Foreign {
			c.element(k)
		}
	}
}

// order checks that the children stand where and as often as the schema allows.
func (c *checker) order(n *xmltree.Node) {
	order, ok := childOrder(n.Name)
	if !ok {
		return
	}
	reached, last := 0, ""
	seen := map[string]bool{}
	for k := range n.Elements() {
		if k.Foreign {
			if k.Space != "http://www.w3.org/2000/09/xmldsig#" {
				reached, last = len(order), k.Name
			}
			continue
		}
		at := place(order, k.Name)
		switch {
		case at < 0 && isClosed(n.Name):
			c.report(k, "it cannot stand in <%s>", n.Name)
		case at < 0:
			c.advise(k, "we know no version in which it can stand here")
		case strings.HasPrefix(order[at], "~"):
		case at < reached:
			c.report(k, "it stands before <%s>", last)
		default:
			reached, last = at, k.Name
		}
		if seen[k.Name] && once(n.Name, k.Name) {
			c.report(k, "it may stand only once")
		}
		seen[k.Name] = true
	}
}

// required returns the children that an element must have.
func required(element string) []string {
	switch element {
	case "newsItem", "packageItem", "planningItem", "conceptItem", "knowledgeItem", "catalogItem":
		if element == "conceptItem" {
			return []string{"itemMeta", "concept"}
		}
		return []string{"itemMeta"}
	case "itemMeta":
		return []string{"itemClass", "provider", "versionCreated"}
	case "groupSet":
		return []string{"group"}
	case "newsCoverageSet":
		return []string{"newsCoverage"}
	case "newsCoverage":
		return []string{"planning"}
	case "delivery":
		return []string{"deliveredItemRef"}
	case "concept":
		return []string{"conceptId", "name"}
	case "eventDetails":
		return []string{"dates"}
	case "dates":
		return []string{"start"}
	case "hopHistory":
		return []string{"hop"}
	}
	return nil
}

// once reports whether a child may stand only once.
func once(parent, child string) bool {
	switch parent {
	case "newsItem", "packageItem", "planningItem", "conceptItem":
		switch child {
		case "hopHistory", "pubHistory", "itemMeta", "contentMeta", "contentSet", "groupSet", "newsCoverageSet", "concept":
			return true
		}
	case "itemMeta":
		switch child {
		case "itemClass", "provider", "versionCreated", "firstCreated", "embargoed", "pubStatus", "role", "fileName", "profile":
			return true
		}
	case "contentMeta":
		return child == "urgency" || child == "contentCreated" || child == "contentModified"
	case "planning":
		switch child {
		case "g2contentType", "itemClass", "itemCount", "scheduled", "newsContentCharacteristics", "urgency":
			return true
		}
	case "concept":
		return child == "conceptId" || child == "type" || child == "eventDetails"
	case "eventDetails":
		return child == "dates" || child == "occurStatus" || child == "newsCoverageStatus"
	case "dates":
		return child == "start" || child == "end" || child == "duration"
	}
	return false
}

// value checks the text of an element that has a type.
func (c *checker) value(n *xmltree.Node) {
	s := n.Line()
	switch n.Name {
	case "versionCreated", "firstCreated":
		if !isDateTime(s) {
			c.report(n, "%q is not a date and time such as 2026-01-31T09:00:00Z", s)
		}
	case "embargoed":
		if s != "" && !isDateTime(s) {
			c.report(n, "%q is not a date and time such as 2026-01-31T09:00:00Z", s)
		}
	case "expires", "contentCreated", "contentModified", "start", "end", "scheduled":
		if !isDateTime(s) && !isDate(s, n.Name != "expires") {
			c.report(n, "%q is not a date, with or without a time", s)
		}
	case "urgency":
		if len(s) != 1 || s < "1" || s > "9" {
			c.report(n, "%q is not a number from 1 to 9", s)
		}
	case "inlineXML":
		count := 0
		for range n.Elements() {
			count++
		}
		if count > 1 {
			c.report(n, "it holds %d elements; one is allowed", count)
		}
	case "newsItem", "packageItem", "planningItem", "conceptItem", "itemMeta", "contentMeta", "contentSet", "groupSet", "group", "newsCoverageSet", "newsCoverage",
		"planning", "eventDetails", "dates", "rightsInfo", "hopHistory":
		for k := n.First; k != nil; k = k.Next {
			if k.Name == "" && strings.TrimSpace(k.Text) != "" {
				c.report(n, "text %q does not belong here", lexical.Shorten(strings.TrimSpace(k.Text)))
				return
			}
		}
	}
}

// attributes checks the attributes that have a type or must be there.
func (c *checker) attributes(n *xmltree.Node) {
	var needed string
	switch n.Name {
	case "catalogRef":
		needed = "href"
	case "scheme":
		needed = "alias uri"
	case "timeDelim":
		needed = "start end"
	case "itemCount":
		needed = "rangefrom rangeto"
	case "groupRef":
		needed = "idref"
	case "groupSet":
		needed = "root"
	case "position":
		needed = "latitude longitude"
	case "itemClass", "pubStatus", "conceptId": // the schema lets them be empty
		if n.Attr("qcode") == "" && n.Attr("uri") == "" && n.Attr("literal") == "" {
			c.advise(n, "it says nothing without a qcode or uri")
		}
	case "language":
		needed = "tag"
	}
	for name := range strings.FieldsSeq(needed) {
		if !slices.ContainsFunc(n.Attrs, func(a xml.Attr) bool { return a.Name.Space == "" && a.Name.Local == name }) {
			c.report(n, "the attribute %s is required", name)
		}
	}
	for _, a := range n.Attrs {
		value := strings.TrimSpace(a.Value)
		switch {
		case a.Name.Space == "xml" && a.Name.Local == "lang":
			if tag, ok := lexical.Language(value); !ok || tag != value {
				c.report(n, "xml:lang=%q is not a BCP 47 language tag such as ar, ru or en-GB", value)
			}
		case a.Name.Space == "":
			c.attribute(n, a.Name.Local, value)
		}
	}
}

func (c *checker) attribute(n *xmltree.Node, name, s string) {
	switch name {
	case "qcode", "type", "rel", "creator", "how", "why", "rendition", "format", "layoutorientation", "colourspace", "colourindicator", "videocodec", "audiocodec",
		"videoscaling", "audiochannels", "durationunit", "widthunit", "heightunit", "hashtype", "scope", "timeunit", "renditionref", "target", "market", "encoding", "mode":
		if !isQCode(s) && !(s == "" && name == "creator") {
			c.report(n, "%s=%q is not a QCode: an alias, a colon and a code, without spaces", name, s)
		}
	case "role", "pubconstraint":
		for one := range strings.FieldsSeq(cmp.Or(s, "?")) {
			if !isQCode(one) {
				c.report(n, "%s=%q is not a QCode: an alias, a colon and a code", name, s)
			}
		}
	case "version", "rangeto", "audiobitrate", "audiosamplerate", "audiosamplesize", "videoavgbitrate", "resolution", "chnlid":
		if !isNumber(s) || strings.Trim(s, "0") == "" {
			c.report(n, "%s=%q is not a whole number from 1", name, s)
		}
	case "width", "height", "size", "wordcount", "charcount", "linecount", "pagecount", "orientation", "colourdepth", "seq", "rangefrom", "rank":
		if !isNumber(s) {
			c.report(n, "%s=%q is not a whole number", name, s)
		}
	case "videoframerate", "latitude", "longitude":
		if _, err := strconv.ParseFloat(s, 64); err != nil || strings.ContainsAny(s, "eEnNiI") {
			c.report(n, "%s=%q is not a number", name, s)
		}
	case "confidence", "relevance":
		if v, err := strconv.Atoi(s); err != nil || v < 0 || v > 100 {
			c.report(n, "%s=%q is not a number from 0 to 100", name, s)
		}
	case "generated", "timestamp", "modified", "validfrom", "validto", "coversfrom", "coversto":
		if !isDateTime(s) && !isDate(s, false) {
			c.report(n, "%s=%q is not a date, with or without a time", name, s)
		}
	case "tag":
		if tag, ok := lexical.Language(s); !ok || tag != s || s == "" {
			c.report(n, "tag=%q is not a BCP 47 language tag", s)
		}
	case "id", "partid":
		switch {
		case !isNCName(s):
			c.report(n, "%s=%q is not an XML name", name, s)
		case c.ids[s]:
			c.report(n, "%s=%q stands more than once in the file", name, s)
		}
		c.ids[s] = true
	case "idrefs":
		if n.Name == "action" {
			c.report(n, "an action has no idrefs")
		}
	case "idref", "root":
		if (n.Name == "groupRef" || n.Name == "groupSet") && !c.groups[s] {
			c.report(n, "there is no group with the id %q", s)
		}
	}
}

// isDateTime reports whether s is an xs:dateTime.
func isDateTime(s string) bool {
	day, clock, found := strings.Cut(s, "T")
	if !found || !isDate(day, false) || len(clock) < len("15:04:05") {
		return false
	}
	_, _, ok := lexical.Time(s)
	return ok && strings.Count(day, "-") == 2 && clock[2] == ':' && clock[5] == ':'
}

// isDate reports whether s is an xs:date, or a truncated one, with or without a
// zone.
func isDate(s string, truncated bool) bool {
	if i := strings.LastIndexAny(s, "+Z"); i > 0 {
		s = s[:i]
	} else if i := strings.LastIndexByte(s, '-'); i > len("2006-01-02")-1 {
		s = s[:i]
	}
	return len(s) == len("2006-01-02") && isTruncated(s) || truncated && isTruncated(s)
}
