package picture_test

import (
	"bytes"
	"crypto/md5"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/jpeg"
	"image/png"
	"testing"

	"golang.org/x/text/encoding/charmap"
)

// The test files are made here, by code that shares nothing with the package, in
// the shape of what agencies, desks and cameras write. All of it is fiction.

const (
	xmpOpen = `<?xpacket begin="` + "\ufeff" + `" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" xmlns:Iptc4xmpCore="http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/"
 xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" xmlns:xmpRights="http://ns.adobe.com/xap/1.0/rights/" xmlns:plus="http://ns.useplus.org/ldf/xmp/1.0/"
 xmlns:exif="http://ns.adobe.com/exif/1.0/" xmlns:crs="http://ns.adobe.com/camera-raw-settings/1.0/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"`
	xmpClose = `</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>`
)

func pixels() image.Image { return image.NewGray(image.Rect(0, 0, 8, 6)) }

func plainJPEG() []byte {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, pixels(), nil); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// jpegWith puts segments in front of the picture's own.
func jpegWith(segments ...[]byte) []byte {
	plain := plainJPEG()
	out := bytes.Clone(plain[:2])
	for _, s := range segments {
		out = append(out, s...)
	}
	return append(out, plain[2:]...)
}

func app(marker byte, header string, body []byte) []byte {
	out := []byte{0xff, marker}
	out = binary.BigEndian.AppendUint16(out, uint16(2+len(header)+len(body)))
	return append(append(out, header...), body...)
}

func xmpSegment(properties string) []byte {
	return app(0xe1, "http://ns.adobe.com/xap/1.0/\x00", []byte(xmpOpen+properties+xmpClose))
}

func irb(id uint16, body []byte) []byte {
	out := append([]byte("8BIM"), byte(id>>8), byte(id), 0, 0)
	out = binary.BigEndian.AppendUint32(out, uint32(len(body)))
	out = append(out, body...)
	if len(body)%2 == 1 {
		out = append(out, 0)
	}
	return out
}

func iimSegment(iim []byte) []byte { return app(0xed, "Photoshop 3.0\x00", irb(0x0404, iim)) }

func set(record, id byte, value string) []byte {
	out := []byte{0x1c, record, id}
	out = binary.BigEndian.AppendUint16(out, uint16(len(value)))
	return append(out, value...)
}

func sets(all ...[]byte) []byte { return bytes.Join(all, nil) }

// in encodes a text in a charset of one byte a letter.
func in(cm *charmap.Charmap, s string) string {
	out, err := cm.NewEncoder().String(s)
	if err != nil {
		panic(err)
	}
	return out
}

// exifBlock is a big-endian TIFF with a caption, an author and a position.
func exifBlock() []byte {
	type entry struct {
		tag, kind uint16
		count     uint32
		value     []byte
	}
	ascii := func(tag uint16, s string) entry { return entry{tag, 2, uint32(len(s) + 1), append([]byte(s), 0)} }
	rationals := func(tag uint16, v ...uint32) entry {
		e := entry{tag, 5, uint32(len(v) / 2), nil}
		for _, n := range v {
			e.value = binary.BigEndian.AppendUint32(e.value, n)
		}
		return e
	}
	// Each directory follows the values of the one before it.
	out := []byte("MM\x00*\x00\x00\x00\x08")
	put := func(entries []entry) {
		at := len(out) + 2 + 12*len(entries) + 4
		var values []byte
		out = binary.BigEndian.AppendUint16(out, uint16(len(entries)))
		for _, e := range entries {
			out = binary.BigEndian.AppendUint16(out, e.tag)
			out = binary.BigEndian.AppendUint16(out, e.kind)
			out = binary.BigEndian.AppendUint32(out, e.count)
			if len(e.value) <= 4 {
				out = append(out, append(bytes.Clone(e.value), 0, 0, 0, 0)[:4]...)
				continue
			}
			out = binary.BigEndian.AppendUint32(out, uint32(at+len(values)))
			values = append(values, e.value...)
			if len(values)%2 == 1 {
				values = append(values, 0)
			}
		}
		out = append(append(out, 0, 0, 0, 0), values...)
	}
	pointer := func(tag uint16, at int) entry {
		return entry{tag, 4, 1, binary.BigEndian.AppendUint32(nil, uint32(at))}
	}
	first := func(exifAt, gpsAt int) []entry {
		return []entry{
			ascii(0x010e, "Ferry at the Old Quay"), ascii(0x013b, "Nora Field"), ascii(0x8298, "(c) Nora Field"),
			pointer(0x8769, exifAt), pointer(0x8825, gpsAt),
		}
	}
	exif := []entry{ascii(0x9003, "2026:03:05 16:20:11"), ascii(0x9011, "+02:00")}
	gps := []entry{
		ascii(1, "S"), rationals(2, 12, 1, 30, 1, 36, 1), ascii(3, "E"), rationals(4, 45, 1, 15, 1, 0, 1),
	}
	put(first(0, 0))
	exifAt := len(out)
	put(exif)
	gpsAt := len(out)
	put(gps)
	end := out
	out = []byte("MM\x00*\x00\x00\x00\x08")
	put(first(exifAt, gpsAt))
	copy(end, out)
	return end
}

