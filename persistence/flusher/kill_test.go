package flusher

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"zgoda/persistence"
	"zgoda/persistence/pgstore"
	"zgoda/persistence/redisstore"
	"zgoda/persistence/seal"
	"zgoda/persistence/servers"
)

// stages are the places between the steps of a flush, in their order.
var stages = []string{"before the outbox is read", "before the values are read", "before Apply", "after Apply", "before Acknowledge", "after Acknowledge"}

// envFlush makes this program a gateway that flushes: its value is a flushOrder.
const envFlush = "ZGODA_TEST_FLUSH"

// A flushOrder tells a flushing process where its stores are, and at which stage to
// say so and wait for a line. Stage -1 is none.
type flushOrder struct {
	Redis, DSN string
	Key        seal.Key
	Stage      int
}

// flushAsGateway is the flushing process. It flushes until a pass says that all is
// done.
func flushAsGateway(order flushOrder, say io.Writer, listen *bufio.Reader) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	sealer, err := seal.New([]seal.Key{order.Key}, order.Key.ID)
	if err != nil {
		return err
	}
	outbox, err := redisstore.New(ctx, redisstore.Options{URL: "redis://" + order.Redis, Sites: []string{"shop"}, Node: "n:flush"})
	if err != nil {
		return err
	}
	contacts, err := pgstore.Open(ctx, pgstore.Options{DSN: order.DSN, BlindKey: make([]byte, 32)})
	if err != nil {
		return err
	}
	// Values are fetched side by side: the first one there waits for all.
	reached := sync.OnceValue(func() error {
		fmt.Fprintln(say, stages[order.Stage])
		_, err := listen.ReadString('\n')
		return err
	})
	at := func(stage int) error {
		if stage != order.Stage {
			return nil
		}
		return reached()
	}
	tap := &tap{
		Outbox: outbox, Contacts: contacts,
		read:    func(int) error { return at(0) },
		values:  func(string) error { return at(1) },
		apply:   func([]persistence.Record) error { return at(2) },
		applied: func() error { return at(3) },
		ack:     func([]persistence.OutboxRecord) error { return at(4) },
		acked:   func() error { return at(5) },
	}
	f, err := New(Options{Outbox: tap, Contacts: tap, Sealer: sealer})
	if err != nil {
		return err
	}
	for {
		err := f.Flush(ctx)
		if err == nil || !errors.Is(err, persistence.ErrUnavailable) && !errors.Is(err, persistence.ErrUnknown) {
			fmt.Fprintln(say, "done")
			return err
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		}
	}
}

// runFlush is TestMain's way into flushAsGateway.
func runFlush(order string) int {
	var o flushOrder
	err := json.Unmarshal([]byte(order), &o)
	if err == nil {
		err = flushAsGateway(o, os.Stdout, bufio.NewReader(os.Stdin))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// A flushing is a flushing process.
type flushing struct {
	t   *testing.T
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

func startFlushing(t *testing.T, order flushOrder) *flushing {
	t.Helper()
	text, err := json.Marshal(order)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), envFlush+"="+string(text), "GORACE=atexit_sleep_ms=0")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return &flushing{t, cmd, in, bufio.NewReader(out)}
}

func (f *flushing) says(want string) {
	f.t.Helper()
	if got, err := f.out.ReadString('\n'); got != want+"\n" {
		f.t.Fatalf("the flushing process must say %q, it says %q (%v)", want, got, err)
	}
}

func (f *flushing) kill() {
	_ = f.cmd.Process.Kill()
	_ = f.cmd.Wait()
}

func (f *flushing) goOn() {
	f.t.Helper()
	if _, err := io.WriteString(f.in, "go on\n"); err != nil {
		f.t.Fatal(err)
	}
}

// ends expects the process to have flushed all there is.
func (f *flushing) ends() {
	f.t.Helper()
	f.says("done")
	if err := f.cmd.Wait(); err != nil {
		f.t.Fatalf("the flushing process: %v", err)
	}
}

// TestP8_KilledBetweenAnyTwoSteps kills the gateway, PostgreSQL and Redis with
// SIGKILL at every place between two steps of a flush. Afterwards every record is in
// the contact store once and the outbox is empty.
func TestP8_KilledBetweenAnyTwoSteps(t *testing.T) {
	t.Parallel()
	redis, err := servers.Redis(t.Context(), servers.RedisOptions{AppendOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = redis.Stop() })
	pg, err := servers.Postgres(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pg.Stop() })
	key := seal.NewKey()
	order := flushOrder{Redis: redis.Addr(), DSN: gatewayLogin(t, pg), Key: key}
	w := &world{t: t, keys: []seal.Key{key}}
	w.sealer = w.ring(key)
	outbox, err := redisstore.New(t.Context(), redisstore.Options{URL: "redis://" + redis.Addr(), Sites: []string{"shop"}, Node: "n:1"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = outbox.Close() })
	w.outbox = outbox
	victims := map[string]func(f *flushing){
		"gateway": func(f *flushing) {
			f.kill()
			order.Stage = -1
			startFlushing(t, order).ends()
		},
		"postgres": func(f *flushing) {
			pg.Kill()
			f.goOn()
			if err := pg.Restart(t.Context()); err != nil {
				t.Fatal(err)
			}
			f.ends()
		},
		"redis": func(f *flushing) {
			redis.Kill()
			f.goOn()
			if err := redis.Restart(t.Context(), true); err != nil {
				t.Fatal(err)
			}
			f.ends()
		},
	}
	for victim, kill := range victims {
		for stage, place := range stages {
			t.Run(victim+" "+place, func(t *testing.T) {
				round := *w
				round.t = t
				people := round.people(fmt.Sprintf("%s%d", victim, stage))
				order.Stage = stage
				f := startFlushing(t, order)
				f.says(place)
				kill(f)
				round.haveAll(order.DSN, people)
			})
		}
	}
}

