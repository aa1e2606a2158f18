package search

import (
	"slices"
	"strings"
)

// A name sounds alike in the scripts of our languages, but none writes all that
// another does: Arabic leaves out short vowels and has one letter for b and p, f
// and v; Russian writes г for g and h. So a name is heard as consonants, each of
// which may be one of several sounds, with the vowels between them.

// sound is a consonant and the vowels behind it.
type sound struct {
	class  byte   // what all sounds are that some script writes alike
	fine   uint32 // which it may be, a bit each
	vowels vowels
}

// vowels are those that stand between two consonants, by kind.
type vowels uint8

const (
	open  vowels = 1 << iota // a
	round                    // o, u
	front                    // e, i, y
)

// heard is a word by its sounds.
type heard struct {
	script  script
	before  vowels // before the first consonant
	sounds  []sound
	written bool // whether the script writes all vowels
}

// classes are the sounds that share a skeleton.
var classes = map[rune]byte{
	'p': 'P', 'b': 'P', 'f': 'F', 'v': 'F', 'w': 'F', 't': 'T', 'd': 'D', 's': 'S', 'z': 'Z', 'x': 'X', 'c': 'X',
	'k': 'K', 'g': 'K', 'j': 'K', 'h': 'H', 'l': 'L', 'r': 'R', 'm': 'M', 'n': 'N',
}

// letters of a name and what they may sound like: the first sound gives the class,
// A, U and I are vowels, an empty text is silent. Longer ones go before shorter.
var spoken = map[script][]struct{ letters, sounds string }{
	latin: {
		{"che", "cxkAIU"}, {"sch", "x"}, {"tch", "c"}, {"dzh", "j"}, {"sh", "x"}, {"ch", "cxk"}, {"kh", "h"}, {"gh", "g"}, {"zh", "j"}, {"dj", "j"},
		{"th", "t"}, {"ph", "f"}, {"dh", "d"}, {"ck", "k"}, {"ng", "n"}, {"ts", "s"}, {"tz", "sz"}, {"qu", "k"},
		{"ou", "U"}, {"ow", "U"}, {"ee", "I"}, {"oo", "U"},
		{"p", "p"}, {"b", "b"}, {"f", "f"}, {"v", "v"}, {"w", "wv"}, {"t", "t"}, {"d", "d"}, {"s", "s"}, {"z", "zs"}, {"c", "ks"},
		{"k", "k"}, {"q", "kg"}, {"g", "gj"}, {"j", "j"}, {"x", "ks"}, {"h", "h"}, {"l", "l"}, {"r", "r"}, {"m", "m"}, {"n", "n"},
		{"a", "A"}, {"e", "AI"}, {"i", "I"}, {"o", "UA"}, {"u", "U"}, {"y", "I"},
	},
	cyrillic: {
		{"че", "cxAIU"}, {"ше", "xAIU"}, {"ще", "xAIU"}, {"же", "jAIU"}, {"дж", "j"}, {"кх", "h"}, {"тч", "c"}, {"нг", "n"}, {"тс", "s"},
		{"п", "p"}, {"б", "b"}, {"ф", "f"}, {"в", "vw"}, {"т", "t"}, {"д", "d"}, {"с", "s"}, {"з", "z"}, {"ц", "sz"}, {"ш", "x"}, {"щ", "x"},
		{"ч", "cx"}, {"ж", "j"}, {"к", "k"}, {"г", "gh"}, {"х", "h"}, {"л", "l"}, {"р", "r"}, {"м", "m"}, {"н", "n"},
		{"а", "A"}, {"о", "UA"}, {"у", "U"}, {"э", "AI"}, {"е", "AI"}, {"и", "I"}, {"ы", "I"}, {"й", "I"}, {"ю", "UI"}, {"я", "AI"},
		{"ь", ""}, {"ъ", ""},
	},
	arabic: {
		{"تش", "cx"}, {"نغ", "n"}, {"نج", "n"}, {"تس", "s"},
		{"ب", "bp"}, {"پ", "p"}, {"ف", "fv"}, {"ڤ", "v"}, {"ت", "t"}, {"ط", "t"}, {"ث", "ts"}, {"د", "d"}, {"ض", "d"}, {"ذ", "dz"},
		{"ظ", "zd"}, {"ز", "z"}, {"س", "s"}, {"ص", "s"}, {"ش", "x"}, {"چ", "c"}, {"ج", "jg"}, {"ك", "kg"}, {"ق", "kg"}, {"غ", "g"}, {"گ", "g"},
		{"خ", "h"}, {"ح", "h"}, {"ه", "h"}, {"ل", "l"}, {"ر", "r"}, {"م", "m"}, {"ن", "n"},
		{"ا", "A"}, {"و", "U"}, {"ي", "I"}, {"ع", "A"}, {"ء", ""},
	},
}

