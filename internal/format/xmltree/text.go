package xmltree

import "strings"

// Line returns the text below n on one line: pretty-printers break lines where
// no editor did.
func (n *Node) Line() string {
	if n == nil || n.First == nil {
		return ""
	}
	text := n.First.Text
	if n.First != n.Last || n.First.Name != "" {
		text = n.Raw()
	}
	words := strings.Fields(text)
	if len(words) == 1 {
		return strings.Clone(words[0]) // Join would return a piece of the document
	}
	return strings.Join(words, " ")
}

// Raw returns the text below n as written, with a line break for each br.
func (n *Node) Raw() string {
	var b strings.Builder
	n.writeRaw(&b)
	return b.String()
}

func (n *Node) writeRaw(b *strings.Builder) {
	for k := n.First; k != nil; k = k.Next {
		switch k.Name {
		case "":
			b.WriteString(k.Text)
		case "br":
			b.WriteByte('\n')
		default:
			k.writeRaw(b)
		}
	}
}

// Block returns the text below n as paragraphs. A br ends a line; an empty line
// or a p ends a paragraph; other line breaks are the pretty-printer's.
func (n *Node) Block() string {
	var b strings.Builder
	n.writeBlock(&b)
	var paragraphs, lines []string
	end := func() {
		text := strings.Join(lines, " ")
		lines = nil
		var out []string
		for _, l := range strings.Split(text, lineBreak) {
			out = append(out, strings.Join(strings.Fields(l), " "))
		}
		if p := strings.Trim(strings.Join(out, "\n"), "\n"); p != "" {
			paragraphs = append(paragraphs, p)
		}
	}
	for l := range strings.Lines(b.String()) {
		if strings.TrimSpace(l) == "" {
			end()
		} else {
			lines = append(lines, l)
		}
	}
	end()
	return strings.Join(paragraphs, "\n\n")
}

// lineBreak marks a line that a br ended. It cannot occur in XML 1.0.
const lineBreak = "\x01"

func (n *Node) writeBlock(b *strings.Builder) {
	for k := n.First; k != nil; k = k.Next {
		switch k.Name {
		case "":
			b.WriteString(k.Text)
		case "br":
			b.WriteString(lineBreak)
		case "p", "div", "li":
			b.WriteString("\n\n")
			k.writeBlock(b)
			b.WriteString("\n\n")
		default:
			k.writeBlock(b)
		}
	}
}
