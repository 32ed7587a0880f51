package redisstore

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"zgoda/persistence"
)

// maxMissed is how many missed events a stale commit is answered with.
const maxMissed = 1000

// maxName bounds what is kept beside its length in two bytes.
const maxName = 1000

// Replies of the commit script that are no Outcome.
const (
	replyDefect = 10
	replyFull   = 11
)

// runArgument is the place among the script's arguments of the run id of the
// process it runs on.
const runArgument = 5

// Commit implements persistence.Conversations. It is one round trip.
func (s *Store) Commit(ctx context.Context, c *persistence.Commit) (persistence.Result, error) {
	if err := checkCommit(c); err != nil {
		return persistence.Result{}, fmt.Errorf("commit: %w", err)
	}
	if err := ctx.Err(); err != nil {
		return persistence.Result{}, commitError(&outage{cause: err})
	}
	confirm := c.Safe && s.opts.Replicas > 0
	out, err := s.commit(ctx, c, confirm)
	again := out.Outcome == persistence.Duplicate || out.Outcome == persistence.Erased
	if err == nil && again && !confirm && s.opts.Replicas > 0 {
		// The first one may have asked for replicas and not been confirmed, and
		// whoever repeats it, here or on another node, decides on a state that
		// holds it already and does not ask.
		return s.commit(ctx, c, true)
	}
	return out, err
}

// commit runs the script once; confirm waits for the replicas.
func (s *Store) commit(ctx context.Context, c *persistence.Commit, confirm bool) (persistence.Result, error) {
	st := s.site(c.Site)
	script, pick := s.scripts.commit, plainLane
	// What ends consent or is a right runs also when memory is used up.
	if c.Safe || c.Erase || c.DropContact {
		script = s.scripts.commitOOM
	}
	if confirm {
		pick = safeLane
	}
	keys := st.commitKeys(c)
	call := scriptCall(script, keys, s.commitArgs(ctx, st, c, confirm)...)
	call.runArg = scriptArgs + len(keys) + runArgument
	res := s.runOn(ctx, st, call, pick)
	if res.err != nil {
		return persistence.Result{}, commitError(res.err)
	}
	out, err := decodeResult(c, res)
	if err != nil {
		return persistence.Result{}, fmt.Errorf("commit: %w", err)
	}
	if confirm && !res.confirmed && writes(out.Outcome) {
		return persistence.Result{}, commitError(&outage{sent: true, cause: errUnconfirmed})
	}
	return out, nil
}

// writes reports whether a commit with this outcome wrote on its connection, so
// that its confirmation means something.
func writes(o persistence.Outcome) bool {
	return o == persistence.Committed || o == persistence.Duplicate || o == persistence.Erased
}

// checkCommit refuses what no state of the store could make right.
func checkCommit(c *persistence.Commit) error {
	switch {
	case c.Site == "" || c.Conversation == "" || c.Visitor == "":
		return errors.New("site, conversation and visitor must be set")
	case c.Input.Client == "" || c.Input.N == 0:
		return errors.New("the input must name its client and number")
	case c.Erase && (len(c.Events) > 0 || c.State != nil || c.Profile != nil || c.Contact != nil || len(c.Staff) > 0 || c.Assigned != nil):
		return errors.New("an erasure must not write events, state, profile, contact, staff entries or an assignment")
	case c.Doubt && (c.Profile != nil || c.Contact != nil || c.DropContact || len(c.Outbox) > 0):
		return errors.New("what leaves a doubt open must not write profile, contact or outbox")
	case c.Contact != nil && c.DropContact:
		return errors.New("contact values cannot be both replaced and dropped")
	case len(c.Epoch) > maxName:
		return errors.New("the epoch is too long")
	case len(c.Trace) > maxName:
		return errors.New("the trace is too long")
	}
	return nil
}

// defect finds what is wrong with the commit's own numbers. The script returns
// it after what it answers to a repeat or a stale decision.
func defect(c *persistence.Commit) string {
	for i, e := range c.Events {
		if want := c.Events[0].Seq + uint64(i); e.Seq != want {
			return fmt.Sprintf("event %d has seq %d, the log goes on with %d", i, e.Seq, want)
		}
	}
	for i, r := range c.Outbox {
		if want := c.Outbox[0].VSeq + uint64(i); r.VSeq != want {
			return fmt.Sprintf("outbox record %d has vseq %d, the visitor goes on with %d", i, r.VSeq, want)
		}
		if r.Site != c.Site || r.Visitor != c.Visitor {
			return fmt.Sprintf("outbox record %d belongs to another visitor", i)
		}
	}
	for i, e := range c.Staff {
		if want := c.Staff[0].Seq + uint64(i); e.Seq != want {
			return fmt.Sprintf("staff entry %d has seq %d, the staff log goes on with %d", i, e.Seq, want)
		}
	}
	for i, t := range c.Timers {
		if t.Name == "" {
			return fmt.Sprintf("timer %d has no name", i)
		}
	}
	return ""
}

// commitKeys returns the keys the commit may touch. What belongs to the whole
// site is named only where it is needed.
func (st *site) commitKeys(c *persistence.Commit) []string {
	keys := make([]string, 0, 13)
	keys = append(keys, st.conv+c.Conversation, st.log+c.Conversation, st.inputs+c.Conversation, st.profile+c.Visitor,
		st.owner+c.Conversation, st.holders+c.Conversation)
	inbox := c.Inbox != nil || c.Erase
	if inbox || len(c.Outbox) > 0 || len(c.Timers) > 0 {
		keys = append(keys, st.outbox, st.timers)
	}
	if inbox {
		keys = append(keys, st.rows, st.order, st.ages, st.top, st.watchers)
	}
	return keys
}

