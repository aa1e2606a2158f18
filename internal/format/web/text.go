package web

import (
	"strconv"
	"strings"

	"jisr/internal/format/charset"
	"jisr/internal/format/loss"
	"jisr/internal/news"
)

// maxHeadline is how long a first line may be to count as a headline, in bytes.
const maxHeadline = 400

// ReadText returns the item of a plain text: lines such as "SLUG: FERRY" at its
// top, a headline, an empty line, the story. Only names of lines that desks use
// count, so that a story which begins with a colon stays a story.
func ReadText(data []byte) (*news.Item, []loss.Loss, error) {
	if len(data) > news.MaxText {
		return nil, nil, news.Errorf(news.TooLarge, "", "the text has %d bytes, more than the %d allowed", len(data), news.MaxText)
	}
	r := &reader{it: &news.Item{Type: news.Text, URI: nameByHash(data)}}
	decoded, decision := charset.Text(data, "")
	for _, note := range decision.Notes {
		r.lose("charset", "%s", note)
	}
	text := strings.ReplaceAll(strings.ReplaceAll(string(decoded), "\r\n", "\n"), "\r", "\n")
	if strings.ContainsRune(text, 0) {
		return nil, nil, news.Errorf(news.Invalid, "", "the file has NUL characters: it is no text")
	}
	rest := strings.TrimLeft(r.lines(strings.TrimLeft(text, "\ufeff \t\n\f")), "\n\f ")
	if len(r.it.Headlines) == 0 {
		first, more, _ := strings.Cut(rest, "\n")
		if first = strings.TrimSpace(first); first != "" && len(first) <= maxHeadline {
			r.it.Headlines = []news.Words{{Value: first}}
			rest = more
		} else if first != "" {
			r.lose("headline", "the first line is too long for a headline: the text has none")
		}
	}
	if rest = strings.Trim(rest, "\n\f "); rest != "" {
		r.it.Bodies = []news.Words{{ContentType: "text/plain", Value: rest}}
	}
	if len(r.it.Headlines) == 0 && rest == "" && r.it.PubStatus == "" {
		return nil, nil, news.Errorf(news.Invalid, "", "the text holds no words")
	}
	r.guessLanguage(r.it.Headline() + "\n" + rest)
	return r.it, r.losses, nil
}

// lines takes the named lines at the top of a text and returns what follows.
func (r *reader) lines(text string) string {
	for {
		line, rest, _ := strings.Cut(text, "\n")
		name, value, found := strings.Cut(line, ":")
		if !found || !r.line(lineName(name), strings.TrimSpace(value)) {
			return text
		}
		text = rest
	}
}

// lineName returns what a named line of English, Russian or Arabic is about, or "".
func lineName(s string) string {
	switch strings.ToUpper(strings.Join(strings.Fields(strings.Trim(s, "*# ")), " ")) {
	case "URI", "ID":
		return "uri"
	case "SLUG", "SLUGLINE", "СЛАГ", "العنوان الدلالي":
		return "slug"
	case "HEADLINE", "HEAD", "TITLE", "ЗАГОЛОВОК", "العنوان", "عنوان":
		return "headline"
	case "BYLINE", "BY", "AUTHOR", "АВТОР", "الكاتب", "بقلم":
		return "by"
	case "DATE", "TIME", "ДАТА", "التاريخ":
		return "date"
	case "DATELINE", "МЕСТО И ДАТА", "مكان الخبر وتاريخه":
		return "dateline"
	case "LOCATION", "PLACE", "МЕСТО", "المكان":
		return "place"
	case "LANGUAGE", "LANG", "ЯЗЫК", "اللغة":
		return "language"
	case "KEYWORDS", "TAGS", "КЛЮЧЕВЫЕ СЛОВА", "ТЕМЫ", "الكلمات المفتاحية", "الوسوم":
		return "keywords"
	case "SUMMARY", "LEAD", "ЛИД", "المقدمة":
		return "summary"
	case "SOURCE", "ИСТОЧНИК", "المصدر":
		return "source"
	case "CREDIT", "نسب المادة":
		return "credit"
	case "COPYRIGHT", "АВТОРСКИЕ ПРАВА", "حقوق النشر":
		return "copyright"
	case "USAGE", "УСЛОВИЯ", "شروط الاستخدام":
		return "usage"
	case "URGENCY", "PRIORITY", "СРОЧНОСТЬ", "درجة الاستعجال":
		return "urgency"
	case "EMBARGO", "EMBARGOED", "EMBARGOED UNTIL", "ЭМБАРГО", "ЭМБАРГО ДО", "محظور النشر حتى", "حظر النشر":
		return "embargo"
	case "NOTE", "EDNOTE", "EDITOR'S NOTE", "EDITORS", "ПРИМЕЧАНИЕ", "ملاحظة", "ملاحظة للمحرر":
		return "note"
	case "STATUS", "СТАТУС", "الحالة":
		return "status"
	case "VERSION", "ВЕРСИЯ", "الإصدار":
		return "version"
	}
	return ""
}

