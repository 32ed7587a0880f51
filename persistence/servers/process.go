package servers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"time"
)

const (
	// readyTimeout bounds how long a server may take until it answers, where
	// the caller's context sets no earlier end.
	readyTimeout = 30 * time.Second
	readyPoll    = 10 * time.Millisecond
	stopTimeout  = 5 * time.Second
	// logTail is how much of a server's log an error carries.
	logTail = 2000
	// startTries is how often a port is looked for that another process took
	// between the search and the start.
	startTries = 5
)

var errNotRunning = errors.New("the server is not running")

// A process is a child that dies with us.
type process struct {
	pid    int
	exited chan struct{} // closed when the child was reaped
}

// launch starts cmd with its output in a log file. The goroutine that starts
// the child keeps its thread until the child has ended, because the signal a
// child gets at its parent's death is sent when that thread ends.
func launch(cmd *exec.Cmd, logFile string) (*process, error) {
	out, err := os.OpenFile(logFile, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open server log: %w", err)
	}
	cmd.Stdout, cmd.Stderr = out, out
	p := &process{exited: make(chan struct{})}
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer close(p.exited)
		defer func() { _ = out.Close() }()
		if err := cmd.Start(); err != nil {
			started <- err
			return
		}
		p.pid = cmd.Process.Pid
		started <- nil
		// The exit status of a server that is killed on purpose says nothing.
		_ = cmd.Wait()
	}()
	if err := <-started; err != nil {
		<-p.exited
		return nil, fmt.Errorf("start %s: %w", filepath.Base(cmd.Path), err)
	}
	return p, nil
}

func (p *process) running() bool {
	if p == nil {
		return false
	}
	select {
	case <-p.exited:
		return false
	default:
		return true
	}
}

func (p *process) signal(sig syscall.Signal) error {
	if !p.running() {
		return errNotRunning
	}
	return syscall.Kill(p.pid, sig)
}

// kill ends the child at once, a frozen one too, and waits until it is gone.
func (p *process) kill() {
	if p.running() {
		_ = syscall.Kill(p.pid, syscall.SIGKILL)
		<-p.exited
	}
}

// end asks with sig and kills what does not follow.
func (p *process) end(sig syscall.Signal) {
	if !p.running() {
		return
	}
	_ = syscall.Kill(p.pid, syscall.SIGCONT)
	_ = syscall.Kill(p.pid, sig)
	t := time.NewTimer(stopTimeout)
	defer t.Stop()
	select {
	case <-p.exited:
	case <-t.C:
		p.kill()
	}
}

// await polls ready until it returns nil, the child has ended or the time is up.
func (p *process) await(ctx context.Context, logFile string, ready func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	t := time.NewTicker(readyPoll)
	defer t.Stop()
	for {
		err := ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-p.exited:
			return fmt.Errorf("it ended before it was ready: %s", tail(logFile))
		case <-ctx.Done():
			return fmt.Errorf("it was not ready in time: %w: %s", err, tail(logFile))
		case <-t.C:
		}
	}
}

// tail returns the end of a log.
func tail(file string) string {
	b, err := os.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	return string(bytes.TrimSpace(b[max(0, len(b)-logTail):]))
}

var ports struct {
	sync.Mutex
	given map[int]bool
}

// freePort returns a loopback port that nobody listens on and that this process
// did not give away before.
func freePort() (int, error) {
	ports.Lock()
	defer ports.Unlock()
	if ports.given == nil {
		ports.given = map[int]bool{}
	}
	for {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return 0, fmt.Errorf("find a free port: %w", err)
		}
		port := l.Addr().(*net.TCPAddr).Port
		if err := l.Close(); err != nil {
			return 0, fmt.Errorf("find a free port: %w", err)
		}
		if !ports.given[port] {
			ports.given[port] = true
			return port, nil
		}
	}
}

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
