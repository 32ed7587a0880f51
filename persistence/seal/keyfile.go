package seal

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"zgoda/persistence"
)

const (
	secretBytes = 32
	// maxFileBytes bounds what is read: a path that points at something else by
	// mistake must not be read into memory whole.
	maxFileBytes = 1 << 20
)

// A Key is one secret and its name.
type Key struct {
	// ID is computed from Secret; see NewKey.
	ID     string `json:"id"`
	Secret []byte `json:"secret"`
}

// NewKey returns a random key.
func NewKey() Key {
	k := Key{Secret: randomSecret()}
	k.ID = keyID(k.Secret)
	return k
}

func randomSecret() []byte {
	b := make([]byte, secretBytes)
	// crypto/rand.Read never returns an error: it ends the process instead.
	_, _ = rand.Read(b)
	return b
}

// keyID names a key by its content. Two keys that share an id are refused when
// they are loaded together; by chance that happens once in four thousand
// million.
func keyID(secret []byte) string {
	sum := sha256.Sum256(append([]byte("zgoda key id 1"), secret...))
	return hex.EncodeToString(sum[:idBytes])
}

func (k Key) rawID() (id [idBytes]byte) {
	// check has made sure that the id is hexadecimal and as long as it must be.
	_, _ = hex.Decode(id[:], []byte(k.ID))
	return id
}

func (k Key) check() error {
	if len(k.Secret) != secretBytes {
		return fmt.Errorf("secret has %d bytes, want %d", len(k.Secret), secretBytes)
	}
	if want := keyID(k.Secret); k.ID != want {
		return fmt.Errorf("id %q does not belong to its secret, whose id is %q", k.ID, want)
	}
	return nil
}

// A KeyFile is every secret of a deployment. Its nodes share one.
type KeyFile struct {
	// Seal are the keys that sealed data may be read with, Write the ID of the
	// one that is written with.
	Seal  []Key  `json:"seal"`
	Write string `json:"write"`
	// ID is the key that ids are derived with. It never changes.
	ID []byte `json:"id"`
	// Token are the keys that visitor tokens are accepted from, TokenWrite the
	// ID of the one they are signed with.
	Token      []Key  `json:"token"`
	TokenWrite string `json:"token_write"`
	// Receipt are the keys that receipts and proofs are verified with, ReceiptWrite
	// the ID of the one they are signed with. Files of before there were receipts
	// have neither; see ReceiptKeys.
	Receipt      []Key  `json:"receipt,omitzero"`
	ReceiptWrite string `json:"receipt_write,omitzero"`
}

// Generate returns a KeyFile of new random keys.
func Generate() *KeyFile {
	s, t, r := NewKey(), NewKey(), NewKey()
	return &KeyFile{
		Seal: []Key{s}, Write: s.ID, ID: randomSecret(), Token: []Key{t}, TokenWrite: t.ID,
		Receipt: []Key{r}, ReceiptWrite: r.ID,
	}
}

// ReceiptKeys returns the keys of receipts and the ID of the one that signs. A
// file that has none gets one that is derived from its id key, which never
// changes, so that every node derives the same. To give such a file a new key,
// write the derived one into it too: what it has signed is verified with it.
func (f *KeyFile) ReceiptKeys() (keys []Key, write string) {
	if len(f.Receipt) > 0 {
		return f.Receipt, f.ReceiptWrite
	}
	// The length is fixed and allowed, so this cannot fail.
	secret, err := hkdf.Key(sha256.New, f.ID, nil, "zgoda receipt key 1", secretBytes)
	if err != nil {
		panic(fmt.Sprintf("seal: derive receipt key: %v", err))
	}
	k := Key{ID: keyID(secret), Secret: secret}
	return []Key{k}, k.ID
}

// Parse reads the content of a keys file. It is strict: a member it does not
// know, one in another case and one that is given twice are errors.
func Parse(b []byte) (*KeyFile, error) {
	f := new(KeyFile)
	if err := json.Unmarshal(b, f, json.RejectUnknownMembers(true)); err != nil {
		return nil, fmt.Errorf("parse keys: %w", unreadable(err))
	}
	if err := f.check(); err != nil {
		return nil, fmt.Errorf("parse keys: %w", err)
	}
	return f, nil
}

// unreadable says where a keys file cannot be read. The decoder's own message
// may quote what it could not read, which may be a secret: it goes no further.
func unreadable(err error) error {
	var semantic *json.SemanticError
	var syntactic *jsontext.SyntacticError
	switch {
	case errors.Is(err, json.ErrUnknownName) && errors.As(err, &semantic):
		return fmt.Errorf("%s is not a member of a keys file", semantic.JSONPointer)
	case errors.As(err, &semantic):
		return fmt.Errorf("what stands at %q (byte %d) does not belong there", semantic.JSONPointer, semantic.ByteOffset)
	case errors.Is(err, jsontext.ErrDuplicateName) && errors.As(err, &syntactic):
		return fmt.Errorf("%s is given twice", syntactic.JSONPointer)
	case errors.As(err, &syntactic) && !errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("not JSON, or data after the end of it, at byte %d", syntactic.ByteOffset)
	}
	return errors.New("the file is not complete JSON")
}

