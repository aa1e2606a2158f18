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
	leaving *leaving // of a version as it leaves, in no format
	size    int
}

// maxPages bounds what is remembered, in bytes.
const maxPages = 32 << 20

// write puts the item of the version at the position into the format. A notice
// without the words of the item is another page than one with them.
func (p *pages) write(it *news.Item, to string, position int64) (format.Written, error) {
	key := to + " " + strconv.FormatInt(position, 10) + " " + strconv.FormatBool(len(it.Headlines) > 0)
	if e := p.get(key); e != nil {
		return e.written, nil
	}
	w, err := format.Write(it, to)
	if err == nil {
		p.put(&page{key: key, written: w, size: len(w.Data)})
	}
	return w, err
}

// leaving returns the version at the position as it leaves, if it is remembered;
// leaves remembers it.
func (p *pages) leaving(position int64) *leaving {
	if e := p.get(strconv.FormatInt(position, 10)); e != nil {
		return e.leaving
	}
	return nil
}

func (p *pages) leaves(position int64, v *leaving, size int) {
	p.put(&page{key: strconv.FormatInt(position, 10), leaving: v, size: 2*size + 1000})
}

func (p *pages) get(key string) *page {
	p.mu.Lock()
	defer p.mu.Unlock()
	e := p.by[key]
	if e == nil {
		return nil
	}
	p.order.MoveToFront(e)
	return e.Value.(*page)
}

func (p *pages) put(add *page) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.by == nil {
		p.by = map[string]*list.Element{}
	}
	if p.by[add.key] != nil || add.size > maxPages/4 {
		return
	}
	p.by[add.key] = p.order.PushFront(add)
	p.size += add.size
	for p.size > maxPages {
		old := p.order.Remove(p.order.Back()).(*page)
		delete(p.by, old.key)
		p.size -= old.size
	}
}