var vowelKinds = map[rune]vowels{'A': open, 'U': round, 'I': front}

// hear reads a word that is folded and spelt in one way; ok is false for one of
// another script or with what is no letter of a name.
func hear(word string, s script) (h heard, ok bool) {
	table := spoken[s]
	if table == nil {
		return h, false
	}
	h.script, h.written = s, s != arabic
	rest := word
	if s == arabic {
		rest = strings.TrimSuffix(rest, "ه") // an ending that is a vowel, or one that few pronounce
	} else if s == latin && len(rest) > 2 && strings.HasSuffix(rest, "h") {
		rest = strings.TrimSuffix(rest, "h")
	}
	if after, initial := strings.CutPrefix(rest, "و"); initial {
		h.hear("wv")
		rest = after
	}
	for rest != "" {
		at := slices.IndexFunc(table, func(e struct{ letters, sounds string }) bool { return strings.HasPrefix(rest, e.letters) })
		if at < 0 {
			return h, false
		}
		sounds := table[at].sounds
		if table[at].letters == "u" && closed(rest[1:]) {
			sounds = "UA" // Trump
		}
		h.hear(sounds)
		rest = rest[len(table[at].letters):]
	}
	return h, true
}

// closed reports whether a syllable ends before the rest of a Latin word: two
// different consonants follow.
func closed(rest string) bool {
	return len(rest) >= 2 && rest[0] != rest[1] && !strings.ContainsAny(rest[:2], "aeiouyh")
}

// hear adds what a letter sounds like.
func (h *heard) hear(sounds string) {
	var next sound
	for _, r := range sounds {
		if v := vowelKinds[r]; v != 0 {
			next.vowels |= v
			continue
		}
		if next.class == 0 {
			next.class = classes[r]
		}
		next.fine |= 1 << (r - 'a')
	}
	last := len(h.sounds) - 1
	switch {
	case next.class == 0 && last < 0:
		h.before |= next.vowels
	case next.class == 0:
		h.sounds[last].vowels |= next.vowels
	case last >= 0 && h.sounds[last].class == next.class && h.sounds[last].vowels == 0:
		h.sounds[last].fine |= next.fine // a double letter
	default:
		h.sounds = append(h.sounds, next)
	}
}

// skeleton returns the consonants by class, under which words are kept that may
// sound alike; empty for a word of fewer than two.
func (h *heard) skeleton() string {
	if len(h.sounds) < 2 {
		return ""
	}
	b := make([]byte, len(h.sounds))
	for i, s := range h.sounds {
		b[i] = s.class
	}
	return string(b)
}

// like reports whether two words of one skeleton can be the same name.
func (h *heard) like(g *heard) bool {
	if len(h.sounds) != len(g.sounds) || !alike(h.before, h.written, g.before, g.written) {
		return false
	}
	for i := range h.sounds {
		a, b := h.sounds[i], g.sounds[i]
		if a.fine&b.fine == 0 || !alike(a.vowels, h.written, b.vowels, g.written) {
			return false
		}
	}
	return true
}

// alike reports whether vowels can be the same, where a script that does not
// write all of them may have left them out.
func alike(a vowels, aWritten bool, b vowels, bWritten bool) bool {
	switch {
	case a == 0 && b == 0, a&b != 0:
		return true
	case a == 0:
		return !aWritten
	case b == 0:
		return !bWritten
	}
	return false
}
