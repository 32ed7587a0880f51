package widget

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
)

//go:embed dist/*.js
var dist embed.FS

//go:embed zgoda.d.ts
var declarations []byte

// An asset is one file, ready to be sent.
type asset struct {
	plain, gzipped []byte
	kind, hash     string
}

func newAsset(kind string, plain []byte) asset {
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // the level is valid
	_, _ = w.Write(plain)                                 // a buffer takes everything
	_ = w.Close()
	sum := sha256.Sum256(plain)
	return asset{plain: plain, gzipped: b.Bytes(), kind: kind, hash: hex.EncodeToString(sum[:5])}
}

const (
	kindScript = "text/javascript; charset=utf-8"
	kindTypes  = "text/plain; charset=utf-8"
)

// bundles are what the gateway serves by base name ("app", "pl"), and the version
// in their served names.
type bundles struct {
	by      map[string]asset
	version string
}

var assets = sync.OnceValue(func() bundles {
	entries, err := fs.ReadDir(dist, "dist")
	if err != nil {
		panic(err) // embedded: cannot fail
	}
	out := bundles{by: make(map[string]asset, len(entries))}
	// As configs/tools/bundle computes it for the loader: the entries are sorted.
	sum := sha256.New()
	for _, e := range entries {
		plain, err := fs.ReadFile(dist, path.Join("dist", e.Name()))
		if err != nil {
			panic(err)
		}
		name := strings.TrimSuffix(e.Name(), ".js")
		out.by[name] = newAsset(kindScript, plain)
		if name != loader {
			fmt.Fprintf(sum, "%s %d\n", e.Name(), len(plain))
			sum.Write(plain)
		}
	}
	out.version = hex.EncodeToString(sum.Sum(nil)[:5])
	return out
})

const loader = "loader"

const (
	// The loader has one address for ever, so it is asked for again soon.
	cacheLoader    = "public, max-age=300, stale-while-revalidate=86400"
	cacheVersioned = "public, max-age=31536000, immutable"
	cacheNever     = "no-cache"
)

// Assets serves the loader at /widget.js?site=KEY with the site's look in it, its
// types at /widget.d.ts and what it loads under /widget/.
func Assets(looks Looks) http.Handler {
	loaders := loaders{looks: looks}
	types := newAsset(kindTypes, declarations)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /widget.js", func(w http.ResponseWriter, r *http.Request) {
		serve(w, r, loaders.of(r.URL.Query().Get("site")), cacheLoader)
	})
	mux.HandleFunc("GET /widget.d.ts", func(w http.ResponseWriter, r *http.Request) {
		serve(w, r, types, cacheLoader)
	})
	mux.HandleFunc("GET /widget/{name}", serveVersioned)
	return mux
}

// loaders are the loader with each site's look. It may be used from any goroutine.
type loaders struct {
	looks Looks
	made  sync.Map // asset by look on the wire: as many as there are sites
}

// of returns a loader that knows nothing of a site where there is no such site: the
// widget then says so by itself.
func (l *loaders) of(site string) asset {
	wire := []byte("{}")
	if l.looks != nil && site != "" {
		if look, ok := l.looks(site); ok {
			wire = look.wire(site)
		}
	}
	if made, ok := l.made.Load(string(wire)); ok {
		return made.(asset)
	}
	script := bytes.TrimRight(assets().by[loader].plain, ";\n")
	made := newAsset(kindScript, slices.Concat([]byte("(LOOK=>{"), script, []byte("})("), wire, []byte(");")))
	l.made.Store(string(wire), made)
	return made
}

var versionedName = regexp.MustCompile(`^([a-z]+(?:-[a-z]+)?)-([0-9a-f]{10})\.js$`)

// serveVersioned answers with what it has under the name when the version is
// another one: during a rolling restart a loader of one version may reach a node of
// the other. That answer must not be kept.
func serveVersioned(w http.ResponseWriter, r *http.Request) {
	m := versionedName.FindStringSubmatch(r.PathValue("name"))
	if m == nil {
		http.NotFound(w, r)
		return
	}
	all := assets()
	a, ok := all.by[m[1]]
	switch {
	case !ok || m[1] == loader:
		http.NotFound(w, r)
	case all.version != m[2]:
		serve(w, r, a, cacheNever)
	default:
		serve(w, r, a, cacheVersioned)
	}
}

func serve(w http.ResponseWriter, r *http.Request, a asset, cache string) {
	header := w.Header()
	header.Set("Content-Type", a.kind)
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
