package charset_test

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"jisr/internal/format/charset"
	"jisr/internal/news"
)

const (
	russian = "Вчера в долине выпал первый снег. Дорожные службы вышли на работу в четыре часа утра, сообщил дежурный. «Перевал открыт для всех машин», — добавил он."
	arabic  = "أعلنت هيئة الأرصاد أن الأمطار ستستمر حتى مساء الخميس في المناطق الساحلية، ودعت السكان إلى متابعة النشرات."
	french  = "L'école du village a rouvert ses portes après la tempête. «Les élèves étaient très contents», a déclaré la maîtresse, âgée de trente ans, à côté du café."
	ukraine = "Учора в долині випав перший сніг. Дорожні служби почали працювати о четвертій ранку, повідомив її черговий; міст ще закрито."
	polish  = "Wczoraj w dolinie spadł pierwszy śnieg. Służby drogowe wyjechały o czwartej rano, powiedział dyżurny. Przełęcz jest już otwarta, ale trzeba jechać powoli."
)

func encoded(t testing.TB, enc encoding.Encoding, s string) []byte {
	t.Helper()
	b, err := encoding.ReplaceUnsupported(enc.NewEncoder()).Bytes([]byte(s))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestTextWithoutADeclarationIsReadInItsOwnCharset(t *testing.T) {
	for _, c := range []struct {
		name string
		enc  encoding.Encoding
		text string
	}{
		{"windows-1251", charmap.Windows1251, russian},
		{"koi8-r", charmap.KOI8R, strings.NewReplacer("«", `"`, "»", `"`, "—", "-").Replace(russian)},
		{"koi8-u", charmap.KOI8U, ukraine},
		{"iso-8859-5", charmap.ISO8859_5, strings.NewReplacer("«", `"`, "»", `"`, "—", "-").Replace(russian)},
		{"ibm866", charmap.CodePage866, strings.NewReplacer("«", `"`, "»", `"`, "—", "-").Replace(russian)},
		{"x-mac-cyrillic", charmap.MacintoshCyrillic, russian},
		{"windows-1256", charmap.Windows1256, arabic},
		{"iso-8859-6", charmap.ISO8859_6, arabic},
		{"windows-1252", charmap.Windows1252, french},
		{"macintosh", charmap.Macintosh, french},
		{"windows-1250", charmap.Windows1250, polish},
		{"windows-1251", charmap.Windows1251, strings.ToUpper(russian)},
		{"windows-1251", charmap.Windows1251, ukraine},
		{"koi8-r", charmap.KOI8R, strings.ToUpper(strings.NewReplacer("«", `"`, "»", `"`, "—", "-").Replace(russian))},
		{"windows-1251", charmap.Windows1251, "BC-RAIN " + russian[:60]},
	} {
		got, d := charset.Text(encoded(t, c.enc, c.text), "")
		if string(got) != c.text || d.Name != c.name {
			t.Errorf("%s: read as %s: %.90s", c.name, d.Name, got)
		}
		if len(d.Notes) != 1 || !strings.Contains(d.Notes[0], c.name) {
			t.Errorf("%s: notes %q", c.name, d.Notes)
		}
	}
}

func TestAWrongDeclarationIsCorrectedAndSaidSo(t *testing.T) {
	declare := func(label, text string, enc encoding.Encoding) []byte {
		return append([]byte(`<?xml version="1.0" encoding="`+label+`"?><p>`), encoded(t, enc, text+"</p>")...)
	}
	for _, c := range []struct {
		name string
		doc  []byte
		want string // charset
		text string
		note string
	}{
		{"8859-1 that is UTF-8", declare("ISO-8859-1", russian, unicode.UTF8), "utf-8", russian, "declared as iso-8859-1, but is UTF-8"},
		{"UTF-8 that is windows-1251", declare("UTF-8", russian, charmap.Windows1251), "windows-1251", russian, "declared as utf-8, but the letters are those of windows-1251"},
		{"UTF-8 that is windows-1256", declare("utf-8", arabic, charmap.Windows1256), "windows-1256", arabic, "those of windows-1256"},
		{"8859-1 that is windows-1251", declare("iso-8859-1", russian, charmap.Windows1251), "windows-1251", russian, "declared as iso-8859-1"},
		{"8859-1 that is windows-1256", declare("ISO-8859-1", arabic, charmap.Windows1256), "windows-1256", arabic, "declared as iso-8859-1"},
		{"windows-1251 that is KOI8-R", declare("windows-1251", strings.Trim(russian, "«»—"), charmap.KOI8R), "koi8-r", "", "declared as windows-1251"},
		{"1251 as declared", declare("windows-1251", russian, charmap.Windows1251), "windows-1251", russian, ""},
		{"MacRoman as declared", declare("macroman", french, charmap.Macintosh), "macintosh", french, ""},
		{"Latin 1 as declared", declare("iso-8859-1", french, charmap.ISO8859_1), "windows-1252", french, ""},
		{"Polish as declared", declare("windows-1250", polish, charmap.Windows1250), "windows-1250", polish, ""},
		{"Greek as declared", declare("iso-8859-7", "Χθες έπεσε το πρώτο χιόνι στην κοιλάδα", charmap.ISO8859_7), "iso-8859-7", "Χθες", ""},
		{"nothing, windows-1256", []byte("<p>" + string(encoded(t, charmap.Windows1256, arabic)) + "</p>"), "windows-1256", arabic, "no charset is declared"},
		{"UTF-8 with one broken letter", declare("utf-8", russian+"\xd0", encoding.Nop), "utf-8", russian, "1 bytes are not UTF-8"},
		{"UTF-16 without a mark", encoded(t, unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), "<p>"+russian+"</p>"), "utf-16", russian, "UTF-16"},
	} {
		text, d, err := charset.XML(c.doc)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if d.Name != c.want || !bytes.Contains(text, []byte(c.text)) {
			t.Errorf("%s: read as %s: %.120s", c.name, d.Name, text)
		}
		if note := strings.Join(d.Notes, "; "); !strings.Contains(note, c.note) || c.note == "" && note != "" {
			t.Errorf("%s: notes %q, want %q", c.name, d.Notes, c.note)
		}
	}
}

