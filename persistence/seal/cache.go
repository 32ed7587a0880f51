package seal

import (
	"crypto/cipher"
	"sync"
)

// cacheHalf is how many ciphers each of the two generations holds.
const cacheHalf = 1024

type cacheKey struct {
	id            [idBytes]byte
	site, subject string
}

// A cache keeps derived ciphers in two generations. When the young one is full
// it becomes the old one and the old one is dropped, so memory is bounded and
// what is in use survives, without a list to keep in order on every hit.
type cache struct {
	mu    sync.RWMutex // guards the fields below
	young map[cacheKey]cipher.AEAD
	old   map[cacheKey]cipher.AEAD
}

func newCache() *cache { return &cache{young: map[cacheKey]cipher.AEAD{}} }

func (c *cache) get(k cacheKey) (cipher.AEAD, bool) {
	c.mu.RLock()
	a, ok := c.young[k]
	if ok {
		c.mu.RUnlock()
		return a, true
	}
	a, ok = c.old[k]
	c.mu.RUnlock()
	if ok {
		c.put(k, a)
	}
	return a, ok
}

func (c *cache) put(k cacheKey, a cipher.AEAD) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.young) >= cacheHalf {
		c.old, c.young = c.young, make(map[cacheKey]cipher.AEAD, cacheHalf)
	}
	c.young[k] = a
}

func (c *cache) size() int {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return len(c.young) + len(c.old)
}
