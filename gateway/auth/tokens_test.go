package auth

import (
	"bytes"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

var (
	keyOld = Key{ID: "2026-10", Secret: bytes.Repeat([]byte{1}, 32)}
	keyNew = Key{ID: "2026-11", Secret: bytes.Repeat([]byte{2}, 32)}
	start  = time.Date(2026, 11, 23, 12, 0, 0, 500_000_000, time.UTC)
)

const (
	visitor      = "v_aaaaaaaaaaaaaaaaaaaaaaaaaa"
	conversation = "c_bbbbbbbbbbbbbbbbbbbbbbbbbb"
)

func newTokens(tb testing.TB, o TokenOptions) *Tokens {
	tb.Helper()
	tokens, err := NewTokens(o)
	if err != nil {
		tb.Fatal(err)
	}
	return tokens
}

func issue(tb testing.TB, tokens *Tokens) string {
	tb.Helper()
	token, _, err := tokens.Issue("demo", visitor, conversation, start)
	if err != nil {
		tb.Fatal(err)
	}
	return token
}

func TestTokenRoundTrip(t *testing.T) {
	t.Parallel()
	tokens := newTokens(t, TokenOptions{Write: keyNew})
	token, exp, err := tokens.Issue("demo", visitor, conversation, start)
	if err != nil {
		t.Fatal(err)
	}
	want := Claims{
		Site: "demo", Visitor: visitor, Conversation: conversation,
		IssuedAt: start.Truncate(time.Second), ExpiresAt: start.Truncate(time.Second).Add(DefaultTTL),
	}
	if !exp.Equal(want.ExpiresAt) {
		t.Errorf("Issue says it expires at %v, want %v", exp, want.ExpiresAt)
	}
	if len(token) > MaxTokenBytes/2 {
		t.Errorf("a token has %d bytes, more than half of what is accepted", len(token))
	}
	got, err := tokens.Verify(token, "demo", start)
	if err != nil {
		t.Fatal(err)
	}
	checkClaims(t, got, want)

	t.Run("ErrTokenExpired", func(t *testing.T) {
		t.Parallel()
		if _, err := tokens.Verify(token, "demo", exp.Add(-time.Nanosecond)); err != nil {
			t.Errorf("just before its expiry: %v", err)
		}
		got, err := tokens.Verify(token, "demo", exp)
		if !errors.Is(err, ErrTokenExpired) {
			t.Fatalf("at its expiry: %v, want ErrTokenExpired", err)
		}
		checkClaims(t, got, want)
	})
}

func checkClaims(t *testing.T, got, want Claims) {
	t.Helper()
	if got.Site != want.Site || got.Visitor != want.Visitor || got.Conversation != want.Conversation ||
		!got.IssuedAt.Equal(want.IssuedAt) || !got.ExpiresAt.Equal(want.ExpiresAt) {
		t.Errorf("claims\n got %+v\nwant %+v", got, want)
	}
}

func TestKeysRotate(t *testing.T) {
	t.Parallel()
	before := newTokens(t, TokenOptions{Write: keyOld})
	during := newTokens(t, TokenOptions{Write: keyOld, Read: []Key{keyNew}})
	after := newTokens(t, TokenOptions{Write: keyNew, Read: []Key{keyOld}})
	done := newTokens(t, TokenOptions{Write: keyNew})

	for name, pair := range map[string][2]*Tokens{
		"old token, new key only read": {before, during},
		"new token, not yet switched":  {after, during},
		"old token, switched":          {before, after},
		"new token, old key gone":      {after, done},
	} {
		if _, err := pair[1].Verify(issue(t, pair[0]), "demo", start); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := done.Verify(issue(t, before), "demo", start); !errors.Is(err, ErrTokenInvalid) {
		t.Errorf("a token of a key that is gone: %v, want ErrTokenInvalid", err)
	}
}

// forge signs any body with the real key, as a defect or another issuer of ours
// would.
func forge(tb testing.TB, alg jose.SignatureAlgorithm, key Key, claims any) string {
	tb.Helper()
	options := &jose.SignerOptions{}
	if key.ID != "" {
		options = options.WithHeader("kid", key.ID)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key.Secret}, options)
	if err != nil {
		tb.Fatal(err)
	}
	token, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		tb.Fatal(err)
	}
	return token
}

