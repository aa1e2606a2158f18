package search

import (
	"strings"
	"testing"
)

// forms are words of texts and words of queries that must find them, or must not:
// a line each, "text : query query … ! query that must not". Words join with _.
var forms = map[string]string{
	"ar": `
		المعرض : معرض المعرض والمعرض بالمعرض للمعرض ! عرض معارض
		معرض : المعرض
		صحفي : الصحفي والصحفيون صحفية الصحفيات ! صحيفة
		الصحيفة : صحيفة والصحيفة صحيفه
		مسؤول : مسئول المسؤولون والمسئولين مسؤولية
		أحمد : احمد آحمد وأحمد
		إسلام : اسلام الإسلام
		آمال : امال
		القرآن : قران قرآن
		مُحَمَّد : محمد
		محـــمد : محمد مُحمد
		عِلْم : علم العلم
		مستشفى : مستشفي المستشفى
		قضية : قضيه القضية والقضية
		جامعة : الجامعة جامعات جامعه
		كتاب : کتاب الكتاب وكتاب ! كاتب مكتبة
		اقتصادي : الاقتصادية إقتصادي الاقتصاديون
		ﺳﻼﻡ : سلام السلام
		لا_إله : اله
		٢٠٢٦ : 2026 ۲۰۲۶
		كوفيد-١٩ : كوفيد-19
		بغداد : بغداد وبغداد ! بغدان
		للرئيس : رئيس الرئيس
		والوزراء : وزراء الوزراء
		فالحكومة : حكومة الحكومة
		كالبحر : بحر
		انتخابات : الانتخابات والانتخابات
		مهندسون : مهندسين المهندسون مهندس
		تونسية : تونسي التونسيين
		شئون : شؤون الشؤون
		هدى : هدي
		مياه : المياه مياة
		علي : علي وعلي ! عال`,
	"ru": `
		корреспондент : корреспонденты корреспондентов КОРРЕСПОНДЕНТУ корреспондентами
		самолёт : самолет самолёты самолета
		самолет : самолёт
		ещё : еще
		выставка : выставки выставку выставке выставкой
		город : города городу городом городов
		президент : президента президенту президентом
		российский : российского российским российские российская
		московский : московские московского
		экономика : экономики экономику экономике
		выборы : выборов выборам выборах
		договор : договора договоров договоры
		министр : министра министры министров
		правительство : правительства правительству правительством
		за́мок : замок
		Москва : москва москвы москве
		река : реки реку реке рекой ! речь
		новость : новости новостей новостям
		школа : школы школу школе школой ! школьник
		ученик : ученики учеников ученику
		сообщил : сообщила сообщили сообщило
		заявил : заявила заявили
		работает : работают работать работал
		большой : большая большое большого
		новый : новая новое нового новых
		последний : последняя последние последнего
		банк : банка банки банков банку ! банан
		миллион : миллиона миллионов миллионы
		процент : процента процентов проценты
		украинский : украинские украинская
		ПЁТР : петр пётр Петр
		йод : йода ! иод
		COVID-19 : covid-19`,
	"en": `
		report : reports reported reporting Report's REPORTS
		journalist : journalists journalist's journalists’
		flood : floods flooded flooding
		election : elections ! elephant
		city : cities city's
		country : countries
		minister : ministers ministers'
		policy : policies
		running : run runs
		stopped : stop stops stopping
		agreement : agreements
		market : markets marketed
		study : studies studied studying
		company : companies company's
		party : parties
		crisis : crisis
		tax : taxes taxed
		church : churches
		vote : votes voted voting
		café : cafe cafés CAFÉ
		naïve : naive
		Zürich : zurich
		Łódź : lodz
		vice-president : vice_president vice-presidents
		3.5 : 3.5
		U.S. : u.s.
		O'Brien : o'brien o’brien
		won't : won't won’t
		peace : ! piece
		news : news ! new
		universe : ! news
		soldier : soldiers soldier’s
		ｆｕｌｌ : full`,
}

func TestWordsAreFoundInAllTheirForms(t *testing.T) {
	for language, lines := range forms {
		cases := 0
		for line := range strings.SplitSeq(lines, "\n") {
			text, queries, ok := strings.Cut(strings.TrimSpace(line), " : ")
			if !ok {
				if text, queries, ok = strings.Cut(strings.TrimSpace(line), " :"); !ok {
					continue
				}
			}
			cases++
			words, must := strings.Fields(queries), true
			it := textItem(language, text)
			for _, q := range words {
				if q == "!" {
					must = false
					continue
				}
				w, err := NewWatch(strings.ReplaceAll(q, "_", " "))
				if err != nil {
					t.Errorf("%s: %v", q, err)
					continue
				}
				if got := w.Matches(it); got != must {
					t.Errorf("%s: a text with %s is found by %s: %v, want %v", language, text, q, got, must)
				}
			}
		}
		if cases < 30 {
			t.Errorf("%s has %d cases", language, cases)
		}
	}
}

var reader = NewReader()

func textItem(language, body string) *Text {
	it := text("urn:x", language, "", strings.ReplaceAll(body, "_", " "))
	return reader.Read(&it)
}

func TestTextsOfOtherLanguagesAreFoundWithoutTheirsBeingKnown(t *testing.T) {
	for _, c := range []struct {
		language, text, query string
		want                  bool
	}{
		{"uk", "новини України", "україни", true},
		{"uk", "під'їзд", "під’їзд", true},
		{"fa", "روزنامه\u200cنگار", "روزنامه\u200cنگار", true},
		{"fa", "کتاب", "كتاب", true},
		{"fr", "l'État français", "etat", true},
		{"fr", "élections", "elections", true},
		{"de", "Straße", "strasse", true},
		{"tr", "İstanbul", "istanbul", true},
		{"el", "Αθήνας", "αθηνας", true},
		{"zh", "北京2026年", "北京", true},
		{"ja", "東京タワー", "東京", true},
		{"he", "יְרוּשָׁלַיִם", "ירושלים", true},
		{"hi", "हिन्दी समाचार", "समाचार", true},
		{"fr", "nations", "nation", false}, // not stemmed, least of all as English
	} {
		w, err := NewWatch(c.query)
		if err != nil {
			t.Fatal(err)
		}
		if got := w.Matches(textItem(c.language, c.text)); got != c.want {
			t.Errorf("%s %q is found by %q: %v, want %v", c.language, c.text, c.query, got, c.want)
		}
	}
}
