package remote

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"jisr/internal/news"
)

// The lengths that every common file system takes, in bytes.
const (
	maxName = 1000
	maxPart = 255
)

// What is being written has a name of this shape, in the same folder.
const (
	tempPrefix = ".jisr-"
	tempSuffix = ".part"
)

// CheckName fails with Invalid if a file may not be written under the name: it
// must be a relative path with slashes, without "." or ".." parts, backslashes
// or control characters, and no longer than file systems take.
func CheckName(name string) error {
	bad := func(why string) error {
		return news.Errorf(news.Invalid, "name", "the file name %q %s", cut(name), why)
	}
	switch {
	case name == "" || len(name) > maxName:
		return bad(fmt.Sprintf("must have 1 to %d bytes", maxName))
	case !utf8.ValidString(name) || hasControl(name):
		return bad("holds control characters or is no UTF-8")
	case strings.Contains(name, `\`):
		return bad("holds a backslash")
	case strings.HasPrefix(name, "/"):
		return bad("must not be absolute")
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || part == "." || part == ".." || len(part) > maxPart {
			return bad(fmt.Sprintf("has a part that is empty, \".\", \"..\" or longer than %d bytes", maxPart))
		}
	}
	return nil
}

func hasControl(s string) bool { return strings.ContainsFunc(s, unicode.IsControl) }

func cut(s string) string {
	if len(s) > 100 {
		return strings.ToValidUTF8(s[:100], "") + "…"
	}
	return s
}

// temporary returns a new name beside the file's own.
func temporary(name string) string {
	var b [8]byte
	rand.Read(b[:])
	return path.Join(path.Dir(name), tempPrefix+hex.EncodeToString(b[:])+tempSuffix)
}

// listable reports whether a name that a server listed is one part of a path
// and of a finished file or folder.
func listable(name string) bool {
	return name != "" && name != "." && name != ".." && len(name) <= maxPart && !strings.Contains(name, "/") &&
		!(strings.HasPrefix(name, tempPrefix) && strings.HasSuffix(name, tempSuffix))
}

// shown returns a listed name as UTF-8 that CheckName takes.
func shown(raw string) string {
	if utf8.ValidString(raw) && !strings.Contains(raw, `\`) && !hasControl(raw) {
		return raw
	}
	var b strings.Builder
	for i, r := range raw {
		_, n := utf8.DecodeRuneInString(raw[i:])
		if r == '\\' || r == utf8.RuneError && n == 1 || unicode.IsControl(r) {
			for _, c := range []byte(raw[i : i+n]) {
				fmt.Fprintf(&b, "%%%02X", c)
			}
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}
