package widget

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"regexp"
	"strings"
	"sync"
)

//go:embed dist/*.js
var dist embed.FS

// An asset is one bundle, ready to be sent.
type asset struct {
	plain, gzipped []byte
	hash           string
}

// assets are the bundles by base name ("app", "pl"), made once.
var assets = sync.OnceValue(func() map[string]asset {
	entries, err := fs.ReadDir(dist, "dist")
	if err != nil {
		panic(err) // embedded: cannot fail
	}
	out := make(map[string]asset, len(entries))
	for _, e := range entries {
		plain, err := fs.ReadFile(dist, path.Join("dist", e.Name()))
		if err != nil {
			panic(err)
		}
		out[strings.TrimSuffix(e.Name(), ".js")] = asset{plain: plain, gzipped: compress(plain), hash: hash(plain)}
	}
	return out
})

func compress(plain []byte) []byte {
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // the level is valid
	_, _ = w.Write(plain)                                 // a buffer takes everything
	_ = w.Close()
	return b.Bytes()
}

// hash is the part of a name that changes with the content; configs/tools/bundle
// writes the same into the loader.
func hash(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:5])
}

const (
	// The loader has one address for ever, so it is asked for again soon.
	cacheLoader = "public, max-age=300, stale-while-revalidate=86400"
	cacheHashed = "public, max-age=31536000, immutable"
	cacheNever  = "no-cache"
)

// Assets serves the loader at /widget.js and the bundles it loads under /widget/.
func Assets() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /widget.js", func(w http.ResponseWriter, r *http.Request) {
		serve(w, r, assets()["loader"], cacheLoader)
	})
	mux.HandleFunc("GET /widget/{name}", serveHashed)
	return mux
}

var hashedName = regexp.MustCompile(`^([a-z]+)-([0-9a-f]{10})\.js$`)

// serveHashed answers with what it has under the name when the hash is another
// version's: during a rolling restart a loader of one version may reach a node of
// the other. That answer must not be kept.
func serveHashed(w http.ResponseWriter, r *http.Request) {
	m := hashedName.FindStringSubmatch(r.PathValue("name"))
	if m == nil {
		http.NotFound(w, r)
		return
	}
	a, ok := assets()[m[1]]
	switch {
	case !ok || m[1] == "loader":
		http.NotFound(w, r)
	case a.hash != m[2]:
		serve(w, r, a, cacheNever)
	default:
		serve(w, r, a, cacheHashed)
	}
}

func serve(w http.ResponseWriter, r *http.Request, a asset, cache string) {
	header := w.Header()
	header.Set("Content-Type", "text/javascript; charset=utf-8")
	header.Set("Cache-Control", cache)
	header.Set("Vary", "Accept-Encoding")
	header.Set("X-Content-Type-Options", "nosniff")
	// Any page may load a script; import() asks for it in so many words.
	header.Set("Access-Control-Allow-Origin", "*")
	header.Set("Cross-Origin-Resource-Policy", "cross-origin")
	etag, body := `"`+a.hash+`"`, a.plain
	if acceptsGzip(r) {
		etag, body = `"`+a.hash+`-gzip"`, a.gzipped
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

// acceptsGzip reads Accept-Encoding as far as it matters: gzip named and not
// refused with q=0.
func acceptsGzip(r *http.Request) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, q, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.TrimSpace(name) != "gzip" {
			continue
		}
		q = strings.ReplaceAll(q, " ", "")
		return !regexp.MustCompile(`^q=0(\.0*)?$`).MatchString(q)
	}
	return false
}
