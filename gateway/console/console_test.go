package console

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func get(t *testing.T, path string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	Handler().ServeHTTP(w, r)
	return w
}

// The page has addresses of its own below /console/: each of them is the page.
func TestEveryAddressIsThePage(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/console/", "/console/c/demo/c_6o2m", "/console/contacts/demo", "/console/nothing/like/that"} {
		w := get(t, path)
		if w.Code != http.StatusOK || !strings.HasPrefix(w.Body.String(), "<!doctype html>") {
			t.Errorf("%s: %d %.40q", path, w.Code, w.Body)
		}
		if got := w.Header().Get("Cache-Control"); got != "no-cache" {
			t.Errorf("%s: Cache-Control %q", path, got)
		}
	}
}

// Issue 6: a strict policy, without unsafe-inline, and nothing in the page that would need it.
func TestPolicy(t *testing.T) {
	t.Parallel()
	w := get(t, "/console/")
	csp := w.Header().Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "require-trusted-types-for 'script'", "base-uri 'none'"} {
		if !strings.Contains(csp, want) {
			t.Errorf("the policy has no %s: %s", want, csp)
		}
	}
	if strings.Contains(csp, "unsafe") {
		t.Errorf("the policy allows something unsafe: %s", csp)
	}
	if w.Header().Get("X-Content-Type-Options") != "nosniff" || w.Header().Get("Referrer-Policy") != "no-referrer" {
		t.Errorf("headers: %v", w.Header())
	}
	body := w.Body.String()
	if regexp.MustCompile(`<style|\sstyle=|\son[a-z]+=|<script[^>]*>[^<]`).MatchString(body) {
		t.Errorf("the page has something inline: %s", body)
	}
	if strings.Contains(body, "{{") {
		t.Errorf("a name was not filled in: %s", body)
	}
}

func TestAssets(t *testing.T) {
	t.Parallel()
	names := regexp.MustCompile(`/console/assets/[^"]+`).FindAllString(get(t, "/console/").Body.String(), -1)
	if len(names) != 3 {
		t.Fatalf("the page loads %q, want a script, a style sheet and an icon", names)
	}
	for _, name := range names {
		w := get(t, name, "Accept-Encoding", "br, gzip")
		if w.Code != http.StatusOK || w.Header().Get("Content-Encoding") != "gzip" || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %d %v", name, w.Code, w.Header())
		}
		again := get(t, name, "Accept-Encoding", "gzip", "If-None-Match", w.Header().Get("ETag"))
		if again.Code != http.StatusNotModified || again.Body.Len() != 0 {
			t.Errorf("%s asked for again: %d, %d bytes", name, again.Code, again.Body.Len())
		}
		if plain := get(t, name, "Accept-Encoding", "gzip;q=0"); plain.Header().Get("Content-Encoding") != "" {
			t.Errorf("%s is compressed for a client that refuses it", name)
		}
	}
	if w := get(t, "/console/assets/console-0.js"); w.Code != http.StatusNotFound || strings.Contains(w.Body.String(), "<!doctype") {
		t.Errorf("a file that is not there: %d %.40q", w.Code, w.Body)
	}
}

// The licence of what is in the bundle asks for its notice in every copy.
func TestNoticeIsKept(t *testing.T) {
	t.Parallel()
	script, err := dist.ReadFile("dist/console.js")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Copyright (c) 2015-present Jason Miller", "Permission is hereby granted", "WITHOUT WARRANTY OF ANY KIND"} {
		if !bytes.Contains(script, []byte(want)) {
			t.Errorf("the bundle lacks %q", want)
		}
	}
}

// The checked-in bundle was made from the sources beside it. This needs neither npm nor a network.
func TestBundleIsOfTheseSources(t *testing.T) {
	t.Parallel()
	listed, err := os.ReadFile("dist/SOURCES")
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]string{}
	for line := range strings.Lines(string(listed)) {
		sum, name, ok := strings.Cut(strings.TrimSpace(line), "  ")
		if !ok {
			t.Fatalf("dist/SOURCES has a line that is none: %q", line)
		}
		known[name] = sum
	}
	var files []string
	for _, top := range []string{"src", "dist", "page.html", "package.json", "package-lock.json", "tsconfig.json"} {
		err := filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() && path != filepath.Join("dist", "SOURCES") {
				files = append(files, filepath.ToSlash(path))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range files {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if sum := fmt.Sprintf("%x", sha256.Sum256(content)); known[name] != sum {
			t.Errorf("%s is not what the bundle was made from: run make console", name)
		}
	}
	for name := range known {
		if !slices.Contains(files, name) {
			t.Errorf("the bundle was made from %s, which is gone: run make console", name)
		}
	}
}

// Where npm has been, the bundle is made again and compared.
func TestBundleIsReproducible(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("builds with esbuild")
	}
	if _, err := os.Stat("node_modules/preact"); err != nil {
		t.Skip("LOUD: preact is not installed, so the bundle is only compared by its sums: npm ci --ignore-scripts --prefix gateway/console (make needs does it where npm is)")
	}
	out, err := exec.CommandContext(t.Context(), "go", "run", "-C", "../../configs/tools", "./bundle", "-check", "gateway/console").CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
