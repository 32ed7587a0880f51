package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"

	"zgoda/persistence"
)

const (
	formatVersion = 1
	idBytes       = 4
	headerBytes   = 1 + idBytes
	// nonceAndTagBytes is what the cipher adds to a plaintext.
	nonceAndTagBytes = 12 + 16
	derivedKeyBytes  = 32
)

// A Keyring seals and opens with the keys of a keys file. It implements
// persistence.Sealer; all methods may be called concurrently.
type Keyring struct {
	keys  map[[idBytes]byte][]byte
	write [idBytes]byte
	cache *cache
}

var _ persistence.Sealer = (*Keyring)(nil)

// New returns a Keyring that reads with every one of keys and writes with the
// one whose ID is write.
func New(keys []Key, write string) (*Keyring, error) {
	r := &Keyring{keys: make(map[[idBytes]byte][]byte, len(keys)), cache: newCache()}
	found := false
	for i, k := range keys {
		if err := k.check(); err != nil {
			return nil, fmt.Errorf("seal key %d: %w", i+1, err)
		}
		id := k.rawID()
		if _, ok := r.keys[id]; ok {
			return nil, fmt.Errorf("seal key %d: %q is listed twice", i+1, k.ID)
		}
		r.keys[id] = k.Secret
		if k.ID == write {
			r.write, found = id, true
		}
	}
	if !found {
		return nil, fmt.Errorf("write key %q is not among the %d seal keys", write, len(keys))
	}
	return r, nil
}

// Seal implements persistence.Sealer.
func (r *Keyring) Seal(scope persistence.Scope, plain []byte) ([]byte, error) {
	aead, err := r.aead(r.write, scope)
	if err != nil {
		return nil, fmt.Errorf("seal %s: %w", scope.Item, err)
	}
	out := make([]byte, headerBytes, headerBytes+nonceAndTagBytes+len(plain))
	out[0] = formatVersion
	copy(out[1:], r.write[:])
	return aead.Seal(out, nil, plain, associated(out[:headerBytes], scope)), nil
}

// Open implements persistence.Sealer.
func (r *Keyring) Open(scope persistence.Scope, sealed []byte) ([]byte, error) {
	if len(sealed) < headerBytes+nonceAndTagBytes || sealed[0] != formatVersion {
		return nil, fmt.Errorf("open %s: %w", scope.Item, persistence.ErrTampered)
	}
	id := [idBytes]byte(sealed[1:headerBytes])
	if _, ok := r.keys[id]; !ok {
		return nil, fmt.Errorf("open %s: key %s: %w", scope.Item, hex.EncodeToString(id[:]), persistence.ErrWrongKey)
	}
	aead, err := r.aead(id, scope)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", scope.Item, err)
	}
	plain, err := aead.Open(nil, nil, sealed[headerBytes:], associated(sealed[:headerBytes], scope))
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", scope.Item, persistence.ErrTampered)
	}
	return plain, nil
}

// aead returns the cipher of one key for one site and subject.
func (r *Keyring) aead(id [idBytes]byte, scope persistence.Scope) (cipher.AEAD, error) {
	if scope.Site == "" || scope.Subject == "" || scope.Item == "" {
		return nil, errors.New("site, subject and item of a scope must not be empty")
	}
	at := cacheKey{id: id, site: scope.Site, subject: scope.Subject}
	if a, ok := r.cache.get(at); ok {
		return a, nil
	}
	info := make([]byte, 0, 64)
	info = append(info, "zgoda seal 1"...)
	info = appendField(info, scope.Site)
	info = appendField(info, scope.Subject)
	derived, err := hkdf.Key(sha256.New, r.keys[id], nil, string(info), derivedKeyBytes)
	if err != nil {
		return nil, fmt.Errorf("derive key: %w", err)
	}
	block, err := aes.NewCipher(derived)
	if err != nil {
		return nil, fmt.Errorf("derive key: %w", err)
	}
	a, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("derive key: %w", err)
	}
	r.cache.put(at, a)
	return a, nil
}

// associated is what is authenticated beside the ciphertext. The site and the
// subject are in the derived key as well; naming them here keeps the binding
// visible and independent of how keys are derived.
func associated(header []byte, scope persistence.Scope) []byte {
	b := make([]byte, 0, headerBytes+24+len(scope.Site)+len(scope.Subject)+len(scope.Item))
	b = append(b, header...)
	b = appendField(b, scope.Site)
	b = appendField(b, scope.Subject)
	return appendField(b, scope.Item)
}

// appendField appends s with its length in front, so that no two lists of
// fields give the same bytes.
func appendField(b []byte, s string) []byte {
	return append(binary.BigEndian.AppendUint64(b, uint64(len(s))), s...)
}
