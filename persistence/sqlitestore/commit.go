package sqlitestore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"zgoda/persistence"
)

// maxMissed is how many missed events a stale commit is answered with.
const maxMissed = 1000

// Commit implements persistence.Conversations. Commits that wait at the same
// time share one transaction on the disk; each is applied whole or not at all.
func (s *Store) Commit(ctx context.Context, c *persistence.Commit) (persistence.Result, error) {
	if err := checkCommit(c); err != nil {
		return persistence.Result{}, fmt.Errorf("commit: %w", err)
	}
	var res persistence.Result
	var row *persistence.News
	err := s.write(ctx, "commit", func(t *tx) error {
		var err error
		cm := &commit{tx: t, in: c}
		res, err = cm.run()
		row = cm.row
		return err
	})
	if err != nil {
		return persistence.Result{}, err
	}
	if row != nil && res.Outcome == persistence.Committed {
		s.tell(row)
	}
	return res, nil
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
	}
	return nil
}

// A commit is one Commit on its way through its checks. The fields after in
// are what the store holds.
type commit struct {
	*tx
	in *persistence.Commit

	conv struct {
		id                  int64 // 0 where there is no row
		visitor             string
		version, seq, first uint64
		epoch               string
		staff               uint64
	}
	prof struct {
		id            int64 // 0 where there is no row
		version, vseq uint64
		erased        bool
		rateStart     int64
		rateCount     int
	}
	client struct {
		id    int64 // 0 where there is no row
		lastN uint64
	}
	// row is what those who watch the inbox are told.
	row *persistence.News
}

const (
	sqlGetConversation = `SELECT id, visitor, version, epoch, seq, first, staff_seq FROM conversation WHERE site = ? AND conversation = ?`
	sqlGetProfile      = `SELECT id, version, vseq, erased, rate_start, rate_count FROM profile WHERE site = ? AND visitor = ?`
	sqlGetClient       = `SELECT id, last_n FROM client WHERE conversation = ? AND name = ?`
)

func (c *commit) load() error {
	in := c.in
	_, err := c.get(sqlGetConversation, row(in.Site, in.Conversation),
		row(&c.conv.id, &c.conv.visitor, &c.conv.version, &c.conv.epoch, &c.conv.seq, &c.conv.first, &c.conv.staff))
	if err != nil {
		return fmt.Errorf("read conversation: %w", err)
	}
	if c.conv.id != 0 && c.conv.visitor != in.Visitor {
		return errors.New("the conversation belongs to another visitor")
	}
	_, err = c.get(sqlGetProfile, row(in.Site, in.Visitor),
		row(&c.prof.id, &c.prof.version, &c.prof.vseq, &c.prof.erased, &c.prof.rateStart, &c.prof.rateCount))
	if err != nil {
		return fmt.Errorf("read profile: %w", err)
	}
	if c.conv.id != 0 {
		if _, err = c.get(sqlGetClient, row(c.conv.id, in.Input.Client), row(&c.client.id, &c.client.lastN)); err != nil {
			return fmt.Errorf("read client: %w", err)
		}
	}
	return nil
}

// run makes the checks in the order of the Outcome constants, then writes.
func (c *commit) run() (persistence.Result, error) {
	if err := c.load(); err != nil {
		return persistence.Result{}, err
	}
	if c.prof.erased {
		return persistence.Result{Outcome: persistence.Erased}, nil
	}
	for _, check := range []func() (persistence.Result, error){c.checkNumber, c.checkClients, c.checkRate, c.checkVersion} {
		if res, err := check(); err != nil || res.Outcome != 0 {
			return res, err
		}
	}
	if err := c.checkNumbers(); err != nil {
		return persistence.Result{}, err
	}
	return c.apply()
}

const sqlGetAnswer = `SELECT digest, answer FROM answer WHERE client = ? AND slot = ? AND n = ?`

// checkNumber answers an input that was applied before and finds gaps.
func (c *commit) checkNumber() (persistence.Result, error) {
	in := c.in.Input
	if in.N == c.client.lastN+1 {
		return persistence.Result{}, nil
	}
	if in.N > c.client.lastN {
		return persistence.Result{Outcome: persistence.NumberGap, Expected: c.client.lastN + 1}, nil
	}
	var digest, answer []byte
	n := int64(in.N)
	found, err := c.get(sqlGetAnswer, row(c.client.id, n%persistence.AnswerWindow, n), row(&digest, &answer))
	switch {
	case err != nil:
		return persistence.Result{}, fmt.Errorf("read answer: %w", err)
	case !found:
		return persistence.Result{Outcome: persistence.NumberTooOld}, nil
	case !bytes.Equal(digest, in.Digest):
		return persistence.Result{Outcome: persistence.NumberConflict}, nil
	}
	return persistence.Result{Outcome: persistence.Duplicate, Answer: answer}, nil
}

