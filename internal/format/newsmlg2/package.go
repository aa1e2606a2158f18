package newsmlg2

import (
	"fmt"

	"jisr/internal/format/xmltree"
	"jisr/internal/news"
)

// groups reads a package: each itemRef becomes an association that is named for
// the role of its group (main, side …). Associations are in reading order, from
// the root group down; a group that the root does not reach comes last.
func (t *translation) groups(n *xmltree.Node) {
	byID := map[string]*xmltree.Node{}
	for g := range n.All("group") {
		if id := g.Attr("id"); id != "" && byID[id] == nil {
			byID[id] = g
		}
	}
	seen := map[*xmltree.Node]bool{}
	if root := byID[n.Attr("root")]; root != nil {
		t.group(root, "main", byID, seen)
	}
	for g := range n.Elements() {
		if g.Name == "group" {
			t.group(g, "side", byID, seen)
		} else {
			t.keep(g)
		}
	}
}

// group reads one group; seen stops groups that refer to each other in a circle.
func (t *translation) group(g *xmltree.Node, role string, byID map[string]*xmltree.Node, seen map[*xmltree.Node]bool) {
	if seen[g] {
		return
	}
	if len(seen) >= news.MaxList {
		t.lose(g, fmt.Sprintf("only the first %d groups are read", news.MaxList))
		return
	}
	seen[g] = true
	switch own := code(g.Attr("role"), g.Attr("roleuri")); own {
	case "root", "":
	default:
		role = own
	}
	if mode := code(g.Attr("mode"), g.Attr("modeuri")); mode == "alt" {
		t.lose(g, "that the members of a group are alternatives is not kept")
	}
	first := true
	for k := range g.Elements() {
		switch k.Name {
		case "itemRef":
			target := firstOf(k.Attr("residref"), k.Attr("guidref"), k.Attr("href"))
			if target == "" {
				t.lose(k, "a reference to no item")
				continue
			}
			a := t.reference(k, target)
			a.Name = role
			t.it.Associations = append(t.it.Associations, a)
		case "groupRef":
			next := byID[k.Attr("idref")]
			if next == nil {
				t.lose(k, "a reference to no group")
				continue
			}
			// The first group below the root carries the package's main story
			// unless the groups say otherwise.
			below := "side"
			if first && role == "main" {
				below = "main"
			}
			t.group(next, below, byID, seen)
		case "title":
			if t.it.Title == "" {
				t.it.Title = k.Line()
			}
		default:
			t.lose(k, "not kept of a group")
			continue
		}
		first = false
	}
}
