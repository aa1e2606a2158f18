package view

import (
	"maps"

	"github.com/a-h/templ"
)

// or returns s, or the other one if it is empty.
func or(s, other string) string {
	if s != "" {
		return s
	}
	return other
}

// textAttrs are the attributes of a field: what the page gave it, its language
// and direction, and what describes it to those who do not see it.
func textAttrs(s Shell, in Input) templ.Attributes {
	a := templ.Attributes{}
	maps.Copy(a, in.Attrs)
	if in.Lang != "" {
		a["lang"] = in.Lang
	}
	if in.Dir != "" {
		a["dir"] = in.Dir
	}
	if in.Hint != "" {
		a["aria-describedby"] = in.Name + "-hint"
	}
	if s.Wrong(in.Name) != nil {
		a["aria-invalid"] = "true"
		a["aria-describedby"] = "problem"
	}
	return a
}

// needed marks a field that cannot stay empty.
func needed(more ...any) templ.Attributes {
	a := templ.Attributes{"required": true}
	for i := 0; i+1 < len(more); i += 2 {
		a[more[i].(string)] = more[i+1]
	}
	return a
}

func attrs(pairs ...any) templ.Attributes {
	a := needed(pairs...)
	delete(a, "required")
	return a
}
