package web

import (
	"maps"
	"slices"
	"strings"

	"jisr/internal/exchange"
	"jisr/internal/ledger"
	"jisr/internal/news"
	"jisr/internal/newsroom"
	"jisr/internal/people"
	"jisr/internal/web/prose"
	"jisr/internal/web/view"
)

func (s *Site) item(q *request) error { return s.showItem(q, 0, nil) }

func (s *Site) itemVersion(q *request) error { return s.showItem(q, int(q.number("version")), nil) }

// showItem shows the item, or an earlier version of it.
func (s *Site) showItem(q *request, version int, failed error) error {
	origin, uri := q.item()
	found, err := s.newsroom.Item(q.Context(), origin, uri, q.embargoed())
	if err != nil {
		return err
	}
	v := view.Item{V: found}
	if version != 0 && version != found.Version {
		if found.Item, err = s.newsroom.VersionItem(q.Context(), origin, uri, version, q.embargoed()); err != nil {
			return err
		}
		v.Old = version
	}
	v.Shell = q.shell("wire", found.Item.Headline(), failed)
	if v.Shell.Concepts, err = s.concepts(q, found.Item); err != nil {
		return err
	}
	v.Body = s.sanitizer.HTML(found.Item.Body())
	v.Dateline = s.dateline(found.Item)
	if v.Media, err = s.mediaOf(q, found); err != nil {
		return err
	}
	v.Acts = actsOn(q, &found.Line)
	if v.Issuer, err = s.directory.profile(q.Context(), s, origin); err != nil {
		return err
	}
	if v.Uses, err = s.mayUse(q, v.Shell, &found.Line); err != nil {
		return err
	}
	if v.Proof, err = s.proof(q, found, v.Old); err != nil {
		return err
	}
	if found.Own && found.Status != news.StatusUsable {
		v.Reached = reached(found)
	}
	return q.render(view.ItemPage(v), failed)
}

// dateline is the place-and-date line: the sender's, else one from place and
// date in the item's language.
func (s *Site) dateline(it *news.Item) string {
	if it.Dateline != "" || it.Located == "" {
		return it.Dateline
	}
	base, _, _ := strings.Cut(strings.ToLower(it.Language), "-")
	l, created := s.catalog.Language(base), it.FirstCreated
	if l == nil || created.IsZero() {
		return it.Located
	}
	return it.Located + l.T("list.comma") + l.Day(created.In(s.zone))
}

// actsOn lists the acts that the reader may perform on the item now.
func actsOn(q *request, l *newsroom.Line) []news.Act {
	var out []news.Act
	for _, a := range news.Acts {
		if l.Own && q.can(permissionFor(a)) && a.Allowed(true, l.Status) == nil {
			out = append(out, a)
		}
	}
	return out
}

// permissionFor is what performing the act needs.
func permissionFor(a news.Act) people.Permission {
	switch a {
	case news.Correction:
		return people.Correct
	case news.Hold, news.Release:
		return people.Hold
	case news.Kill:
		return people.Kill
	}
	return people.Publish
}

// mayUse answers for each purpose whether this house may use the item.
func (s *Site) mayUse(q *request, sh view.Shell, l *newsroom.Line) ([]view.Permit, error) {
	var out []view.Permit
	for _, purpose := range []exchange.Purpose{exchange.ToPublish, exchange.ToTranslate, exchange.ToEdit, exchange.ToForward} {
		d, err := s.exchange.MayUse(q.Context(), l.Position, l.Blocked, l.Expires, purpose)
		if err != nil {
			return nil, err
		}
		p := view.Permit{Purpose: string(purpose), Answer: string(d.Answer)}
		key := "why." + string(d.Because)
		if purpose == exchange.ToPublish && d.Credit != "" {
			key, p.Term = "why.credit", d.Credit
		}
		p.Why = q.T(key, "org", sh.Name(l.Origin), "time", q.Full(sh.Local(d.Until)))
		out = append(out, p)
	}
	return out, nil
}

