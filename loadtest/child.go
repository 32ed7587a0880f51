package loadtest

import "syscall"

// childAttributes keep a child out of our process group: Ctrl-C reaches this
// process, which then ends the run in order. A child's standard input ends with
// us, and the child with that.
func childAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
