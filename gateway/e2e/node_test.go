package e2e

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"zgoda/gateway"
	"zgoda/gateway/site"
	"zgoda/persistence"
)

// Variables of a gateway that runs as a child process of a test.
const (
	envChild  = "ZGODA_E2E_CHILD" // the data folder
	envAddr   = "ZGODA_E2E_ADDR"
	envFault  = "ZGODA_E2E_FAULT" // where to die: see fault
	envSites  = "ZGODA_E2E_SITES"
	envRedis  = "ZGODA_E2E_REDIS"
	envPG     = "ZGODA_E2E_POSTGRES"
	envLease  = "ZGODA_E2E_LEASE"   // of operators, a duration
	envProm   = "ZGODA_E2E_METRICS" // where Prometheus asks
	envNode   = "ZGODA_E2E_NODE"
	envDrain  = "ZGODA_E2E_DRAIN"  // a duration
	envBuffer = "ZGODA_E2E_BUFFER" // of each socket, in bytes
)

func TestMain(m *testing.M) {
	if os.Getenv(envChild) != "" {
		if err := runChild(); err != nil {
			fmt.Fprintln(os.Stderr, "child:", err)
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

func sitesDir() string { return filepath.Join("..", "..", "configs", "sites") }

var processor = site.Party{Name: "Test Platform", Address: "ul. Testowa 1, Warszawa", Contact: "privacy@platform.example"}

// startApp runs a gateway inside the test.
func startApp(t *testing.T, o gateway.Options) (*gateway.App, string) {
	t.Helper()
	if o.DataDir == "" {
		o.DataDir = t.TempDir()
	}
	if o.SitesDir == "" {
		o.SitesDir = sitesDir()
	}
	o.Listen, o.Processor = "127.0.0.1:0", processor
	app, err := gateway.New(t.Context(), o)
	if err != nil {
		t.Fatalf("new: %v", err)
	}
	if err := app.Start(t.Context()); err != nil {
		t.Fatalf("start: %v", err)
	}
	t.Cleanup(func() {
		if err := app.Stop(context.Background()); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	return app, app.Addr().String()
}

// A fault kills the process with SIGKILL at the k-th time something is about to
// happen: "commit:k" before a commit, "committed:k" after it, "write:k:TEXT"
// before a write to a socket that contains TEXT.
type fault struct {
	kind  string
	text  string
	after int64
	seen  atomic.Int64
}

func parseFault(s string) *fault {
	if s == "" {
		return nil
	}
	parts := strings.SplitN(s, ":", 3)
	k, err := strconv.Atoi(parts[1])
	if err != nil {
		panic(err)
	}
	f := &fault{kind: parts[0], after: int64(k)}
	if len(parts) == 3 {
		f.text = parts[2]
	}
	return f
}

func (f *fault) point(kind string) {
	if f != nil && f.kind == kind && f.seen.Add(1) == f.after {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {} // the signal is on its way
	}
}

type faultyStore struct {
	persistence.Conversations
	fault *fault
}

func (s faultyStore) Commit(ctx context.Context, c *persistence.Commit) (persistence.Result, error) {
	s.fault.point("commit")
	r, err := s.Conversations.Commit(ctx, c)
	s.fault.point("committed")
	return r, err
}

type faultyListener struct {
	net.Listener
	fault *fault
	// buffer is what the system keeps of what a socket has not read, in bytes; 0 lets
	// the system choose, which is megabytes.
	buffer int
}

func (l faultyListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	if tcp, ok := c.(*net.TCPConn); ok && l.buffer > 0 {
		_ = tcp.SetWriteBuffer(l.buffer)
	}
	return faultyConn{c, l.fault}, nil
}

type faultyConn struct {
	net.Conn
	fault *fault
}

func (c faultyConn) Write(b []byte) (int, error) {
	if c.fault != nil && bytes.Contains(b, []byte(c.fault.text)) {
		c.fault.point("write")
	}
	return c.Conn.Write(b)
}

// runChild is the gateway process of a child. It prints its address and runs
// until standard input is closed or it is killed.
func runChild() error {
	switch os.Getenv(envBare) {
	case "bare":
		return runBare()
	case "zgoda":
		return runIdleGateway()
	case "floor":
		return runFloor()
	case "turns":
		return runTurns()
	case "collector":
		return runCollector()
	}
	listener, err := net.Listen("tcp", os.Getenv(envAddr))
	if err != nil {
		return err
	}
	f := parseFault(os.Getenv(envFault))
	lease, _ := time.ParseDuration(os.Getenv(envLease)) // empty: the default
	drain, _ := time.ParseDuration(os.Getenv(envDrain))
	buffer, _ := strconv.Atoi(os.Getenv(envBuffer))
	app, err := gateway.New(context.Background(), gateway.Options{
		Listener: faultyListener{listener, f, buffer}, DataDir: os.Getenv(envChild), SitesDir: os.Getenv(envSites),
		Processor: processor, Log: slog.New(slog.NewTextHandler(os.Stderr, nil)), Redis: os.Getenv(envRedis), Postgres: os.Getenv(envPG),
		Limits: unlimited, Rate: fast, OperatorLease: lease, Env: os.Getenv, Metrics: os.Getenv(envProm), Node: os.Getenv(envNode), DrainTime: drain,
		WrapStore: func(c persistence.Conversations) persistence.Conversations { return faultyStore{c, f} },
	})
	if err != nil {
		return err
	}
	if err := app.Start(context.Background()); err != nil {
		return err
	}
	fmt.Println("listening", app.Addr())
	_, _ = io.Copy(io.Discard, os.Stdin)
	return app.Stop(context.Background())
}

// A node is a gateway in a process of its own.
type node struct {
	t     *testing.T
	cmd   *exec.Cmd
	stdin io.WriteCloser
	addr  string
	log   *logBuffer
}

// logBuffer keeps what a process writes.
type logBuffer struct {
	mu sync.Mutex // guards b
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// startNodeOn starts a gateway process on a Redis, or with an empty URL on its
// data folder alone. addr is empty for a free port.
func startNodeOn(t *testing.T, redisURL, data, addr, faultSpec string) *node {
	t.Helper()
	return startNodeOf(t, sitesDir(), redisURL, data, addr, faultSpec)
}

// startNodeOf is startNodeOn with other site files.
func startNodeOf(t *testing.T, sitesDir, redisURL, data, addr, faultSpec string) *node {
	t.Helper()
	return startChild(t, child{sites: sitesDir, redis: redisURL, data: data, addr: addr, fault: faultSpec})
}

// A child is how a gateway process is started. Empty fields: the demo's sites, no
// servers, a free port, no fault, the usual lease of operators.
type child struct {
	sites, redis, postgres, data, addr, fault string
	env                                       []string // more variables
	lease                                     time.Duration
}

func startChild(t *testing.T, o child) *node {
	t.Helper()
	if o.addr == "" {
		o.addr = "127.0.0.1:0"
	}
	if o.sites == "" {
		o.sites = sitesDir()
	}
	sites, err := filepath.Abs(o.sites)
	if err != nil {
		t.Fatal(err)
	}
	n := &node{t: t, log: &logBuffer{}}
	n.cmd = exec.Command(os.Args[0])
	n.cmd.Env = append(os.Environ(), envChild+"="+o.data, envAddr+"="+o.addr, envFault+"="+o.fault, envSites+"="+sites,
		envRedis+"="+o.redis, envPG+"="+o.postgres, envLease+"="+o.lease.String())
	n.cmd.Env = append(n.cmd.Env, o.env...)
	n.cmd.Stderr = n.log
	if n.stdin, err = n.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := n.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := n.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		_ = n.cmd.Wait()
		t.Fatalf("the child did not start: %v\n%s", err, n.log)
	}
	n.addr = strings.TrimSpace(strings.TrimPrefix(line, "listening "))
	t.Cleanup(func() { n.kill() })
	return n
}

// kill ends the process with SIGKILL and waits for it.
func (n *node) kill() {
	if n.cmd.ProcessState == nil {
		_ = n.cmd.Process.Kill()
		_ = n.cmd.Wait()
	}
}

// wait returns when the process has ended by itself.
func (n *node) wait() { _ = n.cmd.Wait() }

// stop ends the process in order.
func (n *node) stop() {
	n.t.Helper()
	_ = n.stdin.Close()
	if err := n.cmd.Wait(); err != nil {
		n.t.Errorf("the gateway did not stop in order: %v\n%s", err, n.log)
	}
}
