//go:build unix

package gateway

import "syscall"

// fileLimit is how many files this process may open, now and at the most.
func fileLimit() (soft, hard uint64, err error) {
	var limit syscall.Rlimit
	err = syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit)
	return uint64(limit.Cur), uint64(limit.Max), err //nolint:unconvert // signed on some systems
}

// freeDisk is how many bytes others than root may still write below dir.
func freeDisk(dir string) (uint64, error) {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(dir, &fs); err != nil {
		return 0, err
	}
	return uint64(fs.Bavail) * uint64(fs.Bsize), nil //nolint:gosec,unconvert // sizes
}
