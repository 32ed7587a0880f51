package seal

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"zgoda/persistence"
)

var testScope = persistence.Scope{Site: "shop", Subject: "anna", Item: persistence.ItemContact}

func newRing(t testing.TB, write Key, more ...Key) *Keyring {
	t.Helper()
	r, err := New(append([]Key{write}, more...), write.ID)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func mustSeal(t testing.TB, r *Keyring, scope persistence.Scope, plain []byte) []byte {
	t.Helper()
	sealed, err := r.Seal(scope, plain)
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

func TestP9_RoundTrip(t *testing.T) {
	t.Parallel()
	r := newRing(t, NewKey())
	for name, plain := range map[string][]byte{
		"nothing": nil, "one byte": {0}, "text": []byte("Zażółć gęślą jaźń"), "large": bytes.Repeat([]byte("x"), 1<<20),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sealed := mustSeal(t, r, testScope, plain)
			if len(plain) > 1 && bytes.Contains(sealed, plain) {
				t.Error("sealed text must not be readable")
			}
			if want := headerBytes + nonceAndTagBytes + len(plain); len(sealed) != want {
				t.Errorf("a sealed value has %d bytes, the format says %d", len(sealed), want)
			}
			got, err := r.Open(testScope, sealed)
			if err != nil || !bytes.Equal(got, plain) {
				t.Errorf("what was sealed must open to itself, got %d bytes and %v", len(got), err)
			}
		})
	}
}

// TestP10_SealedDataStaysInItsPlace moves a value to places where it does not
// belong. The pairs at the end would be one place if the fields were joined
// without their lengths.
func TestP10_SealedDataStaysInItsPlace(t *testing.T) {
	t.Parallel()
	r := newRing(t, NewKey())
	tests := map[string]struct{ from, to persistence.Scope }{
		"another site":           {testScope, persistence.Scope{Site: "other", Subject: "anna", Item: "contact"}},
		"another subject":        {testScope, persistence.Scope{Site: "shop", Subject: "jan", Item: "contact"}},
		"another item":           {testScope, persistence.Scope{Site: "shop", Subject: "anna", Item: "profile"}},
		"another number":         {persistence.Scope{Site: "shop", Subject: "anna", Item: persistence.ItemOutbox + "1"}, persistence.Scope{Site: "shop", Subject: "anna", Item: persistence.ItemOutbox + "11"}},
		"site runs into subject": {persistence.Scope{Site: "ab", Subject: "c", Item: "i"}, persistence.Scope{Site: "a", Subject: "bc", Item: "i"}},
		"subject runs into item": {persistence.Scope{Site: "s", Subject: "ab", Item: "c"}, persistence.Scope{Site: "s", Subject: "a", Item: "bc"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sealed := mustSeal(t, r, tt.from, []byte("text"))
			if got, err := r.Open(tt.to, sealed); !errors.Is(err, persistence.ErrTampered) || got != nil {
				t.Errorf("%+v must not open as %+v, got %q and %v", tt.from, tt.to, got, err)
			}
		})
	}
}

func TestP9_DamagedDataDoesNotOpen(t *testing.T) {
	t.Parallel()
	r := newRing(t, NewKey())
	sealed := mustSeal(t, r, testScope, []byte("anna@example.test"))
	for n := range len(sealed) {
		if got, err := r.Open(testScope, sealed[:n]); !errors.Is(err, persistence.ErrTampered) || got != nil {
			t.Errorf("the first %d of %d bytes must be tampered, got %q and %v", n, len(sealed), got, err)
		}
	}
	if _, err := r.Open(testScope, append(bytes.Clone(sealed), 0)); !errors.Is(err, persistence.ErrTampered) {
		t.Errorf("a byte too many must be tampered, got %v", err)
	}
	for bit := range 8 * len(sealed) {
		flipped := bytes.Clone(sealed)
		flipped[bit/8] ^= 1 << (bit % 8)
		want := persistence.ErrTampered
		if at := bit / 8; at >= 1 && at < headerBytes {
			// Another key id is another key, and that may only be missing.
			want = persistence.ErrWrongKey
		}
		if got, err := r.Open(testScope, flipped); !errors.Is(err, want) || got != nil {
			t.Errorf("bit %d flipped must be %v, got %q and %v", bit, want, got, err)
		}
	}
}

