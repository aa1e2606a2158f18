package ingest

import (
	"context"
	"encoding/json"
	"time"

	"jisr/internal/news"
)

// Kind is how news comes from a source.
type Kind string

// The kinds of source.
const (
	Folder Kind = "folder" // a folder of this machine that others write into
	FTP    Kind = "ftp"    // FTP or FTPS, polled
	SFTP   Kind = "sftp"   // polled
	Feed   Kind = "feed"   // RSS, Atom or JSON Feed over HTTP, polled or pushed by a WebSub hub
	Push   Kind = "push"   // the source calls POST /ingest/v1/{source}
	Mail   Kind = "mail"   // an IMAP mailbox, polled
)

// Kinds lists every kind in the order in which forms show them.
var Kinds = []Kind{Feed, Folder, SFTP, FTP, Mail, Push}

// Source is a place that news comes from, as people manage it.
type Source struct {
	ID       string // ULID
	Name     string // for staff, and where an item names no source of its own the source it discloses
	Kind     Kind
	Address  string // folder path, or URL: ftp:, ftps:, sftp:, http:, https:, imap:, imaps:; empty for push
	User     string
	Secret   string // password or, for SFTP, a private key in PEM; never shown again
	HostKey  string // SFTP: the server's key as in known_hosts, "ssh-ed25519 AAAA…"
	Pattern  string // of file names to take, as path.Match has it; empty for all
	After    After
	Interval time.Duration // between polls; 0 lets the node choose and adapt
	Active   bool
	Rules    Rules
	Created  time.Time
	Changed  time.Time
}

// After is what becomes of a file at its source once it is kept here.
type After string

// What can become of a taken file.
const (
	Leave  After = "leave"
	Delete After = "delete"
	Move   After = "move" // into the folder "taken" beside it
)

// Rules is what a source's items get and where they go. A default fills what an
// item lacks and never replaces what its sender wrote.
type Rules struct {
	Desk            string         `json:"desk,omitempty"`
	FolderDesk      bool           `json:"folder_desk,omitempty"` // the first folder of a file's path names its desk, where it is in one
	Subjects        []news.Concept `json:"subjects,omitempty"`    // added to each item
	Language        string         `json:"language,omitempty"`    // BCP 47
	CreditLine      string         `json:"credit_line,omitempty"`
	CopyrightHolder string         `json:"copyright_holder,omitempty"`
	CopyrightNotice string         `json:"copyright_notice,omitempty"`
	UsageTerms      string         `json:"usage_terms,omitempty"`
	Publish         bool           `json:"publish"` // issue at once; otherwise a draft waits for review
	// FetchMedia fetches pictures and other media that items name by address, so
	// that they are issued with their bytes; otherwise items keep the links.
	FetchMedia bool `json:"fetch_media,omitempty"`
}

// File is what a collector found at a source.
type File struct {
	// Key tells this file from every other of the source, also from an earlier
	// one of the same name: keeping a key again keeps nothing new.
	Key  string
	Name string // path at the source, with slashes
	Data []byte
	// Err says why the file could not be fetched, where coming again would not
	// help: it is too large, its name cannot be. The file is then kept without
	// Data, as an arrival that failed.
	Err error
}

// Keep stores a file durably and returns. Only then may the collector delete or
// move the original, or note it as seen.
type Keep func(ctx context.Context, f File) error

// Visit is one look at a source.
type Visit struct {
	Source *Source
	State  json.RawMessage // what Collect returned last; nil at the first visit
	Keep   Keep
}

// Visited is what a look at a source found.
type Visited struct {
	State json.RawMessage // for the next visit; stored after the files
	Next  time.Duration   // when the source itself said how soon to come again; 0 for no word
}

// Collector fetches what is new at sources of its kinds. It returns what it has
// even when it fails: State is then kept and the files before the failure count.
// Bounds on sizes, counts and times are its own; addresses inside private
// networks are refused unless Allow lists the host.
type Collector interface {
	Collect(ctx context.Context, v Visit) (Visited, error)
}

// Allow reports whether the operator listed the host.
type Allow func(host string) bool
