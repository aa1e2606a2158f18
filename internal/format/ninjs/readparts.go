package ninjs

import (
	"encoding/json"
	"strconv"
	"strings"

	"jisr/internal/news"
)

// words reads a headline, description or body.
func (r *reader) words(w *news.Words) error {
	return r.object(func(name string) error {
		switch name {
		case "role":
			return r.text(&w.Role)
		case "contentType", "contenttype":
			return r.text(&w.ContentType)
		case "language":
			return r.text(&w.Language)
		case "value":
			return r.text(&w.Value)
		case "charCount", "charcount":
			return r.integer(&w.CharCount)
		case "wordCount", "wordcount":
			return r.integer(&w.WordCount)
		}
		return r.unknown()
	})
}

// namedWords reads a text of 1.x, whose property name ends in its format or
// its purpose.
func (r *reader) namedWords(dst *[]news.Words, suffix string) error {
	w, err := grow(r, dst)
	if err != nil {
		return err
	}
	switch suffix {
	case "":
	case "text":
		w.ContentType = "text/plain"
	case "html":
		w.ContentType = "text/html"
	case "xhtml":
		w.ContentType = "application/xhtml+xml"
	default:
		w.Role = suffix
	}
	return r.text(&w.Value)
}

// concept reads a person, organisation, subject and their like.
func (r *reader) concept(c *news.Concept) error {
	var scheme, code string
	err := r.object(func(name string) error {
		switch name {
		case "scheme":
			return r.text(&scheme)
		case "code", "qcode":
			return r.text(&code)
		}
		return r.conceptMember(c, name)
	})
	if err == nil && (scheme != "" || code != "") {
		c.Literal, c.URI = code, conceptURI(c.URI, scheme, code)
	}
	return err
}

// conceptURI makes the URI of 2.x and 3.x from the scheme and code of 1.x.
func conceptURI(uri, scheme, code string) string {
	switch {
	case uri != "":
		return uri
	case scheme == "":
		return ""
	case code == "" || strings.HasSuffix(scheme, "/") || strings.HasSuffix(scheme, "#"):
		return scheme + code
	}
	return scheme + "/" + code
}

// infoSource1 reads an infosource of 1.x; later versions call its rel a role.
func (r *reader) infoSource1(c *news.Concept) error {
	err := r.concept(c)
	if c.Role == "" {
		c.Role, c.Rel = c.Rel, ""
	}
	return err
}

// locatedConcept reads a place. 2.0 lets it be a GeoJSON object itself, 1.x
// has geometry_ properties, 2.1 and later a geojson property.
func (r *reader) locatedConcept(c *news.Concept) error {
	var inline []byte
	var scheme, code string
	err := r.object(func(name string) error {
		switch name {
		case "type", "geometry", "coordinates", "geometries", "features", "properties", "bbox":
			raw, err := r.raw()
			inline = append(inline, ',')
			inline = append(strconv.AppendQuote(inline, name), ':')
			inline = append(inline, raw...)
			return err
		case "geometry_geojson":
			return r.geoJSON(c)
		case "scheme":
			return r.text(&scheme)
		case "code", "qcode":
			return r.text(&code)
		}
		return r.conceptMember(c, name)
	})
	if err != nil {
		return err
	}
	if scheme != "" || code != "" {
		c.Literal, c.URI = code, conceptURI(c.URI, scheme, code)
	}
	if inline != nil && c.GeoJSON == nil {
		inline[0] = '{'
		c.GeoJSON = append(inline, '}')
	}
	return nil
}

func (r *reader) geoJSON(c *news.Concept) error {
	if r.dec.PeekKind() != '{' {
		return r.wrong("a GeoJSON object")
	}
	raw, err := r.raw()
	c.GeoJSON = raw
	return err
}

// conceptMember reads one member of a concept.
func (r *reader) conceptMember(c *news.Concept, name string) error {
	switch name {
	case "id":
		return r.text(&c.ID)
	case "name":
		return r.text(&c.Name)
	case "rel":
		return r.text(&c.Rel)
	case "role":
		return r.text(&c.Role)
	case "uri":
		return r.text(&c.URI)
	case "literal":
		return r.text(&c.Literal)
	case "creator":
		return r.text(&c.Creator)
	case "relevance":
		c.Relevance = new(int)
		return r.integer(c.Relevance)
	case "confidence":
		c.Confidence = new(int)
		return r.integer(c.Confidence)
	case "symbols":
		return list(r, &c.Symbols, r.symbol)
	case "contactInfo", "contactinfo":
		return list(r, &c.Contacts, r.contact)
	case "geoJSON", "geojson":
		return r.geoJSON(c)
	}
	if r.amend {
		switch name {
		case "broader":
			return r.strings(&c.Broader)
		case "names":
			c.Names = map[string]string{}
			return r.object(func(lang string) error {
				var s string
				err := r.text(&s)
				c.Names[lang] = s
				return err
			})
		}
	}
	return r.unknown()
}

