package pgstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"

	"zgoda/persistence"
)

// SQLSTATE codes that are told apart from the rest of their class.
const (
	foreignKeyViolation   = "23503"
	uniqueViolation       = "23505"
	invalidParameter      = "22023"
	insufficientPrivilege = "42501"
	undefinedObject       = "42704"
	readOnly              = "25006"
	idleTooLong           = "25P03"
	diskFull              = "53100"
	outOfMemory           = "53200"
	notAccepting          = "55000"
	lockNotAvailable      = "55P03"
)

var errClosed = fmt.Errorf("the store is closed: %w", persistence.ErrUnavailable)

// storeError names what was being done and adds the error callers branch on.
func storeError(doing string, err error) error {
	switch {
	case err == nil, errors.Is(err, persistence.ErrUnavailable), errors.Is(err, persistence.ErrMisconfigured):
		return err
	case full(err):
		return fmt.Errorf("%s: %w: %w", doing, persistence.ErrFull, err)
	case unavailable(err):
		return fmt.Errorf("%s: %w: %w", doing, persistence.ErrUnavailable, err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

func full(err error) bool {
	code := sqlState(err)
	return code == diskFull || code == outOfMemory
}

// unavailable reports whether err says that the database could not be asked, or
// could not answer now: what was wanted can be wanted again.
func unavailable(err error) bool {
	switch code := sqlState(err); {
	case code == "":
		return lost(err)
	case code == readOnly, code == idleTooLong, code == lockNotAvailable, code == notAccepting:
		return true
	default:
		// Connection, transaction rollback, resources, operator intervention
		// (shutdown, cancellation), system.
		return strings.Contains("08 40 53 57 58", code[:2])
	}
}

// lost reports whether err, which the server did not send, is about the way to it.
func lost(err error) bool {
	var connect *pgconn.ConnectError
	var network net.Error
	if errors.As(err, &connect) || errors.As(err, &network) || pgconn.Timeout(err) {
		return true
	}
	for _, gone := range []error{
		context.Canceled, context.DeadlineExceeded, io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, syscall.ECONNRESET, syscall.EPIPE,
	} {
		if errors.Is(err, gone) {
			return true
		}
	}
	return false
}

// refusal returns why the schema refused a row, and whether it did: a rule, or a
// value that has no place in a column. It never repeats what the row held.
func refusal(err error) (string, bool) {
	var pe *pgconn.PgError
	if !errors.As(err, &pe) || len(pe.Code) != 5 {
		return "", false
	}
	switch pe.Code[:2] {
	case "22", "23", "54":
	default:
		return "", false
	}
	rule := pe.ConstraintName
	if rule == "" {
		rule = pe.ColumnName
	}
	return strings.TrimSpace(fmt.Sprintf("refused by the contact store: %s (%s) %s", rule, pe.Code, pe.TableName)), true
}

func sqlState(err error) string {
	var pe *pgconn.PgError
	if errors.As(err, &pe) && len(pe.Code) == 5 {
		return pe.Code
	}
	return ""
}
