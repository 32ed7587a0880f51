package httpapi

import (
	"context"
	"math/rand/v2"
	"time"

	"zgoda/gateway/chat"
	"zgoda/gateway/live"
	"zgoda/gateway/site"
)

// checkSpread is the time over which the conversations in use are checked after
// news may have been missed, so that the store is not asked all at once.
const checkSpread = 5 * time.Second

// Hear takes what another node has committed. It returns at once.
func (s *Server) Hear(news *chat.News) {
	if s.Desk != nil && s.Desk.Hear(news) {
		return
	}
	s.Conversations.Hear(news, func(c *live.Conversation[chat.View], news *chat.News) {
		st, ok := s.Sites.Get(c.Key.Site)
		if !ok {
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), s.Timeout)
		defer cancel()
		c.Do(func(l live.Locked[chat.View]) {
			if news == nil {
				s.refresh(ctx, st, l, c.Key)
				return
			}
			if news.Signal != nil {
				l.Value().HearSignal(news.Signal)
				s.tell(ctx, st, l, news.Signal, nil)
				return
			}
			ctx, end := s.Observer.Hear(ctx, st.Key, news.Trace)
			out := s.Chat.Hear(ctx, st, l.Value(), news)
			s.settle(ctx, st, l, &out)
			end()
		})
	})
}

// refresh reads what this node has missed of a conversation and delivers it.
// Where the store cannot be asked, the clients' next beats try again.
func (s *Server) refresh(ctx context.Context, st *site.Site, l live.Locked[chat.View], key chat.Key) {
	out := s.Chat.Refresh(ctx, st, l.Value(), key)
	s.settle(ctx, st, l, &out)
}

// settle delivers an outcome that answers nobody.
func (s *Server) settle(ctx context.Context, st *site.Site, l live.Locked[chat.View], out *chat.Outcome) {
	if out.Err != nil {
		l.Value().Forget()
		if out.Defect != nil {
			s.Log.ErrorContext(ctx, "follow conversation", "site", st.Key, "error", out.Defect)
		}
		return
	}
	s.deliver(ctx, st, l, out)
	if out.Erased {
		l.Deliver(live.Delivery{Erased: true})
	}
}

// CheckAll compares every conversation in use with the store and repairs what
// was missed. It is called when this node may not have heard everything, and
// returns when all were checked or ctx is over.
func (s *Server) CheckAll(ctx context.Context) {
	if s.Desk != nil {
		s.Desk.CheckAll()
	}
	keys := s.Conversations.Keys()
	rand.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
	if len(keys) == 0 {
		return
	}
	pause := time.NewTicker(max(checkSpread/time.Duration(len(keys)), time.Microsecond))
	defer pause.Stop()
	for _, key := range keys {
		s.check(ctx, key)
		select {
		case <-ctx.Done():
			return
		case <-pause.C:
		}
	}
}

func (s *Server) check(ctx context.Context, key chat.Key) {
	st, ok := s.Sites.Get(key.Site)
	c := s.Conversations.Lookup(key)
	if c == nil {
		return
	}
	defer c.Release()
	if !ok {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	c.Do(func(l live.Locked[chat.View]) {
		if l.Members() == 0 {
			return
		}
		top, err := s.Chat.Top(ctx, l.Value(), key)
		if err == nil && top != l.Value().Position() {
			s.refresh(ctx, st, l, key)
		}
	})
}
