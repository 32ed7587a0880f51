package e2e

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"zgoda/gateway"
	"zgoda/gateway/client"
	"zgoda/gateway/protocol"
	"zgoda/persistence"
)

// A caller is somebody who tries. status is what every route answers that is not for
// them.
type caller struct {
	name   string
	cookie string
	status int
}

// callers are everybody who must be refused on the site demo: those who are not
// signed in, and those whose roles are others. want lists the roles that may.
func (c *cluster) callers(accounts persistence.Staff, want ...string) []caller {
	c.t.Helper()
	gone := c.hire(0, "gone", "demo", "administrator")
	if _, err := c.apps[0].Operator(c.t.Context(), gateway.OperatorCommand{Kind: "disable", Login: "gone"}); err != nil {
		c.t.Fatal(err)
	}
	expired := strings.Repeat("e", 43)
	c.hire(0, "late", "demo", "administrator")
	late, err := accounts.OperatorByLogin(c.t.Context(), "late")
	if err != nil {
		c.t.Fatal(err)
	}
	then := time.Now().Add(-2 * time.Hour)
	err = accounts.AddSession(c.t.Context(), persistence.StaffSession{
		Token: sha256.Sum256([]byte(expired)), Operator: late.ID, CreatedAt: then, LastSeen: then, Idle: 12 * time.Hour, ExpiresAt: then.Add(time.Hour),
	})
	if err != nil {
		c.t.Fatal(err)
	}
	all := []caller{
		{"no sign-in", "", http.StatusUnauthorized},
		{"forged cookie", "zgoda=" + strings.Repeat("f", 43), http.StatusUnauthorized},
		{"disabled", gone, http.StatusUnauthorized},
		{"expired", "zgoda=" + expired, http.StatusUnauthorized},
		{"other site", c.hire(0, "elsewhere", "other", "administrator"), http.StatusForbidden},
	}
	for _, role := range []string{"operator", "administrator", "privacy_officer"} {
		if !strings.Contains(strings.Join(want, " "), role) {
			all = append(all, caller{"role " + role, c.hire(0, "role-"+role, "demo", role), http.StatusForbidden})
		}
	}
	return all
}

func (c *cluster) accounts() persistence.Staff { return c.apps[0].Options().Staff }

