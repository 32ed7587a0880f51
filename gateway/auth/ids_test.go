package auth

import (
	"strings"
	"testing"
)

func sequentialKey() []byte {
	key := make([]byte, MinKeyBytes)
	for i := range key {
		key[i] = byte(i)
	}
	return key
}

// The vectors were computed by another program (Python's hmac and base64), from
// the description alone. They may never change: every stored id would.
func TestIDVectors(t *testing.T) {
	t.Parallel()
	ids, err := NewIDs(sequentialKey())
	if err != nil {
		t.Fatal(err)
	}
	const secret = "00112233445566778899aabbccddeeff"
	for _, v := range []struct{ site, secret, visitor, conversation string }{
		{"demo", secret, "v_xeyfeuuxdpvwtsbvex6gtlf5gd", "c_qxgxnwa4tfe3jonlgxer5ryeyt"},
		{"sklep", secret, "v_kpgf4tvjjp2rv5mxkyq6o3ux2n", "c_7gk6hrximfqcc7bauyjxjeorho"},
		{"demo", strings.Repeat("f", 32), "v_j63o6eg5icunrr3u2le2fu53jt", "c_7pt3tgwdo5pizg3pmrx54sojyx"},
	} {
		if got := ids.Visitor(v.site, v.secret); got != v.visitor || !IsVisitorID(got) {
			t.Errorf("Visitor(%q, %q) = %q, want %q", v.site, v.secret, got, v.visitor)
		}
		if got := ids.Conversation(v.site, v.secret); got != v.conversation || !IsConversationID(got) {
			t.Errorf("Conversation(%q, %q) = %q, want %q", v.site, v.secret, got, v.conversation)
		}
	}
}

func TestIDsAreSeparated(t *testing.T) {
	t.Parallel()
	ids, err := NewIDs(sequentialKey())
	if err != nil {
		t.Fatal(err)
	}
	if ids.Visitor("ab", "c") == ids.Visitor("a", "bc") {
		t.Error("P10: a secret can be shaped to name a visitor of another site")
	}
	if ids.Visitor("a", "s")[2:] == ids.Conversation("a", "s")[2:] {
		t.Error("a conversation id tells the visitor id")
	}
	key := sequentialKey()
	same, _ := NewIDs(key)
	key[0]++
	if same.Visitor("a", "s") != ids.Visitor("a", "s") {
		t.Error("the key is not copied")
	}
	other, _ := NewIDs(key)
	if other.Visitor("a", "s") == ids.Visitor("a", "s") {
		t.Error("the key makes no difference")
	}
}

func TestNewIDsRefusesShortKey(t *testing.T) {
	t.Parallel()
	_, err := NewIDs(make([]byte, 16))
	if want := "id-hash key has 16 bytes, it needs at least 32"; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	defer func() {
		if recover() == nil {
			t.Error("IDs without a key made an id that anybody can compute")
		}
	}()
	_ = IDs{}.Visitor("a", "s")
}

func TestIDShape(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"", "v_", "v_short", conversation, "v_" + strings.Repeat("A", idChars),
		"v_" + strings.Repeat("1", idChars), visitor + "a", "anna@example.com",
	} {
		if IsVisitorID(s) {
			t.Errorf("%q is taken for a visitor id", s)
		}
	}
}
