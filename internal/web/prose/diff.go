package prose

import (
	"strings"
	"unicode"
)

// Change says what became of a piece of text.
type Change string

// The changes.
const (
	Same    Change = "same"
	Added   Change = "added"
	Removed Change = "removed"
)

// Piece is a run of words with what became of it.
type Piece struct {
	Change Change
	Text   string
}

// maxCells bounds the table of one comparison: about 4 MB. Beyond it a stretch
// is shown as removed and added whole.
const maxCells = 1 << 20

// Diff compares two versions of a paragraph or line word by word. The pieces
// that are not Added make up the old text, those that are not Removed the new.
func Diff(old, new string) []Piece {
	var out []Piece
	aligned := align(words(old), words(new))
	for len(aligned) > 0 {
		change, run := aligned[0].Change, strings.Builder{}
		for len(aligned) > 0 && aligned[0].Change == change {
			run.WriteString(aligned[0].Text)
			aligned = aligned[1:]
		}
		out = append(out, Piece{change, run.String()})
	}
	return out
}

// Paragraph is a paragraph of the comparison of two texts.
type Paragraph []Piece

// Changed reports whether anything in the paragraph is new or gone.
func (p Paragraph) Changed() bool {
	for _, piece := range p {
		if piece.Change != Same {
			return true
		}
	}
	return false
}

// DiffTexts compares two texts as Plain returns them: paragraphs are aligned
// first, then the words of those that were replaced by one another.
func DiffTexts(old, new string) []Paragraph {
	var out []Paragraph
	var gone, come []string
	flush := func() {
		for i := range max(len(gone), len(come)) {
			switch {
			case i >= len(gone):
				out = append(out, Paragraph{{Added, come[i]}})
			case i >= len(come):
				out = append(out, Paragraph{{Removed, gone[i]}})
			default:
				out = append(out, Diff(gone[i], come[i]))
			}
		}
		gone, come = nil, nil
	}
	for _, p := range align(split(old), split(new)) {
		switch p.Change {
		case Removed:
			gone = append(gone, p.Text)
		case Added:
			come = append(come, p.Text)
		default:
			flush()
			out = append(out, Paragraph{{Same, p.Text}})
		}
	}
	flush()
	return out
}

// words splits s into words, each with the space after it, so that joining
// them gives s again.
func words(s string) []string {
	var out []string
	start, inSpace := 0, false
	for i, r := range s {
		space := unicode.IsSpace(r)
		if inSpace && !space {
			out = append(out, s[start:i])
			start = i
		}
		inSpace = space
	}
	if start < len(s) {
		out = append(out, s[start:])
	}
	return out
}

// align compares two sequences by their longest common subsequence. Common ends
// are taken off first: most versions of a story differ in a few words.
func align(a, b []string) []Piece {
	var head, tail []Piece
	for len(a) > 0 && len(b) > 0 && same(a[0], b[0]) {
		head = append(head, Piece{Same, b[0]})
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && same(a[len(a)-1], b[len(b)-1]) {
		tail = append(tail, Piece{Same, b[len(b)-1]})
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	out := append(head, middle(a, b)...)
	for i := len(tail) - 1; i >= 0; i-- {
		out = append(out, tail[i])
	}
	return out
}

// same compares words without the space after them: a word is not another one
// because it came to stand at the end.
func same(a, b string) bool {
	return strings.TrimRightFunc(a, unicode.IsSpace) == strings.TrimRightFunc(b, unicode.IsSpace)
}

func middle(a, b []string) []Piece {
	var out []Piece
	if (len(a)+1)*(len(b)+1) > maxCells {
		for _, w := range a {
			out = append(out, Piece{Removed, w})
		}
		for _, w := range b {
			out = append(out, Piece{Added, w})
		}
		return out
	}
	// longest[i][j] is how much a[i:] and b[j:] have in common.
	width := len(b) + 1
	longest := make([]int32, (len(a)+1)*width)
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if same(a[i], b[j]) {
				longest[i*width+j] = longest[(i+1)*width+j+1] + 1
			} else {
				longest[i*width+j] = max(longest[(i+1)*width+j], longest[i*width+j+1])
			}
		}
	}
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case i < len(a) && j < len(b) && same(a[i], b[j]):
			out = append(out, Piece{Same, b[j]})
			i, j = i+1, j+1
		case j == len(b) || i < len(a) && longest[(i+1)*width+j] >= longest[i*width+j+1]:
			out = append(out, Piece{Removed, a[i]})
			i++
		default:
			out = append(out, Piece{Added, b[j]})
			j++
		}
	}
	return out
}
