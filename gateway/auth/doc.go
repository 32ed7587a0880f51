// Package auth says who a visitor is, without knowing who they are.
//
// A visitor's browser makes 128 random bits, the secret, and keeps them. Ids are
// a keyed hash of the secret per site (IDs), so any node finds the same visitor
// and conversation for a resend, two sites cannot recognise each other's
// visitors, and nobody without the key can compute an id from a secret.
//
// The secret proves who the visitor is; it is sent once and to renew. Between
// that the browser shows a token (Tokens): signed, expiring, for one site.
//
//	secret ──HMAC, id-hash key──▶ visitor id, conversation id   (never rotated)
//	ids ──HS256, token keys─────▶ token                         (rotated at will)
//
// Keys come as plain values from whoever reads the key file. The id-hash key can
// never change, since every id would: a store remembers a check value of it.
// Token keys rotate in two steps: a new key is given to all nodes for reading,
// then made the one that signs; the old one goes when its last token expired.
package auth
