package servers

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// Fill makes every write to a file fail, as on a full disk, for the server and
// all it starts. A PostgreSQL that cannot write its log ends.
func (s *PostgresServer) Fill() error { return s.limitFiles(0) }

// Empty makes room again and starts the server where it has ended.
func (s *PostgresServer) Empty(ctx context.Context) error {
	if s.process().running() {
		if err := s.limitFiles(unix.RLIM_INFINITY); err == nil && s.ping(s.process())(ctx) == nil {
			return nil
		}
	}
	return s.Restart(ctx)
}

// limitFiles bounds the size of files. PostgreSQL ignores the signal that comes
// with it and sees the error.
func (s *PostgresServer) limitFiles(most uint64) error {
	p := s.process()
	if !p.running() {
		return errNotRunning
	}
	// The first process before its children: those it starts meanwhile have the
	// limit, too.
	for _, pid := range append([]int{p.pid}, children(p.pid)...) {
		limit := unix.Rlimit{Cur: most, Max: unix.RLIM_INFINITY}
		if err := unix.Prlimit(pid, unix.RLIMIT_FSIZE, &limit, nil); err != nil && !errors.Is(err, unix.ESRCH) {
			return fmt.Errorf("bound the files of PostgreSQL: %w", err)
		}
	}
	return nil
}
