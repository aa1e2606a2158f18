package ninjs

import "strings"

// asURI returns s as a URI in the sense of RFC 3986, which is what the schemas
// ask for: s itself if it is one, else s with what is not allowed in a URI
// percent-encoded, as in an address with Arabic letters. It returns "" if s has
// no scheme and so cannot become a URI.
func asURI(s string) string {
	colon := schemeEnd(s)
	if colon < 0 {
		return ""
	}
	bad := 0
	for i := colon + 1; i < len(s); i++ {
		if !uriByte(s, i) {
			bad++
		}
	}
	if bad == 0 {
		return s
	}
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	b.Grow(len(s) + 2*bad)
	for i := range len(s) {
		c := s[i]
		if i <= colon || uriByte(s, i) {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(hex[c>>4])
		b.WriteByte(hex[c&15])
	}
	return b.String()
}

// schemeEnd returns the index of the colon after a valid scheme, or -1.
func schemeEnd(s string) int {
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z':
		case i > 0 && (c == ':'):
			return i
		case i > 0 && ('0' <= c && c <= '9' || c == '+' || c == '-' || c == '.'):
		default:
			return -1
		}
	}
	return -1
}

// uriByte reports whether the byte at i may stand in a URI after its scheme.
// Brackets may only enclose an IP address, after "://".
func uriByte(s string, i int) bool {
	switch c := s[i]; {
	case 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9':
		return true
	case c == '%':
		return i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2])
	case c == '#':
		return strings.IndexByte(s, '#') == i
	case c == '[':
		return strings.IndexByte(s, '[') == i && strings.HasSuffix(s[:i], "://") && strings.IndexByte(s[i:], ']') > 0
	case c == ']':
		return strings.IndexByte(s, ']') == i && strings.Contains(s[:i], "://[")
	default:
		return strings.IndexByte("-._~:/?@!$&'()*+,;=", c) >= 0
	}
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}
