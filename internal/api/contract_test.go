package api

import (
	"encoding/json"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/getkin/kin-openapi/openapi3"

	"jisr/internal/people"
)

// contractDoc is openapi.json as tests hold answers to it: more strictly than
// callers may, because a member that is not described is a mistake of ours.
type contractDoc struct {
	*openapi3.T
	routes *http.ServeMux // finds the operation of a path
}

func loadContract(t *testing.T) *contractDoc {
	t.Helper()
	var raw map[string]any
	must(t, json.Unmarshal(contract, &raw))
	closeSchemas(raw, false)
	b, err := json.Marshal(raw)
	must(t, err)
	doc, err := openapi3.NewLoader().LoadFromData(b)
	must(t, err)
	c := &contractDoc{doc, http.NewServeMux()}
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			c.routes.Handle(method+" "+path, http.NotFoundHandler())
		}
	}
	return c
}

// closeSchemas has every object schema refuse members that it does not name.
// Those that others are composed of cannot: the composition does.
func closeSchemas(v any, composed bool) {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			closeSchemas(x, composed)
		}
	case map[string]any:
		if _, whole := v["allOf"]; whole {
			v["unevaluatedProperties"] = false
			closeSchemas(v["allOf"], true)
			return
		}
		_, named := v["properties"].(map[string]any)
		if _, said := v["additionalProperties"]; named && !said && !composed {
			v["additionalProperties"] = false
		}
		for key, x := range v {
			// What allOf refers to stays open.
			closeSchemas(x, key == "Line" || key == "Organisation" || key == "TermsInput")
		}
	}
}

// check holds an answer to the contract.
func (c *contractDoc) check(t *testing.T, method, path string, r *reply) {
	t.Helper()
	_, pattern := c.routes.Handler(&http.Request{Method: method, Host: "x", URL: mustURL(t, path)})
	_, path, found := strings.Cut(pattern, " ")
	if !found {
		return // nothing there: a problem document is checked where it is expected
	}
	op := c.Paths.Value(path).GetOperation(method)
	res := op.Responses.Status(r.Status)
	if res == nil {
		if r.Status < 400 {
			t.Errorf("%s: status %d is not described", r.what, r.Status)
			return
		}
		res = op.Responses.Default()
	}
	if len(res.Value.Content) == 0 {
		if len(r.Body) != 0 {
			t.Errorf("%s: a body is not described: %s", r.what, r.Body)
		}
		return
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		t.Errorf("%s: content type: %v", r.what, err)
		return
	}
	media := res.Value.Content.Get(kind)
	if media == nil {
		t.Errorf("%s: the content type %s is not described", r.what, kind)
		return
	}
	if !strings.HasSuffix(kind, "json") || media.Schema.Ref == "" && media.Schema.Value.Properties == nil {
		return
	}
	var v any
	r.into(&v)
	err = media.Schema.Value.VisitJSON(v, openapi3.EnableJSONSchema2020(), openapi3.MultiErrors(), openapi3.EnableFormatValidation())
	if err != nil {
		t.Errorf("%s: the answer is not what openapi.json says: %v", r.what, err)
	}
}

func TestContractIsValidOpenAPI(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromData(contract)
	must(t, err)
	if err := doc.Validate(t.Context(), openapi3.EnableExamplesValidation(), openapi3.EnableSchemaFormatValidation()); err != nil {
		t.Error(err)
	}
	if !strings.HasPrefix(doc.OpenAPI, "3.1.") {
		t.Errorf("version %s", doc.OpenAPI)
	}
	scripts := map[string]bool{}
	for _, e := range doc.Components.Examples {
		for name, table := range map[string]*unicode.RangeTable{"Arabic": unicode.Arabic, "Cyrillic": unicode.Cyrillic, "Latin": unicode.Latin} {
			b, err := json.Marshal(e.Value.Value)
			must(t, err)
			scripts[name] = scripts[name] || strings.IndexFunc(string(b), func(r rune) bool { return unicode.Is(table, r) }) >= 0
		}
	}
	for _, s := range []string{"Arabic", "Cyrillic", "Latin"} {
		if !scripts[s] {
			t.Errorf("no example is in %s script", s)
		}
	}
}

func TestContractDescribesEveryRouteAndNoOther(t *testing.T) {
	doc := loadContract(t)
	described, ids := map[string]*openapi3.Operation{}, map[string]bool{}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			described[method+" "+path] = op
			if ids[op.OperationID] || op.OperationID == "" || op.Summary == "" {
				t.Errorf("%s %s: the operation id %q is empty or taken, or there is no summary", method, path, op.OperationID)
			}
			ids[op.OperationID] = true
		}
	}
	for _, rt := range (&server{}).routes() {
		op := described[rt.pattern]
		if op == nil {
			t.Errorf("%s is not described", rt.pattern)
			continue
		}
		delete(described, rt.pattern)
		if got := op.Extensions["x-permission"]; got != string(rt.needs) {
			t.Errorf("%s: described with the permission %q, takes %q", rt.pattern, got, rt.needs)
		}
		if public := op.Security != nil && len(*op.Security) == 0; public != rt.public {
			t.Errorf("%s: described as public: %v, is: %v", rt.pattern, public, rt.public)
		}
		if (op.RequestBody != nil) != (rt.body > 0) {
			t.Errorf("%s: takes a body of %d bytes, described: %v", rt.pattern, rt.body, op.RequestBody != nil)
		}
		var inPath []string
		for _, p := range op.Parameters {
			if p.Value.In == "path" {
				inPath = append(inPath, p.Value.Name)
			}
		}
		for _, name := range inPath {
			if !strings.Contains(rt.pattern, "{"+name+"}") {
				t.Errorf("%s: has no path parameter %s", rt.pattern, name)
			}
		}
		if strings.Count(rt.pattern, "{") != len(inPath) {
			t.Errorf("%s: described path parameters: %v", rt.pattern, inPath)
		}
	}
	for _, rest := range slices.Sorted(maps.Keys(described)) {
		t.Errorf("%s is described and not there", rest)
	}
}

func TestContractListsEveryRoleScopeAndPermission(t *testing.T) {
	schemas := loadContract(t).Components.Schemas
	same(t, "roles", schemas["Role"].Value.Enum, people.Roles)
	same(t, "scopes", schemas["Scope"].Value.Enum, people.Scopes)
	same(t, "permissions", schemas["Permission"].Value.Enum, people.Permissions)
}

func same[T ~string](t *testing.T, what string, described []any, real []T) {
	t.Helper()
	var want []any
	for _, x := range real {
		want = append(want, string(x))
	}
	if !slices.Equal(described, want) {
		t.Errorf("%s: described %v, are %v", what, described, want)
	}
}

func TestContractIsServedWithoutAToken(t *testing.T) {
	n := sqliteNode(t)
	r := n.do(t, "", "GET", "/api/v1/openapi.json", nil).want(200)
	if string(r.Body) != string(contract) {
		t.Error("another document is served")
	}
}
