package newsroom

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/oklog/ulid/v2"

	"jisr/internal/db"
	"jisr/internal/format/ninjs"
	"jisr/internal/ledger"
	"jisr/internal/news"
)

// Issue is an act on an item of this organisation.
type Issue struct {
	Act    news.Act
	Item   *news.Item // the new version; for hold, release and kill only its URI is read
	Desk   string     // of the item; empty keeps the one it had
	Reason string     // told to every receiver; required by some acts; must name no person
	Actor  ledger.Actor
	Draft  string // the draft that becomes of record, and is then deleted; may be empty
	Expect int    // the version that the editor saw; 0 for any
}

// Issued says where an act landed in the record.
type Issued struct {
	Origin   string `json:"origin"`
	URI      string `json:"uri"`
	Version  int    `json:"version"`
	Position int64  `json:"position"`
	Index    int64  `json:"index"`
	Hash     string `json:"hash"`
}

// maxReason is the longest reason in bytes.
const maxReason = 2000

// head is the newest issued version of an own item.
type head struct {
	exists  bool
	version int
	status  news.Status
	desk    string
	hash    string
	content ledger.Hash
}

// Issue performs the act and returns when it is of record and durable. It fails
// with Invalid when the item or the reason is wrong, and with Conflict when the
// act may not follow the item's status or another editor was faster.
func (s *Service) Issue(ctx context.Context, in Issue) (*Issued, error) {
	if err := s.prepare(&in); err != nil {
		return nil, err
	}
	out := &Issued{Origin: s.ledger.Origin(), URI: in.Item.URI}
	appended, err := s.ledger.Append(ctx, func(ctx context.Context, tx *db.Tx, a *ledger.Appender) error {
		return s.issue(ctx, tx, a, in, out)
	})
	if err != nil {
		return nil, err
	}
	out.Position, out.Index = appended.Positions[0], appended.Indexes[0]
	return out, nil
}

