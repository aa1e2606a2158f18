package ingest

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"jisr/internal/db"
	"jisr/internal/news"
)

// fetching returns a house that fetches media, at work, and a server of media.
func fetching(t *testing.T, d *db.DB, allow bool) (*house, *httptest.Server) {
	t.Helper()
	picture := jpg(t, 9)
	mux := http.NewServeMux()
	mux.HandleFunc("/a.jpg", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, picture) })
	mux.HandleFunc("/moved.jpg", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/a.jpg", http.StatusFound) })
	mux.HandleFunc("/inside.jpg", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://169.254.169.254/latest/meta-data", http.StatusFound)
	})
	mux.HandleFunc("/page.jpg", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, "<p>Sign in")
	})
	mux.HandleFunc("/round.jpg", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/round.jpg", http.StatusFound) })
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	h := newHouse(t, d, func(o *Options) {
		o.Now = time.Now
		if allow {
			o.Allow = func(host string) bool { return host == "127.0.0.1" }
		}
	})
	h.HandleJobs()
	must(t, h.jobs.Start(t.Context()))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = h.jobs.Stop(ctx)
	})
	h.run()
	return h, server
}

func TestMediaThatItemsNameByAddressAreFetchedWhereTheRuleSaysSo(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		h, server := fetching(t, d, true)
		src := h.source("Kuna", Push, &Rules{Publish: true, FetchMedia: true})
		names := []string{"a.jpg", "moved.jpg", "page.jpg", "gone.jpg", "round.jpg", "inside.jpg"}
		for i := range names {
			names[i] = server.URL + "/" + names[i]
		}
		a := h.keeps(src, "1.json", item(story, "1", "Fire", withPicture(names...)))
		kill := h.keeps(src, "2.json", item(story+"b", "1", "Other", withPicture(names[0])))
		got, err := h.Await(t.Context(), a.ID)
		must(t, err)
		h.wants(got, Done, story, 1, news.StatusUsable)
		r := h.head(story).Item.Renditions
		for i, want := range []bool{true, true, false, false, false, false} {
			if has := r[i].Digest != "" && h.blobs.Has(r[i].Digest); has != want {
				t.Errorf("%s: fetched %v, want %v", r[i].Href, has, want)
			}
		}
		losses := strings.Join(got.Losses, "\n")
		for _, why := range []string{"web page", "404", "redirects", "private network"} {
			if !strings.Contains(losses, why) {
				t.Errorf("the losses do not say %q:\n%s", why, losses)
			}
		}
		second, err := h.Await(t.Context(), kill.ID)
		must(t, err)
		h.wants(second, Done, story+"b", 1, news.StatusUsable)
	})
}

func TestMediaInsideThePrivateNetworkAreNotFetched(t *testing.T) {
	d := openOne(t)
	h, server := fetching(t, d, false)
	src := h.source("Kuna", Push, &Rules{Publish: true, FetchMedia: true})
	got, err := h.Await(t.Context(), h.keeps(src, "1.json", item(story, "1", "Fire", withPicture(server.URL+"/a.jpg"))).ID)
	must(t, err)
	h.wants(got, Done, story, 1, news.StatusUsable)
	if len(got.Losses) != 1 || !strings.Contains(got.Losses[0], "private network") {
		t.Errorf("losses: %v", got.Losses)
	}
}

func TestLinksStayLinksByDefault(t *testing.T) {
	d := openOne(t)
	h := newHouse(t, d, nil)
	src := h.source("Kuna", Push, nil)
	h.wants(h.brings(src, "1.json", item(story, "1", "Fire", withPicture("https://media.example/a.jpg"))), Done, story, 1, news.StatusUsable)
	if r := h.head(story).Item.Renditions[0]; r.Digest != "" || r.Href != "https://media.example/a.jpg" {
		t.Errorf("the rendition is %+v", r)
	}
}

func TestSweepingForgetsWhatIsDoneAndNothingElse(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, nil)
		src := h.source("Kuna", Push, nil)
		done := h.brings(src, "1.json", item(story, "1", "First"))
		bad := h.brings(src, "2.json", "{")
		picture := h.brings(src, "3.jpg", jpg(t, 3))
		h.clock.advance(keepBytes + time.Hour)
		must(t, h.Sweep(t.Context()))
		if h.blobs.Has(done.Digest) || !h.blobs.Has(bad.Digest) || !h.blobs.Has(picture.Digest) {
			t.Errorf("bytes of done %v, failed %v, picture %v", h.blobs.Has(done.Digest), h.blobs.Has(bad.Digest), h.blobs.Has(picture.Digest))
		}
		if _, _, err := h.OpenArrival(t.Context(), done.ID); news.KindOf(err) != news.NotFound {
			t.Errorf("the swept file: %v", err)
		}
		h.clock.advance(keepRows)
		must(t, h.Sweep(t.Context()))
		if _, err := h.Arrival(t.Context(), done.ID); news.KindOf(err) != news.NotFound {
			t.Errorf("an old arrival is %v", err)
		}
		if _, err := h.Arrival(t.Context(), bad.ID); err != nil {
			t.Errorf("what failed was forgotten: %v", err)
		}
		h.wants(h.brings(src, "1b.json", item(story, "1", "First")), Done, story, 1, news.StatusUsable)
	})
}
