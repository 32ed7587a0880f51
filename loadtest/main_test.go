package loadtest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

// This program plays a part of a run, as the real one does, where it is told to.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == PlayCommand {
		if err := PlayPart(context.Background(), os.Stdin, os.Stdout); err != nil {
			os.Exit(1)
		}
		return
	}
	dir, err := os.MkdirTemp("", "zgoda-loadtest-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	built.dir = dir
	code := 1
	goleak.VerifyTestMain(runner{m, &code, dir})
}

// runner removes what was built before goroutines are counted.
type runner struct {
	m    *testing.M
	code *int
	dir  string
}

func (r runner) Run() int {
	*r.code = r.m.Run()
	_ = os.RemoveAll(r.dir)
	return *r.code
}

// built holds programs that several tests need.
var built struct {
	dir string

	mu   sync.Mutex // guards done
	done map[string]error
}

const moduleRoot = ".."

// program builds a program once and returns its path.
func program(t *testing.T, name string, build func(out string) error) string {
	t.Helper()
	built.mu.Lock()
	defer built.mu.Unlock()
	path := filepath.Join(built.dir, name)
	if built.done == nil {
		built.done = map[string]error{}
	}
	err, known := built.done[name]
	if !known {
		err = build(path)
		built.done[name] = err
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// gatewayProgram is the gateway as everybody builds it.
func gatewayProgram(t *testing.T) string {
	t.Helper()
	return program(t, "zgoda", func(out string) error {
		cmd := exec.Command("go", "build", "-tags", "grpcnotrace", "-o", out, "./gateway/cmd/zgoda")
		cmd.Dir = moduleRoot
		if said, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("build the gateway: %w\n%s", err, said)
		}
		return nil
	})
}
