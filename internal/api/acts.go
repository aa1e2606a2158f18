package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"jisr/internal/format/loss"
	"jisr/internal/format/newsmlg2"
	"jisr/internal/news"
	"jisr/internal/newsroom"
	"jisr/internal/people"
)

const (
	// maxFile is the largest file that any reader takes, in bytes.
	maxFile = newsmlg2.MaxSize
	// maxFileItems is how many items one file may publish.
	maxFileItems = 500
	// wireWait is how long an answer waits for the newsroom's lists to show what
	// is already of record.
	wireWait = 2 * time.Second
)

// issued answers an act: where it landed in the record, what of the input could
// not be kept, and what a person should look at.
type issued struct {
	Issued   []*newsroom.Issued `json:"issued"`
	Losses   []lost             `json:"losses"`
	Warnings []warning          `json:"warnings"`
}

type lost struct {
	Path   string `json:"path"`
	Reason string `json:"reason"`
}

func losses(in []loss.Loss) []lost {
	out := make([]lost, len(in))
	for i, l := range in {
		out[i] = lost{l.Path, l.Reason}
	}
	return out
}

// publishFile publishes every item of a file in any format that the node reads,
// all of them or none.
func (s *server) publishFile(w http.ResponseWriter, c *call) error {
	q := query(c)
	desk, filename := q.text("desk"), q.text("filename")
	if err := q.done(); err != nil {
		return err
	}
	data, err := readAll(c)
	if err != nil {
		return err
	}
	read, err := readFile(data, filename)
	if err != nil {
		return err
	}
	if n := len(read.Items); n == 0 || n > maxFileItems {
		return news.Errorf(news.TooLarge, "", "the file has %d items; send 1 to %d at a time", n, maxFileItems)
	}
	acts := make([]newsroom.Issue, len(read.Items))
	for i, it := range read.Items {
		acts[i] = newsroom.Issue{Act: news.Publish, Item: it, Desk: desk, Actor: c.caller.Actor(people.Publish)}
	}
	out, err := s.newsroom.IssueAll(c.Context(), acts)
	if err != nil {
		return numbered(err, len(acts))
	}
	return s.issued(w, c.Context(), out, read.Losses, read.Items)
}

// numbered keeps which item of a file an error is about, where there are
// several: the service wraps it as "item 3: …".
func numbered(err error, items int) error {
	var e *news.Error
	if items == 1 || !errors.As(err, &e) {
		return err
	}
	which, _ := strings.CutSuffix(err.Error(), e.Error())
	out := *e
	out.Message = which + e.Message
	return &out
}

// order is the body of an act. A new version is given as ninjs in Item, as the
// text of a file of any format in Document, or as the draft that becomes of
// record.
type order struct {
	URI      string         `json:"uri"`
	Reason   string         `json:"reason"`
	Desk     string         `json:"desk"`
	Expect   int            `json:"expect"`
	Draft    string         `json:"draft"`
	Item     jsontext.Value `json:"item"`
	Document string         `json:"document"`
}

// permissionOf is what an act takes: routes.go has it for the callers, this is
// for the role that the entry names.
var permissionOf = map[news.Act]people.Permission{
	news.Publish: people.Publish, news.Update: people.Publish, news.Refile: people.Publish,
	news.Correction: people.Correct, news.Hold: people.Hold, news.Release: people.Hold, news.Kill: people.Kill,
}

// act performs one act on one item.
func (s *server) act(act news.Act) func(http.ResponseWriter, *call) error {
	return func(w http.ResponseWriter, c *call) error {
		var o order
		if err := readJSON(c, &o); err != nil {
			return err
		}
		if o.Draft != "" {
			// The draft's text becomes known to whoever sees the answer.
			if err := c.caller.Check(people.ReadDrafts); err != nil {
				return err
			}
		}
		it, lost, err := s.ordered(c.Context(), act, &o)
		if err != nil {
			return err
		}
		out, err := s.newsroom.Issue(c.Context(), newsroom.Issue{Act: act, Item: it, Desk: o.Desk, Reason: o.Reason,
			Actor: c.caller.Actor(permissionOf[act]), Draft: o.Draft, Expect: o.Expect})
		if err != nil {
			return err
		}
		return s.issued(w, c.Context(), []*newsroom.Issued{out}, lost, []*news.Item{it})
	}
}

// ordered returns the item that an order means.
func (s *server) ordered(ctx context.Context, act news.Act, o *order) (*news.Item, []loss.Loss, error) {
	switch act {
	case news.Hold, news.Release, news.Kill:
		if o.Item != nil || o.Document != "" || o.Draft != "" {
			return nil, nil, news.Errorf(news.Invalid, "item", "a %s takes the uri of an item only: its content stays", act)
		}
		if o.URI == "" {
			return nil, nil, news.Errorf(news.Invalid, "uri", "say which item")
		}
		return &news.Item{URI: o.URI}, nil, nil
	}
	it, lost, err := s.newVersion(ctx, o)
	if err != nil {
		return nil, nil, err
	}
	switch {
	case it.URI == "":
		it.URI = o.URI
	case o.URI != "" && o.URI != it.URI:
		return nil, nil, news.Errorf(news.Invalid, "uri", "the item calls itself %q", it.URI)
	}
	if it.URI == "" && act != news.Publish {
		return nil, nil, news.Errorf(news.Invalid, "uri", "say which item")
	}
	return it, lost, nil
}

func (s *server) newVersion(ctx context.Context, o *order) (*news.Item, []loss.Loss, error) {
	switch {
	case o.Item != nil && o.Document != "":
		return nil, nil, news.Errorf(news.Invalid, "document", "give the item or a document, not both")
	case o.Item != nil:
		return readItem("item", o.Item)
	case o.Document != "":
		return readItem("document", []byte(o.Document))
	case o.Draft != "":
		d, err := s.newsroom.Draft(ctx, o.Draft)
		if err != nil {
			return nil, nil, err
		}
		return d.Item, nil, nil
	}
	return nil, nil, news.Errorf(news.Invalid, "item", "give the new version: an item, a document or a draft")
}

// issued answers once the lists show what was done, or a little later: it is
// durable either way.
func (s *server) issued(w http.ResponseWriter, ctx context.Context, out []*newsroom.Issued, lost []loss.Loss, items []*news.Item) error {
	wait, cancel := context.WithTimeout(ctx, wireWait)
	defer cancel()
	last := out[len(out)-1]
	if err := s.ledger.WaitFollower(wait, newsroom.WireFollower, last.Position); err != nil && news.KindOf(err) != news.Unavailable {
		s.log.Warn("cannot see whether the wire shows an act", "uri", last.URI, "err", err)
	}
	if len(out) == 1 {
		w.Header().Set("Location", fmt.Sprintf("/api/v1/item?origin=%s&uri=%s", url.QueryEscape(last.Origin), url.QueryEscape(last.URI)))
	}
	return writeJSON(w, http.StatusCreated, issued{out, losses(lost), warningsOf(items)})
}
