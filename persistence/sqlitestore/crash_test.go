package sqlitestore

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"zgoda/persistence"
)

// crashChildEnv holds the path of the store where this test binary runs as the
// process that is going to be killed.
const crashChildEnv = "ZGODA_SQLITESTORE_CRASH_CHILD"

const crashWriters = 8

func crashVisitor(w int) string { return fmt.Sprintf("v%d", w) }

func crashBody(visitor string, n uint64) string { return fmt.Sprintf("%s says %d", visitor, n) }

// crashChild commits until it is killed and prints every number after it was
// acknowledged. It goes on where the process before it was killed.
func crashChild(path string) {
	s, err := Open(context.Background(), path, Options{})
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	failed := make(chan error)
	for w := range crashWriters {
		go func() { failed <- crashWrite(s, w) }()
	}
	fmt.Println("error", <-failed)
	os.Exit(1)
}

func crashWrite(s *Store, w int) error {
	visitor := crashVisitor(w)
	key := persistence.Key{Site: "shop", Conversation: visitor}
	ctx := context.Background()
	snap, _, err := s.Load(ctx, key, persistence.Range{})
	if err != nil {
		return err
	}
	for n := snap.Seq + 1; ; n++ {
		body := []byte(crashBody(visitor, n))
		res, err := s.Commit(ctx, &persistence.Commit{
			Key: key, Visitor: visitor, Now: testTime, Epoch: "e", Version: snap.Version, ProfileVersion: snap.ProfileVersion,
			Input:  persistence.Input{Client: "c", N: n, Digest: body, Answer: body},
			Events: []persistence.Event{{Seq: n, ID: fmt.Sprint(n), At: testTime, Body: body}}, State: body,
			Outbox: []persistence.OutboxRecord{{Site: "shop", Visitor: visitor, VSeq: n, At: testTime, Payload: body}},
		})
		if err != nil || res.Outcome != persistence.Committed {
			return fmt.Errorf("commit: %v %w", res.Outcome, err)
		}
		snap.Version, snap.ProfileVersion = res.Snapshot.Version, res.Snapshot.ProfileVersion
		// One write call, so that a line is never cut by the kill.
		if _, err := os.Stdout.WriteString(fmt.Sprintf("%d %d\n", w, n)); err != nil {
			return err
		}
		// Now and then a stranger is erased, so that some kills meet a scrub.
		if n%16 == 0 {
			stranger := fmt.Sprintf("%s-%d", visitor, n)
			if _, err := s.Commit(ctx, &persistence.Commit{
				Key: persistence.Key{Site: "shop", Conversation: stranger}, Visitor: stranger, Now: testTime,
				Input: persistence.Input{Client: "c", N: 1}, Erase: true,
			}); err != nil {
				return err
			}
		}
	}
}

// TestP4_KilledProcessLosesNothingAccepted kills a writing process with SIGKILL
// at random moments and looks for everything it had acknowledged.
func TestP4_KilledProcessLosesNothingAccepted(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "zgoda.db")
	acknowledged := make([]uint64, crashWriters)
	for round := range 4 {
		runUntilKilled(t, path, 40+rand.IntN(200), acknowledged)
		s, err := Open(t.Context(), path, Options{})
		if err != nil {
			t.Fatalf("round %d: a killed process must leave a store that opens: %v", round, err)
		}
		for w, n := range acknowledged {
			checkAfterCrash(t, s, crashVisitor(w), n)
		}
		var verdict string
		if err := s.read(t.Context(), func(c *conn) error {
			_, err := c.get(t.Context(), "PRAGMA integrity_check", nil, row(&verdict))
			return err
		}); err != nil || verdict != "ok" {
			t.Errorf("round %d: a killed process must leave a sound file, got %q %v", round, verdict, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// runUntilKilled runs the child until it acknowledged so many commits, kills it
// and books what it acknowledged, to the last line it could still print.
func runUntilKilled(t *testing.T, path string, commits int, acknowledged []uint64) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe)
	cmd.Env = append(os.Environ(), crashChildEnv+"="+path)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for seen := 1; lines.Scan(); seen++ {
		var w int
		var n uint64
		if _, err := fmt.Sscanf(lines.Text(), "%d %d", &w, &n); err != nil {
			t.Errorf("the writing process says %q", lines.Text())
			break
		}
		acknowledged[w] = n
		if seen == commits {
			if err := cmd.Process.Kill(); err != nil {
				t.Error(err)
			}
		}
	}
	if err := cmd.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Fatalf("the writing process must end by being killed, got %v", err)
	}
}

// checkAfterCrash: everything up to acknowledged is there, and what is there
// beyond it, committed but not answered any more, is whole too.
func checkAfterCrash(t *testing.T, s *Store, visitor string, acknowledged uint64) {
	t.Helper()
	key := persistence.Key{Site: "shop", Conversation: visitor}
	snap, events, err := s.Load(t.Context(), key, persistence.Range{Limit: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	last, err := s.LastInput(t.Context(), key, "c")
	if err != nil {
		t.Fatal(err)
	}
	if last < acknowledged {
		t.Errorf("%s: %d inputs were acknowledged, %d are stored", visitor, acknowledged, last)
	}
	if snap.Seq != last || snap.VSeq != last || uint64(len(events)) != last || last > 0 && string(snap.State) != crashBody(visitor, last) {
		t.Errorf("%s: a commit must be there whole or not at all: input %d, seq %d, vseq %d, %d events, state %q",
			visitor, last, snap.Seq, snap.VSeq, len(events), snap.State)
	}
	for i, e := range events {
		if want := uint64(i) + 1; e.Seq != want || string(e.Body) != crashBody(visitor, want) {
			t.Errorf("%s: event %d is %d %q", visitor, want, e.Seq, e.Body)
		}
	}
	records, err := s.Pending(t.Context(), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	next := uint64(0)
	for _, r := range records {
		if r.Visitor != visitor {
			continue
		}
		if next++; r.VSeq != next || string(r.Payload) != crashBody(visitor, next) {
			t.Errorf("%s: outbox record %d is %d %q", visitor, next, r.VSeq, r.Payload)
		}
	}
	if next != last {
		t.Errorf("%s: %d outbox records for %d inputs", visitor, next, last)
	}
}
