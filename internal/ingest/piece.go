package ingest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"path"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"jisr/internal/blob"
	"jisr/internal/format"
	"jisr/internal/format/mail"
	"jisr/internal/ledger"
	"jisr/internal/news"
	"jisr/internal/newsroom"
)

// MaxFile is the largest file that is taken, in bytes.
const MaxFile = 64 << 20

// Outcome is what became of an item of a file.
type Outcome string

// The outcomes.
const (
	Issued  Outcome = "issued"
	Drafted Outcome = "draft"   // it waits for review
	Skipped Outcome = "skipped" // nothing new in it
	Media   Outcome = "media"   // the file is an item's picture, or other medium
	Aside   Outcome = "aside"   // not taken, for people to look at
	Failed  Outcome = "failed"
)

// Piece is one item of a file on its way into the house.
type Piece struct {
	Item   *news.Item
	Name   string // of its file
	Desk   string // of a new item; empty for none
	Losses []string

	Outcome Outcome // empty until it is decided
	Act     news.Act
	Version int    // by this house's count
	Index   int64  // in this node's ledger
	Draft   string // id
	Reason  string // why there is no item of it
	Err     error

	arrival *Arrival
	edition edition
	content string    // digest of the item as it was read
	awaits  []string  // files that it names and that are not here yet
	until   time.Time // how long it waits for them
	used    []string  // arrivals that are its media
}

// stops reports whether the item's sender stops its use.
func (p *Piece) stops() bool {
	return p.Item.PubStatus == news.Canceled || p.Item.PubStatus == news.Withheld
}

// ReadFile reads a file and keeps the files that came in it. A file of many
// items can have good ones beside one that was refused; then it returns both.
func (s *Service) ReadFile(ctx context.Context, data []byte, name string) (pieces []*Piece, read format.Result, err error) {
	read, err = readSafely(data, path.Base(name))
	if kept := s.keepAttachments(ctx, read.Attachments); kept != nil {
		return nil, read, kept
	}
	for i, it := range read.Items {
		p := &Piece{Item: it, Name: name}
		if i == 0 {
			for _, l := range read.Losses {
				p.Losses = append(p.Losses, l.String())
			}
		}
		pieces = append(pieces, p)
		for _, order := range orders(it) {
			pieces = append(pieces, &Piece{Item: order, Name: name})
		}
	}
	return pieces, read, err
}

// orders returns what a note to editors, which is an item by itself, says about
// another item: that it is killed or withheld. So agencies do it whose format
// has no way to send the killed item again (NITF, docdata's
// management-doc-idref).
func orders(it *news.Item) []*news.Item {
	var out []*news.Item
	for i := range it.Associations {
		a := &it.Associations[i]
		if a.Representation != "partial" || a.URI == "" || a.URI == it.URI || a.PubStatus != news.Canceled && a.PubStatus != news.Withheld {
			continue
		}
		out = append(out, &news.Item{URI: a.URI, Type: news.Text, Language: it.Language, PubStatus: a.PubStatus,
			EdNote: it.EdNote, VersionCreated: it.VersionCreated})
	}
	return out
}

// readSafely turns a panic of a reader into a refusal of the file: one bad file
// must not end the process that takes all the others.
func readSafely(data []byte, name string) (res format.Result, err error) {
	defer func() {
		if v := recover(); v != nil {
			res = format.Result{}
			err = news.Errorf(news.Invalid, "", "the file cannot be read: please report it with the file").Because(fmt.Errorf("panic: %v", v))
		}
	}()
	return format.Read(data, name)
}

// keepAttachments stores the files that came in a file, which its items name by
// digest.
func (s *Service) keepAttachments(ctx context.Context, files []mail.Attachment) error {
	for _, f := range files {
		if s.blobs.Has(f.Digest) {
			continue
		}
		if _, err := s.blobs.Put(ctx, bytes.NewReader(f.Bytes), blob.Expect{Digest: f.Digest}); err != nil {
			return fmt.Errorf("keep %s: %w", f.Name, err)
		}
	}
	return nil
}

// Beside returns the file of the name beside an item's; NotFound if there is
// none.
type Beside func(ctx context.Context, name string) (blob.Info, error)

// Prepare notes which of its sender's versions the item is and takes over its
// media. It fails if the item cannot be issued as it is.
func (s *Service) Prepare(ctx context.Context, p *Piece, beside Beside) error {
	if err := s.identify(p); err != nil {
		return err
	}
	return s.ready(ctx, p, beside)
}

