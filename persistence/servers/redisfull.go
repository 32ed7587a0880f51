package servers

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"
)

// Fill takes the memory away: every write that needs some is refused.
func (s *RedisServer) Fill(ctx context.Context) error { return s.setMemory(ctx, "1") }

// Empty gives it back.
func (s *RedisServer) Empty(ctx context.Context) error { return s.setMemory(ctx, "0") }

func (s *RedisServer) setMemory(ctx context.Context, most string) error {
	c := redis.NewClient(&redis.Options{Addr: s.Addr(), PoolSize: 1})
	defer func() { _ = c.Close() }()
	if err := c.ConfigSet(ctx, "maxmemory", most).Err(); err != nil {
		return fmt.Errorf("set maxmemory: %w", err)
	}
	return nil
}
