package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// SignIn signs an operator in at base (http://host:port) and returns the session's
// cookie as it goes into a Cookie header.
func SignIn(ctx context.Context, base, login, password string) (string, error) {
	return session(ctx, base+"/console/api/sign-in", map[string]string{"login": login, "password": password})
}

// Accept uses an invitation and returns the session's cookie. link is what the
// invitation says; what stands in front of its token does not matter.
func Accept(ctx context.Context, base, link, name, password string) (string, error) {
	token := link[strings.LastIndexByte(link, '=')+1:]
	return session(ctx, base+"/console/api/accept", map[string]string{"token": token, "name": name, "password": password})
}

func session(ctx context.Context, to string, body any) (string, error) {
	data, err := json.Marshal(body)
	if err != nil {
		return "", err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(data))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/json")
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Do(req)
	if err != nil {
		return "", fmt.Errorf("sign in: %w", err)
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(res.Body, 1<<16))
	if err != nil {
		return "", fmt.Errorf("sign in: %w", err)
	}
	if res.StatusCode != http.StatusOK {
		return "", fmt.Errorf("sign in: status %d: %s", res.StatusCode, bytes.TrimSpace(answer))
	}
	for _, c := range res.Cookies() {
		if c.Value != "" {
			return c.Name + "=" + c.Value, nil
		}
	}
	return "", fmt.Errorf("sign in: the answer has no cookie")
}
