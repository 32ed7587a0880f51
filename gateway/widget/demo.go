package widget

import (
	"bytes"
	"crypto/rand"
	"embed"
	"encoding/base64"
	"html/template"
	"net/http"
	"strings"
)

//go:embed demo
var demo embed.FS

var demoPage = template.Must(template.ParseFS(demo, "demo/page.html"))

// A shop is the text of the demo page in one language.
type shop struct {
	Locale, Nonce, Site       string
	Other, OtherName, OtherIn string
	Title, Tagline, Intro     string
	Menu                      []string
	Ask, Browse               string
	PlantsTitle               string
	Plants                    []plant
	AboutTitle                string
	About                     []note
	Visit                     string
	Footer                    string
}

type plant struct{ Name, Latin, Price, Note, Kind string }

type note struct{ Heading, Text string }

// Demo serves a shop with the widget of a site in it: Polish at /demo/, English at
// /demo/en.
func Demo(site string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /demo/{$}", demoHandler(shopPL, site))
	mux.HandleFunc("GET /demo/en", demoHandler(shopEN, site))
	mux.HandleFunc("GET /demo/shop.css", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", cacheNever)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		http.ServeFileFS(w, r, demo, "demo/shop.css")
	})
	return mux
}

func demoHandler(text shop, site string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		page := text
		page.Site, page.Nonce = site, nonce()
		var b bytes.Buffer
		if err := demoPage.Execute(&b, &page); err != nil {
			http.Error(w, "the demo page could not be made", http.StatusInternalServerError)
			return
		}
		header := w.Header()
		header.Set("Content-Type", "text/html; charset=utf-8")
		header.Set("Cache-Control", "no-store") // the nonce is for one response
		header.Set("Content-Security-Policy", policy(page.Nonce))
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "no-referrer")
		_, _ = w.Write(b.Bytes()) // the client is gone; there is nobody to tell
	}
}

// policy is what any page needs for the widget, and nothing more than the shop's
// own style sheet beside it. Browsers that do not count sockets as 'self' need the
// schemes.
func policy(nonce string) string {
	return strings.Join([]string{
		"default-src 'none'",
		"script-src 'nonce-" + nonce + "'",
		"style-src 'self'",
		"img-src 'self' data:",
		"connect-src 'self' ws: wss:",
		"base-uri 'none'",
		"form-action 'none'",
		"frame-ancestors 'self'",
		"require-trusted-types-for 'script'",
	}, "; ")
}

func nonce() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// Handler serves the widget of all sites, and the demo shop of the site "demo".
func Handler(looks Looks) http.Handler {
	mux := http.NewServeMux()
	assets := Assets(looks)
	mux.Handle("/widget.js", assets)
	mux.Handle("/widget.d.ts", assets)
	mux.Handle("/widget/", assets)
	mux.Handle("/demo/", Demo("demo"))
	return mux
}
