package redisstore

import (
	"bytes"
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"

	"zgoda/persistence"
)

// checkKeys refuses a node that has other sealing keys than the nodes that wrote
// what is here: it could open none of it, and what it wrote nobody else could.
func (s *Store) checkKeys(ctx context.Context) error {
	if len(s.opts.CheckValue) == 0 {
		return nil
	}
	var client redis.Cmdable = s.single
	if s.single == nil {
		client = s.cluster
	}
	name := s.opts.Prefix + "check"
	if err := client.SetNX(ctx, name, s.opts.CheckValue, 0).Err(); err != nil {
		return storeError("write the check value of the keys", &outage{cause: err})
	}
	stored, err := client.Get(ctx, name).Bytes()
	if err != nil {
		return storeError("read the check value of the keys", &outage{cause: err})
	}
	if !bytes.Equal(stored, s.opts.CheckValue) {
		return fmt.Errorf("this Redis was written with other keys: give every gateway the same keys.json, or use another Redis: %w", persistence.ErrWrongKey)
	}
	return nil
}