func body(change func(m map[string]any)) map[string]any {
	m := map[string]any{
		"iss": "zgoda", "aud": "demo", "sub": visitor, "cid": conversation,
		"iat": start.Unix(), "exp": start.Add(time.Hour).Unix(),
	}
	change(m)
	return m
}

func TestInvalidTokens(t *testing.T) {
	t.Parallel()
	tokens := newTokens(t, TokenOptions{Write: keyNew})
	good := issue(t, tokens)
	parts := strings.Split(good, ".")
	with := func(change func(m map[string]any)) string { return forge(t, jose.HS256, keyNew, body(change)) }
	b64 := base64.RawURLEncoding.EncodeToString

	if _, err := tokens.Verify(with(func(map[string]any) {}), "demo", start); err != nil {
		t.Fatalf("the forger's unchanged token must be good: %v", err)
	}
	cases := map[string]string{
		"empty":             "",
		"not a token":       "hello",
		"too long":          good + strings.Repeat("A", MaxTokenBytes),
		"cut":               good[:len(good)-2],
		"signature changed": parts[0] + "." + parts[1] + "." + b64(make([]byte, 32)),
		"body changed":      parts[0] + "." + b64([]byte(`{"iss":"zgoda","aud":"demo"}`)) + "." + parts[2],
		"line break":        parts[0] + ".\n" + parts[1] + "." + parts[2],
		"alg none":          b64([]byte(`{"alg":"none","kid":"2026-11"}`)) + "." + parts[1] + ".",
		"alg HS512":         forge(t, jose.HS512, Key{keyNew.ID, bytes.Repeat([]byte{2}, 64)}, body(func(map[string]any) {})),
		"no kid":            forge(t, jose.HS256, Key{"", keyNew.Secret}, body(func(map[string]any) {})),
		"unknown kid":       forge(t, jose.HS256, Key{"other", keyNew.Secret}, body(func(map[string]any) {})),
		"other key":         forge(t, jose.HS256, Key{keyNew.ID, keyOld.Secret}, body(func(map[string]any) {})),
		"other site":        with(func(m map[string]any) { m["aud"] = "other" }),
		"two audiences":     with(func(m map[string]any) { m["aud"] = []string{"demo", "other"} }),
		"no audience":       with(func(m map[string]any) { delete(m, "aud") }),
		"other issuer":      with(func(m map[string]any) { m["iss"] = "someone" }),
		"no exp":            with(func(m map[string]any) { delete(m, "exp") }),
		"exp is text":       with(func(m map[string]any) { m["exp"] = "never" }),
		"no iat":            with(func(m map[string]any) { delete(m, "iat") }),
		"future iat":        with(func(m map[string]any) { m["iat"] = start.Add(2 * time.Minute).Unix() }),
		"not yet valid":     with(func(m map[string]any) { m["nbf"] = start.Add(time.Hour).Unix() }),
		"ends before start": with(func(m map[string]any) { m["exp"] = start.Add(-time.Hour).Unix() }),
		"no visitor":        with(func(m map[string]any) { delete(m, "sub") }),
		"swapped ids":       with(func(m map[string]any) { m["sub"], m["cid"] = conversation, visitor }),
		"no conversation":   with(func(m map[string]any) { delete(m, "cid") }),
		"JSON form":         `{"payload":"` + parts[1] + `","protected":"` + parts[0] + `","signature":"` + parts[2] + `"}`,
	}
	for name, token := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			claims, err := tokens.Verify(token, "demo", start)
			if !errors.Is(err, ErrTokenInvalid) || errors.Is(err, ErrTokenExpired) {
				t.Errorf("error %v, want ErrTokenInvalid", err)
			}
			if claims != (Claims{}) {
				t.Errorf("an invalid token has claims: %+v", claims)
			}
			if token != "" && err != nil && strings.Contains(err.Error(), token) {
				t.Errorf("the error repeats the token: %v", err)
			}
		})
	}
	if _, err := tokens.Verify(good, "", start); !errors.Is(err, ErrTokenInvalid) {
		t.Errorf("no site: %v", err)
	}
	if _, err := tokens.Verify(good, "other", start); !errors.Is(err, ErrTokenInvalid) {
		t.Errorf("P10: another site accepts the token: %v", err)
	}
	if _, err := tokens.Verify(good, "other", start.Add(48*time.Hour)); !errors.Is(err, ErrTokenInvalid) {
		t.Errorf("P10: another site accepts the expired token: %v", err)
	}
	if _, err := tokens.Verify(good, "demo", start.Add(-30*time.Second)); err != nil {
		t.Errorf("a node whose clock is 30 s behind refuses: %v", err)
	}
}