// ask makes a request of the console.
func (c *cluster) ask(method, path, cookie, body string, header ...string) (int, string) {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.base(0)+"/console/api/"+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	if cookie != "" {
		req.Header.Set("Cookie", cookie)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return res.StatusCode, string(answer)
}

// P10: every route of the console × everybody who must not. The refusal is the same
// whether what is asked for exists or not.
func TestP10_ConsoleRoutesRefuse(t *testing.T) {
	t.Parallel()
	c := startDesk(t, 1, gateway.Options{})
	visitor := c.page(0, nil, false)
	say(t, visitor, "hello")
	id := visitor.Hello().Visitor
	c.hire(0, "anna", "demo", "operator")
	anna, err := c.accounts().OperatorByLogin(t.Context(), "anna")
	if err != nil {
		t.Fatal(err)
	}
	admin, officers := []string{"administrator"}, []string{"administrator", "privacy_officer"}
	routes := []struct {
		method, path, body string
		roles              []string
	}{
		{"GET", "sites/SITE/operators", "", admin},
		{"POST", "sites/SITE/invitations", `{"login":"x","role":"operator"}`, admin},
		{"PUT", "sites/SITE/operators/OPERATOR/roles", `{"roles":[]}`, admin},
		{"POST", "sites/SITE/operators/OPERATOR/disable", "", admin},
		{"POST", "sites/SITE/operators/OPERATOR/enable", "", admin},
		{"POST", "sites/SITE/operators/OPERATOR/reset", "", admin},
		{"GET", "sites/SITE/contacts", "", []string{"administrator", "privacy_officer", "operator"}},
		{"GET", "sites/SITE/contacts/VISITOR", "", officers},
		{"GET", "sites/SITE/contacts/VISITOR/receipt", "", officers},
		{"GET", "sites/SITE/contacts/VISITOR/access", "", officers},
		{"POST", "sites/SITE/contacts/find", `{"address":"ala@example.com"}`, officers},
		{"GET", "sites/SITE/marketing/marketing_email", "", officers},
		{"GET", "sites/SITE/audit", "", officers},
		{"GET", "sites/SITE/privacy", "", officers},
		{"GET", "sites/SITE/privacy/revisions", "", officers},
		{"GET", "sites/SITE/privacy/revisions/1", "", officers},
		{"POST", "sites/SITE/privacy/preview", `{"settings":{}}`, officers},
		{"PUT", "sites/SITE/privacy", `{"base":1,"settings":{}}`, admin},
		{"POST", "sites/SITE/contacts/VISITOR/erase", `{}`, []string{"privacy_officer"}},
		{"POST", "sites/SITE/contacts/VISITOR/withdraw", `{}`, []string{"privacy_officer"}},
		{"POST", "sites/SITE/contacts/VISITOR/correct", `{"fields":{"name":"x"}}`, []string{"privacy_officer"}},
		{"POST", "sites/SITE/contacts/VISITOR/restrict", `{}`, []string{"privacy_officer"}},
		{"POST", "sites/SITE/contacts/VISITOR/free", `{}`, []string{"privacy_officer"}},
	}
	callers := c.callers(c.accounts())
	real := strings.NewReplacer("SITE", "demo", "OPERATOR", anna.ID, "VISITOR", id)
	forged := strings.NewReplacer("SITE", "demo", "OPERATOR", "op_nobody", "VISITOR", "v_"+strings.Repeat("a", 26))
	nowhere := strings.NewReplacer("SITE", "nowhere", "OPERATOR", anna.ID, "VISITOR", id)
	tried := 0
	for _, r := range routes {
		for _, who := range callers {
			if role, isRole := strings.CutPrefix(who.name, "role "); isRole && strings.Contains(strings.Join(r.roles, " "), role) {
				continue
			}
			status, answer := c.ask(r.method, real.Replace(r.path), who.cookie, r.body)
			if status != who.status {
				t.Errorf("%s %s by %s: %d %s, want %d", r.method, r.path, who.name, status, answer, who.status)
			}
			for _, other := range []*strings.Replacer{forged, nowhere} {
				if s, a := c.ask(r.method, other.Replace(r.path), who.cookie, r.body); s != status || a != answer {
					t.Errorf("%s by %s: %d %s for what exists and %d %s for what does not", r.path, who.name, status, answer, s, a)
				}
			}
			tried++
		}
	}
	for _, path := range []string{"me", "sign-out", "sign-out-everywhere", "password"} {
		method := "POST"
		if path == "me" {
			method = "GET"
		}
		for _, who := range callers {
			if who.status != http.StatusUnauthorized {
				continue
			}
			if status, answer := c.ask(method, path, who.cookie, `{"old":"a","new":"b"}`); status != who.status {
				t.Errorf("%s by %s: %d %s", path, who.name, status, answer)
			}
			tried++
		}
	}
	// Those who may, and a forged id: the same answer as for those who may not.
	boss := c.hire(0, "boss", "demo", "administrator")
	for _, path := range []string{"operators/op_nobody/disable", "operators/op_nobody/reset"} {
		if status, answer := c.ask("POST", "sites/demo/"+path, boss, ""); status != http.StatusForbidden {
			t.Errorf("%s: %d %s", path, status, answer)
		}
	}
	t.Logf("P10: %d refusals, each also for what does not exist", tried)
}

// A page of another origin can do nothing with the operator's cookie.
func TestForeignOriginsAreRefused(t *testing.T) {
	t.Parallel()
	c := startDesk(t, 1, gateway.Options{})
	cookie := c.hire(0, "anna", "demo", "operator")
	for name, header := range map[string][]string{
		"Origin": {"Origin", "https://evil.example"}, "cross-site": {"Sec-Fetch-Site", "cross-site"}, "same-site": {"Sec-Fetch-Site", "same-site"},
	} {
		if status, answer := c.ask("POST", "sign-out", cookie, "", header...); status != http.StatusForbidden {
			t.Errorf("%s: %d %s", name, status, answer)
		}
	}
	if status, _ := c.ask("GET", "me", cookie, ""); status != http.StatusOK {
		t.Errorf("the session is gone: %d", status)
	}
	for _, origin := range []string{"", "null", "https://evil.example", c.base(0) + ".evil.example", "http://" + c.addr(0) + "/x", "ftp://" + c.addr(0)} {
		header := http.Header{"Cookie": {cookie}}
		if origin != "" {
			header.Set("Origin", origin)
		}
		conn, res, err := websocket.Dial(t.Context(), "ws://"+c.addr(0)+"/v1/operator", &websocket.DialOptions{
			Subprotocols: []string{protocol.Subprotocol}, HTTPHeader: header,
		})
		if err == nil {
			_ = conn.CloseNow()
			t.Errorf("origin %q opens a socket", origin)
		} else if res == nil || res.StatusCode != http.StatusForbidden {
			t.Errorf("origin %q: %v", origin, err)
		}
	}
}

// P10: every frame of the operators' protocol × everybody who must not. The answer is
// the same whether the conversation exists or not.
func TestP10_OperatorFramesRefuse(t *testing.T) {
	t.Parallel()
	c := startDesk(t, 1, gateway.Options{})
	visitor := c.page(0, nil, false)
	say(t, visitor, "hello")
	real := visitor.Hello().Conversation
	forged := "c_" + strings.Repeat("a", len(real)-2)
	frames := []string{
		`{"t":"inbox","site":"SITE"}`,
		`{"t":"watch","site":"SITE","conversation":"C"}`,
		`{"t":"history","site":"SITE","conversation":"C","before_seq":5}`,
		`{"t":"take","n":1,"site":"SITE","conversation":"C"}`,
		`{"t":"release","n":1,"site":"SITE","conversation":"C","to":"bot"}`,
		`{"t":"transfer","n":1,"site":"SITE","conversation":"C","operator":"op_x"}`,
		`{"t":"close","n":1,"site":"SITE","conversation":"C"}`,
		`{"t":"say","n":1,"site":"SITE","conversation":"C","text":"x"}`,
		`{"t":"say","n":1,"site":"SITE","conversation":"C","text":""}`,
		`{"t":"ask_card","n":1,"site":"SITE","conversation":"C"}`,
		`{"t":"note","n":1,"site":"SITE","conversation":"C","text":"x"}`,
		`{"t":"skip","n":1,"site":"SITE","conversation":"C"}`,
		`{"t":"typing","site":"SITE","conversation":"C","on":true}`,
		`{"t":"seen","site":"SITE","conversation":"C","seq":1}`,
	}
	tried := 0
	for _, who := range c.callers(c.accounts(), "operator", "administrator") {
		socket, status := c.rawOperator(who.cookie)
		if who.status == http.StatusUnauthorized {
			if socket != nil || status != http.StatusUnauthorized {
				t.Errorf("%s: the handshake is answered %d", who.name, status)
			}
			tried++
			continue
		}
		for _, frame := range frames {
			var first string
			for _, conversation := range []string{real, forged} {
				for _, site := range []string{"demo", "nowhere"} {
					text := strings.NewReplacer("SITE", site, `"C"`, `"`+conversation+`"`).Replace(frame)
					got := socket.ask(text)
					got = strings.NewReplacer(`"`+site+`"`, `"SITE"`, conversation, "C").Replace(got)
					if first == "" {
						first = got
					}
					if got != first || !strings.Contains(got, `"code":"forbidden"`) {
						t.Errorf("%s sends %s: %s, and %s for another", who.name, text, got, first)
					}
					tried++
				}
			}
		}
	}
	// One who may, and a conversation that does not exist.
	socket, _ := c.rawOperator(c.hire(0, "anna", "demo", "operator"))
	if got := socket.ask(`{"t":"watch","site":"demo","conversation":"` + forged + `"}`); !strings.Contains(got, `"code":"forbidden"`) {
		t.Errorf("a conversation that does not exist: %s", got)
	}
	if got := socket.ask(`{"t":"take","n":1,"site":"demo","conversation":"` + real + `"}`); !strings.Contains(got, `"code":"not_watched"`) {
		t.Errorf("without watching: %s", got)
	}
	if visitor.State().Owner != "bot" || len(visitor.Events()) == 0 {
		t.Errorf("something was changed: %+v", visitor.State())
	}
	t.Logf("P10: %d refusals", tried)
}

// rawConsole is an operator's socket that may send anything.
type rawConsole struct {
	t *testing.T
	c *websocket.Conn
}

// rawOperator opens a socket and introduces itself; nil and the status where that is
// refused.
func (c *cluster) rawOperator(cookie string) (*rawConsole, int) {
	c.t.Helper()
	header := http.Header{"Origin": {c.base(0)}}
	if cookie != "" {
		header.Set("Cookie", cookie)
	}
	conn, res, err := websocket.Dial(c.t.Context(), "ws://"+c.addr(0)+"/v1/operator", &websocket.DialOptions{
		Subprotocols: []string{protocol.Subprotocol}, HTTPHeader: header,
	})
	if err != nil {
		if res == nil {
			c.t.Fatal(err)
		}
		return nil, res.StatusCode
	}
	c.t.Cleanup(func() { _ = conn.CloseNow() })
	r := &rawConsole{c.t, conn}
	if got := r.ask(`{"t":"open","client":"aaaaaaaaaaaaaaaa"}`); !strings.HasPrefix(got, `{"t":"welcome"`) {
		c.t.Fatalf("open is answered %s", got)
	}
	return r, http.StatusSwitchingProtocols
}

// ask sends a frame and returns the next one.
func (r *rawConsole) ask(frame string) string {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), patience)
	defer cancel()
	if err := r.c.Write(ctx, websocket.MessageText, []byte(frame)); err != nil {
		r.t.Fatal(err)
	}
	_, data, err := r.c.Read(ctx)
	if err != nil {
		r.t.Fatalf("%s: %v", frame, err)
	}
	return string(bytes.TrimSpace(data))
}

