//go:build unix && !linux

package servers

import (
	"context"
	"errors"
)

var errNoFill = errors.New("a full disk can be played on Linux only")

// Fill says that it cannot be done here.
func (s *PostgresServer) Fill() error { return errNoFill }

// Empty has nothing to undo.
func (s *PostgresServer) Empty(context.Context) error { return nil }
