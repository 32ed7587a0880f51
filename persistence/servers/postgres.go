package servers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// A PostgresServer is one private PostgreSQL. Its methods may be called
// concurrently; Stop must be called.
type PostgresServer struct {
	bin  string
	dir  string
	port int
	who  *syscall.Credential // nil: as ourselves

	mu   sync.Mutex // guards proc
	proc *process
}

// Postgres makes a database cluster, starts PostgreSQL on it and returns when it
// answers. It does not sync to the disk: it survives its own death, not the
// machine's. PostgreSQL refuses to run as root, so root starts it as another
// user.
func Postgres(ctx context.Context) (*PostgresServer, error) {
	bin, err := findPostgres()
	if err != nil {
		return nil, err
	}
	s := &PostgresServer{bin: bin}
	if s.dir, err = os.MkdirTemp("", "zgoda-postgres-"); err != nil {
		return nil, fmt.Errorf("make a folder for PostgreSQL: %w", err)
	}
	err = s.create(ctx)
	for try := 1; err == nil; try++ {
		if s.port, err = freePort(); err != nil {
			break
		}
		if err = s.start(ctx); err == nil {
			return s, nil
		}
		if try < startTries && ctx.Err() == nil {
			err = nil
		}
	}
	return nil, errors.Join(err, s.Stop())
}

// findPostgres returns the folder of the newest PostgreSQL that is installed.
func findPostgres() (string, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	version := func(path string) int {
		n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
		return n
	}
	if len(found) > 0 {
		return filepath.Dir(slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) })), nil
	}
	path, err := exec.LookPath("postgres")
	if err != nil {
		return "", errors.New("PostgreSQL is not installed: apt-get install postgresql")
	}
	// initdb looks for its share folder beside the real file.
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	return filepath.Dir(path), nil
}

// create makes the data folder.
func (s *PostgresServer) create(ctx context.Context) error {
	if os.Geteuid() == 0 {
		if err := s.chooseUser(); err != nil {
			return err
		}
	}
	cmd := exec.CommandContext(ctx, filepath.Join(s.bin, "initdb"),
		"-D", s.data(), "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C", "--no-sync")
	s.prepare(cmd)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, out)
	}
	return nil
}

// chooseUser finds whom PostgreSQL runs as when we are root, and gives them the
// folder.
func (s *PostgresServer) chooseUser() error {
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, errUID := strconv.ParseUint(u.Uid, 10, 32)
		gid, errGID := strconv.ParseUint(u.Gid, 10, 32)
		if err := errors.Join(errUID, errGID); err != nil {
			return fmt.Errorf("ids of user %s: %w", name, err)
		}
		s.who = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		return os.Chown(s.dir, int(uid), int(gid))
	}
	return errors.New("PostgreSQL does not run as root, and there is no user postgres or nobody")
}

// prepare gives a child its user and a folder that this user can be in.
func (s *PostgresServer) prepare(cmd *exec.Cmd) {
	cmd.Dir = s.dir
	cmd.SysProcAttr = attributes()
	cmd.SysProcAttr.Credential = s.who
	cmd.Env = append(os.Environ(), "LC_ALL=C", "TZ=UTC")
}

func (s *PostgresServer) data() string    { return filepath.Join(s.dir, "data") }
func (s *PostgresServer) logFile() string { return filepath.Join(s.dir, "postgres.log") }

// Addr is where the server listens, as host:port.
func (s *PostgresServer) Addr() string { return loopback(s.port) }

// Dir is the folder of its data, its log and its write-ahead log.
func (s *PostgresServer) Dir() string { return s.dir }

// DSN is the connection string of its superuser.
func (s *PostgresServer) DSN() string {
	return fmt.Sprintf("postgres://postgres@%s/postgres?sslmode=disable", s.Addr())
}

func (s *PostgresServer) start(ctx context.Context) error {
	cmd := exec.Command(filepath.Join(s.bin, "postgres"),
		"-D", s.data(), "-p", strconv.Itoa(s.port), "-k", s.dir, "-c", "listen_addresses=127.0.0.1",
		"-c", "fsync=off", "-c", "max_connections=200", "-c", "shared_buffers=32MB", "-c", "timezone=UTC")
	s.prepare(cmd)
	p, err := launch(cmd, s.logFile())
	if err != nil {
		return err
	}
	if err := p.await(ctx, s.logFile(), s.ping(p)); err != nil {
		s.killAll(p)
		return fmt.Errorf("postgres on %s: %w", s.Addr(), err)
	}
	s.mu.Lock()
	s.proc = p
	s.mu.Unlock()
	return nil
}

