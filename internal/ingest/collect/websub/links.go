package websub

import (
	"net/http"
	"net/url"
	"strings"
)

// maxLinks is how many links of a header are looked at.
const maxLinks = 50

// Links returns the hub and the topic that an answer's Link fields name (§4,
// RFC 8288), in full; empty where there is none. base is where the answer came
// from.
func Links(h http.Header, base string) (hub, topic string) {
	from, err := url.Parse(base)
	if err != nil {
		return "", ""
	}
	n := 0
	for _, field := range h.Values("Link") {
		for link, rel := range links(field) {
			if n++; n > maxLinks {
				return hub, topic
			}
			u, err := from.Parse(link)
			if err != nil {
				continue
			}
			for _, r := range strings.Fields(strings.ToLower(rel)) {
				switch {
				case r == "hub" && hub == "":
					hub = u.String()
				case r == "self" && topic == "":
					topic = u.String()
				}
			}
		}
	}
	return hub, topic
}

// links yields each target of a Link field with its rel.
func links(field string) func(yield func(link, rel string) bool) {
	return func(yield func(link, rel string) bool) {
		for {
			_, rest, ok := strings.Cut(field, "<")
			if !ok {
				return
			}
			target, rest, ok := strings.Cut(rest, ">")
			if !ok {
				return
			}
			params, after := parameters(rest)
			if !yield(strings.TrimSpace(target), params["rel"]) {
				return
			}
			field = after
		}
	}
}

// parameters reads ";name=value" up to the comma that ends a link. Of a name that
// is repeated the first counts, as RFC 8288 §3.3 has it for rel.
func parameters(s string) (params map[string]string, rest string) {
	params = map[string]string{}
	for {
		s = strings.TrimLeft(s, " \t")
		if !strings.HasPrefix(s, ";") {
			_, rest, _ = strings.Cut(s, ",")
			return params, rest
		}
		s = s[1:]
		end := strings.IndexAny(s, "=;,")
		if end < 0 {
			return params, ""
		}
		name := strings.ToLower(strings.TrimSpace(s[:end]))
		if s[end] != '=' {
			s = s[end:]
			continue
		}
		var value string
		value, s = parameterValue(strings.TrimLeft(s[end+1:], " \t"))
		if _, again := params[name]; !again {
			params[name] = value
		}
	}
}

func parameterValue(s string) (value, rest string) {
	if !strings.HasPrefix(s, `"`) {
		end := strings.IndexAny(s, ";,")
		if end < 0 {
			end = len(s)
		}
		return strings.TrimSpace(s[:end]), s[end:]
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s):
			i++
			b.WriteByte(s[i])
		case s[i] == '"':
			return b.String(), s[i+1:]
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String(), ""
}
