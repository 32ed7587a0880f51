package sqlitestore

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"

	"zgoda/persistence"
)

// A fileLock keeps other processes from writing to the store. The operating
// system drops it with the process, however that ends, so a file that is left
// behind locks nobody out.
type fileLock struct{ f *os.File }

// takeLock takes the lock beside path, or says who holds it.
func takeLock(path string) (*fileLock, error) {
	name := path + ".lock"
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open lock file: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		defer func() { _ = f.Close() }() // nothing was written to it
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("lock %s: %w", name, err)
		}
		return nil, fmt.Errorf("%s is open in %s (lock file %s): stop that process first, or use another data folder: %w",
			path, holder(f), name, persistence.ErrInUse)
	}
	err = f.Truncate(0)
	if err == nil {
		_, err = f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("write lock file: %w", err), f.Close())
	}
	return &fileLock{f: f}, nil
}

// holder reads who wrote the lock file. It is for the message only: between
// taking the lock and writing its number the holder is not known yet.
func holder(f *os.File) string {
	b, err := io.ReadAll(io.LimitReader(f, 32))
	pid := strings.TrimSpace(string(b))
	if err != nil || pid == "" {
		return "another process"
	}
	return "process " + pid
}

// release gives the lock up. The file stays: removing it would let two
// processes lock two files of the same name.
func (l *fileLock) release() error { return l.f.Close() }
