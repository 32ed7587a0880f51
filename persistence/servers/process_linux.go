package servers

import "syscall"

// attributes makes a child die with us and stay out of our process group, so
// that Ctrl-C reaches the test, which then stops its servers in order.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
