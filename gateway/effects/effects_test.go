package effects

import (
	"context"
	"crypto/hmac"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var secret = []byte("a secret of twenty-four characters")

func newRunner() *Runner { return NewRunner(slog.New(slog.DiscardHandler)) }

func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

func call(url string) Call {
	return Call{
		ID: "demo-i1-3", Attempt: 1, Site: "demo", Flow: "orders", Step: "lookup", URL: url, Timeout: 2 * time.Second,
		Fields: map[string]string{"number": "A-17 <b>"}, Keys: []string{"status", "count", "ok", "none", "list"}, Secret: secret,
	}
}

// What is sent is what the flow names, under a key that stays the same, and
// signed.
func TestRequest(t *testing.T) {
	t.Parallel()
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		var got map[string]any
		if err := json.Unmarshal(body, &got); err != nil {
			t.Error(err)
		}
		want := map[string]any{"id": "demo-i1-3", "site": "demo", "flow": "orders", "step": "lookup", "fields": map[string]any{"number": "A-17 <b>"}}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %v", got)
		}
		if r.Method != http.MethodPost || r.Header.Get("Idempotency-Key") != "demo-i1-3" {
			t.Errorf("%s %v", r.Method, r.Header)
		}
		signature := r.Header.Get("Zgoda-Signature")
		var at int64
		if _, err := fmt.Sscanf(signature, "t=%d,v1=", &at); err != nil {
			t.Error(err)
		}
		if !hmac.Equal([]byte(signature), []byte(Sign(secret, time.Unix(at, 0), body))) {
			t.Errorf("signature %s", signature)
		}
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		fmt.Fprint(w, `{"status": "on its way", "count": 3.50, "ok": true, "none": null, "list": [1], "secret": "x"}`)
	})
	got := newRunner().Do(t.Context(), call(url))
	want := Result{OK: true, Values: map[string]string{"status": "on its way", "count": "3.50", "ok": "true"}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
}

// Which answers are a yes, a no, and worth another attempt.
func TestAnswers(t *testing.T) {
	t.Parallel()
	jsonAnswer := func(code int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(code)
			fmt.Fprint(w, body)
		}
	}
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		want    Result
	}{
		"created":      {jsonAnswer(201, `{}`), Result{OK: true, Values: map[string]string{}}},
		"not found":    {jsonAnswer(404, `{}`), Result{Final: true, Reason: "answered 404"}},
		"unavailable":  {jsonAnswer(503, `{}`), Result{Reason: "answered 503"}},
		"too many":     {jsonAnswer(429, `{}`), Result{Reason: "answered 429"}},
		"no object":    {jsonAnswer(200, `[1]`), Result{Final: true, Reason: "the answer is no JSON object"}},
		"null":         {jsonAnswer(200, `null`), Result{Final: true, Reason: "the answer is no JSON object"}},
		"broken":       {jsonAnswer(200, `{"status": "x"`), Result{Final: true, Reason: "the answer is no JSON object"}},
		"too large":    {jsonAnswer(200, `{"status": "`+strings.Repeat("x", maxAnswer)+`"}`), Result{Final: true, Reason: "the answer is too large"}},
		"long value":   {jsonAnswer(200, `{"status": "`+strings.Repeat("x", maxValue+1)+`", "ok": false}`), Result{OK: true, Values: map[string]string{"ok": "false"}}},
		"HTML":         {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<p>") }, Result{Final: true, Reason: "the answer is not JSON"}},
		"large header": {func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X", strings.Repeat("x", 2*maxHeader)) }, Result{Reason: "no connection"}},
		"gone":         {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, Result{Reason: "no connection"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := newRunner().Do(t.Context(), call(serve(t, c.handler))); !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestTimeout(t *testing.T) {
	t.Parallel()
	url := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	})
	c := call(url)
	c.Timeout = 30 * time.Millisecond
	if got := newRunner().Do(t.Context(), c); got.OK || got.Final || got.Reason != "timed out" {
		t.Errorf("got %+v", got)
	}
}

// A redirect is a no, wherever it leads: nobody else gets what was signed for one
// server.
func TestRedirectIsNotFollowed(t *testing.T) {
	t.Parallel()
	var reached atomic.Bool
	inside := serve(t, func(http.ResponseWriter, *http.Request) { reached.Store(true) })
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, inside, http.StatusTemporaryRedirect)
	})
	if got := newRunner().Do(t.Context(), call(url)); got.OK || !got.Final || got.Reason != "answered 307" {
		t.Errorf("got %+v", got)
	}
	if reached.Load() {
		t.Error("the redirect was followed")
	}
}

