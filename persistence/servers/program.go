package servers

import (
	"context"
	"os/exec"
	"syscall"
	"time"
)

// A Program is one process that the caller describes, such as a gateway. Like
// the servers it dies with the process that started it. Its methods may be
// called concurrently.
type Program struct {
	proc *process
	log  string
}

// Launch starts cmd with its output appended to a log file. ready is asked until
// it returns nil; nil asks nothing. The process is killed where that never
// happens. cmd's SysProcAttr is replaced.
func Launch(ctx context.Context, cmd *exec.Cmd, logFile string, ready func(context.Context) error) (*Program, error) {
	cmd.SysProcAttr = attributes()
	p, err := launch(cmd, logFile)
	if err != nil {
		return nil, err
	}
	if ready != nil {
		if err := p.await(ctx, logFile, ready); err != nil {
			p.kill()
			return nil, err
		}
	}
	return &Program{proc: p, log: logFile}, nil
}

// Running says whether the process is there.
func (p *Program) Running() bool { return p.proc.running() }

// Kill ends it with SIGKILL and waits until it is gone.
func (p *Program) Kill() { p.proc.kill() }

// Freeze stops it with SIGSTOP.
func (p *Program) Freeze() error { return p.proc.signal(syscall.SIGSTOP) }

// Thaw lets it go on.
func (p *Program) Thaw() error { return p.proc.signal(syscall.SIGCONT) }

// Terminate asks it to end and kills it after a while. It returns false where it
// had to.
func (p *Program) Terminate(patience time.Duration) bool {
	if !p.Running() {
		return true
	}
	_ = p.proc.signal(syscall.SIGCONT)
	_ = p.proc.signal(syscall.SIGTERM)
	t := time.NewTimer(patience)
	defer t.Stop()
	select {
	case <-p.proc.exited:
		return true
	case <-t.C:
		p.Kill()
		return false
	}
}

// FreePort returns a loopback port that nobody listens on and that this process
// did not give away before.
func FreePort() (int, error) { return freePort() }
