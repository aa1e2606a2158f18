package collect

import (
	"context"
	"time"

	"jisr/internal/fetch/remote"
	"jisr/internal/ingest"
	"jisr/internal/news"
)

// maxReopen is how often a connection that broke is opened anew in one look.
const maxReopen = 3

// servers collects from folders on FTP, FTPS and SFTP servers.
type servers struct {
	files
	allow ingest.Allow
	limit int // of files that one look considers
}

// Collect implements ingest.Collector.
func (c *servers) Collect(ctx context.Context, v ingest.Visit) (ingest.Visited, error) {
	s := &distant{limit: c.limit, source: v.Source, server: remote.Server{
		URL: v.Source.Address, User: v.Source.User, Secret: v.Source.Secret, HostKey: v.Source.HostKey, Allow: c.allow, Skip: hidden}}
	folder, err := remote.Open(ctx, s.server)
	if err != nil {
		return ingest.Visited{State: v.State}, err
	}
	s.folder = folder
	defer func() { s.folder.Close() }()
	return c.collect(ctx, v, s)
}

// distant is a folder on a server as a shelf.
type distant struct {
	source *ingest.Source
	server remote.Server
	folder remote.Folder
	limit  int
	opened int
}

func (s *distant) list(ctx context.Context) ([]entry, error) {
	list, err := s.folder.List(ctx, maxDepth, s.limit)
	if err != nil {
		return nil, err
	}
	all := make([]entry, 0, len(list))
	for _, e := range list {
		if wanted(s.source, e.Name) {
			all = append(all, entry{name: e.Name, size: e.Size, modified: e.Modified,
				coarse: e.Modified.Second() == 0 && e.Modified.Nanosecond() == 0})
		}
	}
	return all, nil
}

// unchanged asks about one file. Where lists tell whole minutes, perhaps in the
// server's own time zone, the size has to do.
func (s *distant) unchanged(ctx context.Context, e entry) error {
	now, err := s.folder.Stat(ctx, e.name)
	switch {
	case err != nil:
		return err
	case now.Size >= 0 && e.size > 0 && now.Size != e.size:
		return changed
	case !e.coarse && !now.Modified.IsZero() && now.Modified.Sub(e.modified).Abs() >= time.Second:
		return changed
	}
	return nil
}

// read fails if what came is not as long as the server said: the
// file grew, or the transfer was cut off where the protocol does not tell.
func (s *distant) read(ctx context.Context, e entry) ([]byte, error) {
	data, err := s.folder.Read(ctx, e.name, maxFile)
	if err == nil && e.size > 0 && int64(len(data)) != e.size {
		return nil, news.Errorf(news.Unavailable, "", "the server lists %d bytes and sent %d", e.size, len(data))
	}
	return data, err
}

func (s *distant) remove(ctx context.Context, name string) error { return s.folder.Remove(ctx, name) }

func (s *distant) move(ctx context.Context, from, to string) error {
	return s.folder.Rename(ctx, from, to)
}

func (s *distant) recover(ctx context.Context) error {
	if s.opened++; s.opened > maxReopen {
		return news.Errorf(news.Unavailable, "", "the connection to the server broke %d times", s.opened)
	}
	s.folder.Close()
	folder, err := remote.Open(ctx, s.server)
	if err != nil {
		return err
	}
	s.folder = folder
	return nil
}
