// Package filename names the files that destinations get, by templates that
// people write: "{date}/{slugline:ascii}-{id}-v{version}.{ext}".
//
// Its invariants: the same version of an item always gets the same name; a name
// is a relative path that every common file system and remote.CheckName take,
// whatever the item holds.
package filename

import (
	"crypto/sha256"
	"encoding/base32"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"jisr/internal/news"
)

// Default is the template of a destination that has none of its own.
const Default = "{date}-{time}-{slugline}-{id}-v{version}.{ext}"

// File is what a name is made from. It is of the record: nothing in it changes
// when a version is sent again.
type File struct {
	Origin, URI string
	Version     int
	Act         news.Act
	Issued      time.Time
	Slugline    string
	Headline    string
	Language    string
	Urgency     int
	Ext         string // of the format, without a dot
}

// placeholder is what may stand in braces.
type placeholder struct {
	name  string
	max   int  // bytes of its value
	words bool // a person's words, which ":ascii" transliterates
	value func(*File) string
}

// maxWords is how many bytes of a slugline or headline are taken: some 50 Arabic
// or Cyrillic letters.
const maxWords = 100

var placeholders = []placeholder{
	{"act", 16, false, func(f *File) string { return string(f.Act) }},
	{"date", 8, false, func(f *File) string { return f.Issued.UTC().Format("20060102") }},
	{"ext", 8, false, func(f *File) string { return f.Ext }},
	{"headline", maxWords, true, func(f *File) string { return f.Headline }},
	{"id", 16, false, id},
	{"language", 16, false, func(f *File) string { return f.Language }},
	{"origin", 63, false, func(f *File) string { return f.Origin }},
	{"slugline", maxWords, true, func(f *File) string { return f.Slugline }},
	{"time", 6, false, func(f *File) string { return f.Issued.UTC().Format("150405") }},
	{"urgency", 1, false, func(f *File) string { return strconv.Itoa(f.Urgency) }},
	{"version", 10, false, func(f *File) string { return strconv.Itoa(f.Version) }},
}

// id tells an item from every other: URIs are too long and hold what file names
// cannot.
func id(f *File) string {
	sum := sha256.Sum256([]byte(f.Origin + "\n" + f.URI))
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:10]))
}

// Known lists the placeholders for forms and messages.
func Known() []string {
	var all []string
	for _, p := range placeholders {
		all = append(all, "{"+p.name+"}")
		if p.words {
			all = append(all, "{"+p.name+":ascii}")
		}
	}
	return all
}

// Caution is something that people should know of their template.
type Caution string

// The cautions.
const (
	// SharedName: items may get the same name, and the later one replaces the
	// earlier: the template lacks {id}.
	SharedName Caution = "shared_name"
	// Replaced: a new version replaces the one before it: the template lacks
	// {version}. Some receivers want just that.
	Replaced Caution = "replaced"
)

// Template is a template that was read.
type Template struct{ parts []part }

// part is literal text, or a placeholder.
type part struct {
	text  string
	of    *placeholder
	ascii bool
}

// The lengths of a name, in bytes.
const (
	maxPart = 255
	maxName = 800
)

// Parse reads a template; empty is Default. It fails with Invalid about
// "fileName" if a placeholder is unknown, or names could lead elsewhere or be too
// long.
func Parse(template string) (*Template, error) {
	if template == "" {
		template = Default
	}
	t := &Template{}
	for rest := template; rest != ""; {
		text, after, open := strings.Cut(rest, "{")
		if strings.Contains(text, "}") {
			return nil, invalid("there is a } without a { before it")
		}
		if text != "" {
			t.parts = append(t.parts, part{text: text})
		}
		if !open {
			break
		}
		name, after, closed := strings.Cut(after, "}")
		if !closed {
			return nil, invalid("there is a { without a } after it")
		}
		p, err := parsePlaceholder(name)
		if err != nil {
			return nil, err
		}
		t.parts = append(t.parts, p)
		rest = after
	}
	return t, t.check()
}

func parsePlaceholder(s string) (part, error) {
	name, option, _ := strings.Cut(s, ":")
	i := slices.IndexFunc(placeholders, func(p placeholder) bool { return p.name == name })
	if i < 0 || option != "" && (option != "ascii" || !placeholders[i].words) || strings.HasSuffix(s, ":") {
		return part{}, invalid("{%s} is not known; known are %s", s, strings.Join(Known(), ", "))
	}
	return part{of: &placeholders[i], ascii: option == "ascii"}, nil
}

