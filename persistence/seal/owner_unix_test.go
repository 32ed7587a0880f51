//go:build unix

package seal

import (
	"io/fs"
	"testing"
)

// A platform hands a secret to a process without rights by root's file and a group.
func TestHandedBy(t *testing.T) {
	t.Parallel()
	const us = 65532
	for name, c := range map[string]struct {
		owner  uint32
		reader int
		perm   fs.FileMode
		want   bool
	}{
		"a mounted secret":       {0, us, 0o440, true},
		"root may write it":      {0, us, 0o640, true},
		"everybody may read it":  {0, us, 0o444, false},
		"the group may write it": {0, us, 0o660, false},
		"our own file":           {us, us, 0o640, false},
		"root reads its own":     {0, 0, 0o640, false},
		"another user's":         {1000, us, 0o640, false},
	} {
		if got := handedBy(c.owner, c.reader, c.perm); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