// line takes one named line; false if it is none.
func (r *reader) line(name, value string) bool {
	it := r.it
	if name == "" {
		return false
	}
	if value == "" && name != "embargo" {
		return true
	}
	switch name {
	case "uri":
		if err := news.ValidURI("uri", value); err != nil {
			r.lose("uri", "%q is not a URI", value)
		} else {
			it.URI = value
		}
	case "slug":
		it.Slugline = value
	case "headline":
		it.Headlines = append(it.Headlines, news.Words{Value: value})
	case "by":
		it.By = value
	case "date":
		it.FirstCreated = r.time("date", value)
		it.VersionCreated = it.FirstCreated
	case "dateline":
		it.Dateline = value
	case "place":
		it.Located = value
	case "language":
		it.Language = r.tag("language", value)
	case "keywords":
		for k := range strings.FieldsFuncSeq(value, func(c rune) bool { return c == ',' || c == ';' || c == '،' }) {
			if k = strings.TrimSpace(k); k != "" && len(it.Subjects) < 200 {
				it.Subjects = append(it.Subjects, news.Concept{Name: k, Rel: "keyword"})
			}
		}
	case "summary":
		it.Descriptions = append(it.Descriptions, news.Words{Value: value})
	case "source":
		it.InfoSources = append(it.InfoSources, news.Concept{Name: value})
	case "credit":
		it.CreditLine = value
	case "copyright":
		it.CopyrightNotice = value
	case "usage":
		it.UsageTerms = value
	case "urgency":
		if n, err := strconv.Atoi(value); err == nil && n >= 1 && n <= 9 {
			it.Urgency = n
		} else {
			r.lose("urgency", "urgency %q is not 1 (highest) to 9", value)
		}
	case "embargo":
		r.embargo(value)
	case "version":
		it.Version = value
	case "note":
		it.EdNote = strings.TrimLeft(it.EdNote+"\n"+value, "\n")
	case "status":
		r.status(value)
	}
	return true
}

// status takes a status; none frees what another line holds back.
func (r *reader) status(value string) {
	switch s := news.PubStatus(strings.ToLower(strings.TrimSpace(value))); s {
	case "":
	case news.Usable:
		r.it.PubStatus = news.PubStatus(firstOf(string(r.it.PubStatus), string(s)))
	case news.Withheld, news.Canceled:
		r.it.PubStatus = s
	default:
		r.hold("status", "%q is no status that we know", value)
	}
}

// embargo takes the end of an embargo, which has to be readable.
func (r *reader) embargo(value string) {
	if r.it.Embargoed = r.time("embargo", value); r.it.Embargoed.IsZero() {
		r.hold("embargo", "the end of the embargo, %q, cannot be read", value)
	}
}

// hold withholds an item over what a program cannot decide.
func (r *reader) hold(path, format string, args ...any) {
	if r.it.PubStatus != news.Canceled {
		r.it.PubStatus = news.Withheld
	}
	r.lose(path, format+": withheld until a person decides", args...)
}
