package redisstore

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"zgoda/persistence"
)

// dueScore is a timer's place in the order: microseconds, which a score holds
// exactly. It is rounded up, so that no timer fires early. A timer that is
// cancelled has none.
func dueScore(due time.Time) string {
	if due.IsZero() {
		return ""
	}
	us := due.UnixMicro()
	if due.Nanosecond()%1000 != 0 {
		us++
	}
	return strconv.FormatInt(us, 10)
}

// DueTimers implements persistence.Timers. Due is exact to the microsecond.
func (s *Store) DueTimers(ctx context.Context, now time.Time, limit int) ([]persistence.Timer, error) {
	if err := ctx.Err(); err != nil {
		return nil, storeError("read timers", &outage{cause: err})
	}
	if limit <= 0 {
		return nil, nil
	}
	sites := s.knownSites()
	calls := make([]*call, len(sites))
	for i, st := range sites {
		calls[i] = &call{args: []any{
			"zrangebyscore", st.timers, "-inf", strconv.FormatInt(now.UnixMicro(), 10), "withscores", "limit", 0, limit,
		}}
	}
	var out []persistence.Timer
	for i, res := range s.runAll(ctx, sites, calls) {
		if res.err != nil {
			return nil, storeError("read timers", res.err)
		}
		due, err := decodeTimers(sites[i].name, res.val)
		if err != nil {
			return nil, fmt.Errorf("read timers: %w", err)
		}
		out = append(out, due...)
	}
	slices.SortStableFunc(out, func(a, b persistence.Timer) int { return a.Due.Compare(b.Due) })
	return slices.Clip(out[:min(len(out), limit)]), nil
}

// decodeTimers reads members with their scores. A driver that speaks RESP3
// gives pairs.
func decodeTimers(site string, v any) ([]persistence.Timer, error) {
	pairs, ok := v.([]any)
	if !ok && v != nil {
		return nil, errReply
	}
	out := make([]persistence.Timer, 0, len(pairs))
	for _, p := range pairs {
		pair, ok := p.([]any)
		if !ok || len(pair) != 2 {
			return nil, errReply
		}
		member, _ := pair[0].(string)
		score, _ := pair[1].(float64)
		conversation, name, err := splitTimer(member)
		if err != nil {
			return nil, err
		}
		out = append(out, persistence.Timer{
			Key:  persistence.Key{Site: site, Conversation: conversation},
			Name: name, Due: time.UnixMicro(int64(math.Round(score))).UTC(),
		})
	}
	return out, nil
}

// splitTimer takes a member apart: the length of the conversation's name, then
// conversation and timer without anything between.
func splitTimer(member string) (conversation, name string, err error) {
	size, rest, ok := strings.Cut(member, ":")
	n, err := strconv.Atoi(size)
	if !ok || err != nil || n < 0 || n > len(rest) {
		return "", "", fmt.Errorf("timer %q: %w", member, errReply)
	}
	return rest[:n], rest[n:], nil
}
