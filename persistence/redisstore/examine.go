package redisstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"

	"zgoda/persistence"
)

// Examine asks the servers that the options name what they promise, without opening a
// store on them: nothing is written. It returns ErrUnavailable where one does not
// answer, and ErrWrongKey, beside the Health, where what is there was written with
// other keys than CheckValue is of.
func Examine(ctx context.Context, o Options) (Health, error) {
	o, err := o.complete()
	if err != nil {
		return Health{}, fmt.Errorf("redisstore: %w", err)
	}
	s := &Store{opts: o}
	if s.single, s.cluster, err = o.connect(); err != nil {
		return Health{}, fmt.Errorf("redisstore: %w", err)
	}
	driverLog.Do(func() { redis.SetLogger(&driverLogger{o.Log}) })
	var client redis.UniversalClient = s.single
	if s.cluster != nil {
		client = s.cluster
	}
	defer func() { _ = client.Close() }()
	h, err := s.Health(ctx)
	if err != nil {
		return Health{}, err
	}
	stored, err := client.Get(ctx, o.Prefix+"check").Bytes()
	switch {
	case errors.Is(err, redis.Nil) || len(o.CheckValue) == 0: // nobody has written here yet
		return h, nil
	case err != nil:
		return h, storeError("read the check value of the keys", asOutage(err))
	case !bytes.Equal(stored, o.CheckValue):
		return h, persistence.ErrWrongKey
	}
	return h, nil
}
