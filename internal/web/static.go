package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"
)

//go:embed static
var staticFiles embed.FS

// joined are the folders whose files become one file each, in the order of
// their names: a page should not wait for a dozen answers.
var joined = map[string]string{"css": "app.css", "js": "app.js"}

// static serves the site's own files under names that hold a hash of their
// bytes, so that a browser may keep them for ever and still never shows an old
// one.
type static struct {
	names map[string]string // by the plain name
	files map[string][]byte // by the name with the hash
}

func newStatic() (*static, error) {
	s := &static{names: map[string]string{}, files: map[string][]byte{}}
	entries, err := fs.ReadDir(staticFiles, "static")
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		name, read := e.Name(), readStatic
		if e.IsDir() {
			name, read = joined[e.Name()], joinStatic
		}
		b, err := read("static/" + e.Name())
		if err != nil {
			return nil, err
		}
		s.add(name, b)
	}
	return s, nil
}

func readStatic(name string) ([]byte, error) { return staticFiles.ReadFile(name) }

func joinStatic(folder string) ([]byte, error) {
	entries, err := fs.ReadDir(staticFiles, folder)
	if err != nil {
		return nil, err
	}
	var all []byte
	for _, e := range entries {
		b, err := readStatic(folder + "/" + e.Name())
		if err != nil {
			return nil, err
		}
		all = append(append(all, b...), '\n')
	}
	return all, nil
}

func (s *static) add(name string, b []byte) {
	sum := sha256.Sum256(b)
	ext := path.Ext(name)
	hashed := strings.TrimSuffix(name, ext) + "-" + hex.EncodeToString(sum[:6]) + ext
	s.names[name], s.files[hashed] = hashed, b
}

// path is the address of the file of a plain name.
func (s *static) path(name string) string { return "/static/" + s.names[name] }

// optional is path for a file that a build may lack; empty then.
func (s *static) optional(name string) string {
	if s.names[name] == "" {
		return ""
	}
	return s.path(name)
}

// ServeHTTP answers with the file. A name whose hash we do not have is not
// there: the page that names it is of another version.
func (s *static) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("file")
	b, ok := s.files[name]
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	w.Header().Set("ETag", `"`+name+`"`)
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(b))
}
