package effects

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"time"
)

// A Call is one attempt at one effect.
type Call struct {
	// ID is the same for every attempt and unique among all sites.
	ID      string
	Attempt int
	Site    string
	Flow    string
	Step    string
	// URL is https, or http to this machine.
	URL     string
	Timeout time.Duration
	// Fields are sent; Keys are the members of the answer that are wanted.
	Fields map[string]string
	Keys   []string
	// Secret signs the body.
	Secret []byte
	// Private are networks that are no public ones and may be reached.
	Private []netip.Prefix
}

// A Result is what an attempt led to.
type Result struct {
	// OK: the server took the call.
	OK bool
	// Final, where it did not: another attempt would not help.
	Final bool
	// Values are those of Call.Keys that the answer had.
	Values map[string]string
	// Reason says in a word or two what went wrong, for the log. It holds nothing
	// of what was sent or answered.
	Reason string
}

// Bounds of calls.
const (
	// maxRunning is how many calls a node has under way, maxWaiting how many wait
	// behind them.
	maxRunning = 64
	maxWaiting = 1024
	maxAnswer  = 64 << 10
	maxHeader  = 16 << 10
	// maxValue bounds one value of an answer, in bytes.
	maxValue = 1000
)

// A Runner makes calls. Its methods may be called concurrently; Run runs once.
type Runner struct {
	log  *slog.Logger
	now  func() time.Time
	jobs chan job
	// Seen is told of every attempt: ok, retry, failed, or dropped. It is set before Run
	// and Go; nil is nobody.
	Seen func(site, outcome string, took time.Duration)
}

type job struct {
	call Call
	then func(context.Context, Result)
}

// NewRunner returns a runner; it makes calls while Run runs.
func NewRunner(log *slog.Logger) *Runner {
	return &Runner{log: log, now: time.Now, jobs: make(chan job, maxWaiting)}
}

// Go makes a call in the background and hands its result to then. It does not
// block: a call that finds no room is not made, and its timer makes another
// attempt, here or elsewhere.
func (r *Runner) Go(c Call, then func(context.Context, Result)) {
	select {
	case r.jobs <- job{c, then}:
	default:
		r.seen(c.Site, "dropped", 0)
		r.log.Warn("webhook not called", "site", c.Site, "flow", c.Flow, "step", c.Step, "attempt", c.Attempt, "reason", "too many are under way")
	}
}

// Run makes calls until ctx is over; those under way are broken off then and
// their results dropped. It returns when none runs any more.
func (r *Runner) Run(ctx context.Context) {
	var running sync.WaitGroup
	defer running.Wait()
	for range maxRunning {
		running.Go(func() {
			for {
				select {
				case <-ctx.Done():
					return
				case j := <-r.jobs:
					r.run(ctx, j)
				}
			}
		})
	}
}

func (r *Runner) run(ctx context.Context, j job) {
	began := r.now()
	result := r.Do(ctx, j.call)
	if ctx.Err() != nil {
		return
	}
	outcome := "ok"
	if !result.OK {
		if outcome = "retry"; result.Final {
			outcome = "failed"
		}
	}
	r.seen(j.call.Site, outcome, r.now().Sub(began))
	if c := j.call; !result.OK {
		r.log.Warn("webhook failed", "site", c.Site, "flow", c.Flow, "step", c.Step, "attempt", c.Attempt, "reason", result.Reason, "final", result.Final)
	}
	j.then(ctx, result)
}

func (r *Runner) seen(site, outcome string, took time.Duration) {
	if r.Seen != nil {
		r.Seen(site, outcome, took)
	}
}

// Do makes one call and waits for its result.
func (r *Runner) Do(ctx context.Context, c Call) Result {
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	body, err := json.Marshal(struct {
		ID     string            `json:"id"`
		Site   string            `json:"site"`
		Flow   string            `json:"flow"`
		Step   string            `json:"step"`
		Fields map[string]string `json:"fields"`
	}{c.ID, c.Site, c.Flow, c.Step, c.Fields})
	if err != nil {
		return Result{Final: true, Reason: "fields cannot be encoded"}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL, bytes.NewReader(body))
	if err != nil {
		return Result{Final: true, Reason: "no address"}
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "zgoda")
	req.Header.Set("Idempotency-Key", c.ID)
	req.Header.Set("Zgoda-Signature", Sign(c.Secret, r.now(), body))
	reach := reachable{host: req.URL.Hostname(), plain: req.URL.Scheme == "http", private: c.Private}
	client := &http.Client{
		Transport:     reach.transport(),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	defer client.CloseIdleConnections()
	res, err := client.Do(req)
	if err != nil {
		return failure(err)
	}
	defer res.Body.Close()
	return answer(res, c.Keys)
}

// Sign returns the value of the Zgoda-Signature header for a body.
func Sign(secret []byte, at time.Time, body []byte) string {
	t := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(t + "."))
	mac.Write(body)
	return "t=" + t + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}

// failure says why there is no answer without repeating the address, which is
// the site's own affair, or anything that was sent.
func failure(err error) Result {
	var dns *net.DNSError
	switch {
	case errors.Is(err, errBlocked):
		return Result{Final: true, Reason: errBlocked.Error()}
	case errors.Is(err, context.DeadlineExceeded):
		return Result{Reason: "timed out"}
	case errors.Is(err, context.Canceled):
		return Result{Reason: "broken off"}
	case errors.As(err, &dns):
		return Result{Reason: "the name does not resolve"}
	}
	return Result{Reason: "no connection"}
}

// answer reads what the server said.
func answer(res *http.Response, keys []string) Result {
	reason := fmt.Sprintf("answered %d", res.StatusCode)
	switch code := res.StatusCode; {
	case code >= 200 && code < 300:
	case code == http.StatusRequestTimeout, code == http.StatusTooEarly, code == http.StatusTooManyRequests, code >= 500:
		return Result{Reason: reason}
	default:
		return Result{Final: true, Reason: reason}
	}
	if len(keys) == 0 {
		return Result{OK: true}
	}
	if kind, _, err := mime.ParseMediaType(res.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return Result{Final: true, Reason: "the answer is not JSON"}
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	switch {
	case err != nil:
		return Result{Reason: "the answer broke off"}
	case len(body) > maxAnswer:
		return Result{Final: true, Reason: "the answer is too large"}
	}
	values, err := pick(body, keys)
	if err != nil {
		return Result{Final: true, Reason: "the answer is no JSON object"}
	}
	return Result{OK: true, Values: values}
}

// pick takes the wanted members out of a JSON object: texts, numbers as they are
// written, true and false. Others, and too long ones, count as missing.
func pick(body []byte, keys []string) (map[string]string, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil || members == nil {
		return nil, errors.New("no object")
	}
	values := make(map[string]string, len(keys))
	for _, key := range keys {
		raw := members[key]
		if len(raw) == 0 {
			continue
		}
		value := string(raw)
		switch raw[0] {
		case '{', '[', 'n':
			continue
		case '"':
			if err := json.Unmarshal(raw, &value); err != nil {
				continue
			}
		}
		if len(value) <= maxValue {
			values[key] = value
		}
	}
	return values, nil
}
