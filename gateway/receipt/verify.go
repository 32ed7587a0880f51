package receipt

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-json-experiment/json"

	"zgoda/persistence"
)

// Bounds of what is looked at: whoever verifies a file has it from a stranger.
const (
	MaxTokenBytes = 16 << 20
	MaxJWKSBytes  = 1 << 20
)

// Errors of Verify. The first two say that nothing in the file can be believed.
var (
	// ErrNotSigned means that the file is none of ours.
	ErrNotSigned = errors.New("this is no signed receipt or proof")
	// ErrSignature means that the signature is not good, or of no key that was
	// given.
	ErrSignature = errors.New("the signature is not good")
	// ErrContent means that the signature is good and what is signed does not hold
	// together.
	ErrContent = errors.New("what was signed does not hold together")
)

// Keys are public keys that signatures are verified with, by their id.
type Keys struct{ byID map[string]ed25519.PublicKey }

// ParseKeys reads a JWKS (RFC 7517). Keys of other kinds and uses are passed
// over, as the RFC wants; where none is left, or where a private key is in the
// file, it is an error.
func ParseKeys(jwks []byte) (Keys, error) {
	if len(jwks) > MaxJWKSBytes {
		return Keys{}, fmt.Errorf("read public keys: more than %d bytes", MaxJWKSBytes)
	}
	var set struct {
		Keys []struct {
			Kty string `json:"kty"`
			Crv string `json:"crv"`
			Kid string `json:"kid"`
			Use string `json:"use"`
			Alg string `json:"alg"`
			X   string `json:"x"`
			D   string `json:"d"`
		} `json:"keys"`
	}
	if err := json.Unmarshal(jwks, &set); err != nil {
		return Keys{}, errors.New("read public keys: not a JWKS ({\"keys\": […]})")
	}
	keys := Keys{byID: map[string]ed25519.PublicKey{}}
	for _, k := range set.Keys {
		if k.D != "" {
			return Keys{}, errors.New("read public keys: there is a private key in the file; it must be in no such file")
		}
		if k.Kty != "OKP" || k.Crv != "Ed25519" || k.Use != use || k.Alg != string(jose.EdDSA) || k.Kid == "" {
			continue
		}
		x, err := base64Strict(k.X)
		if err != nil || len(x) != ed25519.PublicKeySize {
			return Keys{}, fmt.Errorf("read public keys: key %.64q has no public key of %d bytes", k.Kid, ed25519.PublicKeySize)
		}
		if _, twice := keys.byID[k.Kid]; twice {
			return Keys{}, fmt.Errorf("read public keys: key %.64q is there twice", k.Kid)
		}
		keys.byID[k.Kid] = x
	}
	if len(keys.byID) == 0 {
		return Keys{}, errors.New("read public keys: there is none for signatures with Ed25519 (kty OKP, use sig, alg EdDSA)")
	}
	return keys, nil
}

// IDs returns the names of the keys.
func (k Keys) IDs() []string {
	var ids []string
	for id := range k.byID {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// Verified is what a good signature stands under. One of Receipt and Proof is
// set.
type Verified struct {
	KeyID   string
	Receipt *Receipt
	Proof   *persistence.Proof
}

// Verify checks a file: the signature, and that what is signed holds together.
// With an ErrContent what was signed is returned too, so that it can be shown.
func (k Keys) Verify(file []byte) (Verified, error) {
	token := string(bytes.TrimSpace(file))
	// The base64 decoder skips line breaks, which would give one token many
	// spellings.
	if len(file) > MaxTokenBytes || strings.ContainsAny(token, "\r\n") {
		return Verified{}, fmt.Errorf("%w: it is too large, or of several lines", ErrNotSigned)
	}
	signed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.EdDSA})
	if err != nil || len(signed.Signatures) != 1 {
		return Verified{}, fmt.Errorf("%w: not a compact JWS with EdDSA", ErrNotSigned)
	}
	header := signed.Signatures[0].Header
	typ, _ := header.ExtraHeaders[jose.HeaderType].(string)
	if typ != TypeReceipt && typ != TypeProof {
		return Verified{}, fmt.Errorf("%w: its type is %.64q", ErrNotSigned, typ)
	}
	key, known := k.byID[header.KeyID]
	if !known {
		return Verified{}, fmt.Errorf("%w: it names the key %.64q, which is not among those given", ErrSignature, header.KeyID)
	}
	body, err := signed.Verify(key)
	if err != nil {
		return Verified{}, fmt.Errorf("%w: what is signed or the signature was changed", ErrSignature)
	}
	v := Verified{KeyID: header.KeyID}
	if typ == TypeProof {
		v.Proof = new(persistence.Proof)
		return v, content(body, v.Proof, func() error { return checkProof(v.Proof) })
	}
	v.Receipt = new(Receipt)
	return v, content(body, v.Receipt, v.Receipt.Check)
}