func (r *reader) symbol(s *news.Symbol) error {
	return r.object(func(name string) error {
		switch name {
		case "ticker":
			return r.text(&s.Ticker)
		case "exchange":
			return r.text(&s.Exchange)
		case "symbolType", "symboltype":
			return r.text(&s.SymbolType)
		case "symbol":
			return r.text(&s.Symbol)
		}
		return r.unknown()
	})
}

func (r *reader) contact(c *news.Contact) error {
	return r.object(func(name string) error {
		switch name {
		case "type":
			return r.text(&c.Type)
		case "role":
			return r.text(&c.Role)
		case "lang":
			return r.text(&c.Lang)
		case "name":
			return r.text(&c.Name)
		case "value":
			return r.text(&c.Value)
		case "address":
			c.Address = new(news.Address)
			return r.address(c.Address)
		}
		return r.unknown()
	})
}

func (r *reader) address(a *news.Address) error {
	return r.object(func(name string) error {
		switch name {
		case "lines":
			return r.strings(&a.Lines)
		case "locality":
			return r.text(&a.Locality)
		case "area":
			return r.text(&a.Area)
		case "postalCode", "postalcode":
			return r.text(&a.PostalCode)
		case "country":
			return r.text(&a.Country)
		}
		return r.unknown()
	})
}

func (r *reader) link(l *news.Link) error {
	var scheme, code string
	err := r.object(func(name string) error {
		switch name {
		case "role":
			return r.text(&l.Role)
		case "title":
			return r.text(&l.Title)
		case "href":
			return r.text(&l.Href)
		case "scheme":
			return r.text(&scheme)
		case "code":
			return r.text(&code)
		}
		return r.unknown()
	})
	if l.Role == "" {
		l.Role = conceptURI("", scheme, code)
		if scheme == "" {
			l.Role = code
		}
	}
	return err
}

// renditions reads the renditions: a list, or in 1.x an object by name.
func (r *reader) renditions(it *news.Item) error {
	if r.dec.PeekKind() == '{' && !r.amend {
		return byName(r, &it.Renditions, func(n *news.Rendition, name string) error {
			n.Name = name
			return r.rendition(n)
		})
	}
	return list(r, &it.Renditions, r.rendition)
}

func (r *reader) rendition(n *news.Rendition) error {
	return r.object(func(name string) error {
		switch name {
		case "name":
			return r.text(&n.Name)
		case "href":
			return r.text(&n.Href)
		case "contentType", "contenttype", "mimetype":
			return r.text(&n.ContentType)
		case "title":
			return r.text(&n.Title)
		case "width":
			return r.integer(&n.Width)
		case "height":
			return r.integer(&n.Height)
		case "sizeInBytes", "sizeinbytes":
			var size int
			err := r.integer(&size)
			n.SizeInBytes = int64(size)
			return err
		case "duration":
			return r.number(&n.Duration)
		case "format":
			return r.text(&n.Format)
		case "aspectRatio", "aspectratio":
			return r.text(&n.AspectRatio)
		case "videoCodec", "videocodec":
			return r.text(&n.VideoCodec)
		case "frameRate", "framerate":
			return r.number(&n.FrameRate)
		case "poi":
			return r.point(n)
		case "scanType", "scantype":
			return r.text(&n.ScanType)
		case "bitrate", "bitRate":
			return r.bitRate(n)
		}
		return r.renditionExtra(n, name)
	})
}

// renditionExtra reads what drafts of 3.0 have and the published 3.0 has not.
func (r *reader) renditionExtra(n *news.Rendition, name string) error {
	switch name {
	case "uri":
		return r.text(&n.URI)
	case "version":
		return r.integer(&n.Version)
	case "versionGUID":
		return r.text(&n.VersionGUID)
	case "generated":
		return r.time(&n.Generated, false)
	case "originalFilename":
		return r.text(&n.OriginalFilename)
	case "fileExtension":
		return r.text(&n.FileExt)
	case "digest":
		return r.text(&n.Digest)
	case "averageBitRate":
		return r.number(&n.AverageBitRate)
	case "sampleRate":
		return r.number(&n.SampleRate)
	case "audioBitRate":
		return r.number(&n.AudioBitRate)
	case "audioChannels":
		return r.integer(&n.AudioChannels)
	case "colourSpace":
		return r.text(&n.ColourSpace)
	case "backgroundColour":
		return r.text(&n.BackgroundColour)
	case "orientation":
		return r.text(&n.Orientation)
	case "videoScaling":
		return r.text(&n.VideoScaling)
	case "audioCodec":
		return r.text(&n.AudioCodec)
	case "scene":
		return r.text(&n.Scene)
	case "printSize":
		return r.number(&n.PrintSize)
	case "code":
		return r.text(&n.Code)
	case "signal":
		return r.text(&n.Signal)
	}
	return r.extra(&n.Extra, name)
}

