package redisstore

import (
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"zgoda/persistence"
	"zgoda/persistence/servers"
	"zgoda/persistence/sqlitestore"
)

// Both stores keep one contract: whatever is committed, in whatever order and
// however wrong, they answer the same and then hold the same.
func TestSameAsSQLite(t *testing.T) {
	t.Parallel()
	server := startRedis(t, servers.RedisOptions{})
	reference, err := sqlitestore.Open(t.Context(), filepath.Join(t.TempDir(), "zgoda.db"), sqlitestore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = reference.Close() })
	s := open(t, Options{Addrs: []string{server.Addr()}, Prefix: newPrefix()})
	now := time.Now().Truncate(time.Millisecond)
	rounds := 0
	seen := map[string]int{}
	rapid.Check(t, func(rt *rapid.T) {
		rounds++
		site := fmt.Sprint("site-", rounds)
		for range rapid.IntRange(1, 25).Draw(rt, "steps") {
			c := drawCommit(rt, site, now)
			if rapid.IntRange(0, 2).Draw(rt, "honest") > 0 {
				beHonest(t, reference, c)
			}
			want, wantErr := reference.Commit(t.Context(), c)
			got, gotErr := s.Commit(t.Context(), c)
			if jumped(c, wantErr, gotErr) {
				seen["jumped"]++
				return
			}
			if (wantErr == nil) != (gotErr == nil) {
				rt.Fatalf("%+v\nRedis: %+v %v\nSQLite: %+v %v", c, got, gotErr, want, wantErr)
			}
			if !sameResult(got, want) {
				rt.Fatalf("%+v\nRedis:  %+v\nSQLite: %+v", c, got, want)
			}
			what := want.Outcome.String()
			if wantErr != nil {
				what = "refused"
			}
			seen[what]++
			compareLoads(t, rt, s, reference, c.Key)
		}
	})
	t.Logf("%d histories were answered alike: %v", rounds, seen)
}

// jumped is the one difference that is meant: after a profile was committed
// where there was none, or a doubtful one, the next outbox number may be higher,
// since the ledger may know of records that Redis lost. SQLite loses none.
func jumped(c *persistence.Commit, sqlite, redis error) bool {
	return redis == nil && sqlite != nil && len(c.Outbox) > 0 && strings.Contains(sqlite.Error(), "outbox record 0 has vseq")
}

// beHonest gives a commit the numbers that go on from what is stored.
func beHonest(t *testing.T, s persistence.Conversations, c *persistence.Commit) {
	snap, _, err := s.Load(t.Context(), c.Key, persistence.Range{})
	if err != nil {
		t.Fatal(err)
	}
	last, err := s.LastInput(t.Context(), c.Key, c.Input.Client)
	if err != nil {
		t.Fatal(err)
	}
	c.Input.N, c.Version, c.ProfileVersion = last+1, snap.Version, snap.ProfileVersion
	for i := range c.Events {
		c.Events[i].Seq = snap.Seq + 1 + uint64(i)
	}
	for i := range c.Outbox {
		c.Outbox[i].VSeq = snap.VSeq + 1 + uint64(i)
	}
	for i := range c.Staff {
		c.Staff[i].Seq = snap.StaffSeq + 1 + uint64(i)
	}
}

// drawCommit draws from few names and small numbers, so that histories meet
// themselves.
func drawCommit(rt *rapid.T, site string, now time.Time) *persistence.Commit {
	small := func(name string, most int) uint64 { return uint64(rapid.IntRange(0, most).Draw(rt, name)) }
	chance := func(name string) bool { return rapid.IntRange(0, 5).Draw(rt, name) == 0 }
	c := &persistence.Commit{
		Key: persistence.Key{Site: site, Conversation: "c"}, Visitor: "v", Now: now.Add(time.Duration(small("minutes", 3)) * time.Minute),
		Version: small("version", 4), ProfileVersion: small("profile version", 3), Epoch: "epoch", Since: small("since", 3),
		Input: persistence.Input{
			Client: rapid.SampledFrom([]string{"tab", "phone", "$timer"}).Draw(rt, "client"), N: small("n", 4),
			Digest: fmt.Append(nil, small("digest", 1)), Answer: fmt.Append(nil, small("answer", 9)),
		},
	}
	if chance("stranger") {
		c.Visitor = "w"
	}
	if chance("elsewhere") {
		c.Conversation = "d"
	}
	if chance("no epoch") {
		c.Epoch = ""
	}
	first := small("seq", 4)
	for i := range small("events", 2) {
		c.Events = append(c.Events, persistence.Event{Seq: first + i, ID: "id", At: c.Now, Body: []byte("body")})
	}
	if chance("state") {
		c.State = fmt.Append(nil, small("state", 9))
	}
	if chance("profile") {
		c.Profile = fmt.Append(nil, small("profile", 9))
	}
	if chance("contact") {
		c.Contact = fmt.Append(nil, small("contact", 9))
	}
	c.DropContact = chance("drop")
	if chance("note") {
		c.Staff = []persistence.StaffEntry{{Seq: small("staff", 3), ID: "id", At: c.Now, Body: []byte("body")}}
	}
	if chance("row") {
		c.Inbox = &persistence.InboxRow{Conversation: c.Conversation, Body: []byte("row"), Gone: chance("gone")}
	}
	if chance("assign") {
		operator := rapid.SampledFrom([]string{"", "anna"}).Draw(rt, "operator")
		c.Assigned = &operator
	}
	if chance("timer") {
		c.Timers = []persistence.TimerChange{{Name: "x", Due: c.Now}}
	}
	if chance("erase") && chance("erase after all") {
		c.Erase = true
		c.Events, c.State, c.Profile, c.Contact, c.Staff, c.Assigned = nil, nil, nil, nil, nil, nil
	}
	vseq := small("vseq", 3)
	for i := range small("records", 2) {
		c.Outbox = append(c.Outbox, persistence.OutboxRecord{Site: site, Visitor: c.Visitor, VSeq: vseq + i, At: c.Now, Payload: []byte("p")})
	}
	if chance("rate") {
		c.Rate = &persistence.Rate{Max: int(small("max", 2)), Window: time.Minute}
	}
	return c
}

func sameResult(a, b persistence.Result) bool {
	a.Snapshot.Life = ""
	return a.Outcome == b.Outcome && string(a.Answer) == string(b.Answer) && a.Expected == b.Expected && a.RetryAfter == b.RetryAfter &&
		reflect.DeepEqual(a.Snapshot, b.Snapshot) && reflect.DeepEqual(a.Missed, b.Missed)
}

func compareLoads(t *testing.T, rt *rapid.T, a, b persistence.Conversations, key persistence.Key) {
	r := persistence.Range{Limit: 100}
	got, events, err := a.Load(t.Context(), key, r)
	if err != nil {
		rt.Fatal(err)
	}
	want, wantEvents, err := b.Load(t.Context(), key, r)
	if err != nil {
		rt.Fatal(err)
	}
	got.Life = "" // a file has one life
	if !reflect.DeepEqual(got, want) || !reflect.DeepEqual(events, wantEvents) {
		rt.Fatalf("Redis:  %+v %+v\nSQLite: %+v %+v", got, events, want, wantEvents)
	}
	for _, client := range []string{"tab", "phone", "$timer"} {
		x, _ := a.LastInput(t.Context(), key, client)
		y, _ := b.LastInput(t.Context(), key, client)
		if x != y {
			rt.Fatalf("last input of %s: Redis %d, SQLite %d", client, x, y)
		}
	}
}
