// Package loss names what a reader could not carry from a foreign format into
// an item. A reader never drops anything in silence: what it cannot express, it
// reports, and the newsroom shows the report beside the item.
package loss

// Loss is one thing of the source that the item does not hold.
type Loss struct {
	Path   string // where in the source: a JSON pointer, an XPath, a line
	Reason string // what was there and why it was not kept, in plain English
}

// String returns the loss as one line of a log or a report.
func (l Loss) String() string { return l.Path + ": " + l.Reason }
