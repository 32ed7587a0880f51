package gateway_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"zgoda/gateway"
	"zgoda/gateway/site"
	"zgoda/persistence/seal"
	"zgoda/persistence/servers"
)

const secretWord = "hunter2"

// patient is what a doctor looks at: real servers, and keys of its own.
type patient struct {
	t     *testing.T
	o     gateway.Options
	redis *servers.RedisServer
	pg    *servers.PostgresServer
}

// healthy has nothing wrong.
func healthy(t *testing.T) *patient {
	t.Helper()
	r, err := servers.Redis(t.Context(), servers.RedisOptions{AppendOnly: true, Extra: []string{"--appendfsync", "always", "--maxmemory", "200mb", "--maxmemory-policy", "noeviction"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Stop() })
	pg, err := servers.Postgres(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pg.Stop() })
	p := &patient{t: t, redis: r, pg: pg}
	if err := gateway.Migrate(t.Context(), pg.DSN()); err != nil {
		t.Fatal(err)
	}
	for _, login := range []string{"gate", "purge"} {
		p.sql("CREATE ROLE " + login + " LOGIN NOINHERIT")
		if err := gateway.GrantLogin(t.Context(), pg.DSN(), login, login == "purge"); err != nil {
			t.Fatal(err)
		}
	}
	p.o = local(t)
	p.o.Redis, p.o.Postgres, p.o.PostgresRetention = "redis://"+r.Addr(), p.url("gate"), p.url("purge")
	if _, err := seal.Create(filepath.Join(p.o.DataDir, gateway.KeyFile)); err != nil {
		t.Fatal(err)
	}
	return p
}

// local is one machine's.
func local(t *testing.T) gateway.Options {
	t.Helper()
	return gateway.Options{
		Listen: "127.0.0.1:0", DataDir: t.TempDir(), SitesDir: filepath.Join("..", "configs", "sites"),
		Processor: site.Party{Name: "Platform", Address: "Street 1", Contact: "privacy@platform.example"},
	}
}

func (p *patient) url(login string) string {
	return fmt.Sprintf("postgres://%s:%s@%s/postgres?sslmode=disable&connect_timeout=2", login, secretWord, p.pg.Addr())
}

// sql runs statements as the owner of the server.
func (p *patient) sql(statement string) {
	p.t.Helper()
	conn, err := pgx.Connect(p.t.Context(), p.pg.DSN())
	if err == nil {
		_, err = conn.Exec(p.t.Context(), statement)
		_ = conn.Close(p.t.Context())
	}
	if err != nil {
		p.t.Fatalf("%s: %v", statement, err)
	}
}

func (p *patient) config(name, value string) {
	p.t.Helper()
	c := p.redis.Client()
	defer func() { _ = c.Close() }()
	if err := c.ConfigSet(p.t.Context(), name, value).Err(); err != nil {
		p.t.Fatal(err)
	}
}

// found looks for a finding, and that none of all names a secret.
func found(t *testing.T, o gateway.Options, check string, grade gateway.Grade, says string) {
	t.Helper()
	all := gateway.Diagnose(t.Context(), o)
	hit := false
	for _, f := range all {
		hit = hit || strings.HasPrefix(f.Check, check) && f.Grade == grade && strings.Contains(f.Seen+" → "+f.Fix, says)
		if strings.Contains(f.Seen+f.Fix, secretWord) {
			t.Errorf("%s names a secret: %+v", check, f)
		}
		if (f.Fix == "") != (f.Grade == gateway.GradeOK || f.Grade == gateway.GradeSkipped) {
			t.Errorf("a finding that is no remedy, or a remedy that nothing needs: %+v", f)
		}
	}
	if !hit {
		t.Errorf("%s is not %s with %q: %+v", check, grade, says, all)
	}
}

// Nothing is wrong, and the doctor says so; it has written nothing.
func TestDoctorFindsNothing(t *testing.T) {
	t.Parallel()
	p := healthy(t)
	for _, f := range gateway.Diagnose(t.Context(), p.o) {
		if f.Grade != gateway.GradeOK {
			t.Errorf("%+v", f)
		}
	}
	c := p.redis.Client()
	defer func() { _ = c.Close() }()
	if n, err := c.DBSize(t.Context()).Result(); err != nil || n != 0 {
		t.Errorf("the doctor has written %d keys, %v", n, err)
	}
	empty := local(t)
	for _, f := range gateway.Diagnose(t.Context(), empty) {
		if f.Grade != gateway.GradeOK && f.Check != "keys" {
			t.Errorf("before the first start: %+v", f)
		}
	}
	if left, err := os.ReadDir(empty.DataDir); err != nil || len(left) > 0 {
		t.Errorf("the doctor has left %v, %v", left, err)
	}
}

