// Package console serves the operators' console: a page, a script and a style sheet.
//
// The console is TypeScript on Preact (src). configs/tools/bundle builds it into dist, which is
// checked in and embedded, so that building the gateway needs nothing but Go; dist/SOURCES has the
// sums of what it was built from. The page talks to gateway/consoleapi over JSON and to the
// operators' socket, as the AsyncAPI document says; another console can be written from that.
//
// The page runs under a Content-Security-Policy that lets nothing run but its own script, with
// Trusted Types that no script may make: what visitors and colleagues wrote is text, always.
package console

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"
)

//go:embed dist/console.js dist/console.css dist/icon.svg
var dist embed.FS

//go:embed page.html
var page string

// policy is the Content-Security-Policy (CSP Level 3) of the page. Pictures come from wherever the
// site's flow has them.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' https: data:; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// A file is ready to be sent.
type file struct {
	plain, gzipped []byte
	kind, hash     string
}

func newFile(kind string, plain []byte) file {
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // the level is valid
	_, _ = w.Write(plain)                                 // a buffer takes everything
	_ = w.Close()
	sum := sha256.Sum256(plain)
	return file{plain: plain, gzipped: b.Bytes(), kind: kind, hash: hex.EncodeToString(sum[:8])}
}

// bundle is the page, and what it loads by served name, such as console-HASH.js.
type bundle struct {
	page   file
	assets map[string]file
}

var built = sync.OnceValue(func() bundle {
	out := bundle{assets: map[string]file{}}
	text := page
	for _, name := range []string{"console.js", "console.css", "icon.svg"} {
		plain, err := dist.ReadFile("dist/" + name)
		if err != nil {
			panic(err) // embedded: cannot fail
		}
		ext := path.Ext(name)
		f := newFile(mime.TypeByExtension(ext), plain)
		served := fmt.Sprintf("%s-%s%s", strings.TrimSuffix(name, ext), f.hash, ext)
		out.assets[served] = f
		text = strings.ReplaceAll(text, "{{"+name+"}}", served)
	}
	out.page = newFile("text/html; charset=utf-8", []byte(text))
	return out
})

// Handler serves the page at /console/ and at every path below it, since the page has addresses of
// its own there, and what the page loads under /console/assets/.
func Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /console/", func(w http.ResponseWriter, r *http.Request) {
		// Asked for every time: after an update it names other files.
		serve(w, r, built().page, "no-cache")
	})
	mux.HandleFunc("GET /console/assets/{name}", func(w http.ResponseWriter, r *http.Request) {
		f, ok := built().assets[r.PathValue("name")]
		if !ok {
			http.Error(w, "there is no such file: load the page again", http.StatusNotFound)
			return
		}
		serve(w, r, f, "public, max-age=31536000, immutable")
	})
	return mux
}

func serve(w http.ResponseWriter, r *http.Request, f file, cache string) {
	header := w.Header()
	header.Set("Content-Type", f.kind)
	header.Set("Cache-Control", cache)
	header.Set("Vary", "Accept-Encoding")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Content-Security-Policy", policy)
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	header.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=()")
	etag, body := `"`+f.hash+`"`, f.plain
	if acceptsGzip(r) {
		etag, body = `"`+f.hash+`-gzip"`, f.gzipped
		header.Set("Content-Encoding", "gzip")
	}
	header.Set("ETag", etag)
	if strings.Contains(r.Header.Get("If-None-Match"), etag) {
		header.Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	_, _ = w.Write(body) // the client is gone; there is nobody to tell
}

// acceptsGzip reports whether a request names gzip and does not refuse it with q=0 (RFC 9110 section
// 12.5.3).
func acceptsGzip(r *http.Request) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, q, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.TrimSpace(name) == "gzip" {
			weight, _ := strings.CutPrefix(strings.ReplaceAll(q, " ", ""), "q=")
			return weight == "" || strings.Trim(weight, "0.") != ""
		}
	}
	return false
}
