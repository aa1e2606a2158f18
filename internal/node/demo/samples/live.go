package samples

import (
	"cmp"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// template is a story with blanks. A blank is declared once, anywhere in the
// text, as {name:choice|choice} or {name:low..high}, and used elsewhere as
// {name}. {place} and {in} are the place's name, alone and after "in". A range
// with decimals draws decimals. Grammar is up to the writer: ranges must suit
// the word that follows.
type template struct {
	story  *story
	blanks []blank
}

// blank is a place in the text that is filled anew each time.
type blank struct {
	name      string
	choices   []string // or, without choices, a number from low to high
	low, high float64
	decimals  int
}

var blankPattern = regexp.MustCompile(`\{([a-z]+)(?::([^{}]*))?\}`)

// Live returns the n-th item of the living wire: a short brief, in rotating
// languages and from both organisations in turn. n counts from 0. The same n
// and now give the same item; another n or another second gives another URI, so
// that a demonstration started again may count from 0 again.
func (c *Collection) Live(n int, now time.Time) Sample {
	t := c.live[uint64(n)%uint64(len(c.live))]
	s := t.fill(c.vocabulary, rand.New(rand.NewPCG(uint64(n), uint64(now.Unix()))))
	s.key = fmt.Sprintf("live/%s/%d", now.UTC().Format("20060102T150405Z"), n)
	s.sourceType = "algorithmicMedia"
	sample := c.sample(s, now)
	sample.Item.EdNote = c.vocabulary.Generated[s.language] + " " + sample.Item.EdNote
	return sample
}

// readTemplates reads the folder live in the order of the files' names.
func (c *Collection) readTemplates(data fs.FS) ([]*template, error) {
	stories, err := readStories(data, "live")
	if err != nil {
		return nil, err
	}
	if len(stories) == 0 {
		return nil, fmt.Errorf("live: there are no templates")
	}
	var out []*template
	for _, s := range stories {
		t := &template{story: s}
		err := c.check(s)
		if err == nil {
			err = t.findBlanks()
		}
		if err != nil {
			return nil, fmt.Errorf("live/%s.txt: %w", s.key, err)
		}
		out = append(out, t)
	}
	return out, nil
}

// findBlanks collects the declarations and reports blanks that have none, or
// two.
func (t *template) findBlanks() error {
	known := map[string]bool{"place": true, "in": true}
	var used []string
	for _, m := range blankPattern.FindAllStringSubmatch(strings.Join(t.story.texts(), "\n"), -1) {
		name, spec := m[1], m[2]
		if spec == "" {
			used = append(used, name)
			continue
		}
		if known[name] {
			return fmt.Errorf("the blank %q is declared twice", name)
		}
		known[name] = true
		b, err := parseBlank(name, spec)
		if err != nil {
			return err
		}
		t.blanks = append(t.blanks, b)
	}
	for _, name := range used {
		if !known[name] {
			return fmt.Errorf("the blank %q is used and never declared", name)
		}
	}
	return nil
}

func parseBlank(name, spec string) (blank, error) {
	b := blank{name: name}
	low, high, isRange := strings.Cut(spec, "..")
	if !isRange {
		b.choices = strings.Split(spec, "|")
		return b, nil
	}
	var errLow, errHigh error
	b.low, errLow = strconv.ParseFloat(low, 64)
	b.high, errHigh = strconv.ParseFloat(high, 64)
	if errLow != nil || errHigh != nil || b.high <= b.low {
		return b, fmt.Errorf("the blank %q: %q is not a range such as 3..9", name, spec)
	}
	_, fraction, _ := strings.Cut(low, ".")
	b.decimals = len(fraction)
	return b, nil
}

// fill draws a value for every blank.
func (t *template) fill(v *vocabulary, r *rand.Rand) *story {
	key := t.story.places[r.IntN(len(t.story.places))]
	p, lang := v.places[key], t.story.language
	values := map[string]string{"place": p.Names[lang], "in": inPlace(p, lang)}
	for _, b := range t.blanks {
		values[b.name] = b.draw(lang, r)
	}
	s := t.story.edited(func(text string) string {
		return blankPattern.ReplaceAllStringFunc(text, func(m string) string {
			return values[blankPattern.FindStringSubmatch(m)[1]]
		})
	})
	s.places = []string{key}
	return s
}

func (b blank) draw(lang string, r *rand.Rand) string {
	if b.choices != nil {
		return b.choices[r.IntN(len(b.choices))]
	}
	if b.decimals == 0 {
		return strconv.Itoa(int(b.low) + r.IntN(int(b.high-b.low)+1))
	}
	s := strconv.FormatFloat(b.low+r.Float64()*(b.high-b.low), 'f', b.decimals, 64)
	if lang == "ru" {
		s = strings.Replace(s, ".", ",", 1)
	}
	return s
}

// inPlace says "in Kazan" in the language; Russian declines the name.
func inPlace(p place, lang string) string {
	name := cmp.Or(p.In[lang], p.Names[lang])
	switch lang {
	case "ar":
		return "في " + name
	case "ru":
		return "в " + name
	}
	return "in " + name
}
