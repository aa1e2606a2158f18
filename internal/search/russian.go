package search

import (
	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/russian"
)

// russianLanguage reads Russian with the Snowball stemmer of Martin Porter. Folding
// has made ё into е, which is how most texts print it.
func russianLanguage() *language {
	return &language{script: cyrillic, stop: wordSet(russianStop), stem: func(w string) string {
		env := snowballstem.NewEnv(w)
		russian.Stem(env)
		return env.Current()
	}}
}

const russianStop = `
	и в во не что он на я с со как а то все она так его но ты к у же вы за бы по ее мы они
	из ему от меня ни о об или для до при под над про это этот эта эти был была были было
	быть чтобы который которая которые которого которой которых также`
