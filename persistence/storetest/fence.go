package storetest

import (
	"errors"
	"slices"
	"testing"

	"zgoda/persistence"
)

func staleVersionIsRefused(t *testing.T, s ConversationStore) {
	c := newChat(t, s, "shop", "a")
	c.commit(c.say("bot", 1), persistence.Committed)
	late := c.withOutbox(c.say("bot", 1), 1)
	takeover := c.say("operator", 1)
	c.commit(takeover, persistence.Committed)

	c.commit(late, persistence.Stale)
	if snap, events := c.load(everything); snap.Seq != 2 || len(events) != 2 || string(snap.State) != "state after 2" || snap.VSeq != 0 {
		t.Errorf("a decision on an older version must write nothing, got %+v with %d events", snap, len(events))
	}
	if n := c.lastInput("bot"); n != 1 {
		t.Errorf("a stale commit must not consume its number, got last %d", n)
	}
	if p := pending(t, s, 10); len(p) != 0 {
		t.Errorf("a stale commit must leave no outbox record, got %d", len(p))
	}
	late.Version = c.version + 1
	c.commit(late, persistence.Stale)
}

func staleProfileIsRefused(t *testing.T, s ConversationStore) {
	c := newChat(t, s, "shop", "a")
	c.commit(c.say("tab", 1), persistence.Committed)
	before := c.profile
	in := c.say("tab", 1)
	in.Profile = []byte("granted")
	c.commit(in, persistence.Committed)
	if c.profile == before {
		t.Errorf("a new profile must raise its version, got %d", c.profile)
	}
	late := c.say("tab", 1)
	late.ProfileVersion = before
	res := c.commit(late, persistence.Stale)
	if res.Snapshot.ProfileVersion != c.profile || string(res.Snapshot.Profile) != "granted" {
		t.Errorf("a decision on an older profile must be answered with the newer, got %d %q", res.Snapshot.ProfileVersion, res.Snapshot.Profile)
	}
	c.commit(c.say("tab", 1), persistence.Committed)
	if snap, _ := c.load(persistence.Range{}); string(snap.Profile) != "granted" {
		t.Errorf("a commit without a profile must keep the stored one, got %q", snap.Profile)
	}
}

func firstCommitsRace(t *testing.T, s ConversationStore) {
	c := newChat(t, s, "shop", "a")
	second := c.say("phone", 1)
	second.Epoch = "epoch-2"
	c.commit(c.say("tab", 1), persistence.Committed)
	res := c.commit(second, persistence.Stale)
	if res.Snapshot.Epoch != testEpoch || res.Snapshot.Visitor != c.visitor || res.Snapshot.Version != 1 {
		t.Errorf("of two first commits one must begin the log and the other be stale, got %+v", res.Snapshot)
	}
}

func contactRecord(t *testing.T, s ConversationStore) {
	c := newChat(t, s, "shop", "a")
	none := func(sentence string) {
		t.Helper()
		if got, err := s.ContactValues(t.Context(), "shop", c.visitor); !errors.Is(err, persistence.ErrNotFound) {
			t.Errorf("%s, got %q %v", sentence, got, err)
		}
	}
	none("an unknown visitor has no contact values")
	in := c.say("tab", 1)
	in.Contact = []byte("sealed 1")
	c.commit(in, persistence.Committed)
	in = c.say("tab", 1)
	in.Contact = []byte("sealed 2")
	c.commit(in, persistence.Committed)
	c.commit(c.say("tab", 1), persistence.Committed)
	if got, err := s.ContactValues(t.Context(), "shop", c.visitor); err != nil || string(got) != "sealed 2" {
		t.Errorf("the newest contact record must be kept, got %q %v", got, err)
	}
	if snap, _ := c.load(persistence.Range{}); string(snap.Contact) != "sealed 2" {
		t.Errorf("the snapshot must carry the contact record, got %q", snap.Contact)
	}
	in = c.withOutbox(c.say("tab", 1), 1)
	in.DropContact = true
	c.commit(in, persistence.Committed)
	none("a withdrawal must delete the contact record in its own commit")
	if snap, _ := c.load(persistence.Range{}); snap.Contact != nil {
		t.Errorf("the snapshot must not carry a contact record that was dropped, got %q", snap.Contact)
	}
	in = c.say("tab", 0)
	in.DropContact = true
	version := c.version
	c.commit(in, persistence.Committed)
	if c.version == version {
		t.Error("dropping the contact record is a change and must raise the version")
	}
}

