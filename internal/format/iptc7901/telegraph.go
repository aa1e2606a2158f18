package iptc7901

import (
	"strings"
	"unicode"

	"jisr/internal/news"
)

// marks are the lines at the top of a telegraph message that begin with a sign for
// what they say, as Australian and other agencies write them for want of a header.
type marks map[byte][]string

// The signs. Two conventions are in use: where "^" marks the headline, ":" marks
// the keyword and "=" the take; where it does not, ":" marks the headline, "#" the
// keyword and "@" the take.
const (
	signCategory = '$' // a letter, as in ANPA 1312
	signSubject  = '+' // eight digits of IPTC's subject codes
	signLayout   = '*' // "X" text, "T" columns
	signHeadline = '^'
	signColon    = ':'
)

// telegraph reads the beginning of a message that has ZCZC and marked lines, and
// returns the text below them. The line of ZCZC has at most an address or number.
func telegraph(message string) (h header, text string, ok bool) {
	rest, found := strings.CutPrefix(message, "ZCZC")
	if !found {
		return header{}, "", false
	}
	address, text, _ := strings.Cut(rest, "\n")
	words := strings.Fields(address)
	if len(words) > 3 || len(address) > 40 || strings.ContainsFunc(address, unicode.IsLower) {
		return header{}, "", false
	}
	h = header{version: "ZCZC", number: strings.Join(words, " "), marks: marks{}}
	for {
		line, below, _ := strings.Cut(text, "\n")
		line = strings.TrimRight(line, "\r ")
		switch {
		case isMarked(line):
			if value := strings.TrimSpace(line[1:]); value != "" {
				h.marks[line[0]] = append(h.marks[line[0]], value)
			}
		case strings.HasPrefix(line, "YY ") && len(line) < 20: // where the telegraph takes it
			h.marks['Y'] = append(h.marks['Y'], line)
		default:
			if len(h.marks) == 0 {
				return header{}, "", false
			}
			h.category = h.marks.one(signCategory)
			h.tabular = h.marks.one(signLayout) == "T"
			return h, text, true
		}
		text = below
	}
}

// isMarked tells a marked line from a story that begins with "$5 million".
func isMarked(line string) bool {
	if line == "" {
		return false
	}
	value := strings.TrimSpace(line[1:])
	switch line[0] {
	case signCategory, signLayout, '&':
		return len(value) <= 1
	case signSubject:
		return value == "" || isDigits(value)
	case signHeadline, signColon, '=', '#', '@', '%':
		return len(value) <= news.MaxLine
	}
	return false
}

// one returns what the lines with a sign say, or "".
func (m marks) one(sign byte) string { return strings.Join(m[sign], " ") }

// marked reads the marked lines into the item.
func (r *reader) marked(it *news.Item, h header) {
	headline, keyword, take := h.marks.one(signHeadline), h.marks.one(signColon), h.marks.one('=')
	if headline == "" {
		headline, keyword, take = keyword, h.marks.one('#'), h.marks.one('@')
	}
	if headline != "" {
		it.Headlines = []news.Words{{Value: headline}}
	}
	it.Slugline = keyword
	if h.number != "" {
		it.AltIDs = []news.AltID{{Role: "messageNumber", Value: h.number}}
	}
	if len(h.category) == 1 {
		it.Subjects = append(it.Subjects, category(h))
	}
	for _, code := range h.marks[signSubject] {
		c := news.Concept{Literal: code}
		if len(code) == 8 && isDigits(code) {
			c.URI = subjectCodes + code
		}
		it.Subjects = append(it.Subjects, c)
	}
	if take != "" {
		it.Extra["header/take"] = quote(take)
	}
	for sign, name := range map[byte]string{'&': "header/service", '%': "header/routing", 'Y': "header/telegraph"} {
		if lines := h.marks[sign]; len(lines) > 0 {
			it.Extra[name] = quote(strings.Join(lines, "\n"))
		}
	}
}
