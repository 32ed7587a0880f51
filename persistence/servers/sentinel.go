package servers

import (
	"context"
	"fmt"
	"net"
)

// SentinelOptions say what a Sentinel watches.
type SentinelOptions struct {
	// Name is the name of the primary and Primary its address.
	Name    string
	Primary string
	// Quorum is how many Sentinels must agree that the primary is gone; 0
	// means one.
	Quorum int
	// DownAfter is how many milliseconds of silence count as gone; 0 means 500.
	DownAfter int
}

// Sentinel starts a Redis Sentinel and returns when it answers. Kill, Freeze and
// Stop work as on any server.
func Sentinel(ctx context.Context, o SentinelOptions) (*RedisServer, error) {
	host, port, err := net.SplitHostPort(o.Primary)
	if err != nil {
		return nil, fmt.Errorf("address of the primary: %w", err)
	}
	quorum, downAfter := max(o.Quorum, 1), o.DownAfter
	if downAfter == 0 {
		downAfter = 500
	}
	config := fmt.Sprintf("sentinel monitor %[1]s %[2]s %[3]s %[4]d\n"+
		"sentinel down-after-milliseconds %[1]s %[5]d\n"+
		"sentinel failover-timeout %[1]s 5000\n"+
		"protected-mode no\n", o.Name, host, port, quorum, downAfter)
	return startRedis(ctx, RedisOptions{}, config)
}