// commitFlags says which parts of the commit are set: nil keeps what is stored,
// an empty value replaces it.
func commitFlags(c *persistence.Commit, confirm, full bool) string {
	set := [...]bool{
		c.State != nil, c.Profile != nil, c.Contact != nil, c.DropContact, c.Erase, confirm, full,
		c.Inbox != nil, c.Inbox != nil && c.Inbox.Gone, c.Doubt, c.Assigned != nil,
	}
	var flags [len(set)]byte
	for i, on := range set {
		flags[i] = '0'
		if on {
			flags[i] = '1'
		}
	}
	return string(flags[:])
}

// nearlyFull reports whether a conversation that begins now is one too many.
func (s *Store) nearlyFull(ctx context.Context, st *site, c *persistence.Commit) bool {
	if c.Version > 0 {
		return false
	}
	w, err := s.owner(ctx, st)
	return err == nil && w.full.Load()
}

// commitArgs are the arguments that the script's first lines name.
func (s *Store) commitArgs(ctx context.Context, st *site, c *persistence.Commit, confirm bool) []string {
	rateMax, rateWindow := "", ""
	if c.Rate != nil {
		rateMax, rateWindow = strconv.Itoa(c.Rate.Max), micros(c.Rate.Window)
	}
	row, rowEpoch := "", ""
	if c.Inbox != nil || c.Erase {
		rowEpoch = newName()
	}
	if c.Inbox != nil && !c.Inbox.Gone {
		row = string(c.Inbox.Body)
	}
	var firstSeq, firstVSeq, firstStaff uint64
	if len(c.Events) > 0 {
		firstSeq = c.Events[0].Seq
	}
	if len(c.Outbox) > 0 {
		firstVSeq = c.Outbox[0].VSeq
	}
	if len(c.Staff) > 0 {
		firstStaff = c.Staff[0].Seq
	}
	assigned := ""
	if c.Assigned != nil {
		assigned = *c.Assigned
	}
	// Only a commit that begins a log names one; any other says which it knows.
	epoch := c.Epoch
	if c.Version > 0 {
		epoch = c.Log
	}
	args := make([]string, 0, 35+3*len(c.Events)+2*len(c.Outbox)+2*len(c.Timers)+3*len(c.Staff))
	args = append(args,
		commitFlags(c, confirm, s.nearlyFull(ctx, st, c)), st.base, c.Conversation, c.Visitor, c.Node,
		"", // the run id
		strconv.FormatInt(max(c.Now.UnixMicro(), 0), 10), c.Input.Client, decimal(c.Input.N),
		decimal(c.Input.N%persistence.AnswerWindow), string(c.Input.Digest), string(c.Input.Answer),
		decimal(c.Version), decimal(c.ProfileVersion), epoch, decimal(c.Since), rateMax, rateWindow,
		strconv.Itoa(len(c.Events)), strconv.Itoa(len(c.Outbox)), strconv.Itoa(len(c.Timers)),
		decimal(firstSeq), decimal(firstVSeq), defect(c),
		string(c.State), string(c.Profile), string(c.Contact), st.name, row, rowEpoch, c.Life,
		strconv.Itoa(len(c.Staff)), decimal(firstStaff), assigned, c.Trace,
	)
	for _, e := range c.Events {
		args = append(args, e.ID, nanos(e.At), string(e.Body))
	}
	for _, r := range c.Outbox {
		args = append(args, nanos(r.At), string(r.Payload))
	}
	for _, t := range c.Timers {
		args = append(args, t.Name, dueScore(t.Due))
	}
	for _, e := range c.Staff {
		args = append(args, e.ID, nanos(e.At), string(e.Body))
	}
	return args
}

// decodeResult reads the script's reply.
func decodeResult(c *persistence.Commit, res result) (persistence.Result, error) {
	r := reader{v: res.val}
	l := r.list()
	kind := l.integer()
	out := persistence.Result{Outcome: persistence.Outcome(kind)}
	switch kind {
	case int64(persistence.Committed):
		out.Snapshot = persistence.Snapshot{Version: l.count(), ProfileVersion: l.count(), Epoch: l.text()}
	case int64(persistence.Duplicate):
		out.Answer = l.bytes()
	case int64(persistence.NumberGap):
		out.Expected = l.count()
	case int64(persistence.RateLimited):
		out.RetryAfter = min(time.Duration(l.count())*time.Microsecond, c.Rate.Window)
	case int64(persistence.Stale):
		out.Snapshot = l.snapshot(c.Key, res.run)
		out.Missed = l.events(false)
	case int64(persistence.Erased), int64(persistence.NumberConflict), int64(persistence.NumberTooOld), int64(persistence.TooManyClients):
	case replyDefect:
		return persistence.Result{}, errors.New(l.text())
	case replyFull:
		return persistence.Result{}, fmt.Errorf("new conversations are refused: %w", persistence.ErrFull)
	default:
		return persistence.Result{}, fmt.Errorf("the script answered %d", kind)
	}
	if r.err != nil {
		return persistence.Result{}, r.err
	}
	return out, nil
}