// people writes visitors with a contact, one who withdrew and one who was erased.
func (w *world) people(round string) []*visitor {
	w.t.Helper()
	var all []*visitor
	for _, name := range []string{"kept", "moved", "withdrawn", "erased"} {
		v := w.visitor(round + name)
		v.seen()
		v.agree()
		v.give("first@example.test")
		switch name {
		case "moved":
			v.give(round + "@example.test")
		case "withdrawn":
			v.withdraw()
		case "erased":
			v.erase()
		}
		all = append(all, v)
	}
	return all
}

// haveAll expects an empty outbox and of each visitor what they left, in an
// unbroken ledger with every entry once.
func (w *world) haveAll(dsn string, people []*visitor) {
	w.t.Helper()
	contacts, err := pgstore.Open(w.t.Context(), pgstore.Options{DSN: dsn, BlindKey: make([]byte, 32)})
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = contacts.Close() }()
	want := []struct {
		email   string
		entries int
	}{{"first@example.test", 2}, {people[1].values.Values[people[1].values.Current["email"]], 2}, {"", 3}, {"", 3}}
	for i, v := range people {
		w.isPending(v.name)
		r, err := contacts.Visitor(w.t.Context(), "shop", v.name)
		if err != nil {
			w.t.Fatal(err)
		}
		if r.AppliedVSeq != v.vseq || r.Fields["email"] != want[i].email {
			w.t.Errorf("%s: applied %d of %d, the address is %q, must be %q", v.name, r.AppliedVSeq, v.vseq, r.Fields["email"], want[i].email)
		}
		p, err := contacts.Proof(w.t.Context(), "shop", v.name, persistence.Access{Actor: "system"})
		if err != nil || len(p.Entries) != want[i].entries {
			w.t.Errorf("%s: %d entries in the ledger, must be %d (%v)", v.name, len(p.Entries), want[i].entries, err)
		}
		if err := contacts.VerifyChain(w.t.Context(), "shop", v.name); err != nil {
			w.t.Errorf("%s: %v", v.name, err)
		}
	}
}

// gatewayLogin makes the schema and a login as a gateway has, and returns its DSN.
func gatewayLogin(t testing.TB, pg *servers.PostgresServer) string {
	t.Helper()
	if err := pgstore.Migrate(t.Context(), pg.DSN()); err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(t.Context(), pg.DSN())
	if err != nil {
		t.Fatal(err)
	}
	_, err = conn.Exec(t.Context(), `CREATE ROLE gateway LOGIN NOINHERIT IN ROLE zgoda_app, zgoda_marketing, zgoda_staff`)
	_ = conn.Close(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return (&url.URL{Scheme: "postgres", User: url.User("gateway"), Host: pg.Addr(), Path: "postgres", RawQuery: "sslmode=disable"}).String()
}
