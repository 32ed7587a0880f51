//go:build !unix

package redisstore

// closedByPeer needs a look into the socket that this system does not offer: a
// connection that Redis closed is found when it is used, and what was sent on it
// then counts as unknown.
func (w *wire) closedByPeer() bool { return false }
