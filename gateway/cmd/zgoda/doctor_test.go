package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"zgoda/gateway"
)

// doctor runs the command and returns what it printed and the status it ends with.
func doctor(t *testing.T, args ...string) (string, int) {
	t.Helper()
	var out bytes.Buffer
	root := newRoot()
	root.SetOut(&out)
	root.SetArgs(append([]string{"doctor", "--data", t.TempDir()}, args...))
	err := root.ExecuteContext(t.Context())
	status := 0
	if coded, ok := errors.AsType[*statusError](err); ok {
		status = coded.status
	} else if err != nil {
		t.Fatal(err)
	}
	return out.String(), status
}

func TestDoctor(t *testing.T) {
	sites := "../../../configs/sites"
	t.Setenv("ZGODA_LISTEN", "127.0.0.1:0")
	text, status := doctor(t, "--sites", sites)
	if status != 0 || !strings.Contains(text, "ok       sites ") || !strings.Contains(text, "\n                        → the first start makes it") {
		t.Errorf("before the first start it ends with %d:\n%s", status, text)
	}
	if _, status := doctor(t, "--sites", sites, "--strict"); status != 1 {
		t.Errorf("with --strict a warning ends with %d", status)
	}
	text, status = doctor(t, "--sites", "nowhere", "--json")
	var answer struct {
		OK       bool              `json:"ok"`
		Findings []gateway.Finding `json:"findings"`
	}
	if err := json.Unmarshal([]byte(text), &answer); err != nil || status != 1 || answer.OK || len(answer.Findings) < 5 {
		t.Errorf("without sites it ends with %d, %v:\n%s", status, err, text)
	}
	t.Setenv("ZGODA_LISTNE", "x")
	if text, _ := doctor(t, "--sites", sites); !strings.Contains(text, "no setting is called ZGODA_LISTNE") {
		t.Errorf("a misspelt variable is not found:\n%s", text)
	}
	t.Setenv("ZGODA_TRUSTED_HOPS", "99")
	if text, status := doctor(t, "--sites", sites); status != 1 || !strings.Contains(text, "trusted_hops is 99") {
		t.Errorf("a wrong configuration ends with %d:\n%s", status, text)
	}
}
