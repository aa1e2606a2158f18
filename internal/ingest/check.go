package ingest

import (
	"net/url"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/language"

	"jisr/internal/news"
)

// Bounds on what people write about a source.
const (
	maxName    = 200
	maxLine    = 2048
	maxSecret  = 64 << 10 // a private key
	maxNotice  = 16 << 10
	minPause   = time.Second
	maxPause   = 24 * time.Hour
	maxConcept = 50
)

// schemes says which addresses a kind of source has.
var schemes = map[Kind][]string{
	FTP:  {"ftp", "ftps"},
	SFTP: {"sftp"},
	Feed: {"http", "https"},
	Mail: {"imap", "imaps"},
}

// check reports what is wrong with a source, and puts it into the form in which
// it is stored.
func (s *Service) check(src *Source, by Authority) error {
	src.Name = strings.TrimSpace(src.Name)
	if src.After == "" {
		src.After = Leave
	}
	for _, l := range []struct {
		field, value string
		most         int
	}{
		{"name", src.Name, maxName}, {"address", src.Address, maxLine}, {"user", src.User, maxLine},
		{"host_key", src.HostKey, maxLine}, {"pattern", src.Pattern, maxLine}, {"desk", src.Rules.Desk, maxName},
		{"credit_line", src.Rules.CreditLine, maxLine}, {"copyright_holder", src.Rules.CopyrightHolder, maxLine},
		{"copyright_notice", src.Rules.CopyrightNotice, maxNotice}, {"usage_terms", src.Rules.UsageTerms, maxNotice},
	} {
		if err := checkLine(l.field, l.value, l.most); err != nil {
			return err
		}
	}
	switch {
	case src.Name == "":
		return news.Errorf(news.Invalid, "name", "a source needs a name: readers see it where an item names no source of its own")
	case !slices.Contains(Kinds, src.Kind):
		return news.Errorf(news.Invalid, "kind", "%q is no kind of source: use one of %v", string(src.Kind), Kinds)
	case len(src.Secret) > maxSecret:
		return news.Errorf(news.TooLarge, "secret", "%d bytes are more than the %d allowed", len(src.Secret), maxSecret)
	case !slices.Contains([]After{Leave, Delete, Move}, src.After):
		return news.Errorf(news.Invalid, "after", "%q is not leave, delete or move", string(src.After))
	case src.After != Leave && (src.Kind == Feed || src.Kind == Push):
		return news.Errorf(news.Invalid, "after", "what comes by %s cannot be moved or deleted at its source", src.Kind)
	case src.Interval != 0 && (src.Interval < minPause || src.Interval > maxPause):
		return news.Errorf(news.Invalid, "interval", "%s is outside %s to %s; 0 lets the node choose", src.Interval, minPause, maxPause)
	case len(src.Rules.Subjects) > maxConcept:
		return news.Errorf(news.TooLarge, "subjects", "%d are more than the %d allowed", len(src.Rules.Subjects), maxConcept)
	}
	if _, err := path.Match(src.Pattern, ""); err != nil {
		return news.Errorf(news.Invalid, "pattern", "%q is no pattern of file names such as *.xml", src.Pattern)
	}
	if src.Rules.Language != "" {
		if _, err := language.Parse(src.Rules.Language); err != nil {
			return news.Errorf(news.Invalid, "language", "%q is not a BCP 47 language tag such as ar, ru or en-GB", src.Rules.Language)
		}
	}
	for _, c := range src.Rules.Subjects {
		if c.URI == "" && c.Name == "" && c.Literal == "" {
			return news.Errorf(news.Invalid, "subjects", "a subject needs a uri or a name")
		}
		if c.URI != "" {
			if err := news.ValidURI("subjects", c.URI); err != nil {
				return err
			}
		}
	}
	return s.checkAddress(src, by)
}

func checkLine(field, value string, most int) error {
	switch {
	case len(value) > most:
		return news.Errorf(news.TooLarge, field, "%d bytes are more than the %d allowed", len(value), most)
	case !utf8.ValidString(value) || strings.ContainsRune(value, 0):
		return news.Errorf(news.Invalid, field, "it is not valid UTF-8")
	case most < maxNotice && strings.ContainsAny(value, "\r\n"):
		return news.Errorf(news.Invalid, field, "it has more than one line")
	}
	return nil
}

func (s *Service) checkAddress(src *Source, by Authority) error {
	switch src.Kind {
	case Push:
		if src.Address != "" {
			return news.Errorf(news.Invalid, "address", "whoever pushes calls this node: leave the address empty")
		}
		return nil
	case Folder:
		if !filepath.IsAbs(src.Address) {
			return news.Errorf(news.Invalid, "address", "%q is not the whole path of a folder on the node's machine", src.Address)
		}
		src.Address = filepath.Clean(src.Address)
		if by != Shell && (s.folder == nil || !s.folder(src.Address)) {
			return news.Errorf(news.Forbidden, "address", "the operator has not opened this folder: it can be added on the node's machine with jisr source add, or listed under folders in jisr.json")
		}
		return nil
	}
	u, err := url.Parse(src.Address)
	if err != nil || !slices.Contains(schemes[src.Kind], u.Scheme) || u.Hostname() == "" {
		return news.Errorf(news.Invalid, "address", "the address of a source of the kind %s begins with %s", src.Kind, strings.Join(begin(src.Kind), " or "))
	}
	if u.User != nil {
		return news.Errorf(news.Invalid, "address", "write the user and the secret into their own fields: an address is shown to everyone who may see the source")
	}
	return nil
}

func begin(k Kind) []string {
	out := make([]string, len(schemes[k]))
	for i, scheme := range schemes[k] {
		out[i] = scheme + "://"
	}
	return out
}
