package ingest

import (
	"context"
	"io"

	"jisr/internal/news"
)

// Pushed is a file that its sender brings.
type Pushed struct {
	Key  string // by which the sender knows it again; empty for the digest of its bytes
	Name string // for messages, and for items that name it as their picture; may be empty
	Body io.Reader
}

// Push keeps a file that its sender brought, and returns its arrival; isNew is
// false if the same key is here. When it returns without an error the file is
// durable. source is an id or a name. Errors: NotFound without such a source,
// Conflict if nobody may push to it, Unavailable while it is paused, TooLarge.
func (s *Service) Push(ctx context.Context, source string, f Pushed) (a *Arrival, isNew bool, err error) {
	st, err := s.Source(ctx, source)
	if err != nil {
		return nil, false, err
	}
	switch {
	case st.Kind != Push:
		return nil, false, news.Errorf(news.Conflict, "source", "what comes from %s is fetched by this node: nobody pushes it", st.Name)
	case !st.Active:
		return nil, false, news.Errorf(news.Unavailable, "source", "%s is paused here: keep the file and try again later", st.Name)
	}
	in := incoming{File: File{Name: f.Name}, body: f.Body}
	if f.Key != "" {
		in.Key = "key " + f.Key
	}
	return s.keepIncoming(ctx, &st.Source, in)
}

// KeepFor keeps a file that a hub pushed for a source. NotFound if there is no
// such source, or it is paused.
func (s *Service) KeepFor(ctx context.Context, source string, f File) error {
	src, err := readSource(ctx, s.db.Reader(), source, "")
	if err != nil {
		return err
	}
	if !src.Active {
		return noSource(source)
	}
	_, _, err = s.keep(ctx, src, f)
	return err
}