// proof says what the ledger proves of the version: nil where the mirror is
// still catching up.
func (s *Site) proof(q *request, found *newsroom.View, old int) (*view.Proof, error) {
	index, hash := found.Index, ""
	for _, one := range found.Versions {
		if one.Version == found.Version && old == 0 || one.Version == old {
			index, hash = one.Index, one.Hash
		}
	}
	inclusion, err := s.ledger.Prove(q.Context(), found.Origin, index)
	if kind := news.KindOf(err); kind == news.Unavailable || kind == news.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	keys, err := s.ledger.Keys(q.Context(), found.Origin)
	if err != nil {
		return nil, err
	}
	cp, err := ledger.ParseCheckpoint(found.Origin, inclusion.Checkpoint, keys...)
	if err != nil {
		return nil, err
	}
	p := &view.Proof{Index: index, Size: cp.Size, Root: cp.Root.String(), Hash: hash}
	p.Witnesses, err = s.witnesses(q, cp)
	return p, err
}

// witnesses returns who cosigned the checkpoint, as far as we know their keys:
// a line that nobody here can verify proves nothing.
func (s *Site) witnesses(q *request, cp *ledger.Checkpoint) ([]view.Witness, error) {
	_, signatures, _ := strings.Cut(string(cp.Note), "\n\n")
	var out []view.Witness
	for line := range strings.SplitSeq(signatures, "\n") {
		name, _, _ := strings.Cut(strings.TrimPrefix(line, "— "), " ")
		if name == "" || name == cp.Origin {
			continue
		}
		keys, err := s.ledger.Keys(q.Context(), name)
		if err != nil {
			return nil, err
		}
		for _, key := range keys {
			if c, err := ledger.VerifyCosignature(line, key, cp); err == nil {
				out = append(out, view.Witness{Name: c.Witness, At: c.At})
				break
			}
		}
	}
	return out, nil
}

// reached lists which partners applied and confirmed a stop of ours.
func reached(found *newsroom.View) []view.Reached {
	applied, confirmed := newsroom.ReachedBy(found)
	var out []view.Reached
	for _, origin := range slices.Sorted(maps.Keys(applied)) {
		out = append(out, view.Reached{Origin: origin, Applied: applied[origin], Confirmed: confirmed[origin]})
	}
	return out
}

func (s *Site) reportUse(q *request) error {
	origin, uri := q.item()
	use := news.UseBody{Act: news.UseAct(q.FormValue("use")), Issuer: origin, Where: q.text("where")}
	if _, err := s.newsroom.ReportUse(q.Context(), use, uri, q.caller.Actor(people.ReportUse)); err != nil {
		return s.showItem(q, 0, err)
	}
	return q.redirect(view.ItemLink("/item", origin, uri), "use")
}

func (s *Site) changes(q *request) error {
	origin, uri := q.item()
	found, err := s.newsroom.Item(q.Context(), origin, uri, q.embargoed())
	if err != nil {
		return err
	}
	v := view.Changes{Origin: origin, URI: uri, Language: found.Item.Language, Versions: found.Versions}
	v.From, v.To = pick(found.Versions, int(q.number("from"))), pick(found.Versions, int(q.number("to")))
	old, err := s.newsroom.VersionItem(q.Context(), origin, uri, v.From.Version, q.embargoed())
	if err != nil {
		return err
	}
	new, err := s.newsroom.VersionItem(q.Context(), origin, uri, v.To.Version, q.embargoed())
	if err != nil {
		return err
	}
	v.Shell = q.shell("wire", q.T("title.changes"), nil)
	compare(&v, old, new)
	return q.render(view.ChangesPage(v), nil)
}

// pick returns the version of the number, or the newest.
func pick(versions []newsroom.Version, number int) newsroom.Version {
	for _, v := range versions {
		if v.Version == number {
			return v
		}
	}
	if len(versions) == 0 {
		return newsroom.Version{}
	}
	return versions[len(versions)-1]
}

// compare fills in what differs between two versions.
func compare(v *view.Changes, old, new *news.Item) {
	v.Headline = prose.Diff(old.Headline(), new.Headline())
	v.Summary = prose.Diff(old.Summary(), new.Summary())
	v.Body = prose.DiffTexts(prose.Plain(old.Body()), prose.Plain(new.Body()))
	v.Nothing = !v.Headline.Changed() && !v.Summary.Changed() && !slices.ContainsFunc(v.Body, prose.Paragraph.Changed)
	for _, f := range []struct{ key, old, new string }{
		{"slugline", old.Slugline, new.Slugline}, {"by", old.By, new.By}, {"located", old.Located, new.Located},
		{"dateline", old.Dateline, new.Dateline}, {"usage", old.UsageTerms, new.UsageTerms},
	} {
		if f.old != f.new {
			v.Fields = append(v.Fields, view.FieldChange{Key: f.key, Pieces: prose.Diff(f.old, f.new)})
		}
	}
}
