package ninjs

import (
	"encoding/json"
	"strconv"
	"strings"

	"jisr/internal/news"
)

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

// extra keeps a member that no field names in its own object's Extra. In
// jisr:more such members are together in one called extra, because the formats
// they come from may have names there that are fields here.
func (r *reader) extra(dst *map[string]json.RawMessage, name string) error {
	if r.amend && name == "extra" {
		return r.object(func(name string) error { return r.extraMember(dst, name) })
	}
	return r.extraMember(dst, name)
}

func (r *reader) extraMember(dst *map[string]json.RawMessage, name string) error {
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
