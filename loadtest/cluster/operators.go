package cluster

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"time"

	"zgoda/gateway/client"
	"zgoda/loadtest/staff"
)

// Operators makes accounts with the gateway's own command and the console's API: one
// administrator, who invites the others.
func (c *Cluster) Operators(ctx context.Context, site string, n int) ([]staff.Account, error) {
	base := "http://" + c.gateways[0].addr
	cmd := exec.CommandContext(ctx, c.opts.Binary, "operator", "add", "--login", "load-boss", "--site", site, "--role", "administrator")
	made := c.gateways[0].make()
	cmd.Dir, cmd.Env = made.Dir, made.Env
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s operator add: %w: %s", c.opts.Binary, err, stderrOf(err))
	}
	_, token, ok := strings.Cut(string(out), "#invitation=")
	if !ok || len(strings.Fields(token)) == 0 {
		return nil, fmt.Errorf("%s operator add printed no link: %s", c.opts.Binary, out)
	}
	link := "#invitation=" + strings.Fields(token)[0]
	boss, err := client.Accept(ctx, base, link, "Boss", rand.Text())
	if err != nil {
		return nil, err
	}
	var all []staff.Account
	for i := range n {
		a := staff.Account{Login: fmt.Sprintf("load-%d", i+1), Password: rand.Text()}
		link, err := invite(ctx, base, boss, site, a.Login)
		if err != nil {
			return nil, err
		}
		if a.Cookie, err = accept(ctx, base, link, fmt.Sprintf("Operator %d", i+1), a.Password); err != nil {
			return nil, err
		}
		all = append(all, a)
	}
	return all, nil
}

// accept takes its time where there are more than one address may make at once.
func accept(ctx context.Context, base, link, name, password string) (string, error) {
	for {
		cookie, err := client.Accept(ctx, base, link, name, password)
		if err == nil || !strings.Contains(err.Error(), "rate_limited") {
			return cookie, err
		}
		select {
		case <-time.After(2 * time.Second):
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
}

func stderrOf(err error) string {
	if exit, ok := err.(*exec.ExitError); ok {
		return string(exit.Stderr)
	}
	return ""
}

// invite returns the link of an invitation.
func invite(ctx context.Context, base, cookie, site, login string) (string, error) {
	body, err := json.Marshal(map[string]string{"login": login, "role": "operator"})
	if err != nil {
		return "", err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/console/api/sites/"+site+"/invitations", bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	req.Header.Set("Cookie", cookie)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", fmt.Errorf("invite %s: %w", login, err)
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(res.Body, 1<<16))
	if err != nil {
		return "", fmt.Errorf("invite %s: %w", login, err)
	}
	var made struct{ Link string }
	if err := json.Unmarshal(answer, &made); err != nil || made.Link == "" {
		return "", fmt.Errorf("invite %s: the gateway answered %s: %s", login, res.Status, answer)
	}
	return made.Link, nil
}
