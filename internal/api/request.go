package api

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"jisr/internal/news"
)

// params reads the query of a request. The first fault is kept until done, so
// that a handler reads its parameters in one go; a name that nobody read is a
// fault too, because a misspelt filter would otherwise give everything.
type params struct {
	values url.Values
	read   map[string]bool
	err    error
}

func query(c *call) *params {
	values, err := url.ParseQuery(c.URL.RawQuery)
	p := &params{values: values, read: map[string]bool{}}
	if err != nil {
		p.err = news.Errorf(news.Invalid, "", "the query cannot be read: percent-encode its values")
	}
	return p
}

func (p *params) fail(name, format string, args ...any) {
	if p.err == nil {
		p.err = news.Errorf(news.Invalid, name, format, args...)
	}
}

// text returns the parameter, or "" when it is absent.
func (p *params) text(name string) string {
	p.read[name] = true
	v := p.values[name]
	switch {
	case len(v) == 0:
		return ""
	case len(v) > 1:
		p.fail(name, "give it once")
	case !utf8.ValidString(v[0]) || strings.ContainsRune(v[0], 0):
		p.fail(name, "it is not valid UTF-8")
	}
	return v[0]
}

// number returns the parameter, or missing when it is absent.
func (p *params) number(name string, missing int64) int64 {
	s := p.text(name)
	if s == "" {
		return missing
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 {
		p.fail(name, "%q is not a whole number", s)
	}
	return n
}

// maxPage is the longest page of a list; defaultPage is one that nobody asked a
// length of.
const maxPage, defaultPage = 200, 50

func (p *params) limit() int {
	n := p.number("limit", defaultPage)
	if n < 1 || n > maxPage {
		p.fail("limit", "%d is outside 1 to %d", n, maxPage)
	}
	return int(n)
}

func (p *params) flag(name string) bool {
	switch s := p.text(name); s {
	case "", "false":
		return false
	case "true":
		return true
	default:
		p.fail(name, "%q is not true or false", s)
		return false
	}
}

// required returns a parameter that must be there.
func (p *params) required(name string) string {
	s := p.text(name)
	if s == "" {
		p.fail(name, "it is missing")
	}
	return s
}

// done returns the first fault.
func (p *params) done() error {
	if p.err != nil {
		return p.err
	}
	for name := range p.values {
		if !p.read[name] {
			return news.Errorf(news.Invalid, name, "there is no such parameter here")
		}
	}
	return nil
}

// readJSON reads the body into v. Members that v does not have are refused for
// the reason that unknown parameters are.
func readJSON(c *call, v any) error {
	if mt, _, err := mime.ParseMediaType(c.Header.Get("Content-Type")); err != nil || mt != "application/json" {
		return news.Errorf(news.Invalid, "Content-Type", "send JSON, and say so: Content-Type: application/json")
	}
	b, err := readAll(c)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, v, json.RejectUnknownMembers(true)); err != nil {
		return badJSON(err)
	}
	return nil
}

func readAll(c *call) ([]byte, error) {
	b, err := io.ReadAll(c.Body)
	var big *http.MaxBytesError
	if err != nil && !errors.As(err, &big) && c.Context().Err() == nil {
		return nil, news.Errorf(news.Invalid, "", "the request broke off or was too slow").Because(err)
	}
	return b, err
}

// badJSON says where a body is not what it should be, without our type names.
func badJSON(err error) error {
	var syntax *jsontext.SyntacticError
	var semantic *json.SemanticError
	switch {
	case errors.As(err, &syntax):
		return news.Errorf(news.Invalid, string(syntax.JSONPointer), "this is not valid JSON, from byte %d on", syntax.ByteOffset).Because(err)
	case errors.As(err, &semantic) && errors.Is(err, json.ErrUnknownName):
		return news.Errorf(news.Invalid, string(semantic.JSONPointer), "there is no such member here").Because(err)
	case errors.As(err, &semantic):
		return news.Errorf(news.Invalid, string(semantic.JSONPointer), "a JSON %s cannot stand here", semantic.JSONKind).Because(err)
	}
	return news.Errorf(news.Invalid, "", "this is not the JSON that belongs here").Because(err)
}

// writeJSON answers with v.
func writeJSON(w http.ResponseWriter, status int, v any) error {
	b, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	w.WriteHeader(status)
	_, err = w.Write(b)
	return err
}

// noContent says that it is done and there is nothing to show.
func noContent(w http.ResponseWriter, err error) error {
	if err == nil {
		w.WriteHeader(http.StatusNoContent)
	}
	return err
}

// utc is how every time leaves: RFC 3339 in UTC.
func utc(t time.Time) time.Time { return t.UTC() }