// The first administrator comes in by a link that is good once, invites others, and
// cannot reach into another administrator's site.
func TestFirstAdministratorAndInvitations(t *testing.T) {
	t.Parallel()
	c := startDesk(t, 1, gateway.Options{})
	link := c.apps[0].FirstLink()
	if link == "" {
		t.Fatal("there is no link for the first administrator")
	}
	boss, err := client.Accept(t.Context(), c.base(0), link, "Zofia", passphrase)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Accept(t.Context(), c.base(0), link, "Mallory", passphrase); err == nil {
		t.Error("the first link is good twice")
	}
	var me struct {
		Operator struct{ Login string }
		Sites    []struct {
			Site  string
			Roles []string
		}
	}
	_, answer := c.ask("GET", "me", boss, "")
	if err := json.Unmarshal([]byte(answer), &me); err != nil || len(me.Sites) != 2 || len(me.Sites[0].Roles) != 3 || me.Operator.Login != "admin" {
		t.Errorf("the first administrator is %s", answer)
	}
	if again := c.add(c.apps[0].Options()); again.FirstLink() != "" {
		t.Error("a second node offers the first administration again")
	}

	status, answer := c.ask("POST", "sites/demo/invitations", boss, `{"login":"anna","role":"administrator"}`)
	var invited struct{ Link string }
	if err := json.Unmarshal([]byte(answer), &invited); err != nil || status != http.StatusOK {
		t.Fatalf("invite: %d %s", status, answer)
	}
	anna, err := client.Accept(t.Context(), c.base(0), invited.Link, "Anna", passphrase)
	if err != nil {
		t.Fatal(err)
	}
	// Anna administers demo; the first administrator works on other, too. She must
	// not get at that account, by whatever door.
	admin, err := c.accounts().OperatorByLogin(t.Context(), "admin")
	if err != nil {
		t.Fatal(err)
	}
	for _, what := range []string{"disable", "reset"} {
		if status, answer := c.ask("POST", "sites/demo/operators/"+admin.ID+"/"+what, anna, ""); status != http.StatusForbidden {
			t.Errorf("%s: %d %s", what, status, answer)
		}
	}
	_, answer = c.ask("POST", "sites/demo/invitations", anna, `{"login":"admin","role":"operator"}`)
	if err := json.Unmarshal([]byte(answer), &invited); err != nil {
		t.Fatal(err)
	}
	if cookie, err := client.Accept(t.Context(), c.base(0), invited.Link, "Mallory", "another password"); err == nil {
		t.Errorf("an invitation to a name that exists signs in as it: %s", cookie)
	}
	if _, err := client.SignIn(t.Context(), c.base(0), "admin", passphrase); err != nil {
		t.Errorf("the administrator's password is another one: %v", err)
	}
}

