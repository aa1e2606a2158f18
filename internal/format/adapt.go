package format

import (
	"crypto/sha256"
	"encoding/hex"

	"jisr/internal/format/agencyjson"
	"jisr/internal/format/feed"
	"jisr/internal/format/loss"
	"jisr/internal/format/mail"
	"jisr/internal/format/subtitle"
	"jisr/internal/news"
)

// readFunc reads a file of one format. The name of the file is for people only.
type readFunc func(data []byte, filename string) (Result, error)

// many adapts the reader of a format whose files hold many items.
func many(read func(data []byte) ([]*news.Item, []loss.Loss, error)) readFunc {
	return func(data []byte, _ string) (Result, error) {
		items, losses, err := read(data)
		return Result{Items: items, Losses: losses}, err
	}
}

// one adapts the reader of a format whose files hold one item.
func one(read func(data []byte) (*news.Item, []loss.Loss, error)) readFunc {
	return func(data []byte, _ string) (Result, error) {
		it, losses, err := read(data)
		if err != nil {
			return Result{}, err
		}
		return Result{Items: []*news.Item{it}, Losses: losses}, nil
	}
}

// withFile adapts the reader of a format whose file is the item's own medium.
func withFile(read func(data []byte) (*news.Item, []loss.Loss, error)) readFunc {
	return func(data []byte, filename string) (Result, error) {
		res, err := one(read)(data, filename)
		if err != nil {
			return Result{}, err
		}
		sum := sha256.Sum256(data)
		f := &res.Items[0].Renditions[0]
		if filename != "" {
			f.OriginalFilename = mail.SafeName(filename)
		}
		res.Attachments = []mail.Attachment{{
			Name: f.OriginalFilename, ContentType: f.ContentType, Digest: "sha256:" + hex.EncodeToString(sum[:]), Bytes: data,
		}}
		return res, nil
	}
}

// readMail reads a mail and, in it, files of the formats that newsrooms send each
// other. A text, page or feed that comes as a file is a document.
func readMail(data []byte, _ string) (Result, error) {
	res, losses, err := mail.Read(data, func(file []byte, name string) ([]*news.Item, []loss.Loss) {
		head := file[:min(len(file), HeadSize)]
		for _, r := range readers() {
			if _, ok := r.detect(head); !ok || !r.enclosed || len(file) > r.limit {
				continue
			}
			inner, err := r.read(file, name)
			if err != nil {
				inner.Losses = append(inner.Losses, loss.Loss{Path: name, Reason: err.Error() + ": kept as a file"})
			}
			return inner.Items, inner.Losses
		}
		return nil, nil
	})
	return Result{Items: res.Items, Losses: losses, Attachments: res.Attachments}, err
}

func readFeed(data []byte, _ string) (Result, error) {
	f, losses, err := feed.Read(data)
	if err != nil {
		return Result{}, err
	}
	if len(f.Items) == 0 {
		return Result{}, news.Errorf(news.Invalid, "", "the feed has no entries yet")
	}
	return Result{Items: f.Items, Losses: losses}, nil
}

func isFeed(kind string) func(head []byte) bool {
	return func(head []byte) bool { return feed.Detect(head) == kind }
}

func isAgency(dialect string) func(head []byte) bool {
	return func(head []byte) bool { return agencyjson.Detect(head) == dialect }
}

func isSubtitle(head []byte) bool { return subtitle.Detect(head) != "" }

// versioned makes one of the functions that detect a format and tell its version.
func versioned(detect func(head []byte) bool, version func(head []byte) string) func([]byte) (string, bool) {
	return func(head []byte) (string, bool) {
		if !detect(head) {
			return "", false
		}
		return version(head), true
	}
}

// plain is that of formats without versions.
func plain(detect func(head []byte) bool) func([]byte) (string, bool) {
	return versioned(detect, func([]byte) string { return "" })
}
