package search

import (
	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/english"
)

// englishLanguage reads English with the Snowball stemmer of Martin Porter
// ("Porter2").
func englishLanguage() *language {
	return &language{script: latin, stop: wordSet(englishStop), stem: func(w string) string {
		env := snowballstem.NewEnv(w)
		english.Stem(env)
		return env.Current()
	}}
}

const englishStop = `
	a an and are as at be but by for from had has have he her his in is it its of on or she
	that the their there they this to was were which with`
