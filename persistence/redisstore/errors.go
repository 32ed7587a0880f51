package redisstore

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"

	"zgoda/persistence"
)

var (
	errClosed  = fmt.Errorf("the store is closed: %w", persistence.ErrUnavailable)
	errTimeout = errors.New("no answer in time")
	// errNoPrimary means that no primary of the Cluster is known.
	errNoPrimary = errors.New("no primary is known")
	// errUnconfirmed means that fewer replicas than asked for have confirmed.
	errUnconfirmed = errors.New("too few replicas confirmed")
)

// An outage is a call that got no answer from Redis. It is everything but a
// reply.
type outage struct {
	// sent is set where the call may have reached Redis.
	sent  bool
	cause error
}

func (o *outage) Error() string { return o.cause.Error() }
func (o *outage) Unwrap() error { return o.cause }

// refusals begin the replies by which Redis says that it did nothing and may be
// asked again. A script is refused before its first line.
var refusals = []string{
	"READONLY", "LOADING", "CLUSTERDOWN", "TRYAGAIN", "MASTERDOWN", "MISCONF", "NOREPLICAS", "BUSY", "NOSCRIPT",
	"MOVED", "ASK", "NOAUTH", "WRONGPASS", "ERR max number of clients",
}

// isReply reports whether err is Redis' answer and not the way to it.
func isReply(err error) bool {
	var reply redis.Error
	return errors.As(err, &reply)
}

// says reports whether err is a reply that begins with word.
func says(err error, word string) bool {
	var reply redis.Error
	return errors.As(err, &reply) && strings.HasPrefix(reply.Error(), word)
}

// storeError names what was being done and adds the error callers branch on.
// What may have happened is unknown only where the caller has to know, which is
// a commit: everything else may just be done again.
func storeError(doing string, err error) error {
	return classify(doing, err, persistence.ErrUnavailable)
}

func commitError(err error) error { return classify("commit", err, persistence.ErrUnknown) }

func classify(doing string, err, unknown error) error {
	if err == nil {
		return nil
	}
	var out *outage
	if errors.As(err, &out) {
		kind := persistence.ErrUnavailable
		if out.sent {
			kind = unknown
		}
		return fmt.Errorf("%s: %w: %w", doing, kind, err)
	}
	if says(err, "OOM") {
		return fmt.Errorf("%s: %w: %w", doing, persistence.ErrFull, err)
	}
	for _, word := range refusals {
		if says(err, word) {
			return fmt.Errorf("%s: %w: %w", doing, persistence.ErrUnavailable, err)
		}
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%s: %w: %w", doing, persistence.ErrUnavailable, err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}
