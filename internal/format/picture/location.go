package picture

import (
	"encoding/json"
	"strconv"
	"strings"

	"jisr/internal/news"
)

// location is a place as pictures describe it: in parts, from a street to a
// country. An item has one place for each part, with the part as its role, so
// that a search for a country finds the picture and a writer can put the parts
// back where they were.
type location struct {
	sublocation, city, state, country, code string
	name, id                                string
	point                                   json.RawMessage
}

// locationOf reads a Location structure of IPTC Extension.
func locationOf(p *property) location {
	l := location{
		sublocation: p.field(nsIptcExt, "Sublocation").text(), city: p.field(nsIptcExt, "City").text(),
		state: p.field(nsIptcExt, "ProvinceState").text(), country: p.field(nsIptcExt, "CountryName").text(),
		code: p.field(nsIptcExt, "CountryCode").text(), name: p.field(nsIptcExt, "LocationName").text(),
		id: p.field(nsIptcExt, "LocationId").text(),
	}
	l.point = pointOf(coordinate(p.field(nsEXIF, "GPSLatitude").text()), coordinate(p.field(nsEXIF, "GPSLongitude").text()))
	return l
}

// line returns the place in words, the nearest first.
func (l location) line() string {
	var parts []string
	for _, s := range []string{l.name, l.sublocation, l.city, l.state, l.country} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, ", ")
}

// places returns the parts as places, the nearest first; the point belongs to
// the nearest.
func (l location) places(rel string, point json.RawMessage) []news.Concept {
	var out []news.Concept
	for _, p := range []news.Concept{
		{Name: l.name, URI: l.id}, {Name: l.sublocation, Role: "sublocation"}, {Name: l.city, Role: "city"},
		{Name: l.state, Role: "state"}, {Name: l.country, Literal: l.code, Role: "country"},
	} {
		if p.Name == "" && p.URI == "" && p.Literal == "" {
			continue
		}
		p.Rel = rel
		if news.ValidURI("", p.URI) != nil {
			p.Literal, p.URI = p.URI, ""
		}
		if p.Role == "country" {
			p.Literal = l.code
		}
		out = append(out, p)
	}
	if point == nil {
		return out
	}
	if len(out) == 0 {
		out = []news.Concept{{Rel: rel}}
	}
	out[0].GeoJSON = point
	return out
}

// coordinate reads an XMP GPSCoordinate, "DD,MM,SSk" or "DD,MM.mmk" with k one of
// N, S, E, W; nil if it is none.
func coordinate(s string) *float64 {
	if len(s) < 2 {
		return nil
	}
	sign := 1.0
	switch s[len(s)-1] {
	case 'S', 'W':
		sign = -1
	case 'N', 'E':
	default:
		return nil
	}
	total, unit := 0.0, 1.0
	parts := strings.Split(s[:len(s)-1], ",")
	if len(parts) > 3 {
		return nil
	}
	for _, part := range parts {
		v, err := strconv.ParseFloat(strings.TrimSpace(part), 64)
		if err != nil || !(v >= 0 && v <= 180) {
			return nil
		}
		total += v * unit
		unit /= 60
	}
	total *= sign
	return &total
}

// pointOf returns a GeoJSON point (RFC 7946), or nil unless both are on earth.
// Six decimals are a hand's breadth.
func pointOf(lat, long *float64) json.RawMessage {
	if lat == nil || long == nil || !(*lat >= -90 && *lat <= 90) || !(*long >= -180 && *long <= 180) {
		return nil
	}
	return json.RawMessage(`{"type":"Point","coordinates":[` + decimal(*long) + "," + decimal(*lat) + `]}`)
}

func decimal(v float64) string {
	s := strings.TrimRight(strconv.FormatFloat(v, 'f', 6, 64), "0")
	if s = strings.TrimSuffix(s, "."); s == "-0" {
		return "0"
	}
	return s
}

// latLong returns the coordinates of a GeoJSON point.
func latLong(point json.RawMessage) (lat, long float64, ok bool) {
	var p struct {
		Type        string    `json:"type"`
		Coordinates []float64 `json:"coordinates"`
	}
	if json.Unmarshal(point, &p) != nil || p.Type != "Point" || len(p.Coordinates) < 2 {
		return 0, 0, false
	}
	return p.Coordinates[1], p.Coordinates[0], true
}
