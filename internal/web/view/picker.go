package view

// Picker is a field that takes any number of concepts of the vocabularies. With
// scripts one types and chooses; without, a button looks for what was typed and
// the form comes back with what was found, as boxes.
type Picker struct {
	Name   string // of the field
	Legend string
	Chosen []Option // beside those of Top
	Top    []Option // what is offered at once
	Find   string   // as typed
	Found  []Option // what was found for it
	Looked bool     // Found answers Find
}

// marked reports whether one of the options is chosen.
func marked(all []Option) bool {
	for _, o := range all {
		if o.Chosen {
			return true
		}
	}
	return false
}
