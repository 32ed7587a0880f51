package cluster

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"zgoda/loadtest/contacts"
	"zgoda/persistence/servers"
)

// Options of a cluster.
type Options struct {
	// Gateways is how many are started. With Single it is one, on a data file
	// and without servers.
	Gateways int
	Single   bool
	// Binary is the gateway program, Sites its folder of site files.
	Binary string
	Sites  string
	// Proxied puts proxies in front of everything, so that it can be cut off.
	Proxied bool
	// Mutant goes into the gateways' environment.
	Mutant string
}

// A Cluster is running. Stop must be called; the other methods may be called
// concurrently.
type Cluster struct {
	opts     Options
	dir      string
	redis    *servers.RedisServer
	postgres *servers.PostgresServer
	gateways []*gateway
	proxies  *proxies
	stopOnce sync.Once
}

// The login that gateways use in PostgreSQL.
const login = "zgoda"

// Start starts everything and returns when every gateway is ready. On an error
// nothing is left.
func Start(ctx context.Context, o Options) (*Cluster, error) {
	c := &Cluster{opts: o}
	if err := c.start(ctx); err != nil {
		c.Stop()
		return nil, err
	}
	return c, nil
}

func (c *Cluster) start(ctx context.Context) error {
	binary, err := exec.LookPath(c.opts.Binary)
	if err != nil {
		return fmt.Errorf("the gateway program %s is not there: `make build` makes it, --gateway names another", c.opts.Binary)
	}
	if c.opts.Binary, err = filepath.Abs(binary); err != nil {
		return err
	}
	if c.opts.Sites, err = filepath.Abs(c.opts.Sites); err != nil {
		return err
	}
	if c.dir, err = os.MkdirTemp("", "zgoda-load-"); err != nil {
		return err
	}
	c.proxies = newProxies()
	var env []string
	if !c.opts.Single {
		if env, err = c.startServers(ctx); err != nil {
			return err
		}
	}
	count := c.opts.Gateways
	if c.opts.Single {
		count = 1
	}
	for i := range count {
		// One after the other: the first makes the keys.
		g, err := c.startGateway(ctx, i, env)
		if err != nil {
			return fmt.Errorf("gateway %d: %w", i+1, err)
		}
		c.gateways = append(c.gateways, g)
	}
	return nil
}

// startServers starts Redis and PostgreSQL and returns what gateways need to
// know.
func (c *Cluster) startServers(ctx context.Context) ([]string, error) {
	var failed [2]error
	var starting sync.WaitGroup
	starting.Go(func() {
		c.redis, failed[0] = servers.Redis(ctx, servers.RedisOptions{AppendOnly: true, Extra: []string{"--maxmemory-policy", "noeviction"}})
	})
	starting.Go(func() { c.postgres, failed[1] = servers.Postgres(ctx) })
	starting.Wait()
	if err := errors.Join(failed[:]...); err != nil {
		return nil, err
	}
	if err := c.migrate(ctx); err != nil {
		return nil, err
	}
	redis, postgres := c.redis.Addr(), c.postgres.Addr()
	if c.opts.Proxied {
		var err error
		if redis, err = c.proxies.add(whatRedis, redis); err != nil {
			return nil, err
		}
		if postgres, err = c.proxies.add(whatPostgres, postgres); err != nil {
			return nil, err
		}
	}
	return []string{"ZGODA_REDIS=redis://" + redis, "ZGODA_POSTGRES=postgres://" + login + "@" + postgres + "/postgres?sslmode=disable"}, nil
}

// migrate makes the login and the schema, with the gateway's own command.
func (c *Cluster) migrate(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, c.postgres.DSN())
	if err != nil {
		return fmt.Errorf("connect to postgres: %w", err)
	}
	_, err = conn.Exec(ctx, `CREATE ROLE `+login+` LOGIN NOINHERIT`)
	if err = errors.Join(err, conn.Close(ctx)); err != nil {
		return fmt.Errorf("make the login %s: %w", login, err)
	}
	cmd := exec.CommandContext(ctx, c.opts.Binary, "migrate", "up", "--owner", c.postgres.DSN(), "--login", login)
	cmd.Dir = c.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s migrate up: %w: %s", c.opts.Binary, err, out)
	}
	return nil
}

// URLs are where visitors reach the gateways.
func (c *Cluster) URLs() []string {
	urls := make([]string, len(c.gateways))
	for i, g := range c.gateways {
		urls[i] = "ws://" + g.front
	}
	return urls
}

// Store is the cluster's contact store.
func (c *Cluster) Store() contacts.Store {
	if c.opts.Single {
		return contacts.Store{SQLite: filepath.Join(c.dir, "data", "zgoda.db")}
	}
	return contacts.Store{Postgres: c.postgres.DSN()}
}

// Well waits until every gateway is ready and the contact store answers.
func (c *Cluster) Well(ctx context.Context, patience time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for _, g := range c.gateways {
		for {
			err := g.ready(ctx)
			if err == nil {
				break
			}
			if !sleep(ctx, 100*time.Millisecond) {
				return fmt.Errorf("gateway %s: %w", g.name, err)
			}
		}
	}
	return nil
}

// Stop ends everything and removes what it kept: the gateways first, while
// their stores still answer. It may be called more than once.
func (c *Cluster) Stop() {
	c.stopOnce.Do(func() {
		var stopping sync.WaitGroup
		for _, g := range c.gateways {
			stopping.Go(g.stop)
		}
		stopping.Wait()
		if c.proxies != nil {
			c.proxies.stop()
		}
		if c.redis != nil {
			_ = c.redis.Stop() // it is killed all the same
		}
		if c.postgres != nil {
			_ = c.postgres.Stop()
		}
		if c.dir != "" {
			_ = os.RemoveAll(c.dir)
		}
	})
}

// get asks an address and returns an error unless the answer is 200.
func get(ctx context.Context, address string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	hc := &http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := hc.Do(req)
	if err != nil {
		return err
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s says %d", address, res.StatusCode)
	}
	return nil
}

// sleep returns false when ctx is over first.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