func content(body []byte, into any, check func() error) error {
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("%w: it is not of the form this version knows", ErrContent)
	}
	if err := check(); err != nil {
		return fmt.Errorf("%w: %w", ErrContent, err)
	}
	return nil
}

// checkProof wants a proof to say of whom it is, and something.
func checkProof(p *persistence.Proof) error {
	if p.Site == "" || p.Visitor == "" || p.AsOf.IsZero() || len(p.Entries) == 0 {
		return errors.New("it does not say of whom it is, or says nothing")
	}
	if err := p.Verify(); err != nil {
		return err
	}
	return checkAnswers(p)
}

// checkAnswers wants every answer to follow the question it names: for the same
// purpose, in the same words.
func checkAnswers(p *persistence.Proof) error {
	asked := make(map[string]*persistence.ProofEntry, len(p.Entries))
	for i := range p.Entries {
		e := &p.Entries[i]
		switch e.Kind {
		case persistence.KindRequested:
			asked[e.ID] = e
		case persistence.KindGranted, persistence.KindDeclined, persistence.KindDeferred:
			q := asked[e.Request]
			if q == nil || q.Purpose != e.Purpose || q.Notice != e.Notice || q.Locale != e.Locale {
				return fmt.Errorf("entry %d (%s) answers a request that is not before it", e.Seq, e.ID)
			}
		}
	}
	return nil
}

// Check looks at what of a receipt can be checked with nothing else at hand: the
// mandatory elements are there, the texts have the hashes they are named by,
// events name texts that are there, and answers follow their request.
func (r *Receipt) Check() error {
	switch {
	case r.SchemaVersion != SchemaVersion:
		return fmt.Errorf("schema_version is %.100q, this version knows %q", r.SchemaVersion, SchemaVersion)
	case r.ReceiptID == "" || r.RecordID == "" || r.PIIPrincipalID == "" || r.Created.IsZero():
		return errors.New("it does not say which receipt it is, or whose")
	case len(r.Processing) == 0 || len(r.Parties) == 0 || len(r.Jurisdiction) == 0:
		return errors.New("it names no processing, no parties or no jurisdiction")
	}
	texts := map[string]bool{"": true}
	for _, n := range r.Notices {
		sum := sha256.Sum256([]byte(n.Canonical))
		if hex.EncodeToString(sum[:]) != n.SHA256 {
			return fmt.Errorf("the text named %.16q has another hash", n.SHA256)
		}
		texts[n.SHA256] = true
	}
	for i := range r.Processing {
		if err := r.Processing[i].check(texts); err != nil {
			return fmt.Errorf("%s: %w", r.Processing[i].Purpose, err)
		}
	}
	return nil
}

func (p *Processing) check(texts map[string]bool) error {
	if p.Purpose == "" || p.LawfulBasis == "" || p.RetentionPeriod == "" || len(p.StorageLocations) == 0 || len(p.Events) == 0 {
		return errors.New("an element that must be there is missing")
	}
	asked := map[string]bool{}
	for i := range p.Events {
		e := &p.Events[i]
		switch {
		case e.EventID == "" || e.State == "" || e.EntityID == "" || e.ValidityDuration == "" || e.Time.IsZero():
			return fmt.Errorf("event %d lacks an element that must be there", i+1)
		case !texts[e.PrivacyNotice]:
			return fmt.Errorf("event %s names a text that is not in the receipt", e.EventID)
		}
		answers := e.State == persistence.KindGranted || e.State == persistence.KindDeclined
		if answers && !asked[e.RequestEventID] {
			return fmt.Errorf("event %s answers a request that is not before it", e.EventID)
		}
		if e.State == persistence.KindRequested {
			asked[e.EventID] = true
		}
	}
	return nil
}

// base64Strict decodes base64url without padding, in its one spelling.
func base64Strict(s string) ([]byte, error) {
	return base64.RawURLEncoding.Strict().DecodeString(s)
}