func pngWith(kind string, body []byte) []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, pixels()); err != nil {
		panic(err)
	}
	plain := b.Bytes()
	const afterIHDR = 8 + 25
	out := bytes.Clone(plain[:afterIHDR])
	out = binary.BigEndian.AppendUint32(out, uint32(len(body)))
	chunk := append([]byte(kind), body...)
	out = binary.BigEndian.AppendUint32(append(out, chunk...), crc32.ChecksumIEEE(chunk))
	return append(out, plain[afterIHDR:]...)
}

func webpWith(xmp string) []byte {
	chunk := func(kind string, body []byte) []byte {
		out := binary.LittleEndian.AppendUint32([]byte(kind), uint32(len(body)))
		out = append(out, body...)
		if len(body)%2 == 1 {
			out = append(out, 0)
		}
		return out
	}
	body := append([]byte("WEBP"), chunk("VP8X", []byte{4, 0, 0, 0, 7, 0, 0, 5, 0, 0})...)
	body = append(body, chunk("XMP ", []byte(xmp))...)
	return append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body))), body...)
}

func tiffWith(iim []byte) []byte {
	le := binary.LittleEndian
	out := []byte("II*\x00\x08\x00\x00\x00")
	entry := func(tag, kind uint16, count, value uint32) {
		out = le.AppendUint32(le.AppendUint32(le.AppendUint16(le.AppendUint16(out, tag), kind), count), value)
	}
	out = le.AppendUint16(out, 3)
	entry(256, 3, 1, 8)
	entry(257, 3, 1, 6)
	entry(33723, 7, uint32(len(iim)), 8+2+3*12+4)
	return append(append(out, 0, 0, 0, 0), iim...)
}

