//go:build unix && !linux

package servers

import "syscall"

// attributes keeps a child out of our process group. Only Linux can also tie
// its life to ours.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
