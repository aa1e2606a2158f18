package xmltree

import "bytes"

// Root returns the local name of the root element that a file begins with, and
// whether a document type declaration stands before it. It returns "" if head,
// the first bytes of the file, is not the beginning of an XML document or ends
// before the root's name does.
func Root(head []byte) (name string, doctype bool) {
	// A UTF-16 file shows its root element once the zero bytes are gone.
	if bytes.HasPrefix(head, []byte{0xff, 0xfe}) || bytes.HasPrefix(head, []byte{0xfe, 0xff}) {
		head = head[2:]
	}
	if bytes.IndexByte(head, 0) >= 0 {
		head = bytes.ReplaceAll(head, []byte{0}, nil)
	}
	head = bytes.TrimPrefix(head, []byte("\xef\xbb\xbf"))
	for {
		head = bytes.TrimLeft(head, " \t\r\n")
		rest, found := head, false
		switch {
		case bytes.HasPrefix(head, []byte("<?")):
			_, rest, found = bytes.Cut(head, []byte("?>"))
		case bytes.HasPrefix(head, []byte("<!--")):
			_, rest, found = bytes.Cut(head, []byte("-->"))
		case bytes.HasPrefix(head, []byte("<!")):
			doctype = true
			rest, found = afterDeclaration(head)
		case bytes.HasPrefix(head, []byte("<")):
			return firstName(head[1:]), doctype
		}
		if !found {
			return "", doctype
		}
		head = rest
	}
}

// afterDeclaration returns what follows a document type declaration, whose
// internal subset may hold declarations of its own.
func afterDeclaration(head []byte) (rest []byte, found bool) {
	depth := 0
	var quote byte
	for i, c := range head {
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '<':
			depth++
		case c == '>':
			if depth--; depth == 0 {
				return head[i+1:], true
			}
		}
	}
	return nil, false
}

// firstName returns the local name that a start tag begins with.
func firstName(tag []byte) string {
	i := bytes.IndexAny(tag, " \t\r\n/>")
	if i < 0 {
		return ""
	}
	tag = tag[:i]
	if i := bytes.IndexByte(tag, ':'); i >= 0 {
		tag = tag[i+1:]
	}
	return string(tag)
}