// corpus returns the test files by name.
func corpus() map[string][]byte {
	arabic := `>
<photoshop:Headline>صيادون يعودون إلى ميناء المرجان</photoshop:Headline>
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">ميناء المرجان</rdf:li></rdf:Alt></dc:title>
<dc:description><rdf:Alt><rdf:li xml:lang="x-default">صيادون يعودون بعد العاصفة، ٣ آذار ٢٠٢٦.</rdf:li><rdf:li xml:lang="en">Fishermen return after the storm.</rdf:li></rdf:Alt></dc:description>
<dc:creator><rdf:Seq><rdf:li>سلمى الطائي</rdf:li></rdf:Seq></dc:creator><photoshop:AuthorsPosition>مصورة</photoshop:AuthorsPosition>
<photoshop:CaptionWriter>ن.ع</photoshop:CaptionWriter><photoshop:Credit>آفاق</photoshop:Credit><photoshop:Source>وكالة آفاق</photoshop:Source>
<dc:rights><rdf:Alt><rdf:li xml:lang="x-default">© وكالة آفاق 2026</rdf:li></rdf:Alt></dc:rights>
<xmpRights:UsageTerms><rdf:Alt><rdf:li xml:lang="x-default">للاستخدام الصحفي فقط</rdf:li></rdf:Alt></xmpRights:UsageTerms><xmpRights:WebStatement>https://afaq.example/rights</xmpRights:WebStatement>
<plus:CopyrightOwner><rdf:Seq><rdf:li rdf:parseType="Resource"><plus:CopyrightOwnerName>وكالة آفاق</plus:CopyrightOwnerName></rdf:li></rdf:Seq></plus:CopyrightOwner>
<dc:subject><rdf:Bag><rdf:li>صيد</rdf:li><rdf:li>بحر</rdf:li></rdf:Bag></dc:subject><Iptc4xmpCore:SubjectCode><rdf:Bag><rdf:li>04000000</rdf:li></rdf:Bag></Iptc4xmpCore:SubjectCode>
<photoshop:DateCreated>2026-03-03T06:40:00+03:00</photoshop:DateCreated><photoshop:City>مرسى المرجان</photoshop:City><photoshop:Country>بلاد الواحات</photoshop:Country><Iptc4xmpCore:CountryCode>XXA</Iptc4xmpCore:CountryCode>
<exif:GPSLatitude>25,17.4N</exif:GPSLatitude><exif:GPSLongitude>51,31.8E</exif:GPSLongitude>
<photoshop:Instructions>لا تُقص الصورة</photoshop:Instructions><photoshop:TransmissionReference>AFQ0303-07</photoshop:TransmissionReference><photoshop:Urgency>4</photoshop:Urgency>
<Iptc4xmpCore:AltTextAccessibility><rdf:Alt><rdf:li xml:lang="x-default">قوارب خشبية تدخل ميناء صغيرا</rdf:li></rdf:Alt></Iptc4xmpCore:AltTextAccessibility>
<Iptc4xmpExt:DigitalSourceType>http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture</Iptc4xmpExt:DigitalSourceType>
<Iptc4xmpExt:PersonInImage><rdf:Bag><rdf:li>حسن البحري</rdf:li></rdf:Bag></Iptc4xmpExt:PersonInImage>
<Iptc4xmpExt:LocationShown><rdf:Bag><rdf:li><rdf:Description><Iptc4xmpExt:City>مرسى المرجان</Iptc4xmpExt:City><Iptc4xmpExt:CountryName>بلاد الواحات</Iptc4xmpExt:CountryName></rdf:Description></rdf:li></rdf:Bag></Iptc4xmpExt:LocationShown>
<Iptc4xmpExt:DigImageGUID>urn:newsml:afaq.example:20260303:IMG7</Iptc4xmpExt:DigImageGUID>
<crs:ToneCurve><rdf:Seq><rdf:li>0, 0</rdf:li></rdf:Seq></crs:ToneCurve>`
	russian := sets(set(2, 0, "\x00\x02"), set(2, 5, in(charmap.Windows1251, "Ледоход")), set(2, 105, in(charmap.Windows1251, "Ледоход на реке Синей начался раньше срока")),
		set(2, 120, in(charmap.Windows1251, "Жители посёлка Берёзовый смотрят на ледоход. Фото: Полина Ветрова")), set(2, 80, in(charmap.Windows1251, "Полина Ветрова")),
		set(2, 110, in(charmap.Windows1251, "Север-Информ")), set(2, 116, in(charmap.Windows1251, "© Север-Информ")), set(2, 25, in(charmap.Windows1251, "река")), set(2, 25, in(charmap.Windows1251, "весна")),
		set(2, 90, in(charmap.Windows1251, "Берёзовый")), set(2, 55, "20260402"), set(2, 60, "113000+0300"), set(2, 7, "urgent"))
	arabicIIM := sets(set(2, 105, in(charmap.Windows1256, "افتتاح المكتبة الوطنية الجديدة في مدينة النخيل")), set(2, 120, in(charmap.Windows1256, "زوار في قاعة المطالعة في المكتبة الوطنية الجديدة يوم الأحد")),
		set(2, 80, in(charmap.Windows1256, "عمر الشامي")), set(2, 25, in(charmap.Windows1256, "مكتبات")), set(2, 40, in(charmap.Windows1256, "يرجى ذكر المصدر")))
	escaped := sets(set(1, 90, "\x1b-L"), set(2, 105, in(charmap.ISO8859_5, "Цирк")), set(2, 80, in(charmap.ISO8859_5, "И. Ильин")))
	utf8IIM := sets(set(1, 90, "\x1b%G"), set(2, 105, "صيادون يعودون إلى ميناء المرجان"), set(2, 120, "صيادون يعودون"), set(2, 80, "سلمى الطائي"), set(2, 15, "FIN"))
	embargo := sets(set(2, 105, "New stamp shown"), set(2, 30, "20260501"), set(2, 35, "060000+0000"), set(2, 37, "20260601"), set(2, 10, "3"), set(2, 12, "IPTC:01000000:ARTS::"), set(2, 20, "stamps"))
	noEmbargo := sets(set(2, 105, "New coin shown"), set(2, 30, "next May"))
	older := sets(set(1, 90, "\x1b%G"), set(2, 105, "The bridge, corrected"), set(2, 120, "The corrected caption"))
	oldSum := md5.Sum([]byte("what the IIM was before"))
	return map[string][]byte{
		"afaq-full-ar.jpg":       jpegWith(xmpSegment(arabic), iimSegment(utf8IIM)),
		"sever-iim-1251-ru.jpg":  jpegWith(iimSegment(russian)),
		"iim-1256-ar.jpg":        jpegWith(iimSegment(arabicIIM)),
		"iim-8859-5-ru.jpg":      jpegWith(iimSegment(escaped)),
		"camera-exif-en.jpg":     jpegWith(app(0xe1, "Exif\x00\x00", exifBlock())),
		"embargo-iim-en.jpg":     jpegWith(iimSegment(embargo)),
		"embargo-unclear-en.jpg": jpegWith(iimSegment(noEmbargo)),
		"iim-newer-en.jpg": jpegWith(xmpSegment(` photoshop:Headline="The bridge" photoshop:Credit="Keystone Wire">`),
			app(0xed, "Photoshop 3.0\x00", append(irb(0x0404, older), irb(0x0425, oldSum[:])...))),
		"plain-en.jpg": plainJPEG(),
		"ai-xmp-ru.png": pngWith("iTXt", []byte("XML:com.adobe.xmp\x00\x00\x00\x00\x00"+xmpOpen+
			` photoshop:Headline="Рисунок: город будущего" Iptc4xmpExt:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia" photoshop:DateCreated="2026-02-11">`+xmpClose)),
		"topics-xmp-en.webp": webpWith(xmpOpen + ` xmp:MetadataDate="2026-01-20T08:00:00Z" photoshop:Headline="Kites over the bay">
<Iptc4xmpExt:AboutCvTerm><rdf:Bag><rdf:li Iptc4xmpExt:CvTermId="http://cv.iptc.org/newscodes/mediatopic/15000000" Iptc4xmpExt:CvTermName="sport"/></rdf:Bag></Iptc4xmpExt:AboutCvTerm>` + xmpClose),
		"archive-iim-en.tif": tiffWith(sets(set(2, 105, "Tram number one, 1931"), set(2, 110, "City Archive"))),
	}
}

func TestCorpusIsWhatItsCodeMakes(t *testing.T) {
	for name, want := range corpus() {
		if *update {
			write(t, name, want)
		}
		if got := readFile(t, name); !bytes.Equal(got, want) {
			t.Errorf("testdata/%s differs from what corpus makes; run with -update", name)
		}
	}
}
