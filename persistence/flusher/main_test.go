package flusher

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if order := os.Getenv(envFlush); order != "" {
		os.Exit(runFlush(order))
	}
	goleak.VerifyTestMain(m)
}
