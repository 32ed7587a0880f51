package gateway

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"zgoda/gateway/httpapi"
	"zgoda/gateway/site"
	"zgoda/gateway/telemetry"
	"zgoda/persistence"
	"zgoda/persistence/seal"
)

// A Grade says how a check ended.
type Grade string

// The grades. What is skipped could not be looked at.
const (
	GradeOK      Grade = "ok"
	GradeWarning Grade = "warning"
	GradeFailed  Grade = "failed"
	GradeSkipped Grade = "skipped"
)

// A Finding is what one check found.
type Finding struct {
	// Check is what was looked at: "keys", "redis: clock".
	Check string `json:"check"`
	Grade Grade  `json:"grade"`
	// Seen says what there is, Fix what to do about it; Fix is empty where nothing is.
	Seen string `json:"seen"`
	Fix  string `json:"fix,omitempty"`
}

// checkTimeout bounds each check: a server that hangs must not hang its doctor.
const checkTimeout = 5 * time.Second

// A diagnosis collects findings.
type diagnosis struct {
	o        Options
	keys     *seal.KeyFile // nil where they could not be read
	findings []Finding
}

func (d *diagnosis) ok(check, format string, args ...any) {
	d.findings = append(d.findings, Finding{check, GradeOK, fmt.Sprintf(format, args...), ""})
}

func (d *diagnosis) add(check string, g Grade, fix, format string, args ...any) {
	d.findings = append(d.findings, Finding{check, g, brief(fmt.Sprintf(format, args...)), fix})
}

// brief leaves out lines that say the same again: drivers tell of each attempt.
func brief(text string) string {
	var lines []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}

// Diagnose looks at everything that a gateway with these options needs, and changes
// nothing. It ends within a bounded time, whatever does not answer. Nothing in the
// findings is secret.
func Diagnose(ctx context.Context, o Options) []Finding {
	d := &diagnosis{o: o}
	for _, check := range []func(context.Context){
		d.checkSites, d.checkKeys, d.checkListen, d.checkFileLimit, d.checkDisk, d.checkFile, d.checkRedis, d.checkPostgres, d.checkTelemetry,
	} {
		bounded, cancel := context.WithTimeout(ctx, checkTimeout)
		check(bounded)
		cancel()
	}
	return d.findings
}

// checkSites reads the site files and looks at who may open the chat.
func (d *diagnosis) checkSites(context.Context) {
	sites, err := site.LoadDir(d.o.SitesDir, site.Options{Processor: d.o.Processor, Env: d.o.Env})
	if err != nil {
		d.add("sites", GradeFailed, "correct the places that are named, or another folder with --sites", "%v", err)
		return
	}
	d.ok("sites", "%d in %s: %s", len(sites.Keys()), d.o.SitesDir, some(sites.Keys()))
	for _, key := range sites.Keys() {
		st, _ := sites.Get(key)
		for _, warning := range st.Warnings {
			d.add("site "+key, GradeWarning, "correct the site file", "%s", warning)
		}
		switch {
		case len(st.Origins) == 0 && !st.AllowNoOrigin:
			d.add("site "+key, GradeFailed, "list the pages that show the widget under origins", "no page may open the chat")
		case slices.Contains(st.Origins, "*"):
			d.add("site "+key, GradeWarning, "list the site's own pages under origins", "any page in the world may open the chat")
		default:
			d.ok("site "+key, "opened from %s", some(st.Origins))
		}
	}
}

// some names the first few.
func some(all []string) string {
	const most = 5
	if len(all) > most {
		return strings.Join(all[:most], ", ") + fmt.Sprintf(" and %d more", len(all)-most)
	}
	return strings.Join(all, ", ")
}

func (d *diagnosis) checkKeys(context.Context) {
	path := filepath.Join(d.o.DataDir, KeyFile)
	keys, err := seal.Load(path)
	if errors.Is(err, fs.ErrNotExist) {
		fix, grade := "the first start makes it; keep a copy apart from the data", GradeWarning
		if d.o.Redis != "" {
			fix = "give every gateway the same file; the first start makes one"
		}
		d.add("keys", grade, fix, "%s is not there yet", path)
		return
	}
	if err != nil {
		d.add("keys", GradeFailed, "restore it from its copy: without it nothing that was sealed can be read", "%v", err)
		return
	}
	d.keys = keys
	ring, err := keys.Keyring()
	if err == nil {
		err = tryKeys(ring)
	}
	if err != nil {
		d.add("keys", GradeFailed, "restore the file from its copy", "%s: %v", path, err)
		return
	}
	d.ok("keys", "%s seals and opens; %d to open with, the newest writes", path, len(keys.Seal))
}

// tryKeys seals and opens a word.
func tryKeys(ring *seal.Keyring) error {
	scope := persistence.Scope{Site: "doctor", Subject: "doctor", Item: "doctor"}
	sealed, err := ring.Seal(scope, []byte("zgoda"))
	if err != nil {
		return err
	}
	plain, err := ring.Open(scope, sealed)
	if err == nil && string(plain) != "zgoda" {
		err = errors.New("what was sealed opens to something else")
	}
	return err
}

