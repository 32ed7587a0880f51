// Package seal encrypts what leaves the process. It implements
// [persistence.Sealer] and owns the keys file.
//
// # What a sealed value looks like
//
//	version (1 byte) | key id (4 bytes) | nonce (12 bytes) | ciphertext and tag
//
// The cipher is AES-256-GCM. The key it is used with is derived (HKDF-SHA256)
// from the named key for one site and one subject, a conversation or a
// visitor: one AES-GCM key with random nonces wears out after some four
// thousand million messages, and a busy gateway writes those in hours. Site,
// subject and item are authenticated, each with its length in front, so a
// value moved to another place, or to the same place of another site, does not
// open.
//
// # Rotation
//
// A keys file holds any number of keys to read with and names the one to write
// with. A new key is first given to every node for reading, then named for
// writing. A key's id is computed from the key, so two different keys never
// answer to one name and a damaged key is found when the file is read. The
// id-hash key never rotates, since ids derived from it are in the browsers of
// visitors.
//
// # What it does not do
//
// Erasing a visitor does not destroy a key: derived keys can be derived again.
// Erasure is the deletion of the sealed value, by the store that holds it.
package seal