// check refuses what could not always give a safe name, by the longest one.
func (t *Template) check() error {
	var longest strings.Builder
	for _, p := range t.parts {
		if p.of != nil {
			longest.WriteString(strings.Repeat("x", p.of.max))
			continue
		}
		if i := strings.IndexFunc(p.text, forbidden); i >= 0 {
			return invalid("%q cannot be in a file name", []rune(p.text[i:])[0])
		}
		longest.WriteString(p.text)
	}
	name := longest.String()
	if len(name) > maxName {
		return invalid("names could become longer than %d bytes", maxName)
	}
	for folder := range strings.SplitSeq(name, "/") {
		switch {
		case folder == "":
			return invalid("it must not begin or end with /, nor hold //")
		case len(folder) > maxPart:
			return invalid("a name between two / could become longer than %d bytes", maxPart)
		case folder[0] == '.' || folder[0] == ' ' || strings.ContainsAny(folder[len(folder)-1:], ". "):
			return invalid("no name between two / may begin or end with a dot or space")
		}
	}
	return nil
}

// forbidden reports what some file system gives a meaning to.
func forbidden(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == unicode.ReplacementChar || strings.ContainsRune(`\<>:"|?*`, r)
}

func invalid(format string, args ...any) error {
	return news.Errorf(news.Invalid, "fileName", "the template of file names: "+format, args...)
}

// Cautions returns what people should know before they save the template.
func (t *Template) Cautions() []Caution {
	var all []Caution
	if !t.has("id") {
		all = append(all, SharedName)
	}
	if !t.has("version") {
		all = append(all, Replaced)
	}
	return all
}

func (t *Template) has(name string) bool {
	return slices.ContainsFunc(t.parts, func(p part) bool { return p.of != nil && p.of.name == name })
}

// Name returns the name of a version's file.
func (t *Template) Name(f *File) string {
	var b strings.Builder
	for _, p := range t.parts {
		if p.of == nil {
			b.WriteString(p.text)
			continue
		}
		b.WriteString(p.value(f))
	}
	folders := strings.Split(b.String(), "/")
	for i, name := range folders {
		folders[i] = harmless(name)
	}
	return strings.Join(folders, "/")
}

func (p part) value(f *File) string {
	v := p.of.value(f)
	if p.ascii {
		v = ascii(v)
	}
	if v = clean(v, p.of.max); v == "" {
		return "x" // so that no name becomes empty, or one of another shape
	}
	return v
}

// Name returns the name that the template gives, in one step.
func Name(template string, f *File) (string, error) {
	t, err := Parse(template)
	if err != nil {
		return "", err
	}
	return t.Name(f), nil
}

// Media returns the name of a media file that goes along with the item of the
// name: in the same folder and the same whenever it is sent. It holds the
// digest's beginning, so that other bytes never get a name that was sent before.
func Media(item, digest, ext string) string {
	base := item[strings.LastIndex(item, "/")+1:]
	if i := strings.LastIndex(base, "."); i > 0 {
		base = base[:i]
	}
	sum := clean(strings.TrimPrefix(digest, "sha256:"), 16)
	name := clean(base, 150) + "-" + sum
	if ext = clean(ext, 8); ext != "" {
		name += "." + ext
	}
	return harmless(name)
}

// harmless keeps Windows from taking a name for a device.
func harmless(name string) string {
	base, _, _ := strings.Cut(strings.ToLower(name), ".")
	if len(base) == 4 && (strings.HasPrefix(base, "com") || strings.HasPrefix(base, "lpt")) && base[3] >= '0' && base[3] <= '9' ||
		slices.Contains([]string{"con", "prn", "aux", "nul"}, base) {
		return "x" + name
	}
	return name
}

// String returns the template as it was written.
func (t *Template) String() string {
	var b strings.Builder
	for _, p := range t.parts {
		switch {
		case p.of == nil:
			b.WriteString(p.text)
		case p.ascii:
			b.WriteString("{" + p.of.name + ":ascii}")
		default:
			b.WriteString("{" + p.of.name + "}")
		}
	}
	return b.String()
}