// Sign-in: the same answer for an unknown name and a wrong password, bounded
// attempts, a cookie scripts cannot read, passwords that end other sessions.
func TestSignIn(t *testing.T) {
	t.Parallel()
	c := startDesk(t, 1, gateway.Options{})
	cookie := c.hire(0, "anna", "demo", "operator")
	_, unknown := c.ask("POST", "sign-in", "", `{"login":"nobody","password":"wrong wrong wrong"}`)
	_, wrong := c.ask("POST", "sign-in", "", `{"login":"anna","password":"wrong wrong wrong"}`)
	if unknown != wrong || !strings.Contains(wrong, "bad_credentials") {
		t.Errorf("unknown name: %s, wrong password: %s", unknown, wrong)
	}
	other, err := client.SignIn(t.Context(), c.base(0), " ANNA ", passphrase)
	if err != nil {
		t.Fatal(err)
	}
	status, answer := c.ask("POST", "password", cookie, `{"old":"`+passphrase+`","new":"a better password"}`)
	if status != http.StatusOK {
		t.Fatalf("change password: %d %s", status, answer)
	}
	for name, old := range map[string]string{"other session": other, "own session": cookie} {
		if status, _ := c.ask("GET", "me", old, ""); status != http.StatusUnauthorized {
			t.Errorf("%s outlives a new password: %d", name, status)
		}
	}
	if status, answer := c.ask("POST", "sign-in", "", `{"login":"anna","password":"a better password","remember":true}`); status != http.StatusBadRequest {
		t.Errorf("a member that is not known: %d %s", status, answer)
	}
	req, err := http.NewRequestWithContext(t.Context(), "POST", c.base(0)+"/console/api/sign-in", strings.NewReader(`{"login":"anna","password":"a better password"}`))
	if err != nil {
		t.Fatal(err)
	}
	res, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	set := res.Header.Get("Set-Cookie")
	for _, want := range []string{"HttpOnly", "SameSite=Strict", "Path=/"} {
		if !strings.Contains(set, want) {
			t.Errorf("the cookie %q has no %s", set, want)
		}
	}
	limited := false
	for range 40 {
		status, _ := c.ask("POST", "sign-in", "", `{"login":"anna","password":"guess guess guess"}`)
		if limited = status == http.StatusTooManyRequests; limited {
			break
		}
	}
	if !limited {
		t.Error("nobody stops somebody who guesses")
	}
}
