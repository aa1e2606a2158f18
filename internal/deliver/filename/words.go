package filename

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mozillazg/go-unidecode"
	"golang.org/x/text/unicode/norm"
)

// clean makes a value part of a file name: letters and digits of any script,
// hyphens, underscores and inner dots; at most max bytes.
func clean(s string, max int) string {
	if len(s) > 16*max {
		s = s[:16*max] // more could not be shown
	}
	var b strings.Builder
	gap := false
	for _, r := range norm.NFC.String(strings.ToValidUTF8(s, "")) {
		switch {
		case silent(r):
			continue
		case unicode.IsLetter(r), unicode.IsDigit(r), unicode.IsMark(r), r == '_', r == '.':
		default:
			gap = true
			continue
		}
		if gap && b.Len() > 0 {
			b.WriteByte('-')
		}
		gap = false
		if b.Len()+utf8.RuneLen(r) > max {
			break
		}
		b.WriteRune(r)
	}
	out := strings.Trim(b.String(), "-.")
	for strings.Contains(out, "..") {
		out = strings.ReplaceAll(out, "..", ".")
	}
	return out
}

// silent reports what disappears instead of parting words: apostrophes, the
// stretching of Arabic letters and invisible characters.
func silent(r rune) bool {
	return strings.ContainsRune("'’‘ʼ`´\"ـ", r) || unicode.Is(unicode.Cf, r)
}

// ascii transliterates. The library's Arabic leaves out alif and writes letters
// that are told apart by case only; so the letters of Arabic are ours, without
// diacritics.
func ascii(s string) string {
	if len(s) > 4096 {
		s = s[:4096]
	}
	var b strings.Builder
	for _, r := range norm.NFC.String(s) {
		switch latin, ok := arabic[r]; {
		case ok:
			b.WriteString(latin)
		case unicode.Is(unicode.Mn, r) && unicode.Is(unicode.Arabic, r), unicode.Is(unicode.Inherited, r):
		default:
			b.WriteString(unidecode.Unidecode(string(r)))
		}
	}
	return b.String()
}

var arabic = map[rune]string{
	'ا': "a", 'أ': "a", 'إ': "i", 'آ': "aa", 'ٱ': "a", 'ى': "a", 'ء': "", 'ؤ': "u", 'ئ': "i", 'ة': "a",
	'ب': "b", 'ت': "t", 'ث': "th", 'ج': "j", 'ح': "h", 'خ': "kh", 'د': "d", 'ذ': "dh", 'ر': "r", 'ز': "z",
	'س': "s", 'ش': "sh", 'ص': "s", 'ض': "d", 'ط': "t", 'ظ': "z", 'ع': "a", 'غ': "gh", 'ف': "f", 'ق': "q",
	'ك': "k", 'ل': "l", 'م': "m", 'ن': "n", 'ه': "h", 'و': "w", 'ي': "y", 'ـ': "",
	'پ': "p", 'چ': "ch", 'ژ': "zh", 'گ': "g", 'ڤ': "v", 'ک': "k", 'ی': "y",
}