func TestP9_UnknownKey(t *testing.T) {
	t.Parallel()
	key, other := NewKey(), NewKey()
	sealed := mustSeal(t, newRing(t, key), testScope, []byte("text"))
	_, err := newRing(t, other).Open(testScope, sealed)
	if !errors.Is(err, persistence.ErrWrongKey) {
		t.Errorf("data of a key that is not loaded must say so, got %v", err)
	}
	if err != nil && !strings.Contains(err.Error(), key.ID) {
		t.Errorf("the message must name the key that is missing (%s), got %q", key.ID, err)
	}
	// The id is not secret, so it can be forged: the key behind it cannot.
	id := other.rawID()
	copy(sealed[1:], id[:])
	if _, err := newRing(t, other).Open(testScope, sealed); !errors.Is(err, persistence.ErrTampered) {
		t.Errorf("data renamed to a loaded key must be tampered, got %v", err)
	}
}

// TestP9_Rotation walks two nodes through a rotation in the order the
// documentation gives, one node always a step ahead of the other.
func TestP9_Rotation(t *testing.T) {
	t.Parallel()
	old, fresh := NewKey(), NewKey()
	steps := []struct {
		name string
		ring *Keyring
	}{
		{"old key alone", newRing(t, old)},
		{"new key for reading", newRing(t, old, fresh)},
		{"new key for writing", newRing(t, fresh, old)},
	}
	for i := range steps {
		for _, j := range []int{i - 1, i, i + 1} {
			if j < 0 || j >= len(steps) {
				continue
			}
			sealed := mustSeal(t, steps[i].ring, testScope, []byte("text"))
			if got, err := steps[j].ring.Open(testScope, sealed); err != nil || string(got) != "text" {
				t.Errorf("what a node with %q wrote must open on one with %q: %q %v", steps[i].name, steps[j].name, got, err)
			}
		}
	}
	writers := map[string]struct {
		ring *Keyring
		want Key
	}{
		"given out for reading": {steps[1].ring, old},
		"named for writing":     {steps[2].ring, fresh},
	}
	for name, w := range writers {
		id := w.want.rawID()
		if sealed := mustSeal(t, w.ring, testScope, nil); !bytes.Equal(sealed[1:headerBytes], id[:]) {
			t.Errorf("%s: data must be written with key %s, names %x", name, w.want.ID, sealed[1:headerBytes])
		}
	}
	sealed := mustSeal(t, steps[2].ring, testScope, nil)
	if _, err := steps[0].ring.Open(testScope, sealed); !errors.Is(err, persistence.ErrWrongKey) {
		t.Errorf("a node that was skipped must say which key it lacks, got %v", err)
	}
}

func TestP9_SameTextSealedTwiceDiffers(t *testing.T) {
	t.Parallel()
	r := newRing(t, NewKey())
	seen := map[string]bool{}
	for range 1000 {
		seen[string(mustSeal(t, r, testScope, []byte("yes")))] = true
	}
	if len(seen) != 1000 {
		t.Errorf("equal texts must not be recognisable, got %d different values of 1000", len(seen))
	}
}

func TestP10_ScopeMustBeWhole(t *testing.T) {
	t.Parallel()
	r := newRing(t, NewKey())
	sealed := mustSeal(t, r, testScope, []byte("text"))
	for name, scope := range map[string]persistence.Scope{
		"no site": {Subject: "s", Item: "i"}, "no subject": {Site: "s", Item: "i"}, "no item": {Site: "s", Subject: "s"},
	} {
		if _, err := r.Seal(scope, []byte("text")); err == nil {
			t.Errorf("%s: sealing for no place must be refused", name)
		}
		if _, err := r.Open(scope, sealed); err == nil {
			t.Errorf("%s: opening at no place must be refused", name)
		}
	}
}

func TestNewRefusesKeys(t *testing.T) {
	t.Parallel()
	a, b := NewKey(), NewKey()
	tests := map[string]struct {
		keys  []Key
		write string
		want  string
	}{
		"no keys":           {nil, a.ID, "not among the 0 seal keys"},
		"write key missing": {[]Key{a}, b.ID, `write key "` + b.ID + `" is not among the 1 seal keys`},
		"listed twice":      {[]Key{a, b, a}, a.ID, `seal key 3: "` + a.ID + `" is listed twice`},
		"id of another":     {[]Key{a, {ID: a.ID, Secret: b.Secret}}, a.ID, "seal key 2: id"},
		"short secret":      {[]Key{{ID: a.ID, Secret: a.Secret[:16]}}, a.ID, "seal key 1: secret has 16 bytes, want 32"},
		"no write key":      {[]Key{a}, "", `write key ""`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := New(tt.keys, tt.write); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error with %q", err, tt.want)
			}
		})
	}
}
