package loadtest

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"zgoda/loadtest/contacts"
	"zgoda/loadtest/staff"
)

// writeScenario puts a scenario into a file of its own.
func writeScenario(t *testing.T, src string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "scenario.yaml")
	if err := os.WriteFile(path, []byte(src), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const oneVisitor = `
name: one
arrivals: {phases: [{shape: steady, seconds: 1, per_second: 1}], spacing: even}
visitors: {mix: {questions: 1}, enter: offer, questions: ["Hello?"], think_ms: {shape: fixed, value: 1}, typing_ms: {shape: fixed, value: 0}}
`

// serveText is a server that answers everything alike.
func serveText(t *testing.T, status int, body string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// closedPort is an address at which nobody listens.
func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return "ws://" + l.Addr().String()
}

// mute takes connections and says nothing.
func mute(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		var conns []net.Conn
		for {
			c, err := l.Accept()
			if err != nil {
				break
			}
			conns = append(conns, c)
		}
		for _, c := range conns {
			_ = c.Close()
		}
	}()
	t.Cleanup(func() { _ = l.Close(); <-done })
	return "ws://" + l.Addr().String()
}

// Every bad input is a clear error that says what to do, and exit status 3.
func TestBadInput(t *testing.T) {
	t.Parallel()
	widget := `{"flow":"abc","greeting":[{"kind":"choices","options":[{"id":"hours","label":"Hours"}]}]}`
	many := strings.Replace(oneVisitor, "name: one", "name: one\nidle: {sockets: 900000}", 1)
	faults := oneVisitor + "faults: [{at_seconds: 1, do: kill, what: gateway}]\n"
	for name, c := range map[string]struct {
		source string
		change func(*Options)
		want   string
	}{
		"WrongScenario":  {"name: [x]\nphases: 3\n", nil, `no key "phases"`},
		"NoTarget":       {oneVisitor, func(o *Options) { o.URLs = nil }, "name the gateways with --url, or start some"},
		"TwoTargets":     {oneVisitor, func(o *Options) { o.Cluster = 3 }, "--url and --cluster or --single are both given"},
		"NoAddress":      {oneVisitor, func(o *Options) { o.URLs = []string{"gateway"} }, "is no address of a gateway; write it like ws://"},
		"NotOurs":        {oneVisitor, func(o *Options) { o.URLs = []string{"ws://chat.example.com"} }, "--i-own-this-target"},
		"Unreachable":    {oneVisitor, func(o *Options) { o.URLs = []string{closedPort(t)} }, "the target does not answer"},
		"SaysNothing":    {oneVisitor, func(o *Options) { o.URLs = []string{mute(t)} }, "the target does not answer"},
		"NoGateway":      {oneVisitor, func(o *Options) { o.URLs = []string{serveText(t, 200, "<html>hello</html>")} }, "is no gateway of Zgoda"},
		"HalfDead":       {oneVisitor, func(o *Options) { o.URLs = []string{serveText(t, 500, "boom")} }, "answers with status 500: it is not well: boom"},
		"NoSuchSite":     {oneVisitor, func(o *Options) { o.URLs = []string{serveText(t, 404, "")} }, `has no site "demo"; name another with --site`},
		"OriginRefused":  {oneVisitor, func(o *Options) { o.URLs = []string{serveText(t, 403, "")} }, "name one of its pages with --origin"},
		"NoSuchOption":   {oneVisitor, func(o *Options) { o.URLs = []string{serveText(t, 200, widget)} }, "has no such option; name one of [hours]"},
		"NoSocket":       {strings.Replace(oneVisitor, "enter: offer, ", "", 1), func(o *Options) { o.URLs = []string{serveText(t, 200, widget)} }, "a socket could not be opened"},
		"TooFewHandles":  {many, nil, "raise the limit (ulimit -n"},
		"FaultsNotOurs":  {faults, nil, "add --cluster 3, or --no-faults"},
		"WrongTarget":    {oneVisitor, func(o *Options) { o.Expect = []string{"turn.p99>5ms"} }, "write one like turn.p99<50ms"},
		"TwoStores":      {oneVisitor, func(o *Options) { o.Store = contacts.Store{Postgres: "x", SQLite: "y"} }, "a deployment has one contact store"},
		"NoProgram":      {oneVisitor, func(o *Options) { o.URLs, o.Single, o.Binary = nil, true, "/nowhere/zgoda" }, "`make build` makes it"},
		"NoAccounts":     {oneVisitor + "operators: {count: 2}\n", nil, "name their accounts with --operators FILE"},
		"AccountsTwice":  {oneVisitor + "operators: {count: 2}\n", func(o *Options) { o.URLs, o.Single, o.Operators = nil, true, "accounts" }, "leave --operators out"},
		"SourcesOutside": {oneVisitor, func(o *Options) { o.URLs, o.OwnTarget, o.Sources = []string{"ws://192.0.2.1"}, true, 3 }, "--sources are addresses of the loopback network"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := Options{File: writeScenario(t, c.source), URLs: []string{closedPort(t)}}
			if c.change != nil {
				c.change(&o)
			}
			r, err := Run(t.Context(), t.Context(), o)
			if r != nil || !errors.Is(err, ErrCannotRun) {
				t.Fatalf("it ran: %v, %v", r, err)
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("it says %q, want %q in it", err, c.want)
			}
		})
	}
}

// The number of files that may be open is asked for, not assumed.
func TestReadAccounts(t *testing.T) {
	t.Parallel()
	write := func(text string) string {
		name := filepath.Join(t.TempDir(), "accounts")
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	got, err := readAccounts(write("# operators\nanna a long pass phrase\n\n  jan   another one \n"))
	want := []staff.Account{{Login: "anna", Password: "a long pass phrase"}, {Login: "jan", Password: "another one"}}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("read %v, %v", got, err)
	}
	for text, says := range map[string]string{"anna\n": ":1: a line is a login, a space and a password", "\n# nobody\n": "has no account"} {
		if _, err := readAccounts(write(text)); !errors.Is(err, ErrCannotRun) || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := readAccounts("/nowhere/accounts"); !errors.Is(err, ErrCannotRun) {
		t.Errorf("a file that is not there: %v", err)
	}
}

func TestRoom(t *testing.T) {
	t.Parallel()
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	o := Options{File: writeScenario(t, strings.Replace(oneVisitor, "name: one", "name: one\nidle: {sockets: 14000}", 1)), URLs: []string{"ws://127.0.0.1:1"}}
	s, err := o.prepare()
	if err != nil {
		t.Fatal(err)
	}
	err = checkRoom(s.Scenario, 1, 1, 1)
	if fits := limit.Cur > 14000+2*filesBeside; fits != (err == nil) {
		t.Errorf("14,000 sockets with %d files: %v", limit.Cur, err)
	}
	if err := checkRoom(s.Scenario, 100, 1, 1); err != nil {
		t.Errorf("140 sockets a process: %v", err)
	}
}
