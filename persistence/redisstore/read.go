package redisstore

import (
	"context"
	"fmt"
	"strconv"

	"zgoda/persistence"
)

// readChunk is how many conversations one script looks at: Redis serves nobody
// else meanwhile.
const readChunk = 100

// rangeArgs is how a Range asks Redis for entries of a log.
func rangeArgs(r persistence.Range) (from, to, limit, newest string) {
	from, to, limit = "-", "+", strconv.Itoa(max(r.Limit, 0))
	if r.From > 0 {
		from = decimal(r.From) + "-0"
	}
	if r.Before > 0 {
		to = "(" + decimal(r.Before) + "-0"
	}
	if r.Newest {
		newest = "1"
	}
	return from, to, limit, newest
}

// Load implements persistence.Conversations.
func (s *Store) Load(ctx context.Context, key persistence.Key, r persistence.Range) (persistence.Snapshot, []persistence.Event, error) {
	st := s.lookup(key.Site)
	from, to, limit, newest := rangeArgs(r)
	keys := []string{st.conv + key.Conversation, st.log + key.Conversation, st.owner + key.Conversation}
	res := s.run(ctx, st, scriptCall(s.scripts.load, keys, st.base, from, to, limit, newest))
	if res.err != nil {
		return persistence.Snapshot{}, nil, storeError("load conversation", res.err)
	}
	return decodeLoaded(key, r, res)
}

func decodeLoaded(key persistence.Key, r persistence.Range, res result) (persistence.Snapshot, []persistence.Event, error) {
	rd := reader{v: res.val}
	l := rd.list()
	snap, events := l.snapshot(key, res.run), l.events(r.Newest)
	if rd.err != nil {
		return persistence.Snapshot{}, nil, fmt.Errorf("load conversation: %w", rd.err)
	}
	return snap, events, nil
}

// LastInput implements persistence.Conversations.
func (s *Store) LastInput(ctx context.Context, key persistence.Key, client string) (uint64, error) {
	st := s.lookup(key.Site)
	res := s.run(ctx, st, &call{args: []any{"hget", st.inputs + key.Conversation, "m:" + client}})
	if res.err != nil {
		return 0, storeError("read last input", res.err)
	}
	if res.val == nil {
		return 0, nil
	}
	text, _ := res.val.(string)
	var r reader
	p := packed{rest: text, r: &r}
	n := p.number()
	if r.err != nil {
		return 0, fmt.Errorf("read last input: %w", r.err)
	}
	return n, nil
}

// Positions implements persistence.Conversations.
func (s *Store) Positions(ctx context.Context, keys []persistence.Key) ([]persistence.Position, error) {
	out, err := s.tops(ctx, keys, func(st *site, conversations []string) *call {
		for i, c := range conversations {
			conversations[i] = st.conv + c
		}
		return scriptCall(s.scripts.positions, conversations)
	})
	return out, storeError("read positions", err)
}

// tops asks for the tops of logs, a chunk of one site's conversations with each
// call, and returns them in the order of keys.
func (s *Store) tops(ctx context.Context, keys []persistence.Key, ask func(*site, []string) *call) ([]persistence.Position, error) {
	if err := ctx.Err(); err != nil {
		return nil, &outage{cause: err}
	}
	type chunk struct {
		index []int
		names []string
	}
	var sites []*site
	var chunks []*chunk
	open := map[string]*chunk{}
	for i, k := range keys {
		c := open[k.Site]
		if c == nil || len(c.index) == readChunk {
			c = &chunk{}
			open[k.Site] = c
			chunks = append(chunks, c)
			sites = append(sites, s.lookup(k.Site))
		}
		c.index, c.names = append(c.index, i), append(c.names, k.Conversation)
	}
	calls := make([]*call, len(chunks))
	for i, c := range chunks {
		calls[i] = ask(sites[i], c.names)
	}
	out := make([]persistence.Position, len(keys))
	for i, res := range s.runAll(ctx, sites, calls) {
		if res.err != nil {
			return nil, res.err
		}
		r := reader{v: res.val}
		l := r.list()
		for _, at := range chunks[i].index {
			out[at] = l.convHead().position()
		}
		if r.err != nil {
			return nil, r.err
		}
	}
	return out, nil
}
