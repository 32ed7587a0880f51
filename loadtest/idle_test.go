package loadtest

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// maxHeldBytes is what one held idle socket may cost the tool, as the system
// counts it.
const maxHeldBytes = 8 << 10

// The tool holds many idle sockets in little memory: its own, measured from
// outside while it holds them. The gateway is another process.
func TestHeldSocketsAreSmall(t *testing.T) {
	sockets := 2000
	if os.Getenv("ZGODA_PROVE") != "" {
		sockets = 10000
	}
	url := startGateway(t)
	resident := func(count, below int) int {
		source := fmt.Sprintf("name: held\narrivals: {phases: [{shape: steady, seconds: 600, per_second: 0}]}\nvisitors: {reconnect_ms: {first: 100, max: 1000}}\nidle: {sockets: %d, per_second: 1000}\n", count)
		cmd := exec.Command(loadProgram(t), writeScenario(t, source), "--url", url)
		out, err := cmd.StderrPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		defer func() {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}()
		lines := bufio.NewScanner(out)
		want := fmt.Sprintf(" %d idle sockets", count)
		for lines.Scan() {
			if strings.Contains(lines.Text(), want) {
				size := settled(t, cmd.Process.Pid, below)
				go func() { _, _ = io.Copy(io.Discard, out) }()
				return size
			}
		}
		t.Fatalf("the sockets were not opened: %v", lines.Err())
		return 0
	}
	none := resident(1, 0)
	some := resident(sockets, none+sockets*maxHeldBytes)
	each := (some - none) / sockets
	t.Logf("%d idle sockets cost %d bytes each (%d KB with 1, %d KB with all)", sockets, each, none>>10, some>>10)
	if each > maxHeldBytes {
		t.Errorf("a held socket costs %d bytes, want at most %d", each, maxHeldBytes)
	}
}

// settled returns the least memory that a process had within a while: what opening
// needed is given back when the collector comes to it, later on a busy machine. It waits
// no longer than until there is less than below.
func settled(t *testing.T, pid, below int) int {
	t.Helper()
	time.Sleep(4 * time.Second)
	least := residentOf(t, pid)
	for range 20 {
		if least < below || below == 0 {
			break
		}
		time.Sleep(time.Second)
		least = min(least, residentOf(t, pid))
	}
	return least
}

// residentOf returns a process's memory as the system counts it.
func residentOf(t *testing.T, pid int) int {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Skipf("LOUD: resident memory is read on Linux only: %v", err)
	}
	for line := range strings.Lines(string(b)) {
		var kb int
		if n, _ := fmt.Sscanf(line, "VmRSS: %d kB", &kb); n == 1 {
			return kb << 10
		}
	}
	t.Fatal("no VmRSS")
	return 0
}

// loadProgram is the tool as everybody builds it.
func loadProgram(t *testing.T) string {
	t.Helper()
	return program(t, "zgoda-load", func(out string) error {
		cmd := exec.Command("go", "build", "-o", out, "./loadtest/cmd/zgoda-load")
		cmd.Dir = moduleRoot
		if said, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("build the tool: %w\n%s", err, said)
		}
		return nil
	})
}

// startGateway starts a gateway on a data file, with no limits for one address,
// and returns its URL.
func startGateway(t *testing.T) string {
	t.Helper()
	data := t.TempDir()
	sites, err := filepath.Abs(filepath.Join(moduleRoot, "configs", "sites"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(gatewayProgram(t), "run", "--listen", "127.0.0.1:0", "--data", data, "--sites", sites)
	cmd.Dir = data
	cmd.Env = append(os.Environ(), "ZGODA_PROCESSOR_NAME=Test", "ZGODA_PROCESSOR_ADDRESS=Test 1", "ZGODA_PROCESSOR_CONTACT=test@example.com",
		"ZGODA_LIMITS_SOCKETS_PER_ADDRESS=-1", "ZGODA_LIMITS_PER_SECOND=-1", "ZGODA_LIMITS_PER_SECOND_PER_ADDRESS=-1", "ZGODA_LIMITS_CONVERSATIONS_PER_MINUTE=-1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		for word := range strings.FieldsSeq(lines.Text()) {
			if address, ok := strings.CutPrefix(word, "http://"); ok {
				return "ws://" + strings.TrimSuffix(strings.SplitN(address, "/", 2)[0], "/")
			}
		}
	}
	t.Fatal("the gateway did not start")
	return ""
}