func TestTokenOptions(t *testing.T) {
	t.Parallel()
	short := Key{ID: "short", Secret: make([]byte, 16)}
	for name, c := range map[string]struct {
		o    TokenOptions
		want string
	}{
		"no key":       {TokenOptions{}, `token key id "" must have 1 to 64 characters`},
		"short key":    {TokenOptions{Write: short}, `token key "short" has 16 bytes, it needs at least 32`},
		"one id twice": {TokenOptions{Write: keyNew, Read: []Key{keyNew}}, `token key id "2026-11" is used twice`},
		"too short":    {TokenOptions{Write: keyNew, TTL: time.Second}, "token lifetime is 1s, it must be between 1m0s and 720h0m0s"},
		"too long":     {TokenOptions{Write: keyNew, TTL: 1000 * time.Hour}, "token lifetime is 1000h0m0s, it must be between 1m0s and 720h0m0s"},
	} {
		if _, err := NewTokens(c.o); err == nil || err.Error() != c.want {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
	tokens := newTokens(t, TokenOptions{Write: keyNew})
	if _, _, err := tokens.Issue("demo", "anna@example.com", conversation, start); err == nil {
		t.Error("a typed address is taken for a visitor id")
	}
}

func FuzzVerify(f *testing.F) {
	tokens := newTokens(f, TokenOptions{Write: keyNew, Read: []Key{keyOld}})
	good := issue(f, tokens)
	f.Add(good)
	f.Add(good + "=")
	f.Add(strings.Replace(good, ".", "..", 1))
	f.Add(forge(f, jose.HS256, keyNew, body(func(m map[string]any) { m["exp"] = -1.5 })))
	f.Add(forge(f, jose.HS256, keyNew, body(func(m map[string]any) { m["exp"], m["iat"] = 1e300, 1 })))
	f.Add(forge(f, jose.HS256, keyNew, body(func(m map[string]any) { m["aud"] = []any{1} })))
	f.Add("eyJhbGciOiJub25lIn0..")
	f.Fuzz(func(t *testing.T, token string) {
		claims, err := tokens.Verify(token, "demo", start)
		switch {
		case err == nil:
			if claims.Visitor != visitor || claims.Conversation != conversation || claims.Site != "demo" {
				t.Errorf("%q was accepted for %+v", token, claims)
			}
		case errors.Is(err, ErrTokenInvalid):
			if claims != (Claims{}) {
				t.Errorf("%q is invalid and has claims %+v", token, claims)
			}
		case !errors.Is(err, ErrTokenExpired):
			t.Errorf("%q: %v is neither of the two errors", token, err)
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	tokens := newTokens(b, TokenOptions{Write: keyNew})
	good := issue(b, tokens)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := tokens.Verify(good, "demo", start); err != nil {
			b.Fatal(err)
		}
	}
}
