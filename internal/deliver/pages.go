package deliver

import (
	"container/list"
	"strconv"
	"sync"

	"jisr/internal/format"
	"jisr/internal/news"
)

// pages remembers what items look like in a format: the same version goes to
// many destinations.
type pages struct {
	mu    sync.Mutex
	by    map[string]*list.Element
	order list.List // the last used in front
	size  int
}

type page struct {
	key     string
	written format.Written
}

// maxPages bounds what is remembered, in bytes.
const maxPages = 32 << 20

// write puts the item of the version at the position into the format. A notice
// without the words of the item is another page than one with them.
func (p *pages) write(it *news.Item, to string, position int64) (format.Written, error) {
	key := to + " " + strconv.FormatInt(position, 10) + " " + strconv.FormatBool(len(it.Headlines) > 0)
	if w, ok := p.get(key); ok {
		return w, nil
	}
	w, err := format.Write(it, to)
	if err == nil {
		p.put(key, w)
	}
	return w, err
}

func (p *pages) get(key string) (format.Written, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	e := p.by[key]
	if e == nil {
		return format.Written{}, false
	}
	p.order.MoveToFront(e)
	return e.Value.(*page).written, true
}

func (p *pages) put(key string, w format.Written) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.by == nil {
		p.by = map[string]*list.Element{}
	}
	if p.by[key] != nil || len(w.Data) > maxPages/4 {
		return
	}
	p.by[key] = p.order.PushFront(&page{key, w})
	p.size += len(w.Data)
	for p.size > maxPages {
		last := p.order.Back()
		old := p.order.Remove(last).(*page)
		delete(p.by, old.key)
		p.size -= len(old.written.Data)
	}
}
