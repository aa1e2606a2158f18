package exchange

import (
	"testing"
	"time"

	"jisr/internal/db"
	"jisr/internal/ledger"
	"jisr/internal/news"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func TestFlowMatchesOnlyWhatItNames(t *testing.T) {
	item := news.Label{Type: news.Text, Language: "ar-EG", Desk: "science",
		Subjects: []string{"http://cv.iptc.org/newscodes/mediatopic/13000000", "stars"}, Places: []string{"Cairo"}}
	for name, tt := range map[string]struct {
		flow Flow
		want bool
	}{
		"everything":            {Flow{}, true},
		"its type":              {Flow{Types: []news.Type{news.Picture, news.Text}}, true},
		"another type":          {Flow{Types: []news.Type{news.Picture}}, false},
		"its desk":              {Flow{Desks: []string{"science"}}, true},
		"another desk":          {Flow{Desks: []string{"sport", "Science"}}, false},
		"its language":          {Flow{Languages: []string{"ar-EG"}}, true},
		"range of its language": {Flow{Languages: []string{"ru", "AR"}}, true},
		"prefix of its tag":     {Flow{Languages: []string{"a"}}, false},
		"longer than its tag":   {Flow{Languages: []string{"ar-EG-x"}}, false},
		"cut within a subtag":   {Flow{Languages: []string{"ar-E"}}, false},
		"another language":      {Flow{Languages: []string{"arz"}}, false},
		"one of its subjects":   {Flow{Subjects: []string{"moon", "stars"}}, true},
		"none of its subjects":  {Flow{Subjects: []string{"moon"}}, false},
		"its place":             {Flow{Places: []string{"Cairo"}}, true},
		"another place":         {Flow{Places: []string{"Moscow"}}, false},
		"all must hold":         {Flow{Languages: []string{"ar"}, Desks: []string{"sport"}}, false},
		"since before":          {Flow{Since: noon.Add(-time.Second)}, true},
		"since that moment":     {Flow{Since: noon}, true},
		"since after":           {Flow{Since: noon.Add(time.Second)}, false},
	} {
		if got := tt.flow.matches(&item, noon); got != tt.want {
			t.Errorf("%s: matches %v, want %v", name, got, tt.want)
		}
		tt.flow.Embargo = Deliver
		if tt.flow.all() && !tt.want {
			t.Errorf("%s: the flow says that it gives all", name)
		}
	}
	bare := news.Label{}
	for name, f := range map[string]Flow{"language": {Languages: []string{"ar"}}, "subject": {Subjects: []string{""}}, "type": {Types: []news.Type{news.Text}}} {
		if f.matches(&bare, noon) {
			t.Errorf("an item without a %s matches a flow that names one", name)
		}
	}
}

func TestTermsAreInForceFromTheirBeginningUntilTheirEnd(t *testing.T) {
	for name, tt := range map[string]struct {
		from, until time.Time
		want        bool
	}{
		"no limits":       {time.Time{}, time.Time{}, true},
		"begins now":      {noon, time.Time{}, true},
		"begins later":    {noon.Add(1), time.Time{}, false},
		"ends later":      {time.Time{}, noon.Add(1), true},
		"ends now":        {time.Time{}, noon, false},
		"between":         {noon.Add(-time.Hour), noon.Add(time.Hour), true},
		"over":            {noon.Add(-time.Hour), noon.Add(-time.Minute), false},
		"not yet, by far": {noon.AddDate(1, 0, 0), noon.AddDate(2, 0, 0), false},
	} {
		terms := &Terms{From: tt.from, Until: tt.until}
		if got := terms.inForce(noon); got != tt.want {
			t.Errorf("%s: in force %v, want %v", name, got, tt.want)
		}
	}
}

// history is a chain of item entries of one item, as the owner's ledger has them.
type history struct {
	act       news.Act
	language  string
	embargoed time.Time
	at        time.Time
}

func (h history) record(t *testing.T, index int64) *ledger.Record {
	body := mustJSON(t, news.ItemBody{Act: h.act, Version: int(index) + 1, Label: news.Label{Language: h.language, Embargoed: h.embargoed}})
	e := ledger.Entry{V: 1, Kind: ledger.KindItem, Origin: "a.example", At: h.at, Nonce: "00000000000000000000000000000000", Ref: "urn:x:1", Body: body}
	return &ledger.Record{Position: index + 1, Origin: "a.example", Own: true, Index: index, Kind: ledger.KindItem, Ref: "urn:x:1", Bytes: mustJSON(t, &e)}
}

// TestPartnerSeesAnItemAndItsStops has the last version of each history looked
// at by the partner at noon.
func TestPartnerSeesAnItemAndItsStops(t *testing.T) {
	morning, evening := noon.Add(-3*time.Hour), noon.Add(3*time.Hour)
	arabic := Flow{Languages: []string{"ar"}, Embargo: Deliver}
	arabicHeld := Flow{Languages: []string{"ar"}, Embargo: HoldBack}
	publish := history{act: news.Publish, language: "ar", at: morning}
	embargoed := history{act: news.Publish, language: "ar", at: morning, embargoed: evening}
	as := func(h history, act news.Act) history { h.act = act; return h }
	kill := history{act: news.Kill, language: "ar", at: noon} // its label has lost the embargo
	inForce := []period{{flow: arabic}}
	for name, tt := range map[string]struct {
		flows   []Flow
		periods []period
		chain   []history
		want    sight
	}{
		"given":                               {[]Flow{arabic}, inForce, []history{publish}, whole},
		"another language":                    {[]Flow{arabic}, inForce, []history{{act: news.Publish, language: "ru", at: noon}}, unseen},
		"nothing agreed":                      {nil, nil, []history{publish}, unseen},
		"embargo delivered":                   {[]Flow{arabic}, inForce, []history{embargoed}, whole},
		"embargo held back":                   {[]Flow{arabicHeld}, []period{{flow: arabicHeld}}, []history{embargoed}, unseen},
		"embargo over":                        {[]Flow{arabicHeld}, []period{{flow: arabicHeld}}, []history{{act: news.Publish, language: "ar", embargoed: morning}}, whole},
		"hold of an item held back":           {[]Flow{arabicHeld}, []period{{flow: arabicHeld}}, []history{embargoed, as(embargoed, news.Hold)}, unseen},
		"release of an item held back":        {[]Flow{arabicHeld}, []period{{flow: arabicHeld}}, []history{embargoed, as(embargoed, news.Hold), as(embargoed, news.Release)}, unseen},
		"kill of an item held back":           {[]Flow{arabicHeld}, []period{{flow: arabicHeld}}, []history{embargoed, kill}, unseen},
		"kill once the embargo was lifted":    {[]Flow{arabicHeld}, []period{{flow: arabicHeld}}, []history{embargoed, as(publish, news.Update), kill}, whole},
		"kill of what ended terms gave":       {nil, []period{{flow: arabic, ended: 2}}, []history{publish, kill}, whole},
		"kill of what came after the end":     {nil, []period{{flow: arabic, ended: 1}}, []history{publish, kill}, unseen},
		"kill of what expired terms gave":     {nil, []period{{flow: arabic, until: noon}}, []history{publish, kill}, whole},
		"kill of what came after expiry":      {nil, []period{{flow: arabic, until: morning}}, []history{publish, kill}, unseen},
		"kill of what was never given":        {nil, inForce, []history{{act: news.Publish, language: "ru", at: morning}, {act: news.Kill, language: "ru", at: noon}}, unseen},
		"update after the end":                {nil, []period{{flow: arabic, ended: 2}}, []history{publish, as(publish, news.Update)}, unseen},
		"hold that repeats what was given":    {nil, []period{{flow: arabic, ended: 2}}, []history{publish, as(publish, news.Hold)}, whole},
		"release after that":                  {nil, []period{{flow: arabic, ended: 2}}, []history{publish, as(publish, news.Hold), as(publish, news.Release)}, whole},
		"hold that repeats what was not":      {nil, []period{{flow: arabic, ended: 2}}, []history{publish, as(publish, news.Update), as(publish, news.Hold)}, entryOnly},
		"kill of what was changed afterwards": {nil, []period{{flow: arabic, ended: 2}}, []history{publish, as(publish, news.Update), kill}, entryOnly},
		"narrowed, then killed": {[]Flow{{Languages: []string{"ru"}, Embargo: Deliver}}, []period{{flow: arabic, ended: 2}, {flow: Flow{Languages: []string{"ru"}, Embargo: Deliver}}},
			[]history{publish, kill}, whole},
	} {
		t.Run(name, func(t *testing.T) {
			var records []*ledger.Record
			for i, h := range tt.chain {
				records = append(records, h.record(t, int64(i)))
			}
			last := len(records) - 1
			v := &view{partner: "b.example", origin: "a.example", now: noon, flows: tt.flows, periods: tt.periods,
				earlier: func(_ string, before int64) ([]*ledger.Record, error) { return records[:before], nil }}
			if got, err := v.sees(records[last]); err != nil || got != tt.want {
				t.Errorf("sees %v, %v; want %v", got, err, tt.want)
			}
		})
	}
}

func TestEntriesToOthersStayWithThem(t *testing.T) {
	v := &view{partner: "b.example", origin: "a.example", now: noon, all: true}
	for name, tt := range map[string]struct {
		kind ledger.Kind
		body any
		want sight
	}{
		"key":                    {ledger.KindKey, ledger.KeyBody{VKey: "x"}, whole},
		"removal":                {ledger.KindRemoval, struct{}{}, whole},
		"agreement with it":      {ledger.KindAgreement, agreementBody{Act: actOffer, To: "b.example"}, whole},
		"agreement with another": {ledger.KindAgreement, agreementBody{Act: actOffer, To: "c.example"}, unseen},
		"use of its item":        {ledger.KindUse, news.UseBody{Issuer: "b.example"}, whole},
		"use of another's":       {ledger.KindUse, news.UseBody{Issuer: "c.example"}, unseen},
		"a claim":                {ledger.KindClaim, struct{}{}, unseen},
		"a kind to come":         {"later", struct{}{}, unseen},
	} {
		e := ledger.Entry{V: 1, Kind: tt.kind, Origin: "a.example", At: noon, Nonce: "00000000000000000000000000000000", Body: mustJSON(t, tt.body)}
		r := &ledger.Record{Origin: "a.example", Own: true, Kind: tt.kind, Bytes: mustJSON(t, &e)}
		if got, err := v.sees(r); err != nil || got != tt.want {
			t.Errorf("%s: sees %v, %v; want %v", name, got, err, tt.want)
		}
	}
}

func TestMayUseAnswersByTheTermThatDecides(t *testing.T) {
	a, b := newHouse(t, db.SQLite, "a.example"), newHouse(t, db.SQLite, "b.example")
	meet(t, a, b)
	f := everything()
	f.Languages, f.Retention, f.Credit = []string{"ar"}, 10, "A / Example"
	id := agree(t, a, b, f)
	hour := time.Now().Add(time.Hour)
	indexes := map[string]int64{
		"given":     a.publish("urn:x:1", news.Publish, news.Label{Language: "ar"}),
		"embargoed": a.publish("urn:x:2", news.Publish, news.Label{Language: "ar", Embargoed: hour}),
		"killed":    a.publish("urn:x:3", news.Kill, news.Label{Language: "ar"}),
		"held":      a.publish("urn:x:4", news.Hold, news.Label{Language: "ar"}),
	}
	b.pull(a)
	own := b.publish("urn:x:own", news.Publish, news.Label{Language: "ru"})
	day := func(n int) time.Duration { return time.Duration(n) * 24 * time.Hour }
	ask := func(origin string, index int64, blocked news.Status, expires time.Time, p Purpose) *Decision {
		t.Helper()
		r, err := b.ledger.AtIndex(t.Context(), origin, index)
		if err != nil {
			t.Fatal(err)
		}
		d, err := b.MayUse(t.Context(), r.Position, blocked, expires, p)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	check := func(when string) {
		for name, tt := range map[string]struct {
			item    string
			blocked news.Status
			expires time.Time
			purpose Purpose
			ahead   time.Duration
			answer  Permission
			because Because
		}{
			"publish":            {"given", "", time.Time{}, ToPublish, 0, Yes, BecauseTerm},
			"translate":          {"given", "", time.Time{}, ToTranslate, 0, Yes, BecauseTerm},
			"edit":               {"given", "", time.Time{}, ToEdit, 0, Ask, BecauseTerm},
			"forward":            {"given", "", time.Time{}, ToForward, 0, No, BecauseTerm},
			"source killed":      {"given", news.StatusKilled, time.Time{}, ToPublish, 0, No, BecauseSource},
			"expired":            {"given", "", time.Now().Add(-1), ToPublish, 0, Ask, BecauseExpired},
			"kept too long":      {"given", "", time.Time{}, ToPublish, day(11), No, BecauseRetention},
			"kept within":        {"given", "", time.Time{}, ToPublish, day(9), Yes, BecauseTerm},
			"killed":             {"killed", "", time.Time{}, ToPublish, 0, No, BecauseKilled},
			"held":               {"held", "", time.Time{}, ToTranslate, 0, No, BecauseHeld},
			"embargoed":          {"embargoed", "", time.Time{}, ToPublish, 0, No, BecauseEmbargo},
			"embargo not quite":  {"embargoed", "", time.Time{}, ToPublish, 59 * time.Minute, No, BecauseEmbargo},
			"embargo over":       {"embargoed", "", time.Time{}, ToPublish, 61 * time.Minute, Yes, BecauseTerm},
			"killed and expired": {"killed", "", time.Now().Add(-1), ToPublish, day(11), No, BecauseKilled},
		} {
			b.ahead.Store(int64(tt.ahead))
			d := ask("a.example", indexes[tt.item], tt.blocked, tt.expires, tt.purpose)
			if d.Answer != tt.answer || d.Because != tt.because {
				t.Errorf("%s, %s: %s because %s, want %s because %s", when, name, d.Answer, d.Because, tt.answer, tt.because)
			}
			if d.Because == BecauseTerm && (d.Agreement != id || d.Credit != f.Credit) {
				t.Errorf("%s, %s: decided by %q with the credit %q", when, name, d.Agreement, d.Credit)
			}
		}
		b.ahead.Store(0)
	}
	check("in force")
	if d := ask("b.example", own, "", time.Time{}, ToForward); d.Answer != Yes || d.Because != BecauseOwn {
		t.Errorf("own item: %+v", d)
	}
	if err := b.End(t.Context(), id, "over", editor); err != nil {
		t.Fatal(err)
	}
	check("after the end") // what was received stays, under its terms
	foreign := a.publish("urn:x:foreign", news.Publish, news.Label{Language: "ru"})
	b.pull(a)
	b.shown(a) // as a wider agreement of the past might have
	if d := ask("a.example", foreign, "", time.Time{}, ToPublish); d.Answer != Ask || d.Because != BecauseNoAgreement {
		t.Errorf("an item that no terms give: %+v", d)
	}
}
