package auth

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

const (
	// DefaultTTL is how long a token is good where Options leave it open.
	DefaultTTL = 24 * time.Hour
	// MinTTL keeps a wrong unit from making tokens that are expired on arrival.
	MinTTL = time.Minute
	// MaxTTL bounds what a stolen token is worth; the secret renews it anyway.
	MaxTTL = 30 * 24 * time.Hour

	// MaxTokenBytes is the longest token that is looked at. Ours are under half
	// of it; a longer one is refused before any work.
	MaxTokenBytes = 1024

	// clockSkew is how far another node's clock may be ahead of ours. It applies
	// to the time of issue only: a token expires when it says.
	clockSkew = time.Minute

	issuer       = "zgoda"
	maxKeyIDRune = 64
)

// Errors of Verify. Callers branch on them: an expired token names its visitor,
// who may renew it with the secret; an invalid one names nobody.
var (
	ErrTokenExpired = errors.New("token is expired")
	ErrTokenInvalid = errors.New("token is invalid")
)

// A Key signs tokens. ID is public, it stands in every token's header.
type Key struct {
	ID     string
	Secret []byte
}

// TokenOptions say how tokens are signed.
type TokenOptions struct {
	// Write signs. It is also used to read.
	Write Key
	// Read are further keys that are accepted: old ones until their last token
	// expired, and new ones that other nodes may already sign with.
	Read []Key
	// TTL is how long a token is good, between MinTTL and MaxTTL. Zero means
	// DefaultTTL.
	TTL time.Duration
}

// Tokens issues and verifies visitor tokens: JWT (RFC 7519), HS256. It is
// immutable and may be used from any goroutine.
type Tokens struct {
	signer jose.Signer
	keys   map[string][]byte
	ttl    time.Duration
}

// Claims are what a token says.
type Claims struct {
	Site         string
	Visitor      string
	Conversation string
	IssuedAt     time.Time
	ExpiresAt    time.Time
}

// wireClaims are the members of the token's body.
type wireClaims struct {
	jwt.Claims
	Conversation string `json:"cid"`
}

// NewTokens checks the keys and copies them.
func NewTokens(o TokenOptions) (*Tokens, error) {
	if o.TTL == 0 {
		o.TTL = DefaultTTL
	}
	if o.TTL < MinTTL || o.TTL > MaxTTL {
		return nil, fmt.Errorf("token lifetime is %v, it must be between %v and %v", o.TTL, MinTTL, MaxTTL)
	}
	t := &Tokens{keys: make(map[string][]byte, 1+len(o.Read)), ttl: o.TTL}
	for _, k := range append([]Key{o.Write}, o.Read...) {
		if err := t.add(k); err != nil {
			return nil, err
		}
	}
	// A jose.JSONWebKey would set the key id for a key pair only: a symmetric key
	// has no public half to name.
	signer, err := jose.NewSigner(
		jose.SigningKey{Algorithm: jose.HS256, Key: t.keys[o.Write.ID]},
		(&jose.SignerOptions{}).WithType("JWT").WithHeader("kid", o.Write.ID),
	)
	if err != nil {
		return nil, fmt.Errorf("token key %q: %w", o.Write.ID, err)
	}
	t.signer = signer
	return t, nil
}

func (t *Tokens) add(k Key) error {
	switch {
	case k.ID == "" || len(k.ID) > maxKeyIDRune:
		return fmt.Errorf("token key id %q must have 1 to %d characters", k.ID, maxKeyIDRune)
	case len(k.Secret) < MinKeyBytes:
		return fmt.Errorf("token key %q has %d bytes, it needs at least %d", k.ID, len(k.Secret), MinKeyBytes)
	}
	if _, taken := t.keys[k.ID]; taken {
		return fmt.Errorf("token key id %q is used twice", k.ID)
	}
	t.keys[k.ID] = append([]byte(nil), k.Secret...)
	return nil
}

