package live

import "zgoda/persistence"

// maxNews bounds what waits for one conversation. Beyond it the conversation is
// read anew, which costs less than the news.
const maxNews = 64

// Lookup returns the conversation of key if it is in use, and nil otherwise. Like
// Acquire it keeps it until Release.
func (r *Registry[V]) Lookup(key persistence.Key) *Conversation[V] {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.conversations[key]
	if c != nil {
		c.refs++
	}
	return c
}

// Keys returns the conversations in use now.
func (r *Registry[V]) Keys() []persistence.Key {
	r.mu.Lock()
	defer r.mu.Unlock()
	keys := make([]persistence.Key, 0, len(r.conversations))
	for key := range r.conversations {
		keys = append(keys, key)
	}
	return keys
}

// Hear queues news for the conversation they are about, if it is in use, and
// returns at once: a conversation that is busy must not hold up the others. The
// news are handed to handle one at a time and in order, by a goroutine that
// exists only while there are any; news is nil where too many had waited and the
// conversation has to be read instead.
func (r *Registry[V]) Hear(news *persistence.News, handle func(c *Conversation[V], news *persistence.News)) {
	c := r.Lookup(news.Snapshot.Key)
	if c == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(c.news) >= maxNews {
		c.news = append(c.news[:0], nil)
	} else {
		c.news = append(c.news, news)
	}
	if c.hearing {
		c.refs-- // the goroutine has one
		return
	}
	c.hearing = true
	r.hearing.Go(func() { r.tell(c, handle) })
}

func (r *Registry[V]) tell(c *Conversation[V], handle func(*Conversation[V], *persistence.News)) {
	defer c.Release()
	for {
		r.mu.Lock()
		if len(c.news) == 0 {
			c.news, c.hearing = nil, false
			r.mu.Unlock()
			return
		}
		news := c.news[0]
		c.news = c.news[1:]
		r.mu.Unlock()
		handle(c, news)
	}
}

// Wait returns when no news are being handled any more. Hear must not be called
// any more.
func (r *Registry[V]) Wait() { r.hearing.Wait() }
