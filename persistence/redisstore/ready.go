package redisstore

import "context"

// readyLife is how long the mark of a node that is gone stays, in milliseconds.
const readyLife = "60000"

// Ready writes a small mark on every primary that holds a site's data. A read
// would not do: a primary that is read-only or has no memory left answers reads
// and takes no message. It returns ErrUnavailable, with what the server said.
func (s *Store) Ready(ctx context.Context) error {
	s.sitesMu.RLock()
	names := s.names
	s.sitesMu.RUnlock()
	var sites []*site
	var calls []*call
	asked := map[*owner]bool{}
	for _, name := range names {
		st := s.lookup(name)
		w, err := s.owner(ctx, st)
		if err != nil {
			return storeError("ask for readiness", err)
		}
		if asked[w] {
			continue
		}
		asked[w] = true
		sites = append(sites, st)
		calls = append(calls, &call{args: []any{"set", st.ready, "1", "px", readyLife}})
		if s.only != nil {
			break
		}
	}
	for _, res := range s.runAll(ctx, sites, calls) {
		if res.err != nil {
			return storeError("write a mark", res.err)
		}
	}
	return nil
}