// Issue signs a token. Times in a token are whole seconds, so the expiry that is
// returned is the one in the token.
func (t *Tokens) Issue(site, visitor, conversation string, now time.Time) (token string, exp time.Time, err error) {
	if site == "" || !IsVisitorID(visitor) || !IsConversationID(conversation) {
		return "", time.Time{}, fmt.Errorf("issue token: site %q, visitor %q, conversation %q: not ids", site, visitor, conversation)
	}
	issued := now.Truncate(time.Second)
	exp = issued.Add(t.ttl).Truncate(time.Second)
	token, err = jwt.Signed(t.signer).Claims(wireClaims{
		Claims: jwt.Claims{
			Issuer:   issuer,
			Audience: jwt.Audience{site},
			Subject:  visitor,
			IssuedAt: jwt.NewNumericDate(issued),
			Expiry:   jwt.NewNumericDate(exp),
		},
		Conversation: conversation,
	}).Serialize()
	if err != nil {
		return "", time.Time{}, fmt.Errorf("issue token: %w", err)
	}
	return token, exp, nil
}

// Verify returns what the token says. With ErrTokenExpired the claims are
// returned too: everything but the expiry was in order. With ErrTokenInvalid,
// which is all other reasons, they are empty. The error's text says which reason
// and holds nothing of the token.
func (t *Tokens) Verify(token, site string, now time.Time) (Claims, error) {
	if site == "" || token == "" || len(token) > MaxTokenBytes {
		return Claims{}, fmt.Errorf("%w: it has %d bytes", ErrTokenInvalid, len(token))
	}
	body, err := t.open(token)
	if err != nil {
		return Claims{}, err
	}
	if err := body.check(site, now); err != nil {
		return Claims{}, err
	}
	claims := Claims{
		Site:         site,
		Visitor:      body.Subject,
		Conversation: body.Conversation,
		IssuedAt:     body.IssuedAt.Time(),
		ExpiresAt:    body.Expiry.Time(),
	}
	if !now.Before(claims.ExpiresAt) {
		return claims, ErrTokenExpired
	}
	return claims, nil
}

// open checks the signature and returns the body.
func (t *Tokens) open(token string) (wireClaims, error) {
	// The base64 decoder skips line breaks, which would give one token many
	// spellings.
	if strings.ContainsAny(token, "\r\n") {
		return wireClaims{}, fmt.Errorf("%w: line break", ErrTokenInvalid)
	}
	parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.HS256})
	if err != nil || len(parsed.Headers) != 1 {
		return wireClaims{}, fmt.Errorf("%w: not a token of this kind", ErrTokenInvalid)
	}
	secret, ok := t.keys[parsed.Headers[0].KeyID]
	if !ok {
		return wireClaims{}, fmt.Errorf("%w: unknown key", ErrTokenInvalid)
	}
	var body wireClaims
	if err := parsed.Claims(secret, &body); err != nil {
		return wireClaims{}, fmt.Errorf("%w: signature or body", ErrTokenInvalid)
	}
	return body, nil
}

// check looks at everything but the expiry having passed.
func (c wireClaims) check(site string, now time.Time) error {
	// The library lets a token without a time pass.
	if c.Expiry == nil || c.IssuedAt == nil || *c.Expiry <= *c.IssuedAt {
		return fmt.Errorf("%w: no lifetime", ErrTokenInvalid)
	}
	timeless := c.Claims
	timeless.Expiry = nil
	err := timeless.ValidateWithLeeway(jwt.Expected{
		Issuer:      issuer,
		AnyAudience: jwt.Audience{site},
		Time:        now,
	}, clockSkew)
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", ErrTokenInvalid, err)
	case len(c.Audience) != 1:
		return fmt.Errorf("%w: several audiences", ErrTokenInvalid)
	case !IsVisitorID(c.Subject) || !IsConversationID(c.Conversation):
		return fmt.Errorf("%w: no visitor", ErrTokenInvalid)
	}
	return nil
}
