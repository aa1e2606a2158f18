package node

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"jisr/internal/db"
	"jisr/internal/ingest"
	"jisr/internal/news"
	"jisr/internal/people"
)

func TestNewsOfEveryChannelBecomesVersionsOfOneItem(t *testing.T) {
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		t.Run(string(engine), func(t *testing.T) {
			n := start(t, engine, "house.example")
			n.Config.AllowHosts = []string{"127.0.0.1"}
			dir := t.TempDir()
			rules := ingest.Rules{Publish: true, Desk: "world"}
			add := func(src ingest.Source) {
				t.Helper()
				src.Active, src.Rules = true, rules
				if _, err := n.Ingest.CreateSource(t.Context(), src, ingest.Shell); err != nil {
					t.Fatal(err)
				}
			}
			const uri = "tag:kuna.example,2026:storm"
			var polls atomic.Int64
			feed := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				polls.Add(1)
				fmt.Fprintf(w, `<feed xmlns="http://www.w3.org/2005/Atom"><id>tag:kuna.example,2026:feed</id><title>Kuna</title>`+
					`<updated>2026-03-01T10:00:00Z</updated><entry><id>%s</id><title>Storm nears</title><updated>2026-03-01T10:00:00Z</updated>`+
					`<content type="html">&lt;p&gt;A storm nears.&lt;/p&gt;</content></entry></feed>`, uri)
			}))
			defer feed.Close()
			add(ingest.Source{Name: "Kuna feed", Kind: ingest.Feed, Address: feed.URL + "/atom.xml"})
			eventually(t, "the entry is on the wire", func() bool { return n.line("house.example", uri) != nil })
			if l := n.line("house.example", uri); l.Headline != "Storm nears" || l.Desk != "world" || l.Version != 1 {
				t.Fatalf("the wire shows %+v", l)
			}

			add(ingest.Source{Name: "Kuna folder", Kind: ingest.Folder, Address: dir})
			doc := func(created, headline, more string) string {
				return fmt.Sprintf(`{"uri":%q,"type":"text","language":"en","versionCreated":%q,"headlines":[{"value":%q}]%s}`, uri, created, headline, more)
			}
			drop := func(name, data string) {
				t.Helper()
				if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			drop("2.json", doc("2026-03-01T11:00:00Z", "Storm lands", ""))
			eventually(t, "the update is on the wire", func() bool { return n.line("house.example", uri).Headline == "Storm lands" })

			add(ingest.Source{Name: "Kuna push", Kind: ingest.Push})
			push := n.pusher("Kuna%20push")
			if body := push(doc("2026-03-01T10:30:00Z", "An older one", ""), http.StatusCreated); !strings.Contains(body, "a newer version was issued") {
				t.Errorf("an older version is answered with %s", body)
			}
			push(doc("2026-03-01T12:00:00Z", "Storm lands", `,"pubStatus":"canceled","edNote":"It was a drill."`), http.StatusCreated)
			eventually(t, "the kill is on the wire", func() bool { return n.line("house.example", uri).Status == news.StatusKilled })
			if v, err := n.Newsroom.Item(t.Context(), "house.example", uri, true); err != nil || len(v.Versions) != 3 || v.Versions[2].Reason != "It was a drill." {
				t.Errorf("versions %+v, %v", v, err)
			}

			// The feed goes on to show what was killed.
			src, err := n.Ingest.Source(t.Context(), "Kuna feed")
			if err != nil {
				t.Fatal(err)
			}
			before := polls.Load()
			if _, err := n.Ingest.CollectNow(t.Context(), src.ID); err != nil {
				t.Fatal(err)
			}
			if polls.Load() == before || n.line("house.example", uri).Status != news.StatusKilled {
				t.Errorf("after %d more polls it is %s", polls.Load()-before, n.line("house.example", uri).Status)
			}
			sound(t, n)
		})
	}
}

// pusher returns what sends a file to a source of the node and fails unless it is
// answered with the status.
func (r *running) pusher(source string) func(data string, want int) (answer string) {
	r.t.Helper()
	a, err := r.People.CreateAccount(r.t.Context(), people.NewAccount{Login: "wire", Language: "en", Roles: []people.Role{people.Editor}})
	if err != nil {
		r.t.Fatal(err)
	}
	token, _, err := r.People.CreateToken(r.t.Context(), a.ID, people.NewToken{Name: "wire", Scopes: []people.Scope{people.ScopeIngest}})
	if err != nil {
		r.t.Fatal(err)
	}
	return func(data string, want int) string {
		r.t.Helper()
		req, err := http.NewRequestWithContext(r.t.Context(), http.MethodPost, r.Config.URL+"/ingest/v1/"+source+"?wait=20", strings.NewReader(data))
		if err != nil {
			r.t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			r.t.Fatal(err)
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != want {
			r.t.Fatalf("pushed: %s, want %d: %s (%v)", res.Status, want, b, err)
		}
		return string(b)
	}
}