func outboxIsPartOfTheCommit(t *testing.T, s ConversationStore) {
	c := newChat(t, s, "shop", "a")
	late := c.withOutbox(c.say("phone", 1), 1)
	first := c.withOutbox(c.say("tab", 1), 2)
	c.commit(first, persistence.Committed)
	c.commit(first, persistence.Duplicate)
	c.commit(late, persistence.Stale)
	limited := c.withOutbox(c.say("tab", 1), 1)
	limited.Rate = &persistence.Rate{}
	if res, err := s.Commit(t.Context(), limited); err != nil || res.Outcome != persistence.RateLimited {
		t.Errorf("a rate of nothing lets nothing in, got %v %v", res.Outcome, err)
	}
	got := pending(t, s, 10)
	if len(got) != 2 || got[0].VSeq != 1 || got[1].VSeq != 2 {
		t.Fatalf("a commit must leave its outbox records, a refused one none, got %v", got)
	}
	r := got[0]
	if r.Site != "shop" || r.Visitor != c.visitor || string(r.Payload) != "record v-a 1" || !r.At.Equal(c.now) {
		t.Errorf("an outbox record must come back as it was written, got %+v", r)
	}
	if snap, _ := c.load(persistence.Range{}); snap.VSeq != 2 {
		t.Errorf("the snapshot must carry the visitor's number, got %d", snap.VSeq)
	}
}

func wrongVSeqIsRefused(t *testing.T, s ConversationStore) {
	c := newChat(t, s, "shop", "a")
	c.commit(c.withOutbox(c.say("tab", 1), 2), persistence.Committed)
	for name, vseq := range map[string]uint64{"repeats": 2, "skips": 4, "is zero": 0} {
		in := c.withOutbox(c.say("tab", 1), 1)
		in.Outbox[0].VSeq = vseq
		c.refuse(in, "an outbox record whose number "+name+" must be refused")
	}
	in := c.withOutbox(c.say("tab", 1), 1)
	in.Outbox[0].Visitor = "v-other"
	c.refuse(in, "an outbox record of another visitor must be refused")
	in = c.withOutbox(c.say("tab", 1), 1)
	in.Outbox[0].Site = "other"
	c.refuse(in, "an outbox record of another site must be refused")
	if p := pending(t, s, 10); len(p) != 2 {
		t.Errorf("a refused commit must leave no outbox record, got %d", len(p))
	}
	c.commit(c.withOutbox(c.say("tab", 1), 1), persistence.Committed)
}

// backlog expects a store that can measure its outbox to find what is pending.
func backlog(t *testing.T, s ConversationStore, pending []persistence.OutboxRecord) {
	t.Helper()
	m, ok := s.(persistence.OutboxMeter)
	if !ok {
		return
	}
	want := persistence.Backlog{Records: len(pending)}
	for _, r := range pending {
		if want.Oldest.IsZero() || r.At.Before(want.Oldest) {
			want.Oldest = r.At
		}
	}
	if got, err := m.Backlog(t.Context()); err != nil || got.Records != want.Records || !got.Oldest.Equal(want.Oldest) {
		t.Errorf("the outbox must say how much waits and since when, got %+v %v, want %+v", got, err, want)
	}
}

func pendingAndAcknowledge(t *testing.T, s ConversationStore) {
	a, b := newChat(t, s, "shop", "a"), newChat(t, s, "other", "b")
	for range 3 {
		a.commit(a.withOutbox(a.say("tab", 1), 2), persistence.Committed)
		b.commit(b.withOutbox(b.say("tab", 1), 1), persistence.Committed)
	}
	all := pending(t, s, 100)
	backlog(t, s, all)
	byVisitor := map[string][]uint64{}
	for _, r := range all {
		byVisitor[r.Visitor] = append(byVisitor[r.Visitor], r.VSeq)
	}
	if !slices.Equal(byVisitor[a.visitor], upTo(1, 6)) || !slices.Equal(byVisitor[b.visitor], upTo(1, 3)) {
		t.Errorf("pending records must come in the order of each visitor's numbers, got %v", byVisitor)
	}
	if got := pending(t, s, 4); len(got) != 4 {
		t.Errorf("pending must return at most its limit, got %d", len(got))
	}
	if got := pending(t, s, 0); len(got) != 0 {
		t.Errorf("a limit of nothing is nothing, got %d", len(got))
	}
	acknowledge := func(records []persistence.OutboxRecord) {
		t.Helper()
		if err := s.Acknowledge(t.Context(), records); err != nil {
			t.Errorf("acknowledge: %v", err)
		}
	}
	acknowledge(nil)
	acknowledge(all[:5])
	acknowledge(all[:5])
	left := pending(t, s, 100)
	backlog(t, s, left)
	if len(left) != len(all)-5 {
		t.Fatalf("acknowledged records must be gone and the others stay, got %d of %d", len(left), len(all))
	}
	for i, r := range left {
		if want := all[5+i]; r.Visitor != want.Visitor || r.VSeq != want.VSeq {
			t.Errorf("what is left must keep its order, got %s/%d, want %s/%d", r.Visitor, r.VSeq, want.Visitor, want.VSeq)
		}
	}
	acknowledge(left)
	if got := pending(t, s, 100); len(got) != 0 {
		t.Errorf("nothing must be pending after everything was acknowledged, got %d", len(got))
	}
	a.commit(a.withOutbox(a.say("tab", 1), 1), persistence.Committed)
	if got := pending(t, s, 100); len(got) != 1 || got[0].VSeq != 7 {
		t.Errorf("numbers must go on after the outbox was empty, got %v", got)
	}
}
