package deliver

import (
	"context"
	"time"

	"jisr/internal/news"
)

// callbackTime is how long a callback may take to answer.
const callbackTime = 20 * time.Second

// distributor sends a feed's news to a callback (WebSub §7).
type distributor struct{ s *Service }

// Send implements Sender.
func (*distributor) Send(context.Context, *Destination, *Message) (Receipt, error) {
	return Receipt{}, news.Errorf(news.Unavailable, "", "not yet")
}

func (s *Service) entryOf(*Destination, *news.Item, *parcel) error { return nil }
