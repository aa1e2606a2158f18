package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"jisr/internal/news"
	"jisr/internal/vocab"
)

func TestVocabularyIsFetchedOnlyFromWhereTheOperatorMeans(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("secret")) }))
	defer other.Close()
	mux := http.NewServeMux()
	mux.HandleFunc("/topics", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/topics/", http.StatusMovedPermanently)
	})
	mux.HandleFunc("/topics/", func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(`{"uri":"x"}`)) })
	mux.HandleFunc("/inside", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, strings.Replace(other.URL, "127.0.0.1", "localhost", 1), http.StatusFound)
	})
	mux.HandleFunc("/round", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/round", http.StatusFound) })
	mux.HandleFunc("/large", func(w http.ResponseWriter, _ *http.Request) {
		chunk := make([]byte, 1<<20)
		for range vocab.MaxFile>>20 + 1 {
			w.Write(chunk)
		}
	})
	server := httptest.NewServer(mux)
	defer server.Close()

	if b, err := readSource(t.Context(), server.URL+"/topics", nil); err != nil || string(b) != `{"uri":"x"}` {
		t.Errorf("the address that was typed: %q, %v", b, err)
	}
	for path, want := range map[string]struct {
		kind news.Kind
		says string
	}{
		"/inside":  {news.Unavailable, "inside a private network"},
		"/round":   {news.Unavailable, "redirects more than"},
		"/large":   {news.TooLarge, "64 MB"},
		"/nowhere": {news.Unavailable, "404"},
	} {
		b, err := readSource(t.Context(), server.URL+path, nil)
		if news.KindOf(err) != want.kind || !strings.Contains(err.Error(), want.says) {
			t.Errorf("%s: %d bytes, %v", path, len(b), err)
		}
	}
}
