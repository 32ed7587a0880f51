package e2e

import (
	"bytes"
	"log/slog"
	"testing"

	"zgoda/gateway"
	"zgoda/persistence/servers"
)

// P9, C21: a detail typed without a grant is nowhere: not in PostgreSQL's dump or
// files, not in Redis' snapshot or append-only file, in no log line. One given
// under a grant is in PostgreSQL in clear and elsewhere only sealed, and after the
// withdrawal it is in no dump any more.
func TestP9C21_CanariesOnRedisAndPostgres(t *testing.T) {
	t.Parallel()
	db := startPostgres(t)
	r := startRedis(t, servers.RedisOptions{AppendOnly: true, Extra: []string{
		"--appendfsync", "always", "--rdbcompression", "no", "--aof-use-rdb-preamble", "no",
	}})
	logs := &logBuffer{}
	app, addr := startApp(t, gateway.Options{
		Redis: "redis://" + r.Addr(), Postgres: db.url(),
		Log: slog.New(slog.NewTextHandler(logs, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	const (
		before = "canary-before@example.com"
		phone  = "601234567"
		agreed = "canary-agreed@example.com"
	)
	no := visit(t, addr, "pl")
	say(t, no, "Proszę pisać: "+before+" albo +48 "+phone)
	answerCard(t, no, "decline")
	say(t, no, before)
	yes := visit(t, addr, "en")
	lead(t, yes, "Canary Name", agreed, "decline")
	if err := app.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	raw := r.Client()
	defer func() { _ = raw.Close() }()
	save := func() {
		t.Helper()
		if err := raw.Save(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
	}
	dumped := func(canary string) bool {
		t.Helper()
		dump, err := db.Dump(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return bytes.Contains(dump, []byte(canary))
	}
	save()
	if !dumped(agreed) {
		t.Error("what was agreed to is not in PostgreSQL: the test proves nothing")
	}
	for _, canary := range []string{before, phone, agreed, "Canary Name"} {
		if left := filesWith(t, r.Dir(), canary); len(left) > 0 {
			t.Errorf("%q is in Redis' files %v", canary, left)
		}
		if bytes.Contains([]byte(logs.String()), []byte(canary)) {
			t.Errorf("%q is in the log", canary)
		}
	}
	for _, canary := range []string{before, phone} {
		if left := filesWith(t, db.Dir(), canary); len(left) > 0 || dumped(canary) {
			t.Errorf("%q is in PostgreSQL's files %v", canary, left)
		}
	}
	if _, err := yes.Withdraw(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := app.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, canary := range []string{agreed, "Canary Name"} {
		if dumped(canary) {
			t.Errorf("%q is still in the dump after the withdrawal", canary)
		}
	}
}
