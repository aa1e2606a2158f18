package ingest

import (
	"testing"

	"jisr/internal/db"
	"jisr/internal/db/dbtest"
	"jisr/internal/news"
)

const bridgeStory = `<nitf><head><title>Bridge toll raised</title><docdata><doc-id id-string="X-76" regsrc="hx"/><date.issue norm="20260228T120000Z"/></docdata></head>
<body><body.head><hedline><hl1>Bridge toll raised</hl1></hedline></body.head><body.content><p>The toll on the bridge doubles from Monday.</p></body.content></body></nitf>`

func TestNoteThatKillsAnotherItemKillsItIfItsSourceMay(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, nil)
		wire, other := h.source("wire", Push, nil), h.source("other", Push, &Rules{})
		uri := h.brings(wire, "76.xml", bridgeStory).Came[0].URI
		note := `<nitf uno="hx-77"><head><title>KILL: Bridge toll</title><docdata management-doc-idref="` + uri + `" management-idref-status="canceled">
			<date.issue norm="20260301T080000Z"/><ed-msg info="The toll was not raised."/></docdata></head><body><body.content><p>Do not use it.</p></body.content></body></nitf>`
		h.brings(other, "77.xml", note)
		if head := h.head(uri); head.Status != news.StatusUsable {
			t.Errorf("the note of a source that may not publish stopped %s: %s", uri, head.Status)
		}
		a := h.brings(wire, "77.xml", note)
		if head := h.head(uri); head.Status != news.StatusKilled {
			t.Errorf("the note did not kill %s: %s; %+v", uri, head.Status, a.Came)
		}
	})
}
