package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"zgoda/botengine"
	"zgoda/gateway/auth"
	"zgoda/gateway/chat"
	"zgoda/gateway/consoleapi"
	"zgoda/persistence"
)

// A Change is what a command changes. It goes through Commit like everything
// else, so open sockets and the running bot learn of it at once.
type Change struct {
	// ID makes the change safe to repeat: the same ID is applied once.
	ID       string   `json:"id"`
	Site     string   `json:"site"`
	Visitor  string   `json:"visitor"`
	Kind     string   `json:"kind"` // one of the kinds below
	Purposes []string `json:"purposes,omitempty"`
	// Fields are the new values of ChangeCorrect.
	Fields map[string]string `json:"fields,omitempty"`
	// Actor is who runs the command, as command:<user>; empty is command.
	Actor string `json:"actor,omitempty"`
	// Reason goes into the audit; it must not hold personal data.
	Reason string `json:"reason,omitempty"`
}

// Kinds of a Change.
const (
	ChangeWithdraw   = "withdraw"
	ChangeErase      = "erase"
	ChangeCorrect    = "correct"
	ChangeRestrict   = "restrict"
	ChangeUnrestrict = "unrestrict"
)

// changes says what the audit calls a change.
var changes = map[string]string{
	ChangeWithdraw: "consent.withdrawn", ChangeErase: "visitor.erased", ChangeCorrect: "contact.corrected",
	ChangeRestrict: "contact.restrict_asked", ChangeUnrestrict: "contact.unrestrict_asked",
}

// input is what the engine decides on.
func (c *Change) input() botengine.Input {
	in := botengine.Input{Actor: c.Actor, Purposes: c.Purposes, Fields: c.Fields}
	switch c.Kind {
	case ChangeWithdraw:
		in.Kind = botengine.InputWithdraw
	case ChangeErase:
		in.Kind = botengine.InputErase
	case ChangeCorrect:
		in.Kind = botengine.InputCorrect
	case ChangeRestrict, ChangeUnrestrict:
		in.Kind, in.On = botengine.InputRestrict, c.Kind == ChangeRestrict
	}
	return in
}

// actorPattern is what a command or an operator may be called: the name goes into
// the ledger.
var actorPattern = regexp.MustCompile(`^(command(:[A-Za-z0-9._@\\-]{1,64})?|operator:[a-z0-9_]{1,64})$`)

// ErrBadChange is wrapped by errors that say what is wrong with a Change.
var ErrBadChange = consoleapi.ErrBadChange

func (a *App) checkChange(c *Change) error {
	if _, ok := a.sites.Get(c.Site); !ok {
		return fmt.Errorf("%w: no site %q; there are %v", ErrBadChange, c.Site, a.sites.Keys())
	}
	if !auth.IsVisitorID(c.Visitor) {
		return fmt.Errorf("%w: %q is no visitor id; contacts list shows them", ErrBadChange, c.Visitor)
	}
	if c.ID == "" || len(c.ID) > 64 {
		return fmt.Errorf("%w: id must have 1 to 64 characters", ErrBadChange)
	}
	for _, p := range c.Purposes {
		if !slices.Contains(persistence.Purposes, p) {
			return fmt.Errorf("%w: no purpose %q; there are %v", ErrBadChange, p, persistence.Purposes)
		}
	}
	if changes[c.Kind] == "" {
		return fmt.Errorf("%w: there is no kind of change %q; there are %v", ErrBadChange, c.Kind, slices.Sorted(maps.Keys(changes)))
	}
	if (c.Kind == ChangeCorrect) != (len(c.Fields) > 0) {
		return fmt.Errorf("%w: name the fields and their new values with %s, and with nothing else", ErrBadChange, ChangeCorrect)
	}
	if c.Actor == "" {
		c.Actor = "command"
	}
	if !actorPattern.MatchString(c.Actor) || len(c.Reason) > maxReason {
		return fmt.Errorf("%w: actor must be command:<user> or operator:<id>, and a reason have at most %d bytes", ErrBadChange, maxReason)
	}
	return nil
}

// maxReason bounds what the audit takes as a reason, in bytes.
const maxReason = 500

// inForce reports whether one of the purposes, or with none any, is granted.
func inForce(record persistence.VisitorRecord, purposes []string) bool {
	for purpose, status := range record.Consents {
		if status.Status == persistence.StatusGranted && (len(purposes) == 0 || slices.Contains(purposes, purpose)) {
			return true
		}
	}
	return false
}

