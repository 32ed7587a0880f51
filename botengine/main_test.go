package botengine

import (
	"flag"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// TestMain runs the laws over 10,000 cases each where a proof is asked for.
func TestMain(m *testing.M) {
	if os.Getenv("ZGODA_PROVE") != "" {
		if err := flag.Set("rapid.checks", "10000"); err != nil {
			panic(err)
		}
	}
	goleak.VerifyTestMain(m)
}
