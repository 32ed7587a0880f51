package redisstore

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"zgoda/persistence"
)

// checkNode refuses names that a list of nodes could not hold.
func checkNode(node string) error {
	if node == "" || strings.ContainsFunc(node, func(r rune) bool { return r <= ' ' }) {
		return errors.New("a node's name must not be empty or contain blanks")
	}
	return nil
}

// Attach implements persistence.Nodes. It is one round trip.
func (s *Store) Attach(
	ctx context.Context, key persistence.Key, h persistence.Holder, r persistence.Range,
) (persistence.Snapshot, []persistence.Event, error) {
	if err := checkNode(h.Node); err != nil {
		return persistence.Snapshot{}, nil, fmt.Errorf("attach: %w", err)
	}
	st := s.site(key.Site)
	from, to, limit, newest := rangeArgs(r)
	keys := []string{
		st.conv + key.Conversation, st.log + key.Conversation, st.owner + key.Conversation, st.holders + key.Conversation,
	}
	res := s.run(ctx, st, scriptCall(s.scripts.attach, keys,
		st.base, from, to, limit, newest, h.Node, decimal(h.Count)))
	if res.err != nil {
		return persistence.Snapshot{}, nil, storeError("attach", res.err)
	}
	return decodeLoaded(key, r, res)
}

// Detach implements persistence.Nodes.
func (s *Store) Detach(ctx context.Context, key persistence.Key, h persistence.Holder) error {
	st := s.lookup(key.Site)
	res := s.run(ctx, st, scriptCall(s.scripts.leave, []string{st.holders + key.Conversation}, h.Node, decimal(h.Count)))
	return storeError("detach", res.err)
}

// Beat implements persistence.Nodes. It is one script for each hundred
// conversations of a site, all of them on the wire at the same time.
func (s *Store) Beat(ctx context.Context, h persistence.Holder, keys []persistence.Key) ([]persistence.Position, error) {
	if err := checkNode(h.Node); err != nil {
		return nil, fmt.Errorf("beat: %w", err)
	}
	out, err := s.tops(ctx, keys, func(st *site, conversations []string) *call {
		names := make([]string, 0, 2*len(conversations))
		for _, c := range conversations {
			names = append(names, st.conv+c, st.holders+c)
		}
		return scriptCall(s.scripts.beat, names, h.Node, decimal(h.Count))
	})
	return out, storeError("beat", err)
}

// Probe implements persistence.Nodes. Any primary can send it; on a Cluster
// another one does each time, and where one is away the next.
func (s *Store) Probe(ctx context.Context, node, probe string) error {
	message := framed("p", probe)
	owners := s.allOwners()
	first := int(s.probes.Add(1))
	err := error(&outage{cause: errNoPrimary})
	for i := range owners {
		w := owners[(first+i)%len(owners)]
		res := w.plain.do(ctx, &call{args: []any{"publish", s.channel(node), message}})
		if err = res.err; err == nil {
			return nil
		}
	}
	return storeError("probe", err)
}

// asOutage makes a driver's error that is no reply an outage.
func asOutage(err error) error {
	if err == nil || isReply(err) {
		return err
	}
	return &outage{sent: true, cause: err}
}