// Apply makes a change and returns when it is in the contact store too. A
// visitor that the contact store does not know is persistence.ErrNotFound.
func (a *App) Apply(ctx context.Context, c Change) error {
	if err := a.checkChange(&c); err != nil {
		return err
	}
	if err := a.Flush(ctx); err != nil {
		return fmt.Errorf("flush outbox: %w", err)
	}
	if a.stores.contacts == nil {
		return errors.New("there is no contact store; set postgres")
	}
	record, err := a.stores.contacts.Visitor(ctx, c.Site, c.Visitor)
	if err != nil {
		return err
	}
	if record.Erased {
		if c.Kind == ChangeErase {
			return nil // done before; erasing again changes nothing
		}
		return fmt.Errorf("%w: this visitor was erased; there is nothing left to %s", ErrBadChange, c.Kind)
	}
	// What is kept without asking is not under a grant, and can be withdrawn all the
	// same.
	if c.Kind == ChangeWithdraw && !inForce(record, c.Purposes) && len(record.Fields) == 0 {
		return fmt.Errorf("%w: none of these consents is in force", ErrBadChange)
	}
	st, _ := a.sites.Get(c.Site)
	out := a.server.Apply(ctx, st, c.Visitor, chat.Input{
		Client: persistence.ServerClient + "command-" + c.ID, N: 1, Digest: []byte(c.Kind), Bot: c.input(), Returning: true,
	})
	switch {
	case out.Erased:
	case out.Err != nil:
		return consoleapi.RefusedError{Code: out.Err.Code, Message: out.Err.Message}
	case out.Ack.Refused != nil:
		return consoleapi.RefusedError{Code: out.Ack.Refused.Code, Message: out.Ack.Refused.Message}
	}
	if err := a.Flush(ctx); err != nil {
		return err
	}
	if err := a.verify(ctx, c, record.AppliedVSeq); err != nil {
		return err
	}
	return a.note(ctx, c)
}

// note leaves an audit entry of a change that was made.
func (a *App) note(ctx context.Context, c Change) error {
	if a.privacy == nil {
		return nil
	}
	err := a.privacy.Note(ctx, c.Site, persistence.AuditEntry{
		At: time.Now().UTC(), Actor: c.Actor, Action: changes[c.Kind], Visitor: c.Visitor, Reason: c.Reason, Count: 1,
	})
	if err != nil {
		return fmt.Errorf("the change was made, but its audit entry could not be kept: %w", err)
	}
	return nil
}

// verify reads the contact store again: a record that could not be moved must
// not look like a change that was made. before is the number of the newest
// record that was applied before it.
func (a *App) verify(ctx context.Context, c Change, before uint64) error {
	record, err := a.stores.contacts.Visitor(ctx, c.Site, c.Visitor)
	if err != nil {
		return err
	}
	open := c.Kind == ChangeErase && !record.Erased || c.Kind == ChangeCorrect && record.AppliedVSeq <= before ||
		c.Kind == ChangeRestrict && !record.Restricted || c.Kind == ChangeUnrestrict && record.Restricted
	for purpose, status := range record.Consents {
		ends := c.Kind == ChangeErase || c.Kind == ChangeWithdraw && len(c.Purposes) == 0 || slices.Contains(c.Purposes, purpose)
		open = open || ends && status.Status == persistence.StatusGranted
	}
	if open {
		return errors.New("the conversation has it, but the contact store has not taken it yet: see the gateway's log for records that are set aside, and run the command again")
	}
	return nil
}

// maxSocketPath is what every system takes as the path of a Unix socket.
const maxSocketPath = 103

// startControl serves the control socket: a Unix socket with mode 0600 in the
// data folder, for commands beside a live gateway.
func (a *App) startControl() error {
	path := filepath.Join(a.opts.DataDir, ControlFile)
	if len(path) > maxSocketPath {
		return fmt.Errorf("the path %s is too long for a Unix socket (%d bytes at most): choose a shorter data folder with --data", path, maxSocketPath)
	}
	// The store's lock is ours, so a socket that is there belongs to nobody.
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove old control socket: %w", err)
	}
	listener, err := listenPrivate(path)
	if err != nil {
		return fmt.Errorf("listen on control socket: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/change", a.handleChange)
	mux.HandleFunc("POST /v1/operator", a.handleOperator)
	mux.HandleFunc("POST /v1/retention", a.handleRetention)
	a.serve(&http.Server{Handler: http.MaxBytesHandler(mux, maxHeader), ReadHeaderTimeout: headerTimeout}, listener)
	return nil
}

// listenPrivate listens on a Unix socket that only its owner may use. The data
// folder has mode 0700, so nobody can come in before the mode is set.
func listenPrivate(path string) (net.Listener, error) {
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	return listener, nil
}

// changeAnswer is what the control socket answers.
type changeAnswer struct {
	Error    string `json:"error,omitempty"`
	NotFound bool   `json:"not_found,omitempty"`
}

func (a *App) handleChange(w http.ResponseWriter, r *http.Request) {
	var c Change
	dec := json.NewDecoder(r.Body)
	dec.DisallowUnknownFields()
	answer, status := changeAnswer{}, http.StatusOK
	err := dec.Decode(&c)
	if err == nil {
		err = a.Apply(r.Context(), c)
	}
	if err != nil {
		status = http.StatusUnprocessableEntity
		answer = changeAnswer{Error: err.Error(), NotFound: errors.Is(err, persistence.ErrNotFound)}
	}
	answerControl(w, status, answer)
}

// retentionAnswer is what the control socket answers to a run of the clocks.
type retentionAnswer struct {
	changeAnswer
	Done Retained `json:"done"`
}

func (a *App) handleRetention(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		Site string `json:"site"`
	}
	dec := json.NewDecoder(r.Body)
	dec.DisallowUnknownFields()
	answer, status := retentionAnswer{}, http.StatusOK
	err := dec.Decode(&asked)
	if err == nil {
		answer.Done, err = a.RunRetention(r.Context(), asked.Site)
	}
	if err != nil {
		status, answer.Error = http.StatusUnprocessableEntity, err.Error()
	}
	answerControl(w, status, answer)
}

func answerControl(w http.ResponseWriter, status int, answer any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer) // the command is gone; there is nobody to tell
}
