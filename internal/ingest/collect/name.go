package collect

import (
	"fmt"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"jisr/internal/ingest"
)

// takenFolder is where files go that were taken, beside them.
const takenFolder = "taken"

// unfinished are the endings of names under which programs write.
var unfinished = []string{".tmp", ".part", ".filepart", "~"}

// wanted reports whether the source's rules take a file of the name, a path with
// slashes: it is finished, hidden nowhere, not among those that were taken, and
// fits the pattern. A pattern without a slash is about the last part of the name.
func wanted(src *ingest.Source, name string) bool {
	dir, base := path.Split(name)
	for part := range strings.SplitSeq(strings.TrimSuffix(dir, "/"), "/") {
		if hidden(part) {
			return false
		}
	}
	if strings.HasPrefix(base, ".") {
		return false
	}
	low := strings.ToLower(base)
	for _, end := range unfinished {
		if strings.HasSuffix(low, end) {
			return false
		}
	}
	if src.Pattern == "" {
		return true
	}
	if strings.Contains(src.Pattern, "/") {
		base = name
	}
	ok, err := path.Match(src.Pattern, base)
	return ok && err == nil
}

// hidden reports whether a folder is not looked into.
func hidden(dir string) bool { return strings.HasPrefix(dir, ".") || dir == takenFolder }

// shown is a name as people and other programs may see it: bytes that are no
// UTF-8, control characters, backslashes and what turns the direction of text are
// written as %XX.
func shown(name string) string {
	var b strings.Builder
	for i := 0; i < len(name); {
		r, n := utf8.DecodeRuneInString(name[i:])
		if r == utf8.RuneError && n == 1 || unicode.IsControl(r) || turns(r) || r == '\\' {
			for _, c := range []byte(name[i : i+n]) {
				fmt.Fprintf(&b, "%%%02X", c)
			}
		} else {
			b.WriteString(name[i : i+n])
		}
		i += n
	}
	return b.String()
}

// turns reports whether a character makes a name look like another one. Joiners
// and marks, which Arabic names need, do not.
func turns(r rune) bool {
	return r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0x2028 || r == 0x2029
}
