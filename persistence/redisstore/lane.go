package redisstore

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	// maxBatch is how many calls share one round trip.
	maxBatch = 256
	// lanePipelines is how many round trips of a lane are under way at a time:
	// while Redis works on one, the next is filled.
	lanePipelines = 2
)

// A call is one command on its way. What it is made of is its own copy, so its
// caller may leave at any time.
type call struct {
	args []any
	// runArg is the index of the argument that the connection fills with the
	// run id of its process; 0 for none.
	runArg int

	done chan struct{} // closed when res is set
	// sent is set when a batch took the call; guarded by the lane's mu.
	sent bool
	res  result
}

// A result is what became of a call: a reply, or an error that is an outage or
// Redis' own.
type result struct {
	val       any
	err       error
	run       string // run id of the process that answered
	confirmed bool   // by replicas, where the lane asks them
}

// take keeps a reply and returns what is no reply.
func (c *call) take(cmd *redis.Cmd, err error) error {
	switch {
	case err == nil:
		c.res.val, c.res.err = cmd.Val(), nil
	case errors.Is(err, redis.Nil):
		c.res.val, c.res.err = nil, nil
	case isReply(err):
		c.res.err = err
	default:
		return err
	}
	return nil
}

func fail(batch []*call, err error) {
	for _, c := range batch {
		c.res = result{err: err}
	}
}

// scriptArgs is what stands before a script's keys: the command, the script's
// hash and the number of keys.
const scriptArgs = 3

// scriptCall is the call of a script.
func scriptCall(s *script, keys []string, args ...string) *call {
	c := &call{args: make([]any, 0, scriptArgs+len(keys)+len(args))}
	c.args = append(c.args, "evalsha", s.sha, len(keys))
	// The driver takes pointers: a string in an interface would be an allocation each.
	for i := range keys {
		c.args = append(c.args, &keys[i])
	}
	for i := range args {
		c.args = append(c.args, &args[i])
	}
	return c
}

// A lane carries calls to one primary. Calls that come while round trips are
// under way wait and go together with the next; a call that comes alone goes at
// once, by its caller's own hand.
type lane struct {
	dial    *redis.Options
	scripts []*script
	timeout time.Duration
	confirm int // how many replicas must confirm each batch; 0 for none

	running sync.WaitGroup // batches that nobody waits for

	mu     sync.Mutex // guards the fields below
	closed bool
	queue  []*call
	idle   []*link
	flying int
	// What is connected to another process than keep, and was so before keepAt,
	// is let go.
	keep   string
	keepAt time.Time

	landed *sync.Cond // told when flying falls to 0
}

func newLane(dial *redis.Options, scripts []*script, timeout time.Duration, confirm int) *lane {
	l := &lane{dial: dial, scripts: scripts, timeout: timeout, confirm: confirm}
	l.landed = sync.NewCond(&l.mu)
	for range lanePipelines {
		l.idle = append(l.idle, &link{lane: l})
	}
	return l
}

// do carries a call and waits for its result, for as long as ctx and the lane's
// timeout allow.
func (l *lane) do(ctx context.Context, c *call) result {
	if l.send(ctx, c) {
		return c.res
	}
	return l.wait(ctx, c)
}

// send starts a call. It returns true where the call is over already.
func (l *lane) send(ctx context.Context, c *call) bool {
	if err := ctx.Err(); err != nil {
		c.res.err = &outage{cause: err}
		return true
	}
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		c.res.err = errClosed
		return true
	}
	if l.flying == 0 && l.patient(ctx) {
		k := l.takeLink()
		l.mu.Unlock()
		k.execute(ctx, []*call{c})
		l.land(k)
		return true
	}
	l.push(c)
	l.mu.Unlock()
	return false
}

// enqueue starts a call that wait waits for.
func (l *lane) enqueue(c *call) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		c.done, c.res.err = make(chan struct{}), errClosed
		close(c.done)
		return
	}
	l.push(c)
}

// push needs mu.
func (l *lane) push(c *call) {
	c.done = make(chan struct{})
	l.queue = append(l.queue, c)
	if len(l.idle) > 0 {
		k := l.takeLink()
		l.running.Go(func() { l.fly(k) })
	}
}

// patient reports whether a caller may carry its call itself: one whose time is
// short would cut the connection when it goes.
func (l *lane) patient(ctx context.Context) bool {
	end, ok := ctx.Deadline()
	return !ok || time.Until(end) > l.timeout
}

// takeLink needs mu.
func (l *lane) takeLink() *link {
	k := l.idle[len(l.idle)-1]
	l.idle = l.idle[:len(l.idle)-1]
	l.flying++
	return k
}

// returnLink needs mu.
func (l *lane) returnLink(k *link) {
	l.flying--
	l.idle = append(l.idle, k)
	if l.flying == 0 {
		l.landed.Broadcast()
	}
}

// land gives a link back, or goes on with what has come meanwhile.
func (l *lane) land(k *link) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.queue) > 0 {
		l.running.Go(func() { l.fly(k) })
		return
	}
	l.returnLink(k)
}

// fly carries batches until the queue is empty. It connects before it takes a
// batch: while it cannot, what waits has not been sent and may be taken back.
func (l *lane) fly(k *link) {
	for l.waiting(k) {
		err := k.connect()
		batch := l.nextBatch()
		if err != nil {
			fail(batch, &outage{cause: err})
		} else if len(batch) > 0 {
			// A batch belongs to many callers: none of their contexts ends it.
			k.execute(context.Background(), batch)
		}
		for _, c := range batch {
			close(c.done)
		}
	}
}

// waiting reports whether calls wait, and gives the link back where none do.
func (l *lane) waiting(k *link) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.queue) > 0 {
		return true
	}
	l.returnLink(k)
	return false
}

// nextBatch takes calls off the queue.
func (l *lane) nextBatch() []*call {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := min(len(l.queue), maxBatch)
	batch := make([]*call, n)
	copy(batch, l.queue)
	l.queue = slices.Delete(l.queue, 0, n)
	for _, c := range batch {
		c.sent = true
	}
	return batch
}

// wait waits for a call that was queued. A caller that leaves before its call
// was taken takes it out again: then it certainly was not sent.
func (l *lane) wait(ctx context.Context, c *call) result {
	t := time.NewTimer(2 * l.timeout)
	defer t.Stop()
	cause := errTimeout
	select {
	case <-c.done:
		return c.res
	case <-ctx.Done():
		cause = ctx.Err()
	case <-t.C:
	}
	l.mu.Lock()
	sent := c.sent
	if i := slices.Index(l.queue, c); i >= 0 {
		l.queue = slices.Delete(l.queue, i, i+1)
	}
	l.mu.Unlock()
	select {
	case <-c.done: // it ended in the same moment
		return c.res
	default:
		return result{err: &outage{sent: sent, cause: cause}}
	}
}

// expel lets go of connections to another process than run that were opened
// before a moment: behind a proxy or a Sentinel they may lead to a primary that
// was replaced.
func (l *lane) expel(run string, before time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.keep, l.keepAt = run, before
}

func (l *lane) expelled(k *link) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.keep != "" && k.run != l.keep && k.since.Before(l.keepAt)
}

// close refuses new calls, waits for those under way and closes the links.
func (l *lane) close() {
	l.mu.Lock()
	l.closed = true
	for l.flying > 0 {
		l.landed.Wait()
	}
	for _, k := range l.idle {
		k.drop()
	}
	l.mu.Unlock()
	l.running.Wait()
}
