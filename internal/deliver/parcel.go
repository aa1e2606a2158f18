package deliver

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"io"
	"mime"
	"path"
	"strconv"
	"strings"
	"time"

	"jisr/internal/deliver/filename"
	"jisr/internal/format"
	"jisr/internal/ledger"
	"jisr/internal/news"
)

// parcel is a message with what is noted about it.
type parcel struct {
	message *Message
	format  string
	body    string // digest
	kept    bool   // the ledger holds the very same bytes
	losses  []Loss // what the format could not carry
	missing string // digest of media that are not here yet
}

// parcel makes the message of a delivery. One that was made before is made of
// the same bytes.
func (s *Service) parcel(ctx context.Context, d *Destination, t *task) (*parcel, error) {
	v, err := s.version(ctx, d, t)
	if err != nil {
		return nil, err
	}
	p := &parcel{format: d.Format, message: &Message{ID: t.id, Origin: t.item.Origin, URI: t.item.URI, Version: t.version, Act: t.act,
		Priority: urgent(t.act), Subject: subject(v.item, t.act), Entry: v.entry, Issued: v.issued}}
	if d.Kind == Callback {
		err = s.entryOf(ctx, d, v.item, t, p)
	} else {
		err = s.write(ctx, d, t, v.item, p)
	}
	if err != nil {
		return nil, err
	}
	p.body = ledger.Sum(p.message.Body).String()
	p.kept = p.body == v.content
	if d.Media && !t.act.StopsUse() {
		s.addMedia(v.item, p)
	}
	return p, nil
}

// version reads the version that a delivery is of, as it leaves. Nobody changes
// its item: other deliveries are made of it, too.
func (s *Service) version(ctx context.Context, d *Destination, t *task) (*leaving, error) {
	if v := s.pages.leaving(t.position); v != nil && !t.act.StopsUse() {
		return v, nil
	}
	r, err := s.Ledger.At(ctx, t.position)
	if err != nil {
		return nil, err
	}
	e, body, err := itemOf(r)
	if err != nil {
		return nil, err
	}
	it, err := s.outgoing(d, r, e, body)
	if err != nil {
		return nil, err
	}
	v := &leaving{item: it, entry: r.Hash().String(), issued: e.At}
	if r.Content != nil && r.Body != nil {
		v.content = r.Content.String()
	}
	if !t.act.StopsUse() { // what a stop says depends on whom it is said to
		s.pages.leaves(t.position, v, len(r.Body))
	}
	return v, nil
}

// leaving is a version of an item as it leaves.
type leaving struct {
	item    *news.Item
	entry   string // hash
	content string // digest of the content that the ledger holds; empty for none
	issued  time.Time
}

// outgoing is the item as it leaves: what the entry's act means is in it, for
// every format to write.
func (s *Service) outgoing(d *Destination, r *ledger.Record, e *ledger.Entry, body *news.ItemBody) (*news.Item, error) {
	it, err := contentOf(r, e, body)
	if err != nil {
		return nil, err
	}
	if it.Version == "" {
		it.Version = strconv.Itoa(body.Version)
	}
	if it.VersionCreated.IsZero() {
		it.VersionCreated = e.At
	}
	if body.Label.Embargoed.After(it.Embargoed) {
		it.Embargoed = body.Label.Embargoed
	}
	if body.Reason != "" && it.EdNote == "" {
		it.EdNote = body.Reason
	}
	switch body.Act {
	case news.Kill:
		it.PubStatus = news.Canceled
	case news.Hold:
		it.PubStatus = news.Withheld
	}
	if body.Act.StopsUse() {
		// Who has the item needs its name and the reason; what must not be used, or
		// not yet, is not sent again.
		it = notice(it, s.trusts(d, Item{r.Origin, e.Ref}) || !it.Embargoed.After(s.Now()))
	}
	return it, nil
}

// notice is what is said of an item that must not be used. Its words are left
// out while they are under an embargo that the destination never knew of.
func notice(it *news.Item, named bool) *news.Item {
	n := &news.Item{URI: it.URI, Type: it.Type, Version: it.Version, Language: it.Language, FirstCreated: it.FirstCreated,
		VersionCreated: it.VersionCreated, Embargoed: it.Embargoed, PubStatus: it.PubStatus, EdNote: it.EdNote, AltIDs: it.AltIDs,
		DerivedFrom: it.DerivedFrom, Urgency: it.Urgency, Signals: it.Signals}
	if named {
		n.Slugline, n.Headlines, n.Subjects, n.Places = it.Slugline, it.Headlines, it.Subjects, it.Places
	}
	return n
}

// subject is the line under which a mail goes out.
func subject(it *news.Item, act news.Act) string {
	line := it.Headline()
	if line == "" {
		line = it.URI
	}
	if word := map[news.Act]string{news.Kill: "KILL", news.Hold: "HOLD", news.Release: "RELEASE", news.Correction: "CORRECTION"}[act]; word != "" {
		line = word + ": " + line
	}
	if it.Embargoed.After(it.VersionCreated) && !act.StopsUse() {
		line = "EMBARGO: " + line
	}
	return strings.Join(strings.Fields(line), " ")
}