// identify computes the item's digest and edition, and names it if its sender
// did not.
func (s *Service) identify(p *Piece) (err error) {
	if p.content, err = digestOf(p.Item); err != nil {
		return err
	}
	p.edition = editionOf(p.Item, p.content)
	if p.Item.URI != "" && !utf8.ValidString(p.Item.URI) {
		return news.Errorf(news.Invalid, "uri", "the item's URI is not valid UTF-8: check the sender's charset")
	}
	if p.Item.URI != "" {
		return news.ValidURI("uri", p.Item.URI)
	}
	// The same file again must be the same item again.
	p.Item.URI = fmt.Sprintf("tag:%s,%d:import/%s", s.origin, s.now().UTC().Year(), p.edition.digest[len("sha256:"):][:32])
	return nil
}

// ready makes the item fit to be issued.
func (s *Service) ready(ctx context.Context, p *Piece, beside Beside) error {
	if p.Item.Headline() == "" {
		p.Item.Title = path.Base(p.Name) // a picture that says nothing of itself
	}
	p.edition.mark(p.Item)
	if err := s.takeRenditions(ctx, p, p.Item, beside); err != nil {
		return err
	}
	return p.Item.Validate(s.now())
}

// takeRenditions finds the media files that the item's renditions name by a
// relative path. Of media that are elsewhere the item keeps the link; a digest of
// bytes that this node does not have is left out, because the ledger commits only
// to what it can show.
func (s *Service) takeRenditions(ctx context.Context, p *Piece, it *news.Item, beside Beside) error {
	for i := range it.Renditions {
		r := &it.Renditions[i]
		if err := s.takeRendition(ctx, p, r, beside); err != nil {
			return err
		}
		if r.Digest != "" && !s.blobs.Has(r.Digest) {
			p.lose("rendition %s: its file is not here, so the digest was left out", r.Name)
			r.Digest = ""
		}
	}
	for i := range it.Associations {
		if err := s.takeRenditions(ctx, p, &it.Associations[i], beside); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) takeRendition(ctx context.Context, p *Piece, r *news.Rendition, beside Beside) error {
	name := relative(r.Href)
	if name == "" || beside == nil {
		return nil
	}
	got, err := beside(ctx, name)
	if news.KindOf(err) == news.NotFound {
		p.lose("rendition %s: there is no %s beside the item; receivers get the bare link", r.Name, name)
		return nil
	}
	if err != nil {
		return err
	}
	if r.Digest != "" && r.Digest != got.Digest {
		return news.Errorf(news.Invalid, "renditions", "the bytes of %s are those of %s, not of %s as the item says", name, got.Digest, r.Digest)
	}
	r.Digest, r.SizeInBytes = got.Digest, got.Size
	return nil
}

// relative returns the path of an address that leads to a file beside the item,
// or "". Nothing leads out of the folder.
func relative(href string) string {
	u, err := url.Parse(href)
	if err != nil || u.Scheme != "" || u.Host != "" || u.Path == "" {
		return ""
	}
	if name := path.Clean(u.Path); local(name) {
		return name
	}
	return ""
}

// local reports whether the cleaned path stays where it is, on every system.
func local(name string) bool {
	return name != "." && name != ".." && !strings.HasPrefix(name, "/") && !strings.HasPrefix(name, "../") &&
		!strings.ContainsAny(name, `\:`) && strings.IndexFunc(name, unicode.IsControl) < 0
}

func (p *Piece) lose(format string, args ...any) {
	p.Losses = append(p.Losses, fmt.Sprintf(format, args...))
}

// Refuse notes why there will be no item of the piece.
func (p *Piece) Refuse(err error) {
	p.Outcome, p.Err = Failed, err
	p.Reason = plain(err)
}

func (p *Piece) skip(why string) { p.Outcome, p.Reason = Skipped, why }

func (p *Piece) setAside(why string) { p.Outcome, p.Reason = Aside, why }

// plain is what a person is told of an error: not its cause.
func plain(err error) string {
	var e *news.Error
	switch {
	case !errors.As(err, &e):
		return err.Error()
	case e.Field == "":
		return e.Message
	}
	return e.Field + ": " + e.Message
}

const (
	actsAtOnce = 500 // items whose acts share a transaction
	attempts   = 3   // at an item that others issue at the same moment
)

// Issue performs what the pieces call for, in their sender's order: a new item is
// published; a known one is updated, corrected, put on hold or killed, and
// nothing is done for a version that is here or older. A piece that is refused
// does not stop the others; the error is why it cannot go on at all.
func (s *Service) Issue(ctx context.Context, pieces []*Piece, actor ledger.Actor) error {
	inSendersOrder(pieces)
	for len(pieces) > 0 {
		n := min(len(pieces), actsAtOnce)
		if err := s.issueMany(ctx, pieces[:n], actor, s.direct); err != nil {
			return err
		}
		pieces = pieces[n:]
	}
	return nil
}

// planner says which acts a piece calls for, given what is known of its item. It
// settles the piece if there are none.
type planner func(p *Piece, k *known) []news.Act

// direct is the planner of items that are issued at once.
func (s *Service) direct(p *Piece, k *known) []news.Act {
	acts, why, err := decide(k, p.Item, p.edition, p.content)
	switch {
	case err != nil:
		p.Refuse(err)
	case len(acts) == 0:
		p.skip(why)
	}
	return acts
}

// issueMany plans all pieces over one reading of what is known and performs
// their acts in one transaction. Those that others were faster with are planned
// anew, one by one.
func (s *Service) issueMany(ctx context.Context, pieces []*Piece, actor ledger.Actor, plan planner) error {
	all, err := s.heads(ctx, pieces)
	if err != nil {
		return err
	}
	var acts []newsroom.Issue
	var owners []*Piece
	for _, p := range pieces {
		if p.Outcome != "" || p.Item == nil {
			continue
		}
		k := all[p.Item.URI]
		planned := plan(p, k)
		for _, a := range s.issues(p, planned, k, actor) {
			acts, owners = append(acts, a), append(owners, p)
		}
		k.after(planned, p.edition, p.content)
	}
	if len(acts) == 0 {
		return nil
	}
	issued, refused, err := s.newsroom.IssueEach(ctx, acts)
	if err != nil {
		return err
	}
	var again []*Piece
	for i, p := range owners {
		switch {
		case refused[i] == nil:
			p.issued(acts[i].Act, issued[i])
		case changedMeanwhile(refused[i]):
			if len(again) == 0 || again[len(again)-1] != p {
				again = append(again, p)
			}
		default:
			p.Refuse(refused[i])
		}
	}
	for _, p := range again {
		if err := s.issueOne(ctx, p, actor, plan); err != nil {
			return err
		}
	}
	return nil
}

// issueOne plans and performs one piece, as often as another is faster.
func (s *Service) issueOne(ctx context.Context, p *Piece, actor ledger.Actor, plan planner) error {
	for try := 1; ; try++ {
		p.Outcome, p.Reason, p.Err = "", "", nil
		all, err := s.heads(ctx, []*Piece{p})
		if err != nil {
			return err
		}
		k := all[p.Item.URI]
		acts := s.issues(p, plan(p, k), k, actor)
		if len(acts) == 0 {
			return nil
		}
		issued, refused, err := s.newsroom.IssueEach(ctx, acts)
		if err != nil {
			return err
		}
		done := true
		for i := range acts {
			switch {
			case refused[i] == nil:
				p.issued(acts[i].Act, issued[i])
			case changedMeanwhile(refused[i]) && try < attempts:
				done = false
			default:
				p.Refuse(refused[i])
			}
		}
		if done {
			return nil
		}
	}
}

func changedMeanwhile(err error) bool {
	k := news.KindOf(err)
	return k == news.Conflict || k == news.NotFound
}

func (p *Piece) issued(act news.Act, out *newsroom.Issued) {
	p.Outcome, p.Act, p.Version, p.Index = Issued, act, out.Version, out.Index
}

// issues makes the newsroom's acts out of the planned ones.
func (s *Service) issues(p *Piece, planned []news.Act, k *known, actor ledger.Actor) []newsroom.Issue {
	out := make([]newsroom.Issue, len(planned))
	for i, act := range planned {
		out[i] = newsroom.Issue{Act: act, Item: p.Item, Desk: p.Desk, Reason: reasonFor(act, p.Item), Actor: actor}
		if k.version > 0 {
			out[i].Expect = k.version + i
		}
	}
	return out
}

// heads reads what is known of the items of the pieces, by URI.
func (s *Service) heads(ctx context.Context, pieces []*Piece) (map[string]*known, error) {
	all := map[string]*known{}
	var uris []string
	for _, p := range pieces {
		if p.Outcome != "" || p.Item == nil || all[p.Item.URI] != nil {
			continue
		}
		all[p.Item.URI] = &known{}
		uris = append(uris, p.Item.URI)
	}
	found, err := s.newsroom.Heads(ctx, uris)
	if err != nil {
		return nil, err
	}
	for uri, h := range found {
		all[uri] = knownOf(h)
	}
	return all, nil
}
