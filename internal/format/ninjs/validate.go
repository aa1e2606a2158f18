package ninjs

import (
	stdjson "encoding/json"
	"errors"
	"math"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"jisr/internal/news"
)

// Problem is a rule of a ninjs schema that a file does not keep.
type Problem struct {
	Pointer string // JSON pointer of the fault
	Message string // what is wrong and how to mend it
	// Advice marks faults of format (uri, date-time), which the schemas state
	// but JSON Schema leaves open to enforce, and members given twice, which a
	// schema cannot see. IPTC's own test suite lets both pass, so a file with
	// nothing worse is valid.
	Advice bool
}

// String returns the problem as one line of a report.
func (p Problem) String() string {
	message := p.Message
	if p.Advice {
		message = "(advice) " + message
	}
	if p.Pointer == "" { // it concerns the file as a whole
		return message
	}
	return p.Pointer + ": " + message
}

// Valid reports whether the problems are advice only.
func Valid(problems []Problem) bool {
	for _, p := range problems {
		if !p.Advice {
			return false
		}
	}
	return true
}

// Validate checks a file against the schema of the version that it declares. If
// it declares none, the last schema of any major version will do, first that of
// the dialect which its property names point to. The problems are in the order of
// their pointers.
func Validate(data []byte) []Problem {
	version, ok := Version(data)
	if !ok {
		version = standardVersion
	}
	problems := ValidateAs(data, version)
	if Declared(version) {
		return problems
	}
	for _, major := range []string{"3", "2", "1"} {
		if Valid(problems) {
			break
		}
		if other := ValidateAs(data, major); major != version && Valid(other) {
			problems = other
		}
	}
	return problems
}

// Declared reports whether a version that Version returned stands in the file; a
// major version alone is a conclusion.
func Declared(version string) bool { return len(version) > 1 }

// ValidateAs checks a file against the schema of a version such as "2.1"; a
// major version alone means its last minor one.
func ValidateAs(data []byte, version string) []Problem {
	if len(data) > news.MaxContent {
		return []Problem{{Message: "the file is larger than any item may be"}}
	}
	rule := schemaOf(version)
	if rule == nil {
		return []Problem{{Pointer: "/standard/version", Message: "there is no ninjs " + short(version) + ": the versions are 1.0 to 1.8, 2.0 to 2.4 and 3.0 to 3.3"}}
	}
	data = withoutMark(data)
	var c checker
	var value any
	err := json.Unmarshal(data, &value)
	if errors.Is(err, jsontext.ErrDuplicateName) {
		// To a schema the last one counts, as in IPTC's test suite. Read refuses
		// the file all the same: others may count the first.
		c.problems = append(c.problems, problemOf(data, err, true))
		value = nil
		err = stdjson.Unmarshal(data, &value) // the other merges what is given twice
	}
	if err != nil {
		return []Problem{problemOf(data, err, false)}
	}
	c.check("", value, rule)
	return c.problems
}

// problemOf reports a fault of syntax.
func problemOf(data []byte, err error, advice bool) Problem {
	r := reader{src: string(data)}
	var e *news.Error
	if errors.As(r.explain(err), &e) {
		return Problem{Pointer: e.Field, Message: e.Message, Advice: advice}
	}
	return Problem{Message: err.Error(), Advice: advice}
}

// fits reports whether JSON keeps a rule, formats included.
func fits(raw []byte, r *rule) bool {
	var value any
	if json.Unmarshal(raw, &value) != nil {
		return false
	}
	var c checker
	c.check("", value, r)
	return len(c.problems) == 0
}

// rule is what a schema says of one value.
type rule struct {
	kind     string // object, array, string, number, integer; empty is any
	enum     []string
	format   string // uri or date-time
	bounded  bool
	min, max float64
	items    *rule
	members  map[string]*rule
	prefixes map[string]*rule // of members whose names start so
	open     bool             // members that are not listed are allowed
	required []string
	test     func(value any) string // a further rule: what is wrong, or ""
	instead  func(value any) bool   // another form, to which nothing else applies
}