// Which addresses a call may connect to, by the address that the name led to.
func TestReach(t *testing.T) {
	t.Parallel()
	house := []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}
	for _, c := range []struct {
		host    string
		plain   bool
		private []netip.Prefix
		to      string
		want    bool
	}{
		{host: "shop.example", to: "93.184.215.14", want: true},
		{host: "shop.example", to: "2606:2800:220:1::1", want: true},
		{host: "shop.example", to: "127.0.0.1"},
		{host: "shop.example", to: "::1"},
		{host: "shop.example", to: "::ffff:127.0.0.1"},
		{host: "shop.example", to: "10.1.2.3"},
		{host: "shop.example", private: house, to: "10.1.2.3", want: true},
		{host: "shop.example", private: house, to: "::ffff:10.1.2.3", want: true},
		{host: "shop.example", private: house, to: "10.2.2.3"},
		{host: "shop.example", private: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, to: "127.0.0.1"},
		{host: "shop.example", to: "172.16.0.1"},
		{host: "shop.example", to: "192.168.1.1"},
		{host: "shop.example", to: "169.254.169.254"},
		{host: "shop.example", to: "100.64.0.1"},
		{host: "shop.example", to: "0.0.0.0"},
		{host: "shop.example", to: "255.255.255.255"},
		{host: "shop.example", to: "224.0.0.1"},
		{host: "shop.example", to: "fd00::1"},
		{host: "shop.example", to: "fe80::1"},
		{host: "shop.example", to: "64:ff9b::7f00:1"},
		{host: "shop.example", to: "2002:7f00:1::"},
		{host: "shop.example", to: "::7f00:1"},
		{host: "localhost", plain: true, to: "127.0.0.1", want: true},
		{host: "127.0.0.1", plain: true, to: "127.0.0.1", want: true},
		{host: "::1", to: "::1", want: true},
		{host: "localhost", plain: true, to: "93.184.215.14"},
		{host: "93.184.215.14", plain: true, to: "93.184.215.14"},
	} {
		r := reachable{host: c.host, plain: c.plain, private: c.private}
		if got := r.allows(netip.MustParseAddr(c.to)); got != c.want {
			t.Errorf("%+v: got %v", c, got)
		}
	}
}

// The check is made where the connection is dialled.
func TestBlockedAtDial(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"https://192.168.0.1/", "https://169.254.169.254/latest/meta-data", "https://[fd00::1]/"} {
		if got := newRunner().Do(t.Context(), call(url)); got.OK || !got.Final || got.Reason != errBlocked.Error() {
			t.Errorf("%s: got %+v", url, got)
		}
	}
}

// Calls run in the background and end with Run; a result that comes later is
// dropped.
func TestRun(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	url := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	ctx, cancel := context.WithCancel(t.Context())
	r := newRunner()
	ended := make(chan struct{})
	go func() { defer close(ended); r.Run(ctx) }()
	results := make(chan Result, 10)
	c := call(url)
	c.Keys = nil
	for range 3 {
		r.Go(c, func(_ context.Context, res Result) { results <- res })
	}
	for range 3 {
		release <- struct{}{}
		if got := <-results; !got.OK {
			t.Errorf("got %+v", got)
		}
	}
	r.Go(c, func(_ context.Context, res Result) { results <- res })
	cancel()
	<-ended
	select {
	case got := <-results:
		t.Errorf("a result after the end: %+v", got)
	default:
	}
}

// FuzzPick: no answer makes it panic, and what it picks was wanted and short.
func FuzzPick(f *testing.F) {
	f.Add([]byte(`{"status": "x", "count": 1}`))
	f.Add([]byte(`{"status": {"a": [1]}}`))
	f.Add([]byte("\x00"))
	f.Fuzz(func(t *testing.T, body []byte) {
		values, err := pick(body, []string{"status", "count"})
		for k, v := range values {
			if err != nil || (k != "status" && k != "count") || len(v) > maxValue {
				t.Errorf("picked %q: %q, %v", k, v, err)
			}
		}
	})
}
