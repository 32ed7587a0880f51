//go:build unix

package seal

import (
	"io/fs"
	"os"
	"syscall"
)

// handedOver tells whether a file is root's, this process is not root, and nobody
// but a group may read it besides: so Kubernetes mounts secrets.
func handedOver(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && handedBy(stat.Uid, os.Geteuid(), info.Mode().Perm())
}

func handedBy(owner uint32, reader int, perm fs.FileMode) bool {
	return owner == 0 && reader != 0 && perm&^0o640 == 0
}