// checkListen finds out whether the address is free, or served by a gateway already.
func (d *diagnosis) checkListen(ctx context.Context) {
	l, err := net.Listen("tcp", d.o.Listen)
	if err == nil {
		_ = l.Close()
		d.ok("address", "%s is free", d.o.Listen)
	} else if what := aliveAt(ctx, d.o.Listen); what != "" {
		d.ok("address", "a gateway serves %s: %s", d.o.Listen, what)
	} else {
		d.add("address", GradeFailed, "end what uses it, or choose another with listen or ZGODA_LISTEN", "%v", err)
	}
	host, _, err := net.SplitHostPort(d.o.Listen)
	public := err == nil && !loopback(host)
	if public && d.o.Limits.TrustedHops == 0 {
		d.add("proxies", GradeWarning, "set trusted_hops to the number of proxies that end TLS in front of it; without TLS browsers refuse the widget on an https page",
			"it listens on %s, and no proxy is trusted: behind one every visitor has the proxy's address and its limits", d.o.Listen)
	} else {
		d.ok("proxies", "%d are trusted to name the visitor's address", d.o.Limits.TrustedHops)
	}
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// aliveAt asks a gateway at an address how it is; empty where there is none.
func aliveAt(ctx context.Context, addr string) string {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/readyz", nil)
	if err != nil {
		return ""
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return ""
	}
	defer func() { _ = res.Body.Close() }()
	switch res.StatusCode {
	case http.StatusOK:
		return "it is ready"
	case http.StatusServiceUnavailable:
		return "it is alive and not ready for new sockets"
	}
	return ""
}

// spareFiles is what a gateway opens beside sockets.
const spareFiles = 1000

func (d *diagnosis) checkFileLimit(context.Context) {
	const check = "file limit"
	soft, hard, err := fileLimit()
	if err != nil {
		d.add(check, GradeSkipped, "", "%v", err)
		return
	}
	sockets := httpapi.Limits{Sockets: d.o.Limits.Sockets}.WithDefaults().Sockets
	need := uint64(max(sockets, 0)) + spareFiles //nolint:gosec // not negative
	switch {
	case sockets < 0:
		d.add(check, GradeWarning, "set limits.sockets: over it visitors are told to wait, without it the system refuses them", "no limit of sockets, %d files", soft)
	case soft < need && hard >= need:
		d.ok(check, "%d files, raised to %d at the start, for %d sockets", soft, hard, sockets)
	case soft < need:
		d.add(check, GradeFailed, fmt.Sprintf("LimitNOFILE=%d in the unit, or ulimit -n; or a smaller limits.sockets", need), "%d files for %d sockets and %d besides", soft, sockets, spareFiles)
	default:
		d.ok(check, "%d files for %d sockets", soft, sockets)
	}
}

// Below these there is little room, or none.
const (
	littleDisk = 1 << 30
	noDisk     = 100 << 20
)

func (d *diagnosis) checkDisk(context.Context) {
	dir := d.o.DataDir
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		dir = filepath.Dir(filepath.Clean(dir)) // the first start makes it
	}
	free, err := freeDisk(dir)
	switch {
	case err != nil:
		d.add("disk", GradeSkipped, "", "%s: %v", dir, err)
	case free < noDisk:
		d.add("disk", GradeFailed, "make room: what cannot be written is refused", "%d MB are free in %s", free>>20, dir)
	case free < littleDisk:
		d.add("disk", GradeWarning, "make room before it is used up", "%d MB are free in %s", free>>20, dir)
	default:
		d.ok("disk", "%d GB are free in %s", free>>30, dir)
	}
}

// checkTelemetry looks at who may look.
func (d *diagnosis) checkTelemetry(ctx context.Context) {
	env := d.o.Env
	if env == nil {
		env = func(string) string { return "" }
	}
	o, err := telemetry.FromEnvironment(env)
	switch {
	case err != nil:
		d.add("telemetry", GradeFailed, "correct the variable: a gateway does not start with it", "%v", err)
	case !o.Traces && !o.Metrics:
		d.ok("telemetry", "nothing is sent over OTLP")
	default:
		d.checkCollector(ctx, env)
	}
	if d.o.Metrics == "" {
		return
	}
	if host, _, err := net.SplitHostPort(d.o.Metrics); err != nil {
		d.add("metrics", GradeFailed, "write host:port", "metrics is %q", d.o.Metrics)
	} else if !loopback(host) {
		d.add("metrics", GradeWarning, "let only Prometheus reach it: it has no password", "served on %s", d.o.Metrics)
	} else {
		d.ok("metrics", "served on %s", d.o.Metrics)
	}
}

// checkCollector looks whether anybody is where telemetry is sent.
func (d *diagnosis) checkCollector(ctx context.Context, env func(string) string) {
	endpoint := env("OTEL_EXPORTER_OTLP_ENDPOINT")
	for _, signal := range []string{"TRACES", "METRICS"} {
		if own := env("OTEL_EXPORTER_OTLP_" + signal + "_ENDPOINT"); own != "" {
			endpoint = own
		}
	}
	if endpoint == "" {
		endpoint = "http://localhost:4318"
	}
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" {
		d.add("telemetry", GradeFailed, "write http://host:4318", "the endpoint of OTLP is not a URL")
		return
	}
	addr := u.Host
	if u.Port() == "" {
		addr = net.JoinHostPort(u.Hostname(), map[string]string{"https": "443"}[u.Scheme]+map[string]string{"http": "80"}[u.Scheme])
	}
	var dialer net.Dialer
	c, err := dialer.DialContext(ctx, "tcp", addr)
	if err != nil {
		d.add("telemetry", GradeWarning, "start the collector; turns are not affected, what is sent meanwhile is lost", "nobody answers at %s: %v", addr, err)
		return
	}
	_ = c.Close()
	d.ok("telemetry", "a collector answers at %s", addr)
}
