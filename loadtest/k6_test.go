package loadtest

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Another harness drives the gateway: k6 runs the script that comes with it, and
// its own checks pass.
func TestK6DrivesTheGateway(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("LOUD: building k6 takes a minute or two; run without -short")
	}
	url := startGateway(t)
	cmd := exec.CommandContext(t.Context(), "go", "tool", "-modfile="+filepath.Join("configs", "load", "k6", "go.mod"), "k6", "run",
		"--no-usage-report", "--quiet", "--address", "", "-e", "URL="+url, filepath.Join("configs", "load", "k6", "visitor.js"))
	cmd.Dir = moduleRoot
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("k6: %v\n%s", err, out)
	}
	for _, want := range []string{"consent is asked for before anything else", "zgoda_visits"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("k6 does not report %q:\n%s", want, out)
		}
	}
	t.Logf("%s", out)
}
