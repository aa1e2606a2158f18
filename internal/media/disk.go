package media

import (
	"errors"
	"syscall"

	"jisr/internal/news"
)

// full says in words that a disk has no room, and leaves other errors as they
// are.
func full(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return news.Errorf(news.Unavailable, "media", "the disk of the media folder is full: make room, then go on with the upload").Because(err)
	}
	return err
}
