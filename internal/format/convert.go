package format

import (
	"reflect"
	"strings"

	"jisr/internal/format/loss"
	"jisr/internal/format/markup"
	"jisr/internal/format/newsmlg2"
	"jisr/internal/format/ninjs"
	"jisr/internal/format/nitf"
	"jisr/internal/format/web"
	"jisr/internal/news"
)

// Written is an item in another format.
type Written struct {
	Data   []byte
	Ext    string      // of a file's name: ".json"
	Losses []loss.Loss // what the item has and Data lacks, by JSON pointer
	// Apart is what stands in Data where only Jisr looks, because the format has no
	// place for it.
	Apart []loss.Loss
}

// Write writes the item as one of the formats that Jisr writes: ninjs, which is
// 3.0, ninjs-1.4, newsml-g2, nitf, html or text. Errors are of kind Invalid or
// TooLarge.
func Write(it *news.Item, to string) (Written, error) {
	var w Written
	var err error
	switch to {
	case "ninjs":
		w.Ext = ".json"
		w.Data, err = ninjs.Write(it)
	case "ninjs-1.4":
		w.Ext = ".json"
		w.Data, w.Losses, err = ninjs.WriteAs(it, "1.4")
	case "newsml-g2":
		w.Ext = ".xml"
		w.Data, w.Losses, w.Apart, err = newsmlg2.WriteFor([]*news.Item{it})
	case "nitf":
		w.Ext = ".xml"
		w.Data, w.Losses, err = nitf.Write(it)
	case "html":
		w = Written{Data: web.HTML(it), Ext: ".html", Losses: unshown(it, shownByPage(it), "a page does not show it")}
	case "text":
		w = Written{Data: web.Text(it), Ext: ".txt", Losses: unshown(it, shownByText(it), "a plain text does not show it")}
	default:
		err = news.Errorf(news.Invalid, "to", "%q is no format that we write: choose ninjs, ninjs-1.4, newsml-g2, nitf, html or text", to)
	}
	return w, err
}

// HasRules reports whether Check knows published rules of the format. What it
// finds valid is valid, even if Read refuses it to be on the safe side.
func HasRules(format string) bool { return format == "ninjs" || format == "newsml-g2" }

// Check checks a file against the published rules of its format: the schemas of
// ninjs, and those rules of NewsML-G2's that concern what we read. Other formats
// have no rules here that reading does not apply. The version is that whose rules
// count; "" is the one that the file declares or, if it declares none, any that
// fits. Advice is what makes no file invalid.
func Check(data []byte, format, version string) (problems, advice []string) {
	add := func(text string, isAdvice bool) {
		if isAdvice {
			advice = append(advice, text)
			return
		}
		problems = append(problems, text)
	}
	switch format {
	case "ninjs":
		found := ninjs.Validate
		if version != "" {
			found = func(data []byte) []ninjs.Problem { return ninjs.ValidateAs(data, version) }
		}
		for _, p := range found(data) {
			add(p.String(), p.Advice)
		}
	case "newsml-g2":
		for _, p := range newsmlg2.CheckAs(data, version) {
			add(p.String(), p.Advice)
		}
	}
	return problems, advice
}

// unshown lists the fields that the item has and that are not among those shown.
// It goes by the type of an item, so that a field which is added to it counts as
// lost until somebody shows it.
func unshown(it *news.Item, shown map[string]bool, reason string) []loss.Loss {
	var out []loss.Loss
	v := reflect.ValueOf(*it)
	for i := range v.NumField() {
		name := v.Type().Field(i).Name
		if empty(v.Field(i)) || shown[name] {
			continue
		}
		out = append(out, loss.Loss{Path: "/" + property(name), Reason: reason + whole(name)})
	}
	return out
}

func empty(v reflect.Value) bool {
	if k := v.Kind(); k == reflect.Slice || k == reflect.Map {
		return v.Len() == 0
	}
	return v.IsZero()
}

// whole says of fields that hold much that it is the whole that is missing.
func whole(field string) string {
	switch field {
	case "Headlines", "Descriptions", "Bodies", "Subjects", "Renditions", "Associations":
		return " in full"
	}
	return ""
}

// property is the name of a field in ninjs 3.0, or one like it.
func property(field string) string {
	switch field {
	case "URI":
		return "uri"
	case "AltIDs":
		return "altIds"
	}
	return strings.ToLower(field[:1]) + field[1:]
}

// shownByPage says which fields of the item web.HTML shows whole.
func shownByPage(it *news.Item) map[string]bool {
	shown := shownByBoth(it)
	if it.PubStatus == news.Canceled {
		shown["EdNote"], shown["Language"] = true, true
		return shown
	}
	shown["FirstCreated"] = true
	shown["Bodies"] = plainRoles(it.Bodies, "main")
	shown["Descriptions"] = plainRoles(it.Descriptions, "main", "summary")
	return shown
}

// shownByText says which fields of the item web.Text shows whole.
func shownByText(it *news.Item) map[string]bool {
	shown := shownByBoth(it)
	shown["EdNote"] = true
	if it.PubStatus == news.Canceled {
		return shown
	}
	shown["Slugline"], shown["Urgency"] = true, true
	shown["Subjects"] = onlyNames(it.Subjects)
	shown["Bodies"] = plainRoles(it.Bodies, "main") && noMarkup(it.Bodies)
	shown["Descriptions"] = len(it.Descriptions) == 1 && plainRoles(it.Descriptions, "main", "summary") && noMarkup(it.Descriptions)
	return shown
}

// shownByBoth says what pages and texts show alike. Standard counts as shown: it
// is a word about the file that was left, not about the news.
func shownByBoth(it *news.Item) map[string]bool {
	shown := map[string]bool{"URI": true, "Version": true, "PubStatus": true, "Embargoed": true, "Standard": true, "Type": it.Type == news.Text}
	if it.PubStatus == news.Canceled {
		return shown
	}
	for _, name := range []string{"By", "Located", "Dateline", "CreditLine", "CopyrightNotice", "UsageTerms", "Language", "VersionCreated"} {
		shown[name] = true
	}
	shown["Headlines"] = len(it.Headlines) == 1 && plainRoles(it.Headlines, "main")
	shown["Title"] = it.Title == it.Headline()
	shown["Slugline"] = it.Slugline == it.Headline()
	return shown
}

// plainRoles reports whether all texts have one of the roles that need no word to
// tell them apart.
func plainRoles(texts []news.Words, roles ...string) bool {
	for _, t := range texts {
		plain := t.Role == ""
		for _, r := range roles {
			plain = plain || t.Role == r
		}
		if !plain {
			return false
		}
	}
	return true
}

func noMarkup(texts []news.Words) bool {
	for _, t := range texts {
		if markup.IsHTML(t.ContentType) {
			return false
		}
	}
	return true
}

// onlyNames reports whether the concepts say no more than their names.
func onlyNames(concepts []news.Concept) bool {
	for _, c := range concepts {
		if c.Name == "" || !reflect.DeepEqual(c, news.Concept{Name: c.Name}) {
			return false
		}
	}
	return true
}