// checker collects the problems of one file.
type checker struct{ problems []Problem }

// maxProblems keeps the report on a hostile file readable.
const maxProblems = 100

func (c *checker) add(pointer, message string) {
	if len(c.problems) < maxProblems {
		c.problems = append(c.problems, Problem{Pointer: pointer, Message: message})
	}
}

func (c *checker) check(at string, value any, r *rule) {
	if r == nil || r.instead != nil && r.instead(value) {
		return
	}
	if !isKind(value, r.kind) {
		c.add(at, "expected "+article(r.kind)+" but found "+kindOf(value))
		return
	}
	switch v := value.(type) {
	case string:
		c.checkString(at, v, r)
	case float64:
		if r.bounded && (v < r.min || v > r.max) {
			c.add(at, number(v)+" is outside "+number(r.min)+" to "+number(r.max))
		}
	case []any:
		for i, entry := range v {
			c.check(at+"/"+decimal(i), entry, r.items)
		}
	case map[string]any:
		c.checkObject(at, v, r)
	}
	if r.test != nil {
		if message := r.test(value); message != "" {
			c.add(at, message)
		}
	}
}

func (c *checker) checkString(at, s string, r *rule) {
	if r.enum != nil && !contains(r.enum, s) {
		c.add(at, "“"+short(s)+"” is none of: "+strings.Join(r.enum, ", "))
	}
	wrong := ""
	switch r.format {
	case "uri":
		if asURI(s) != s || s == "" {
			wrong = "“" + short(s) + "” is not a URI with a scheme, such as urn:, tag: or https:"
		}
	case "date-time":
		if !isDateTime(s) {
			wrong = "“" + short(s) + "” is not a date-time with its offset, such as 2026-03-01T12:00:00+03:00"
		}
	}
	if wrong != "" && len(c.problems) < maxProblems {
		c.problems = append(c.problems, Problem{Pointer: at, Message: wrong, Advice: true})
	}
}

func (c *checker) checkObject(at string, v map[string]any, r *rule) {
	for _, name := range r.required {
		if _, ok := v[name]; !ok {
			c.add(at, "the property “"+name+"” is required: add it")
		}
	}
	for _, name := range sortedKeys(v) {
		pointer := at + "/" + escapePointer(name)
		member, ok := r.members[name]
		if !ok {
			member, ok = r.byPrefix(name)
		}
		if !ok {
			if !r.open {
				c.add(pointer, "this version of ninjs has no such property here: check the spelling, or remove it")
			}
			continue
		}
		c.check(pointer, v[name], member)
	}
}

// byPrefix returns the rule for a name such as body_html, which needs a letter,
// digit or underscore after its prefix.
func (r *rule) byPrefix(name string) (*rule, bool) {
	for prefix, rule := range r.prefixes {
		rest, ok := strings.CutPrefix(name, prefix)
		if ok && rest != "" && (rest[0] == '_' || isAlphanumeric(rest[0])) {
			return rule, true
		}
	}
	return nil, false
}

func isAlphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

func escapePointer(name string) string {
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
}

func isKind(value any, kind string) bool {
	switch v := value.(type) {
	case string:
		return kind == "string" || kind == ""
	case float64:
		return kind == "number" || kind == "" || kind == "integer" && v == math.Trunc(v)
	case []any:
		return kind == "array" || kind == ""
	case map[string]any:
		return kind == "object" || kind == ""
	}
	return kind == ""
}

func kindOf(value any) string {
	switch v := value.(type) {
	case string:
		return "a string"
	case float64:
		return "the number " + number(v)
	case []any:
		return "an array"
	case map[string]any:
		return "an object"
	case bool:
		return "true or false"
	}
	return "null"
}

func article(kind string) string {
	switch kind {
	case "integer":
		return "a whole number"
	case "object", "array":
		return "an " + kind
	}
	return "a " + kind
}

func number(f float64) string { return string(jsontext.AppendFloat(nil, f, 64)) }

func contains(values []string, s string) bool {
	for _, v := range values {
		if v == s {
			return true
		}
	}
	return false
}