func (f *KeyFile) check() error {
	if _, err := New(f.Seal, f.Write); err != nil {
		return err
	}
	if len(f.ID) != secretBytes {
		return fmt.Errorf("id key has %d bytes, want %d", len(f.ID), secretBytes)
	}
	if err := checkKeys("token", f.Token, f.TokenWrite); err != nil {
		return err
	}
	if len(f.Receipt) == 0 && f.ReceiptWrite == "" {
		return nil
	}
	return checkKeys("receipt", f.Receipt, f.ReceiptWrite)
}

// checkKeys checks a list of keys and that the one that signs is in it.
func checkKeys(what string, keys []Key, write string) error {
	found, listed := false, make(map[string]bool, len(keys))
	for i, k := range keys {
		if err := k.check(); err != nil {
			return fmt.Errorf("%s key %d: %w", what, i+1, err)
		}
		if listed[k.ID] {
			return fmt.Errorf("%s key %d: %q is listed twice", what, i+1, k.ID)
		}
		listed[k.ID] = true
		found = found || k.ID == write
	}
	if !found {
		return fmt.Errorf("%s_write %q is not among the %d %s keys", what, write, len(keys), what)
	}
	return nil
}

// Encode returns what Parse reads.
func (f *KeyFile) Encode() ([]byte, error) {
	if err := f.check(); err != nil {
		return nil, fmt.Errorf("encode keys: %w", err)
	}
	b, err := json.Marshal(f, jsontext.WithIndent("  "))
	if err != nil {
		return nil, fmt.Errorf("encode keys: %w", err)
	}
	return append(b, '\n'), nil
}

// Keyring returns the Sealer of the file's seal keys.
func (f *KeyFile) Keyring() (*Keyring, error) { return New(f.Seal, f.Write) }

// Check returns the value a store keeps so that it can refuse a process with
// the keys of another deployment. It tells nothing about the keys. It is made
// from the id key, the one that never rotates, so it is the same before and
// after any rotation; a missing seal key shows as persistence.ErrWrongKey when
// data that needs it is opened.
func (f *KeyFile) Check() []byte {
	m := hmac.New(sha256.New, f.ID)
	m.Write([]byte("zgoda check value 1"))
	return m.Sum(nil)
}

// VerifyCheck compares a value a store kept with this file's. It returns
// persistence.ErrWrongKey where they differ.
func (f *KeyFile) VerifyCheck(stored []byte) error {
	if !hmac.Equal(f.Check(), stored) {
		return fmt.Errorf("the store was written with the keys of another keys file: %w", persistence.ErrWrongKey)
	}
	return nil
}

// Load reads a keys file. A file that others than its owner may read is
// refused, unless it is root's and handed to this process by its group alone, as
// secrets are that a platform mounts. An error that is fs.ErrNotExist says that there is none.
func Load(path string) (*KeyFile, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("load keys: %w", err)
	}
	defer func() { _ = file.Close() }() // only read from
	info, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("load keys: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("load keys: %s is not a regular file", path)
	}
	if perm := info.Mode().Perm(); perm&0o077 != 0 && !handedOver(info) {
		return nil, fmt.Errorf("load keys: %s can be read by others than its owner (mode %04o): run chmod 600 %s", path, perm, path)
	}
	b, err := io.ReadAll(io.LimitReader(file, maxFileBytes))
	if err != nil {
		return nil, fmt.Errorf("load keys: %w", err)
	}
	f, err := Parse(b)
	if err != nil {
		return nil, fmt.Errorf("load %s: %w", path, err)
	}
	return f, nil
}

// Create makes new keys and writes them to path, which must not exist. The file
// appears whole or not at all, and is on the disk when Create returns: data
// sealed with a key that a crash then loses could never be opened. An error
// that is fs.ErrExist says that there is a file already.
func Create(path string) (*KeyFile, error) {
	f := Generate()
	b, err := f.Encode()
	if err != nil {
		return nil, err
	}
	if err := writeNew(path, b); err != nil {
		return nil, fmt.Errorf("create keys: %w", err)
	}
	return f, nil
}

// writeNew writes a complete temporary file and links it to path. A link, unlike
// a rename, fails where path exists, so of two processes one wins.
func writeNew(path string, b []byte) error {
	dir := filepath.Dir(path)
	temp := filepath.Join(dir, "."+filepath.Base(path)+"."+rand.Text())
	file, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(temp) }() // the link is the file that stays
	_, err = file.Write(b)
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	if err := os.Link(temp, path); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("%s: %w", path, fs.ErrExist)
		}
		return err
	}
	return syncDir(dir)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
