package seal

import (
	"bytes"
	"errors"
	"testing"

	"zgoda/persistence"
)

// FuzzOpen gives Open what a damaged or hostile store could hand back. Nothing
// may open but what was sealed, byte for byte, and the error is always one that
// callers know.
func FuzzOpen(f *testing.F) {
	r := newRing(f, NewKey(), NewKey())
	plain := []byte("anna@example.test")
	sealed := mustSeal(f, r, testScope, plain)
	f.Add(sealed)
	f.Add(sealed[:len(sealed)-1])
	f.Add(sealed[:headerBytes])
	f.Add(append(bytes.Clone(sealed), 0))
	f.Add([]byte(nil))
	f.Add([]byte{formatVersion})
	f.Add(make([]byte, headerBytes+nonceAndTagBytes))
	f.Fuzz(func(t *testing.T, b []byte) {
		before := bytes.Clone(b)
		got, err := r.Open(testScope, b)
		switch {
		case !bytes.Equal(before, b):
			t.Error("Open must not change what it is given")
		case err == nil && (!bytes.Equal(b, sealed) || !bytes.Equal(got, plain)):
			t.Errorf("%x opened to %q", b, got)
		case err != nil && (got != nil || !errors.Is(err, persistence.ErrTampered) && !errors.Is(err, persistence.ErrWrongKey)):
			t.Errorf("%x: got %q and %v", b, got, err)
		}
		// The same bytes taken for a text must survive a sealing.
		again, err := r.Seal(testScope, b)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := r.Open(testScope, again); err != nil || !bytes.Equal(got, b) {
			t.Errorf("%x did not survive a sealing: %x %v", b, got, err)
		}
	})
}

// FuzzParse gives Parse what a person or an editor could make of a keys file.
// What it accepts must be whole: it encodes, parses to the same and seals.
func FuzzParse(f *testing.F) {
	file := Generate()
	good, err := file.Encode()
	if err != nil {
		f.Fatal(err)
	}
	fresh := NewKey()
	file.Seal, file.Token = append(file.Seal, fresh), append(file.Token, fresh)
	rotated, err := file.Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(rotated)
	f.Add(good[:len(good)/2])
	f.Add(bytes.ToUpper(good))
	f.Add([]byte(`{"seal":[{}],"write":"","id":"","token":[],"token_write":""}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := Parse(b)
		if err != nil {
			if got != nil {
				t.Error("an error must come without keys")
			}
			return
		}
		once, err := got.Encode()
		if err != nil {
			t.Fatalf("what parsed must encode: %v", err)
		}
		back, err := Parse(once)
		if err != nil {
			t.Fatalf("what was encoded must parse: %v", err)
		}
		twice, err := back.Encode()
		if err != nil || !bytes.Equal(once, twice) {
			t.Errorf("%s became %s, %v", once, twice, err)
		}
		r, err := got.Keyring()
		if err != nil {
			t.Fatalf("what parsed must seal: %v", err)
		}
		if _, err := r.Open(testScope, mustSeal(t, r, testScope, b)); err != nil {
			t.Errorf("what it sealed must open: %v", err)
		}
	})
}
