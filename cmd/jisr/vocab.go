package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"jisr/internal/fetch"
	"jisr/internal/news"
	"jisr/internal/node"
	"jisr/internal/vocab"
)

type vocabImportCmd struct {
	Sources []string `arg:"" name:"source" help:"Files or addresses: IPTC's JSON, NewsML-G2 knowledgeItem or RDF/XML. An address at cv.iptc.org without a query gets the whole vocabulary in all languages."`
	Alias   string   `help:"What stands before the colon of the vocabulary's QCodes, where the file does not say." placeholder:"ALIAS"`
	Force   bool     `help:"Load an older edition, or one that retires more than half of the concepts, all the same."`
}

// vocabImported is what became of a source.
type vocabImported struct {
	Source string        `json:"source"`
	Report *vocab.Report `json:"report,omitempty"`
	Error  string        `json:"error,omitempty"`
}

func (c *vocabImportCmd) Run(a *app) error {
	out := []vocabImported{}
	failed := &partly{total: len(c.Sources)}
	err := a.with(node.OpenToRead, func(n *node.Node) error {
		report, done := a.progress("loading", false)
		defer done()
		for i, source := range c.Sources {
			r, err := c.load(a, n, source)
			if errors.Is(err, context.Canceled) {
				return err
			}
			one := vocabImported{Source: source, Report: r}
			if err != nil {
				one.Error = sentence(err)
				failed.failed++
				if failed.first == nil {
					failed.first = err
				}
			}
			out = append(out, one)
			report(int64(i+1), int64(len(c.Sources)))
		}
		return nil
	})
	if err != nil {
		return err
	}
	err = a.show(map[string]any{"vocabularies": out}, func(w io.Writer) {
		for _, one := range out {
			one.print(w, a.err)
		}
	})
	if err != nil || failed.failed == 0 {
		return err
	}
	return failed
}

func (v *vocabImported) print(out, failed io.Writer) {
	if v.Report == nil {
		fmt.Fprintf(failed, "%s: failed: %s\n", printable(v.Source), printable(v.Error))
		return
	}
	r := v.Report
	fmt.Fprintf(out, "%s: %s, edition of %s: %d added, %d changed, %d retired, %d as before\n", printable(v.Source), r.Alias, day(r.Edition),
		len(r.Added), len(r.Changed), len(r.Retired), r.Unchanged)
	for _, note := range r.Notes {
		fmt.Fprintf(failed, "%s: %s\n", printable(v.Source), printable(note))
	}
}

func day(t time.Time) string {
	if t.IsZero() {
		return "no date"
	}
	return t.Format(time.DateOnly)
}

// load reads one source and takes it in.
func (c *vocabImportCmd) load(a *app, n *node.Node, source string) (*vocab.Report, error) {
	data, err := readSource(a.ctx, source, n.Config.AllowHosts)
	if err != nil {
		return nil, err
	}
	e, err := vocab.Read(data)
	if err != nil {
		return nil, err
	}
	if c.Alias != "" {
		if len(c.Sources) > 1 {
			return nil, news.Errorf(news.Invalid, "alias", "--alias is for one file")
		}
		e.Scheme.Alias = c.Alias
	}
	care := vocab.Careful
	if c.Force {
		care = vocab.Forced
	}
	return n.Vocab.Load(a.ctx, e, care)
}

// readSource reads a file, or what an address answers, up to the size that a
// vocabulary may have.
func readSource(ctx context.Context, source string, allowed []string) ([]byte, error) {
	if u, err := url.Parse(source); err == nil && (u.Scheme == "http" || u.Scheme == "https") {
		return download(ctx, u, allowed)
	}
	f, err := os.Open(source)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readBounded(f)
}

func readBounded(r io.Reader) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, vocab.MaxFile+1))
	if err == nil && len(b) > vocab.MaxFile {
		err = news.Errorf(news.TooLarge, "source", "the file has more than %d MB", vocab.MaxFile>>20)
	}
	return b, err
}

