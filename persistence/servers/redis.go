package servers

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// RedisOptions say which Redis to start. The zero value is a standalone server
// without persistence.
type RedisOptions struct {
	// AppendOnly keeps every write in a file. A killed process loses nothing it
	// has answered, a machine without power would: the file is not synced. (With
	// appendfsync everysec Redis puts writes off, up to two seconds, while a sync
	// is slow, and a killed process does lose what it answered.)
	AppendOnly bool
	// ReplicaOf is the address of the primary to follow.
	ReplicaOf string
	// Cluster starts a node that belongs to no cluster yet.
	Cluster bool
	// Dir holds its files; empty makes a folder that Stop removes.
	Dir string
	// Port is the loopback port; 0 finds a free one.
	Port int
	// Extra are more arguments, such as "--maxmemory", "20mb".
	Extra []string
}

// A RedisServer is one redis-server process. Its methods may be called
// concurrently; Stop must be called.
type RedisServer struct {
	opts   RedisOptions
	binary string
	dir    string
	ownDir bool
	port   int
	bus    int // port of the cluster bus
	config string

	mu   sync.Mutex // guards proc
	proc *process
}

// Redis starts a server and returns when it answers.
func Redis(ctx context.Context, o RedisOptions) (*RedisServer, error) {
	return startRedis(ctx, o, "")
}

// startRedis starts a server from its options, or from a config file's text:
// Sentinel takes nothing else.
func startRedis(ctx context.Context, o RedisOptions, config string) (*RedisServer, error) {
	binary, err := exec.LookPath("redis-server")
	if err != nil {
		return nil, errors.New("redis-server is not installed: apt-get install redis-server")
	}
	s := &RedisServer{opts: o, binary: binary, dir: o.Dir, config: config}
	if s.dir == "" {
		if s.dir, err = os.MkdirTemp("", "zgoda-redis-"); err != nil {
			return nil, fmt.Errorf("make a folder for Redis: %w", err)
		}
		s.ownDir = true
	}
	for try := 1; ; try++ {
		if err = s.choosePorts(); err == nil {
			err = s.start(ctx)
		}
		if err == nil {
			return s, nil
		}
		if o.Port != 0 || try == startTries || ctx.Err() != nil {
			return nil, errors.Join(err, s.Stop())
		}
	}
}

func (s *RedisServer) choosePorts() error {
	var err error
	if s.port = s.opts.Port; s.port == 0 {
		if s.port, err = freePort(); err != nil {
			return err
		}
	}
	if s.opts.Cluster {
		s.bus, err = freePort()
	}
	return err
}

// Addr is where the server listens, as host:port. It stays the same over
// restarts.
func (s *RedisServer) Addr() string { return loopback(s.port) }

// Dir is the folder of its files.
func (s *RedisServer) Dir() string { return s.dir }

func (s *RedisServer) logFile() string { return filepath.Join(s.dir, "redis.log") }

func (s *RedisServer) arguments() ([]string, error) {
	args := []string{
		"--port", strconv.Itoa(s.port), "--bind", "127.0.0.1", "--dir", s.dir,
		"--daemonize", "no", "--protected-mode", "no", "--save", "", "--repl-diskless-sync-delay", "0",
	}
	if s.config != "" {
		file := filepath.Join(s.dir, "sentinel.conf")
		if err := os.WriteFile(file, []byte(s.config), 0o600); err != nil {
			return nil, fmt.Errorf("write sentinel.conf: %w", err)
		}
		return []string{file, "--sentinel", "--port", strconv.Itoa(s.port), "--bind", "127.0.0.1", "--dir", s.dir}, nil
	}
	if s.opts.AppendOnly {
		args = append(args, "--appendonly", "yes", "--appendfsync", "no")
	}
	if s.opts.ReplicaOf != "" {
		host, port, err := net.SplitHostPort(s.opts.ReplicaOf)
		if err != nil {
			return nil, fmt.Errorf("address of the primary: %w", err)
		}
		args = append(args, "--replicaof", host+" "+port)
	}
	if s.opts.Cluster {
		args = append(args, "--cluster-enabled", "yes", "--cluster-port", strconv.Itoa(s.bus),
			"--cluster-node-timeout", "2000", "--cluster-config-file", "nodes.conf")
	}
	return append(args, s.opts.Extra...), nil
}

// start runs the process and waits until it answers as the process it is: what
// answers on the port may be another server that was faster.
func (s *RedisServer) start(ctx context.Context) error {
	args, err := s.arguments()
	if err != nil {
		return err
	}
	cmd := exec.Command(s.binary, args...)
	cmd.Dir, cmd.SysProcAttr = s.dir, attributes()
	p, err := launch(cmd, s.logFile())
	if err != nil {
		return err
	}
	c := redis.NewClient(&redis.Options{
		Addr: s.Addr(), MaxRetries: -1, DialerRetries: 1, PoolSize: 1, ContextTimeoutEnabled: true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
	defer func() { _ = c.Close() }()
	err = p.await(ctx, s.logFile(), func(ctx context.Context) error {
		// The driver writes to the standard error when it is refused.
		probe, err := net.Dial("tcp", s.Addr())
		if err != nil {
			return err
		}
		_ = probe.Close()
		info, err := c.InfoMap(ctx, "server").Result()
		if err != nil {
			return err
		}
		if pid := info["Server"]["process_id"]; pid != strconv.Itoa(p.pid) {
			return fmt.Errorf("another server (process %s) answers on %s", pid, s.Addr())
		}
		return c.Ping(ctx).Err()
	})
	if err != nil {
		p.kill()
		return fmt.Errorf("redis-server on %s: %w", s.Addr(), err)
	}
	s.mu.Lock()
	s.proc = p
	s.mu.Unlock()
	return nil
}

func (s *RedisServer) process() *process {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.proc
}

// Kill ends the process with SIGKILL and waits until it is gone.
func (s *RedisServer) Kill() { s.process().kill() }

// Freeze stops the process with SIGSTOP: it keeps its port and answers nothing.
func (s *RedisServer) Freeze() error { return s.process().signal(syscall.SIGSTOP) }

// Thaw lets a frozen process go on.
func (s *RedisServer) Thaw() error { return s.process().signal(syscall.SIGCONT) }

// Restart starts the server again on the same port, killing it first where it
// runs. Without keep it comes back empty, as on a lost disk.
func (s *RedisServer) Restart(ctx context.Context, keep bool) error {
	s.Kill()
	if !keep {
		for _, name := range []string{"appendonlydir", "dump.rdb", "nodes.conf"} {
			if err := os.RemoveAll(filepath.Join(s.dir, name)); err != nil {
				return fmt.Errorf("remove the data of Redis: %w", err)
			}
		}
	}
	return s.start(ctx)
}

// Stop kills the process and removes its folder. It may be called again.
func (s *RedisServer) Stop() error {
	s.Kill()
	if !s.ownDir {
		return nil
	}
	if err := os.RemoveAll(s.dir); err != nil {
		return fmt.Errorf("remove the folder of Redis: %w", err)
	}
	return nil
}
