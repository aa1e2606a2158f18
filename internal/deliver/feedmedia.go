package deliver

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"jisr/internal/news"
)

// addressed gives the media that are here an address at which the reader of the
// feed can fetch them: "…/media/{place}/{digest}".
func (s *Service) addressed(a *asked, it *news.Item, place int64) {
	name := strings.TrimPrefix(a.self.Path, FeedPath)
	base := s.URL() + FeedPath + name[:strings.LastIndexByte(name, '.')] + fmt.Sprintf("/media/%d/", place)
	query := ""
	if t := a.self.Query().Get("token"); t != "" {
		query = "?" + url.Values{"token": {t}}.Encode()
	}
	addressRenditions(it, func(digest string) string {
		if !s.Blobs.Has(digest) {
			return ""
		}
		return base + digest + query
	})
}

func addressRenditions(it *news.Item, address func(digest string) string) {
	for i := range it.Renditions {
		r := &it.Renditions[i]
		if r.Digest == "" {
			continue
		}
		if to := address(r.Digest); to != "" {
			r.Href = to
		}
	}
	for i := range it.Associations {
		addressRenditions(&it.Associations[i], address)
	}
}

// serveMedia answers with a file of an item that stands in the feed.
func (s *Service) serveMedia(w http.ResponseWriter, r *http.Request) error {
	o, _, err := s.unlock(r.Context(), r.PathValue("feed"), r)
	if err != nil {
		return err
	}
	missing := news.Errorf(news.NotFound, "digest", "no item of this feed has such a file any more")
	var place int64
	if _, err := fmt.Sscanf(r.PathValue("place"), "%d", &place); err != nil || place < 1 || !o.destination.Media {
		return missing
	}
	f, err := s.page(r.Context(), o.destination, feedPage{after: place - 1, limit: 1})
	if err != nil {
		return err
	}
	if len(f.items) == 0 || f.items[0].place != place || f.items[0].act.StopsUse() {
		return missing
	}
	records, err := s.records(r.Context(), f)
	if err != nil {
		return err
	}
	items, err := s.itemsOf(o.destination, f, records)
	if err != nil {
		return err
	}
	digest := r.PathValue("digest")
	if len(items) == 0 || !slices.Contains(items[0].Digests(), digest) {
		return missing
	}
	b, _, err := s.Blobs.Open(digest)
	if err != nil {
		return err
	}
	defer b.Close()
	if err := s.fetched(r.Context(), f, records, "media fetched with the token of "+o.token.Name, ""); err != nil {
		return err
	}
	types := map[string]news.Rendition{}
	collectRenditions(items[0], types)
	h := w.Header()
	h.Set("Content-Type", "application/octet-stream")
	if t := types[digest].ContentType; t != "" && strings.IndexFunc(t, func(r rune) bool { return r < ' ' || r > '~' }) < 0 {
		h.Set("Content-Type", t)
	}
	// What others made is not to run in this node's name.
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	h.Set("Content-Disposition", `attachment; filename="`+mediaName(digest, types[digest])+`"`)
	h.Set("ETag", `"`+digest+`"`)
	http.ServeContent(w, r, "", f.items[0].since, b)
	return nil
}
