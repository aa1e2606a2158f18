// Package xmltree reads hostile XML into small trees, one item at a time. The
// readers of the XML formats share it.
//
// The invariant: whatever the bytes are, a Parser ends in bounded time and
// memory. It expands no entity but those that its Form names, fetches nothing,
// and says the element path and the line of whatever it refuses.
//
// The rules are those of XML 1.0 (https://www.w3.org/TR/xml/) with namespaces,
// except that an undeclared prefix stands for itself: agencies forget to declare
// them.
package xmltree

import (
	"encoding/xml"
	"iter"
	"slices"
	"strconv"
	"strings"
)

// Node is an element, or a text when its name is empty. An item becomes one tree
// of nodes, is translated and dropped before the next one is read, so memory
// follows the largest item and not the message.
type Node struct {
	Name    string // local name
	Prefix  string // of the name, as written
	Space   string // namespace URI
	Foreign bool   // of another namespace than its item
	Attrs   []xml.Attr
	Text    string
	Index   int32 // of an item in its message, from 1; else 0
	Start   int32 // byte offsets in the source
	End     int32
	Row     int32 // the line where its start tag begins

	Parent, First, Last, Next *Node
}

// Elements yields the child elements.
func (n *Node) Elements() iter.Seq[*Node] {
	return func(yield func(*Node) bool) {
		if n == nil {
			return
		}
		for k := n.First; k != nil; k = k.Next {
			if k.Name != "" && !yield(k) {
				return
			}
		}
	}
}

// All yields the child elements with the name.
func (n *Node) All(name string) iter.Seq[*Node] {
	return func(yield func(*Node) bool) {
		if n == nil {
			return
		}
		for k := n.First; k != nil; k = k.Next {
			if k.Name == name && !k.Foreign && !yield(k) {
				return
			}
		}
	}
}

// Child returns the first child element with the name, or nil.
func (n *Node) Child(name string) *Node {
	for k := range n.All(name) {
		return k
	}
	return nil
}

// Down returns the element that lies the names down from n, or nil.
func (n *Node) Down(names ...string) *Node {
	for _, name := range names {
		n = n.Child(name)
	}
	return n
}

// FirstElement returns the first child element, or nil.
func (n *Node) FirstElement() *Node {
	for k := range n.Elements() {
		return k
	}
	return nil
}

// Find returns the first element below n with one of the names, whatever its
// namespace, or nil.
func (n *Node) Find(names ...string) *Node {
	for k := range n.Elements() {
		if slices.Contains(names, k.Name) {
			return k
		}
		if f := k.Find(names...); f != nil {
			return f
		}
	}
	return nil
}

// Attr returns the attribute without prefix, trimmed; "" on a nil node.
func (n *Node) Attr(name string) string {
	if n == nil {
		return ""
	}
	for i := range n.Attrs {
		if a := &n.Attrs[i]; a.Name.Local == name && a.Name.Space == "" {
			return strings.TrimSpace(a.Value)
		}
	}
	return ""
}

// Lang returns the element's own xml:lang; "" on a nil node.
func (n *Node) Lang() string {
	if n == nil {
		return ""
	}
	for i := range n.Attrs {
		if a := &n.Attrs[i]; a.Name.Local == "lang" && a.Name.Space == "xml" {
			return strings.TrimSpace(a.Value)
		}
	}
	return ""
}

// Path returns where the element is, for people:
// newsMessage/itemSet/newsItem[2]/itemMeta. The middle of a path that nobody would
// read is left out.
func (n *Node) Path() string {
	const whole, outer = 20, 8 // steps: how many are shown, how many of a longer path at each end
	var steps []string
	for ; n != nil; n = n.Parent {
		s := n.Name
		if n.Index > 0 {
			s += "[" + strconv.Itoa(int(n.Index)) + "]"
		}
		steps = append(steps, s)
	}
	slices.Reverse(steps)
	if len(steps) > whole {
		steps = slices.Replace(steps, outer, len(steps)-outer, "…")
	}
	return strings.Join(steps, "/")
}

// Source returns the element as it was written in the document's text: a copy,
// so that an item does not keep the whole document in memory. A prefix that was
// declared outside the element is declared on it, so that the copy stands alone.
func (n *Node) Source(text string) string {
	source := strings.Clone(text[n.Start:n.End])
	var missing strings.Builder
	asked := map[string]bool{}
	n.undeclared(func(prefix string) {
		if asked[prefix] || len(asked) > MaxBindings {
			return
		}
		asked[prefix] = true
		if space, ok := n.Parent.bound(prefix); ok {
			missing.WriteString(" xmlns:" + prefix + `="`)
			writeEscaped(&missing, space, true)
			missing.WriteByte('"')
		}
	})
	if missing.Len() == 0 {
		return source
	}
	at := 1 + strings.IndexAny(source[1:], " \t\r\n/>")
	return source[:at] + missing.String() + source[at:]
}

// undeclared calls use with each prefix that n or an element below it uses and
// no element from n down declares.
func (n *Node) undeclared(use func(prefix string)) {
	var visit func(k *Node, known []string)
	visit = func(k *Node, known []string) {
		for _, a := range k.Attrs {
			if a.Name.Space == "xmlns" {
				known = append(known[:len(known):len(known)], a.Name.Local)
			}
		}
		check := func(prefix string) {
			if prefix != "" && prefix != "xml" && prefix != "xmlns" && !slices.Contains(known, prefix) {
				use(prefix)
			}
		}
		check(k.Prefix)
		for _, a := range k.Attrs {
			check(a.Name.Space)
		}
		for e := range k.Elements() {
			visit(e, known)
		}
	}
	visit(n, nil)
}

// bound returns the namespace that a declaration on n or above it gives the
// prefix.
func (n *Node) bound(prefix string) (space string, ok bool) {
	for ; n != nil; n = n.Parent {
		for _, a := range n.Attrs {
			if a.Name.Space == "xmlns" && a.Name.Local == prefix {
				return a.Value, true
			}
		}
	}
	return "", false
}