// IssueAll performs many acts, as an import does, in as few transactions as the
// ledger allows. It stops at the first failure; what was issued stays.
func (s *Service) IssueAll(ctx context.Context, acts []Issue) ([]*Issued, error) {
	out := make([]*Issued, len(acts))
	for i := range acts {
		if err := s.prepare(&acts[i]); err != nil {
			return nil, fmt.Errorf("item %d: %w", i+1, err)
		}
		out[i] = &Issued{Origin: s.ledger.Origin(), URI: acts[i].Item.URI}
	}
	appended, err := s.ledger.Append(ctx, func(ctx context.Context, tx *db.Tx, a *ledger.Appender) error {
		for i := range acts {
			if err := s.issue(ctx, tx, a, acts[i], out[i]); err != nil {
				return fmt.Errorf("item %d: %w", i+1, err)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for i := range out {
		out[i].Position, out[i].Index = appended.Positions[i], appended.Indexes[i]
	}
	return out, nil
}

// prepare checks what can be checked without the item's head.
func (s *Service) prepare(in *Issue) error {
	if in.Item == nil {
		return news.Errorf(news.Invalid, "item", "there is no item to %s", in.Act)
	}
	if in.Reason = strings.TrimSpace(in.Reason); in.Reason == "" && in.Act.NeedsReason() {
		return news.Errorf(news.Invalid, "reason", "say why: every receiver is told with the %s", in.Act)
	}
	if len(in.Reason) > maxReason {
		return news.Errorf(news.TooLarge, "reason", "%d bytes are more than the %d allowed", len(in.Reason), maxReason)
	}
	it := *in.Item
	in.Item = &it
	if it.URI == "" {
		it.URI = fmt.Sprintf("tag:%s,%d:%s", s.ledger.Origin(), s.now().Year(), ulid.Make())
	}
	if in.Act == news.Hold || in.Act == news.Release || in.Act == news.Kill {
		return news.ValidURI("uri", it.URI)
	}
	if in.Act == news.Publish && it.PubStatus == news.Canceled {
		return news.Errorf(news.Conflict, "pubStatus", "its sender killed this item: if it may be used after all, take its status canceled off")
	}
	if it.Type == "" {
		it.Type = news.Text
	}
	if it.Headline() == "" {
		return news.Errorf(news.Invalid, "headline", "an item needs a headline before others can be sent it")
	}
	for _, d := range it.Digests() {
		if !s.media.Has(d) {
			return news.Errorf(news.Invalid, "renditions", "the media %s is not on this node yet: upload it first", d)
		}
	}
	return it.Validate(s.now())
}

// issue writes one act into the append under way.
func (s *Service) issue(ctx context.Context, tx *db.Tx, a *ledger.Appender, in Issue, out *Issued) error {
	h, err := readHead(ctx, tx, in.Item.URI)
	if err != nil {
		return err
	}
	next, err := s.perform(ctx, tx, a, in, h, out)
	if err != nil {
		return err
	}
	if err := writeHead(ctx, tx, in.Item.URI, next); err != nil {
		return err
	}
	if in.Draft == "" {
		return nil
	}
	// Of two who issue one draft at once, one does: a new item has no version by
	// which the second would be noticed.
	return one(ctx, tx, news.Errorf(news.Conflict, "draft", "this draft was issued or deleted meanwhile"),
		`DELETE FROM draft WHERE id = $1`, in.Draft)
}

// perform adds the entry of an act on an item with the head, and returns the
// item's next one. What it refuses leaves nothing behind.
func (s *Service) perform(ctx context.Context, tx *db.Tx, a *ledger.Appender, in Issue, h head, out *Issued) (next head, err error) {
	if err := in.Act.Allowed(h.exists, h.status); err != nil {
		return head{}, err
	}
	if in.Expect != 0 && in.Expect != h.version {
		return head{}, news.Errorf(news.Conflict, "version", "version %d was issued meanwhile; look at it before you go on", h.version)
	}
	if in.Desk == "" {
		in.Desk = h.desk
	}
	it, err := s.version(ctx, tx, a, in, h)
	if err != nil {
		return head{}, err
	}
	if it.DerivedFrom, err = s.sources(ctx, tx, it.DerivedFrom); err != nil {
		return head{}, err
	}
	content, err := ninjs.Write(it)
	if err != nil {
		return head{}, fmt.Errorf("write %s: %w", it.URI, err)
	}
	hash, err := a.Add(ledger.Draft{
		Kind: ledger.KindItem, Actor: in.Actor, Ref: it.URI, Prev: h.hash, Content: content, Media: it.Digests(),
		Body: news.ItemBody{Act: in.Act, Version: h.version + 1, Reason: in.Reason, Label: news.LabelOf(it, in.Desk)},
	})
	if err != nil {
		return head{}, err
	}
	out.Version, out.Hash = h.version+1, hash.String()
	return head{exists: true, version: out.Version, status: in.Act.After(), desk: in.Desk, hash: out.Hash, content: ledger.Sum(content)}, nil
}

// version makes the item's next version out of what the editor gave and what
// the act means.
func (s *Service) version(ctx context.Context, tx *db.Tx, a *ledger.Appender, in Issue, h head) (*news.Item, error) {
	it := in.Item
	switch in.Act {
	case news.Hold, news.Release, news.Kill:
		b, err := a.Latest(ctx, tx, ledger.KindItem, in.Item.URI, h.content)
		if err != nil {
			return nil, err
		}
		if it, _, err = ninjs.Read(b); err != nil {
			return nil, fmt.Errorf("read the issued %s: %w", in.Item.URI, err)
		}
	}
	if in.Act == news.Kill {
		it = killNotice(it)
	}
	it.PubStatus = map[news.Act]news.PubStatus{news.Hold: news.Withheld, news.Kill: news.Canceled}[in.Act]
	if it.PubStatus == "" {
		it.PubStatus = news.Usable
	}
	if in.Act.NeedsReason() {
		it.EdNote = in.Reason
	}
	it.Signals = signals(in.Act)
	it.Version = strconv.Itoa(h.version + 1)
	it.VersionCreated = a.At()
	if it.FirstCreated.IsZero() {
		it.FirstCreated = a.At()
	}
	it.Standard = nil // the content is ours, in our own standard's words
	return it, nil
}

// sources says whose each source is, where the editor or the file left it open
// and exactly one issuer is known for the URI.
func (s *Service) sources(ctx context.Context, tx *db.Tx, from []news.Derivation) ([]news.Derivation, error) {
	out := slices.Clone(from)
	for i := range out {
		if out[i].Origin != "" {
			continue
		}
		var issuers int
		var issuer string
		err := tx.QueryRowContext(ctx, `SELECT count(*), coalesce(min(origin), '') FROM item WHERE uri = $1`, out[i].URI).Scan(&issuers, &issuer)
		if err != nil {
			return nil, fmt.Errorf("look for the source %s: %w", out[i].URI, err)
		}
		if issuers == 1 {
			out[i].Origin = issuer
		}
	}
	return out, nil
}

// killNotice is what remains of a killed item: enough to recognise it, none of
// what must not be used.
func killNotice(it *news.Item) *news.Item {
	return &news.Item{
		URI: it.URI, Type: it.Type, Language: it.Language, Slugline: it.Slugline, Headlines: it.Headlines,
		FirstCreated: it.FirstCreated, AltIDs: it.AltIDs, DerivedFrom: it.DerivedFrom,
		Subjects: it.Subjects, Places: it.Places, Embargoed: it.Embargoed, // the headline is still under it
	}
}

// signalBase is IPTC's controlled vocabulary of signals.
const signalBase = "http://cv.iptc.org/newscodes/signal/"

func signals(a news.Act) []news.Concept {
	code, ok := map[news.Act]string{news.Correction: "correction", news.Update: "update"}[a]
	if !ok {
		return nil
	}
	return []news.Concept{{URI: signalBase + code, Name: code}}
}

func readHead(ctx context.Context, q db.Queryer, uri string) (head, error) {
	h := head{exists: true}
	var content []byte
	err := q.QueryRowContext(ctx, `SELECT version, status, desk, hash, content FROM issued WHERE uri = $1`, uri).
		Scan(&h.version, &h.status, &h.desk, &h.hash, &content)
	if errors.Is(err, sql.ErrNoRows) {
		return head{}, nil
	}
	if err != nil {
		return head{}, fmt.Errorf("read the head of %s: %w", uri, err)
	}
	copy(h.content[:], content)
	return h, nil
}

func writeHead(ctx context.Context, tx *db.Tx, uri string, h head) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO issued (uri, version, status, desk, hash, content)
		VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (uri) DO UPDATE SET version = excluded.version,
		status = excluded.status, desk = excluded.desk, hash = excluded.hash, content = excluded.content
		WHERE excluded.version > issued.version`, uri, h.version, string(h.status), h.desk, h.hash, h.content[:])
	if err != nil {
		return fmt.Errorf("write the head of %s: %w", uri, err)
	}
	return nil
}
