package main

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"testing"

	"github.com/caarlos0/env/v11"
	"go.yaml.in/yaml/v4"
)

const deployDir = "../../../configs/deploy"

// documents reads every YAML document of a file.
func documents(t *testing.T, name string) []map[string]any {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(deployDir, name))
	if err != nil {
		t.Fatal(err)
	}
	var all []map[string]any
	for d := yaml.NewDecoder(bytes.NewReader(raw)); ; {
		var doc map[string]any
		err := d.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all = append(all, doc)
	}
}

// TestDeployNamesWhatThereIs: every variable that the deployment's files set is one the
// program reads; one that is misspelt would be ignored.
func TestDeployNamesWhatThereIs(t *testing.T) {
	t.Parallel()
	params, err := env.GetFieldParamsWithOptions(&config{}, env.Options{Prefix: envPrefix})
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, p := range params {
		known[p.Key] = true
	}
	set := regexp.MustCompile(`\b(ZGODA_[A-Z_]+)\s*[:=,]|name: (ZGODA_[A-Z_]+)`)
	seen := map[string]bool{}
	for _, name := range []string{"Dockerfile", "compose.yaml", "kubernetes/zgoda.yaml", "zgoda.service"} {
		raw, err := os.ReadFile(filepath.Join(deployDir, name))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range set.FindAllStringSubmatch(string(raw), -1) {
			variable := m[1] + m[2]
			if seen[variable] = true; !known[variable] {
				t.Errorf("%s sets %s, which the program does not know", name, variable)
			}
		}
	}
	for _, must := range []string{"ZGODA_REDIS", "ZGODA_POSTGRES", "ZGODA_TRUSTED_HOPS", "ZGODA_DRAIN_TIME_MS", "ZGODA_DATA"} {
		if !seen[must] {
			t.Errorf("%s was not found among %v", must, slices.Sorted(maps.Keys(seen)))
		}
	}
}

// TestDeployLeavesTimeToDrain: a pod and a container are killed after the drain and
// not in it.
func TestDeployLeavesTimeToDrain(t *testing.T) {
	t.Parallel()
	number := func(file, pattern string) int {
		t.Helper()
		raw, err := os.ReadFile(filepath.Join(deployDir, file))
		if err != nil {
			t.Fatal(err)
		}
		m := regexp.MustCompile(pattern).FindStringSubmatch(string(raw))
		if m == nil {
			t.Fatalf("%s has no %s", file, pattern)
		}
		n, err := strconv.Atoi(m[1])
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	for file, c := range map[string]struct{ grace, value string }{
		"kubernetes/zgoda.yaml": {`terminationGracePeriodSeconds: (\d+)`, `%s, value: "(\d+)"`},
		"compose.yaml":          {`stop_grace_period: (\d+)s`, `%s: "(\d+)"`},
	} {
		drain := 0
		for _, variable := range []string{"ZGODA_DRAIN_DELAY_MS", "ZGODA_DRAIN_TIME_MS"} {
			drain += number(file, regexp.MustCompile(`%s`).ReplaceAllString(c.value, variable))
		}
		if grace := number(file, c.grace); grace*1000 < drain+10_000 {
			t.Errorf("%s: %d s to go, and the drain takes %d ms", file, grace, drain)
		}
	}
}

// TestDeployIsYAML: the files parse, without a key that stands twice, and name the
// paths of the probes.
func TestDeployIsYAML(t *testing.T) {
	t.Parallel()
	if n := len(documents(t, "compose.yaml")); n != 1 {
		t.Errorf("compose.yaml has %d documents", n)
	}
	kinds := map[any]bool{}
	for _, doc := range documents(t, "kubernetes/zgoda.yaml") {
		kinds[doc["kind"]] = true
	}
	for _, kind := range []string{"Deployment", "Service", "PodDisruptionBudget"} {
		if !kinds[kind] {
			t.Errorf("kubernetes/zgoda.yaml has no %s", kind)
		}
	}
}
