package search

import (
	"slices"
	"strconv"
	"strings"

	"jisr/internal/news"
)

// field is what a query can ask for with name:value.
type field string

// The fields, by their English names.
const (
	fieldHeadline field = "headline"
	fieldSlugline field = "slugline"
	fieldBy       field = "by"
	fieldSubject  field = "subject"
	fieldPlace    field = "place"
	fieldPerson   field = "person"
	fieldOrg      field = "org"
	fieldLanguage field = "lang"
	fieldType     field = "type"
	fieldDesk     field = "desk"
	fieldOrigin   field = "origin"
	fieldUrgency  field = "urgency"
	fieldStatus   field = "status"
	fieldID       field = "id"
	fieldFrom     field = "from"
	fieldTo       field = "to"
	fieldOn       field = "on"
	fieldName     field = "translit"
)

// Fields lists the names of fields as a query may write them.
var Fields = []string{
	string(fieldHeadline), string(fieldSlugline), string(fieldBy), string(fieldSubject), string(fieldPlace),
	string(fieldPerson), string(fieldOrg), string(fieldLanguage), string(fieldType), string(fieldDesk), string(fieldOrigin),
	string(fieldUrgency), string(fieldStatus), string(fieldID), string(fieldFrom), string(fieldTo), string(fieldOn), string(fieldName),
}

// fieldNames are other names of fields: short ones, and those of our languages.
var fieldNames = map[string]field{
	"title": fieldHeadline, "заголовок": fieldHeadline, "عنوان": fieldHeadline, "العنوان": fieldHeadline,
	"slug": fieldSlugline, "слаг": fieldSlugline,
	"author": fieldBy, "автор": fieldBy, "بقلم": fieldBy, "كاتب": fieldBy,
	"тема": fieldSubject, "موضوع": fieldSubject, "الموضوع": fieldSubject,
	"место": fieldPlace, "مكان": fieldPlace, "المكان": fieldPlace,
	"персона": fieldPerson, "شخص": fieldPerson,
	"организация": fieldOrg, "منظمة": fieldOrg, "جهة": fieldOrg,
	"language": fieldLanguage, "язык": fieldLanguage, "لغة": fieldLanguage, "اللغة": fieldLanguage,
	"тип": fieldType, "نوع": fieldType, "النوع": fieldType,
	"отдел": fieldDesk, "مكتب": fieldDesk, "قسم": fieldDesk,
	"partner": fieldOrigin, "source": fieldOrigin, "партнёр": fieldOrigin, "партнер": fieldOrigin, "источник": fieldOrigin,
	"شريك": fieldOrigin, "مصدر": fieldOrigin, "المصدر": fieldOrigin,
	"срочность": fieldUrgency, "أولوية": fieldUrgency,
	"статус": fieldStatus, "حالة": fieldStatus,
	"uri": fieldID, "guid": fieldID,
	"since": fieldFrom, "с": fieldFrom, "от": fieldFrom, "من": fieldFrom,
	"until": fieldTo, "по": fieldTo, "до": fieldTo, "إلى": fieldTo, "حتى": fieldTo,
	"дата": fieldOn, "date": fieldOn, "تاريخ": fieldOn, "يوم": fieldOn,
	"имя": fieldName, "name": fieldName, "اسم": fieldName,
}

// fieldOf returns the field of a name; ok is false where it is none.
func fieldOf(name string) (f field, ok bool) {
	name = strings.ToLower(name)
	if slices.Contains(Fields, name) {
		return field(name), true
	}
	f, ok = fieldNames[name]
	return f, ok
}

// wordMarks are the fields whose words are looked for; whole ones may also be
// named by their URI or code.
var wordMarks = map[field]struct{ words, whole mark }{
	fieldHeadline: {words: inHeadline},
	fieldSlugline: {words: inSlugline},
	fieldBy:       {words: inBy},
	fieldSubject:  {inSubject, markSubject},
	fieldPlace:    {inPlace, markPlace},
	fieldPerson:   {inPerson, markPerson},
	fieldOrg:      {inOrg, markOrg},
}

// valueExpr returns the expression of a field whose value is looked for as a
// whole, or what is wrong with the value.
func valueExpr(f field, value string) (*expr, error) {
	one := func(m mark, value string) *expr { return &expr{op: has, phrase: phrase{m.of(value)}} }
	switch f {
	case fieldLanguage:
		return one(markLanguage, baseLanguage(value)), nil
	case fieldOrigin:
		return one(markOrigin, value), nil
	case fieldDesk:
		return one(markDesk, value), nil
	case fieldType:
		t := news.Type(strings.ToLower(value))
		if !slices.Contains(news.Types, t) {
			return nil, news.Errorf(news.Invalid, "q", "type:%s is not a type; there are %s", value, list(news.Types))
		}
		return one(markType, string(t)), nil
	case fieldStatus:
		s := news.Status(strings.ToLower(value))
		known := []news.Status{news.StatusUsable, news.StatusHeld, news.StatusKilled}
		if !slices.Contains(known, s) {
			return nil, news.Errorf(news.Invalid, "q", "status:%s is not a status; there are %s", value, list(known))
		}
		return one(markStatus, string(s)), nil
	case fieldUrgency:
		return urgencyExpr(value)
	}
	return nil, news.Errorf(news.Invalid, "q", "%s: cannot be asked for here", f)
}

// urgencyExpr reads one urgency, or two with a hyphen between.
func urgencyExpr(value string) (*expr, error) {
	low, high, ranged := strings.Cut(value, "-")
	if !ranged {
		high = low
	}
	from, err := strconv.Atoi(fold(low, none))
	to, err2 := strconv.Atoi(fold(high, none))
	if err != nil || err2 != nil || from < 1 || to > 9 || from > to {
		return nil, news.Errorf(news.Invalid, "q", "urgency:%s is no urgency: write one from 1 (highest) to 9, or two such as urgency:1-3", value)
	}
	var any []*expr
	for u := from; u <= to; u++ {
		any = append(any, &expr{op: has, phrase: phrase{markUrgency.of(strconv.Itoa(u))}})
	}
	return combine(some, any...), nil
}

func list[T ~string](values []T) string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = string(v)
	}
	return strings.Join(out, ", ")
}