// Everything that servers can be set to wrongly is found, with what to do.
func TestDoctorOfServers(t *testing.T) {
	t.Parallel()
	p := healthy(t)
	for _, c := range []struct {
		name, value, back string
		grade             gateway.Grade
		says              string
	}{
		{"maxmemory-policy", "allkeys-lru", "noeviction", gateway.GradeWarning, "set noeviction"},
		{"appendfsync", "everysec", "always", gateway.GradeWarning, "may lose the last second"},
		{"appendonly", "no", "yes", gateway.GradeWarning, "set appendonly yes"},
		{"maxmemory", "1", "200mb", gateway.GradeFailed, "new conversations are refused"},
		{"maxmemory", "0", "200mb", gateway.GradeWarning, "maxmemory is not set"},
	} {
		p.config(c.name, c.value)
		found(t, p.o, "redis", c.grade, c.says)
		p.config(c.name, c.back)
	}
	replicas := p.o
	replicas.RedisReplicas = 1
	found(t, replicas, "redis", gateway.GradeFailed, "0 of the 1 replicas")

	super := p.o
	super.Postgres = p.pg.DSN()
	found(t, super, "postgres: login", gateway.GradeFailed, "superuser")
	p.sql("CREATE ROLE stranger LOGIN NOINHERIT")
	stranger := p.o
	stranger.Postgres = p.url("stranger")
	found(t, stranger, "postgres: login", gateway.GradeFailed, "--login stranger")
	found(t, stranger, "postgres: schema", gateway.GradeFailed, "zgoda migrate up")
	none := p.o
	none.PostgresRetention = ""
	found(t, none, "postgres: retention", gateway.GradeWarning, "--retention-login")
	p.sql("ALTER TABLE zgoda.contact NO FORCE ROW LEVEL SECURITY")
	found(t, p.o, "postgres: row security", gateway.GradeFailed, "contact")
	p.sql("ALTER TABLE zgoda.contact FORCE ROW LEVEL SECURITY")
	p.sql("ALTER ROLE gate SET synchronous_commit = off")
	found(t, p.o, "postgres: commits", gateway.GradeWarning, "loses consents")
	p.sql("ALTER ROLE gate RESET synchronous_commit")
	p.sql("INSERT INTO zgoda.schema_version (version_id, is_applied) VALUES (99, true)")
	found(t, p.o, "postgres: schema", gateway.GradeFailed, "start the newer program")
	p.sql("DELETE FROM zgoda.schema_version WHERE version_id >= 7")
	found(t, p.o, "postgres: schema", gateway.GradeFailed, "version 6, this program needs")

	other := p.o
	other.DataDir = t.TempDir()
	first, err := gateway.New(t.Context(), gateway.Options{DataDir: p.o.DataDir, SitesDir: p.o.SitesDir, Processor: p.o.Processor, Redis: p.o.Redis})
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := seal.Create(filepath.Join(other.DataDir, gateway.KeyFile)); err != nil {
		t.Fatal(err)
	}
	found(t, other, "redis: keys", gateway.GradeFailed, "the same keys.json")
}

// Servers that hang or are gone are said to be so, in a bounded time.
func TestDoctorDoesNotHang(t *testing.T) {
	t.Parallel()
	p := healthy(t)
	for name, set := range map[string][2]func() error{"redis": {p.redis.Freeze, p.redis.Thaw}, "postgres": {p.pg.Freeze, p.pg.Thaw}} {
		if err := set[0](); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		found(t, p.o, name, gateway.GradeFailed, "unavailable")
		if took := time.Since(began); took > 30*time.Second {
			t.Errorf("with %s frozen it took %v", name, took)
		}
		if err := set[1](); err != nil {
			t.Fatal(err)
		}
	}
	gone := p.o
	gone.Redis = "redis://:" + secretWord + "@127.0.0.1:1"
	found(t, gone, "redis", gateway.GradeFailed, "start it")
	gone.Redis = "http://127.0.0.1:1"
	found(t, gone, "redis", gateway.GradeFailed, "redis URLs begin with")
}

// What is wrong on the machine itself.
func TestDoctorOfTheMachine(t *testing.T) {
	t.Parallel()
	write := func(path, text string, mode os.FileMode) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	o := local(t)
	o.SitesDir = t.TempDir()
	write(filepath.Join(o.SitesDir, "shop.yaml"), "key: shop\nnam: x\n", 0o600)
	found(t, o, "sites", gateway.GradeFailed, "nam")

	o = local(t)
	write(filepath.Join(o.DataDir, gateway.KeyFile), "{}", 0o600)
	found(t, o, "keys", gateway.GradeFailed, "restore it from its copy")

	_, o, _ = kept(t)
	keys := filepath.Join(o.DataDir, gateway.KeyFile)
	found(t, o, "data file", gateway.GradeOK, "is whole")
	if err := os.Remove(keys); err != nil {
		t.Fatal(err)
	}
	if _, err := seal.Create(keys); err != nil {
		t.Fatal(err)
	}
	found(t, o, "data file", gateway.GradeFailed, "was written with other keys")

	o = local(t)
	write(filepath.Join(o.DataDir, gateway.StoreFile), strings.Repeat("no database ", 500), 0o600)
	found(t, o, "data file", gateway.GradeFailed, "restore the newest backup")

	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	go func() { // something that is no gateway
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_ = c.Close()
		}
	}()
	o = local(t)
	o.Listen = l.Addr().String()
	found(t, o, "address", gateway.GradeFailed, "address already in use")
	app, o, _ := kept(t)
	o.Listen = app.Addr().String()
	found(t, o, "address", gateway.GradeOK, "it is ready")
	o.Listen = "0.0.0.0:0"
	found(t, o, "proxies", gateway.GradeWarning, "trusted_hops")
	o.Limits.Sockets = 1 << 40
	found(t, o, "file limit", gateway.GradeFailed, "LimitNOFILE")
	o.Postgres = "postgres://x"
	found(t, o, "stores", gateway.GradeFailed, "set redis too")
	o.Metrics = "0.0.0.0:9464"
	found(t, o, "metrics", gateway.GradeWarning, "only Prometheus")
	o.Env = func(name string) string { return map[string]string{"OTEL_TRACES_EXPORTER": "jaeger"}[name] }
	found(t, o, "telemetry", gateway.GradeFailed, "otlp or none")
	o.Env = func(name string) string {
		return map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}[name]
	}
	found(t, o, "telemetry", gateway.GradeWarning, "start the collector")
}
