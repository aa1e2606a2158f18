package loss

import "fmt"

// most is how many losses of one document are listed; the rest is counted.
const most = 1000

// List collects the losses of one document: each once, and not without end. The
// zero value is ready to use.
type List struct {
	all   []Loss
	known map[Loss]bool
	more  int
}

// Add reports a loss. The same of many elements is said once.
func (l *List) Add(path, reason string) {
	one := Loss{Path: path, Reason: reason}
	switch {
	case l.known[one]:
	case len(l.all) >= most:
		l.more++
	default:
		if l.known == nil {
			l.known = map[Loss]bool{}
		}
		l.known[one] = true
		l.all = append(l.all, one)
	}
}

// Addf is Add with a formatted reason.
func (l *List) Addf(path, format string, args ...any) { l.Add(path, fmt.Sprintf(format, args...)) }

// All returns the losses in the order in which they were found; root is where
// the number of those that were not listed is said.
func (l *List) All(root string) []Loss {
	if l.more == 0 {
		return l.all
	}
	return append(l.all[:len(l.all):len(l.all)], Loss{Path: root, Reason: fmt.Sprintf("%d further losses are not listed", l.more)})
}