// ping asks over the socket in our own folder, where nobody else answers.
func (s *PostgresServer) ping(p *process) func(context.Context) error {
	local := fmt.Sprintf("host=%s port=%d user=postgres dbname=postgres sslmode=disable", s.dir, s.port)
	return func(ctx context.Context) error {
		if !p.running() {
			return errNotRunning
		}
		for _, dsn := range []string{local, s.DSN()} {
			c, err := pgx.Connect(ctx, dsn)
			if err != nil {
				return err
			}
			err = c.Ping(ctx)
			if err = errors.Join(err, c.Close(ctx)); err != nil {
				return err
			}
		}
		return nil
	}
}

func (s *PostgresServer) process() *process {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.proc
}

// Kill ends all of its processes with SIGKILL.
func (s *PostgresServer) Kill() { s.killAll(s.process()) }

func (s *PostgresServer) killAll(p *process) {
	if !p.running() {
		return
	}
	// The backends first: the first process cannot start others once it is
	// stopped, and a new server does not start while one of them holds the memory.
	_ = p.signal(syscall.SIGSTOP)
	backends := children(p.pid)
	for _, pid := range backends {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	p.kill()
	awaitGone(backends)
}

// awaitGone waits until processes that were killed have let go of their memory.
// They are no children of ours, so there is nothing to wait on.
func awaitGone(pids []int) {
	t := time.NewTicker(readyPoll)
	defer t.Stop()
	for end := time.Now().Add(stopTimeout); time.Now().Before(end); <-t.C {
		pids = slices.DeleteFunc(pids, func(pid int) bool {
			stat := procStat(pid)
			return len(stat) == 0 || stat[0] == "Z" || stat[0] == "X"
		})
		if len(pids) == 0 {
			return
		}
	}
}

// Freeze stops all of its processes with SIGSTOP.
func (s *PostgresServer) Freeze() error { return s.signalAll(syscall.SIGSTOP) }

// Thaw lets frozen processes go on.
func (s *PostgresServer) Thaw() error { return s.signalAll(syscall.SIGCONT) }

func (s *PostgresServer) signalAll(sig syscall.Signal) error {
	p := s.process()
	if err := p.signal(sig); err != nil {
		return err
	}
	for _, pid := range children(p.pid) {
		if err := syscall.Kill(pid, sig); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("signal a process of PostgreSQL: %w", err)
		}
	}
	return nil
}

// children returns the processes that pid started. PostgreSQL's are no group of
// their own, so they are looked for.
func children(pid int) []int {
	var out []int
	entries, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range entries {
		child, err := strconv.Atoi(filepath.Base(dir))
		if err != nil {
			continue
		}
		if stat := procStat(child); len(stat) > 1 && stat[1] == strconv.Itoa(pid) {
			out = append(out, child)
		}
	}
	return out
}

// procStat returns what the system says of a process from its state on: state,
// parent and so on. It is empty where there is no such process.
func procStat(pid int) []string {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil
	}
	// pid (name) state ppid …; the name may hold anything.
	return strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
}

// Dump returns what pg_dump prints of its database.
func (s *PostgresServer) Dump(ctx context.Context) ([]byte, error) {
	out, err := exec.CommandContext(ctx, filepath.Join(s.bin, "pg_dump"), "-d", s.DSN()).Output()
	if err != nil {
		return nil, fmt.Errorf("pg_dump: %w", err)
	}
	return out, nil
}

// memoryInUse is what PostgreSQL says while the system has not yet taken the
// shared memory of a killed server back.
const memoryInUse = "pre-existing shared memory block"

// Restart starts the server again on the same port with its data, killing it
// first where it runs.
func (s *PostgresServer) Restart(ctx context.Context) error {
	s.Kill()
	t := time.NewTicker(10 * readyPoll)
	defer t.Stop()
	for end := time.Now().Add(stopTimeout); ; {
		err := s.start(ctx)
		if err == nil || !strings.Contains(err.Error(), memoryInUse) || time.Now().After(end) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-t.C:
		}
	}
}

// Stop ends the server and removes its folder. It may be called again.
func (s *PostgresServer) Stop() error {
	p := s.process()
	if p.running() {
		_ = s.signalAll(syscall.SIGCONT)
		p.end(syscall.SIGINT) // "fast": sessions are ended, not waited for
		s.killAll(p)
	}
	if err := os.RemoveAll(s.dir); err != nil {
		return fmt.Errorf("remove the folder of PostgreSQL: %w", err)
	}
	return nil
}
