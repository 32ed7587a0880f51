package receipt

import (
	"crypto"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"zgoda/persistence"
)

// Types of what is signed, as the header's typ has them (RFC 7515 section 4.1.9,
// which leaves "application/" out).
const (
	TypeReceipt = "vnd.zgoda.consent-receipt+json"
	TypeProof   = "vnd.zgoda.consent-proof+json"
)

const use = "sig"

// A Signer signs receipts and proofs. It is immutable and may be used from any
// goroutine.
type Signer struct {
	key  jose.JSONWebKey
	jwks []byte
}

// NewSigner returns a Signer for an Ed25519 seed of 32 bytes. The seeds of read
// are further keys whose signatures others shall be able to verify: those that
// signed before, and those that other nodes may sign with already.
func NewSigner(write []byte, read ...[]byte) (*Signer, error) {
	set := jose.JSONWebKeySet{}
	s := &Signer{}
	for i, seed := range append([][]byte{write}, read...) {
		key, err := keyOf(seed)
		if err != nil {
			return nil, fmt.Errorf("receipt key %d: %w", i+1, err)
		}
		if i == 0 {
			s.key = key
		}
		if len(set.Key(key.KeyID)) > 0 {
			return nil, fmt.Errorf("receipt key %d is listed twice", i+1)
		}
		set.Keys = append(set.Keys, key.Public())
	}
	var err error
	if s.jwks, err = json.Marshal(set, jsontext.WithIndent("  ")); err != nil {
		return nil, fmt.Errorf("encode public keys: %w", err)
	}
	return s, nil
}

func keyOf(seed []byte) (jose.JSONWebKey, error) {
	if len(seed) != ed25519.SeedSize {
		return jose.JSONWebKey{}, fmt.Errorf("the seed has %d bytes, it needs %d", len(seed), ed25519.SeedSize)
	}
	key := jose.JSONWebKey{Key: ed25519.NewKeyFromSeed(seed), Algorithm: string(jose.EdDSA), Use: use}
	thumbprint, err := key.Thumbprint(crypto.SHA256)
	if err != nil {
		return jose.JSONWebKey{}, err
	}
	key.KeyID = base64.RawURLEncoding.EncodeToString(thumbprint)
	return key, nil
}

// JWKS returns the public keys (RFC 7517). Nobody may change what it returns.
func (s *Signer) JWKS() []byte { return s.jwks }

// Receipt signs a receipt.
func (s *Signer) Receipt(r *Receipt) (string, error) { return s.sign(TypeReceipt, r) }

// Proof signs a proof. One that does not hold together is not signed: it would
// make the signature worth nothing.
func (s *Signer) Proof(p *persistence.Proof) (string, error) {
	if err := checkProof(p); err != nil {
		return "", fmt.Errorf("sign proof: %w", err)
	}
	return s.sign(TypeProof, p)
}

func (s *Signer) sign(typ string, v any) (string, error) {
	if s == nil {
		return "", errors.New("sign: no key")
	}
	body, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		return "", fmt.Errorf("encode what is signed: %w", err)
	}
	// The JSONWebKey names itself in the header's kid.
	signer, err := jose.NewSigner(
		jose.SigningKey{Algorithm: jose.EdDSA, Key: s.key},
		(&jose.SignerOptions{}).WithType(jose.ContentType(typ)),
	)
	if err != nil {
		return "", fmt.Errorf("sign: %w", err)
	}
	signed, err := signer.Sign(body)
	if err != nil {
		return "", fmt.Errorf("sign: %w", err)
	}
	return signed.CompactSerialize()
}
