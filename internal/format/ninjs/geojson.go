package ninjs

import "github.com/go-json-experiment/json"

// isGeoJSON reports whether JSON is a GeoJSON object of RFC 7946.
func isGeoJSON(raw []byte) bool {
	var value any
	return json.Unmarshal(raw, &value) == nil && testGeoJSON(value) == ""
}

// testGeoJSON says what keeps a value from being a GeoJSON object.
func testGeoJSON(value any) string {
	o, ok := value.(map[string]any)
	if !ok {
		return "GeoJSON is an object"
	}
	if box, ok := o["bbox"]; ok && !isPosition(box, 4) {
		return "a bbox is an array of at least four numbers"
	}
	switch o["type"] {
	case "Feature":
		return testFeature(o)
	case "FeatureCollection":
		features, ok := o["features"].([]any)
		if !ok {
			return "a FeatureCollection needs an array of features"
		}
		for _, f := range features {
			if f, ok := f.(map[string]any); !ok || f["type"] != "Feature" || testFeature(f) != "" {
				return "an entry of the FeatureCollection is not a Feature"
			}
		}
		return ""
	}
	return testGeometry(o)
}

func testFeature(o map[string]any) string {
	properties, ok := o["properties"]
	if _, isObject := properties.(map[string]any); !ok || properties != nil && !isObject {
		return "a Feature needs properties: an object or null"
	}
	geometry, ok := o["geometry"]
	if !ok {
		return "a Feature needs a geometry, or null"
	}
	if geometry == nil {
		return ""
	}
	g, ok := geometry.(map[string]any)
	if !ok {
		return "the geometry of a Feature is an object or null"
	}
	return testGeometry(g)
}

func testGeometry(o map[string]any) string {
	depth, least := 0, 0
	switch o["type"] {
	case "Point":
	case "MultiPoint":
		depth = 1
	case "LineString":
		depth, least = 1, 2
	case "MultiLineString":
		depth, least = 2, 2
	case "Polygon":
		depth, least = 2, 4
	case "MultiPolygon":
		depth, least = 3, 4
	case "GeometryCollection":
		geometries, ok := o["geometries"].([]any)
		if !ok {
			return "a GeometryCollection needs an array of geometries"
		}
		for _, g := range geometries {
			if g, ok := g.(map[string]any); !ok || testGeometry(g) != "" {
				return "an entry of the GeometryCollection is not a geometry"
			}
		}
		return ""
	default:
		return "the type is none of GeoJSON: Point, LineString, Polygon, Feature …"
	}
	if !isCoordinates(o["coordinates"], depth, least) {
		return "the coordinates do not fit the type: a position is [longitude, latitude]"
	}
	return ""
}

// isCoordinates reports whether v is positions in arrays nested depth deep, at
// least so many in the innermost.
func isCoordinates(v any, depth, least int) bool {
	if depth == 0 {
		return isPosition(v, 2)
	}
	entries, ok := v.([]any)
	if !ok || depth == 1 && len(entries) < least {
		return false
	}
	for _, e := range entries {
		if !isCoordinates(e, depth-1, least) {
			return false
		}
	}
	return true
}

func isPosition(v any, least int) bool {
	numbers, ok := v.([]any)
	if !ok || len(numbers) < least {
		return false
	}
	for _, n := range numbers {
		if _, ok := n.(float64); !ok {
			return false
		}
	}
	return true
}
