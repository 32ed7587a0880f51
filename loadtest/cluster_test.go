package loadtest

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"zgoda/loadtest/report"
)

// fast visitors of every kind, for as many seconds.
func fast(seconds int, more string) string {
	return strings.Replace(everybody, "seconds: 2.5", fmt.Sprintf("seconds: %d", seconds), 1) + more
}

// clusterOptions are for a cluster of the tool's own.
func clusterOptions(t *testing.T, source string) Options {
	t.Helper()
	sites, err := filepath.Abs(filepath.Join(moduleRoot, "configs", "sites"))
	if err != nil {
		t.Fatal(err)
	}
	return Options{File: writeScenario(t, source), Cluster: 3, Binary: gatewayProgram(t), Sites: sites}
}

// Three gateways on Redis and PostgreSQL keep every promise while everything is
// hurt in turn, and the store is compared to the row. Two processes play.
func TestClusterIsHurt(t *testing.T) {
	t.Parallel()
	source := fast(16, `
faults:
  - {at_seconds: 1, do: kill, what: gateway, for_ms: 500}
  - {at_seconds: 3, do: freeze, what: redis, for_ms: 800}
  - {at_seconds: 5, do: partition, what: redis, for_ms: 800}
  - {at_seconds: 7, do: kill, what: postgres, for_ms: 500}
  - {at_seconds: 8, do: slow, what: gateway, which: 2, slow_ms: 50, for_ms: 1000}
  - {at_seconds: 9, do: full, what: redis, for_ms: 800}
  - {at_seconds: 10, do: full, what: postgres, for_ms: 800}
  - {at_seconds: 12, do: freeze, what: gateway, which: 3, for_ms: 500}
  - {at_seconds: 13, do: kill, what: redis, for_ms: 300}
  - {at_seconds: 14, do: restart, what: gateway, which: 1, for_ms: 200}
`)
	o := clusterOptions(t, strings.Replace(source, "finish_seconds: 8", "finish_seconds: 40", 1))
	o.Processes, o.Sources = 2, 3
	r := kept(t, o)
	if len(r.Marks) != 10 {
		t.Errorf("%d faults were done, want 10", len(r.Marks))
	}
	for _, m := range r.Marks {
		if m.Err != "" {
			t.Errorf("%s: %s", m.What, m.Err)
		}
		t.Logf("%5.1f s  %s for %.1f s", m.At, m.What, m.For)
	}
	var page bytes.Buffer
	if err := r.WriteHTML(&page); err != nil || !strings.Contains(page.String(), "kill postgres") {
		t.Errorf("the page: %v", err)
	}
	for _, outside := range []string{"http://", "https://", "src=", "@import", "url("} {
		if strings.Contains(page.String(), outside) {
			t.Errorf("the page has %q: it must open without a network", outside)
		}
	}
}

// leftovers are processes and folders of clusters that pid started.
func leftovers(t *testing.T, temp string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(temp, "*"))
	if err != nil {
		t.Fatal(err)
	}
	commands, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, file := range commands {
		if b, err := os.ReadFile(file); err == nil && bytes.Contains(b, []byte(temp)) {
			found = append(found, string(bytes.ReplaceAll(b, []byte{0}, []byte{' '})))
		}
	}
	return found
}

// Ctrl-C ends a run in order and leaves nothing: no process, no folder. The
// first one still judges what ran, the second stops at once; and a killed tool
// takes its processes with it.
func TestNothingIsLeft(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		signals []os.Signal
		exit    int
		folder  bool // a folder may stay
	}{
		{"Interrupted", []os.Signal{os.Interrupt}, report.ExitKept, false},
		{"InterruptedTwice", []os.Signal{os.Interrupt, syscall.SIGTERM}, report.ExitCannot, false},
		{"Killed", []os.Signal{syscall.SIGKILL}, -1, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			temp := t.TempDir()
			// PostgreSQL runs as another user where the test is root.
			for dir := temp; dir != os.TempDir() && dir != "/"; dir = filepath.Dir(dir) {
				if err := os.Chmod(dir, 0o755); err != nil {
					t.Fatal(err)
				}
			}
			o := clusterOptions(t, fast(120, ""))
			cmd := exec.Command(loadProgram(t), o.File, "--cluster", "2", "--gateway", o.Binary, "--sites", o.Sites, "--processes", "2")
			cmd.Env = append(os.Environ(), "TMPDIR="+temp)
			cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
			var out lockedBuffer
			cmd.Stdout, cmd.Stderr = &out, &out
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			for began := time.Now(); !strings.Contains(out.String(), "came, "); time.Sleep(100 * time.Millisecond) {
				if time.Since(began) > time.Minute {
					t.Fatalf("nobody came: %s", out.String())
				}
			}
			time.Sleep(time.Second)
			for _, s := range c.signals {
				if err := cmd.Process.Signal(s); err != nil {
					t.Fatal(err)
				}
			}
			_ = cmd.Wait()
			if got := cmd.ProcessState.ExitCode(); got != c.exit {
				t.Errorf("exit status %d, want %d:\n%s", got, c.exit, out.String())
			}
			left := leftovers(t, temp)
			for began := time.Now(); len(left) > 0 && time.Since(began) < 5*time.Second; left = leftovers(t, temp) {
				time.Sleep(100 * time.Millisecond) // what dies with its parent takes a moment
			}
			for _, l := range left {
				if !c.folder || !strings.HasPrefix(l, temp) {
					t.Errorf("left over: %s", l)
				}
			}
		})
	}
}
