package auth

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
)

// ProvesIdentity says whether proof is the HMAC-SHA-256 of id under the site's
// identity secret, in lowercase hex. Without a secret nothing is proved: an empty
// key would let anybody claim any name.
func ProvesIdentity(secret []byte, id, proof string) bool {
	if len(secret) == 0 || id == "" {
		return false
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(id))
	return hmac.Equal([]byte(hex.EncodeToString(mac.Sum(nil))), []byte(proof))
}
