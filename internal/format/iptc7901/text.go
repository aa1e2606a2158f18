package iptc7901

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"jisr/internal/format/lexical"
	"jisr/internal/news"
)

// text reads the lines of a message: what stands before the story, then the
// story as paragraphs and tables.
func (r *reader) text(it *news.Item, h header, s string) {
	lines := linesOf(s)
	if h.version != "ZCZC" || len(it.Headlines) == 0 { // marked lines said it all
		lines = r.front(it, h, lines)
	}
	lines, pad := notepad(lines)
	it.EdNote = lexical.Join(it.EdNote, "\n\n", pad)
	body := layout(lines, h.tabular)
	if body == "" {
		return
	}
	it.Bodies = []news.Words{{ContentType: "text/html", Value: body, WordCount: h.words}}
}

// linesOf returns the lines of a text without control characters, each with its
// indentation. The separators of ANPA end a line as a line feed does.
func linesOf(s string) []string {
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\x1c", "\n", "\x1d", "\n", "\x1e", "\n", "\x1f", "\n", "\x0b", "\n", "\x0c", "\n").Replace(s)
	s = strings.Map(func(c rune) rune {
		if c == '\n' || c == '\t' {
			return c
		}
		if unicode.IsControl(c) {
			return -1
		}
		return c
	}, s)
	return strings.Split(s, "\n")
}

// front takes the lines before the story: the keyword line, headlines, notes to
// the desk and the byline. ANPA begins them with a caret and ends them with "<"
// or "="; IPTC writes the headline on the line of STX, or on a line of its own.
func (r *reader) front(it *news.Item, h header, lines []string) []string {
	start := skipEmpty(lines)
	marked := false
	for len(start) > 0 && strings.HasPrefix(start[0], "^") {
		marked = true
		line := start[0][1:]
		start = start[1:]
		for !strings.HasSuffix(line, "<") && !strings.HasSuffix(line, "=") && len(start) > 0 && strings.TrimSpace(start[0]) != "" &&
			!strings.HasPrefix(start[0], "^") && !strings.HasPrefix(start[0], " ") && len(line) < news.MaxLine {
			line += " " + strings.TrimSpace(start[0])
			start = start[1:]
		}
		r.frontLine(it, h, strings.TrimSpace(strings.TrimRight(line, "<= ")), strings.HasSuffix(strings.TrimSpace(line), "="))
	}
	if marked {
		return start
	}
	if len(start) == 0 {
		return start
	}
	// The first line is the headline if the story is set off from it.
	first := start[0]
	next := ""
	if len(start) > 1 {
		next = start[1]
	}
	onSTX := len(lines) > 0 && len(start) == len(lines)
	indented := strings.HasPrefix(next, "  ") || strings.HasPrefix(next, "\t")
	if isIndented(first) || utf8.RuneCountInString(first) > 150 || !(onSTX && h.version == "7901" || indented || strings.TrimSpace(next) == "") {
		return start
	}
	r.frontLine(it, h, strings.TrimSpace(first), false)
	start = skipEmpty(start[1:])
	for len(start) > 0 && !isIndented(start[0]) && (isByline(start[0]) || isNote(start[0])) {
		r.frontLine(it, h, strings.TrimSpace(start[0]), isByline(start[0]))
		start = skipEmpty(start[1:])
	}
	return start
}

func isIndented(s string) bool { return strings.HasPrefix(s, " ") || strings.HasPrefix(s, "\t") }

func skipEmpty(lines []string) []string {
	for len(lines) > 0 && strings.TrimSpace(lines[0]) == "" {
		lines = lines[1:]
	}
	return lines
}

func (r *reader) frontLine(it *news.Item, h header, s string, byline bool) {
	s = typography(s)
	switch {
	case s == "":
	case byline:
		it.By = lexical.Join(it.By, ", ", s)
	case isNote(s):
		it.EdNote = lexical.Join(it.EdNote, "\n\n", s)
	case len(it.Headlines) == 0 && h.version == "1312" && isKeywordLine(s, h):
		it.Slugline = s
	case len(it.Headlines) < 20:
		role := ""
		if len(it.Headlines) > 0 {
			role = "subheadline"
		}
		it.Headlines = append(it.Headlines, news.Words{Role: role, Value: s})
	default:
		it.EdNote = lexical.Join(it.EdNote, "\n\n", s)
	}
}

// isKeywordLine reports whether the line repeats the keywords of the header:
// "AM-Ferry, 1st Ld-Writethru,a0421,0212".
func isKeywordLine(s string, h header) bool {
	key, _, _ := strings.Cut(h.slug, " ")
	return key != "" && len(s) >= len(key) && strings.EqualFold(s[:len(key)], key) || strings.Contains(s, h.service+h.number)
}

