// Package vocab keeps controlled vocabularies: IPTC Media Topics, NewsCodes and
// a house's own lists, as data with labels in many languages.
//
// Its invariant: a concept that an item may name stays readable: a newer edition
// of a scheme retires what it no longer has and never deletes it.
package vocab
