package redisstore

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// fullShare is the part of the memory above which new conversations are
// refused. What is left is for conversations that go on.
const fullShare = 0.85

// watch looks at the primaries until the store closes. It outlives every
// outage.
func (s *Store) watch() {
	t := time.NewTicker(s.opts.poll)
	defer t.Stop()
	for {
		select {
		case <-s.stopping.Done():
			return
		case <-t.C:
		}
		ctx, cancel := context.WithTimeout(s.stopping, s.opts.CommandTimeout)
		_ = s.look(ctx) // who calls finds an outage too, and says so
		cancel()
	}
}

// look asks every primary which process it is and how much memory is used.
func (s *Store) look(ctx context.Context) error {
	if s.only != nil {
		return s.lookAt(ctx, s.only)
	}
	var mu sync.Mutex // guards err
	var err error
	each := s.cluster.ForEachMaster(ctx, func(ctx context.Context, c *redis.Client) error {
		w, failed := s.ownerOf(c)
		if failed == nil {
			failed = s.lookAt(ctx, w)
		}
		mu.Lock()
		defer mu.Unlock()
		err = errors.Join(err, failed)
		return nil
	})
	return errors.Join(each, err)
}

func (s *Store) lookAt(ctx context.Context, w *owner) error {
	if s.opts.Mode == Sentinel {
		// A new connection asks the Sentinels anew.
		w.eye.drop()
	}
	start := time.Now()
	ask := &call{args: []any{"info", "server", "memory"}}
	w.eye.execute(ctx, []*call{ask})
	if ask.res.err != nil {
		return ask.res.err
	}
	info, _ := ask.res.val.(string)
	used, limit, err := memory(info)
	if err != nil {
		return err
	}
	if full := isFull(used, limit); w.full.Swap(full) != full {
		if full {
			s.opts.Log.Error("Redis is nearly full, new conversations are refused", "used", used, "maxmemory", limit)
		} else {
			s.opts.Log.Info("Redis has room again, new conversations are accepted")
		}
	}
	run := shortRun(infoField(info, "run_id"))
	w.plain.expel(run, start)
	w.safe.expel(run, start)
	if w.lastRun != "" && w.lastRun != run {
		s.opts.Log.Warn("another Redis process answers: it was restarted or failed over", "run_id", run)
		s.dropEars()
	}
	w.lastRun = run
	return nil
}

// memory reads how much memory is used and how much may be; 0 means no limit.
func memory(info string) (used, limit int64, err error) {
	for name, value := range map[string]*int64{"used_memory": &used, "maxmemory": &limit} {
		if *value, err = strconv.ParseInt(infoField(info, name), 10, 64); err != nil {
			return 0, 0, fmt.Errorf("%s of Redis: %w", name, err)
		}
	}
	return used, limit, nil
}