// extra keeps a member that no field names in its own object's Extra.
func (r *reader) extra(dst *map[string]json.RawMessage, name string) error {
	raw, err := r.raw()
	if err != nil {
		return err
	}
	if r.entries++; r.entries > maxEntries {
		return news.Errorf(news.TooLarge, r.pointer(), "the file has more than the %d entries allowed", maxEntries)
	}
	if *dst == nil {
		*dst = map[string]json.RawMessage{}
	}
	(*dst)[name] = raw
	return nil
}

// bitRate reads a number of kbit/s, or the text with a unit that 3.0 has.
func (r *reader) bitRate(n *news.Rendition) error {
	if r.dec.PeekKind() == '0' {
		return r.number(&n.BitRate)
	}
	raw, err := r.raw()
	if err != nil {
		return err
	}
	if s, ok := strings.CutSuffix(string(raw), ` kbps"`); ok && s != "" {
		if f, err := strconv.ParseFloat(s[1:], 64); err == nil && f != 0 && bitRateText(f) == s[1:]+" kbps" {
			n.BitRate = f
			return nil
		}
	}
	if n.Extra == nil {
		n.Extra = map[string]json.RawMessage{}
	}
	n.Extra["bitrate"] = raw
	return nil
}

// bitRateText writes a bit rate with its unit, as 3.0 asks.
func bitRateText(kbps float64) string { return strconv.FormatFloat(kbps, 'f', -1, 64) + " kbps" }

func (r *reader) point(n *news.Rendition) error {
	n.PointOfInterest = new(news.Point)
	return r.object(func(name string) error {
		switch name {
		case "x":
			return r.integer(&n.PointOfInterest.X)
		case "y":
			return r.integer(&n.PointOfInterest.Y)
		}
		return r.unknown()
	})
}

func (r *reader) eventDetails(it *news.Item) error {
	if it.EventDetails == nil {
		it.EventDetails = new(news.EventDetails)
	}
	e := it.EventDetails
	return r.object(func(name string) error {
		switch name {
		case "eventStatus", "eventstatus":
			return r.text(&e.Status)
		case "plannedCoverageStatus", "plannedcoveragestatus":
			return r.text(&e.CoverageStatus)
		case "dates":
			return r.dates(&e.Dates)
		case "organiser":
			if e.Organiser == nil {
				e.Organiser = new(news.Concept)
			}
			return r.concept(e.Organiser)
		}
		return r.unknown()
	})
}

func (r *reader) dates(dst **news.Dates) error {
	if *dst == nil {
		*dst = new(news.Dates)
	}
	d := *dst
	return r.object(func(name string) error {
		switch name {
		case "startDate", "startdate":
			return r.time(&d.Start, false)
		case "endDate", "enddate":
			return r.time(&d.End, false)
		case "expectedStartDate", "expectedstartdate":
			return r.text(&d.ExpectedStart)
		case "expectedEndDate", "expectedenddate":
			return r.text(&d.ExpectedEnd)
		case "duration", "expectedDuration", "expectedduration":
			return r.text(&d.Duration)
		case "recurrence":
			raw, err := r.raw()
			d.Recurrence = raw
			return err
		}
		return r.unknown()
	})
}

func (r *reader) coverage(c *news.Coverage) error {
	return r.object(func(name string) error {
		switch name {
		case "uri":
			return r.text(&c.URI)
		case "title":
			return r.text(&c.Title)
		case "type":
			return r.text(&c.Type)
		case "event":
			return r.text(&c.Event)
		case "pubStatus", "pubstatus":
			return r.pubStatus(&c.PubStatus)
		case "plannedCoverageStatus", "plannedcoveragestatus":
			return r.text(&c.Status)
		case "dates":
			return r.dates(&c.Dates)
		case "headline":
			return r.text(&c.Headline)
		case "edNote", "ednote":
			return r.text(&c.EdNote)
		case "urgency":
			return r.urgency(&c.Urgency)
		case "language":
			return r.text(&c.Language)
		case "scheduled":
			return r.text(&c.Scheduled)
		case "services":
			return r.strings(&c.Services)
		case "assignedTo", "assignedto":
			return r.text(&c.AssignedTo)
		case "itemCount", "itemcount":
			return r.object(func(name string) error {
				switch name {
				case "rangeFrom", "rangefrom":
					return r.integer(&c.ItemCountFrom)
				case "rangeTo", "rangeto":
					return r.integer(&c.ItemCountTo)
				}
				return r.unknown()
			})
		case "wordCount", "wordcount":
			return r.integer(&c.WordCount)
		case "renditions":
			return list(r, &c.Renditions, r.rendition)
		}
		return r.extra(&c.Extra, name)
	})
}