func hasPrefixFold(s string, prefixes ...string) bool {
	s = strings.TrimLeft(s, "([ ")
	for _, p := range prefixes {
		if len(s) >= len(p) && strings.EqualFold(s[:len(p)], p) {
			return true
		}
	}
	return false
}

func isNote(s string) bool {
	return hasPrefixFold(s, "eds:", "eds.:", "editors:", "note to editors", "attention editors", "achtung", "hinweis", "note aux", "nota:", "редактор", "вниманию", "ملاحظة")
}

func isByline(s string) bool {
	return utf8.RuneCountInString(s) < 80 && hasPrefixFold(s, "by ", "von ", "par ", "por ", "автор", "بقلم ", "كتب ")
}

// notepad cuts off what agencies write for the desk below the story, and returns
// it as one text.
func notepad(lines []string) (story []string, pad string) {
	for i, l := range lines {
		l = strings.ToLower(strings.TrimSpace(l))
		if hasPrefixFold(l, "# notizblock", "# notebook", "# notepad") || len(l) < 200 && (strings.Contains(l, "not for publication") ||
			strings.Contains(l, "nicht zur veröffentlichung") || strings.Contains(l, "не для публикации") || strings.Contains(l, "ليس للنشر")) {
			return lines[:i], strings.TrimSpace(strings.Join(lines[i:], "\n"))
		}
	}
	return lines, ""
}

// layout writes lines as HTML. An empty line or an indented one begins a
// paragraph, "<" ends one; lines in columns become a table of fixed width.
func layout(lines []string, tabular bool) string {
	var b strings.Builder
	var para []string
	flush := func() {
		if len(para) > 0 {
			b.WriteString("<p>")
			b.WriteString(escape(typography(strings.Join(para, " "))))
			b.WriteString("</p>")
			para = para[:0]
		}
	}
	structured := isStructured(lines)
	for len(lines) > 0 {
		if n := columns(lines, tabular); n > 0 {
			flush()
			b.WriteString("<pre>")
			for i, l := range lines[:n] {
				if i > 0 {
					b.WriteByte('\n')
				}
				b.WriteString(escape(strings.TrimRight(strings.TrimSuffix(strings.TrimRight(l, " "), "<"), " ")))
			}
			b.WriteString("</pre>")
			lines = lines[n:]
			continue
		}
		line := lines[0]
		lines = lines[1:]
		words := strings.Join(strings.Fields(strings.TrimPrefix(line, "^")), " ")
		if words == "" {
			flush()
			continue
		}
		if isIndented(line) || strings.HasPrefix(line, "^") || strings.HasPrefix(line, "* ") {
			flush()
		}
		end := strings.HasSuffix(words, "<") || strings.HasSuffix(words, "=")
		words = strings.TrimRight(words, "<= ")
		if words != "" {
			para = append(para, words)
		}
		if end || !structured && endsParagraph(words) {
			flush()
		}
	}
	flush()
	return b.String()
}

// isStructured reports whether the text marks its paragraphs at all.
func isStructured(lines []string) bool {
	for i, l := range lines {
		if i > 0 && i < len(lines)-1 && strings.TrimSpace(l) == "" || isIndented(l) && strings.TrimSpace(l) != "" || strings.HasSuffix(l, "<") {
			return true
		}
	}
	return false
}

// endsParagraph guesses the end of a paragraph in a text that marks none: a short
// line that ends a sentence.
func endsParagraph(s string) bool {
	last, _ := utf8.DecodeLastRuneInString(s)
	return utf8.RuneCountInString(s) < 50 && strings.ContainsRune(".!?»”\"؟", last)
}

// columns returns how many of the first lines form a table: two or more with
// gaps of three spaces or tabs between words, or all if the header says so.
func columns(lines []string, tabular bool) int {
	n := 0
	for n < len(lines) && strings.TrimSpace(lines[n]) != "" && (tabular || hasGap(lines[n])) {
		n++
	}
	if n < 2 {
		return 0
	}
	return n
}

func hasGap(line string) bool {
	inner := strings.TrimRight(strings.TrimLeft(line, " \t^"), " \t<")
	return strings.Contains(inner, "   ") || strings.Contains(inner, "\t")
}

// escape writes a text for HTML.
func escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}

// typography turns the signs that 7-bit wires write for quotes and dashes into
// the signs they mean.
func typography(s string) string {
	return strings.NewReplacer("``", "“", "''", "”", " _ ", " — ").Replace(s)
}
