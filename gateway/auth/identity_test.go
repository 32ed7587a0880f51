package auth

import "testing"

func TestProvesIdentity(t *testing.T) {
	t.Parallel()
	secret := []byte("kKp3vYw9sL2mQ8xT5bN7cR4h")
	// printf %s user-42 | openssl dgst -sha256 -hmac kKp3vYw9sL2mQ8xT5bN7cR4h
	const proof = "b996e9c1db0dc6e4602dfd1c0a6ce65add4ee3a72a74c6376190de8b1b77d413"
	for name, c := range map[string]struct {
		secret    []byte
		id, proof string
		want      bool
	}{
		"right":        {secret, "user-42", proof, true},
		"other id":     {secret, "user-43", proof, false},
		"other secret": {[]byte("another secret of 24 char"), "user-42", proof, false},
		"no proof":     {secret, "user-42", "", false},
		"no secret":    {nil, "user-42", proof, false},
		// HMAC of the empty id under the empty key, as a site without a secret would accept it.
		"empty key":  {nil, "", "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad", false},
		"empty id":   {secret, "", proof, false},
		"upper case": {secret, "user-42", "A" + proof[1:], false},
	} {
		if got := ProvesIdentity(c.secret, c.id, c.proof); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