const (
	sqlCountClients  = `SELECT count(*) FROM client WHERE conversation = ? AND substr(name, 1, 1) <> ?`
	sqlForgetClients = `DELETE FROM client WHERE conversation = ? AND used_at < ?`
)

// checkClients makes a place for a client instance that is new. Those that are
// past their lifetime are forgotten here, since here a place is needed.
func (c *commit) checkClients() (persistence.Result, error) {
	if c.client.id != 0 || c.conv.id == 0 {
		return persistence.Result{}, nil
	}
	oldest := c.in.Now.Add(-persistence.ClientLifetime).UnixNano()
	if _, err := c.exec(sqlForgetClients, c.conv.id, oldest); err != nil {
		return persistence.Result{}, fmt.Errorf("forget clients: %w", err)
	}
	if strings.HasPrefix(c.in.Input.Client, persistence.ServerClient) {
		return persistence.Result{}, nil
	}
	var have int
	if _, err := c.get(sqlCountClients, row(c.conv.id, persistence.ServerClient), row(&have)); err != nil {
		return persistence.Result{}, fmt.Errorf("count clients: %w", err)
	}
	if have >= persistence.MaxClients {
		return persistence.Result{Outcome: persistence.TooManyClients}, nil
	}
	return persistence.Result{}, nil
}

// checkRate counts inputs in windows that begin with the first input after the
// one before ended. A clock that was set back begins a new window.
func (c *commit) checkRate() (persistence.Result, error) {
	rate := c.in.Rate
	if rate == nil {
		return persistence.Result{}, nil
	}
	now := c.in.Now.UnixNano()
	age := time.Duration(now - c.prof.rateStart)
	if c.prof.rateCount == 0 || age >= rate.Window || age < 0 {
		c.prof.rateStart, c.prof.rateCount = now, 0
		age = 0
	}
	if c.prof.rateCount >= rate.Max {
		return persistence.Result{Outcome: persistence.RateLimited, RetryAfter: rate.Window - age}, nil
	}
	c.prof.rateCount++
	return persistence.Result{}, nil
}

// checkVersion answers a decision that was based on an older state with all
// that is needed to decide again.
func (c *commit) checkVersion() (persistence.Result, error) {
	in := c.in
	otherLog := c.conv.version > 0 && in.Log != "" && c.conv.epoch != "" && in.Log != c.conv.epoch
	if in.Version == c.conv.version && in.ProfileVersion == c.prof.version && !otherLog {
		return persistence.Result{}, nil
	}
	ctx := context.Background()
	snap, err := loadSnapshot(ctx, c.c, in.Key, in.Visitor)
	if err != nil {
		return persistence.Result{}, err
	}
	missed, err := loadEvents(ctx, c.c, c.conv.id, persistence.Range{From: min(in.Since, math.MaxInt64-1) + 1, Limit: maxMissed})
	if err != nil {
		return persistence.Result{}, err
	}
	return persistence.Result{Outcome: persistence.Stale, Snapshot: snap, Missed: missed}, nil
}

// checkNumbers refuses a commit whose numbers do not go on from what is
// stored. The versions matched, so the caller knew: it is a defect of the
// caller and no outcome.
func (c *commit) checkNumbers() error {
	for i, e := range c.in.Events {
		if want := c.conv.seq + 1 + uint64(i); e.Seq != want {
			return fmt.Errorf("event %d has seq %d, the log goes on with %d", i, e.Seq, want)
		}
	}
	for i, r := range c.in.Outbox {
		if want := c.prof.vseq + 1 + uint64(i); r.VSeq != want {
			return fmt.Errorf("outbox record %d has vseq %d, the visitor goes on with %d", i, r.VSeq, want)
		}
		if r.Site != c.in.Site || r.Visitor != c.in.Visitor {
			return fmt.Errorf("outbox record %d belongs to another visitor", i)
		}
	}
	for i, e := range c.in.Staff {
		if want := c.conv.staff + 1 + uint64(i); e.Seq != want {
			return fmt.Errorf("staff entry %d has seq %d, the staff log goes on with %d", i, e.Seq, want)
		}
	}
	if c.conv.version == 0 && !c.in.Erase && c.changesConversation() && c.in.Epoch == "" {
		return errors.New("a commit that begins a log must name its epoch")
	}
	return nil
}

// changesProfile reports whether anything of the visitor's changes beside the
// count of inputs.
func (c *commit) changesProfile() bool {
	in := c.in
	return in.Profile != nil || in.Contact != nil || in.DropContact || in.Erase || len(in.Outbox) > 0
}

// changesConversation reports whether the commit changes anything but the
// record of the client's input.
func (c *commit) changesConversation() bool {
	in := c.in
	return len(in.Events) > 0 || in.State != nil || len(in.Timers) > 0 || in.Inbox != nil || len(in.Staff) > 0 || in.Assigned != nil ||
		c.changesProfile()
}
