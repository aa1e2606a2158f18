package charset

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/encoding/charmap"
)

// How much must be seen, and how well it must fit, before the bytes outweigh a
// declaration.
const (
	sampleSize   = 64 << 10 // bytes looked at
	fewest       = 6        // letters beyond ASCII that allow a guess
	fewestAgains = 20       // letters that allow a guess against a declaration
	fits         = 0.5      // the mean of text read in its own charset is above it
	margin       = 1.5      // by which a guess must beat the declaration
)

// candidate is a one-byte charset and how well the bytes fit it.
type candidate struct {
	name  string
	table *charmap.Charmap
	mean  float64 // points for each character beyond ASCII
	seen  int     // such characters
}

// certain reports whether the guess may stand where nothing is declared.
func (c candidate) certain() bool { return c.seen >= fewest && c.mean > fits }

// beats reports whether the guess may stand against a declared charset that
// fits the bytes that well.
func (c candidate) beats(declared float64) bool {
	return c.seen >= fewestAgains && c.mean > fits && c.mean > declared+margin
}

// guess returns the one-byte charset that the bytes fit best. Of equals the
// first wins, so the list begins with the most common.
func guess(data []byte) candidate {
	var best candidate
	for _, c := range [...]candidate{
		{name: "windows-1252", table: charmap.Windows1252},
		{name: "windows-1251", table: charmap.Windows1251},
		{name: "windows-1256", table: charmap.Windows1256},
		{name: "koi8-r", table: charmap.KOI8R},
		{name: "koi8-u", table: charmap.KOI8U},
		{name: "iso-8859-6", table: charmap.ISO8859_6},
		{name: "iso-8859-5", table: charmap.ISO8859_5},
		{name: "ibm866", table: charmap.CodePage866},
		{name: "x-mac-cyrillic", table: charmap.MacintoshCyrillic},
		{name: "macintosh", table: charmap.Macintosh},
		{name: "windows-1250", table: charmap.Windows1250},
		{name: "iso-8859-2", table: charmap.ISO8859_2},
		{name: "windows-1254", table: charmap.Windows1254},
		{name: "windows-1253", table: charmap.Windows1253},
		{name: "windows-1255", table: charmap.Windows1255},
		{name: "ibm850", table: charmap.CodePage850},
	} {
		c.mean, c.seen = points(data, c.table)
		if best.table == nil || c.mean > best.mean {
			best = c
		}
	}
	return best
}

// score returns how well the bytes fit a charset.
func score(data []byte, table *charmap.Charmap) float64 {
	mean, _ := points(data, table)
	return mean
}

// points judges the characters beyond ASCII by three things that hold in any
// language: letters of two scripts do not stand in one word, capitals do not
// follow small letters, and signs do not stand inside words; and by how common
// each letter is in the languages that we know.
func points(data []byte, table *charmap.Charmap) (mean float64, seen int) {
	total := 0
	var before, two kind
	data = data[:min(len(data), sampleSize)]
	for i, b := range data {
		c := rune(b)
		if b >= 0x80 {
			c = table.DecodeByte(b)
		}
		k := kindOf(c)
		if b >= 0x80 {
			seen++
			total += worth(c, k, before)
			if k.script == latin && before.script != latin && !asciiLetterAt(data, i+1) {
				total -= 3 // an accent on its own: what Cyrillic looks like in Latin 1
			}
			if k.script == none && before.script != none && asciiOrHighAt(data, i+1) && strings.ContainsRune("«»„“”—№§©", c) {
				total -= 2
			}
		}
		if k.script != none && before.script != none && k.script != before.script {
			total -= 4
			seen += btoi(b < 0x80)
		}
		if k.upper && before.lower && !two.upper {
			total -= 3
		}
		two, before = before, k
	}
	if seen == 0 {
		return 0, 0
	}
	return float64(total) / float64(seen), seen
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func asciiLetterAt(data []byte, i int) bool {
	return i < len(data) && data[i] < 0x80 && kindOf(rune(data[i])).script == latin
}

func asciiOrHighAt(data []byte, i int) bool {
	return i < len(data) && (data[i] >= 0x80 || asciiLetterAt(data, i))
}

type script byte

const (
	none script = iota
	latin
	cyrillic
	arabic
	greek
	hebrew
)

// kind is what matters of a character.
type kind struct {
	script       script
	upper, lower bool
}

func kindOf(c rune) kind {
	k := kind{upper: unicode.IsUpper(c), lower: unicode.IsLower(c)}
	switch {
	case c < 0x80:
		if 'a' <= c|0x20 && c|0x20 <= 'z' {
			k.script = latin
		}
	case !unicode.IsLetter(c) && !unicode.Is(unicode.Mn, c):
	case c < 0x250:
		k.script = latin
	case unicode.Is(unicode.Cyrillic, c):
		k.script = cyrillic
	case 0x600 <= c && c < 0x700:
		k.script = arabic
	case unicode.Is(unicode.Greek, c):
		k.script = greek
	case 0x590 <= c && c < 0x600:
		k.script = hebrew
	}
	return k
}

// worth returns the points of one character beyond ASCII.
func worth(c rune, k, before kind) int {
	switch k.script {
	case cyrillic:
		n := commonness(unicode.ToLower(c), "оеаи", "нтсрвл", "кмдпу", "яыьгзб", "чйіїє", "хжёґў", "шюцэщ")
		if k.upper {
			n-- // capitals are rare: KOI8 read as windows-1251 is all capitals
		}
		return n
	case arabic:
		if unicode.Is(unicode.Mn, c) {
			return btoi(before.script == arabic)*2 - 1
		}
		return commonness(c, "الي", "مونرت", "بةعدسفهأ", "كقحى", "جشصطخزءإـ", "ذضئثغآ", "ؤظپچگ")
	case latin:
		if before.script == latin && before.lower && k.upper {
			return -3
		}
		return commonness(unicode.ToLower(c), "", "é", "èàçäöüßñóíáãåøæêôîúşğı", "âûùëïõòìąćęłńśźżěščřžýů", "œőűțșăđģķļņāēīū", "", "ðþ")
	case greek, hebrew:
		return 1
	}
	switch {
	case c == unicode.ReplacementChar || unicode.IsControl(c):
		return -10
	case strings.ContainsRune("«»„“”‘’–—…№°§©®،؛؟\u00a0€£•·\u200c\u200d\u200e\u200f", c):
		return 1
	case unicode.IsDigit(c):
		return 0
	}
	return -4
}

// commonness returns 4 points for a letter of the first group, and one less for
// each group on.
func commonness(c rune, groups ...string) int {
	if i := slices.IndexFunc(groups, func(g string) bool { return strings.ContainsRune(g, c) }); i >= 0 {
		return 4 - i
	}
	return -3
}