// write puts the item into the destination's format, or takes the bytes that
// were made of it before, and keeps them.
func (s *Service) write(ctx context.Context, d *Destination, t *task, it *news.Item, p *parcel) error {
	w, err := s.shape(d, it, t.position, p)
	if err != nil {
		return err
	}
	if t.body != "" && t.format == d.Format {
		b, err := s.body(ctx, t.body, t.position)
		if err == nil {
			p.message.Body = b
			p.message.Name = cmp.Or(t.name, p.message.Name)
			return json.Unmarshal([]byte(cmp.Or(string(t.losses), "null")), &p.losses)
		}
		if news.KindOf(err) != news.NotFound {
			return err
		}
	}
	p.message.Body = w.Data
	for _, l := range w.Losses {
		p.lose(l.Path, l.Reason)
	}
	return nil
}

// shape writes the item and fills in what the message says of it.
func (s *Service) shape(d *Destination, it *news.Item, position int64, p *parcel) (format.Written, error) {
	m := p.message
	w, err := s.pages.write(it, d.Format, position)
	if err != nil {
		return w, err
	}
	name, err := filename.Parse(d.FileName)
	if err != nil {
		return w, err
	}
	m.ContentType = contentType(d.Format, w.Data)
	m.Name = name.Name(&filename.File{Origin: m.Origin, URI: m.URI, Version: m.Version, Act: m.Act, Issued: m.Issued, Slugline: it.Slugline,
		Headline: it.Headline(), Language: it.Language, Urgency: it.Urgency, Ext: strings.TrimPrefix(w.Ext, ".")})
	if d.Kind != Mail {
		return w, nil
	}
	// People read a mail, whatever the file in it is.
	text, err := s.pages.write(it, "text", position)
	if err != nil {
		return w, err
	}
	page, err := s.pages.write(it, "html", position)
	m.Text, m.HTML = string(text.Data), string(page.Data)
	return w, err
}

// Loss is something of an item that the format of a delivery could not carry.
type Loss struct {
	Path   string `json:"path"`
	Reason string `json:"reason"`
}

// maxLosses bounds what is noted of one delivery.
const maxLosses = 50

func (p *parcel) lose(path, reason string) {
	if len(p.losses) < maxLosses {
		p.losses = append(p.losses, Loss{path, reason})
	}
}

// noted is the losses as they are stored.
func (p *parcel) noted() []byte {
	if len(p.losses) == 0 {
		return nil
	}
	b, err := json.Marshal(p.losses)
	if err != nil {
		return nil // strings always can be
	}
	return b
}

// contentType returns the media type of a written item; those of NewsML-G2 are
// registered by the kind of item.
func contentType(format string, data []byte) string {
	switch format {
	case "ninjs", "ninjs-1.4":
		return "application/json"
	case "newsml-g2":
		for _, kind := range []string{"packageItem", "conceptItem", "planningItem", "newsMessage"} {
			if bytes.Contains(data[:min(len(data), 200)], []byte("<"+kind)) {
				return "application/vnd.iptc.g2." + strings.ToLower(kind) + "+xml"
			}
		}
		return "application/vnd.iptc.g2.newsitem+xml"
	case "nitf":
		return "application/nitf+xml"
	case "html":
		return "text/html; charset=utf-8"
	}
	return "text/plain; charset=utf-8"
}

// addMedia adds the media files of the item, or names the first that is not
// here.
func (s *Service) addMedia(it *news.Item, p *parcel) {
	types := map[string]news.Rendition{}
	collectRenditions(it, types)
	for _, digest := range it.Digests() {
		if !s.Blobs.Has(digest) {
			p.missing = digest
			continue
		}
		r, size, err := s.Blobs.Open(digest)
		if err != nil {
			p.missing = digest
			continue
		}
		r.Close()
		of := types[digest]
		p.message.Media = append(p.message.Media, Media{Name: mediaName(digest, of), ContentType: of.ContentType, Digest: digest, Size: size,
			Open: func() (io.ReadCloser, error) { r, _, err := s.Blobs.Open(digest); return r, err }})
	}
}

func collectRenditions(it *news.Item, into map[string]news.Rendition) {
	for _, r := range it.Renditions {
		if _, seen := into[r.Digest]; !seen && r.Digest != "" {
			into[r.Digest] = r
		}
	}
	for i := range it.Associations {
		collectRenditions(&it.Associations[i], into)
	}
}

// mediaName names a file so that no two differ only by their bytes: a short
// digest, and what tells its type.
func mediaName(digest string, r news.Rendition) string {
	ext := strings.ToLower(path.Ext(r.OriginalFilename))
	if ext == "" && r.FileExt != "" {
		ext = "." + strings.ToLower(strings.TrimPrefix(r.FileExt, "."))
	}
	if ext == "" {
		if found, err := mime.ExtensionsByType(r.ContentType); err == nil && len(found) > 0 {
			ext = found[0]
		}
	}
	if strings.Trim(ext, ".abcdefghijklmnopqrstuvwxyz0123456789") != "" || len(ext) > 10 {
		ext = ""
	}
	return strings.TrimPrefix(digest, "sha256:")[:24] + ext
}
