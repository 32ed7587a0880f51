package servers

import (
	"context"
	"fmt"
	"os/exec"
	"strconv"
	"syscall"
)

// Fill makes every write to a file fail, as on a full disk, for the server and
// all it starts. A PostgreSQL that cannot write its log ends.
func (s *PostgresServer) Fill() error { return s.limitFiles("0:") }

// Empty makes room again and starts the server where it has ended.
func (s *PostgresServer) Empty(ctx context.Context) error {
	if s.process().running() && s.limitFiles("unlimited:") == nil && s.ping(s.process())(ctx) == nil {
		return nil
	}
	return s.Restart(ctx)
}

// limitFiles bounds the size of files. PostgreSQL ignores the signal that comes
// with it and sees the error. The limit is set by a process of the server's own
// user: another one, root included, may lack the right.
func (s *PostgresServer) limitFiles(most string) error {
	p := s.process()
	if !p.running() {
		return errNotRunning
	}
	// The first process before its children: those it starts meanwhile have the
	// limit, too.
	for _, pid := range append([]int{p.pid}, children(p.pid)...) {
		cmd := exec.Command("prlimit", "--pid", strconv.Itoa(pid), "--fsize="+most)
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.who}
		if out, err := cmd.CombinedOutput(); err != nil && pid == p.pid {
			return fmt.Errorf("bound the files of PostgreSQL: %w: %s", err, out)
		}
	}
	return nil
}
