package redisstore

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	// idleCheck is how long a connection may lie before it is looked at: within
	// that time a restarted Redis is found by the call itself.
	idleCheck = 100 * time.Millisecond
	// redialPause is how long a failed attempt to connect answers those who come
	// after it, so that an outage is not a storm of attempts.
	redialPause = 25 * time.Millisecond
	// loads is how often scripts are loaded again for one batch: somebody may
	// flush them in between.
	loads = 3
)

// errHanded ends a connection that the driver would replace: a new one is
// another link's state.
var errHanded = errors.New("the connection is gone")

// A link is one connection to a primary, used by one batch at a time.
type link struct {
	lane *lane

	client *redis.Client
	conn   *redis.Conn // nil while not connected
	wire   *wire
	run    string    // the run id of the process at the other end
	since  time.Time // when it was connected
	used   time.Time

	failedAt time.Time
	failed   error
}

// connect opens the connection, learns which process answers and gives it the
// scripts. Nothing that happens here is a call, so nothing is unknown.
func (l *link) connect() error {
	if l.conn != nil && (l.lane.expelled(l) || time.Since(l.used) > idleCheck && l.wire.closedByPeer()) {
		l.drop()
	}
	if l.conn != nil {
		return nil
	}
	if time.Since(l.failedAt) < redialPause {
		return l.failed
	}
	err := l.dial()
	if err != nil {
		l.drop()
		l.failedAt, l.failed = time.Now(), err
	}
	return err
}

func (l *link) dial() error {
	ctx, cancel := context.WithTimeout(context.Background(), l.lane.timeout)
	defer cancel()
	l.since = time.Now()
	opts := *l.lane.dial
	// The connection is made here and handed to the driver, which would make
	// noise of every failure and try again behind our back.
	c, err := opts.Dialer(ctx, opts.Network, opts.Addr)
	if err != nil {
		return fmt.Errorf("connect to Redis: %w", err)
	}
	l.wire = &wire{Conn: c}
	handed := false
	opts.Dialer = func(context.Context, string, string) (net.Conn, error) {
		if handed {
			return nil, errHanded
		}
		handed = true
		return l.wire, nil
	}
	opts.PoolSize, opts.PipelinePoolSize, opts.MinIdleConns = 1, -1, 0
	opts.MaxRetries = -1 // its zero value means three
	l.client = redis.NewClient(&opts)
	l.conn = l.client.Conn()
	pipe := l.conn.Pipeline()
	info := pipe.Info(ctx, "server")
	for _, s := range l.lane.scripts {
		pipe.ScriptLoad(ctx, s.text)
	}
	if _, err := pipe.Exec(ctx); err != nil {
		_ = c.Close()
		return fmt.Errorf("connect to Redis: %w", err)
	}
	l.run = shortRun(infoField(info.Val(), "run_id"))
	if l.run == "" {
		return errors.New("connect to Redis: it does not tell its run_id")
	}
	l.used = time.Now()
	return nil
}

// drop closes the connection. The next batch opens another one.
func (l *link) drop() {
	if l.conn != nil {
		_ = l.conn.Close()
	}
	if l.client != nil {
		_ = l.client.Close()
	}
	l.conn, l.client, l.wire = nil, nil, nil
}

// run executes a batch and leaves every call its reply or error.
func (l *link) execute(ctx context.Context, batch []*call) {
	for try := 0; ; try++ {
		if err := l.connect(); err != nil {
			fail(batch, &outage{cause: err})
			return
		}
		before := l.wire.sent.Load()
		err := l.exchange(ctx, batch)
		l.used = time.Now()
		switch {
		case err == nil:
			return
		case l.wire.sent.Load() == before:
			// It broke before a byte left. Once that is worth a new connection.
			l.drop()
			if try == 0 && ctx.Err() == nil {
				continue
			}
			fail(batch, &outage{cause: err})
		default:
			l.drop()
			fail(batch, &outage{sent: true, cause: err})
		}
		return
	}
}

// exchange sends the batch and reads its replies. Its error is the
// connection's; replies that are errors stay with their calls.
func (l *link) exchange(ctx context.Context, batch []*call) error {
	for _, c := range batch {
		c.res = result{run: l.run}
		if c.runArg > 0 {
			c.args[c.runArg] = l.run
		}
	}
	todo := batch
	for load := 0; ; load++ {
		if err := l.roundTrip(ctx, todo, load > 0); err != nil {
			return err
		}
		todo = missingScript(todo)
		if len(todo) == 0 || load == loads {
			return l.afterReplies(batch)
		}
	}
}

// afterReplies closes a connection whose process serves no writes any more.
func (l *link) afterReplies(batch []*call) error {
	for _, c := range batch {
		if says(c.res.err, "READONLY") || says(c.res.err, "MOVED") {
			l.drop()
			return nil
		}
	}
	return nil
}

func missingScript(batch []*call) []*call {
	var out []*call
	for _, c := range batch {
		if says(c.res.err, "NOSCRIPT") {
			out = append(out, c)
		}
	}
	return out
}

// roundTrip is one exchange on the wire: scripts that were flushed, the calls,
// and one WAIT for all of them where replicas must confirm.
func (l *link) roundTrip(ctx context.Context, batch []*call, load bool) error {
	if len(batch) == 1 && !load && l.lane.confirm == 0 {
		cmd := redis.NewCmd(ctx, batch[0].args...)
		return batch[0].take(cmd, l.conn.Process(ctx, cmd))
	}
	pipe := l.conn.Pipeline()
	if load {
		for _, s := range l.lane.scripts {
			pipe.ScriptLoad(ctx, s.text)
		}
	}
	cmds := make([]*redis.Cmd, len(batch))
	for i, c := range batch {
		cmds[i] = redis.NewCmd(ctx, c.args...)
		_ = pipe.Process(ctx, cmds[i])
	}
	var waited *redis.Cmd
	if l.lane.confirm > 0 {
		// On this connection and nowhere else: WAIT counts the replicas that
		// have what this connection wrote.
		waited = redis.NewCmd(ctx, "wait", l.lane.confirm, (l.lane.timeout * 3 / 4).Milliseconds())
		_ = pipe.Process(ctx, waited)
	}
	_, err := pipe.Exec(ctx)
	if err != nil && !isReply(err) {
		return err
	}
	for i, c := range batch {
		if err := c.take(cmds[i], cmds[i].Err()); err != nil {
			return err
		}
	}
	if waited == nil {
		return nil
	}
	n, err := waited.Int()
	if err != nil && !isReply(err) {
		return err
	}
	for _, c := range batch {
		c.res.confirmed = err == nil && n >= l.lane.confirm
	}
	return nil
}

// infoField returns a field of an INFO reply.
func infoField(info, name string) string {
	for line := range strings.Lines(info) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// shortRun is as much of a run id as is kept with every conversation.
func shortRun(run string) string { return run[:min(len(run), 12)] }