const (
	downloadFor  = 5 * time.Minute
	maxRedirects = 5
)

// download fetches a vocabulary. The host that was typed may be inside the
// network, like those that the operator listed; one that a redirect names may
// not.
func download(ctx context.Context, u *url.URL, allowed []string) ([]byte, error) {
	if strings.EqualFold(u.Hostname(), "cv.iptc.org") && u.RawQuery == "" {
		u.RawQuery = "format=json&lang=x-all"
	}
	typed := strings.ToLower(u.Hostname())
	client := fetch.Client(fetch.Options{Allow: func(host string) bool { return host == typed || slices.Contains(allowed, host) }})
	client.CheckRedirect = func(r *http.Request, via []*http.Request) error {
		if len(via) >= maxRedirects {
			return news.Errorf(news.Unavailable, "source", "the address redirects more than %d times", maxRedirects)
		}
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, downloadFor)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept", "application/json, application/rdf+xml;q=0.8, application/xml;q=0.8")
	r.Header.Set("User-Agent", "jisr/"+node.Version)
	res, err := client.Do(r)
	if err != nil {
		if errors.Is(ctx.Err(), context.Canceled) {
			return nil, ctx.Err()
		}
		return nil, news.Errorf(news.Unavailable, "source", "%s cannot be fetched: %s", u.Redacted(), fetch.Reason(err)).Because(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, news.Errorf(news.Unavailable, "source", "%s answers %s", u.Redacted(), res.Status)
	}
	return readBounded(res.Body)
}

// vocabScheme is a vocabulary as --json prints it.
type vocabScheme struct {
	URI       string            `json:"uri"`
	Alias     string            `json:"alias"`
	Names     map[string]string `json:"names"`
	Edition   time.Time         `json:"edition,omitzero"`
	Authority string            `json:"authority,omitempty"`
	Embedded  bool              `json:"embedded"`
	Concepts  int               `json:"concepts"`
}

type vocabListCmd struct {
	Of    string `arg:"" optional:"" name:"of" help:"List what stands under this concept or at the top of this vocabulary: an alias, a QCode or a URI."`
	Lang  string `help:"Language of the names." default:"en"`
	Limit int    `help:"How many concepts at most; 0 for all." default:"0"`
}

func (c *vocabListCmd) Run(a *app) error {
	return a.with(node.OpenToRead, func(n *node.Node) error {
		if c.Of != "" {
			return c.concepts(a, n)
		}
		found, err := n.Vocab.Schemes(a.ctx)
		if err != nil {
			return err
		}
		out, rows := make([]vocabScheme, len(found)), make([][]string, len(found))
		for i, s := range found {
			out[i] = vocabScheme{s.URI, s.Alias, s.Names, s.Edition, s.Authority, s.Embedded, s.Concepts}
			from := day(s.Edition)
			if s.Embedded {
				from = "embedded"
			}
			rows[i] = []string{s.Alias, s.Name(c.Lang), fmt.Sprintf("%d concepts", s.Concepts), from, s.URI}
		}
		return a.show(map[string]any{"schemes": out}, func(w io.Writer) { table(w, rows) })
	})
}

func (c *vocabListCmd) concepts(a *app, n *node.Node) error {
	out := []vocabConcept{}
	for after := int64(0); ; {
		p, err := n.Vocab.Children(a.ctx, c.Of, after, 0)
		if err != nil {
			return err
		}
		for _, k := range p.Concepts {
			out = append(out, conceptOf(k, c.Lang))
		}
		if after = p.Next; after == 0 || c.Limit > 0 && len(out) >= c.Limit {
			break
		}
	}
	if c.Limit > 0 {
		out = out[:min(len(out), c.Limit)]
	}
	return a.show(map[string]any{"concepts": out}, func(w io.Writer) { tableOfConcepts(w, out) })
}

// vocabConcept is a concept as --json prints it.
type vocabConcept struct {
	URI         string              `json:"uri"`
	QCode       string              `json:"qcode"`
	Name        string              `json:"name"`
	Matched     string              `json:"matched,omitempty"`
	Names       map[string]string   `json:"names,omitempty"`
	Labels      map[string][]string `json:"labels,omitempty"`
	Definitions map[string]string   `json:"definitions,omitempty"`
	Broader     []string            `json:"broader,omitempty"`
	ExactMatch  []string            `json:"exact_match,omitempty"`
	Retired     time.Time           `json:"retired,omitzero"`
	ReplacedBy  string              `json:"replaced_by,omitempty"`
}

func conceptOf(k *vocab.Concept, lang string) vocabConcept {
	return vocabConcept{URI: k.URI, QCode: k.QCode(), Name: k.Name(lang), Names: k.Names, Labels: k.Labels, Definitions: k.Definitions,
		Broader: k.Broader, ExactMatch: k.ExactMatch, Retired: k.Retired, ReplacedBy: k.ReplacedBy}
}

func tableOfConcepts(w io.Writer, list []vocabConcept) {
	rows := make([][]string, len(list))
	for i, k := range list {
		note := ""
		switch {
		case !k.Retired.IsZero():
			note = "retired " + day(k.Retired)
		case k.Matched != "" && k.Matched != k.Name:
			note = "by " + k.Matched
		}
		rows[i] = []string{k.QCode, k.Name, note}
	}
	table(w, rows)
}

type vocabSearchCmd struct {
	Words  []string `arg:"" help:"Words or their beginnings, in any language, or a code."`
	Scheme string   `help:"Only in this vocabulary: an alias or a URI." placeholder:"SCHEME"`
	Lang   string   `help:"Language of the reader." default:"en"`
	Limit  int      `help:"How many at most, up to 100." default:"20"`
}

func (c *vocabSearchCmd) Run(a *app) error {
	return a.with(node.OpenToRead, func(n *node.Node) error {
		found, err := n.Vocab.Search(a.ctx, vocab.Query{Text: strings.Join(c.Words, " "), Scheme: c.Scheme, Language: c.Lang, Limit: c.Limit})
		if err != nil {
			return err
		}
		out := make([]vocabConcept, len(found))
		for i, m := range found {
			out[i] = conceptOf(m.Concept, c.Lang)
			out[i].Matched = m.Label
		}
		return a.show(map[string]any{"concepts": out}, func(w io.Writer) { tableOfConcepts(w, out) })
	})
}

type vocabShowCmd struct {
	Concept string `arg:"" help:"A concept, by QCode or URI."`
	Lang    string `help:"Language of the name." default:"en"`
}

func (c *vocabShowCmd) Run(a *app) error {
	return a.with(node.OpenToRead, func(n *node.Node) error {
		k, err := n.Vocab.Concept(a.ctx, c.Concept)
		if err != nil {
			return err
		}
		out := conceptOf(k, c.Lang)
		return a.show(out, func(w io.Writer) {
			fmt.Fprintf(w, "%s  %s\n%s\n", out.QCode, printable(out.Name), out.URI)
			if !out.Retired.IsZero() {
				fmt.Fprintf(w, "retired %s; use %s\n", day(out.Retired), cmp.Or(out.ReplacedBy, "another one"))
			}
			var rows [][]string
			for _, lang := range slices.Sorted(maps.Keys(out.Names)) {
				rows = append(rows, []string{lang, out.Names[lang], strings.Join(out.Labels[lang], "; "), short(out.Definitions[lang], 80)})
			}
			for _, b := range out.Broader {
				rows = append(rows, []string{"under", b})
			}
			for _, m := range out.ExactMatch {
				rows = append(rows, []string{"same as", m})
			}
			table(w, rows)
		})
	})
}
