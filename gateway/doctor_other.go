//go:build !unix

package gateway

import "errors"

var errUnknownHere = errors.New("it cannot be asked for on this system")

func fileLimit() (soft, hard uint64, err error) { return 0, 0, errUnknownHere }

func freeDisk(string) (uint64, error) { return 0, errUnknownHere }