func TestXMLThatCannotBeDecidedIsRefusedWithTheLine(t *testing.T) {
	for _, c := range []struct{ name, doc, says string }{
		{"two letters", "<p>\n\xe9t\xe9</p>", "line 2: byte 4 (0xe9) is not UTF-8"},
		{"unknown label", `<?xml version="1.0" encoding="klingon"?><p/>`, `"klingon" is not one we know`},
		{"unsafe label", `<?xml version="1.0" encoding="iso-2022-kr"?><p/>`, "not safe"},
		{"noise", "<p>" + strings.Repeat("\x81\x8d\x8f\x90\x9d", 40), "is not UTF-8"},
	} {
		_, _, err := charset.XML([]byte(c.doc))
		if news.KindOf(err) != news.Invalid || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestLabelsOfWireServicesAreKnown(t *testing.T) {
	for label, want := range map[string]string{
		"ANSI": "windows-1252", "Win-1251": "windows-1251", "cp1256": "windows-1256", "MacRoman": "macintosh",
		"MacCyrillic": "x-mac-cyrillic", "KOI8": "koi8-r", "koi8-u": "koi8-u", "ASMO-708": "iso-8859-6", "cp866": "ibm866",
		"CP850": "ibm850", "utf8": "utf-8", "latin1": "windows-1252",
	} {
		if _, name, ok := charset.Lookup(label); !ok || name != want {
			t.Errorf("%s is %q, %v; want %s", label, name, ok, want)
		}
	}
	if _, _, ok := charset.Lookup("klingon"); ok {
		t.Error("an unknown label was found")
	}
}

func FuzzText(f *testing.F) {
	f.Add([]byte(russian), "windows-1251")
	f.Add(encoded(f, charmap.KOI8R, russian), "")
	f.Add([]byte("\xff\xfea\x00"), "utf-16")
	f.Fuzz(func(t *testing.T, data []byte, label string) {
		text, d := charset.Text(data, label)
		if !utf8.Valid(text) {
			t.Errorf("%q is not UTF-8", text)
		}
		if d.Name == "" {
			t.Error("no decision")
		}
		if text, _, err := charset.XML(data); err == nil && !utf8.Valid(text) || err != nil && news.KindOf(err) == "" {
			t.Errorf("%q, %v", text, err)
		}
	})
}
